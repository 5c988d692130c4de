"""Registered chat groups and who sits in them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.consultations import move_consultations
from storage.queries.points import move_points
from storage.queries.polls import move_answers
from storage.queries.survey_answers import move_survey_answers
from storage.queries.topics import move_in_topics
from storage.states import PlaceLevel, SessionKind
from storage.tables import (
    ChannelIdentity,
    ChatGroup,
    Compound,
    GroupMember,
    InboxMessage,
    Opinion,
    Photo,
    Place,
    Residency,
    RoleGrant,
    StaffAccount,
    WebSession,
)
from storage.upsert import insert_for


async def find_group(session: AsyncSession, account: str, room: str) -> ChatGroup | None:
    """A group by the platform's id of it, also one that has ended."""
    statement = select(ChatGroup).where(ChatGroup.account == account, ChatGroup.room == room)
    return (await session.exec(statement)).one_or_none()


async def list_groups_in_room(session: AsyncSession, room: str) -> list[ChatGroup]:
    """The groups with this id, on whichever account: one, or two when an operator listens to a room twice."""
    statement = select(ChatGroup).where(ChatGroup.room == room).order_by(col(ChatGroup.group_id))
    return list((await session.exec(statement)).all())


async def list_rooms(session: AsyncSession, account: str, rooms: Collection[str]) -> dict[str, ChatGroup]:
    """The groups of one account by room, also those that have ended."""
    statement = select(ChatGroup).where(ChatGroup.account == account, col(ChatGroup.room).in_(rooms))
    return {group.room: group for group in (await session.exec(statement)).all()}


async def list_groups(session: AsyncSession) -> list[tuple[ChatGroup, Compound]]:
    """All groups with their compounds, by compound and place."""
    statement = (
        select(ChatGroup, Compound)
        .join(Compound, col(Compound.compound_id) == ChatGroup.compound_id)
        .order_by(col(Compound.code), col(ChatGroup.place_code), col(ChatGroup.group_id))
    )
    return list((await session.exec(statement)).all())


async def list_changed_rooms(session: AsyncSession, after_inbox_id: int | None) -> tuple[set[str], int]:
    """The rooms that the platform said have changed since a row of the inbox, and the last row now.

    None looks at nothing and tells where to go on.
    """
    last = (await session.exec(select(func.max(InboxMessage.inbox_id)))).one() or 0
    if after_inbox_id is None:
        return set(), last
    statement = select(InboxMessage.room).where(
        col(InboxMessage.inbox_id) > after_inbox_id,
        col(InboxMessage.inbox_id) <= last,
        InboxMessage.kind == "group_changed",
    )
    return set((await session.exec(statement)).all()), last


async def list_place_codes(session: AsyncSession, compound_id: int) -> list[str]:
    """The codes of a compound's buildings and entrances."""
    statement = select(Place.code).where(
        Place.compound_id == compound_id,
        col(Place.level).in_((PlaceLevel.BUILDING, PlaceLevel.ENTRANCE)),
    )
    return list((await session.exec(statement)).all())


async def list_members(session: AsyncSession, group_id: int) -> dict[str, GroupMember]:
    """Who sits in a group, by the platform's id of them."""
    statement = select(GroupMember).where(GroupMember.group_id == group_id)
    return {member.external_id: member for member in (await session.exec(statement)).all()}


async def list_memberships(
    session: AsyncSession, group_ids: Collection[int], external_ids: Collection[str]
) -> dict[tuple[int, str], GroupMember]:
    """These people's memberships of these groups."""
    statement = select(GroupMember).where(
        col(GroupMember.group_id).in_(group_ids), col(GroupMember.external_id).in_(external_ids)
    )
    found = (await session.exec(statement)).all()
    return {(member.group_id, member.external_id): member for member in found}


async def list_identities(
    session: AsyncSession, account: str, external_ids: Collection[str]
) -> dict[str, ChannelIdentity]:
    """The identities that these people have on an account."""
    statement = select(ChannelIdentity).where(
        ChannelIdentity.account == account, col(ChannelIdentity.external_id).in_(external_ids)
    )
    return {identity.external_id: identity for identity in (await session.exec(statement)).all()}


async def list_refusing(session: AsyncSession, person_ids: Collection[int]) -> set[int]:
    """Who of these people does not want to be heard, said on whichever account."""
    statement = select(ChannelIdentity.person_id).where(
        col(ChannelIdentity.person_id).in_(person_ids), col(ChannelIdentity.refused_at).is_not(None)
    )
    return set((await session.exec(statement)).all())


async def find_persons_by_union(
    session: AsyncSession, union_ids: Collection[str], besides: str
) -> dict[str, int]:
    """The person behind each of these ids on other accounts than `besides`, the one known longest of several."""
    statement = (
        select(ChannelIdentity)
        .where(
            col(ChannelIdentity.union_id).in_([union_id for union_id in union_ids if union_id]),
            ChannelIdentity.account != besides,
        )
        .order_by(col(ChannelIdentity.identity_id).desc())
    )
    return {identity.union_id: identity.person_id for identity in (await session.exec(statement)).all()}


async def put_members(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Add members of a group, or change what is known of them; rows have the columns of GroupMember."""
    if not rows:
        return
    statement = insert_for(session, GroupMember)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["group_id", "external_id"],
            set_={"is_staff": statement.excluded.is_staff, "joined_at": statement.excluded.joined_at},
        ),
        params=list(rows),
    )


async def drop_members(session: AsyncSession, group_id: int, external_ids: Collection[str]) -> None:
    """Take people who left off a group's list."""
    await session.exec(
        delete(GroupMember).where(
            col(GroupMember.group_id) == group_id, col(GroupMember.external_id).in_(external_ids)
        )
    )


async def forget_members_of_ended(session: AsyncSession) -> int:
    """Drop the members of groups that have ended, whom nobody keeps up to date nor needs; returns how many."""
    ended = select(ChatGroup.group_id).where(col(ChatGroup.ended_at).is_not(None))
    result = await session.exec(delete(GroupMember).where(col(GroupMember.group_id).in_(ended)))
    return int(result.rowcount)


async def tell_identities(
    session: AsyncSession, account: str, external_ids: Collection[str], at: datetime
) -> int:
    """Note that people know that the bot listens; whoever knew before keeps the earlier time. Returns how many."""
    result = await session.exec(
        update(ChannelIdentity)
        .where(
            col(ChannelIdentity.account) == account,
            col(ChannelIdentity.external_id).in_(external_ids),
            col(ChannelIdentity.told_at).is_(None),
        )
        .values(told_at=at)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)


async def move_identity(session: AsyncSession, identity: ChannelIdentity, person_id: int) -> None:
    """The identity turns out to be this person's: it, and what was said under it, become theirs.

    The old person keeps what came over another identity, an office, or a sign-in of their own. Who is signed in
    on pages as this identity stays so.
    """
    # Whoever files words of this identity holds it, and would file them under the old person: an update alone would
    # not wait for them, nor see what they file, and nobody could ever have it erased.
    held = (
        select(ChannelIdentity)
        .where(ChannelIdentity.identity_id == identity.identity_id)
        .with_for_update()
        .execution_options(autoflush=False)
    )
    await session.exec(held)
    old, identity.person_id = identity.person_id, person_id
    session.add(identity)
    await session.flush()
    await session.exec(
        update(WebSession)
        .where(
            col(WebSession.person_id) == old,
            col(WebSession.account) == identity.account,
            col(WebSession.kind) == SessionKind.RESIDENT,
        )
        .values(person_id=person_id)
    )
    for table in (ChannelIdentity, RoleGrant, StaffAccount):
        kept = await session.exec(select(table.person_id).where(table.person_id == old).limit(1))
        if kept.first() is not None:
            return
    for said in (Opinion, InboxMessage, Photo):
        await session.exec(update(said).where(col(said.person_id) == old).values(person_id=person_id))
    await move_answers(session, old, person_id)
    await move_points(session, old, person_id)
    await move_consultations(session, old, person_id)
    await move_in_topics(session, old, person_id)
    await move_survey_answers(session, old, person_id)
    known = set(await session.exec(select(Residency.compound_id).where(Residency.person_id == person_id)))
    for home in (await session.exec(select(Residency).where(Residency.person_id == old))).all():
        if home.compound_id in known:
            await session.delete(home)
        else:
            home.person_id = person_id
    await session.flush()
