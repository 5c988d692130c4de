"""What an import does: rows and the present roll in, decisions out. Pure.

All or nothing: one refused row, and nothing is written. The same sheet a second time decides nothing. What a sheet
leaves empty it does not say: an area, a document or an owner that the roll has stays.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from handlers.roll.columns import Field
from handlers.roll.persons import (
    Lookup,
    Person,
    Persons,
    PresentOwner,
    recognise,
    settle_developers,
)
from handlers.roll.rows import Row
from storage.states import OwnerKind, UnitKind


class Decision(StrEnum):
    """What becomes of a row, or of a unit that no row names."""

    ADD = "add"
    CHANGE = "change"
    SAME = "same"
    REFUSE = "refuse"
    SKIP = "skip"
    MISSING = "missing"  # in the roll and not in the sheet; stays
    END = "end"  # the same, with --replace


@dataclass(frozen=True, slots=True)
class PresentUnit:
    """A unit of the roll, ended ones too. areas: by column, in millionths."""

    code: str
    kind: UnitKind
    building: str
    entrance: str
    room: str
    areas: Mapping[Field, int]
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """The roll as it is. titles: the owners of each unit now."""

    units: Mapping[str, PresentUnit] = field(default_factory=dict)
    owners: Mapping[int, PresentOwner] = field(default_factory=dict)
    titles: Mapping[str, frozenset[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Line:
    """One line of the report, and what to write for it. unit: as it will be; None where nothing is written."""

    decision: Decision
    row: Row | None = None
    code: str = ""
    unit: PresentUnit | None = None
    owners: Sequence[Person] = ()
    begin: frozenset[int] = frozenset()
    end: frozenset[int] = frozenset()


@dataclass(slots=True)
class Plan:
    """lines: one for each row of the sheet, then one for each unit that is not in it."""

    lines: list[Line]
    persons: list[Person]

    @property
    def refused(self) -> bool:
        """Whether nothing may be written."""
        return any(line.decision is Decision.REFUSE for line in self.lines)

    def counts(self) -> dict[str, int]:
        """For the summary and the audit log."""
        found = {each.value: 0 for each in Decision}
        for line in self.lines:
            found[line.decision] += 1
        return found | {
            "owners_new": sum(person.known is None for person in self.persons),
            "titles_begun": sum(len(line.begin) for line in self.lines),
            "titles_ended": sum(len(line.end) for line in self.lines),
        }


@dataclass(frozen=True, slots=True)
class Wishes:
    """What whoever imports says beside the sheet. developers: names of companies that are the developer."""

    developers: Collection[str] = ()
    replace: bool = False


def decide(
    rows: Sequence[Row],
    present: Present,
    wishes: Wishes,
    document_lookup: Lookup,
    phone_lookup: Lookup,
    flats: Collection[str] = (),
) -> Plan:
    """Decide about every row. flats: codes of the compound's flats, none when nobody has listed them."""
    taken = [row for row in rows if not row.skipped and row.room is not None]
    settle_developers(taken, wishes.developers)
    taken, twice = _once_each(taken)
    persons = Persons(taken)
    recognise(persons.all(), present.owners, present.titles, document_lookup, phone_lookup)
    free = max(present.owners, default=0) + 1
    for person in persons.all():
        if person.known is None:
            person.number, free = free, free + 1
        else:
            person.number = person.known.number
    lines = [_line(row, present, persons, flats, twice) for row in rows]
    _warn_of_overlaps(lines, present)
    named = {line.code for line in lines}
    for code in sorted(code for code, unit in present.units.items() if not unit.ended and code not in named):
        if wishes.replace:
            lines.append(Line(Decision.END, code=code, end=present.titles.get(code, frozenset())))
        else:
            lines.append(Line(Decision.MISSING, code=code))
    return Plan(lines, persons.all())


def _once_each(rows: Sequence[Row]) -> tuple[list[Row], set[int]]:
    """The rows without those that only repeat another; and the numbers of those that do."""
    first: dict[str, Row] = {}
    repeated: set[int] = set()
    for row in rows:
        assert row.room is not None
        before = first.setdefault(row.room.code, row)
        if before is row or row.refused:
            continue
        if (before.areas, before.owners, before.kind, before.sale) == (
            row.areas,
            row.owners,
            row.kind,
            row.sale,
        ):
            row.warned.append("room.repeated")
            repeated.add(row.number)
        else:
            row.refused.append("room.twice")
    return [row for row in rows if row.number not in repeated], repeated


def _line(
    row: Row, present: Present, persons: Persons, flats: Collection[str], repeated: Collection[int]
) -> Line:
    if row.skipped or row.number in repeated:
        return Line(Decision.SKIP, row, row.room.code if row.room else "")
    if row.refused or row.room is None:
        return Line(Decision.REFUSE, row, row.room.code if row.room else "")
    code, before = row.room.code, present.units.get(row.room.code)
    owners = persons.of(row)
    areas = {**(before.areas if before else {}), **row.areas}
    unit = PresentUnit(
        code,
        _kind(row, before),
        row.room.building,
        row.room.entrance,
        row.room.room,
        areas,
    )
    had = present.titles.get(code, frozenset())
    has = frozenset(person.number for person in owners) or had
    _warn(row, unit, has, flats)
    line = Line(Decision.SAME, row, code, unit, owners, has - had, had - has)
    if before is None:
        line.decision = Decision.ADD
    elif before != unit or line.begin or line.end or any(person.changes for person in owners):
        line.decision = Decision.CHANGE
    return line


def _kind(row: Row, before: PresentUnit | None) -> UnitKind:
    """Parking stays parking. What the developer owns is not sold (司法解释 art. 9)."""
    if row.kind is UnitKind.PARKING:
        return UnitKind.PARKING
    if any(owner.kind is OwnerKind.DEVELOPER for owner in row.owners):
        return UnitKind.UNSOLD
    if said := row.sale or row.kind:
        return said
    if before is None or (row.owners and before.kind is UnitKind.UNSOLD):
        return UnitKind.RESIDENTIAL
    return before.kind


def _warn(row: Row, unit: PresentUnit, owners: Collection[int], flats: Collection[str]) -> None:
    if not unit.areas:
        row.warned.append("area.missing")
    if not owners:
        row.warned.append("owner.missing")
    is_developers = row.sale or any(owner.kind is OwnerKind.DEVELOPER for owner in row.owners)
    if unit.kind is UnitKind.PARKING and is_developers:
        row.warned.append("developer.parking")
    if flats and unit.code not in flats and unit.code[:2] not in ("P-", "S-"):
        row.warned.append("unit.not_in_tree")


def _warn_of_overlaps(lines: Sequence[Line], present: Present) -> None:
    """A couple that owns one flat together and another alone is two persons: the organiser should know."""
    sets: dict[int, set[frozenset[int]]] = {}
    of_line = []
    for line in lines:
        if line.unit is None:
            continue
        owners = frozenset(person.number for person in line.owners) or present.titles.get(
            line.code, frozenset()
        )
        of_line.append((line, owners))
        for number in owners:
            sets.setdefault(number, set()).add(owners)
    for line, owners in of_line:
        if line.row is not None and any(len(sets[number]) > 1 for number in owners):
            line.row.warned.append("owner.other_co_owners")
