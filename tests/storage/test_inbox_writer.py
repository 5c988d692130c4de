"""The inbox writer: one durable commit a batch, one row a message."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from storage.database import Database
from storage.inbox import InboxWriter, Stored, open_writer
from storage.queries.inbox import take_new
from storage.states import InboxState
from storage.tables import InboxMessage
from tests.storage.rows import NOW, lease, row


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[InboxWriter]:
    writer = open_writer(database)
    yield writer
    await writer.close()


async def _texts(database: Database) -> dict[int | None, str]:
    async with database.read() as session:
        return {
            message.inbox_id: message.text for message in (await session.exec(select(InboxMessage))).all()
        }


async def test_ids_point_at_the_rows_in_the_order_given(database: Database, writer: InboxWriter) -> None:
    stored = await writer.write([row("a", text="甲"), row("b", text="乙"), row("c", text="丙")], lease())
    assert [place.is_new for place in stored] == [True, True, True]
    texts = await _texts(database)
    assert [texts[place.inbox_id] for place in stored] == ["甲", "乙", "丙"]


async def test_every_field_comes_back_as_it_was_given(database: Database, writer: InboxWriter) -> None:
    text = "第一行\n第二行 '引号' \" % \\ 🙂"
    [place] = await writer.write([row("a", text=text)], lease("replica-a", seconds=10))
    async with database.read() as session:
        message = await session.get_one(InboxMessage, place.inbox_id)
    assert (message.account, message.message_key, message.kind, message.sender) == (
        "main",
        "a",
        "text",
        "o-zhao",
    )
    assert (message.text, message.scene, message.media_id) == (text, "", "")
    assert (message.sent_at, message.received_at, message.lease_until) == (
        NOW,
        NOW,
        NOW + timedelta(seconds=10),
    )
    assert (message.state, message.attempts, message.outcome) == (InboxState.NEW, 0, "")
    assert (message.lease_owner, message.person_id, message.done_at) == ("replica-a", None, None)


async def test_a_retry_in_a_later_batch_finds_the_first_row(database: Database, writer: InboxWriter) -> None:
    [first] = await writer.write([row("a", text="原来的话")], lease())
    assert await writer.write([row("a", text="重发的话")], lease()) == [Stored(first.inbox_id, False)]
    assert list((await _texts(database)).values()) == ["原来的话"]


async def test_a_message_twice_in_one_batch_is_new_once(database: Database, writer: InboxWriter) -> None:
    first, again, other = await writer.write([row("a"), row("a"), row("b")], lease())
    assert first.is_new
    assert again == Stored(first.inbox_id, False)
    assert other.is_new
    assert other.inbox_id != first.inbox_id
    assert len(await _texts(database)) == 2


async def test_old_and_new_messages_mixed_get_their_own_ids(database: Database, writer: InboxWriter) -> None:
    await writer.write([row("old-1", text="旧一"), row("old-2", text="旧二")], lease())
    batch = [
        row("new-1", text="新一"),
        row("old-2", text="旧二"),
        row("new-2", text="新二"),
        row("old-1", text="旧一"),
        row("new-1", text="新一"),
        row("new-3", text="新三"),
    ]
    stored = await writer.write(batch, lease())
    assert [place.is_new for place in stored] == [True, False, True, False, False, True]
    texts = await _texts(database)
    assert [texts[place.inbox_id] for place in stored] == [each[5] for each in batch]
    assert len(texts) == 5


async def test_one_key_on_two_accounts_is_two_messages(database: Database, writer: InboxWriter) -> None:
    stored = await writer.write([row("a", account="main"), row("a", account="east")], lease())
    assert [place.is_new for place in stored] == [True, True]
    assert len(await _texts(database)) == 2


async def test_what_was_written_is_there_after_reopening(database_url: str, database: Database) -> None:
    writer = open_writer(database)
    stored = await writer.write([row("a")], lease())
    await writer.close()
    await database.close()
    reopened = Database(database_url)
    assert list(await _texts(reopened)) == [stored[0].inbox_id]
    await reopened.close()


@pytest.mark.parametrize("broken", [{"text": "半个字\ud800"}, {"text": None}, {"sender": None}])
async def test_a_batch_that_fails_stores_nothing_and_the_next_one_works(
    database: Database, writer: InboxWriter, broken: dict[str, Any]
) -> None:
    with pytest.raises(Exception, match=r"."):  # every driver has its own
        await writer.write([row("good"), row("bad", **broken)], lease())
    assert await _texts(database) == {}
    stored = await writer.write([row("good")], lease())
    assert [place.is_new for place in stored] == [True]
    assert list(await _texts(database)) == [stored[0].inbox_id]


async def test_a_naive_time_is_refused(database: Database, writer: InboxWriter) -> None:
    naive = datetime(2026, 3, 12, 12, 0)  # noqa: DTZ001
    with pytest.raises(Exception, match="naive"):
        await writer.write([row("a", sent_at=naive)], lease())
    assert await _texts(database) == {}


async def test_many_writers_and_a_worker_at_once_lose_and_double_nothing(database: Database) -> None:
    writers = [open_writer(database) for _ in range(3)]
    written: list[Stored] = []
    worked: list[int] = []
    finished = asyncio.Event()

    async def write(writer: InboxWriter, number: int) -> None:
        # Every message is delivered by two of the three writers.
        for batch in range(10):
            keys = [f"{(number + other) % 3}-{batch}-{i}" for other in (0, 1) for i in range(5)]
            written.extend(await writer.write([row(key) for key in keys], lease()))

    async def work() -> None:
        while True:
            last_round = finished.is_set()
            async with database.write() as session:
                taken = await take_new(session, "replica-a", NOW, 20)
                for message in taken:
                    message.state = InboxState.DONE
                    assert message.inbox_id is not None
                    worked.append(message.inbox_id)
            if last_round and not taken:
                return
            await asyncio.sleep(0)

    worker = asyncio.create_task(work())
    await asyncio.gather(*(write(writer, number) for number, writer in enumerate(writers)))
    finished.set()
    await worker
    for writer in writers:
        await writer.close()
    assert len(written) == 300
    assert sum(place.is_new for place in written) == 150
    assert len({place.inbox_id for place in written}) == 150
    assert sorted(worked) == sorted({place.inbox_id for place in written})
