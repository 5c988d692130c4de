"""Use cases: a poll ends, by the clock or because staff end it."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.polls.words import topic_of
from storage.audit import add_audit_event
from storage.database import Database
from storage.queries.polls import count_answers, list_due_polls, lock_poll
from storage.supersede import supersede

LIMIT = 200


async def advance_polls(database: Database, now: datetime) -> int:
    """End the polls whose time is over; returns how many. Called by every replica as often as it likes."""
    async with database.read() as session:
        found = await list_due_polls(session, now, LIMIT)
    return await each_apart(database, found, lambda session, key: _end_due(session, *key, now))


async def _end_due(session: AsyncSession, compound_id: int, number: int, now: datetime) -> int:
    return int(await close_poll(session, compound_id, number, now, actor_id=None))


async def close_poll(
    session: AsyncSession, compound_id: int, number: int, now: datetime, *, actor_id: int | None
) -> bool:
    """End a poll; False when it had ended, or there is none. actor_id: None for the clock."""
    poll = await lock_poll(session, compound_id, number)
    if poll is None or poll.ended_at is not None:
        return False
    poll.ended_at = min(now, poll.closes_at)
    session.add(poll)
    await supersede(session, [topic_of(compound_id, number)], now)
    add_audit_event(
        session,
        at=now,
        verb="poll.ended",
        compound_id=compound_id,
        actor_id=actor_id,
        subject=f"poll:{number}",
        details={"answers": await count_answers(session, compound_id, number)},
    )
    return True
