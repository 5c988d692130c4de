"""Working through the inbox: every message once, and a bad one costs only itself."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.replies import Reply
from bot.worker import BATCH, MAX_ATTEMPTS
from handlers.context import Services
from handlers.learning.taggers import Taggers
from nlp.reader import Reader
from nlp.tagger import Tagger
from storage.database import Database
from storage.outbox import find_reply
from storage.states import InboxState, OutboxState
from storage.tables import InboxMessage, Opinion
from tests.bot.conftest import POISON
from tests.bot.fakes import Clock, ScriptedChannel
from tests.bot.house import Replica, enrol, inbox, outbox

COMPLAINT = "楼下的路灯坏了"


@pytest.fixture
async def replica(database: Database, services: Services, clock: Clock) -> Replica:
    await enrol(database, services, clock)
    return Replica(database, services, clock, channels=[ScriptedChannel()])


async def _opinions(database: Database) -> list[Opinion]:
    async with database.read() as session:
        return list((await session.exec(select(Opinion).order_by("number"))).all())


def _request(replica: Replica) -> asyncio.Future[Reply | None]:
    future = replica.desk.expect(("main", "m:0"))
    assert future is not None
    return future


async def test_messages_are_worked_on_in_order_and_once(replica: Replica) -> None:
    stored = await replica.store([f"{COMPLAINT}{number}" for number in range(BATCH + 5)])
    assert await replica.worker.has_work()
    assert await replica.work() >= 2  # a slow batch is followed by smaller ones
    assert not await replica.worker.has_work()
    assert await replica.work() == 1
    assert [opinion.inbox_id for opinion in await _opinions(replica.database)] == [p.inbox_id for p in stored]
    assert {message.state for message in await inbox(replica.database)} == {InboxState.DONE}


async def test_a_queued_answer_wakes_the_outbox(replica: Replica) -> None:
    woken: list[bool] = []
    replica.worker.on_queued = lambda: woken.append(True)
    await replica.work()
    assert woken == []
    await replica.store([COMPLAINT])
    await replica.work()
    assert woken == [True]


async def test_a_handler_that_raises_costs_only_its_own_message(replica: Replica) -> None:
    texts = [COMPLAINT, f"{POISON}洒在草坪上", COMPLAINT, COMPLAINT]
    await replica.store(texts, senders=["o-zhao", "o-qian"])
    await replica.work()
    messages = await inbox(replica.database)
    assert [message.state for message in messages] == [
        InboxState.DONE,
        InboxState.NEW,
        InboxState.DONE,
        InboxState.DONE,
    ]
    assert [opinion.number for opinion in await _opinions(replica.database)] == [1001, 1002, 1003]
    assert len(await outbox(replica.database)) == 3
    assert (messages[1].attempts, messages[1].lease_owner) == (1, "")


async def test_the_culprit_is_tried_again_later_and_later_and_then_failed(replica: Replica) -> None:
    await replica.store([f"{POISON}洒在草坪上"])
    pauses = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        await replica.work()
        [message] = await inbox(replica.database)
        assert message.attempts == attempt
        if attempt < MAX_ATTEMPTS:
            pauses.append(message.lease_until - replica.clock.now)
            replica.clock.now = message.lease_until - timedelta(seconds=1)
            assert not await replica.worker.has_work()
            await replica.work()
            replica.clock.now = message.lease_until
            assert await replica.worker.has_work()
    assert pauses == sorted(set(pauses))
    [message] = await inbox(replica.database)
    assert (message.state, message.outcome) == (InboxState.FAILED, "message.failed")
    replica.clock.forward(86400)
    assert not await replica.worker.has_work()
    assert await outbox(replica.database) == []


async def test_a_culprit_that_recovers_is_filed(
    database: Database, replica: Replica, services: Services
) -> None:
    await replica.store([f"{POISON}洒在草坪上"])
    await replica.work()
    replica.clock.forward(60)
    healed = Services(
        Taggers(Reader(Tagger(services.tagger.lexicon), services.tagger.current.model)),
        services.sealer,
        180,
        services.default_compounds,
    )
    await Replica(database, healed, replica.clock, "replica-b", [ScriptedChannel()]).work()
    assert [message.state for message in await inbox(database)] == [InboxState.DONE]


async def test_the_request_of_a_culprit_is_not_left_waiting(replica: Replica) -> None:
    future = _request(replica)
    await replica.store([f"{POISON}洒在草坪上"])
    await replica.work()
    assert future.done()
    assert future.result() is None


async def test_a_waiting_request_gets_the_answer_that_lies_in_the_outbox(replica: Replica) -> None:
    future = _request(replica)
    [place] = await replica.store([COMPLAINT])
    await replica.work()
    reply = future.result()
    assert reply is not None
    async with replica.database.read() as session:
        queued = await find_reply(session, place.inbox_id)
    assert queued is not None
    assert (reply.inbox_id, reply.text, reply.at) == (place.inbox_id, queued.text, queued.created_at)
    assert (queued.lease_owner, queued.state) == ("replica-a", OutboxState.PENDING)
    # The outbox leaves it to the request.
    await replica.send()
    assert [message.state for message in await outbox(replica.database)] == [OutboxState.PENDING]


async def test_an_answer_nobody_waits_for_is_the_outboxes(replica: Replica) -> None:
    await replica.store([COMPLAINT])
    await replica.work()
    await replica.send()
    assert [message.state for message in await outbox(replica.database)] == [OutboxState.SENT]


async def test_another_replicas_fresh_messages_are_left_alone_until_the_lease_ends(
    database: Database, replica: Replica, services: Services
) -> None:
    other = Replica(database, services, replica.clock, "replica-b", [ScriptedChannel()])
    await replica.store([COMPLAINT])
    assert not await other.worker.has_work()
    await other.work()
    assert [message.state for message in await inbox(database)] == [InboxState.NEW]
    replica.clock.forward(10)
    assert await other.worker.has_work()
    await other.work()
    assert [message.state for message in await inbox(database)] == [InboxState.DONE]


async def test_two_replicas_work_on_three_hundred_messages_once_each(
    database: Database, database_url: str, services: Services, clock: Clock
) -> None:
    await enrol(database, services, clock)
    other_database = Database(database_url)
    replicas = [
        Replica(database, services, clock, "replica-a", [ScriptedChannel()]),
        Replica(other_database, services, clock, "replica-b", [ScriptedChannel()]),
    ]
    people = [f"o-{number}" for number in range(7)]
    await replicas[0].store([f"{COMPLAINT}{number}" for number in range(300)], senders=people)
    clock.forward(60)  # all leases are over: both may take all
    steps = await asyncio.gather(*(replica.work() for replica in replicas))
    assert sum(steps) >= 7
    for replica in replicas:  # what one was still holding when the other came to the end
        await replica.work()
    opinions = await _opinions(database)
    assert len({opinion.inbox_id for opinion in opinions}) == 300
    assert [opinion.number for opinion in opinions] == list(range(1001, 1301))
    assert len({message.inbox_id for message in await outbox(database)}) == 300
    assert {message.state for message in await inbox(database)} == {InboxState.DONE}
    await other_database.close()


async def test_marks_are_written_with_the_next_batch(replica: Replica) -> None:
    future = _request(replica)
    await replica.store([COMPLAINT])
    await replica.work()
    reply = future.result()
    assert reply is not None
    replica.desk.offered(reply.inbox_id)
    assert await replica.worker.has_work()
    await replica.work()
    assert not replica.desk.has_marks
    assert [message.state for message in await outbox(replica.database)] == [OutboxState.OFFERED]


async def test_marks_are_kept_when_their_transaction_fails(replica: Replica) -> None:
    future = _request(replica)
    await replica.store([COMPLAINT])
    await replica.work()
    reply = future.result()
    assert reply is not None
    replica.desk.offered(reply.inbox_id)
    await replica.store([f"{POISON}洒在草坪上"], prefix="bad")
    assert await replica.worker.step()
    assert replica.desk.has_marks
    assert [message.state for message in await outbox(replica.database)] == [OutboxState.PENDING]
    await replica.work()
    assert [message.state for message in await outbox(replica.database)] == [OutboxState.OFFERED]


async def test_a_database_that_is_away_costs_nobody_an_attempt(
    database: Database, replica: Replica, services: Services, clock: Clock
) -> None:
    class AwayTagger:
        def of(self, compound_id: int | None) -> None:
            raise ConnectionResetError

    away = Services(AwayTagger(), services.sealer, 180, services.default_compounds)  # type: ignore[arg-type]
    await replica.store([COMPLAINT])
    with pytest.raises(ConnectionResetError):
        await Replica(database, away, clock, "replica-a", [ScriptedChannel()]).worker.step()
    assert [(message.state, message.attempts) for message in await inbox(database)] == [(InboxState.NEW, 0)]
    await replica.work()
    assert [message.state for message in await inbox(database)] == [InboxState.DONE]


async def test_a_kind_that_this_version_does_not_know_holds_nobody_up(
    database: Database, replica: Replica
) -> None:
    await replica.store([COMPLAINT, COMPLAINT])
    async with database.write() as session:
        first = (await session.exec(select(InboxMessage).order_by("inbox_id"))).first()
        assert first is not None
        first.kind = "hologram"  # written by a newer version before it was taken back
    await replica.work()
    unknown, known = await inbox(database)
    assert (unknown.state, unknown.attempts) == (InboxState.NEW, 1)
    assert known.state is InboxState.DONE
