"""Use case: what is watched of a compound is switched on or off; who did it is in the audit log."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from storage.audit import add_audit_event
from storage.queries.oversight import find_oversight, put_oversight
from storage.states import ReviewRhythm


async def switch_warnings(
    session: AsyncSession, _services: Services, compound_id: int, on: bool, now: datetime, *, actor_id: int
) -> bool:
    """Whether anything changed. Weeks are counted all the same, so that the past is known when it is on again."""
    return await _switch(session, compound_id, "warnings", on, now, actor_id)


async def switch_rate_cards(
    session: AsyncSession, _services: Services, compound_id: int, on: bool, now: datetime, *, actor_id: int
) -> bool:
    """Whether anything changed. Off, there is no card, and the company stands on no list for this compound."""
    return await _switch(session, compound_id, "rate_cards", on, now, actor_id)


async def set_review(
    session: AsyncSession,
    _services: Services,
    compound_id: int,
    rhythm: ReviewRhythm,
    now: datetime,
    *,
    actor_id: int,
) -> bool:
    """How often residents are asked about their committee; whether anything changed."""
    return await _switch(session, compound_id, "review", rhythm, now, actor_id, review_by=actor_id)


async def _switch(
    session: AsyncSession,
    compound_id: int,
    name: str,
    value: bool | ReviewRhythm,
    now: datetime,
    actor_id: int,
    **others: int,
) -> bool:
    if getattr(await find_oversight(session, compound_id), name) == value:
        return False
    await put_oversight(session, compound_id, {name: value, **others})
    add_audit_event(
        session,
        at=now,
        verb="oversight.switched",
        compound_id=compound_id,
        actor_id=actor_id,
        subject=f"oversight:{name}",
        details={"on": value},
    )
    return True
