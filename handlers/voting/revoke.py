"""Use case: a vote is revoked, with a reason that the owners can read. What was cast stays in the record."""

from datetime import datetime

import rfc8785
from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.life import hold_vote, leave, take_step
from handlers.voting.rules import Command
from storage.merkle import leaf_hash
from storage.tables import Compound, Vote

MOST_REASON = 2000


async def revoke_vote(
    session: AsyncSession, compound: Compound, number: int, reason: str, now: datetime, *, actor_id: int
) -> Vote:
    """Revoke a vote whose notice is out; raises Refused."""
    vote = await hold_vote(session, compound, number)
    take_step(session, vote, Command.REVOKE, now, actor_id=actor_id, reason=reason)
    vote.revoked_reason = reason.strip()[:MOST_REASON]
    leave(session, vote, "revoked", {"reason": leaf_hash(rfc8785.dumps(vote.revoked_reason)).hex()}, now)
    return vote
