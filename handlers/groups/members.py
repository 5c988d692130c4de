"""Use case: who sits in a group, as the platform says it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.groups.rules import Room, told_on_joining
from handlers.people.forgotten import find_forgotten
from storage.audit import add_audit_event
from storage.queries.groups import (
    drop_members,
    find_persons_by_union,
    list_identities,
    list_members,
    move_identity,
    put_members,
)
from storage.queries.people import get_or_add_identities
from storage.sealing import Sealer
from storage.tables import ChatGroup


@dataclass(frozen=True, slots=True)
class Member:
    """Someone in a group. union_id: the platform's id across accounts, empty where it tells none."""

    external_id: str
    is_staff: bool
    union_id: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Synced:
    """How many joined, left, and turned out to be people the bot knew from elsewhere."""

    joined: int
    left: int
    linked: int


async def sync_members(
    session: AsyncSession,
    sealer: Sealer,
    group: ChatGroup,
    people: str,
    members: Sequence[Member],
    now: datetime,
) -> Synced:
    """Make the group's list what the platform says; what people were told and chose stays theirs when they leave.

    Who has asked to be forgotten and sits there still is met again, as somebody who does not want to be heard.
    people: the account under which the corp's people are known. Doing it again changes nothing.
    """
    assert group.group_id is not None
    current = {member.external_id: member for member in members}
    before = await list_members(session, group.group_id)
    left = sorted(before.keys() - current.keys())
    await drop_members(session, group.group_id, left)
    await put_members(
        session,
        [
            {
                "group_id": group.group_id,
                "external_id": member.external_id,
                "is_staff": member.is_staff,
                "joined_at": member.joined_at,
            }
            for _, member in sorted(current.items())
            if member.external_id not in before
            or (before[member.external_id].is_staff, before[member.external_id].joined_at)
            != (member.is_staff, member.joined_at)
        ],
    )
    linked = await _meet(session, sealer, group, people, current, now)
    joined = len(current.keys() - before.keys())
    if joined or left or linked:
        add_audit_event(
            session,
            at=now,
            verb="group.synced",
            compound_id=group.compound_id,
            subject=f"group:{group.group_id}",
            details={"joined": joined, "left": len(left), "linked": linked},
        )
    return Synced(joined, len(left), linked)


async def _meet(
    session: AsyncSession,
    sealer: Sealer,
    group: ChatGroup,
    people: str,
    members: dict[str, Member],
    now: datetime,
) -> int:
    """Note identities, who they are elsewhere, and when the group told them. Returns how many were linked."""
    if not members:
        return 0
    await get_or_add_identities(session, [(people, who) for who in members], now)
    identities = await list_identities(session, people, members.keys())
    persons = await find_persons_by_union(session, {member.union_id for member in members.values()}, people)
    untold = [who for who, known in identities.items() if known.told_at is None]
    forgotten = await find_forgotten(session, sealer, people, untold)
    room = Room(group.registered_at, group.told_at, group.ended_at, group.welcomes)
    linked = 0
    for who, identity in sorted(identities.items()):
        member = members[who]
        if not member.is_staff and identity.told_at is None:
            identity.told_at = told_on_joining(room, member.joined_at)
        if who in forgotten and identity.refused_at is None:
            # The group's notice tells them as everybody, and it was not for that that they had themselves forgotten.
            identity.refused_at = now
        if member.union_id and identity.union_id != member.union_id:
            identity.union_id = member.union_id
        session.add(identity)
        known = persons.get(member.union_id) if member.union_id else None
        if known is not None and known != identity.person_id:
            await move_identity(session, identity, known)
            linked += 1
    return linked
