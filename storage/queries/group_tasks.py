"""企业群发 to customer groups: what waits for the owner's tap, and how much a group was sent this month."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, tuple_, update
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.outbox import add_to_history
from storage.states import Form, MessageClass, OutboxState
from storage.tables import ChatGroup, OutboxMessage


class Awaiting(NamedTuple):
    """A message that the platform has and the group's owner must still tap to send; given up at `until`."""

    outbox_id: int
    group_id: int
    group_name: str
    owner: str
    message_class: MessageClass
    text: str
    since: datetime
    until: datetime


async def list_awaiting(session: AsyncSession, compound_id: int, limit: int = 100) -> list[Awaiting]:
    """What waits for a tap in a compound's groups, the oldest first."""
    statement = (
        select(OutboxMessage, ChatGroup)
        .join(
            ChatGroup,
            (col(ChatGroup.speaks_through) == OutboxMessage.account)
            & (col(ChatGroup.room) == OutboxMessage.recipient),
        )
        .where(ChatGroup.compound_id == compound_id, OutboxMessage.state == OutboxState.AWAITING_OWNER)
        .order_by(col(OutboxMessage.outbox_id))
        .limit(limit)
    )
    return [
        Awaiting(
            message.outbox_id or 0,
            group.group_id or 0,
            group.name,
            group.owner,
            message.message_class,
            message.text,
            message.created_at,
            message.expires_at,
        )
        for message, group in (await session.exec(statement)).all()
    ]


async def take_awaiting(
    session: AsyncSession, now: datetime, look_again_at: datetime, limit: int
) -> list[OutboxMessage]:
    """What it is time to ask the platform about, the longest unasked first; nobody asks again before `look_again_at`.

    `not_before` of what awaits its owner is the time of the next look.
    """
    statement = (
        select(OutboxMessage)
        .where(
            # Through the groups, whose index finds the few rows that wait among the many that went out.
            tuple_(col(OutboxMessage.account), col(OutboxMessage.recipient)).in_(
                select(ChatGroup.speaks_through, ChatGroup.room)
            ),
            OutboxMessage.state == OutboxState.AWAITING_OWNER,
            OutboxMessage.not_before <= now,
        )
        .order_by(col(OutboxMessage.not_before), col(OutboxMessage.outbox_id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=OutboxMessage)
    )
    taken = list((await session.exec(statement)).all())
    for message in taken:
        message.not_before = look_again_at
    return taken


async def end_task(
    session: AsyncSession, message: OutboxMessage, state: OutboxState, now: datetime, reason: str = ""
) -> None:
    """Record what became of a group task; nothing happens when another replica has done so."""
    await session.exec(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.outbox_id) == message.outbox_id,
            col(OutboxMessage.state) == OutboxState.AWAITING_OWNER,
        )
        .values(state=state, reason=add_to_history(message.reason, reason), done_at=now)
        .execution_options(synchronize_session=False)
    )


async def count_tasks_since(
    session: AsyncSession, account: str, room: str, since: datetime, except_id: int | None
) -> int:
    """How many tasks a group was sent, or may yet be sent, since a moment.

    What waits for a tap, is on its way or has an unknown fate counts: the platform may count it.
    """
    statement = select(func.count()).where(
        OutboxMessage.account == account,
        OutboxMessage.recipient == room,
        OutboxMessage.form == Form.GROUP_TASK,
        OutboxMessage.outbox_id != except_id,
        or_(
            col(OutboxMessage.state).in_((OutboxState.SENDING, OutboxState.AWAITING_OWNER)),
            col(OutboxMessage.state).in_((OutboxState.SENT, OutboxState.UNCERTAIN))
            & (col(OutboxMessage.done_at) >= since),
        ),
    )
    return (await session.exec(statement)).one()
