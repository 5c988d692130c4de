"""A year of fifty compounds under all cycles: two replicas that race, are stopped half-way, stay away, lose the time.

The clock goes from one moment at which something may be due to the next. On PostgreSQL it is a shorter stretch.
"""

import asyncio
import random
import time as wall
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy import update
from sqlmodel import col, select

from handlers.clock import cycles_of
from handlers.consultations.rules import DEFAULT_PLAN as PLAN
from handlers.consultations.rules import meets_on
from handlers.digests.rules import DEFAULT_PLAN, WEEK, timetable
from handlers.local_time import LOCAL, month_of
from handlers.voting.clock import advance_votes
from nlp.reader import Reader
from storage.database import Database
from storage.sealing import Sealer
from storage.states import GroupKind, MessageClass, OutboxState
from storage.tables import AuditEvent, OutboxMessage, WeeklyCycle
from tests.handlers.weeks import City, Dying, Killed, city_services
from tests.handlers.year import (
    CODES,
    HEARD,
    LED,
    RISING,
    Year,
    judge_consultations,
    judge_hours,
    judge_months,
    judge_once,
    judge_reminders,
    judge_reviews,
    judge_topics,
    judge_warnings,
)
from tests.handlers.year_deeds import VOTE, Deeds
from tests.voting.assembly import SIGNER

PROMPTED = CODES[:10]  # have a residents' group
STAFFED = CODES[:25]  # have a group of staff; nobody reads the others' digests but on their page
ASKED = CODES[9]
READ = (*LED, HEARD, RISING)  # have somebody who reads
FIRST = date(2026, 1, 5)
# (weekday, hour, minute) around the times of the week; on Friday the round is reminded of.
TICKS = ((0, 9, 3), (0, 9, 33), (2, 9, 35), (3, 19, 2), (4, 15, 5), (6, 20, 0), (6, 20, 31))
# In every fourth week the clocks look more often, and once at night.
FINE = (*TICKS, (0, 9, 15), (2, 3, 0), (3, 18, 46), (5, 6, 0), (6, 20, 9))
# Owners of groups let out what they are asked for.
TAP = (
    update(OutboxMessage)
    .where(
        col(OutboxMessage.message_class) == MessageClass.PROMPT,
        col(OutboxMessage.state) == OutboxState.PENDING,
    )
    .values(state=OutboxState.SENT)
)
Span = tuple[tuple[int, int], tuple[int, int]]  # (week, day) to (week, day)


@dataclass(frozen=True)
class Course:
    """So many weeks. away: when nobody is there. ahead, behind: weeks in which the clock is three days wrong for once.

    asked: weeks in which residents' groups are prompted. missed: weeks whose close nobody was there for. Nobody ever
    answers in the groups: they are asked weekly, then every second, then every fourth week.
    """

    weeks: int
    away: tuple[Span, ...]
    ahead: int
    behind: int
    asked: tuple[int, ...]
    missed: tuple[int, ...] = ()

    @property
    def mondays(self) -> list[str]:
        """The weeks by their Monday."""
        return [(FIRST + number * WEEK).isoformat() for number in range(self.weeks)]

    def is_away(self, number: int, day: int) -> bool:
        """Whether nobody is there."""
        return any(first <= (number, day) <= last for first, last in self.away)

    def ticks(self) -> Iterator[tuple[int, datetime]]:
        """(week, moment): when the clocks look."""
        for number in range(self.weeks):
            meetings = [
                (day, 16, 5)
                for day in range(7)
                if meets_on(PLAN, month_of(on := at(number, day))) == on.date()
            ]
            for day, hour, minute in sorted((*(TICKS if number % 4 else FINE), *meetings)):
                if self.is_away(number, day):
                    continue
                moment = at(number, day) + timedelta(hours=hour, minutes=minute)
                if number == self.ahead and (day, hour) == (3, 18):
                    yield number, moment + timedelta(days=3, hours=3)
                if number == self.behind and (day, hour) == (5, 6):
                    yield number, moment - timedelta(days=3)
                yield number, moment


# Over two closes, and over one close and an opening; in week 20 nobody was there to ask.
YEAR = Course(
    52,
    (((20, 2), (22, 1)), ((33, 6), (34, 1))),
    ahead=40,
    behind=44,
    asked=(0, 1, 2, 4, 6, 8, 12, 16, 22, 26, 30, 34, 38, 42, 46, 50),
    missed=(20, 21),
)
STRETCH = Course(9, (((3, 6), (4, 1)),), ahead=5, behind=7, asked=(0, 1, 2, 4, 6, 8))


def at(number: int, day: int) -> datetime:
    """Midnight of a day of a week, local."""
    return datetime.combine(FIRST + number * WEEK + timedelta(days=day), datetime.min.time(), LOCAL)


async def file_opinions(year: Year, course: Course, dice: random.Random) -> int:
    """Two a week and compound on average, at any time while the bot is there; how many."""
    rows = []
    for code in CODES:
        if code == ASKED:
            continue  # what is said there becomes requests
        moments = sorted(
            at(0, 0) + timedelta(days=dice.uniform(0, course.weeks * 7 - 0.2))
            for _ in range(2 * course.weeks)
        )
        there = [
            moment
            for moment in moments
            if not any(at(*first) <= moment < at(*last) + timedelta(days=1) for first, last in course.away)
        ]
        rows += [
            {"compound_id": year.city.id_of(code), "number": 1001 + index, "filed_at": moment}
            for index, moment in enumerate(there)
        ]
    rows += [
        row
        for row in await year.complain()
        if not course.is_away((row["filed_at"].date() - FIRST).days // 7, row["filed_at"].weekday())
    ]
    await year.city.file(rows)
    return len(rows)


class Replica:
    """One server's clock."""

    def __init__(self, database: Database, city: City) -> None:
        self._database, self._services = database, city.services
        self._cycles = cycles_of(database, city.services) | {
            "votes": partial(advance_votes, database, SIGNER)
        }
        self.did: Counter[str] = Counter()

    async def look(self, now: datetime) -> None:
        """What a tick does."""
        for name, advance in self._cycles.items():
            self.did[name] += await advance(now)

    async def is_killed(self, now: datetime, after: int) -> bool:
        """Whether it got as far as being killed, when it may write to so many people before."""
        dying = cycles_of(self._database, replace(self._services, accounts=Dying(after)))
        try:
            for advance in dying.values():
                await advance(now)
        except Killed:
            return True
        return False


async def test_a_year_of_fifty_compounds(
    database: Database, database_url: str, tagger: Reader, sealer: Sealer
) -> None:
    course = YEAR if database.is_sqlite else STRETCH
    dice = random.Random(20260105)
    city = City(database, city_services(tagger, sealer), datetime(2026, 1, 1, tzinfo=LOCAL))
    await city.enrol(PROMPTED)
    await city.enrol(STAFFED[len(PROMPTED) :], kinds=[GroupKind.INTERNAL])
    await city.enrol(CODES[len(STAFFED) :], kinds=[])
    year = Year(city, FIRST, course.weeks)
    await year.appoint()
    deeds = Deeds(city, ASKED, CODES[7], CODES[8])
    await deeds.appoint()
    filed = await file_opinions(year, course, dice)
    await deeds.announce_vote(at(VOTE, 0) + timedelta(hours=9))
    # A file has one server; its replicas on PostgreSQL race.
    other = database if database.is_sqlite else Database(database_url)
    replicas = [Replica(database, city), Replica(other, city)]
    began, spent = wall.monotonic(), wall.process_time()
    ticks = list(course.ticks())
    kills = 0
    for number, now in ticks:
        if dice.random() < 0.15:
            kills += await dice.choice(replicas).is_killed(now, dice.randrange(12))
        race = dice.random() < 0.2
        await asyncio.gather(*(each.look(now) for each in (replicas if race else [dice.choice(replicas)])))
        async with database.write() as session:
            await session.exec(TAP)
        await year.act(number, now)
        await deeds.act(number, now)
    seconds, spent = wall.monotonic() - began, wall.process_time() - spent
    if other is not database:
        await other.close()
    outbox = await city.outbox()
    async with database.read() as session:
        cycles = list((await session.exec(select(WeeklyCycle).order_by(col(WeeklyCycle.week)))).all())
        audit = list(await session.exec(select(AuditEvent)))
    print(
        f"\n{len(ticks)} ticks, {kills} killed; {dict(replicas[0].did + replicas[1].did)}; {len(outbox)} messages;"
        f" {filed} opinions; {seconds:.1f} s, {spent:.1f} s of processor"
    )
    judge_weeks(course, cycles, filed + len(deeds.raised))
    judge_messages(course, [message for message in outbox if message.dedupe_key.startswith("cycle:")])
    moments = [now for _number, now in ticks]
    judge_once(audit)
    await judge_reminders(year, outbox, moments)
    await judge_consultations(year, outbox, moments[-1])
    await judge_months(year, moments[-1])
    await judge_reviews(year, moments[-1])
    await judge_warnings(year, outbox)
    await judge_topics(year)
    await deeds.judge(year.rows, outbox, moments[-1])
    a_day = judge_hours(outbox)
    print(f"most to one person in a day: {a_day.most_common(3)}")
    assert max(a_day.values()) <= 8
    assert all(each.did["cycles"] for each in replicas)  # both had their share
    assert kills > course.weeks // 3
    assert spent < 300  # a minute to a minute and a half where nothing else runs


def judge_weeks(course: Course, cycles: Sequence[WeeklyCycle], filed: int) -> None:
    """Every week of every compound is finished once; every opinion is in one digest."""
    weeks = course.mondays
    assert Counter(cycle.week for cycle in cycles) == dict.fromkeys(weeks, len(CODES))
    # Two closes went by: one digest for the last week that has something to say, the other week passed over.
    skipped = Counter(cycle.compound_id for cycle in cycles if cycle.skipped)
    assert skipped == ({cycle.compound_id: 1 for cycle in cycles} if course.missed else {})
    assert {cycle.week for cycle in cycles if cycle.skipped} == {weeks[number] for number in course.missed}
    if course.missed:
        last = weeks[course.missed[-1]]
        late = [cycle.digest["total"] for cycle in cycles if cycle.week == last and cycle.digest]
        assert set(late) == {0}  # nothing in either week: then it is the last one
    assert all((cycle.digested_at is None) == (cycle.digest is None) == cycle.skipped for cycle in cycles)
    assert sum(cycle.digest["total"] for cycle in cycles if cycle.digest) == filed


def judge_messages(course: Course, outbox: Sequence[OutboxMessage]) -> None:
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
    for number, week in enumerate(course.mondays):
        missed = number in course.missed
        assert steps["open", week] == (0 if number in course.missed[1:] else len(STAFFED)), week
        assert prompts[week] == (len(PROMPTED) if number in course.asked else 0), week
        assert steps["digest", week] == digests or missed, week
        assert steps["feedback", week] in range(1, len(PROMPTED) + 1) or missed, week
    if course.missed:
        assert sum(steps["digest", course.mondays[number]] for number in course.missed) == digests
    # On the day the bot is back there is a digest to catch up on and a week to open, on other days less.
    assert max(a_day.values()) == 2
