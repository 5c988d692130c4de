"""The roll as staff read it: units with masked owners, and what keeps it from being frozen."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.roll.report import masked_name
from handlers.roll.sealed import NAME
from handlers.voting.freeze import load_titles
from handlers.voting.frozen_roll import Problem, RollError, freeze
from handlers.voting.terms import Rules, area_text
from storage.queries.roll import list_owners_of, list_roll_units
from storage.sealing import Sealer
from storage.tables import RollUnit


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit on a page. area: the one that counts, "" for none."""

    unit: RollUnit
    owners: Sequence[str]
    area: str


@dataclass(frozen=True, slots=True)
class Overview:
    """problems: what keeps the roll from being frozen; parking is looked at as well. buildings: with their units."""

    units: int
    persons: int
    area: str
    problems: Sequence[Problem]
    buildings: dict[str, int]


async def load_overview(session: AsyncSession, compound_id: int) -> Overview:
    """The whole roll in figures; persons and area are those of a vote of everybody, 0 while it cannot be frozen."""
    titles = await load_titles(session, compound_id)
    buildings: dict[str, int] = {}
    for title in sorted(titles, key=lambda each: (len(each.building), each.building)):  # 3 before 13
        buildings[title.building] = buildings.get(title.building, 0) + 1
    try:
        frozen = freeze(Rules(parking_counts=True), titles)
    except RollError as error:
        return Overview(len(titles), 0, "", error.problems, buildings)
    return Overview(len(titles), frozen.total.persons, area_text(frozen.total.area), (), buildings)


async def list_unit_lines(
    session: AsyncSession, sealer: Sealer, compound_id: int, building: str, limit: int, offset: int
) -> list[UnitLine]:
    """Units of a building, of all with "", in the order of their codes."""
    units = [unit for unit in await list_roll_units(session, compound_id) if building in ("", unit.building)][
        offset : offset + limit
    ]
    names: dict[str, list[str]] = {}
    for code, owner in await list_owners_of(session, compound_id, [unit.unit_code for unit in units]):
        names.setdefault(code, []).append(masked_name(sealer.open(owner.name_sealed, NAME).decode()))
    return [UnitLine(unit, names.get(unit.unit_code, []), _area(unit)) for unit in units]


def _area(unit: RollUnit) -> str:
    return area_text(unit.area) if unit.area is not None else ""
