"""Use case: a resident takes back what they filed."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.matters.recount import lose_voices
from handlers.requests.topics import topics_of
from storage.audit import add_audit_event
from storage.queries.matters import has_voice, lock_matters
from storage.queries.photos import drop_photos_of_opinions
from storage.states import OpinionState
from storage.supersede import supersede
from storage.tables import Opinion


async def withdraw_opinion(
    session: AsyncSession, services: Services, opinion: Opinion, now: datetime, *, actor_id: int
) -> None:
    """Withdraw an opinion, and its photos with it; doing it twice changes nothing.

    The caller has checked that it is the actor's own.
    """
    await lock_matters(session, opinion.compound_id)
    await session.refresh(
        opinion, ["matter_number", "state"]
    )  # it may have been merged or withdrawn meanwhile
    if opinion.state is OpinionState.WITHDRAWN:
        return
    opinion.state = OpinionState.WITHDRAWN
    photos = await drop_photos_of_opinions(session, [(opinion.compound_id, opinion.number)])
    add_audit_event(
        session,
        at=now,
        verb="opinion.withdrawn",
        compound_id=opinion.compound_id,
        actor_id=actor_id,
        subject=f"opinion:{opinion.number}",
        details={"photos": photos} if photos else None,
    )
    await session.flush()
    await lose_voices(session, services, opinion.compound_id, opinion.matter_number, now, actor_id=actor_id)
    matter = opinion.matter_number
    if matter is not None and not await has_voice(session, opinion.compound_id, matter, actor_id):
        # What still waits to tell them of it is about somebody else's matter now.
        await supersede(session, topics_of(opinion.compound_id, matter, actor_id), now)
