"""Chat groups as messages and alerts need them."""

from collections.abc import Collection

from sqlalchemy import tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import GroupKind
from storage.tables import ChatGroup, Compound


async def list_heard_groups(
    session: AsyncSession, rooms: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[ChatGroup, Compound]]:
    """The groups registered for these rooms (account, room), with their compounds; ended ones are left out."""
    statement = (
        select(ChatGroup, Compound)
        .join(Compound, col(Compound.compound_id) == ChatGroup.compound_id)
        .where(
            tuple_(col(ChatGroup.account), col(ChatGroup.room)).in_(list(rooms)),
            col(ChatGroup.ended_at).is_(None),
        )
    )
    return {
        (group.account, group.room): (group, compound) for group, compound in await session.exec(statement)
    }


async def list_internal_groups(session: AsyncSession, compound_id: int) -> list[ChatGroup]:
    """The staff's groups of a compound that can be written to, in the order they were registered."""
    statement = (
        select(ChatGroup)
        .where(
            ChatGroup.compound_id == compound_id,
            ChatGroup.kind == GroupKind.INTERNAL,
            ChatGroup.speaks_through != "",
            col(ChatGroup.ended_at).is_(None),
        )
        .order_by(col(ChatGroup.group_id))
    )
    return list((await session.exec(statement)).all())
