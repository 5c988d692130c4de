"""./run grid: the tree of compounds from a sheet, and cells that are too small, too large or nobody's."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.app import open_sealer, utc_now
from bot.config import ConfigError, Settings
from handlers.grid.cells import list_odd_cells
from handlers.grid.import_tree import Imported, import_tree, of_one, reason_words, report
from handlers.grid.many import NothingWritten, Several, import_several
from handlers.grid.sheet import TreeSheet, read_tree
from handlers.roll.sheet import SheetError, read_book
from storage.database import Database
from storage.migrate import prepare
from storage.queries.tree import find_compound, find_region_level

_REFUSED = 1


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Do what the command line asks for; 1 when something is refused, and nothing is written then."""
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        if options.action == "check":
            return await _check(database)
        return await _import(database, settings, options, _read(options.file))
    finally:
        await database.close()


def _read(file: str) -> TreeSheet:
    if not file:
        raise ConfigError("grid import needs an XLSX file")
    try:
        return read_tree(read_book(Path(file).read_bytes()))
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
    except SheetError as error:
        raise ConfigError(f"{file}: {error}") from error


async def _check(database: Database) -> int:
    async with database.read() as session:
        count, odd = await list_odd_cells(session)
    for code, cell in odd:
        found = {"compound": code, "cell": cell.code, "households": cell.households, "odd": list(cell.faults)}
        print(json.dumps(found, ensure_ascii=False))
    print(f"{count} cells, {len(odd)} to look at", file=sys.stderr)
    return 0


async def _import(
    database: Database, settings: Settings, options: argparse.Namespace, sheet: TreeSheet
) -> int:
    sealer, now = open_sealer(settings), utc_now()
    try:
        async with database.write() as session:
            if options.compound:
                compound = await find_compound(session, options.compound)
                if compound is None:
                    raise ConfigError(f"there is no compound {options.compound}")
                rows = of_one(sheet.rows, compound)
                one = await import_tree(
                    session, sealer, compound, sheet, rows, now, actor_id=None, dry_run=options.dry_run
                )
                done = Several({compound.code: one}, ())
            else:
                if options.under and await find_region_level(session, options.under) is None:
                    raise ConfigError(f"there is no region {options.under}")
                done = await import_several(
                    session, sealer, sheet, now, under=options.under, dry_run=options.dry_run
                )
    except NothingWritten as nothing:
        done, written = nothing.done, False
    else:
        written = all(each.written for each in done.by_compound.values())
    for line in _lines(done):
        print(json.dumps(line, ensure_ascii=False))
    for code, each in done.by_compound.items():
        print(_sum(code, each), file=sys.stderr)
    print("written" if written else "nothing written", file=sys.stderr)
    refused = bool(done.refused) or any(each.plan.is_refused for each in done.by_compound.values())
    return _REFUSED if refused else 0


def _lines(done: Several) -> Iterator[dict[str, Any]]:
    for line, reason in done.refused:
        yield {"row": line, "decision": "refuse", "reason": reason, "text": reason_words(reason)}
    for code, imported in done.by_compound.items():
        for told in report(imported):
            yield {"compound": code, **told}


def _sum(code: str, imported: Imported) -> str:
    counts = imported.plan.counts
    cells = len(set((imported.plan.cells or {}).values()))
    return (
        f"{code}: {counts['add']} new, {counts['rename']} renamed, {counts['gone']} not in the sheet, "
        f"{counts['refuse']} refused, {counts['skip']} skipped, {cells} cells"
    )
