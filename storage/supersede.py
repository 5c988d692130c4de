"""Messages that lost their point because there is newer news of the same thing."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import OutboxState
from storage.tables import OutboxMessage

SUPERSEDED = "superseded"  # the reason of a cancelled one; as a topic, of one that is just being sent


async def supersede(session: AsyncSession, topics: Collection[str], now: datetime) -> int:
    """Cancel in the caller's transaction what waits to go out on these topics; returns how many.

    What is being sent meanwhile goes, and is not tried again. A row that a sender, or a window that opens, holds
    locked at this very moment is passed over: waiting for it here could be for ever, since they wait for rows of the
    caller's. It goes as well then, and before whatever the caller queues.
    """
    if not topics:
        return 0
    open_rows = (
        select(OutboxMessage.outbox_id, OutboxMessage.state)
        .where(
            col(OutboxMessage.topic).in_(topics),
            col(OutboxMessage.topic) != "",  # so that the index of topics is used
            col(OutboxMessage.state).in_((OutboxState.PENDING, OutboxState.WAITING, OutboxState.SENDING)),
        )
        .order_by(col(OutboxMessage.outbox_id))
        .with_for_update(skip_locked=True, of=OutboxMessage)
    )
    found = (await session.exec(open_rows)).all()
    sending = [outbox_id for outbox_id, state in found if state == OutboxState.SENDING]
    waiting = [outbox_id for outbox_id, state in found if state != OutboxState.SENDING]
    for ids, values in (
        (sending, {"topic": SUPERSEDED}),
        (waiting, {"state": OutboxState.CANCELLED, "reason": SUPERSEDED, "done_at": now}),
    ):
        if ids:
            await session.exec(
                update(OutboxMessage)
                .where(col(OutboxMessage.outbox_id).in_(ids))
                .values(**values)
                .execution_options(synchronize_session=False)
            )
    return len(waiting)
