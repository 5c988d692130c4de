"""What stands against what in a case: every ballot for the units of the owner it is about, opened for the deciders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import facts_of
from handlers.voting.cast import MARKS_CONTEXT
from handlers.voting.marks import read_marks
from handlers.voting.rules import Code, Refused, is_over
from handlers.voting.terms import Choice
from storage.queries.ballots import list_ballots_touching
from storage.queries.votes import list_vote_units
from storage.sealing import Sealer
from storage.states import VoteState
from storage.tables import Vote, VoteCase


@dataclass(frozen=True, slots=True)
class Side:
    """One ballot of a case. voter: which of the voters it is, from 1: co-owners are told apart, not named."""

    units: Sequence[str]
    channel: str
    cast_at: datetime
    voter: int
    marks: Mapping[str, Choice]


async def load_sides(
    session: AsyncSession, sealer: Sealer, vote: Vote, case: VoteCase, now: datetime
) -> list[Side]:
    """The ballots, the earliest first; raises Refused before the close, when nobody sees marks."""
    if vote.state not in (VoteState.CLOSED, VoteState.TALLIED, VoteState.PUBLISHED, VoteState.FINAL):
        raise Refused(Code.WRONG_STATE)
    if not is_over(facts_of(vote), now):
        raise Refused(Code.NOT_DUE)
    key = (vote.compound_id, vote.vote_number)
    units = [unit.unit_code for unit in await list_vote_units(session, *key, [case.person])]
    found = await list_ballots_touching(session, *key, units)
    ballots = {ballot.ballot_id: ballot for ballot, _unit in found}
    covered: dict[str, list[str]] = {}
    for ballot, unit in found:
        covered.setdefault(ballot.ballot_id, []).append(unit)
    voters: dict[str | None, int] = {}
    return [
        Side(
            sorted(covered[ballot_id]),
            ballot.channel.value,
            ballot.cast_at,
            voters.setdefault(ballot.voter, len(voters) + 1),
            read_marks(sealer.open(ballot.choices_sealed, MARKS_CONTEXT)),
        )
        for ballot_id, ballot in ballots.items()
    ]
