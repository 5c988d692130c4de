"""Use cases: going from door to door (上门). Which units have not voted, and what came of a visit; never how."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import rules_of, unit_of
from handlers.voting.delivery import How, is_running, mark_delivered
from handlers.voting.life import audit
from handlers.voting.terms import DEVELOPER, in_scope, person_of
from storage.queries.canvass import list_unvoted, put_contact
from storage.queries.vote_log import share_vote
from storage.queries.votes import list_vote_units_coded
from storage.states import ContactState
from storage.tables import CanvassContact, Vote, VoteUnit


@dataclass(frozen=True, slots=True)
class Door:
    """A unit to go to, with its last visit."""

    unit: VoteUnit
    contact: CanvassContact | None


@dataclass(frozen=True, slots=True)
class Entrance:
    """The doors of an entrance, in the order of the roll. entrance: "" where a building has none."""

    building: str
    entrance: str
    doors: Sequence[Door]


async def list_doors(session: AsyncSession, vote: Vote) -> list[Entrance]:
    """Where somebody may still be asked to vote, by building and entrance. What the developer owns has no door."""
    rules = rules_of(vote)
    found: dict[tuple[str, str], list[Door]] = {}
    for unit, contact in await list_unvoted(session, vote.compound_id, vote.vote_number):
        counted = unit_of(unit)
        if in_scope(rules, counted) and person_of(counted) != DEVELOPER:
            found.setdefault((unit.building, unit.entrance), []).append(Door(unit, contact))
    ordered = sorted(found.items(), key=lambda entry: _order(*entry[0]))
    return [Entrance(building, entrance, doors) for (building, entrance), doors in ordered]


def note_look(session: AsyncSession, vote: Vote, building: str, now: datetime, *, actor_id: int) -> None:
    """Keep who looked at the list, and which part of it."""
    audit(session, vote, "vote.canvass_seen", now, actor_id, {"building": building})


async def note_contact(
    session: AsyncSession,
    compound_id: int,
    number: int,
    unit_code: str,
    state: ContactState,
    now: datetime,
    *,
    actor_id: int,
    signed: bool = False,
) -> bool:
    """Keep what came of a visit; False for a unit that is not in the roll, or a vote that is over.

    signed: the owner signed for the papers, which is the proof that they were delivered (delivery.py). It counts with
    papers given only, and stays when a later visit finds nobody.
    """
    vote = await share_vote(session, compound_id, number)
    if vote is None or not is_running(vote, now):
        return False
    units = await list_vote_units_coded(session, compound_id, number, [unit_code])
    if not units:
        return False
    await put_contact(session, compound_id, number, unit_code, state, actor_id, now)
    has_proof = signed and state is ContactState.PAPER_GIVEN
    if has_proof:
        mark_delivered(session, vote, units, How.PAPER, now)
    audit(
        session,
        vote,
        "vote.visited",
        now,
        actor_id,
        {"unit": unit_code, "state": state.value, "signed": has_proof},
    )
    return True


def _order(building: str, entrance: str) -> tuple[int, str, int, str]:
    """Building 2 before building 10."""
    return (
        int(building) if building.isdecimal() else 0,
        building,
        int(entrance) if entrance.isdecimal() else 0,
        entrance,
    )
