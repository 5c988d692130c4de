"""Two replicas on one PostgreSQL live through a week, and are killed again and again meanwhile."""

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.app import utc_now
from bot.playground import cast_corp
from bot.playground.archive import ArchiveFeed, new_key
from bot.playground.platform import Platform
from bot.playground.wecom.corp import Customer
from bot.playground.wecom.corp import Member as Colleague
from handlers.groups.members import Member, sync_members
from handlers.groups.register import GroupEntry, note_told, register_group
from handlers.people.enrol import CompoundEntry, ContactEntry, PlaceEntry, enrol_compound
from storage.database import Database
from storage.queries.tree import find_compound
from storage.sealing import Sealer
from storage.states import GroupKind, PlaceLevel, Role
from tests.conftest import COLUMN_KEY, LOOKUP_KEY
from tests.system.books import Books, open_books
from tests.system.fleet import ACCOUNT, COMPOUND, MARK, Fleet, Server, Setup

LOCAL = ZoneInfo("Asia/Shanghai")
ROOM, STAFF_ROOM = "wrSystemWeek000000000000000000", "wrkSystemStaff0000000000000000"
RESIDENTS = [f"wmSystemResident{number:016d}" for number in range(40)]
OFFICES = {"XiTongShuJi": Role.SECRETARY, "XiTongZhuRen": Role.COMMITTEE}
MESSAGES = 300


class Ahead:
    """The clock of servers and platform: the machine's, in a week to come."""

    def __init__(self) -> None:
        self.by = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.by

    def to(self, weekday: int, hour: int, minute: int) -> None:
        """Let it be this time of the coming week (Monday is 0)."""
        local = utc_now().astimezone(LOCAL)
        monday = (local + timedelta(days=7 - local.weekday())).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        self.by = monday + timedelta(days=weekday, hours=hour, minutes=minute) - utc_now()


def _toml(tables: dict[str, dict[str, object]]) -> str:
    lines = []
    for name, table in tables.items():
        lines.append(f"[channels.{name}]")
        for key, value in table.items():
            if isinstance(value, dict):
                inner = ", ".join(f'"{each}" = "{path}"' for each, path in value.items())
                lines.append(f"{key} = {{ {inner} }}")
            else:
                lines.append(f"{key} = {value}" if isinstance(value, int) else f'{key} = "{value}"')
    return "\n".join(lines) + "\n"


async def _furnish(platform: Platform, database_url: str, now: datetime) -> str:
    """A customer group and a group of staff, on the platform and in the database; returns the webhook's key."""
    wecom = platform.wecom
    wecom.add_members([Colleague(userid, userid, "") for userid in OFFICES])
    wecom.add_customers(Customer(person, person, "", f"o{person}", "") for person in RESIDENTS)
    wecom.add_customer_group(ROOM, "3栋业主群", "XiTongShuJi", RESIDENTS)
    wecom.add_internal_group(STAFF_ROOM, "工作群", "XiTongShuJi", ["XiTongZhuRen"])
    key = "2f6c1d52-9a41-4c5e-8c37-0b6f5f0c9d11"
    wecom.add_webhook(STAFF_ROOM, key)
    contacts = tuple(
        ContactEntry(role, role.value, userid, f"000-{number:04d}", False, (cast_corp.CORP_ACCOUNT, userid))
        for number, (userid, role) in enumerate(OFFICES.items())
    )
    places = (PlaceEntry(PlaceLevel.BUILDING, "3", "3栋", None),)
    database = Database(database_url)
    async with database.write() as session:
        sealer = Sealer([COLUMN_KEY], LOOKUP_KEY)
        await enrol_compound(session, sealer, CompoundEntry(COMPOUND, "花园小区", (), places, contacts), now)
        compound = await find_compound(session, COMPOUND)
        assert compound is not None
        heard = GroupEntry(
            cast_corp.ARCHIVE_ACCOUNT,
            ROOM,
            GroupKind.CUSTOMER,
            "3栋业主群",
            speaks_through=cast_corp.CORP_ACCOUNT,
            owner="XiTongShuJi",
        )
        internal = GroupEntry(
            cast_corp.BOT_ACCOUNT,
            STAFF_ROOM,
            GroupKind.INTERNAL,
            "工作群",
            speaks_through=cast_corp.WEBHOOK_ACCOUNT,
        )
        group = await register_group(session, compound, heard, now)
        await register_group(session, compound, internal, now)
        joined = now - timedelta(days=30)
        members = [Member(person, False, "", joined) for person in RESIDENTS]
        await sync_members(session, sealer, group, cast_corp.CORP_ACCOUNT, members, now)
        await note_told(session, group, cast_corp.CORP_ACCOUNT, now)
    await database.close()
    return key


async def _speak(feed: ArchiveFeed, first: int, count: int) -> None:
    for number in range(first, first + count):
        words = {"content": f"3栋楼道灯坏了第{number}次没人修{MARK}"}
        feed.say(ROOM, RESIDENTS[number % len(RESIDENTS)], "text", words)
        if number % 10 == 0:
            await asyncio.sleep(0.05)


class Killer:
    """Ends replicas at any moment."""

    def __init__(self, fleet: Fleet, setup: Setup, books: Books, clock: Ahead) -> None:
        self.fleet = fleet
        self.setup = setup
        self.books = books
        self.clock = clock
        self.running: list[Server] = []

    async def start_two(self) -> None:
        self.running = list(await asyncio.gather(self._start(), self._start()))

    async def unsettle(self, times: int) -> None:
        """Kill one replica after the other, each time another one is started first."""
        for _ in range(times):
            self.running.append(await self._start())
            await asyncio.sleep(0.4)
            await self.kill_first()

    async def kill_first(self) -> None:
        server = self.running.pop(0)
        server.kill()
        await server.wait(10)
        await self.books.end_leases(server.replica, self.clock())

    async def _start(self) -> Server:
        return await self.fleet.start(self.setup, self.clock.by.total_seconds())


async def _until(books: Books, statement: str, wanted: int, seconds: float = 60.0) -> None:
    started = time.monotonic()
    while (found := await books.count(statement)) != wanted:
        assert time.monotonic() < started + seconds, (statement, found, wanted)
        await asyncio.sleep(0.2)


async def test_a_week_with_two_replicas_that_are_killed(
    fleet: Fleet, founded_postgres: str, tmp_path: Path
) -> None:
    clock = Ahead()
    feed = ArchiveFeed({1: await asyncio.to_thread(new_key)}, clock=clock)
    platform = Platform(
        ACCOUNT, clock=clock, corp=cast_corp.make_corp(), aibot=cast_corp.make_aibot(), archive=feed
    )
    await platform.start()
    try:
        clock.to(3, 19, 20)  # Thursday evening: the week is opened late, the prompt is due
        key = await _furnish(platform, founded_postgres, clock())
        keys = await asyncio.to_thread(feed.write_keys, tmp_path)
        setup = Setup(
            founded_postgres,
            platform.base_url,
            more=_toml(cast_corp.channel_settings(platform, key, keys)),
        )
        async with open_books(founded_postgres) as books:
            killer = Killer(fleet, setup, books, clock)
            await killer.start_two()
            speaking = asyncio.create_task(_speak(feed, 0, MESSAGES))
            await killer.unsettle(4)
            await speaking
            await _until(books, "FROM inbox WHERE state = 'done' AND room <> ''", MESSAGES, 150)
            while killer.running:
                await killer.kill_first()
            clock.to(6, 20, 25)  # Sunday evening: the week is closed, the digest is due
            await killer.start_two()
            await killer.unsettle(3)
            await _until(books, "FROM weekly_cycles WHERE digested_at IS NOT NULL", 1)
            # What is spread over the evening comes later, or when the quiet hours are over.
            due = f"state = 'sending' OR state = 'pending' AND not_before <= '{clock().isoformat()}'"
            await _until(books, f"FROM outbox WHERE {due}", 0, 150)

            [cycle] = await books.select("SELECT prompted_at, closed_at, digest FROM weekly_cycles")
            assert all(cycle)
            assert len(await books.inbox()) == MESSAGES == await books.count("FROM opinions")
            assert await books.count("FROM opinions WHERE state = 'filed'") == MESSAGES
            [[seq]] = await books.select("SELECT seq FROM archive_cursors")
            assert seq == feed.seq
            doubled = await books.select(
                "SELECT account, recipient, message_class FROM outbox WHERE message_class IN ('digest', 'prompt') "
                "GROUP BY 1, 2, 3 HAVING count(*) > 1"
            )
            assert not doubled
            print(
                await books.select(
                    "SELECT message_class, state, count(*) FROM outbox GROUP BY 1, 2 ORDER BY 1, 2"
                )
            )
        for recipient in OFFICES:
            digests = [text for text in platform.delivered(recipient) if "】每周摘要（" in str(text)]
            assert len(digests) <= 1, "the digest came twice"
        assert len(platform.wecom.tasks.all) <= 1, "the group was asked to be prompted twice"
        assert platform.exceeded() == []
    finally:
        await platform.stop()
