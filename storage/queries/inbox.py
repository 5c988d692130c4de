"""Working through the inbox table."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, tuple_, update
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import InboxState
from storage.tables import InboxMessage


async def take_new(
    session: AsyncSession, owner: str, now: datetime, limit: int, ahead: Collection[int] = ()
) -> list[InboxMessage]:
    """The oldest messages that this replica may work on, locked until the transaction ends.

    A row's lease says whose it is first; a lease that ran out is anyone's. ahead: only these (inbox ids), and what
    the same people wrote 1:1 before them, so that nobody's own words change places.
    """
    statement = (
        select(InboxMessage)
        .where(*_may_take(owner, now))
        .order_by(col(InboxMessage.inbox_id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if ahead:
        speakers = (
            await session.exec(
                select(InboxMessage.account, InboxMessage.sender)
                .where(col(InboxMessage.inbox_id).in_(ahead), InboxMessage.room == "")
                .distinct()
            )
        ).all()
        before = (
            (col(InboxMessage.room) == "")
            & tuple_(col(InboxMessage.account), col(InboxMessage.sender)).in_(speakers)
            & (col(InboxMessage.inbox_id) < max(ahead))
        )
        statement = statement.where(or_(col(InboxMessage.inbox_id).in_(ahead), before))
    return list((await session.exec(statement)).all())


def _may_take(owner: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(InboxMessage.state) == InboxState.NEW,
        or_(col(InboxMessage.lease_owner) == owner, col(InboxMessage.lease_until) <= now),
    )


async def list_waiting(session: AsyncSession, owner: str, now: datetime, after: int, limit: int) -> list[int]:
    """What `take_new` would find behind an inbox id, the oldest first; a read that takes no lock."""
    statement = (
        select(InboxMessage.inbox_id)
        .where(*_may_take(owner, now), col(InboxMessage.inbox_id) > after)
        .order_by(col(InboxMessage.inbox_id))
        .limit(limit)
    )
    return [inbox_id for inbox_id in (await session.exec(statement)).all() if inbox_id is not None]


async def list_texts(session: AsyncSession, inbox_ids: Collection[int]) -> list[tuple[int, str]]:
    """What these messages say (inbox id, text)."""
    statement = select(InboxMessage.inbox_id, InboxMessage.text).where(
        col(InboxMessage.inbox_id).in_(inbox_ids)
    )
    return [(inbox_id, text) for inbox_id, text in (await session.exec(statement)).all() if inbox_id]


async def postpone(
    session: AsyncSession, inbox_id: int, now: datetime, first_delay_seconds: float, max_attempts: int
) -> int:
    """Put a message off, longer each time, for any replica; FAILED after max_attempts. Returns the attempts so far."""
    message = (
        await session.exec(select(InboxMessage).where(InboxMessage.inbox_id == inbox_id).with_for_update())
    ).one()
    if message.state is not InboxState.NEW:  # another replica has been luckier meanwhile
        return message.attempts
    message.attempts += 1
    message.lease_owner = ""
    message.lease_until = now + timedelta(seconds=first_delay_seconds * 2**message.attempts)
    if message.attempts >= max_attempts:
        message.state, message.outcome, message.done_at = InboxState.FAILED, "message.failed", now
    return message.attempts


async def is_new(session: AsyncSession, inbox_id: int) -> bool:
    """Whether a message has not been worked on yet."""
    statement = select(InboxMessage.state).where(InboxMessage.inbox_id == inbox_id)
    return (await session.exec(statement)).one_or_none() is InboxState.NEW


async def has_new(session: AsyncSession, owner: str, now: datetime) -> bool:
    """Whether `take_new` would find something; a read that takes no lock."""
    statement = select(InboxMessage.inbox_id).where(*_may_take(owner, now)).limit(1)
    return (await session.exec(statement)).first() is not None


async def release_leases(session: AsyncSession, owner: str, now: datetime) -> None:
    """Let other replicas have what this one will not get to."""
    await session.exec(
        update(InboxMessage)
        .where(col(InboxMessage.state) == InboxState.NEW, col(InboxMessage.lease_owner) == owner)
        .values(lease_until=now)
    )


async def list_held(session: AsyncSession, person_id: int, outcome: str) -> list[InboxMessage]:
    """A person's messages that ended with this outcome and still have their words, oldest first."""
    statement = (
        select(InboxMessage)
        .where(InboxMessage.person_id == person_id, InboxMessage.outcome == outcome, InboxMessage.text != "")
        .order_by(col(InboxMessage.inbox_id))
        .with_for_update()  # a revoke must not come between reading the words and filing them
    )
    return list((await session.exec(statement)).all())


async def find_message(session: AsyncSession, account: str, message_key: str) -> InboxMessage | None:
    """A received message by its platform key."""
    statement = select(InboxMessage).where(
        InboxMessage.account == account, InboxMessage.message_key == message_key
    )
    return (await session.exec(statement)).one_or_none()


async def count_by_state(session: AsyncSession, states: Sequence[InboxState]) -> dict[InboxState, int]:
    """How many messages are in each of these states."""
    statement = (
        select(InboxMessage.state, func.count())
        .where(col(InboxMessage.state).in_(states))
        .group_by(col(InboxMessage.state))
    )
    return {InboxState(state): count for state, count in (await session.exec(statement)).all()}


async def blank_failed_messages(session: AsyncSession, account: str, sender: str) -> None:
    """Take out the words of messages that could never be worked on, and so were linked to nobody."""
    await session.exec(
        update(InboxMessage)
        .where(
            col(InboxMessage.state) == InboxState.FAILED,
            col(InboxMessage.account) == account,
            col(InboxMessage.sender) == sender,
        )
        .values(text="", quoted="", reply_address="", media_id="", sender="")
    )


async def end_unheard_messages(
    session: AsyncSession, account: str, sender: str, before_inbox_id: int, now: datetime
) -> None:
    """Take out the words of messages that came before but were not worked on yet: nobody will."""
    await session.exec(
        update(InboxMessage)
        .where(
            col(InboxMessage.state) == InboxState.NEW,
            col(InboxMessage.account) == account,
            col(InboxMessage.sender) == sender,
            col(InboxMessage.inbox_id) < before_inbox_id,
        )
        .values(
            text="",
            quoted="",
            reply_address="",
            media_id="",
            sender="",
            state=InboxState.DONE,
            outcome="message.erased",
            done_at=now,
        )
    )


async def blank_messages_of(session: AsyncSession, person_id: int) -> None:
    """Take a person and their words out of the inbox; the rows stay, so that a retry still meets its key."""
    await session.exec(
        update(InboxMessage)
        .where(col(InboxMessage.person_id) == person_id)
        .values(text="", quoted="", reply_address="", media_id="", sender="", person_id=None)
    )


async def list_said_before(
    session: AsyncSession, account: str, room: str, inbox_id: int, since: datetime, limit: int
) -> list[str]:
    """What was said last in a group before a message, oldest first; what nobody may read any more is left out."""
    statement = (
        select(InboxMessage.text)
        .where(
            InboxMessage.account == account,
            InboxMessage.room == room,
            InboxMessage.room != "",  # as the index has it
            col(InboxMessage.inbox_id) < inbox_id,
            InboxMessage.sent_at >= since,
            InboxMessage.text != "",
        )
        .order_by(col(InboxMessage.inbox_id).desc())
        .limit(limit)
    )
    return list(reversed((await session.exec(statement)).all()))
