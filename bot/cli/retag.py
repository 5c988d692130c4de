"""./run retag: a change of lexicon or model tried on the archive, then kept."""

import asyncio
import json
import secrets
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from bot.app import utc_now
from bot.config import ConfigError, Settings
from bot.retag import Progress, Scope, TakenError, replay, try_out
from bot.tagging import TaggerSource, build
from handlers.learning.taggers import Taggers
from handlers.local_time import LOCAL
from nlp.lexicon import LexiconError
from nlp.model import ModelError
from storage.database import Database
from storage.migrate import prepare
from storage.queries.forget import list_compound_codes
from storage.queries.tree import find_compound

_EVERYTHING = datetime(2000, 1, 1, tzinfo=UTC)
_REPORT_EACH = timedelta(seconds=5)


async def run(
    settings: Settings,
    *,
    lexicon: str | None,
    model: str | None,
    compound: str | None,
    since: str | None,
    dry_run: bool,
    words: bool,
) -> int:
    """Print what changes, from which category to which, as JSON Lines: numbers on stdout, progress on stderr.

    words: of a dry run some of the residents' own words too, on stderr only. Returns 0; 1 when another worker is at
    it. Raises ConfigError.
    """
    if (lexicon or model) and not dry_run:
        raise ConfigError(
            "--lexicon and --model are for --dry-run; to keep them: [tagging] lexicon in the configuration, "
            "./run train --activate VERSION"
        )
    if words and not dry_run:
        raise ConfigError("--words is for --dry-run")
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        scope = await _scope(database, compound, since)
        taggers = await _taggers(database, settings, lexicon, model)
        show = _Progress()
        if dry_run:
            progress = await try_out(database, taggers, scope, show)
        else:
            progress = await replay(database, taggers, scope, secrets.token_hex(8), utc_now, show)
        codes = await _codes(database, progress)
    except TakenError as error:
        print(f"retag: {error}", file=sys.stderr)
        return 1
    finally:
        await database.close()
    _print(progress, taggers.current.version, codes, words=words, dry_run=dry_run)
    return 0


async def _scope(database: Database, code: str | None, since: str | None) -> Scope:
    try:
        day = date.fromisoformat(since) if since else None
    except ValueError:
        raise ConfigError("--since must be a day as 2026-03-01") from None
    began = datetime.combine(day, time(), LOCAL).astimezone(UTC) if day else _EVERYTHING
    if code is None:
        return Scope(began)
    async with database.read() as session:
        compound = await find_compound(session, code)
    if compound is None:
        raise ConfigError(f"there is no compound {code}")
    return Scope(began, compound.compound_id)


async def _taggers(database: Database, settings: Settings, lexicon: str | None, model: str | None) -> Taggers:
    """What the bot reads with, and of a dry run what is to be tried instead."""
    source = TaggerSource(database, settings.tagging.lexicon)
    taggers = await source.open()
    if source.refused:
        raise ConfigError("the lexicon or the model in use does not hold: ./run doctor says why")
    if lexicon or model:
        try:
            body = await asyncio.to_thread(Path(model).read_bytes) if model else source.model_body
            path = Path(lexicon) if lexicon else settings.tagging.lexicon
            taggers.current = await asyncio.to_thread(build, path, body)
        except (LexiconError, ModelError, OSError) as error:
            raise ConfigError(str(error)) from error
    return taggers


async def _codes(database: Database, progress: Progress) -> dict[int, str]:
    ids = {compound_id for found in progress.examples.values() for compound_id, _number, _text in found}
    async with database.read() as session:
        return await list_compound_codes(session, ids)


class _Progress:
    """A line on stderr now and then."""

    def __init__(self) -> None:
        self._next = utc_now()

    def __call__(self, progress: Progress) -> None:
        if utc_now() < self._next:
            return
        self._next = utc_now() + _REPORT_EACH
        print(
            f"retag: {progress.done} of {progress.total}, {progress.changed} changed, "
            f"{progress.per_second:.0f}/s, {progress.seconds_left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )


def _print(progress: Progress, version: str, codes: dict[int, str], *, words: bool, dry_run: bool) -> None:
    for (before, after), count in progress.steps.most_common():
        examples = progress.examples[before, after]
        row: dict[str, object] = {"from": before, "to": after, "opinions": count}
        if dry_run:
            row["examples"] = [f"{codes[compound_id]}/{number}" for compound_id, number, _text in examples]
        print(json.dumps(row))
        for compound_id, number, text in examples if words else ():
            print(
                f"{before} -> {after}  {codes[compound_id]}/{number}  {' '.join(text.split())}",
                file=sys.stderr,
            )
    total = {"version": version, "read": progress.read, "changed": progress.changed}
    print(json.dumps({**total, "per_second": round(progress.per_second), "kept": not dry_run}))
