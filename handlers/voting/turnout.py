"""How many have voted, in both measures and never how: what may be seen while a vote is open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
    """by_building: "" for those that are shown together, because each has too few owners."""

    whole: Part
    by_building: Mapping[str, Part]


async def load_turnout(session: AsyncSession, vote: Vote) -> Turnout:
    """The turnout of a vote with a frozen roll; a ballot in a conflict is a ballot."""
    units = [unit_of(row) for row in await list_vote_units(session, vote.compound_id, vote.vote_number)]
    return turnout(units, await list_units_that_voted(session, vote.compound_id, vote.vote_number))


def turnout(units: Iterable[Unit], voted: set[str]) -> Turnout:
    """Pure: the turnout over a frozen roll.

    Buildings with fewer than FEWEST_OWNERS owners are put together, with the smallest other one if they are still too
    few: neither a row nor a difference of rows tells whether one of so few has voted.
    """
    roll = list(units)
    groups: dict[str, list[Unit]] = {}
    for unit in roll:
        groups.setdefault(unit.building, []).append(unit)
    few: list[Unit] = []
    shown: dict[str, Part] = {}
    for building, those in sorted(groups.items(), key=lambda row: (_persons(row[1]), row[0])):
        if _persons(those) < FEWEST_OWNERS or 0 < _persons(few) < FEWEST_OWNERS:
            few += those
        else:
            shown[building] = _part(those, voted)
    rows = dict(sorted(shown.items()))
    if _persons(few) >= FEWEST_OWNERS:
        rows[""] = _part(few, voted)
    return Turnout(_part(roll, voted), rows)


def _persons(units: list[Unit]) -> int:
    return len({person_of(unit) for unit in units})


def _part(units: list[Unit], voted: set[str]) -> Part:
    return Part(_sums(units), _sums([unit for unit in units if unit.unit_id in voted]))


def _sums(units: list[Unit]) -> Sums:
    return Sums(_persons(units), sum(unit.area for unit in units))
