"""How soon those on duty are told: from the moment a callback is sent until the alert's outbox row is committed.

Danger is written from many buildings of several compounds while ordinary messages arrive at half of what the bot works
off (`at_half`), at all of it (`at_full`), and behind a burst of 2,000 of them (`behind_2000`); on SQLite with
synchronous=FULL and on PostgreSQL. `named` is danger that the lexicon hears, `told` what only the second stage hears.
The reference is the promise, 1,000 ms. `worked_off` is the pace that the loads are taken from. The alert is looked for
every few milliseconds, so that each figure is a little too high rather than too low.
"""

import asyncio
import itertools
import os
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from sqlalchemy import text

from benchmarks.callbacks import CallbackSource, write_config
from benchmarks.intake import enrol
from benchmarks.load import drive
from benchmarks.servers import CLIENT_CORE, running
from bot.cli.compound import import_file
from bot.config import load_settings
from nlp.reader import Reader
from nlp.tagger import Tagger
from storage.database import Database
from tests.postgres import running_server as running_postgres

PROMISE_MS = 1000
BURST = 2000
COMPOUNDS, BUILDINGS = 8, 40
PER_SECOND = 5  # urgent ones
CONNECTIONS = 32
LOOK_SECONDS = 0.003
WAIT_SECONDS = 300.0
_CORP = """
[channels.corp]
kind = "wecom_app"
corp_id = "wwbench"
agent_id = 1000002
secret = "bench-corp-secret"
token = "bench-corp-token"
encoding_aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
api_base = "http://127.0.0.1:9"
"""
NAMED = (
    "{building}栋楼道里一股煤气味，闻着头晕",
    "{building}栋着火了，窗户往外冒浓烟",
    "{building}栋1单元电梯困人了，里面有个小孩",
)
TOLD = (
    "{building}栋有人闻到没，一股臭鸡蛋味儿，越往上走越冲",
    "{building}栋这边，有个小孩坐在女儿墙上，脚悬在外面",
    "{building}栋1单元咯噔一下停了，门不开，现在在九楼和十楼中间",
)
_WHERE = re.compile(r"急报小区([A-H]).*?(\d+)栋", re.DOTALL)

Place = tuple[str, str]  # a compound's letter, a building


class Urgent(NamedTuple):
    """Danger at one place, which nobody has written about before."""

    place: Place
    sender: str
    text: str


def run(quick: bool) -> Iterator[dict[str, Any]]:
    """Yields p50, p99 and max of each kind under each load, on both databases; ratio = value / reference."""
    check_texts()
    before = os.sched_getaffinity(0)
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        stack.callback(os.sched_setaffinity, 0, before)
        os.sched_setaffinity(0, {CLIENT_CORE})
        for name in ("sqlite", "postgresql"):
            with tempfile.TemporaryDirectory(prefix="yishi") as folder:
                url = f"sqlite:///{folder}/bench.db" if name == "sqlite" else make_database(postgres)
                config = write_config(Path(folder), passive_reply=False, database_url=url, more=_CORP)
                _enrol_all(config)
                with running(str(config)) as server, server.awake():
                    figures = asyncio.run(_measure(server.address, url, quick))
                yield from (_figure(name, *figure) for figure in figures)


def check_texts() -> None:
    """Raises RuntimeError when the texts are not heard by the stage that they stand for."""
    reader, lexicon = Reader.load(), Tagger.load()
    for each, by_lexicon in [*((each, True) for each in NAMED), *((each, False) for each in TOLD)]:
        said = each.format(building=3)
        if reader.tag(said).urgency < 3 or (lexicon.tag(said).urgency == 3) is not by_lexicon:
            raise RuntimeError(f"is read otherwise than this benchmark takes it: {said}")


def _figure(
    database: str, metric: str, value: float, unit: str, reference: float, more: dict[str, Any]
) -> dict[str, Any]:
    return {
        "bench": "urgent",
        "metric": f"{database}_{metric}",
        "value": round(value),
        "unit": unit,
        "reference": reference,
        "ratio": round(value / reference, 3),
    } | more


def make_database(server: str) -> str:
    """A database of its own on a server, anew; its url."""

    async def make() -> None:
        connection = await asyncpg.connect(server)
        await connection.execute("DROP DATABASE IF EXISTS bench_urgent WITH (FORCE)")
        await connection.execute("CREATE DATABASE bench_urgent")
        await connection.close()

    asyncio.run(make())
    return urlunsplit(urlsplit(server)._replace(path="/bench_urgent"))


def _letters() -> list[str]:
    return [chr(ord("A") + number) for number in range(COMPOUNDS)]


def _enrol_all(config: Path) -> None:
    """The compound of ordinary messages, and those of the urgent ones, each with somebody on duty."""
    enrol(config)
    entry = config.with_suffix(".compound")
    for letter in _letters():
        buildings = "".join(f'[[building]]\ncode = "{n + 1}"\nentrances = 2\n' for n in range(BUILDINGS))
        entry.write_text(
            f'code = "JB-{letter}"\nname = "急报小区{letter}"\ncorp = "corp"\n{buildings}'
            f'[[contact]]\nrole = "duty"\ntitle = "值班"\nname = "值班{letter}"\nphone = "000-0000-0000"\n'
            f'userid = "Duty{letter}"\n',
            "utf-8",
        )
        asyncio.run(import_file(load_settings(config), str(entry)))


class _Watch:
    """Sees alerts appear in the outbox: when, and about which place."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last = 0
        self.seen: dict[Place, float] = {}
        self.alerts = 0

    async def run(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        async with self._database.read() as session:
            connection = await session.connection()
            rows = (
                await connection.execute(
                    text(
                        "SELECT outbox_id, message_class, text FROM outbox WHERE outbox_id > :last ORDER BY 1"
                    ),
                    {"last": self._last},
                )
            ).all()
        now = time.perf_counter()
        for outbox_id, message_class, said in rows:
            self._last = outbox_id
            if message_class == "alert" and (found := _WHERE.search(said)):
                self.alerts += 1
                self.seen.setdefault((found[1], found[2]), now)

    async def wait_for(self, places: Sequence[Place]) -> None:
        until = time.perf_counter() + WAIT_SECONDS
        while not self.seen.keys() >= set(places):
            if time.perf_counter() > until:
                raise RuntimeError(f"no alert about {set(places) - self.seen.keys()}")
            await asyncio.sleep(0.02)


Figure = tuple[str, float, str, float, dict[str, Any]]


async def _measure(address: str, url: str, quick: bool) -> list[Figure]:
    database = Database(url)
    watch = _Watch(database)
    watching = asyncio.create_task(watch.run())
    try:
        return await _Bench(address, database, watch, quick).run()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await database.close()


class _Bench:
    """One database's rounds."""

    def __init__(self, address: str, database: Database, watch: _Watch, quick: bool) -> None:
        self._address, self._database, self._watch = address, database, watch
        self._source = CallbackSource(seed=3)
        self._count = 8 if quick else 40  # urgent messages of each kind under each load
        self._places = itertools.product(range(1, BUILDINGS + 1), _letters())
        self._quick = quick

    async def run(self) -> list[Figure]:
        """Measure one load after another."""
        await self._bind()
        pace = await self._worked_off()
        figures: list[Figure] = [("worked_off", pace, "messages/s", 1.0, {})]
        for metric, share in (("at_half", 0.5), ("at_full", 1.0)):
            urgent = self._write_urgent()
            load = asyncio.create_task(self._trickle(share * pace, 2.0 + len(urgent) / PER_SECOND))
            await asyncio.sleep(1.0)
            figures += await self._tell(metric, urgent, {"ordinary_per_second": round(share * pace)})
            await load
            await self._until_worked()
        urgent = self._write_urgent()
        await drive(self._address, self._source.make(self._address, BURST), CONNECTIONS)
        figures += await self._tell(f"behind_{BURST}", urgent, {"waiting": await self._waiting()})
        told = self._watch.alerts
        if told != len(self._watch.seen):
            raise RuntimeError(f"{told} alerts about {len(self._watch.seen)} places")
        return figures

    async def _bind(self) -> None:
        """Let everybody who will write scan the code of their compound."""
        scans = [
            self._source.scan(self._address, _sender(letter, building), f"JB-{letter}/{building}")
            for letter in _letters()
            for building in range(1, BUILDINGS + 1)
        ]
        await drive(self._address, scans, CONNECTIONS)
        await self._until_worked()

    async def _worked_off(self) -> float:
        """Ordinary messages per second while none arrives."""
        count = 500 if self._quick else BURST
        await drive(self._address, self._source.make(self._address, count), CONNECTIONS)
        started, waiting = time.perf_counter(), await self._waiting()
        await self._until_worked()
        return waiting / (time.perf_counter() - started)

    def _write_urgent(self) -> list[tuple[str, Urgent]]:
        """Both kinds in turns, each about a place of its own."""
        written = []
        for number in range(self._count):
            for kind, texts in (("named", NAMED), ("told", TOLD)):
                building, letter = next(self._places)
                said = texts[number % len(texts)].format(building=building)
                place = (letter, str(building))
                written.append((kind, Urgent(place, _sender(letter, building), said)))
        return written

    async def _tell(
        self, metric: str, urgent: list[tuple[str, Urgent]], more: dict[str, Any]
    ) -> list[Figure]:
        """Send them at an even pace, and see when each has become an alert."""
        sent: dict[Place, float] = {}

        async def send(each: Urgent) -> None:
            request = self._source.text(self._address, each.sender, each.text)
            sent[each.place] = time.perf_counter()
            await drive(self._address, [request], 1)

        tasks = []
        for _kind, each in urgent:
            tasks.append(asyncio.create_task(send(each)))
            await asyncio.sleep(1 / PER_SECOND)
        await asyncio.gather(*tasks)
        await self._watch.wait_for([each.place for _kind, each in urgent])
        figures: list[Figure] = []
        for wanted in ("named", "told"):
            took = sorted(
                1000 * (self._watch.seen[each.place] - sent[each.place])
                for kind, each in urgent
                if kind == wanted
            )
            for name, at in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
                value = took[min(int(len(took) * at), len(took) - 1)]
                figures.append((f"{metric}_{wanted}_{name}", value, "ms", PROMISE_MS, more))
        return figures

    async def _trickle(self, per_second: float, seconds: float) -> None:
        """Ordinary messages at an even pace, whatever becomes of those before."""
        requests = self._source.make(self._address, int(per_second * seconds))
        started, tasks = time.perf_counter(), []
        for number, request in enumerate(requests):
            await asyncio.sleep(max(0.0, started + number / per_second - time.perf_counter()))
            tasks.append(asyncio.create_task(drive(self._address, [request], 1)))
        await asyncio.gather(*tasks)

    async def _waiting(self) -> int:
        async with self._database.read() as session:
            connection = await session.connection()
            counted = await connection.execute(text("SELECT count(*) FROM inbox WHERE state = 'new'"))
            return int(counted.scalar_one())

    async def _until_worked(self) -> None:
        until = time.perf_counter() + WAIT_SECONDS
        while await self._waiting():
            if time.perf_counter() > until:
                raise RuntimeError("the backlog does not come to an end")
            await asyncio.sleep(0.05)


def _sender(letter: str, building: int) -> str:
    return f"o{letter}{building:026d}"
