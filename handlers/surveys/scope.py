"""Whom a round asks: the units of the roll, else of the tree, and what one of them has that the other has not."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.polls.rules import building_of
from handlers.surveys.rules import building_order
from storage.queries.surveys import count_flats, count_roll, list_askable
from storage.tables import RollUnit, SurveyRound, SurveyUnit


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a draft would ask now. units: how many; in_tree: how many flats the tree has there. short: the buildings,
    by code, of which the roll has fewer than the tree; none where there is no roll."""

    units: int
    in_tree: int
    short: tuple[str, ...]


async def load_scope(session: AsyncSession, round_: SurveyRound) -> Scope:
    """What staff look at before a round opens: a roll of which only some buildings were imported asks only those."""
    roll = await count_roll(session, round_.compound_id)
    tree: dict[str, int] = {}
    for parent, flats in (await count_flats(session, round_.compound_id)).items():
        building = building_of(parent) or ""
        tree[building] = tree.get(building, 0) + flats
    return scope_of(roll, tree, round_.buildings)


def scope_of(roll: Mapping[str, int], tree: Mapping[str, int], buildings: list[str]) -> Scope:
    """Pure: units of the roll and flats of the tree by building. buildings: those that are asked, empty for all."""
    asked = {*roll, *tree} if not buildings else set(buildings)
    of_roll = sum(roll.get(each, 0) for each in asked)
    of_tree = sum(tree.get(each, 0) for each in asked)
    if not roll:
        return Scope(of_tree, of_tree, ())
    short = sorted((each for each in asked if roll.get(each, 0) < tree.get(each, 0)), key=building_order)
    return Scope(of_roll, of_tree, tuple(short))


async def list_units_to_ask(session: AsyncSession, round_: SurveyRound) -> list[SurveyUnit]:
    """The units as they stand now, with their places."""
    found = []
    for unit in await list_askable(session, round_.compound_id):
        if isinstance(unit, RollUnit):
            code, building, entrance, room = unit.unit_code, unit.building, unit.entrance, unit.room
            area = unit.area
        else:
            code, area = unit.code, None
            building, *between, room = code.split("-")
            entrance = "-".join(between)
        if not round_.buildings or building in round_.buildings:
            found.append((code, building, entrance, room or code, area))
    return [
        SurveyUnit(
            compound_id=round_.compound_id,
            survey_number=round_.survey_number,
            round_number=round_.round_number,
            unit_code=code,
            building=building,
            entrance=entrance,
            room=room,
            area=area,
            position=position,
        )
        for position, (code, building, entrance, room, area) in enumerate(sorted(found, key=_order), 1)
    ]


def _order(unit: tuple[str, str, str, str, int | None]) -> tuple[tuple[int, str], ...]:
    """3 before 13, 501 before 1201."""
    return tuple((len(part), part) for part in (unit[1], unit[2], unit[3]))
