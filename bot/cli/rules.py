"""./run rules: whose requests are, by category and building."""

import argparse
import json
import sys

from bot.app import utc_now
from bot.config import ConfigError, Settings
from handlers.requests.assign import Rule
from handlers.requests.commands import Party
from handlers.requests.dispatching import RuleError, drop_rules, is_category, put_rules
from nlp.lexicon import Lexicon, load_lexicon
from storage.database import Database
from storage.migrate import prepare
from storage.queries.requests import list_dispatch_rules
from storage.queries.tree import find_compound
from storage.states import Role
from storage.tables import DispatchRule


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Set or drop a rule, then list what there is; raises ConfigError for what is missing or cannot be."""
    lexicon = load_lexicon()
    if not is_category(lexicon, options.category):
        raise ConfigError(f"there is no category {options.category}; ./run tag --explain shows their ids")
    if options.action == "set" and not options.role:
        raise ConfigError("rules set needs --role")
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        async with database.write() as session:
            compound = await find_compound(session, options.compound)
            if compound is None or compound.compound_id is None:
                raise ConfigError(f"there is no compound {options.compound}")
            key = (options.category, options.building)
            if options.action == "set":
                rule = Rule(*key, Party(Role(options.role)), options.auto)
                await put_rules(session, compound, [rule], utc_now())
            elif options.action == "drop" and not await drop_rules(session, compound, [key], utc_now()):
                raise ConfigError("there is no such rule")
            rules = await list_dispatch_rules(session, compound.compound_id)
    except RuleError as error:
        raise ConfigError(str(error)) from error
    finally:
        await database.close()
    for row in rules:
        print(json.dumps(_line(lexicon, row), ensure_ascii=False))
    if not rules:
        print("no rules: whoever dispatches is advised by the category alone", file=sys.stderr)
    return 0


def _line(lexicon: Lexicon, row: DispatchRule) -> dict[str, object]:
    is_known = row.category in lexicon.leaves or row.category in lexicon.tops
    return {
        "category": row.category,
        "name": lexicon.name(row.category) if is_known else "",
        "building": row.building,
        "role": row.role,
        "person_id": row.assignee_id,
        "auto": row.auto,
    }
