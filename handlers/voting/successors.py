"""Use case: who bought a unit after the roll was frozen votes in its slot, where the seller has not.

It is a ballot of the seller's owner key, for the units that were bought only, and names nobody as its voter: whoever
the sellers named does not bind the buyer. The log says which ballot it is.
"""

from collections.abc import Collection
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.cast import (
    MARKS_CONTEXT,
    Code,
    NoBallot,
    Order,
    Recorded,
    cast_ballot,
    codes_of,
    make_case,
    stand_together,
)
from handlers.voting.life import audit, leave
from handlers.voting.marks import read_marks
from handlers.voting.terms import CaseKind
from storage.queries.ballots import find_ballot_by_key, lock_slots
from storage.queries.vote_log import share_vote
from storage.queries.voters import find_ballot
from storage.queries.votes import list_vote_units
from storage.sealing import Sealer
from storage.tables import Ballot, Vote


async def cast_as_successor(
    session: AsyncSession, sealer: Sealer, order: Order, earlier: Collection[str], now: datetime
) -> Recorded:
    """Record a ballot of a buyer in the caller's transaction; raises as `cast_ballot` does.

    order: with the units that were bought. earlier: the ballots of buyers that may be there (sold.find_earlier);
    raises NoBallot when anything else has come into a slot since. Two who bought together and mark different things
    are a case for two deciders.
    """
    assert order.units
    key = (order.compound_id, order.vote_number)
    vote = await share_vote(session, *key)
    if vote is None:
        raise NoBallot(Code.NO_VOTE)
    # The same rows, in the same order, as any other ballot that touches them.
    owned = await list_vote_units(session, *key, [order.owner_key])
    locked = await lock_slots(session, *key, codes_of(await stand_together(session, vote, owned)))
    slots = {code: slot for code, slot in locked.items() if code in order.units}
    repeated = await find_ballot_by_key(session, *key, order.cast_key) is not None
    if not repeated and any(
        slot.contested or (slot.ballot_id and slot.ballot_id not in earlier) for slot in slots.values()
    ):
        raise NoBallot(Code.SLOT_TAKEN)
    recorded = await cast_ballot(session, sealer, order, now)
    if not recorded.repeated:
        leave(session, vote, "successor", {"ballot": recorded.ballot.ballot_id}, now)
        details = {"ballot": recorded.ballot.ballot_id}
        audit(session, vote, "vote.succeeded", now, order.person_id, details)
        for ballot_id in sorted(earlier):
            ballot = await find_ballot(session, *key, ballot_id)
            if ballot is not None and ballot.person_id != order.person_id:
                await _compare(session, sealer, vote, ballot, recorded.ballot, now)
    return recorded


async def _compare(
    session: AsyncSession, sealer: Sealer, vote: Vote, first: Ballot, second: Ballot, now: datetime
) -> None:
    """Make a case of two ballots of one unit's buyers that do not say the same."""
    said, other = (read_marks(sealer.open(each.choices_sealed, MARKS_CONTEXT)) for each in (first, second))
    if said != other:
        told = {"ballot": first.ballot_id}
        await make_case(session, vote, CaseKind.CONTESTED, first.ballot_id, first.owner_key, now, told)
