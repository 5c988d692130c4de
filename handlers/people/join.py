"""Use case: the platform says that a follower of a service account and others are one human being."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from storage.audit import add_audit_event
from storage.queries.groups import move_identity
from storage.queries.people import lock_identities_of_union
from storage.states import ChannelKind


async def join_people(session: AsyncSession, services: Services, union_id: str, now: datetime) -> int:
    """Make one person of all who have a union id; returns how many identities moved. Again, it changes nothing.

    The person of the service account stays, of several the one known longest: it has the home, and the pages that
    somebody is signed in to. Belongs in a transaction after the one that noted the union id: of two that note the
    same at once, the later one then sees both.
    """
    # Whoever works on words of one of them holds it: wait, so that none are filed for a person who is nobody.
    same = await lock_identities_of_union(session, union_id)
    followers = [one for one in same if services.kind_of(one.account) is ChannelKind.OFFICIAL_ACCOUNT]
    if not followers:  # forgotten meanwhile
        return 0
    person_id = followers[0].person_id
    moved = [one for one in same if one.person_id != person_id]
    for one in moved:
        await move_identity(session, one, person_id)
    if moved:
        add_audit_event(
            session,
            at=now,
            verb="person.joined",
            subject=f"person:{person_id}",
            details={"identities": len(moved)},
        )
    return len(moved)
