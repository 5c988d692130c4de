"""Taking in: nothing is acknowledged before it is durable, and a bad or broken one harms only itself."""

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from bot.channels.base import BadCallback, Callback
from bot.intake import BATCH, COMMIT_SECONDS, LEASE_SECONDS, Accepted, Intake, StorageUnavailableError
from bot.telemetry import Metrics
from handlers.inbound import InboundKind
from tests.bot.fakes import NOON, Clock, ScriptedChannel, ScriptedWriter

CHANNEL = ScriptedChannel()


def body(key: str) -> bytes:
    return json.dumps({"key": key, "text": "楼下的路灯不亮了"}).encode()


def make(writer: ScriptedWriter) -> Intake:
    return Intake(writer, "replica-a", Metrics(), Clock())


async def test_messages_that_come_together_share_one_commit_and_get_their_own_place() -> None:
    writer = ScriptedWriter()
    intake = make(writer)
    accepted = await asyncio.gather(*(intake.accept(CHANNEL, "", body(str(n))) for n in range(40)))
    assert len(writer.batches) == 1
    assert [a.stored.inbox_id for a in accepted] == list(range(1, 41))
    assert [a.callback.inbound.key for a in accepted] == [row[1] for row in writer.batches[0]]
    assert intake.commits == 1


async def test_what_comes_during_a_commit_shares_the_next_one() -> None:
    writer = ScriptedWriter()
    writer.slow_seconds = 0.02
    intake = make(writer)
    first = intake.accept(CHANNEL, "", body("first"))
    await asyncio.sleep(0.005)
    others = [intake.accept(CHANNEL, "", body(str(number))) for number in range(10)]
    await asyncio.gather(first, *others)
    assert [len(batch) for batch in writer.batches] == [1, 10]


async def test_a_rush_is_cut_into_batches() -> None:
    writer = ScriptedWriter()
    intake = make(writer)
    await asyncio.gather(*(intake.accept(CHANNEL, "", body(str(n))) for n in range(BATCH + 3)))
    assert [len(batch) for batch in writer.batches] == [BATCH, 3]


async def test_nothing_is_accepted_before_the_writer_has_returned() -> None:
    writer = ScriptedWriter()
    writer.slow_seconds = 0.05
    intake = make(writer)
    future = intake.accept(CHANNEL, "", body("a"))
    await asyncio.sleep(0.03)
    assert not future.done()
    await future
    assert writer.batches


async def test_the_row_is_leased_to_this_replica_and_woken_after_the_commit() -> None:
    writer = ScriptedWriter()
    intake = make(writer)
    woken: list[int] = []
    intake.on_stored = lambda: woken.append(len(writer.batches))
    await intake.accept(CHANNEL, "", body("a"))
    assert woken == [1]
    [lease] = writer.leases
    assert (lease.owner, lease.received_at) == ("replica-a", NOON)
    assert lease.until == NOON + timedelta(seconds=LEASE_SECONDS)


class Corp(ScriptedChannel):
    """Its platform says that the chat archive grew, when the body says so."""

    def open(self, query: Mapping[str, str], body: bytes, now: datetime) -> Callback:
        callback = super().open(query, body, now)
        if b"grew" not in body:
            return callback
        return callback._replace(inbound=callback.inbound._replace(kind=InboundKind.ARCHIVE_GREW))


async def test_that_the_archive_grew_is_told_once_it_is_acknowledged() -> None:
    writer = ScriptedWriter(OSError())
    intake = make(writer)
    grew: list[str] = []
    intake.on_archive_grew = grew.append
    channel = Corp("corp")
    with pytest.raises(StorageUnavailableError):
        await intake.accept(channel, "", body("grew-0"))
    assert grew == []
    await asyncio.gather(*(intake.accept(channel, "", body(key)) for key in ("a", "grew-1", "b")))
    assert grew == ["corp"]


async def test_the_callback_is_shown_before_it_is_stored() -> None:
    writer = ScriptedWriter()
    seen: list[tuple[str, int]] = []

    def opened(callback: Callback) -> None:
        seen.append((callback.inbound.key, len(writer.batches)))

    await make(writer).accept(CHANNEL, "", body("a"), opened)
    assert seen == [("a", 0)]


async def test_the_query_reaches_the_channel_decoded() -> None:
    accepted = await make(ScriptedWriter()).accept(CHANNEL, "nonce=a%2Bb&empty=&msg_signature=9f", body("a"))
    assert accepted.callback.reply_to == {"nonce": "a+b", "empty": "", "msg_signature": "9f"}
    accepted = await make(ScriptedWriter()).accept(CHANNEL, "nonce=12&&odd&msg_signature=9f==", body("a"))
    assert accepted.callback.reply_to == {"nonce": "12", "odd": "", "msg_signature": "9f=="}


async def test_a_refused_callback_is_not_stored_and_harms_no_other() -> None:
    writer = ScriptedWriter()
    intake = make(writer)
    results = await asyncio.gather(
        *(intake.accept(CHANNEL, "", raw) for raw in (body("a"), b"bad", b"bug", body("b"))),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [Accepted, BadCallback, ZeroDivisionError, Accepted]
    assert [row[1] for row in writer.batches[0]] == ["a", "b"]
    with pytest.raises(BadCallback):
        await intake.accept(CHANNEL, "", b"bad")
    assert len(writer.batches) == 1


@pytest.mark.parametrize("raw", [b"bad", b"bug", body("gone")])
async def test_a_request_that_went_away_harms_no_other(raw: bytes) -> None:
    intake = make(ScriptedWriter())
    gone, here = intake.accept(CHANNEL, "", raw), intake.accept(CHANNEL, "", body("here"))
    gone.cancel()
    async with asyncio.timeout(2):
        assert (await here).callback.inbound.key == "here"


async def test_a_writer_that_fails_is_told_to_all_who_wait_and_the_next_ones_work() -> None:
    writer = ScriptedWriter(OSError("disk full"))
    writer.slow_seconds = 0.01
    intake = make(writer)
    first = [intake.accept(CHANNEL, "", body(f"first-{number}")) for number in range(3)]
    await asyncio.sleep(0.005)
    late = intake.accept(CHANNEL, "", body("late"))
    results = await asyncio.gather(*first, late, return_exceptions=True)
    assert [type(result) for result in results] == [StorageUnavailableError] * 4
    assert (await intake.accept(CHANNEL, "", body("next"))).stored.inbox_id == 1
    assert intake.commits == 1


async def test_a_writer_that_hangs_is_given_up_in_time_and_the_next_ones_work() -> None:
    intake = make(ScriptedWriter(None))
    started = time.monotonic()
    with pytest.raises(StorageUnavailableError):
        await intake.accept(CHANNEL, "", body("a"))
    assert COMMIT_SECONDS - 0.1 <= time.monotonic() - started < COMMIT_SECONDS + 0.7
    assert COMMIT_SECONDS < 4.5  # the platform hangs up after five
    assert (await intake.accept(CHANNEL, "", body("next"))).stored.is_new


async def test_closing_finishes_the_commit_under_way() -> None:
    writer = ScriptedWriter()
    writer.slow_seconds = 0.02
    intake = make(writer)
    future = intake.accept(CHANNEL, "", body("a"))
    await intake.close()
    assert future.done()
    assert writer.closed
    assert len(writer.batches) == 1


async def test_whoever_came_during_a_slow_commit_does_not_wait_through_another() -> None:
    writer = ScriptedWriter()
    writer.slow_seconds = COMMIT_SECONDS - 0.4
    intake = make(writer)
    first = intake.accept(CHANNEL, "", body("first"))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    with pytest.raises(StorageUnavailableError):
        await intake.accept(CHANNEL, "", body("second"))
    assert time.monotonic() - started < COMMIT_SECONDS + 0.5
    assert (await first).stored.inbox_id == 1
    assert intake.failing
    writer.slow_seconds = 0.0
    await intake.accept(CHANNEL, "", body("third"))
    assert not intake.failing
