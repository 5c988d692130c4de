"""Use cases: a matter is one that somebody has to see to, or it is none."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.requests.commands import Why
from handlers.requests.raise_ import cancel_request, raise_request
from storage.audit import add_audit_event
from storage.states import MatterState
from storage.tables import Compound, Matter


async def confirm_matter(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    now: datetime,
    *,
    actor_id: int | None = None,
    by_rule: bool = False,
    speaker_id: int | None = None,
) -> bool:
    """Confirm a candidate, or one that had been dismissed, and raise its request; False when nothing changed.

    actor_id: who did, None for by_rule; then speaker_id is whose words did it: they get a receipt, and no second word.
    The caller holds the compound's matters.
    """
    if matter.state not in (MatterState.CANDIDATE, MatterState.DISMISSED):
        return False
    matter.state, matter.confirmed_at = MatterState.CONFIRMED, now
    matter.confirmed_by = actor_id
    await session.flush()
    await raise_request(session, services, compound, matter, now, actor_id=actor_id or speaker_id)
    _audit(session, "matter.confirmed", matter, now, actor_id, {"by_rule": by_rule})
    return True


async def dismiss_matter(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    matter: Matter,
    now: datetime,
    *,
    actor_id: int,
) -> bool:
    """Nothing is to be done about it; confirming takes that back. False when nothing changed."""
    if matter.state not in (MatterState.CANDIDATE, MatterState.CONFIRMED):
        return False
    matter.state = MatterState.DISMISSED
    await session.flush()
    await cancel_request(session, services, compound, matter, Why.DISMISSED, now, actor_id=actor_id)
    _audit(session, "matter.dismissed", matter, now, actor_id, {})
    return True


def _audit(
    session: AsyncSession,
    verb: str,
    matter: Matter,
    now: datetime,
    actor_id: int | None,
    details: dict[str, bool],
) -> None:
    add_audit_event(
        session,
        at=now,
        verb=verb,
        compound_id=matter.compound_id,
        actor_id=actor_id,
        subject=f"matter:{matter.number}",
        details=details,
    )
