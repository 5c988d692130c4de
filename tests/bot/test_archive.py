"""The archive's poller: pages with their cursor, one replica at a time, and a feed or database that fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select
from structlog.testing import capture_logs

from bot.archive import ALARM, LEASE_SECONDS, Archive, ArchiveMetrics, ArchivePoller
from bot.channels.archive_simulated import SimulatedSeal
from bot.channels.chat_archive import ArchiveUnavailableError, PrivateKeys, Sealed
from bot.playground.archive import ArchiveFeed, new_key
from handlers.context import Services
from storage.database import Database
from storage.queries.archive import count_tombstones, find_cursor
from storage.states import Tombstone
from storage.tables import ArchiveCursor, InboxMessage
from tests.bot.fakes import Clock
from tests.handlers.archive import ARCHIVE, PEOPLE, ROOM, STAFF, ZHAO, Group
from tests.handlers.talk import Talk, compound


class Feed:
    """The simulator's feed without HTTP, and what happens while it answers."""

    def __init__(self, feed: ArchiveFeed) -> None:
        self.feed = feed
        self.hangs = asyncio.Event()
        self.hangs.set()
        self.asked: list[int] = []

    async def was_asked(self) -> bool:
        return bool(self.asked)

    async def pull(self, seq: int, limit: int) -> list[Sealed]:
        self.asked.append(seq)
        answer = self.feed.pull(seq, limit)
        await self.hangs.wait()
        if answer["errcode"]:
            raise ArchiveUnavailableError(answer["errcode"], "hint")
        return [Sealed(**item) for item in answer["chatdata"]]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return new_key()


@pytest.fixture
def feed(key: rsa.RSAPrivateKey, clock: Clock) -> Feed:
    return Feed(ArchiveFeed({1: key}, clock=clock))


@pytest.fixture
async def heard(database: Database, services: Services, clock: Clock) -> AsyncIterator[Database]:
    """A database with a registered, told group."""
    await Talk(database, services).enrol(compound())
    group = Group(database, services)
    group.now = clock.now
    await group.open()
    yield database


class House:
    """Replicas on one database and one feed."""

    def __init__(self, database: Database, services: Services, feed: Feed, clock: Clock) -> None:
        self.database, self.services, self.feed, self.clock = database, services, feed, clock
        self.registry = CollectorRegistry()
        self.metrics = ArchiveMetrics(self.registry)

    def poller(self, replica: str = "replica-a", page: int = 10, poll_seconds: float = 0.01) -> ArchivePoller:
        archive = Archive(ARCHIVE, PEOPLE, self.feed, SimulatedSeal(), PrivateKeys(self.feed.feed.keys))
        return ArchivePoller(
            archive,
            self.database,
            self.services,
            self.metrics,
            replica,
            self.clock,
            page=page,
            poll_seconds=poll_seconds,
        )

    async def texts(self) -> Sequence[str]:
        async with self.database.read() as session:
            return (await session.exec(select(InboxMessage.text).order_by(col(InboxMessage.inbox_id)))).all()

    async def cursor(self) -> ArchiveCursor:
        async with self.database.read() as session:
            cursor = await find_cursor(session, ARCHIVE)
            assert cursor is not None
            return cursor

    def lag(self) -> float | None:
        return self.registry.get_sample_value("yishi_archive_lag_seconds", {"account": ARCHIVE})

    async def shows_lag(self, seconds: float = 0) -> bool:
        lag = self.lag()
        return lag is not None and lag >= seconds


@pytest.fixture
def house(heard: Database, services: Services, feed: Feed, clock: Clock) -> House:
    return House(heard, services, feed, clock)


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    for _ in range(2000):
        if await condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


async def drain(poller: ArchivePoller) -> None:
    while await poller.step():
        pass


async def test_pages_are_stored_with_the_cursor_and_holes_do_not_matter(house: House, feed: Feed) -> None:
    for number in range(25):
        feed.feed.text(ROOM, ZHAO, f"第{number}句")
        feed.feed.hole(number % 3)
    poller = house.poller()
    stored: list[bool] = []
    poller.on_stored = lambda: stored.append(True)
    await drain(poller)
    assert await house.texts() == [f"第{number}句" for number in range(25)]
    assert (await house.cursor()).seq == feed.feed.items[-1].fields["seq"]
    assert len(stored) == 3
    assert feed.asked[0] == 0
    value = house.registry.get_sample_value(
        "yishi_archive_entries_total", {"account": ARCHIVE, "outcome": "stored"}
    )
    assert value == 25


async def test_what_may_not_be_heard_is_neither_stored_nor_logged(house: House, feed: Feed) -> None:
    feed.feed.text("", ZHAO, "琥珀悄悄话")
    feed.feed.text("wrElse0000000000", ZHAO, "琥珀别的群")
    feed.feed.text(ROOM, STAFF, "琥珀通知")
    feed.feed.append({"odd": "琥珀"})
    feed.feed.switch("wangjing")
    with capture_logs() as logs:
        await drain(house.poller())
    assert await house.texts() == []
    assert "琥珀" not in str(logs)
    assert ZHAO not in str(logs)
    async with house.database.read() as session:
        assert await count_tombstones(session, ARCHIVE) == {
            Tombstone.PRIVATE: 1,
            Tombstone.UNKNOWN_ROOM: 1,
            Tombstone.STAFF: 1,
            Tombstone.UNREADABLE: 1,
            Tombstone.NOT_WORDS: 1,
        }


async def test_a_message_under_a_lost_key_is_passed_over_and_said(house: House, feed: Feed) -> None:
    feed.feed.text(ROOM, ZHAO, "旧钥匙")
    old = feed.feed.keys.pop(1)
    feed.feed.keys[2] = old
    feed.feed.text(ROOM, ZHAO, "新钥匙")
    with capture_logs() as logs:
        await drain(house.poller())
    assert await house.texts() == ["新钥匙"]
    [line] = [line for line in logs if line["event"] == "archive.unreadable"]
    assert (line["seq"], line["version"], line["reason"]) == (1, 1, "no_key")
    assert (await house.cursor()).seq == 2


async def test_one_of_several_replicas_reads_until_its_lease_runs_out(
    house: House, feed: Feed, clock: Clock
) -> None:
    first, second = house.poller("replica-a"), house.poller("replica-b")
    feed.feed.text(ROOM, ZHAO, "一")
    await drain(first)
    asked = len(feed.asked)
    assert not await second.step()
    assert len(feed.asked) == asked
    clock.forward(LEASE_SECONDS + 1)
    feed.feed.text(ROOM, ZHAO, "二")
    await drain(second)
    assert not await first.step()
    assert await house.texts() == ["一", "二"]
    assert (await house.cursor()).lease_owner == "replica-b"


async def test_a_replica_that_wakes_after_its_lease_stores_nothing_twice(
    house: House, feed: Feed, clock: Clock
) -> None:
    feed.feed.text(ROOM, ZHAO, "一")
    feed.hangs.clear()
    sleeper = asyncio.create_task(house.poller("replica-a").step())
    await until(feed.was_asked)
    clock.forward(LEASE_SECONDS + 1)
    other = House(house.database, house.services, Feed(feed.feed), clock)
    await drain(other.poller("replica-b"))
    feed.feed.text(ROOM, ZHAO, "二")
    feed.hangs.set()
    with capture_logs() as logs:
        assert await sleeper is False
    assert "archive.lease_lost" in {line["event"] for line in logs}
    assert await house.texts() == ["一"]
    await drain(other.poller("replica-b"))
    assert await house.texts() == ["一", "二"]
    assert (await house.cursor()).lease_owner == "replica-b"


async def test_a_page_that_fails_moves_nothing(house: House, feed: Feed) -> None:
    feed.feed.text(ROOM, ZHAO, "一")
    feed.feed.text(ROOM, ZHAO, "二")
    async with house.database.write() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("ALTER TABLE archive_tombstones RENAME TO hidden")
    feed.feed.text("", ZHAO, "悄悄话")
    with pytest.raises(SQLAlchemyError):
        await house.poller().step()
    assert (await house.cursor()).seq == 0
    assert await house.texts() == []
    async with house.database.write() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("ALTER TABLE hidden RENAME TO archive_tombstones")
    await drain(house.poller())
    assert await house.texts() == ["一", "二"]


async def test_the_loop_backs_off_and_says_once_that_the_feed_is_away_and_back(
    house: House, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.archive.LONGEST_BACKOFF_SECONDS", 0.02)
    feed.feed.fail_next(10001, 10001, 10003)
    feed.feed.text(ROOM, ZHAO, "一")
    poller = house.poller()
    with capture_logs() as logs:
        running = asyncio.create_task(poller.run())
        await until(house.texts)
        await asyncio.sleep(0.1)
        poller.stop()
        await running
    events = [line["event"] for line in logs]
    assert (events.count("archive.away"), events.count("archive.back")) == (1, 1)
    assert next(line for line in logs if line["event"] == "archive.away")["errcode"] == 10001
    assert (await house.cursor()).lease_until is None  # released, so that another replica reads on at once


class Fragile(SimulatedSeal):
    """A decryptor that breaks over one message in a way of its own."""

    def open(self, random_key: bytes, encrypt_chat_msg: str) -> bytes:
        plain = super().open(random_key, encrypt_chat_msg)
        if "坏".encode() in plain:
            raise IndexError
        return plain


async def test_a_message_over_which_the_decryptor_breaks_is_passed_over(house: House, feed: Feed) -> None:
    for text in ("一", "坏", "二"):
        feed.feed.text(ROOM, ZHAO, text)
    archive = Archive(ARCHIVE, PEOPLE, feed, Fragile(), PrivateKeys(feed.feed.keys))
    with capture_logs() as logs:
        await drain(
            ArchivePoller(archive, house.database, house.services, house.metrics, "replica-a", house.clock)
        )
    assert await house.texts() == ["一", "二"]
    assert [line["reason"] for line in logs if line["event"] == "archive.unreadable"] == ["IndexError"]


async def test_the_loop_outlives_a_fault_of_our_own(
    house: House, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.archive.LONGEST_BACKOFF_SECONDS", 0.02)
    feed.feed.text(ROOM, ZHAO, "一")
    poller = house.poller()
    faults = iter([KeyError("1"), KeyError("2")])

    def breaks() -> None:
        for fault in faults:
            raise fault

    poller.on_stored = breaks
    with capture_logs() as logs:
        running = asyncio.create_task(poller.run())

        async def is_back(times: int) -> bool:
            return [line["event"] for line in logs].count("archive.back") == times

        await until(partial(is_back, 1))
        assert not running.done()
        feed.feed.text(ROOM, ZHAO, "二")
        poller.wake()
        await until(partial(is_back, 2))
        poller.stop()
        await running
    assert await house.texts() == ["一", "二"]
    assert [line["event"] for line in logs].count("archive.failed") == 2


async def test_a_database_that_hangs_is_outlasted(
    house: House, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.archive.LONGEST_BACKOFF_SECONDS", 0.02)
    monkeypatch.setattr("bot.archive.DATABASE_SECONDS", 0.3)
    feed.feed.text(ROOM, ZHAO, "一")
    poller = house.poller()
    with capture_logs() as logs:
        async with house.database.write() as session:  # somebody holds what the poller needs
            await session.exec(select(ArchiveCursor).with_for_update())
            connection = await session.connection()
            if not house.database.is_sqlite:
                await connection.exec_driver_sql("LOCK TABLE archive_cursors")
            running = asyncio.create_task(poller.run())
            await asyncio.sleep(1)
            assert not running.done()
        await until(house.texts)
        await asyncio.sleep(0.1)
        poller.stop()
        await running
    assert [line["event"] for line in logs].count("archive.away") == 1
    assert await house.texts() == ["一"]


async def test_a_word_from_the_platform_wakes_the_loop(house: House, feed: Feed) -> None:
    poller = house.poller(poll_seconds=60)
    running = asyncio.create_task(poller.run())
    await until(feed.was_asked)
    await asyncio.sleep(0.05)
    feed.feed.text(ROOM, ZHAO, "一")
    poller.wake()
    await until(house.texts)
    poller.stop()
    await running


async def test_nothing_said_costs_a_commit_a_minute(house: House, feed: Feed, clock: Clock) -> None:
    poller = house.poller()
    await drain(poller)
    moved = []
    for _ in range(24):
        clock.forward(5)
        await drain(poller)
        moved.append((await house.cursor()).moved_at)
    assert len(set(moved)) == 3


async def test_four_days_without_reading_are_an_alarm(
    house: House, feed: Feed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.archive.LONGEST_BACKOFF_SECONDS", 0.02)
    await drain(house.poller())
    feed.feed.fail_next(*[10001] * 10_000)
    poller = house.poller()
    with capture_logs() as logs:
        running = asyncio.create_task(poller.run())
        await until(house.shows_lag)
        assert house.lag() == 0
        clock.forward(ALARM.total_seconds() + 3600)
        await until(lambda: house.shows_lag(ALARM.total_seconds()))
        await asyncio.sleep(0.1)
        poller.stop()
        await running
    alarms = [line for line in logs if line["event"] == "archive.not_read"]
    assert [line["hours"] for line in alarms] == [97]


class Jumping(Clock):
    """Is set forward by more than ALARM when it is looked at for the `at`th time."""

    def __init__(self, now: datetime, at: int) -> None:
        super().__init__(now)
        self.at, self.looks = at, 0

    def __call__(self) -> datetime:
        self.looks += 1
        if self.looks == self.at:
            self.forward(ALARM.total_seconds() + 3600)
        return self.now


@pytest.mark.parametrize("at", range(1, 8))
async def test_a_clock_that_is_set_forward_while_all_is_read_is_no_alarm(
    house: House, clock: Clock, at: int
) -> None:
    await drain(house.poller())
    house.clock = jumping = Jumping(clock.now, at)
    poller = house.poller()

    async def is_over() -> bool:
        return jumping.looks > 20

    with capture_logs() as logs:
        running = asyncio.create_task(poller.run())
        await until(is_over)
        poller.stop()
        await running
    assert [line for line in logs if line["event"] == "archive.not_read"] == []
    assert house.lag() == 0


async def test_somebody_unmet_makes_the_poller_ask_who_joined(house: House, feed: Feed) -> None:
    poller = house.poller()
    rooms: list[str] = []
    poller.on_unmet = rooms.extend
    feed.feed.text(ROOM, ZHAO, "认识")
    await drain(poller)
    assert rooms == []
    feed.feed.text(ROOM, "wmSomebodyNew0000000", "新来的")
    await drain(poller)
    assert rooms == [ROOM]


async def test_revoked_words_are_scrubbed_also_when_the_one_who_blanked_them_died(
    house: House, feed: Feed, clock: Clock
) -> None:
    if not house.database.is_sqlite:
        return  # PostgreSQL overwrites when it vacuums

    def log_size() -> int:
        return Path(house.database.path + "-wal").stat().st_size

    msgid = feed.feed.text(ROOM, ZHAO, "说错了的话")
    poller = house.poller()
    await drain(poller)
    feed.feed.revoke(msgid, ZHAO, ROOM)
    await drain(poller)
    assert await house.texts() == [""]
    data = b"".join(Path(house.database.path + suffix).read_bytes() for suffix in ("", "-wal"))
    assert "说错了的话".encode() not in data
    feed.feed.text(ROOM, ZHAO, "别的话")
    await drain(poller)
    assert log_size() > 0
    clock.now += timedelta(seconds=LEASE_SECONDS + 1)
    await house.poller("replica-b").step()
    assert log_size() == 0
