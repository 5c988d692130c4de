"""How many have voted, in both measures and never how: what may be seen while a vote is open."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import unit_of
from handlers.voting.result import FEWEST_OWNERS
from handlers.voting.terms import Sums, Unit, person_of
from storage.queries.papers import IN_THE_BOX, list_papers
from storage.queries.votes import list_first_ballots, list_units_that_voted, list_vote_units
from storage.states import VoteState
from storage.tables import Vote, VoteUnit


@dataclass(frozen=True, slots=True)
class Part:
    """Owners and area in all, and of those who voted. voted.area may be behind: see `turnout`."""

    total: Sums
    voted: Sums


@dataclass(frozen=True, slots=True)
class Turnout:
    """by_building: "" for those that are shown together, because each has too few owners.

    by_entrance: for each building that is shown by itself its entrances, again "" for those put together; none where
    that would say no more than the building's own row. in_steps: areas grow by five owners or more at a time.
    """

    whole: Part
    by_building: Mapping[str, Part]
    by_entrance: Mapping[str, Mapping[str, Part]] = field(default_factory=dict)
    in_steps: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether so few owners have a say that not even the whole may be shown."""
        return self.whole.total.persons < FEWEST_OWNERS


async def load_turnout(session: AsyncSession, vote: Vote) -> Turnout:
    """The turnout of a vote with a frozen roll; a ballot in a conflict is a ballot, and so is a paper in the box."""
    key = (vote.compound_id, vote.vote_number)
    rows = await list_vote_units(session, *key)
    voted = await list_units_that_voted(session, *key)
    since = await _load_since(session, vote, rows) if vote.state is VoteState.OPEN else None
    return turnout(
        [unit_of(row) for row in rows], voted, {row.unit_code: row.entrance for row in rows}, since
    )


async def _load_since(session: AsyncSession, vote: Vote, rows: Iterable[VoteUnit]) -> dict[str, datetime]:
    """When the first ballot for each unit took its place, or its paper."""
    key = (vote.compound_id, vote.vote_number)
    in_box: dict[str, datetime] = {}
    for paper in await list_papers(session, *key, IN_THE_BOX):
        if paper.registered_at is not None:
            before = in_box.get(paper.owner_key, paper.registered_at)
            in_box[paper.owner_key] = min(before, paper.registered_at)
    since = await list_first_ballots(session, *key)
    for row in rows:
        if row.owner_key in in_box:
            at = in_box[row.owner_key]
            since[row.unit_code] = min(at, since.get(row.unit_code, at))
    return since


def turnout(
    units: Iterable[Unit],
    voted: set[str],
    entrances: Mapping[str, str] | None = None,
    since: Mapping[str, datetime] | None = None,
) -> Turnout:
    """Pure: the turnout over a frozen roll. entrances: of units, by code. since: when each unit voted; while a vote
    is open, None afterwards.

    Buildings with fewer than FEWEST_OWNERS owners are put together, with the smallest other one if they are still too
    few, and so are the entrances of a building: neither a row nor a difference of rows tells whether one of so few
    has voted. Nor does the difference of two looks at one row, as long as people vote: hardly two flats have one area,
    so who saw it grow by 89.73 would know whose ballot just came. So the area of a building is that of its first five
    owners who voted, its first ten, and so on; that of an entrance is made of those in the same way, and the whole is
    the sum of its buildings.
    """
    roll = list(units)
    in_steps = since is not None
    by_building, by_entrance = {}, {}
    whole: set[str] = set()
    for building, those in _shown(roll, lambda unit: unit.building).items():
        counted = voted if since is None else _in_fives(those, voted, since)
        whole |= counted
        by_building[building] = _part(those, voted, counted)
        if building and entrances is not None:
            inside = _shown(those, lambda unit: entrances.get(unit.unit_id, ""))
            if len(inside) > 1:
                by_entrance[building] = {
                    name: _part(few, voted, counted if since is None else _in_fives(few, counted, since))
                    for name, few in inside.items()
                }
    return Turnout(_part(roll, voted, whole if in_steps else voted), by_building, by_entrance, in_steps)


def _in_fives(units: list[Unit], voted: Collection[str], since: Mapping[str, datetime]) -> set[str]:
    """Of these units those of the first owners who voted, as many times FEWEST_OWNERS as there are."""
    cast = [unit for unit in units if unit.unit_id in voted and unit.unit_id in since]
    first: dict[str, datetime] = {}
    for unit in cast:
        person, at = person_of(unit), since[unit.unit_id]
        first[person] = min(at, first.get(person, at))
    order = sorted(first, key=lambda person: (first[person], person))
    taken = order[: len(order) - len(order) % FEWEST_OWNERS]
    if not taken:
        return set()
    last, persons = first[taken[-1]], set(taken)
    # What one of them cast for another unit since then comes with the next ones.
    return {unit.unit_id for unit in cast if person_of(unit) in persons and since[unit.unit_id] <= last}


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


def _part(units: list[Unit], voted: set[str], counted: set[str]) -> Part:
    """counted: those of which the area is shown."""
    persons = _persons([unit for unit in units if unit.unit_id in voted])
    area = sum(unit.area for unit in units if unit.unit_id in counted)
    return Part(_sums(units), Sums(persons, area))


def _sums(units: list[Unit]) -> Sums:
    return Sums(_persons(units), sum(unit.area for unit in units))
