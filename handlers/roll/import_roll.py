"""Use case: bring in the roll from a sheet; doing it again changes only what differs."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.local_time import local_date
from handlers.roll.columns import AREAS, Columns, Field, find_columns
from handlers.roll.duties import void_codes_of
from handlers.roll.lapse import lapse_representatives
from handlers.roll.persons import PresentOwner
from handlers.roll.rows import Row, read_rows
from handlers.roll.rules import Decision, Plan, Present, PresentUnit, Wishes, decide
from handlers.roll.sealed import NAME, document_lookup, phone_lookup, seal_owner
from handlers.roll.sheet import Book, Sheet, SheetError
from storage.audit import add_audit_event
from storage.queries.opinions import lock_counter
from storage.queries.roll import (
    end_titles,
    list_all_roll_units,
    list_roll_owners,
    list_titles,
    put_roll_rows,
)
from storage.queries.tree import list_flat_codes, list_houses
from storage.sealing import Sealer
from storage.states import OwnerKind
from storage.tables import Compound, RollOwner, RollTitle, RollUnit

LOCK = "roll"


@dataclass(frozen=True, slots=True)
class Source:
    """A sheet with its columns settled. digest: SHA-256 of the file, in hex. hidden: sheets that were not looked at."""

    sheet: Sheet
    columns: Columns
    digest: str
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Imported:
    """What was decided, and whether anything was written."""

    plan: Plan
    written: bool
    counts: Mapping[str, int] = field(default_factory=dict)


def settle_columns(book: Book, said: Mapping[Field, str], digest: str, sheet_name: str = "") -> Source:
    """The one sheet that has a roll's header, or the one that is named; raises SheetError."""
    sheets = [sheet for sheet in book.sheets if sheet_name in ("", sheet.name)]
    if not sheets:
        raise SheetError(
            f"no visible sheet is called {sheet_name}" if sheet_name else "no visible sheet has cells",
            "sheet.empty",
        )
    if len(sheets) > 1:
        headed = [sheet for sheet in sheets if find_columns(sheet, {}) is not None]
        if len(headed) > 1:
            raise SheetError(
                f"several sheets look like a roll: name one with --sheet ({_names(headed)})",
                "sheet.several",
                [sheet.name for sheet in headed],
            )
        sheets = headed or sheets[:1]
    columns = find_columns(sheets[0], said)
    if columns is None:
        raise SheetError(
            "no row says where a unit's number and its owner or area are: name them with --column",
            "sheet.no_header",
        )
    return Source(sheets[0], columns, digest, book.hidden)


async def read_roll(
    session: AsyncSession, compound_id: int, source: Source, wishes: Wishes, now: datetime
) -> list[Row]:
    """The rows of a sheet, read for a compound; nothing is locked. For one `import_roll`, which notes on them."""
    houses = {place.code for place in await list_houses(session, compound_id)}
    today = local_date(now)
    # Seconds for a large compound; others are answered meanwhile.
    return await asyncio.to_thread(read_rows, source.sheet, source.columns, houses, wishes.developers, today)


async def import_roll(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    source: Source,
    rows: Sequence[Row],
    wishes: Wishes,
    now: datetime,
    *,
    dry_run: bool = False,
    actor_id: int | None = None,
) -> Imported:
    """Decide about every row and write all of it, or nothing when a row is refused or on a dry run.

    In the caller's transaction. A second import waits for the first one. Audited with the file's hash and counts.
    """
    compound_id = compound.compound_id
    assert compound_id is not None
    await lock_counter(session, compound_id, LOCK)
    present = await load_present(session, sealer, compound_id)
    plan = await _plan(session, sealer, compound_id, rows, present, wishes)
    counts = plan.counts()
    changes = any(counts[each] for each in (Decision.ADD, Decision.CHANGE, Decision.END))
    if plan.refused or dry_run or not changes:
        return Imported(plan, False, counts)
    await _write(session, sealer, compound_id, plan, present, now)
    if actor_id is not None:
        await void_codes_of(session, sealer, compound_id, actor_id, now)
    changed = [line.code for line in plan.lines if line.begin or line.end]
    await lapse_representatives(session, compound_id, changed, now, actor_id=actor_id)
    add_audit_event(
        session,
        at=now,
        verb="roll.imported",
        subject=f"compound:{compound.code}",
        compound_id=compound_id,
        actor_id=actor_id,
        details={"file": source.digest, **counts},
    )
    return Imported(plan, True, counts)


async def try_import(
    session: AsyncSession, sealer: Sealer, compound_id: int, rows: Sequence[Row], wishes: Wishes
) -> Imported:
    """What an import would do to the roll as it is now: nothing is locked and nothing is written."""
    present = await load_present(session, sealer, compound_id)
    plan = await _plan(session, sealer, compound_id, rows, present, wishes)
    return Imported(plan, False, plan.counts())


async def _plan(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    rows: Sequence[Row],
    present: Present,
    wishes: Wishes,
) -> Plan:
    flats = await list_flat_codes(session, compound_id)
    return await asyncio.to_thread(
        decide,
        rows,
        present,
        wishes,
        lambda document: document_lookup(sealer, document),
        lambda phone: phone_lookup(sealer, phone),
        flats,
    )


async def load_present(session: AsyncSession, sealer: Sealer, compound_id: int) -> Present:
    """The roll as it is, with opened names."""
    units = {
        unit.unit_code: PresentUnit(
            unit.unit_code,
            unit.kind,
            unit.building,
            unit.entrance,
            unit.room,
            {each: area for each in AREAS if (area := getattr(unit, each.value)) is not None},
            unit.ended_at is not None,
        )
        for unit in await list_all_roll_units(session, compound_id)
    }
    owners = {
        owner.owner_number: PresentOwner(
            owner.owner_number,
            owner.kind,
            sealer.open(owner.name_sealed, NAME).decode(),
            owner.document_lookup,
            owner.phone_lookup,
            owner.minor,
        )
        for owner in await list_roll_owners(session, compound_id)
    }
    titles: dict[str, set[int]] = {}
    for title, _minor, _kind in await list_titles(session, compound_id):
        titles.setdefault(title.unit_code, set()).add(title.owner_number)
    return Present(units, owners, {code: frozenset(numbers) for code, numbers in titles.items()})


async def _write(
    session: AsyncSession, sealer: Sealer, compound_id: int, plan: Plan, present: Present, now: datetime
) -> None:
    of = {"compound_id": compound_id}
    await _write_owners(session, sealer, compound_id, plan, now)
    known = {unit.unit_code: unit for unit in await list_all_roll_units(session, compound_id)}
    await put_roll_rows(
        session,
        RollUnit,
        [
            of | _columns(line.unit) | {"entered_at": now}
            for line in plan.lines
            if line.unit is not None and line.decision is Decision.ADD
        ],
    )
    for line in plan.lines:
        row = known.get(line.code)
        if row is not None and line.unit != present.units[line.code]:
            if line.decision is Decision.END:
                row.ended_at = now
            elif line.unit is not None:
                for name, value in (_columns(line.unit) | {"ended_at": None}).items():
                    setattr(row, name, value)
    await end_titles(
        session,
        compound_id,
        [(line.code, number) for line in plan.lines for number in sorted(line.end)],
        now,
    )
    await put_roll_rows(
        session,
        RollTitle,
        [
            of | {"unit_code": line.code, "owner_number": number, "since": now, "representative": False}
            for line in plan.lines
            for number in sorted(line.begin)
        ],
    )


async def _write_owners(
    session: AsyncSession, sealer: Sealer, compound_id: int, plan: Plan, now: datetime
) -> None:
    empty = dict.fromkeys(
        ("document_sealed", "document_lookup", "document_tail", "phone_sealed", "phone_lookup"), None
    )
    known = {owner.owner_number: owner for owner in await list_roll_owners(session, compound_id)}
    new = []
    for person in plan.persons:
        is_person = person.kind is OwnerKind.PERSON
        if person.known is None:
            sealed = seal_owner(sealer, person.name, person.document, person.phone, is_person=is_person)
            new.append(
                {
                    "compound_id": compound_id,
                    "owner_number": person.number,
                    "kind": person.kind,
                    **empty,
                    **sealed,
                }
                | {"minor": person.minor, "entered_at": now}
            )
        elif person.changes:
            row = known[person.number]
            given = {
                name: getattr(person, name) if name in person.changes else ""
                for name in ("name", "document", "phone")
            }
            for name, value in seal_owner(sealer, **given, is_person=is_person).items():
                setattr(row, name, value)
            row.kind, row.minor = person.kind, row.minor or person.minor
    await put_roll_rows(session, RollOwner, new)


def _columns(unit: PresentUnit) -> dict[str, object]:
    return {
        "unit_code": unit.code,
        "kind": unit.kind,
        "building": unit.building,
        "entrance": unit.entrance,
        "room": unit.room,
        **{each.value: unit.areas.get(each) for each in AREAS},
    }


def _names(sheets: Sequence[Sheet]) -> str:
    return ", ".join(sheet.name for sheet in sheets)
