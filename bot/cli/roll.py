"""./run roll import: the owners of a compound, from a sheet."""

import argparse
import hashlib
import json
import sys
from pathlib import Path

from bot.app import open_sealer, utc_now
from bot.config import ConfigError, Settings
from handlers.roll.columns import read_column
from handlers.roll.import_roll import Imported, Source, import_roll, read_roll, settle_columns
from handlers.roll.report import report
from handlers.roll.rules import Wishes
from handlers.roll.sheet import SheetError, read_book
from storage.database import Database
from storage.migrate import prepare
from storage.queries.tree import find_compound

_REFUSED = 1


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Import a sheet and print the report as JSON Lines; 1 when a row is refused, and nothing is written then.

    Raises ConfigError for what cannot be read, and for a compound or a column that is not there.
    """
    try:
        source = _read(options)
    except SheetError as error:
        raise ConfigError(f"{options.file}: {error}") from error
    wishes = Wishes(tuple(options.developer), options.replace)
    imported = await _import(settings, options, source, wishes)
    for line in report(source, imported, dry_run=options.dry_run):
        print(json.dumps(line, ensure_ascii=False))
    counts = imported.counts
    said = "written" if imported.written else "nothing written"
    print(
        f"{counts['add']} new, {counts['change']} changed, {counts['same']} as before, {counts['refuse']} refused, "
        f"{counts['missing']} in the roll and not in the sheet, {counts['end']} ended: {said}",
        file=sys.stderr,
    )
    return _REFUSED if imported.plan.refused else 0


def _read(options: argparse.Namespace) -> Source:
    try:
        content = Path(options.file).read_bytes()
    except OSError as error:
        raise SheetError(error.strerror or "cannot be read") from error
    said = dict(read_column(each) for each in options.column)
    return settle_columns(read_book(content), said, hashlib.sha256(content).hexdigest(), options.sheet)


async def _import(
    settings: Settings, options: argparse.Namespace, source: Source, wishes: Wishes
) -> Imported:
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        now = utc_now()
        async with database.read() as session:
            compound = await find_compound(session, options.compound)
            if compound is None or compound.compound_id is None:
                raise ConfigError(f"there is no compound {options.compound}")
            rows = await read_roll(session, compound.compound_id, source, wishes, now)
        async with database.write() as session:
            return await import_roll(
                session, open_sealer(settings), compound, source, rows, wishes, now, dry_run=options.dry_run
            )
    finally:
        await database.close()
