"""Use case: a compound begins to give points, or gives none any more."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.audit import add_audit_event
from storage.queries.points import lock_point_settings


async def switch_points(
    session: AsyncSession, compound_id: int, now: datetime, *, on: bool, actor_id: int
) -> bool:
    """False when it was so already. What was earned before stays; what was done while it was off earns nothing."""
    settings = await lock_point_settings(session, compound_id)
    if (settings.on_since is not None) == on:
        return False
    settings.on_since = now if on else None
    session.add(settings)
    add_audit_event(
        session,
        at=now,
        verb="points.switched",
        compound_id=compound_id,
        actor_id=actor_id,
        subject="points",
        details={"on": on},
    )
    return True
