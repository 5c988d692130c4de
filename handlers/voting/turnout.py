"""How many have voted, in both measures and never how: what may be seen while a vote is open."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import unit_of
from handlers.voting.result import FEWEST_OWNERS
from handlers.voting.terms import Sums, Unit, person_of
from storage.queries.votes import list_units_that_voted, list_vote_units
from storage.tables import Vote


@dataclass(frozen=True, slots=True)
class Part:
    """Owners and area in all, and of those who voted."""

    total: Sums
    voted: Sums


@dataclass(frozen=True, slots=True)
class Turnout:
    """by_building: "" for those that are shown together, because each has too few owners.

    by_entrance: for each building that is shown by itself its entrances, again "" for those put together; none where
    that would say no more than the building's own row.
    """

    whole: Part
    by_building: Mapping[str, Part]
    by_entrance: Mapping[str, Mapping[str, Part]] = field(default_factory=dict)


async def load_turnout(session: AsyncSession, vote: Vote) -> Turnout:
    """The turnout of a vote with a frozen roll; a ballot in a conflict is a ballot."""
    rows = await list_vote_units(session, vote.compound_id, vote.vote_number)
    voted = await list_units_that_voted(session, vote.compound_id, vote.vote_number)
    return turnout([unit_of(row) for row in rows], voted, {row.unit_code: row.entrance for row in rows})


def turnout(units: Iterable[Unit], voted: set[str], entrances: Mapping[str, str] | None = None) -> Turnout:
    """Pure: the turnout over a frozen roll. entrances: of units, by code.

    Buildings with fewer than FEWEST_OWNERS owners are put together, with the smallest other one if they are still too
    few, and so are the entrances of a building: neither a row nor a difference of rows tells whether one of so few
    has voted.
    """
    roll = list(units)
    buildings = _shown(roll, lambda unit: unit.building)
    by_entrance = {}
    for building, those in buildings.items():
        if building and entrances is not None:
            inside = _shown(those, lambda unit: entrances.get(unit.unit_id, ""))
            if len(inside) > 1:
                by_entrance[building] = {name: _part(few, voted) for name, few in inside.items()}
    return Turnout(
        _part(roll, voted), {name: _part(those, voted) for name, those in buildings.items()}, by_entrance
    )


def _shown(units: list[Unit], key: Callable[[Unit], str]) -> dict[str, list[Unit]]:
    """Groups of enough owners, by name; "" for those together that have too few, last."""
    groups: dict[str, list[Unit]] = {}
    for unit in units:
        groups.setdefault(key(unit), []).append(unit)
    few: list[Unit] = []
    shown: dict[str, list[Unit]] = {}
    for name, those in sorted(groups.items(), key=lambda row: (_persons(row[1]), row[0])):
        if _persons(those) < FEWEST_OWNERS or 0 < _persons(few) < FEWEST_OWNERS or not name:
            few += those
        else:
            shown[name] = those
    rows = dict(sorted(shown.items()))
    if _persons(few) >= FEWEST_OWNERS:
        rows[""] = few
    return rows


def _persons(units: list[Unit]) -> int:
    return len({person_of(unit) for unit in units})


def _part(units: list[Unit], voted: set[str]) -> Part:
    return Part(_sums(units), _sums([unit for unit in units if unit.unit_id in voted]))


def _sums(units: list[Unit]) -> Sums:
    return Sums(_persons(units), sum(unit.area for unit in units))
