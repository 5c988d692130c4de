"""Use case: staff ask all residents something."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.polls.rules import Draft, building_of, checked
from handlers.polls.words import announcement, topic_of
from handlers.reach.notify import Notice, notify_group
from storage.audit import add_audit_event
from storage.queries.opinions import next_number
from storage.queries.vote_reach import list_groups_written_to
from storage.states import MessageClass
from storage.tables import Compound, Poll


async def create_poll(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    draft: Draft,
    now: datetime,
    *,
    actor_id: int,
    about: Mapping[str, Any] | None = None,
    announce: bool = True,
) -> Poll:
    """A poll that is open from now on; raises Refused. announce: tell the compound's groups, once."""
    assert compound.compound_id is not None
    held = checked(draft, now)
    poll = Poll(
        compound_id=compound.compound_id,
        poll_number=await next_number(session, compound.compound_id, "poll"),
        kind=held.kind,
        title=held.title,
        body=held.body,
        options=list(held.options),
        choose=held.choose,
        places=list(held.places),
        live=held.live,
        about=dict(about or {}),
        created_by=actor_id,
        created_at=now,
        opens_at=now,
        closes_at=held.closes_at,
    )
    session.add(poll)
    await session.flush()
    add_audit_event(
        session,
        at=now,
        verb="poll.created",
        compound_id=poll.compound_id,
        actor_id=actor_id,
        subject=f"poll:{poll.poll_number}",
        details={"kind": held.kind.value},
    )
    if announce:
        notice = Notice(
            MessageClass.PROMPT,
            announcement(compound, poll, services.public_url),
            f"poll:{poll.compound_id}:{poll.poll_number}:opened",
            expires_at=poll.closes_at,
            topic=topic_of(poll.compound_id, poll.poll_number),
        )
        for group in await list_groups_written_to(session, poll.compound_id):
            if not held.places or group.place_code is None or building_of(group.place_code) in held.places:
                await notify_group(session, services, group, notice, now)
    return poll
