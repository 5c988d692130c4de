"""The chat archive: how far it was read, what it left here, and taking revoked words out again."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, null, update
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.inbox import Lease
from storage.states import InboxState, OutboxState, Tombstone
from storage.tables import (
    ArchiveCursor,
    ArchiveTombstone,
    InboxMessage,
    Opinion,
    OutboxMessage,
    WeeklyCycle,
)
from storage.upsert import insert_for, insert_ignore

REVOKED = "message.revoked"


# The cursor


async def find_cursor(session: AsyncSession, account: str) -> ArchiveCursor | None:
    """How far an account was read; None before the first look."""
    statement = select(ArchiveCursor).where(ArchiveCursor.account == account)
    return (await session.exec(statement)).one_or_none()


async def take_cursor(
    session: AsyncSession, account: str, owner: str, now: datetime, until: datetime
) -> int | None:
    """Lease the cursor and return its seq; None while another replica has it."""
    first = {"account": account, "seq": 0, "lease_owner": "", "moved_at": now}
    await insert_ignore(session, ArchiveCursor, first)
    statement = (
        update(ArchiveCursor)
        .where(
            col(ArchiveCursor.account) == account,
            or_(
                col(ArchiveCursor.lease_owner) == owner,
                col(ArchiveCursor.lease_until).is_(None),
                col(ArchiveCursor.lease_until) <= now,
            ),
        )
        .values(lease_owner=owner, lease_until=until)
        .returning(col(ArchiveCursor.seq))
    )
    seq = (await session.exec(statement)).scalar_one_or_none()
    return None if seq is None else int(seq)


async def move_cursor(
    session: AsyncSession,
    account: str,
    owner: str,
    from_seq: int,
    to_seq: int,
    now: datetime,
    until: datetime,
) -> bool:
    """Note that everything up to `to_seq` was read, or with to_seq = from_seq that there is nothing more.

    False when another replica has taken over or moved on since: what was read with `from_seq` must not be stored.
    """
    result = await session.exec(
        update(ArchiveCursor)
        .where(
            col(ArchiveCursor.account) == account,
            col(ArchiveCursor.lease_owner) == owner,
            col(ArchiveCursor.seq) == from_seq,
        )
        .values(seq=to_seq, moved_at=now, lease_until=until)
    )
    return int(result.rowcount) == 1


async def release_cursors(session: AsyncSession, owner: str) -> None:
    """Let another replica read on at once."""
    await session.exec(
        update(ArchiveCursor).where(col(ArchiveCursor.lease_owner) == owner).values(lease_until=None)
    )


# What a page leaves


async def add_tombstones(
    session: AsyncSession, account: str, reasons: Sequence[tuple[int, Tombstone]], at: datetime
) -> None:
    """Note (seq, reason) of what left no text."""
    if not reasons:
        return
    await session.exec(
        insert_for(session, ArchiveTombstone).on_conflict_do_nothing(),
        params=[{"account": account, "seq": seq, "reason": reason, "at": at} for seq, reason in reasons],
    )


async def count_tombstones(session: AsyncSession, account: str) -> dict[Tombstone, int]:
    """How many there are for each reason."""
    statement = (
        select(ArchiveTombstone.reason, func.count())
        .where(ArchiveTombstone.account == account)
        .group_by(col(ArchiveTombstone.reason))
    )
    return {Tombstone(reason): count for reason, count in (await session.exec(statement)).all()}


async def forget_tombstones(session: AsyncSession, before: datetime) -> int:
    """Drop those of long ago; returns how many."""
    result = await session.exec(delete(ArchiveTombstone).where(col(ArchiveTombstone.at) < before))
    return int(result.rowcount)


async def add_heard(session: AsyncSession, rows: Sequence[dict[str, Any]], lease: Lease) -> None:
    """Put messages into the inbox, each once by its key.

    rows: account, message_key, kind, sender, sent_at, text, media_id, room, quoted.
    """
    await _add_rows(session, rows, lease, {"state": InboxState.NEW, "outcome": "", "done_at": None})


async def add_revoked_before_heard(
    session: AsyncSession, account: str, rooms_by_key: dict[str, str], lease: Lease
) -> None:
    """Take the keys of messages that were revoked before they came, so that their words find no place."""
    rows = [
        {
            "account": account,
            "message_key": key,
            "kind": "other",
            "sender": "",
            "sent_at": lease.received_at,
            "text": "",
            "media_id": "",
            "room": room,
            "quoted": "",
        }
        for key, room in rooms_by_key.items()
    ]
    ended = {"state": InboxState.DONE, "outcome": REVOKED, "done_at": lease.received_at}
    await _add_rows(session, rows, lease, ended)


async def _add_rows(
    session: AsyncSession, rows: Sequence[dict[str, Any]], lease: Lease, same: dict[str, Any]
) -> None:
    if not rows:
        return
    same |= {
        "scene": "",
        "reply_address": "",
        "received_at": lease.received_at,
        "lease_owner": lease.owner,
        "lease_until": lease.until,
        "attempts": 0,
    }
    await session.exec(
        insert_for(session, InboxMessage).on_conflict_do_nothing(), params=[row | same for row in rows]
    )


# Taking words back


async def lock_messages(
    session: AsyncSession, account: str, message_keys: Collection[str]
) -> list[InboxMessage]:
    """These messages, locked until the transaction ends: whoever works on one has finished with it.

    Read anew, so that what that worker wrote is seen. In one order everywhere.
    """
    statement = (
        select(InboxMessage)
        .where(InboxMessage.account == account, col(InboxMessage.message_key).in_(message_keys))
        .order_by(col(InboxMessage.inbox_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await session.exec(statement)).all())


async def lock_opinions_of_messages(session: AsyncSession, inbox_ids: Collection[int]) -> list[Opinion]:
    """The opinions that these messages became, locked."""
    statement = (
        select(Opinion)
        .where(col(Opinion.inbox_id).in_(inbox_ids))
        .order_by(col(Opinion.inbox_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await session.exec(statement)).all())


async def put_outbox_words(
    session: AsyncSession, outbox_id: int, text: str, payload: dict[str, Any] | None
) -> None:
    """Change what an outgoing message says, wherever it stands; its lease and state stay whose they are."""
    await session.exec(
        update(OutboxMessage)
        .where(col(OutboxMessage.outbox_id) == outbox_id)
        .values(text=text, payload=null() if payload is None else payload)
        .execution_options(synchronize_session=False)
    )


async def blank_answers(session: AsyncSession, inbox_ids: Collection[int], now: datetime) -> None:
    """Take the words out of the answers to these messages; those that have not gone out will not."""
    of_messages = col(OutboxMessage.inbox_id).in_(inbox_ids)
    await session.exec(
        update(OutboxMessage)
        .where(of_messages, col(OutboxMessage.state).in_((OutboxState.PENDING, OutboxState.WAITING)))
        .values(state=OutboxState.CANCELLED, reason="revoked", done_at=now)
        .execution_options(synchronize_session=False)
    )
    await session.exec(
        update(OutboxMessage)
        .where(of_messages)
        .values(text="", payload=null())
        .execution_options(synchronize_session=False)
    )


async def lock_cycles_since(
    session: AsyncSession, compound_ids: Collection[int], week: str
) -> list[WeeklyCycle]:
    """The weeks of these compounds from `week` (a Monday, 2026-11-16) on, locked: no digest of them is being made.

    Also those without a digest: of one that is just being made the row as it was is all that can be seen.
    """
    statement = (
        select(WeeklyCycle)
        .where(
            col(WeeklyCycle.compound_id).in_(compound_ids),
            WeeklyCycle.week >= week,
        )
        .order_by(col(WeeklyCycle.compound_id), col(WeeklyCycle.week))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await session.exec(statement)).all())
