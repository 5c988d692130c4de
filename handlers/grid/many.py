"""Use case: a sheet with several compounds, of which some may be new; all of it or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.grid.import_tree import Imported, import_tree
from handlers.grid.sheet import Column, TreeRow, TreeSheet
from storage.queries.tree import (
    find_compound,
    find_region_level,
    list_compounds_named,
    put_compound,
    put_region,
)
from storage.sealing import Sealer
from storage.states import RegionLevel
from storage.tables import Compound

_CODE_SIGNS = 40


class NothingWritten(Exception):  # noqa: N818  an answer, not an error
    """Something was refused: the caller's transaction must not be committed. `report` says what."""

    def __init__(self, done: "Several") -> None:
        super().__init__("refused")
        self.done = done


@dataclass(frozen=True, slots=True)
class Several:
    """by_compound: what came of each, by its code. refused: rows of no compound, with a code of reasons.toml."""

    by_compound: Mapping[str, Imported]
    refused: tuple[tuple[int, str], ...]


async def import_several(
    session: AsyncSession,
    sealer: Sealer,
    sheet: TreeSheet,
    now: datetime,
    *,
    under: str = "",
    dry_run: bool = False,
) -> Several:
    """Import a sheet with a column for the compound. Raises NothingWritten, also when it was only tried.

    under: the code of the region in which compounds and precincts (片区) that are new are put; "" for none.
    """
    compounds: dict[tuple[str, str], Compound | str] = {}
    rows: dict[str, list[TreeRow]] = {}
    refused: list[tuple[int, str]] = []
    found: dict[str, Compound] = {}
    for row in sheet.rows:
        named = row.get(Column.COMPOUND_CODE), row.get(Column.COMPOUND)
        if named not in compounds:
            compounds[named] = await _compound(session, row, under)
        compound = compounds[named]
        if isinstance(compound, str):
            refused.append((row.line, compound))
            continue
        found[compound.code] = compound
        rows.setdefault(compound.code, []).append(row)
    done: dict[str, Imported] = {}
    for code, compound in sorted(found.items()):
        done[code] = await import_tree(session, sealer, compound, sheet, rows[code], now, actor_id=None)
    several = Several(done, tuple(refused))
    if dry_run or refused or any(each.plan.is_refused for each in done.values()):
        raise NothingWritten(several)
    return several


async def _compound(session: AsyncSession, row: TreeRow, under: str) -> Compound | str:
    """The compound that a row names, made when it is new; or why not."""
    code, name = row.get(Column.COMPOUND_CODE), row.get(Column.COMPOUND)
    if not code:
        known = await list_compounds_named(session, [name], limit=2) if name else []
        return known[0] if len(known) == 1 else "tree.no_compound"
    if not _is_code(code):
        return "tree.no_compound"
    compound = await find_compound(session, code)
    if compound is not None and not (name and name != compound.name):
        return compound
    if compound is not None:  # renamed: the code stays
        return await put_compound(session, {"code": code, "name": name, "region_code": compound.region_code})
    if not (name and under) or await find_region_level(session, code) is not None:
        return "tree.new_compound"
    region = await _precinct(session, row, under)
    return await put_compound(session, {"code": code, "name": name, "region_code": region})


async def _precinct(session: AsyncSession, row: TreeRow, under: str) -> str:
    """The region in which a new compound is: the row's precinct, made when it is new, or `under` itself."""
    code = row.get(Column.PRECINCT_CODE)
    if not code or not _is_code(code):
        return under
    level = await find_region_level(session, code)
    if level is None:
        name = row.get(Column.PRECINCT) or code
        await put_region(
            session,
            {"code": code, "level": RegionLevel.PRECINCT, "name": name, "parent_code": under},
        )
    return code


def _is_code(text: str) -> bool:
    return len(text) <= _CODE_SIGNS and text.isascii() and text.replace("-", "").isalnum()
