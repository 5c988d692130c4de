"""A server that is asked to stop: what it took is safe, who waits is answered, and others can go on at once."""

import asyncio
import time

from bot.playground.platform import Platform
from tests.system.books import open_books
from tests.system.fleet import Fleet, Server, Setup
from tests.system.residents import Postman, write_messages
from tests.system.test_storage_down import locked

STOP_SECONDS = 10.0


async def _stopped(server: Server) -> float:
    """How long it took; the exit code is 0."""
    started = time.monotonic()
    assert await server.wait(STOP_SECONDS + 5) == 0
    seconds = time.monotonic() - started
    assert seconds < STOP_SECONDS
    return seconds


async def test_stopping_under_load_keeps_what_was_acknowledged_and_gives_back_leases(
    fleet: Fleet, platform: Platform, founded: str
) -> None:
    setup = Setup(founded, platform.base_url, passive_reply=False, stop_seconds=STOP_SECONDS)
    server = await fleet.start(setup)
    messages, postman = write_messages(1500), Postman()

    def stop_at_some_point() -> None:
        if postman.statuses[200] == 500:
            server.terminate()

    await postman.deliver([server.address], messages, on_answer=stop_at_some_point)
    seconds = await _stopped(server)
    assert postman.statuses.keys() == {200, None}, "the load was over before the stop"
    async with open_books(founded) as books:
        left = await books.count("FROM inbox WHERE state = 'new'")
        held = "FROM inbox WHERE state = 'new' AND lease_until > "
        assert await books.count(f"{held} {_now(founded)}") == 0, "the next replica would wait for a lease"
        inbox = await books.inbox()
        assert all(message.key in inbox for message in postman.acknowledged)

        await fleet.start(setup)
        worked = await books.wait_until_worked(30)
        print(
            f"stopped after {seconds:.1f} s with {left} of {len(inbox)} not worked on; done {worked:.1f} s later"
        )
        await books.check(messages, postman.acknowledged.keys())


def _now(database_url: str) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f', 'now')" if database_url.startswith("sqlite") else "now()"


async def test_requests_under_way_are_answered_before_the_end(
    fleet: Fleet, platform: Platform, founded_sqlite: str
) -> None:
    setup = Setup(founded_sqlite, platform.base_url, stop_seconds=STOP_SECONDS)
    server = await fleet.start(setup, as_command=True)
    messages, postman = write_messages(8), Postman()
    async with locked(founded_sqlite):
        delivering = asyncio.create_task(postman.deliver([server.address], messages, connections=8))
        await asyncio.sleep(0.5)
        server.terminate()
        await asyncio.sleep(1)
        assert not delivering.done()
    answers = await delivering
    assert {answer.status for answer in answers.values()} == {200}
    assert all(answer.body for answer in answers.values())
    await _stopped(server)
    async with open_books(founded_sqlite) as books:
        await books.check(messages, messages)


async def test_what_residents_have_read_is_not_sent_again_after_a_stop(
    fleet: Fleet, platform: Platform, founded: str
) -> None:
    setup = Setup(founded, platform.base_url, passive_reply_seconds=4.5, stop_seconds=STOP_SECONDS)
    server = await fleet.start(setup)
    await server.wait_until_idle()
    messages, postman = write_messages(24), Postman()
    answers = await postman.deliver([server.address], messages, connections=24)
    server.terminate()
    await _stopped(server)
    read = sum(bool(answer.body) for answer in answers.values())
    assert read
    async with open_books(founded) as books:
        states = await books.outbox_states()
        print(f"{read} of {len(messages)} read their answer before the stop; outbox {states}")
        assert states.get("offered", 0) == read
