"""The clockwork: what is due follows from the time, one replica does it, and words go when their time is over."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.jobs import OFTEN_SECONDS, RETENTION_AT, Jobs, due_periods
from bot.telemetry import Metrics
from handlers.context import Services
from handlers.digests.cycle import advance
from handlers.groups.register import end_group
from handlers.local_time import LOCAL
from handlers.oversight.retention import CHUNK, reduce_raw_text
from storage.database import Database
from storage.inbox import Lease, open_writer
from storage.outbox import add_message, take_due
from storage.queries.groups import find_group
from storage.send_windows import open_windows
from storage.states import InboxState, MessageClass, OutboxState
from storage.tables import (
    ChatGroup,
    Claim,
    GroupMember,
    InboxMessage,
    Opinion,
    OutboxMessage,
    SendWindow,
    WeeklyCycle,
)
from tests.bot.conftest import POISON
from tests.bot.fakes import WINDOW, Clock, ScriptedChannel
from tests.bot.house import Replica, enrol, inbox, outbox
from tests.handlers.archive import ARCHIVE, ROOM, Group
from tests.handlers.talk import Talk, compound
from tests.storage.rows import row

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.lists(MOMENTS, min_size=1, max_size=30))
def test_however_often_and_late_it_is_asked_a_day_is_due_once(moments: list[datetime]) -> None:
    done: set[tuple[str, str]] = set()
    for now in sorted(moments):
        due = due_periods(now)
        assert len(due) == len(
            {job for job, _period in due}
        )  # after a long stop only the latest is made up for
        for job, period in due:
            local = now.astimezone(LOCAL)
            passed = datetime.combine(datetime.fromisoformat(period).date(), RETENTION_AT, LOCAL)
            assert passed <= local < passed + timedelta(days=1)
            done.add((job, period))
    days = {(now.astimezone(LOCAL) - timedelta(hours=3, minutes=20)).date() for now in moments}
    assert len(done) == len(days)


def test_a_new_day_begins_at_twenty_past_three_in_shanghai() -> None:
    before = datetime(2026, 3, 11, 19, 19, 59, tzinfo=UTC)
    assert due_periods(before) == [("retention", "2026-03-11")]
    assert due_periods(before + timedelta(seconds=1)) == [("retention", "2026-03-12")]


# On a database


def jobs(database: Database, clock: Clock, name: str = "replica-a", metrics: Metrics | None = None) -> Jobs:
    return Jobs(database, metrics or Metrics(), name, 180, clock)


async def test_one_replica_does_a_day_and_no_tick_does_it_again(database: Database, clock: Clock) -> None:
    for name in ("replica-a", "replica-b", "replica-a"):
        await jobs(database, clock, name).advance(clock.now)
    async with database.read() as session:
        claims = (await session.exec(select(Claim))).all()
    assert [(claim.job, claim.period, claim.owner) for claim in claims] == [
        ("retention", "2026-03-12", "replica-a")
    ]
    clock.forward(86400)
    await jobs(database, clock, "replica-b").advance(clock.now)
    async with database.read() as session:
        assert len((await session.exec(select(Claim))).all()) == 2


async def test_work_that_fails_stops_neither_the_other_work_nor_the_next_tick(
    database: Database, clock: Clock
) -> None:
    done: list[str] = []

    async def breaks(_now: datetime) -> None:
        done.append("breaks")
        raise ZeroDivisionError

    async def works(now: datetime) -> int:
        done.append(f"works {now:%H:%M}")
        return 1

    metrics = Metrics()
    clockwork = Jobs(database, metrics, "replica-a", 180, clock, each_tick={"first": breaks, "second": works})
    for _ in range(2):
        await clockwork.advance(clock.now)
        clock.forward(60)
    assert done == ["breaks", "works 04:00", "breaks", "works 04:01"]

    def count(work: str, outcome: str) -> float | None:
        return metrics.registry.get_sample_value("yishi_clock_work_total", {"work": work, "outcome": outcome})

    assert (count("first", "failed"), count("second", "done")) == (2, 2)
    assert (count("outbox", "done"), count("gauges", "done"), count("retention", "done")) == (2, 2, 2)
    assert count("first", "done") is None


async def test_the_scheduler_wakes_the_work_and_stops_with_it_done(database: Database, clock: Clock) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def slow(_now: datetime) -> None:
        begun.set()
        await asyncio.sleep(0.2)
        ended.set()

    clock.now = datetime.now(UTC)
    clockwork = Jobs(database, Metrics(), "replica-a", 180, clock, each_tick={"slow": slow})
    clockwork.start()
    async with asyncio.timeout(5):
        await begun.wait()
    await clockwork.stop()
    assert ended.is_set()


async def test_what_is_done_often_is_done_beside_what_takes_long(database: Database, clock: Clock) -> None:
    sealed, waiting = asyncio.Event(), asyncio.Event()

    async def seals(_now: datetime) -> None:
        sealed.set()

    async def hangs(_now: datetime) -> None:
        await waiting.wait()

    clock.now = datetime.now(UTC)
    clockwork = Jobs(
        database, Metrics(), "replica-a", 180, clock, each_tick={"slow": hangs}, often={"sealing": seals}
    )
    clockwork.start()
    async with asyncio.timeout(5):
        await sealed.wait()
    waiting.set()
    await clockwork.stop()
    assert OFTEN_SECONDS < 10  # what a ballot's promise says


async def test_the_clock_takes_a_week_further(database: Database, services: Services, clock: Clock) -> None:
    await enrol(database, services, clock)
    clockwork = Jobs(
        database,
        Metrics(),
        "replica-a",
        180,
        clock,
        each_tick={"cycles": partial(advance, database, services)},
    )
    for day in range(5):  # from Thursday noon
        await clockwork.advance(clock.now + timedelta(days=day))
    async with database.read() as session:
        weeks = (await session.exec(select(WeeklyCycle).order_by(col(WeeklyCycle.week)))).all()
    assert [(week.week, week.digested_at is not None) for week in weeks] == [
        ("2026-03-09", True),
        ("2026-03-16", False),
    ]


async def test_the_gauges_show_where_messages_are(
    database: Database, services: Services, clock: Clock
) -> None:
    replica = Replica(database, services, clock)
    await replica.store(["你好"])
    metrics = Metrics()
    await jobs(database, clock, metrics=metrics).advance(clock.now)
    assert metrics.registry.get_sample_value("yishi_inbox_messages", {"state": "new"}) == 1
    await replica.work()
    await jobs(database, clock, metrics=metrics).advance(clock.now)
    assert metrics.registry.get_sample_value("yishi_inbox_messages", {"state": "new"}) == 0
    assert metrics.registry.get_sample_value("yishi_outbox_messages", {"state": "pending"}) == 1


async def test_a_tick_gives_up_the_stale_and_wakes_who_waits_beside_an_open_window(
    database: Database, clock: Clock
) -> None:
    async with database.write() as session:
        for recipient in ("o-zhao", "o-qian"):
            await add_message(
                session,
                account="main",
                recipient=recipient,
                message_class=MessageClass.NOTICE,
                text="停水",
                dedupe_key=recipient,
                now=clock.now,
            )
        for message in await take_due(session, "a", clock.now, 60, 20, ()):
            message.state, message.lease_until = OutboxState.WAITING, None
    clock.forward(100)
    async with database.write() as session:
        await open_windows(session, {("main", "o-zhao", WINDOW)}, clock.now)
        woken = (await session.exec(select(OutboxMessage).where(OutboxMessage.recipient == "o-zhao"))).one()
        await session.refresh(woken)
        woken.state = OutboxState.WAITING  # as when it began to wait in that very moment
    await jobs(database, clock).advance(clock.now)
    assert [message.state for message in await outbox(database)] == [OutboxState.PENDING, OutboxState.WAITING]
    clock.forward(3 * 86400)
    await jobs(database, clock).advance(clock.now)
    assert [message.state for message in await outbox(database)] == [OutboxState.DEAD] * 2


async def test_windows_that_have_ended_are_forgotten(database: Database, clock: Clock) -> None:
    async with database.write() as session:
        await open_windows(session, {("main", "o-zhao", WINDOW)}, clock.now)
        await open_windows(session, {("main", "o-qian", WINDOW)}, clock.now + timedelta(days=1))
    await jobs(database, clock).advance(clock.now + timedelta(days=2))
    async with database.read() as session:
        assert (await session.exec(select(SendWindow.recipient))).all() == ["o-qian"]


@pytest.fixture
async def replica(database: Database, services: Services, clock: Clock) -> Replica:
    await enrol(database, services, clock)
    return Replica(database, services, clock, channels=[ScriptedChannel()])


async def test_the_members_of_a_group_that_has_ended_are_forgotten_at_night(
    database: Database, services: Services, clock: Clock
) -> None:
    await Talk(database, services).enrol(compound())
    group = Group(database, services)
    for room in (ROOM, "wrOther"):
        await group.register(room)
        await group.sync(room=room)
    async with database.write() as session:
        ended = await find_group(session, ARCHIVE, ROOM)
        assert ended is not None
        end_group(session, ended, clock.now)
    await Jobs(database, Metrics(), "replica-a", 180, clock).make_up(clock.now)
    async with database.read() as session:
        left = (await session.exec(select(ChatGroup.room).join(GroupMember).distinct())).all()
    assert left == ["wrOther"]


async def test_words_past_their_time_go_from_every_table_and_tags_stay(replica: Replica) -> None:
    for prefix, text in (("old", "3栋门禁坏了"), ("new", "楼下的路灯坏了")):
        await replica.store([text], prefix=prefix)
        await replica.work()
        await replica.send()
        replica.clock.forward(100 * 86400)
    assert await reduce_raw_text(replica.database, replica.clock.now - timedelta(days=180)) == 3
    old, new = await inbox(replica.database)
    assert (old.text, old.sender, new.text, new.sender) == ("", "", "楼下的路灯坏了", "o-zhao")
    assert old.state is new.state is InboxState.DONE
    sent, fresh = await outbox(replica.database)
    assert (sent.text, sent.recipient, fresh.recipient) == ("", "", "o-zhao")
    assert "1002" in fresh.text
    async with replica.database.read() as session:
        opinions = (await session.exec(select(Opinion).order_by(col(Opinion.number)))).all()
    assert [opinion.text for opinion in opinions] == [None, "楼下的路灯坏了"]
    assert [opinion.hits == [] for opinion in opinions] == [True, False]
    assert all(opinion.categories for opinion in opinions)
    assert opinions[0].building == "3"
    # Doing it again finds nothing more.
    assert await reduce_raw_text(replica.database, replica.clock.now - timedelta(days=180)) == 0


async def test_an_opinion_without_its_words_can_still_be_asked_about(replica: Replica) -> None:
    await replica.store(["3栋门禁坏了", "反映 多放几本连环画"])
    await replica.work()
    replica.clock.forward(200 * 86400)
    await reduce_raw_text(replica.database, replica.clock.now - timedelta(days=180))
    await replica.store(["进度 1001", "进度"], prefix="ask")
    await replica.work()
    one, all_of_them = [message.text for message in await outbox(replica.database)][-2:]
    assert "原话已经删除" in one
    assert "门禁" in one  # the category
    assert all(part for line in all_of_them.splitlines() for part in line.split("｜"))


async def test_messages_that_failed_or_were_not_answered_lose_their_words_too(replica: Replica) -> None:
    await replica.store([f"{POISON}洒在草坪上"])
    for _ in range(6):
        await replica.work()
        replica.clock.forward(100)
    await replica.store(["你好"], prefix="chat")
    await replica.work()
    assert [message.state for message in await inbox(replica.database)] == [
        InboxState.FAILED,
        InboxState.DONE,
    ]
    replica.clock.forward(200 * 86400)
    await reduce_raw_text(replica.database, replica.clock.now - timedelta(days=180))
    assert {message.text for message in await inbox(replica.database)} == {""}


async def test_what_is_still_to_be_done_keeps_its_words(replica: Replica) -> None:
    await replica.store(["3栋门禁坏了"], prefix="worked")
    await replica.work()
    await replica.store(["楼下的路灯坏了"], prefix="waiting")
    replica.clock.forward(200 * 86400)
    await reduce_raw_text(replica.database, replica.clock.now - timedelta(days=180))
    assert [message.text for message in await inbox(replica.database)] == ["", "楼下的路灯坏了"]
    assert (await outbox(replica.database))[0].text  # still PENDING


async def test_more_than_a_chunk_is_reduced_and_the_daily_job_does_it(
    database: Database, clock: Clock
) -> None:
    writer = open_writer(database)
    rows = [row(f"m:{n}", text="在吗", sent_at=clock.now) for n in range(CHUNK + 10)]
    await writer.write(rows, Lease("a", clock.now, clock.now))
    await writer.close()
    async with database.write() as session:
        for message in (await session.exec(select(InboxMessage))).all():
            message.state = InboxState.DONE
    clock.forward(181 * 86400)
    await jobs(database, clock).advance(clock.now)
    assert {message.text for message in await inbox(database)} == {""}
