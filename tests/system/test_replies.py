"""Answers on the callback's own connection: the same to every retry, and by another way when nobody waits any more."""

import asyncio
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp
import asyncpg

from bot.playground.platform import Platform
from tests.system.books import Books, open_books
from tests.system.fleet import MARK, Fleet, Server, Setup
from tests.system.hostile import request
from tests.system.residents import PEOPLE, Answer, Message, post, seal, write_messages

PATIENCE_SECONDS = 60.0  # a limit, not an expectation: the machine may be loaded
COMPLAINT = f"3栋2单元电梯又坏了，老人下不来楼。{MARK}"


async def _until(true: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    started = time.monotonic()
    while not true():
        assert time.monotonic() < started + seconds, "it did not happen"
        await asyncio.sleep(0.05)


async def _wait_for_outbox(books: Books, states: dict[str, int], seconds: float = PATIENCE_SECONDS) -> None:
    started = time.monotonic()
    while (found := await books.outbox_states()) != states:
        assert time.monotonic() < started + seconds, found
        await asyncio.sleep(0.1)


async def _patient(fleet: Fleet, platform: Platform, database_url: str) -> Server:
    """A server whose requests wait as long as the platform would, on a machine that other tests load."""
    server = await fleet.start(Setup(database_url, platform.base_url, passive_reply_seconds=4.5))
    await server.wait_until_idle()
    return server


async def test_a_retry_gets_the_same_bytes(fleet: Fleet, platform: Platform, founded: str) -> None:
    server = await _patient(fleet, platform, founded)
    platform.callback_url = server.callback_url
    platform.faults.force_retry = 1
    delivery = await platform.user_sends(PEOPLE[0], COMPLAINT)
    first, second = delivery.tries
    assert (first.status, second.status) == (200, 200)
    assert first.body == second.body
    assert "编号" in (delivery.reply or "")
    async with open_books(founded) as books:
        await _wait_for_outbox(books, {"offered": 1})
        assert await books.count("FROM opinions") == 1
    assert not platform.counters.sends


async def test_two_copies_at_the_same_time_get_the_same_bytes(
    fleet: Fleet, platform: Platform, founded: str
) -> None:
    server = await _patient(fleet, platform, founded)
    platform.callback_url = server.callback_url
    for number in range(20):
        platform.faults.duplicate = 1
        delivery = await platform.user_sends(PEOPLE[number], COMPLAINT)
        first, second = delivery.tries
        assert first.body == second.body != b""
    async with open_books(founded) as books:
        await _wait_for_outbox(books, {"offered": 20})
        assert await books.count("FROM opinions") == 20
    assert not platform.counters.sends


async def test_another_replica_answers_a_retry_with_the_same_bytes(
    fleet: Fleet, platform: Platform, founded_postgres: str
) -> None:
    one, other = [await _patient(fleet, platform, founded_postgres) for _ in range(2)]
    messages = write_messages(40)
    async with aiohttp.ClientSession() as session:

        async def at_once(message: Message) -> tuple[Answer, Answer]:
            """As after a connection that broke."""
            return await post(session, one.address, message), await post(session, other.address, message)

        async def together(message: Message) -> tuple[Answer, Answer]:
            return await asyncio.gather(
                post(session, one.address, message), post(session, other.address, message)
            )

        answers = []
        # A few at a time: a loaded machine, too, has an answer while its request waits.
        for start in range(0, len(messages), 5):
            ways = at_once if start < 20 else together
            answers += await asyncio.gather(*map(ways, messages[start : start + 5]))
    different = [
        [(answer.status, len(answer.body), round(answer.seconds, 2)) for answer in pair]
        for pair in answers
        if not pair[0].body == pair[1].body != b""
    ]
    assert not different
    async with open_books(founded_postgres) as books:
        await _wait_for_outbox(books, {"offered": 40})
        await books.check(messages, messages)
    assert not platform.counters.sends


async def test_an_answer_whose_client_went_away_goes_out_once_by_customer_service(
    fleet: Fleet, platform: Platform, founded: str
) -> None:
    server = await _patient(fleet, platform, founded)
    messages = write_messages(20)
    for message in messages:
        await _send_and_leave(server, message.plaintext())
    await _until(lambda: platform.counters.sends.total() == len(messages))
    async with open_books(founded) as books:
        await books.wait_until_worked(10)
        await _wait_for_outbox(books, {"sent": len(messages)})
        await books.check(messages, messages)
    await asyncio.sleep(1.5)
    assert set(platform.counters.sends.values()) == {1}


async def _send_and_leave(server: Server, plaintext: str) -> None:
    parts = urlsplit(server.address)
    path, body = seal(plaintext)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(request(path, body))
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def test_an_answer_that_takes_too_long_goes_out_once_by_customer_service(
    fleet: Fleet, platform: Platform, founded_postgres: str
) -> None:
    server = await fleet.start(Setup(founded_postgres, platform.base_url, passive_reply_seconds=0.5))
    platform.callback_url = server.callback_url
    blocker = await asyncpg.connect(founded_postgres)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE opinions IN ACCESS EXCLUSIVE MODE")
        delivery = await platform.user_sends(PEOPLE[0], COMPLAINT)
        (attempt,) = delivery.tries
        assert (attempt.status, attempt.body) == (200, b"")
        assert attempt.seconds < 2
    await blocker.close()
    await _until(lambda: bool(platform.counters.sends))
    async with open_books(founded_postgres) as books:
        await _wait_for_outbox(books, {"sent": 1})
    await asyncio.sleep(1.5)
    assert platform.counters.sends == {PEOPLE[0]: 1}
    (said,) = [entry for entry in platform.conversation(PEOPLE[0]).entries if entry.via == "kf"]
    assert "编号" in said.text
