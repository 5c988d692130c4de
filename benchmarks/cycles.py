"""Closing the week of a city: all digests built and queued, warnings counted, with a week of a million messages.

What runs is what the clock of a server calls (handlers/clock.py), every half minute of a driven clock, from the close
until every compound has its digest and its count, and once on Monday morning for the communities. `week` is how many
seconds of work that is in all, beside the seconds it may be, and `slowest_tick` the longest of its ticks, beside the
half minute until the next. `per_compound` is milliseconds of a compound among 1,249, beside the same among 100.
`group_by` is one plain SQL statement over the same rows, matters by compound and building, beside the digests' seconds.
"""

import asyncio
import base64
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, NamedTuple

import psutil
from sqlalchemy import text
from sqlmodel import col, func, select

from benchmarks.city import EARLIER, SAID, WEEK, close_moment, found
from benchmarks.urgent import make_database
from bot.jobs import TICK_SECONDS
from handlers.clock import cycles_of
from nlp.reader import Reader
from storage.database import Database
from storage.migrate import prepare
from storage.sealing import Sealer
from storage.tables import EarlyWarning, OutboxMessage, WeeklyCycle, WeekTally
from tests.handlers.weeks import city_services
from tests.postgres import running_server as running_postgres

SIZES = (100, 300, 1249)  # compounds; the last are those that one city renovated in two years
QUICK = (5, 20)
MOST_SECONDS = {"sqlite": 300, "postgresql": 120}
CORES = 2
_LONGEST = timedelta(hours=2)  # of the driven clock
_GROUP_BY = """
    SELECT compound_id, building, COUNT(DISTINCT matter_number) FROM opinions
    WHERE building IS NOT NULL AND state = 'filed' GROUP BY compound_id, building
"""


class Closed(NamedTuple):
    """What closing the week of so many compounds took.

    spent: seconds by cycle; processor: seconds of it that this process and the database's worked; group_by: seconds of
    the reference.
    """

    compounds: int
    spent: dict[str, float]
    processor: float
    slowest_tick: float
    ticks: int
    queued: int
    warnings: int
    group_by: float

    @property
    def seconds(self) -> float:
        """Of all cycles together."""
        return sum(self.spent.values())

    @property
    def each_ms(self) -> float:
        """Of one compound."""
        return 1000 * self.seconds / self.compounds


def run(quick: bool) -> Iterator[dict[str, Any]]:
    """Yields what the largest city took on each database, and whether a compound costs more in a larger one."""
    before = os.sched_getaffinity(0)
    with ExitStack() as stack:
        os.sched_setaffinity(0, set(sorted(before)[:CORES]))  # before the server starts: it has the same two
        stack.callback(os.sched_setaffinity, 0, before)
        postgres = stack.enter_context(running_postgres())
        for name, most in MOST_SECONDS.items():
            sizes = QUICK if quick else SIZES
            done = []
            for compounds in sizes:
                with tempfile.TemporaryDirectory(prefix="yishi") as folder:
                    url = f"sqlite:///{folder}/bench.db" if name == "sqlite" else make_database(postgres)
                    done.append(asyncio.run(close_week(url, compounds)))
            last = done[-1]
            yield _row(
                name, "week", last.seconds, "s", most,
                {
                    "compounds": last.compounds,
                    "messages": last.compounds * SAID,
                    "in_the_table": last.compounds * (SAID + EARLIER),
                    "queued": last.queued,
                    "warnings": last.warnings,
                    "ticks": last.ticks,
                    "processor": round(last.processor, 1),
                    "by_cycle": {name: round(last.spent[name], 1) for name in _dearest(last)},
                },
            )  # fmt: skip
            yield _row(name, "slowest_tick", last.slowest_tick, "s", TICK_SECONDS, {})
            each = {str(one.compounds): round(one.each_ms, 2) for one in done}
            yield _row(name, "per_compound", last.each_ms, "ms", done[0].each_ms, {"at": each})
            yield _row(name, "group_by", last.group_by, "s", last.spent["cycles"], {})


def _dearest(closed: Closed) -> list[str]:
    return sorted(closed.spent, key=lambda name: -closed.spent[name])[:4]


def _row(
    database: str, metric: str, value: float, unit: str, reference: float, more: dict[str, Any]
) -> dict[str, Any]:
    return {
        "bench": "cycles",
        "metric": f"{database}_{metric}",
        "value": round(value, 2),
        "unit": unit,
        "reference": round(reference, 2),
        "ratio": round(value / reference, 3),
        **more,
    }


async def close_week(url: str, compounds: int) -> Closed:
    """Found a city in an empty database and close its week; raises RuntimeError when a compound is left out."""
    database = Database(url)
    try:
        await prepare(database)
        await found(database, compounds)
        sealer = Sealer([f"bench:{_key()}"], _key())
        cycles = cycles_of(database, city_services(Reader.load(), sealer, "https://yishi.example"))
        at, slowest, ticks = close_moment(), 0.0, 0
        spent: dict[str, float] = defaultdict(float)
        begun = await _processor(database)
        while await _left(database) and at < close_moment() + _LONGEST:
            tick = time.perf_counter()
            for name, advance in cycles.items():
                started = time.perf_counter()
                await advance(at)
                spent[name] += time.perf_counter() - started
            slowest = max(slowest, time.perf_counter() - tick)
            ticks += 1
            at += timedelta(seconds=TICK_SECONDS)
        started = time.perf_counter()
        await cycles["warnings"](
            close_moment() + timedelta(hours=12, minutes=1)
        )  # Monday, for the communities
        spent["warnings"] += time.perf_counter() - started
        processor = await _processor(database) - begun
        group_by = min([await _group_by(database) for _ in range(3)])
        async with database.read() as session:
            queued = (await session.exec(select(func.count()).select_from(OutboxMessage))).one()
            warnings = (await session.exec(select(func.count()).select_from(EarlyWarning))).one()
        if await _left(database):
            raise RuntimeError("the week of some compounds is not closed")
        return Closed(compounds, spent, processor, slowest, ticks, queued, warnings, group_by)
    finally:
        await database.close()


def _key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


async def _left(database: Database) -> int:
    """Compounds without their digest or their count."""
    async with database.read() as session:
        weeks = select(func.count()).where(
            col(WeeklyCycle.week) == WEEK, col(WeeklyCycle.digest).is_not(None)
        )
        tallies = select(func.count()).where(col(WeekTally.week) == WEEK)
        compounds = (await session.exec(select(func.count()).where(col(WeeklyCycle.week) == WEEK))).one()
        return 2 * compounds - (await session.exec(weeks)).one() - (await session.exec(tallies)).one()


async def _processor(database: Database) -> float:
    """Seconds that this process has worked, and on PostgreSQL the servers of its connections, which it keeps."""
    spent = time.process_time()
    if not database.is_sqlite:
        async with database.read() as session:
            servers = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            for pid in (await (await session.connection()).execute(servers)).scalars():
                times = psutil.Process(pid).cpu_times()
                spent += times.user + times.system
    return spent


async def _group_by(database: Database) -> float:
    async with database.read() as session:
        started = time.perf_counter()
        (await (await session.connection()).execute(text(_GROUP_BY))).all()
        return time.perf_counter() - started
