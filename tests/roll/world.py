"""A compound to import into."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlmodel import col, select

from handlers.roll.columns import Field
from handlers.roll.import_roll import Imported, import_roll, read_roll, settle_columns
from handlers.roll.report import report
from handlers.roll.rules import Wishes
from handlers.roll.sheet import read_book
from storage.database import Database
from storage.sealing import Sealer
from storage.states import PlaceLevel
from storage.tables import AuditEvent, Compound, Place, RollOwner, RollTitle, RollUnit
from tests.conftest import COLUMN_KEY, LOOKUP_KEY

SEALER = Sealer([COLUMN_KEY], LOOKUP_KEY)
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ID = 1


async def found(database: Database, places: Sequence[str] = ()) -> None:
    """The compound, with places, those above first."""
    async with database.write() as session:
        session.add(Compound(compound_id=ID, code="XH-1", name="四季园"))
        await session.flush()
        for code in places:
            level = (PlaceLevel.BUILDING, PlaceLevel.ENTRANCE, PlaceLevel.UNIT)[code.count("-")]
            parent = code.rpartition("-")[0] or None
            session.add(Place(compound_id=ID, code=code, level=level, name=code, parent_code=parent))
            await session.flush()


async def bring_in(
    database: Database,
    content: bytes,
    now: datetime = NOW,
    *,
    dry_run: bool = False,
    said: dict[Field, str] | None = None,
    **wishes: Any,
) -> Imported:
    """Import a file."""
    source = settle_columns(read_book(content), said or {}, "ab" * 32)
    wanted = Wishes(**wishes)
    async with database.read() as session:
        rows = await read_roll(session, ID, source, wanted, now)
    async with database.write() as session:
        compound = await session.get_one(Compound, ID)
        imported = await import_roll(session, SEALER, compound, source, rows, wanted, now, dry_run=dry_run)
    list(report(source, imported, dry_run=dry_run))  # every reason has its words
    return imported


def refusals(imported: Imported) -> dict[int, list[str]]:
    """By row, why it was refused."""
    return {
        line.row.number: line.row.refused for line in imported.plan.lines if line.row and line.row.refused
    }


def warnings(imported: Imported) -> dict[int, list[str]]:
    """By row, what to look at."""
    return {line.row.number: line.row.warned for line in imported.plan.lines if line.row and line.row.warned}


async def units(database: Database) -> dict[str, RollUnit]:
    """Units that have not ended."""
    async with database.read() as session:
        rows = await session.exec(select(RollUnit).where(col(RollUnit.ended_at).is_(None)))
        return {row.unit_code: row for row in rows}


async def titles(database: Database) -> dict[str, set[str]]:
    """Who owns what now, by name."""
    async with database.read() as session:
        owners = {
            row.owner_number: SEALER.open(row.name_sealed, "roll_owners.name").decode()
            for row in await session.exec(select(RollOwner))
        }
        standing: dict[str, set[str]] = {}
        for title in await session.exec(select(RollTitle).where(col(RollTitle.ended_at).is_(None))):
            standing.setdefault(title.unit_code, set()).add(
                f"{owners[title.owner_number]}#{title.owner_number}"
            )
        return standing


async def everything(database: Database) -> list[object]:
    """All rows of the roll and of the audit log, to see that nothing changed."""
    async with database.read() as session:
        return [
            sorted(repr(row) for row in await session.exec(select(table)))
            for table in (RollUnit, RollOwner, RollTitle, AuditEvent)
        ]
