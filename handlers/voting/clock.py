"""Use case: what the clock has to do about votes: open, close, finalise, and every morning a checkpoint to hand out.

Called by every replica at each tick, as often as it likes. A vote is locked before it is looked at, and what is due
follows from its row (rules.due) and its log: the second replica finds nothing left to do.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.voting.announced import facts_of
from handlers.voting.life import NoVote, hold_vote, last_morning, leave, take_step, wakes_at
from handlers.voting.log import origin_of, seal
from handlers.voting.rules import Command, due
from handlers.voting.signing import Signer
from storage.database import Database
from storage.queries.vote_log import find_last_leaf_at
from storage.queries.votes import list_due_votes
from storage.states import VoteState
from storage.tables import Compound, Vote

LIMIT = 200  # in one call: a tick stays short, the next one goes on
_LEAVES = {
    Command.OPEN: ("open", "opening"),
    Command.CLOSE: ("close", "close"),
    Command.FINALISE: ("final", "final"),
}


async def advance_votes(database: Database, signer: Signer, now: datetime) -> int:
    """Do what is due, each vote in a transaction of its own; returns how many things were done.

    A vote that fails does not hold up the others; its error is raised when they are done.
    """
    async with database.read() as session:
        found = await list_due_votes(session, now, LIMIT)
    return await each_apart(database, found, lambda session, key: _advance(session, signer, *key, now))


async def _advance(
    session: AsyncSession, signer: Signer, compound_id: int, number: int, now: datetime
) -> int:
    compound = await session.get_one(Compound, compound_id)
    try:
        vote = await hold_vote(session, compound, number)
    except NoVote:
        return 0
    done = 0
    # After a night without a server a vote opens and closes in one go, and both are in its log, in this order.
    while (command := due(facts_of(vote), now)) is not None:
        take_step(session, vote, command, now, actor_id=None)
        if command is Command.FINALISE:
            vote.final_at = now
        await _write(session, signer, compound, vote, *_LEAVES[command], now)
        done += 1
    if vote.state is VoteState.OPEN and await _is_morning(session, vote, now):
        await _write(session, signer, compound, vote, "day", "daily", now)
        done += 1
    vote.next_at = wakes_at(vote, now)
    session.add(vote)
    return done


async def _write(
    session: AsyncSession,
    signer: Signer,
    compound: Compound,
    vote: Vote,
    kind: str,
    reason: str,
    now: datetime,
) -> None:
    leave(session, vote, kind, {}, now)
    await session.flush()
    origin = origin_of(compound.code, vote.vote_number)
    await seal(session, signer, vote.compound_id, vote.vote_number, origin, now, reason)


async def _is_morning(session: AsyncSession, vote: Vote, now: datetime) -> bool:
    """Whether no head was signed to be handed out since the last morning."""
    signed_at = await find_last_leaf_at(session, vote.compound_id, vote.vote_number, ["open", "day"])
    return signed_at is not None and signed_at < last_morning(now)
