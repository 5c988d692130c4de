"""How fast a vote is counted, beside SQL that joins the same rows: COUNT(DISTINCT owner) and SUM(area) for each choice.

The count is `judge` and `tally` over rows in memory: who may vote, the window, the slots, contradictions, sums by
choice, building and channel, and what the law makes of them. The SQL only adds up. Rounds take turns, the best counts;
the sums of both must be the same. Of the large vote, counted in a process of its own, the memory is told, too.
"""

import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import asyncpg

from handlers.voting.judge import judge
from handlers.voting.tally import tally
from handlers.voting.terms import Ballot, Question, Rules, Sums, Unit
from storage.states import UnitKind
from tests.postgres import running_server

UNITS, MANY = 20_000, 1_000_000
MOST_TIMES_SQL = 5  # what the count may take
MAKE = """
    CREATE TABLE unit (unit_id TEXT PRIMARY KEY, owner TEXT NOT NULL, area BIGINT NOT NULL);
    CREATE TABLE ballot (unit_id TEXT PRIMARY KEY, choice TEXT NOT NULL);
"""
SQL = """
    SELECT choice, COUNT(DISTINCT owner), SUM(area) FROM ballot JOIN unit ON unit.unit_id = ballot.unit_id
    GROUP BY choice
"""
_OPENS = datetime(2026, 5, 1, tzinfo=UTC)
_RULES = Rules(opens_at=_OPENS, closes_at=_OPENS + timedelta(days=30))
_QUESTION = Question("q", 4)

Choices = dict[str, Sums]


class Vote(NamedTuple):
    """A roll by unit, and a ballot of seven units in ten."""

    roll: dict[str, Unit]
    ballots: list[Ballot]

    @property
    def rows(self) -> tuple[list[tuple[str, str, int]], list[tuple[str, str]]]:
        """The same as rows of the two tables."""
        units = [(unit.unit_id, unit.owner_key, unit.area) for unit in self.roll.values()]
        return units, [(each.unit_id, str(each.choices["q"])) for each in self.ballots]


def run(quick: bool) -> Iterator[dict[str, Any]]:
    """Yields milliseconds beside SQLite and PostgreSQL, and seconds of the large vote; ratio = value / reference."""
    yield from asyncio.run(_beside_both(make_vote(UNITS), 5 if quick else 30))
    command = [sys.executable, "-m", "benchmarks.votes", str(MANY // 5 if quick else MANY)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    yield json.loads(done.stdout)


def make_vote(count: int) -> Vote:
    """One owner in seven has more than one unit and says the same for all; ballots come as they were recorded."""
    random = Random(count)
    roll = {}
    for number in range(count):
        owner = number if number % 7 else random.randrange(count)
        unit_id = f"{number // 100}-{number % 100:02d}"
        area = random.randrange(4_000, 20_000) * 10_000
        roll[unit_id] = Unit(unit_id, f"o{owner}", UnitKind.RESIDENTIAL, area, str(number // 100))
    says = {unit.owner_key: random.choice(("agree", "agree", "against", "abstain")) for unit in roll.values()}
    cast = [unit for unit in roll.values() if random.random() < 0.7]
    random.shuffle(cast)
    seconds = 30 * 86_400 / count
    ballots = [
        Ballot(
            unit_id=unit.unit_id,
            choices={"q": says[unit.owner_key]},
            channel="paper" if random.random() < 0.4 else "online",
            cast_at=_OPENS + timedelta(seconds=place * seconds),
            by=unit.owner_key,
        )
        for place, unit in enumerate(cast)
    ]
    return Vote(roll, ballots)


def count_vote(vote: Vote) -> Choices:
    """Persons and area of each choice, as the bot counts them."""
    judged = judge(_RULES, vote.roll, vote.ballots)
    return dict(tally(_RULES, [_QUESTION], vote.roll, judged)["q"].choices)


async def _beside_both(vote: Vote, rounds: int) -> list[dict[str, Any]]:
    best = {"tally": float("inf"), "sqlite": float("inf"), "postgresql": float("inf")}
    with tempfile.TemporaryDirectory(prefix="yishi") as folder, running_server() as url:
        file = _sqlite(Path(folder) / "votes.db", vote)
        server = await asyncpg.connect(url)
        try:
            await _fill(server, vote)
            for _ in range(rounds):
                started = time.perf_counter()
                counted = count_vote(vote)
                best["tally"] = min(best["tally"], time.perf_counter() - started)
                started = time.perf_counter()
                by_sqlite = file.execute(SQL).fetchall()
                best["sqlite"] = min(best["sqlite"], time.perf_counter() - started)
                started = time.perf_counter()
                by_postgres = await server.fetch(SQL)
                best["postgresql"] = min(best["postgresql"], time.perf_counter() - started)
                _compare(counted, by_sqlite, by_postgres)
        finally:
            file.close()
            await server.close()
    return [
        {
            "bench": "votes",
            "metric": f"tally_beside_{name}",
            "value": round(1000 * best["tally"], 1),
            "unit": "ms",
            "reference": round(1000 * best[name], 1),
            "ratio": round(best["tally"] / best[name], 2),
            "bar": MOST_TIMES_SQL,
            "units": len(vote.roll),
        }
        for name in ("sqlite", "postgresql")
    ]


def _sqlite(path: Path, vote: Vote) -> sqlite3.Connection:
    units, ballots = vote.rows
    connection = sqlite3.connect(path)
    connection.executescript(MAKE)
    connection.executemany("INSERT INTO unit VALUES (?, ?, ?)", units)
    connection.executemany("INSERT INTO ballot VALUES (?, ?)", ballots)
    connection.commit()
    connection.execute("ANALYZE")
    return connection


async def _fill(server: asyncpg.Connection, vote: Vote) -> None:
    units, ballots = vote.rows
    await server.execute(MAKE)
    await server.copy_records_to_table("unit", records=units)
    await server.copy_records_to_table("ballot", records=ballots)
    await server.execute("VACUUM ANALYZE")


def _compare(counted: Choices, *others: Any) -> None:
    for rows in others:
        if {choice: Sums(persons, int(area)) for choice, persons, area in rows} != counted:
            raise RuntimeError("SQL adds up to something else")


def _large(count: int) -> dict[str, Any]:
    """Seconds and megabytes of one count of many units; megabytes before it are those of the rows."""
    vote = make_vote(count)
    before = _peak_mb()
    started = time.perf_counter()
    counted = count_vote(vote)
    seconds = time.perf_counter() - started
    peak = _peak_mb()
    with tempfile.TemporaryDirectory(prefix="yishi") as folder:
        file = _sqlite(Path(folder) / "votes.db", vote)
        started = time.perf_counter()
        rows = file.execute(SQL).fetchall()
        reference = time.perf_counter() - started
        file.close()
    _compare(counted, rows)
    return {
        "bench": "votes",
        "metric": "tally_of_many",
        "value": round(seconds, 2),
        "unit": "s",
        "reference": round(reference, 2),
        "ratio": round(seconds / reference, 2),
        "units": count,
        "peak_mb": peak,
        "rows_mb": before,
    }


def _peak_mb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024 if os.uname().sysname == "Darwin" else 1024)


if __name__ == "__main__":
    print(json.dumps(_large(int(sys.argv[1]))))
