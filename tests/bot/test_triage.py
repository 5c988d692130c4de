"""What sounds like danger is worked on before everything else that waits, and stops nothing else for long."""

import asyncio
import time
from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot import worker
from bot.triage import AT_ONCE, SWEEP_SECONDS
from bot.worker import BATCH, LEAST, URGENT_IN_A_ROW
from handlers.context import Services
from storage.database import Database
from storage.queries.inbox import take_new
from storage.states import InboxState
from storage.tables import InboxMessage, Opinion
from tests.bot.conftest import POISON
from tests.bot.fakes import Clock, ScriptedChannel
from tests.bot.house import Replica, enrol, inbox

LAMP = "楼下的路灯坏了"
NAMED = "3栋楼道里一股煤气味，闻着头晕"
TOLD = "3栋这边，有个小孩坐在女儿墙上，脚悬在外面"  # the lexicon has no word of it
BACKLOG = AT_ONCE + 8  # more than one look reads


@pytest.fixture
async def replica(database: Database, services: Services, clock: Clock) -> Replica:
    await enrol(database, services, clock)
    return Replica(database, services, clock, channels=[ScriptedChannel()])


async def _done(database: Database) -> list[int]:
    return [m.inbox_id or 0 for m in await inbox(database) if m.state is InboxState.DONE]


@pytest.mark.parametrize("danger", [NAMED, TOLD])
async def test_danger_behind_a_backlog_is_worked_on_first(replica: Replica, danger: str) -> None:
    await replica.store([LAMP] * BACKLOG)
    [stored] = await replica.store([danger], ["o-sun"], "danger")
    assert await replica.worker.step()
    assert await _done(replica.database) == [stored.inbox_id]
    async with replica.database.read() as session:
        assert [opinion.urgency for opinion in (await session.exec(select(Opinion))).all()] == [3]
    await replica.worker.step()
    assert len(await _done(replica.database)) > 1  # then the others, so many as the machine's pace allows


async def test_what_the_same_person_wrote_before_it_goes_with_it_in_order(replica: Replica) -> None:
    senders = ["o-zhao", "o-qian", "o-sun"]
    stored = await replica.store([LAMP] * BACKLOG, senders)
    [danger] = await replica.store([NAMED], ["o-sun"], "danger")
    await replica.store([LAMP] * 3, senders, "after")
    await replica.worker.step()
    own = [place.inbox_id for place in stored[2::3]]
    assert await _done(replica.database) == [*own, danger.inbox_id]
    async with replica.database.read() as session:
        filed = (await session.exec(select(Opinion.inbox_id).order_by(col(Opinion.number)))).all()
    assert list(filed) == [*own, danger.inbox_id]


async def test_what_others_say_in_the_same_group_does_not_hold_danger_up(
    database: Database, clock: Clock
) -> None:
    async with database.write() as session:
        rows = [
            InboxMessage(
                account="archive", message_key=f"a:{number}", kind="text", sender=f"wm-{number % 2}", text=LAMP,
                sent_at=clock.now, scene="", media_id="", room="wr-1", received_at=clock.now,
                lease_owner="replica-a", lease_until=clock.now,
            )
            for number in range(4)
        ]  # fmt: skip
        session.add_all(rows)
    last = rows[-1].inbox_id or 0
    async with database.write() as session:
        assert [m.inbox_id for m in await take_new(session, "replica-a", clock.now, 9, [last])] == [last]


async def test_much_danger_does_not_stop_all_else(replica: Replica) -> None:
    [lamp, *_] = await replica.store([LAMP] * BATCH)
    await replica.store([NAMED] * 4 * BATCH, [f"o-{number}" for number in range(9)], "danger")
    for _ in range(URGENT_IN_A_ROW):
        await replica.worker.step()
    assert lamp.inbox_id not in await _done(replica.database)
    await replica.worker.step()
    assert lamp.inbox_id in await _done(replica.database)


async def test_danger_that_a_dead_replica_had_taken_in_is_found_by_another(
    replica: Replica, services: Services, clock: Clock
) -> None:
    survivor = Replica(replica.database, services, clock, "replica-b", [ScriptedChannel()])
    await survivor.store([LAMP] * 2 * BATCH, prefix="own")
    await survivor.worker.step()
    await replica.store([LAMP] * BACKLOG)
    [danger] = await replica.store([NAMED], ["o-sun"], "danger")
    clock.now += timedelta(seconds=11)  # the lease of the dead one
    survivor.worker._triage._sweep_at -= SWEEP_SECONDS
    await survivor.worker.step()
    assert danger.inbox_id in await _done(replica.database)


async def test_a_message_that_cannot_be_read_does_not_stop_the_look(replica: Replica) -> None:
    await replica.store([f"{POISON}洒在草坪上", *[LAMP] * BACKLOG])
    [danger] = await replica.store([NAMED], ["o-sun"], "danger")
    await replica.worker.step()
    assert await _done(replica.database) == [danger.inbox_id]


async def test_danger_that_cannot_be_worked_on_is_put_off_like_anything_else(replica: Replica) -> None:
    await replica.store([LAMP] * BATCH)
    [bad, good] = await replica.store([f"{NAMED}，{POISON}", NAMED], ["o-sun", "o-li"], "danger")
    replica.worker._triage._urgent |= {bad.inbox_id}  # as if it had been read before the tagger broke
    await replica.work()
    messages = {message.inbox_id: message for message in await inbox(replica.database)}
    assert messages[bad.inbox_id].attempts == 1
    assert messages[good.inbox_id].state is InboxState.DONE
    assert len(await _done(replica.database)) == BATCH + 1


async def test_danger_ends_the_rest_in_a_rush(replica: Replica) -> None:
    resting = asyncio.create_task(replica.worker._rest(30))
    await asyncio.sleep(0.05)
    started = time.monotonic()
    await replica.store([NAMED])
    await asyncio.wait_for(resting, 10)
    assert time.monotonic() - started < 10
    await replica.worker.step()
    assert len(await _done(replica.database)) == 1


async def test_batches_are_no_longer_than_danger_may_wait(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "LONGEST_STEP_SECONDS", 0.0)
    await replica.store([LAMP] * 3 * BATCH)
    await replica.worker.step()
    assert len(await _done(replica.database)) == BATCH
    await replica.worker.step()
    assert len(await _done(replica.database)) == BATCH + LEAST
    monkeypatch.setattr(worker, "LONGEST_STEP_SECONDS", 3600.0)
    await replica.worker.step()
    await replica.worker.step()
    assert replica.worker._size == 4 * LEAST
    async with replica.database.read() as session:
        numbers = (await session.exec(select(Opinion.inbox_id).order_by(col(Opinion.number)))).all()
    assert list(numbers) == sorted(numbers)
