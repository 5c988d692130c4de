"""Five thousand messages of the archive, a poller killed twenty times, and what is in the database afterwards."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import text as sql
from sqlmodel import select

from bot.archive import LEASE_SECONDS
from bot.playground.archive import ArchiveFeed, new_key
from bot.playground.loopback import LoopbackServer
from handlers.groups.members import Member
from handlers.people.enrol import enrol_compound
from storage.database import Database
from storage.migrate import prepare
from storage.outbox import add_reply
from storage.queries.inbox import take_new
from storage.queries.opinions import next_number
from storage.sealing import Sealer
from storage.states import InboxState, MessageClass
from storage.tables import ArchiveCursor, ChannelIdentity, Compound, Opinion, metadata
from tests.conftest import COLUMN_KEY, LOOKUP_KEY
from tests.handlers.archive import ARCHIVE, BEFORE, ROOM, STAFF, Group, external, services
from tests.handlers.talk import compound
from tests.system.archive_child import poll
from tests.system.forked import Forked

MESSAGES = 2400
KILLS = 20
PAGE = 40
TOLD = [external(f"Told{number}") for number in range(30)]
UNTOLD = [external(f"Untold{number}") for number in range(5)]
REFUSING = [external(f"Refusing{number}") for number in range(5)]


@dataclass
class Story:
    """What was said, and what must and must not be found. Each text has a word of its own."""

    feed: ArchiveFeed
    eligible: dict[str, str] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    revoked: dict[str, str] = field(default_factory=dict)
    _number: int = 0

    def word(self, kind: str) -> str:
        self._number += 1
        return f"{kind}{self._number:05d}句"

    def tell(self) -> None:
        """One thing that happens in the archive, by its share."""
        [happening] = random.choices(
            [self.chat, self.revoke, self.private, self.stranger, self.refuser, self.staff, self.elsewhere,
             self.quote, self.oddity],
            [60, 8, 6, 5, 5, 4, 4, 5, 3],
        )  # fmt: skip
        happening()
        if random.random() < 0.1:
            self.feed.hole(random.randint(1, 50))

    def chat(self) -> None:
        words = self.word("琥珀")
        key = self.feed.text(ROOM, random.choice(TOLD), f"{words} 电梯坏了")
        self.eligible[f"a:{key}"] = f"{words} 电梯坏了"

    def quote(self) -> None:
        own, quoted = self.word("琥珀"), self.word("墨玉")
        key = self.feed.answer(ROOM, random.choice(TOLD), quoted, own)
        self.eligible[f"a:{key}"] = own
        self.forbidden.add(quoted)

    def revoke(self) -> None:
        """Of something said lately, mostly; sometimes it comes twice."""
        if not self.eligible:
            return
        key = random.choice(list(self.eligible)[-60:])
        self.revoked[key] = self.eligible.pop(key)
        for _ in range(random.choice([1, 1, 2])):
            self.feed.revoke(key.removeprefix("a:"), random.choice(TOLD), ROOM)

    def private(self) -> None:
        self._forbid("", random.choice(TOLD))

    def stranger(self) -> None:
        self._forbid(ROOM, random.choice(UNTOLD))

    def refuser(self) -> None:
        self._forbid(ROOM, random.choice(REFUSING))

    def staff(self) -> None:
        self._forbid(ROOM, STAFF)

    def elsewhere(self) -> None:
        self._forbid("wrNobodyRegisteredThis", random.choice(TOLD))

    def _forbid(self, room: str, sender: str) -> None:
        words = self.word("墨玉")
        self.forbidden.add(words)
        self.feed.text(room, sender, f"{words} 电梯坏了")

    def oddity(self) -> None:
        words = self.word("墨玉")
        self.forbidden.add(words)
        match random.randrange(5):
            case 0:
                self.feed.switch("wangjing")
            case 1:
                self.feed.append({"odd": words})
            case 2:
                self.feed.say(ROOM, TOLD[0], "chatrecord", {"title": words, "item": []})
            case 3:
                self.feed.append([words], encrypt_chat_msg="cut")
            case 4:
                self.feed.text(ROOM, "a b", words)


class Child:
    """One poller process after another."""

    def __init__(self, settings: dict[str, str], folder: Path) -> None:
        self._settings = settings
        self._log = folder / "pollers.log"
        self._process: Forked | None = None

    def start(self) -> None:
        self._process = Forked(poll, (self._settings,), self._log)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")


class Worker:
    """Works on what is in the inbox meanwhile, as a replica would: an opinion and an answer that quotes it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.worked = 0
        self.ended = asyncio.Event()

    async def run(self) -> None:
        while not self.ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), 0.05 if await self._step() else 0.3)

    async def _step(self) -> int:
        now = datetime.now(UTC)
        async with self._database.write() as session:
            home = (await session.exec(select(Compound))).first()
            # Anyone's: the pollers that stored them are dead, and their leases are not waited for.
            messages = await take_new(session, "", now + timedelta(minutes=1), 40)
            for message in messages:
                assert home is not None
                assert home.compound_id is not None
                assert message.inbox_id is not None
                number = await next_number(session, home.compound_id, "opinion")
                session.add(
                    Opinion(
                        compound_id=home.compound_id,
                        number=number,
                        inbox_id=message.inbox_id,
                        said_at=message.sent_at,
                        filed_at=now,
                        text=message.text,
                        urgency=1,
                        hits=[{"term": message.text[:6]}],
                        lexicon_version="1",
                    )
                )
                add_reply(
                    session,
                    inbox_id=message.inbox_id,
                    account="corp",
                    recipient=STAFF,
                    message_class=MessageClass.NOTICE,
                    text=f"编号 {number}：{message.text}",
                    now=now,
                    lease_owner="",
                    lease_until=None,
                )
                message.state, message.outcome = InboxState.DONE, "opinion.filed"
                if random.random() < 0.1:
                    await asyncio.sleep(0.02)  # while the row is held
        self.worked += len(messages)
        return len(messages)


@pytest.fixture
async def archive_database(database_url: str) -> AsyncIterator[Database]:
    """A database with a told group of forty, five of whom refused and five of whom came after the notice."""
    database = Database(database_url)
    await prepare(database)
    group = Group(database, services())
    group.now = datetime.now(UTC) - timedelta(days=1)
    async with database.write() as session:
        await enrol_compound(session, Sealer([COLUMN_KEY], LOOKUP_KEY), compound(), group.now)
    await group.register()
    founders = [Member(STAFF, True, "", BEFORE)]
    founders += [Member(who, False, "", BEFORE) for who in (*TOLD, *REFUSING)]
    await group.sync(founders)
    await group.tell()
    group.now += timedelta(hours=1)
    await group.sync([*founders, *(Member(who, False, "", group.now) for who in UNTOLD)])
    async with database.write() as session:
        for identity in (await session.exec(select(ChannelIdentity))).all():
            if identity.external_id in REFUSING:
                identity.refused_at = group.now
    yield database
    await database.close()


async def _columns_with(database: Database, pattern: str) -> set[str]:
    """The columns, of all tables, in which words like these stand."""
    found = set()
    async with database.read() as session:
        connection = await session.connection()
        for table in metadata.sorted_tables:
            for column in table.columns:
                statement = (
                    f'SELECT count(*) FROM {table.name} WHERE CAST("{column.name}" AS TEXT) LIKE :like'
                )
                if (await connection.execute(sql(statement), {"like": pattern})).scalar_one():
                    found.add(f"{table.name}.{column.name}")
    return found


async def test_a_poller_killed_twenty_times_hears_every_eligible_message_once_and_nothing_else(
    archive_database: Database, database_url: str, tmp_path: Path
) -> None:
    random.seed(7)
    story = Story(ArchiveFeed({1: new_key(), 2: new_key(), 3: new_key()}))
    keys = tmp_path / "keys"
    keys.mkdir()
    await asyncio.to_thread(story.feed.write_keys, keys)
    third, second = story.feed.keys.pop(3), story.feed.keys.pop(2)
    app = web.Application()
    app.add_routes(story.feed.routes())
    server = LoopbackServer(app)
    child = Child(
        {
            "database_url": database_url,
            "feed": await server.start("127.0.0.1", 0),
            "keys": str(keys),
            "page": str(PAGE),
        },
        tmp_path,
    )
    worker = Worker(archive_database)
    working = asyncio.create_task(worker.run())
    started = time.monotonic()
    pulls: list[Callable[[], None]] = []
    story.feed.on_pull = lambda: pulls.pop()() if pulls else None
    kills = 0
    while kills < KILLS:
        batch = MESSAGES // KILLS
        for _ in range(batch):
            story.tell()
            await asyncio.sleep(0)
        if kills == KILLS // 3:
            story.feed.rotate(second)
        if kills == 2 * KILLS // 3:
            story.feed.rotate(third)
        await _expire_lease(archive_database)
        reached = asyncio.Event()
        # A random moment after one of its pulls: before, in and after the transaction of that page.
        pulls[:] = [reached.set, *[lambda: None] * random.randint(0, batch // PAGE)]
        child.start()
        await asyncio.wait_for(reached.wait(), 60)
        await asyncio.sleep(random.uniform(0, 0.15))
        child.kill()
        kills += 1
    await _expire_lease(archive_database)
    child.start()
    await _until_read(archive_database, int(story.feed.items[-1].fields["seq"]))
    await _until_worked(archive_database)
    await asyncio.sleep(0.5)
    child.kill()
    worker.ended.set()
    await working
    await server.stop()
    seconds = time.monotonic() - started

    async with archive_database.read() as session:
        connection = await session.connection()
        rows = (await connection.execute(sql("SELECT message_key, text FROM inbox WHERE text <> ''"))).all()
        opinions = (
            await connection.execute(sql("SELECT count(*) FROM opinions WHERE text IS NOT NULL"))
        ).scalar_one()
        tombstones = (await connection.execute(sql("SELECT count(*) FROM archive_tombstones"))).scalar_one()
    assert len({key for key, _ in rows}) == len(rows)
    assert {str(key): str(text) for key, text in rows} == story.eligible
    assert opinions == len(story.eligible)
    assert worker.worked >= len(story.eligible)
    assert await _columns_with(archive_database, "%墨玉%") == set()
    for words in story.revoked.values():
        assert words[:9] not in str(rows)
    assert await _columns_with(archive_database, f"%{next(iter(story.revoked.values()))[:9]}%") == set()
    left = await _words_left(archive_database)
    gone = {words[:8] for words in story.revoked.values()}
    assert not {word for word in gone if word in left}
    if archive_database.is_sqlite:
        assert await archive_database.compact()  # as every night
        raw = b"".join(Path(archive_database.path + suffix).read_bytes() for suffix in ("", "-wal", "-shm"))
        assert "墨玉".encode() not in raw
        found = [words for words in gone if words.encode() in raw]
        assert not found, f"{len(found)} of {len(gone)} revoked texts are still in the file"
        assert next(iter(story.eligible.values())).encode() in raw  # the scan does see what is there
    log = child.log
    assert "墨玉" not in log
    assert "琥珀" not in log
    assert not [who for who in (*TOLD, *UNTOLD, *REFUSING) if who in log]
    assert "Traceback" not in log
    print(
        f"{len(story.feed.items)} entries, {len(rows)} stored, {tombstones} tombstones, {len(story.revoked)} revoked, "
        f"{story.feed.pulls} pulls, {kills} kills, {seconds:.0f} s"
    )


async def _words_left(database: Database) -> str:
    """All text of the tables in which words may stand."""
    async with database.read() as session:
        connection = await session.connection()
        parts = []
        for statement in (
            "SELECT text FROM inbox",
            "SELECT text FROM opinions",
            "SELECT CAST(hits AS TEXT) FROM opinions",
            "SELECT text FROM outbox",
            "SELECT CAST(details AS TEXT) FROM audit_events",
        ):
            parts += [str(value) for (value,) in (await connection.execute(sql(statement))).all()]
    return "\n".join(parts)


async def _expire_lease(database: Database) -> None:
    """The one that was killed would hold the cursor for a while yet."""
    async with database.write() as session:
        for cursor in (await session.exec(select(ArchiveCursor))).all():
            cursor.lease_until = None


async def _until_read(database: Database, seq: int) -> None:
    async with asyncio.timeout(LEASE_SECONDS + 60):
        at = -1
        while at < seq:
            await asyncio.sleep(0.2)
            async with database.read() as session:
                statement = select(ArchiveCursor.seq).where(ArchiveCursor.account == ARCHIVE)
                at = (await session.exec(statement)).one_or_none() or 0


async def _until_worked(database: Database) -> None:
    async with asyncio.timeout(60):
        new = 1
        while new:
            await asyncio.sleep(0.2)
            async with database.read() as session:
                connection = await session.connection()
                new = (
                    await connection.execute(sql("SELECT count(*) FROM inbox WHERE state = 'new'"))
                ).scalar_one()
