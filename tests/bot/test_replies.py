"""The desk between a waiting request and the worker, and what a platform's retry gets."""

import asyncio
from datetime import timedelta

import pytest

from bot.replies import HOLD_SECONDS, Reply, ReplyDesk
from handlers.context import Services
from storage.database import Database
from storage.states import OutboxState
from tests.bot.fakes import NOON, Clock, ScriptedChannel
from tests.bot.house import Replica, enrol, outbox

KEY = ("main", "m:0")
REPLY = Reply(7, "已登记", NOON)


@pytest.fixture
def desk(database: Database) -> ReplyDesk:
    return ReplyDesk(database, "replica-a")


@pytest.fixture
async def replica(database: Database, services: Services, clock: Clock) -> Replica:
    await enrol(database, services, clock)
    return Replica(database, services, clock, channels=[ScriptedChannel()])


async def test_only_an_expected_answer_is_held(desk: ReplyDesk) -> None:
    assert desk.hold(KEY, NOON) is None
    waiting = [desk.anybody_waits]
    assert desk.expect(KEY) is not None
    assert [*waiting, desk.anybody_waits] == [False, True]
    hold = desk.hold(KEY, NOON)
    assert hold is not None
    assert (hold.owner, hold.until) == ("replica-a", NOON + timedelta(seconds=HOLD_SECONDS))


async def test_a_delivered_answer_ends_the_waiting(desk: ReplyDesk) -> None:
    future = desk.expect(KEY)
    assert future is not None
    desk.deliver(KEY, REPLY, held=True)
    assert await future == REPLY
    assert not desk.anybody_waits
    assert not desk.has_marks


async def test_of_two_requests_for_one_message_one_waits_for_the_worker(desk: ReplyDesk) -> None:
    assert desk.expect(KEY) is not None
    assert desk.expect(KEY) is None


async def test_a_held_answer_whose_request_went_away_is_released(desk: ReplyDesk) -> None:
    desk.expect(KEY)
    desk.hold(KEY, NOON)
    desk.forget(KEY)
    desk.deliver(KEY, REPLY, held=True)
    assert desk.take_marks().released == {7}


async def test_an_answer_nobody_held_needs_no_mark(desk: ReplyDesk) -> None:
    desk.deliver(KEY, REPLY, held=False)
    assert not desk.has_marks


async def test_marks_are_taken_once_and_can_be_put_back(desk: ReplyDesk) -> None:
    desk.offered(1)
    desk.released(2)
    marks = desk.take_marks()
    assert (marks.offered, marks.released) == ({1}, {2})
    assert not desk.has_marks
    desk.offered(3)
    desk.restore_marks(marks)
    assert desk.take_marks().offered == {1, 3}


async def test_a_retry_gets_the_same_answer_as_often_as_it_asks(replica: Replica) -> None:
    [place] = await replica.store(["3栋门禁坏了"])
    await replica.work()
    answers = [await replica.desk.find_earlier(place.inbox_id, replica.clock.now, 1) for _ in range(2)]
    [queued] = await outbox(replica.database)
    assert answers == [Reply(place.inbox_id, queued.text, queued.created_at)] * 2
    # Meanwhile the outbox leaves it alone, and once it was offered for good.
    await replica.send()
    assert (await outbox(replica.database))[0].state is OutboxState.PENDING
    replica.desk.offered(place.inbox_id)
    await replica.work()
    replica.clock.forward(60)
    assert await replica.desk.find_earlier(place.inbox_id, replica.clock.now, 1) == answers[0]
    await replica.send()
    assert (await outbox(replica.database))[0].state is OutboxState.OFFERED


async def test_a_retry_whose_answer_could_not_be_written_lets_the_outbox_send_it(replica: Replica) -> None:
    [place] = await replica.store(["3栋门禁坏了"])
    await replica.work()
    assert await replica.desk.find_earlier(place.inbox_id, replica.clock.now, 1)
    replica.desk.released(place.inbox_id)
    await replica.work()
    await replica.send()
    assert (await outbox(replica.database))[0].state is OutboxState.SENT


async def test_a_retry_after_the_outbox_sent_it_gets_nothing(replica: Replica) -> None:
    [place] = await replica.store(["3栋门禁坏了"])
    await replica.work()
    await replica.send()
    assert await replica.desk.find_earlier(place.inbox_id, replica.clock.now, 1) is None


async def test_a_retry_waits_for_another_replica_that_is_still_working(
    replica: Replica, database: Database, services: Services
) -> None:
    [place] = await replica.store(["3栋门禁坏了"])
    other = ReplyDesk(database, "replica-b")
    looking = asyncio.create_task(other.find_earlier(place.inbox_id, replica.clock.now, 2))
    await asyncio.sleep(0.05)
    assert not looking.done()
    await replica.work()
    reply = await looking
    assert reply is not None
    assert reply.inbox_id == place.inbox_id


async def test_a_retry_of_what_nobody_works_on_gives_up_in_time(replica: Replica) -> None:
    [place] = await replica.store(["3栋门禁坏了"])
    async with asyncio.timeout(2):
        assert await replica.desk.find_earlier(place.inbox_id, replica.clock.now, 0.3) is None


async def test_a_retry_of_what_needs_no_answer_gets_none_at_once(replica: Replica) -> None:
    [place] = await replica.store(["  "])
    await replica.work()
    async with asyncio.timeout(0.5):
        assert await replica.desk.find_earlier(place.inbox_id, replica.clock.now, 5) is None
