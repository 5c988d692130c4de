"""Newer news takes the place of what still waits to be sent, never of what has gone, and holds up no sender."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from storage.database import Database
from storage.outbox import add_message, settle, take_due
from storage.states import MessageClass, OutboxState
from storage.supersede import SUPERSEDED, supersede
from storage.tables import OutboxMessage
from tests.storage.rows import ACCOUNT, NOW

STEP, RATE = "request:1:1001:step:7", "request:1:1001:rate:7"


async def queue(database: Database, key: str, topic: str = "") -> None:
    async with database.write() as session:
        await add_message(
            session,
            account=ACCOUNT,
            recipient="o-zhao",
            message_class=MessageClass.NOTICE,
            text=key,
            dedupe_key=key,
            now=NOW,
            topic=topic,
        )


async def put(database: Database, key: str, state: OutboxState) -> None:
    async with database.write() as session:
        row = (await session.exec(select(OutboxMessage).where(OutboxMessage.dedupe_key == key))).one()
        row.state = state


async def replace(database: Database, *topics: str) -> int:
    async with database.write() as session:
        return await supersede(session, topics, NOW)


async def rows(database: Database) -> dict[str, OutboxMessage]:
    async with database.read() as session:
        found = (await session.exec(select(OutboxMessage))).all()
        return {row.dedupe_key: row for row in found}


@pytest.mark.parametrize("state", list(OutboxState))
async def test_only_what_has_not_gone_is_taken_back(database: Database, state: OutboxState) -> None:
    await queue(database, "old", STEP)
    await put(database, "old", state)
    waits = state in (OutboxState.PENDING, OutboxState.WAITING)
    assert await replace(database, STEP) == int(waits)
    row = (await rows(database))["old"]
    assert row.state is (OutboxState.CANCELLED if waits else state)
    assert (row.reason, row.done_at) == ((SUPERSEDED, NOW) if waits else ("", None))


async def test_other_topics_and_none_stay(database: Database) -> None:
    await queue(database, "step", STEP)
    await queue(database, "question", RATE)
    await queue(database, "plain")
    assert await replace(database) == await replace(database, "") == 0
    assert await replace(database, STEP) == 1
    assert {key: row.state for key, row in (await rows(database)).items()} == {
        "step": OutboxState.CANCELLED,
        "question": OutboxState.PENDING,
        "plain": OutboxState.PENDING,
    }


async def test_it_stands_or_falls_with_the_callers_transaction(database: Database) -> None:
    await queue(database, "old", STEP)

    class Stop(Exception):  # noqa: N818
        pass

    with pytest.raises(Stop):
        async with database.write() as session:
            assert await supersede(session, [STEP], NOW) == 1
            raise Stop
    assert (await rows(database))["old"].state is OutboxState.PENDING


async def test_what_a_sender_holds_goes_first_and_the_newer_one_after_it(database: Database) -> None:
    await queue(database, "old", STEP)
    async with database.write() as session:
        [old] = await take_due(session, "replica-a", NOW, 60, 20, ())
    async with database.write() as session:
        await supersede(session, [STEP], NOW)
    await queue(database, "new", STEP)
    async with database.write() as session:
        assert await take_due(session, "replica-b", NOW, 60, 20, ()) == []  # the older one is on its way
    async with database.write() as session:
        await settle(session, old, OutboxState.SENT, now=NOW)
    async with database.write() as session:
        [new] = await take_due(session, "replica-b", NOW, 60, 20, ())
    assert (new.dedupe_key, new.topic) == ("new", STEP)


async def test_what_a_sender_holds_is_marked_for_when_it_comes_back(database: Database) -> None:
    await queue(database, "old", STEP)
    async with database.write() as session:
        [old] = await take_due(session, "replica-a", NOW, 60, 20, ())
    await replace(database, STEP)
    again: datetime = NOW + timedelta(seconds=5)
    async with database.write() as session:
        await settle(session, old, OutboxState.PENDING, now=NOW, reason="retry -1", not_before=again)
    async with database.write() as session:
        [back] = await take_due(session, "replica-a", again, 60, 20, ())
        assert back.topic == SUPERSEDED


async def test_a_sender_in_the_middle_of_taking_is_not_waited_for(
    database: Database, database_url: str
) -> None:
    if database.is_sqlite:
        pytest.skip("one writer at a time: nobody is in the middle")
    await queue(database, "old", STEP)
    twin = Database(database_url)
    try:
        async with twin.write() as taking:
            await take_due(taking, "replica-a", NOW, 60, 20, ())
            async with asyncio.timeout(5):
                assert await replace(database, STEP) == 0
    finally:
        await twin.close()
    assert (await rows(database))["old"].state is OutboxState.SENDING
