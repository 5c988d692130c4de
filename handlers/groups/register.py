"""Use cases: a group is registered for a compound, its members are told that the bot listens, it ends."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.groups.rules import place_of_name
from storage.audit import add_audit_event
from storage.queries.groups import find_group, list_members, list_place_codes, tell_identities
from storage.states import GroupKind
from storage.tables import ChatGroup, Compound


class GroupError(Exception):
    """A group cannot be registered like this; the message says why, in English, for an operator."""


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A group as an operator describes it. place_code: None to read it off the name. See ChatGroup."""

    account: str
    room: str
    kind: GroupKind
    name: str
    place_code: str | None = None
    speaks_through: str = ""
    owner: str = ""
    welcomes: bool = False


async def register_group(
    session: AsyncSession, compound: Compound, entry: GroupEntry, now: datetime
) -> ChatGroup:
    """Register a group, or change what differs; one that had ended begins anew and has to be told again.

    Raises GroupError for a place that the compound does not have, and for a group that is another compound's.
    """
    assert compound.compound_id is not None
    known = await list_place_codes(session, compound.compound_id)
    place_code = entry.place_code or place_of_name(entry.name, known)
    if place_code is not None and place_code not in known:
        raise GroupError(f"{compound.code} has no place {place_code}")
    group = await find_group(session, entry.account, entry.room)
    standing = group is not None and group.ended_at is None
    if group is None:
        group = ChatGroup(
            compound_id=compound.compound_id,
            account=entry.account,
            room=entry.room,
            kind=entry.kind,
            name=entry.name,
            registered_at=now,
        )
    elif standing and group.compound_id != compound.compound_id:
        raise GroupError("this group is registered for another compound: end it there first")
    elif not standing:
        group.registered_at, group.told_at, group.ended_at = now, None, None
    group.compound_id = compound.compound_id
    group.kind, group.name, group.place_code = entry.kind, entry.name, place_code
    group.speaks_through, group.owner, group.welcomes = entry.speaks_through, entry.owner, entry.welcomes
    session.add(group)
    await session.flush()
    _audit(session, group, "group.changed" if standing else "group.registered", now)
    return group


async def note_told(session: AsyncSession, group: ChatGroup, people: str, now: datetime) -> int:
    """The notice was posted: whoever sits in the group knows from now on. Returns how many had not known.

    people: the account under which the corp's people are known.
    """
    assert group.group_id is not None
    members = await list_members(session, group.group_id)
    told = await tell_identities(
        session, people, [who for who, member in members.items() if not member.is_staff], now
    )
    group.told_at = now
    session.add(group)
    _audit(session, group, "group.told", now)
    return told


def end_group(session: AsyncSession, group: ChatGroup, now: datetime) -> None:
    """Hear nothing more of a group; doing it twice changes nothing."""
    if group.ended_at is None:
        group.ended_at = now
        session.add(group)
        _audit(session, group, "group.ended", now)


def _audit(session: AsyncSession, group: ChatGroup, verb: str, now: datetime) -> None:
    add_audit_event(
        session, at=now, verb=verb, compound_id=group.compound_id, subject=f"group:{group.group_id}"
    )
