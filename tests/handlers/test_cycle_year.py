"""A year of weeks for fifty compounds: two replicas that race, are stopped half-way, stay away, and lose the time."""

import asyncio
import random
import time as wall
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlmodel import col, select

from handlers.digests.cycle import advance
from handlers.digests.rules import DEFAULT_PLAN, WEEK, timetable
from handlers.local_time import LOCAL
from nlp.reader import Reader
from storage.database import Database
from storage.sealing import Sealer
from storage.states import GroupKind, MessageClass, Role
from storage.tables import AuditEvent, OutboxMessage, WeeklyCycle
from tests.handlers.weeks import City, Dying, Killed, city_services

CODES = [f"QS-{number:02}" for number in range(1, 51)]
PROMPTED = CODES[:10]  # have a residents' group
STAFFED = CODES[:25]  # have a group of staff; nobody reads the others' digests but on their page
READ = CODES[:3]  # have a secretary
FIRST = date(2026, 1, 5)
WEEKS = [(FIRST + n * WEEK).isoformat() for n in range(52)]
# (weekday, hour, minute) around the usual times, and a look between.
TICKS = (
    (0, 9, 3), (0, 9, 15), (0, 9, 33), (3, 18, 46), (3, 19, 2), (5, 6, 0), (6, 20, 0), (6, 20, 9), (6, 20, 31),
)  # fmt: skip
# (week, day) to (week, day), when nobody is there: over two closes, and over one close and an opening
DOWN, AWAY = ((20, 2), (22, 1)), ((33, 6), (34, 1))
# Nobody ever answers in the residents' groups: they are asked weekly, then every second, then every fourth week, in
# week 20 nobody was there.
ASKED = (0, 1, 2, 4, 6, 8, 12, 16, 22, 26, 30, 34, 38, 42, 46, 50)
AHEAD, BEHIND = 40, 44  # weeks in which the clock is three days wrong for a tick


def ticks() -> Iterator[datetime]:
    for number in range(52):
        for day, hour, minute in TICKS:
            if any(first <= (number, day) <= last for first, last in (DOWN, AWAY)):
                continue
            moment = datetime.combine(FIRST + number * WEEK, datetime.min.time(), LOCAL) + timedelta(
                days=day, hours=hour, minutes=minute
            )
            if number == AHEAD and (day, hour) == (3, 18):
                yield moment + timedelta(days=3, hours=3)
            if number == BEHIND and day == 5:
                yield moment - timedelta(days=3)
            yield moment


async def file_opinions(city: City, dice: random.Random) -> int:
    """Two a week and compound on average, at any time while the bot is there."""
    rows = []
    away = [
        [
            datetime.combine(FIRST + number * WEEK + timedelta(days=day), datetime.min.time(), LOCAL)
            for number, day in span
        ]
        for span in (DOWN, AWAY)
    ]
    for code in CODES:
        moments = sorted(
            datetime.combine(FIRST, datetime.min.time(), LOCAL)
            + timedelta(days=dice.uniform(0, 52 * 7 - 0.2))
            for _ in range(104)
        )
        there = [
            moment
            for moment in moments
            if not any(first <= moment < last + timedelta(days=1) for first, last in away)
        ]
        rows += [
            {"compound_id": city.id_of(code), "number": 1001 + index, "filed_at": moment}
            for index, moment in enumerate(there)
        ]
    await city.file(rows)
    return len(rows)


async def is_killed(database: Database, city: City, now: datetime, after: int) -> bool:
    """Whether a replica that may write to so many people before it is killed got that far."""
    try:
        await advance(database, replace(city.services, accounts=Dying(after)), now)
    except Killed:
        return True
    return False


async def test_a_year_of_fifty_compounds(
    database: Database, database_url: str, tagger: Reader, sealer: Sealer
) -> None:
    dice = random.Random(20260105)
    city = City(database, city_services(tagger, sealer), datetime(2026, 1, 1, tzinfo=LOCAL))
    await city.enrol(PROMPTED)
    await city.enrol(STAFFED[len(PROMPTED) :], kinds=[GroupKind.INTERNAL])
    await city.enrol(CODES[len(STAFFED) :], kinds=[])
    secretary = await city.person("secretary-1")
    for code in READ:
        await city.grant(secretary, Role.SECRETARY, code)
    filed = await file_opinions(city, dice)
    # A file has one server; its replicas on PostgreSQL race.
    other = database if database.is_sqlite else Database(database_url)
    began, spent = wall.monotonic(), wall.process_time()
    made: Counter[str] = Counter()
    moments = list(ticks())
    kills = 0
    for now in moments:
        if dice.random() < 0.2:
            kills += await is_killed(database, city, now, dice.randrange(12))
        first, second = await asyncio.gather(
            advance(database, city.services, now), advance(other, city.services, now)
        )
        made["first"] += first
        made["second"] += second
    seconds, spent = wall.monotonic() - began, wall.process_time() - spent
    if other is not database:
        await other.close()
    outbox = await city.outbox()
    async with database.read() as session:
        cycles = list((await session.exec(select(WeeklyCycle).order_by(col(WeeklyCycle.week)))).all())
        audit = Counter((await session.exec(select(AuditEvent.verb))).all())
    print(
        f"\n{len(moments)} ticks of two replicas, {kills} killed; steps {dict(made)}; audit {dict(audit)};"
        f" {len(outbox)} messages; {filed} opinions; {seconds:.1f} s, {spent:.1f} s of processor"
    )
    judge_weeks(cycles, filed)
    judge_messages(outbox)
    assert min(made.values()) > 0  # both had their share
    assert (audit["cycle.digested"], audit["cycle.skipped"]) == (50 * 51, 50)
    assert kills > 20
    assert spent < 60  # a third of it on an idle machine


def judge_weeks(cycles: list[WeeklyCycle], filed: int) -> None:
    """Every week of every compound is finished once; every opinion is in one digest."""
    assert Counter(cycle.week for cycle in cycles) == dict.fromkeys(WEEKS, 50)
    # Two closes went by: one digest for the last week that has something to say, the other week passed over.
    assert Counter(cycle.compound_id for cycle in cycles if cycle.skipped) == {
        cycle.compound_id: 1 for cycle in cycles
    }
    assert {cycle.week for cycle in cycles if cycle.skipped} == set(WEEKS[20:22])
    late = [cycle.digest["total"] for cycle in cycles if cycle.week == WEEKS[21] and cycle.digest]
    assert set(late) == {0}  # nothing in either week: then it is the last one
    assert all((cycle.digested_at is None) == (cycle.digest is None) == cycle.skipped for cycle in cycles)
    assert sum(cycle.digest["total"] for cycle in cycles if cycle.digest) == filed


def judge_messages(outbox: list[OutboxMessage]) -> None:
    steps: Counter[tuple[str, str]] = Counter()
    prompts: Counter[str] = Counter()
    a_day: Counter[tuple[str, str, date]] = Counter()
    for message in outbox:
        _cycle, code, week, step, *_whom = message.dedupe_key.split(":")
        steps[step, week] += 1
        local = message.not_before.astimezone(LOCAL)
        a_day[code, message.recipient, local.date()] += 1
        assert local.minute not in (0, 30)
        due = timetable(DEFAULT_PLAN, code, week)
        expected = {
            "open": due.opens_at,
            "prompt": due.prompts_at,
            "digest": due.digests_at,
            "feedback": due.digests_at,
        }[step]
        assert message.not_before >= max(expected, message.created_at)
        if step == "prompt":
            prompts[week] += 1
            assert message.not_before < due.prompts_at + timedelta(days=1, minutes=21)
            assert message.not_before < message.expires_at <= due.closes_at
        assert message.message_class is (
            MessageClass.DIGEST if step in ("digest", "feedback") else MessageClass.PROMPT
        )
    print(f"most to one recipient of a compound in a day: {max(a_day.values())}; {steps.total()} messages")
    digests = len(STAFFED) + len(READ)
    for number, week in enumerate(WEEKS):
        assert steps["open", week] == (0 if number == 21 else len(STAFFED)), week
        assert prompts[week] == (len(PROMPTED) if number in ASKED else 0), week
        assert steps["digest", week] == digests or number in (20, 21), week
        assert steps["feedback", week] in range(1, len(PROMPTED) + 1) or number in (20, 21), week
    assert steps["digest", WEEKS[20]] + steps["digest", WEEKS[21]] == digests
    # On the day the bot is back there is a digest to catch up on and a week to open, on other days less.
    assert max(a_day.values()) == 2
