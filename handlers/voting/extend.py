"""Use case: the close is put off, once and only as it was announced."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.life import hold_vote, leave, take_step
from handlers.voting.rules import Command
from handlers.voting.signing import utc_text
from storage.tables import Compound, Vote


async def extend_vote(
    session: AsyncSession, compound: Compound, number: int, now: datetime, *, actor_id: int
) -> Vote:
    """Put the close off by the announced days; raises Refused."""
    vote = await hold_vote(session, compound, number)
    take_step(session, vote, Command.EXTEND, now, actor_id=actor_id)
    assert vote.closes_at is not None
    leave(session, vote, "extension", {"closes_at": utc_text(vote.closes_at)}, now)
    return vote
