"""Use case: ballots of somebody who, an owner says, was not them, become cases (voting.md section 1).

The log says which ballot, by its number; whose it is it does not say.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.cast import make_case
from handlers.voting.life import audit
from handlers.voting.terms import CaseKind
from storage.queries.ballots import list_ballots_of_person, list_votes_cast_in
from storage.queries.vote_log import lock_vote
from storage.queries.votes import find_vote
from storage.states import VoteState

# The state follows the clock, so a vote that is noticed may have ballots. What was published stands; who objects
# afterwards does so in the time for objections.
_UNPUBLISHED = (VoteState.NOTICED, VoteState.OPEN, VoteState.CLOSED, VoteState.TALLIED)


async def has_open_ballots(
    session: AsyncSession, compound_id: int, person_id: int, owner_number: int
) -> bool:
    """Whether an identity has a ballot for an owner, holding a place, in a vote that is not published. Reads only."""
    for vote_number in await list_votes_cast_in(session, compound_id, person_id):
        vote = await find_vote(session, compound_id, vote_number)
        if vote is None or vote.state not in _UNPUBLISHED:
            continue
        if await list_ballots_of_person(session, compound_id, vote_number, person_id, owner_number):
            return True
    return False


async def contest_ballots(
    session: AsyncSession, compound_id: int, person_id: int, owner_number: int, now: datetime
) -> int:
    """Make cases of the ballots that an identity cast for an owner and that hold a place; returns how many.

    In the caller's transaction, which has stopped the binding: no further ballot comes from it.
    """
    made = 0
    for vote_number in await list_votes_cast_in(session, compound_id, person_id):
        vote = await lock_vote(session, compound_id, vote_number)
        if vote is None or vote.state not in _UNPUBLISHED:
            continue
        cases = 0
        for ballot in await list_ballots_of_person(
            session, compound_id, vote_number, person_id, owner_number
        ):
            cases += await make_case(
                session,
                vote,
                CaseKind.CONTESTED,
                ballot.ballot_id,
                ballot.owner_key,
                now,
                {"ballot": ballot.ballot_id},
            )
        if cases and vote.state is VoteState.TALLIED:
            vote.tallied_at = None  # to be counted again
            session.add(vote)
        if cases:
            audit(session, vote, "vote.contested", now, None, {"ballots": cases})
        made += cases
    return made
