"""Use case: what is watched of a compound is switched on or off; who did it is in the audit log."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.audit import add_audit_event
from storage.queries.oversight import find_oversight, put_oversight


async def switch_warnings(
    session: AsyncSession, compound_id: int, on: bool, now: datetime, *, actor_id: int
) -> bool:
    """Whether anything changed. Weeks are counted all the same, so that the past is known when it is on again."""
    if (await find_oversight(session, compound_id)).warnings == on:
        return False
    await put_oversight(session, compound_id, {"warnings": on})
    add_audit_event(
        session,
        at=now,
        verb="oversight.switched",
        compound_id=compound_id,
        actor_id=actor_id,
        subject="oversight:warnings",
        details={"on": on},
    )
    return True
