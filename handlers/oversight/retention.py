"""Use case: words and photos are kept for a set time, then only tags and counts."""

from datetime import datetime

from sqlalchemy import null, update
from sqlmodel import col, select

from storage.database import Database
from storage.queries.campaigns import reduce_places_before
from storage.queries.opinions import REDUCED
from storage.queries.photos import drop_photos_before
from storage.queries.requests import blank_request_words
from storage.states import InboxState, OutboxState
from storage.tables import InboxMessage, Opinion, OutboxMessage

CHUNK = 500  # rows in one transaction: callbacks must not wait long behind it


async def reduce_raw_text(database: Database, before: datetime) -> int:
    """Blank the words of messages, opinions and requests older than `before`, and who wrote and got the messages.

    Photos of then go whole. Returns how many rows were blanked or went.
    """
    ended = (
        OutboxState.OFFERED,
        OutboxState.SENT,
        OutboxState.UNCERTAIN,
        OutboxState.DEAD,
        OutboxState.CANCELLED,
    )
    blanked = 0
    while ids := await _ids(
        database,
        select(InboxMessage.inbox_id)
        .where(
            InboxMessage.received_at < before,
            InboxMessage.state != InboxState.NEW,
            (InboxMessage.text != "") | (InboxMessage.media_id != "") | (InboxMessage.sender != ""),
        )
        .limit(CHUNK),
    ):
        async with database.write() as session:
            await session.exec(
                update(InboxMessage)
                .where(col(InboxMessage.inbox_id).in_(ids))
                .values(text="", media_id="", sender="", quoted="", reply_address="")
            )
        blanked += len(ids)
    while ids := await _ids(
        database,
        select(OutboxMessage.outbox_id)
        .where(
            OutboxMessage.created_at < before,
            (OutboxMessage.text != "") | (OutboxMessage.recipient != ""),
            col(OutboxMessage.state).in_(ended),
        )
        .limit(CHUNK),
    ):
        async with database.write() as session:
            await session.exec(
                update(OutboxMessage)
                .where(col(OutboxMessage.outbox_id).in_(ids))
                .values(text="", recipient="", payload=null(), fallbacks=null(), reply_address="")
            )
        blanked += len(ids)
    while ids := await _ids(
        database,
        select(Opinion.inbox_id).where(Opinion.said_at < before, col(Opinion.text).is_not(None)).limit(CHUNK),
    ):
        async with database.write() as session:
            await session.exec(update(Opinion).where(col(Opinion.inbox_id).in_(ids)).values(**REDUCED))
        blanked += len(ids)
    for go_on in (blank_request_words, drop_photos_before, reduce_places_before):
        found = CHUNK
        while found:
            async with database.write() as session:
                found = await go_on(session, before, CHUNK)
            blanked += found
    return blanked


async def _ids(database: Database, statement: object) -> list[int]:
    async with database.read() as session:
        return list((await session.exec(statement)).all())  # type: ignore[call-overload]
