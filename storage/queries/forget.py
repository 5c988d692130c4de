"""Taking a person out of groups, browsers, the staff's accounts, and what others were sent."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import MessageClass
from storage.tables import (
    ChatGroup,
    GroupMember,
    OneTimeLink,
    Opinion,
    OutboxMessage,
    StaffAccount,
    WebSession,
)

_CHUNK = 500


async def forget_memberships(session: AsyncSession, accounts: Collection[str], external_id: str) -> None:
    """Take someone off the member lists of the groups that these accounts know."""
    groups = select(ChatGroup.group_id).where(col(ChatGroup.account).in_(accounts))
    await session.exec(
        delete(GroupMember).where(
            col(GroupMember.external_id) == external_id, col(GroupMember.group_id).in_(groups)
        )
    )


async def list_quoting_since(
    session: AsyncSession, since: datetime, after: int
) -> list[tuple[int, str, dict[str, Any] | None]]:
    """Outgoing messages that may quote somebody to others (outbox_id, text, payload), in chunks beyond id `after`."""
    statement = (
        select(OutboxMessage.outbox_id, OutboxMessage.text, OutboxMessage.payload)
        .where(
            OutboxMessage.created_at >= since,
            col(OutboxMessage.outbox_id) > after,
            col(OutboxMessage.message_class).in_(
                (MessageClass.ALERT, MessageClass.DIGEST, MessageClass.NOTICE, MessageClass.REPLY)
            ),
            OutboxMessage.text != "",
        )
        .order_by(col(OutboxMessage.outbox_id))
        .limit(_CHUNK)
    )
    rows = (await session.exec(statement)).all()
    return [
        (outbox_id, text, dict(payload) if payload is not None else None)
        for outbox_id, text, payload in rows
        if outbox_id is not None
    ]


async def list_opinions_with_words(session: AsyncSession, person_id: int) -> list[Opinion]:
    """A person's opinions that still have their words."""
    statement = select(Opinion).where(Opinion.person_id == person_id, col(Opinion.text).is_not(None))
    return list((await session.exec(statement)).all())


async def forget_browsers(session: AsyncSession, person_id: int) -> None:
    """Sign a person out everywhere, and let no link of theirs act any more."""
    await session.exec(delete(WebSession).where(col(WebSession.person_id) == person_id))
    await session.exec(delete(OneTimeLink).where(col(OneTimeLink.person_id) == person_id))


async def close_staff_account(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Disable a person's local account and take its name and password away; nothing happens without one."""
    await session.exec(
        update(StaffAccount)
        .where(col(StaffAccount.person_id) == person_id)
        .values(disabled_at=now, password_hash="", username=f"erased-{person_id}")
    )
