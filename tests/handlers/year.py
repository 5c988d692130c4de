"""What goes on in a city all year beside its weeks, what people there do at the times they do it, and whether the
clock did its part: each step of each cycle once, none missing, nothing at night, no flood.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlmodel import col, select

from bot.config import QuietHours
from bot.delivery import Quiet, held_until
from handlers.consultations.agenda import add_item
from handlers.consultations.meeting import settle_agenda
from handlers.consultations.outcomes import Decision
from handlers.consultations.record import decide_item, publish_minutes, put_record
from handlers.hazards import rules as hazards
from handlers.local_time import LOCAL, local_date
from handlers.oversight.periods import bounds_of_month, last_month, month_before
from handlers.oversight.settings import set_review
from handlers.requests.calendar import is_workday
from handlers.topics.propose import propose_topic
from handlers.visits import rules as visits
from handlers.visits.door import OpenedVisits, nodes_of
from handlers.visits.plans import add_plan
from storage.states import ItemOutcome, PollKind, ReviewRhythm, Role, TopicVerb, VisitLevel
from storage.tables import (
    AuditEvent,
    Compound,
    Consultation,
    ConsultationItem,
    EarlyWarning,
    HazardSettings,
    OutboxMessage,
    Poll,
    Scorecard,
    Topic,
    TopicEvent,
    WeeklyCycle,
    WeekTally,
)
from tests.handlers.weeks import City

CODES = [f"QS-{number:02}" for number in range(1, 51)]
LED = CODES[:3]  # by one secretary
RISING = CODES[5]  # has another, who hears of the lifts
HEARD = CODES[4]  # its community worker hears what the meeting left undone
WALKED = CODES[:6]  # by three grid workers, each in two compounds, who also look in at a home in the first
TALKING = CODES[:5]  # put something on the agenda of every month
RECORDED = CODES[0]  # and writes down what came of it
QUARTERLY, YEARLY = CODES[:3], CODES[3:5]  # ask residents about their committee
TOPICS = {
    3: CODES[0],
    12: CODES[1],
    19: CODES[2],
    30: CODES[0],
    39: CODES[1],
    43: CODES[2],
}  # by the week they begin
SURGE = 30  # the week in which many speak of the lifts of RISING
DAY = timedelta(days=1)
QUIET = Quiet(QuietHours().start, QuietHours().end)
_LEAF = "dianti.kunren"
# Verbs of the clock, which a subject has once. An agenda is settled, and its meeting recorded, by people.
_ONCE = ("cycle.", "consultation.", "poll.ended", "warning.")


@dataclass
class Year:
    """A city's staff, and what they do. weeks: how many there are; topics: weeks whose topic has begun."""

    city: City
    first: date
    weeks: int
    people: dict[str, int] = field(default_factory=dict)
    topics: set[int] = field(default_factory=set)

    async def appoint(self) -> None:
        """Everybody in office, and everything that is off until somebody switches it on."""
        city = self.city
        for name in ("secretary-1", "secretary-2", "community-1", "steward-1", "steward-2"):
            self.people[name] = await city.person(name)
        for code in LED:
            await city.grant(self.people["secretary-1"], Role.SECRETARY, code)
        await city.grant(self.people["secretary-2"], Role.SECRETARY, RISING)
        await city.grant(self.people["community-1"], Role.COMMUNITY_WORKER, HEARD)
        for name in ("steward-1", "steward-2"):
            await city.grant(self.people[name], Role.SUPERVISOR, CODES[40], "片区院长")
        for place, code in enumerate(WALKED):
            name = f"grid-{place // 2 + 1}"
            if name not in self.people:
                self.people[name] = await city.person(name)
            await city.grant(self.people[name], Role.GRID_WORKER, code)
        secretary, now = self.people["secretary-1"], city.now
        async with city.database.write() as session:
            for code in WALKED:
                session.add(HazardSettings(compound_id=city.id_of(code), weekly=True))
            for codes, rhythm in ((QUARTERLY, ReviewRhythm.QUARTERLY), (YEARLY, ReviewRhythm.YEARLY)):
                for code in codes:
                    await set_review(
                        session, city.services, city.id_of(code), rhythm, now, actor_id=secretary
                    )
            for code in WALKED[::2]:
                compound = await session.get_one(Compound, city.id_of(code))
                opened = OpenedVisits(compound, await nodes_of(session, compound), (), is_head=True)
                worker = self.people[f"grid-{WALKED.index(code) // 2 + 1}"]
                await add_plan(
                    session, city.services, opened, "3栋1单元501", VisitLevel.WEEKLY, "", worker, now,
                    actor_id=secretary,
                )  # fmt: skip

    async def complain(self) -> list[dict[str, Any]]:
        """Two people a week speak of the lifts of one compound, and in one week eight times as many."""
        rows: list[dict[str, Any]] = []
        persons = [await self.city.person(f"resident-{each}", "main") for each in range(16)]
        for number in range(self.weeks):
            at = datetime.combine(self.first + timedelta(days=7 * number + 2), time(12), LOCAL)
            for person in persons[: 16 if number == SURGE else 2]:
                rows.append(
                    {
                        "compound_id": self.city.id_of(RISING),
                        "number": 5001 + len(rows),
                        "filed_at": at,
                        "person_id": person,
                        "categories": [{"id": _LEAF, "score": 1.0}],
                    }
                )
        return rows

    async def act(self, number: int, now: datetime) -> None:
        """What people do in a week, once the bot is there."""
        city, secretary = self.city, self.people["secretary-1"]
        if number in TOPICS and number not in self.topics:
            self.topics.add(number)
            async with city.database.write() as session:
                compound = await session.get_one(Compound, city.id_of(TOPICS[number]))
                await propose_topic(
                    session, city.services, compound, "请一家物业", "大家说了很久。", "company", now,
                    actor_id=secretary,
                )  # fmt: skip
        await self._talk(now)

    async def _talk(self, now: datetime) -> None:
        """Agendas that are open are settled; of meetings that are over one compound writes a record."""
        city, secretary = self.city, self.people["secretary-1"]
        codes = {city.id_of(code): code for code in TALKING}
        async with city.database.read() as session:
            statement = select(Consultation).where(
                col(Consultation.compound_id).in_(codes),
                col(Consultation.ended_at).is_(None),
                col(Consultation.recorded_at).is_(None),
            )
            rows = list(await session.exec(statement))
        for row in rows:
            compound = city.compounds[codes[row.compound_id]]
            async with city.database.write() as session:
                if row.agreed_at is None and now < row.meets_at - timedelta(hours=4):
                    await add_item(
                        session, city.services, compound, row.month, "充电桩装在哪", "", None, now,
                        actor_id=secretary,
                    )  # fmt: skip
                    await settle_agenda(session, city.services, compound, row.month, now, actor_id=secretary)
                elif row.asked_at is not None and compound.code == RECORDED:
                    await self._record(session, compound, row, now)

    async def _record(self, session: Any, compound: Compound, row: Consultation, now: datetime) -> None:
        services, secretary = self.city.services, self.people["secretary-1"]
        await put_record(
            session, services, compound, row.month, 9, ["李书记"], [], "都说了话。", now, actor_id=secretary
        )
        statement = select(ConsultationItem).where(
            ConsultationItem.compound_id == row.compound_id, ConsultationItem.month == row.month
        )
        for item in list(await session.exec(statement)):
            decision = Decision(ItemOutcome.ANSWERED, "装在北门")
            await decide_item(
                session, services, compound, row.month, item.item_number, decision, now, actor_id=secretary
            )
        await publish_minutes(session, services, compound, row.month, now, actor_id=secretary)

    async def rows(self, table: type[Any]) -> list[Any]:
        """A whole table."""
        async with self.city.database.read() as session:
            return list(await session.exec(select(table)))


# What the clock should have done


def weeks_seen(
    moments: Iterable[datetime], due: Callable[[datetime, Callable[[date], bool]], str | None]
) -> set[str]:
    """The periods of which a reminder was due at one of these moments."""
    return {period for now in moments if (period := due(now, is_workday)) is not None}


def judge_once(audit: Sequence[AuditEvent]) -> None:
    """Each step of each period of each compound is noted once."""
    noted = Counter(
        (event.compound_id, event.subject, event.verb) for event in audit if event.verb.startswith(_ONCE)
    )
    assert set(noted.values()) == {1}, [each for each, count in noted.items() if count > 1][:5]


async def judge_reminders(year: Year, outbox: Sequence[OutboxMessage], moments: Sequence[datetime]) -> None:
    """Rounds, visits and stewards: of every week and month in which anybody was there when it was due, once."""
    told = Counter(
        (job, period)
        for job, period, *_whom in (message.dedupe_key.split(":") for message in outbox)
        if job in ("hazards", "visits", "stewards")
    )
    expected = {("hazards", week): 3 for week in weeks_seen(moments, hazards.week_to_remind)}
    expected |= {("visits", week): 3 for week in weeks_seen(moments, visits.week_to_remind)}
    expected |= {("stewards", month): 2 for month in weeks_seen(moments, visits.month_to_remind)}
    assert told == expected


async def judge_consultations(year: Year, outbox: Sequence[OutboxMessage], last: datetime) -> None:
    """Each month of each compound is opened once and led to its end; hosts hear of each step once."""
    rows: list[Consultation] = await year.rows(Consultation)
    months = {f"2026-{number:02}" for number in range(1, 13)} if year.weeks == 52 else {"2026-01", "2026-02"}
    assert Counter(row.month for row in rows if row.month in months) == dict.fromkeys(months, len(CODES))
    code_of = {compound.compound_id: code for code, compound in year.city.compounds.items()}
    told = Counter(
        (key[1], key[2], key[3], message.recipient)
        for message in outbox
        if (key := message.dedupe_key.split(":"))[0] == "consultation"
    )
    assert set(told.values()) == {1}
    for row in rows:
        code = code_of[row.compound_id]
        if row.meets_at + timedelta(days=9) > last:
            continue
        assert row.opened_at < row.meets_at - timedelta(days=2), (code, row.month)
        if code not in TALKING:
            assert (row.ended_at is not None, row.ended_why) == (True, "")
            continue
        assert row.noticed_at is not None and row.closed_at is not None and row.asked_at is not None
        assert (row.late_at is None) == (code == RECORDED), (code, row.month)
        if code in LED:
            assert told[code, row.month, "ask", "secretary-1"] == 1, (code, row.month)
        if code == HEARD:
            assert told[code, row.month, "late", "community-1"] == 1, (code, row.month)
        if code == RECORDED and row.recorded_at and row.recorded_at + timedelta(days=20) < last:
            assert row.checked_at is not None


async def judge_months(year: Year, last: datetime) -> None:
    """A card for each month of each compound, made when it is over, and counted once more a month later."""
    cards: list[Scorecard] = await year.rows(Scorecard)
    newest = last_month(last)
    months = [month_before(last_month(year.city.now + 10 * DAY), 2)]
    while months[-1] < newest:
        months.append(f"{bounds_of_month(months[-1])[1].astimezone(LOCAL):%Y-%m}")
    firsts = [card for card in cards if card.revision == 1]
    assert Counter(card.month for card in firsts) == dict.fromkeys(months, len(CODES))
    assert all(card.made_at >= bounds_of_month(card.month)[1] for card in cards)
    assert all((card.checked_at is not None) == (card.month < newest) for card in firsts)


async def judge_reviews(year: Year, last: datetime) -> None:
    """Residents are asked once a quarter, or once a year, and each poll ends."""
    polls: list[Poll] = [poll for poll in await year.rows(Poll) if poll.kind is PollKind.SATISFACTION]
    code_of = {compound.compound_id: code for code, compound in year.city.compounds.items()}
    quarters = ["2025Q4", "2026Q1", "2026Q2", "2026Q3"] if year.weeks == 52 else ["2025Q4"]
    expected = {(code, quarter) for code in QUARTERLY for quarter in quarters}
    expected |= {(code, "2025") for code in YEARLY}
    asked = Counter((code_of[poll.compound_id], str(poll.about["review"])) for poll in polls)
    assert asked == dict.fromkeys(expected, 1)
    assert all(poll.ended_at is not None for poll in polls if poll.closes_at < last - DAY)


async def judge_warnings(year: Year, outbox: Sequence[OutboxMessage]) -> None:
    """Every week that has a digest is counted once; the one rise is told once to the one who leads."""
    tallies: list[WeekTally] = await year.rows(WeekTally)
    cycles: list[WeeklyCycle] = await year.rows(WeeklyCycle)
    digested = {(cycle.compound_id, cycle.week) for cycle in cycles if cycle.digest is not None}
    assert {(tally.compound_id, tally.week) for tally in tallies} == digested
    told = [message for message in outbox if message.dedupe_key.startswith("warning:")]
    warnings: list[EarlyWarning] = await year.rows(EarlyWarning)
    if year.weeks <= SURGE:
        assert not told and not warnings
        return
    week = (year.first + timedelta(days=7 * SURGE)).isoformat()
    assert [(warning.compound_id, warning.week) for warning in warnings] == [(year.city.id_of(RISING), week)]
    assert [message.recipient for message in told] == ["secretary-2"]


async def judge_topics(year: Year) -> None:
    """Of each topic's step it is said once that it is due soon, and once that it is late."""
    events: list[TopicEvent] = await year.rows(TopicEvent)
    topics: list[Topic] = await year.rows(Topic)
    said = Counter(
        (event.compound_id, event.topic_number, event.verb)
        for event in events
        if event.verb in (TopicVerb.REMINDED, TopicVerb.OVERDUE)
    )
    keys = {(topic.compound_id, topic.topic_number) for topic in topics}
    assert len(keys) == sum(number < year.weeks for number in TOPICS)
    late = {(*key, TopicVerb.OVERDUE) for key in keys}
    assert {each for each in said if each[2] is TopicVerb.OVERDUE} == late
    assert set(said.values()) == {1}
    # Of one whose reminder and end went by while nobody was there, only the end is said.
    assert len(said) >= 2 * len(keys) - 1


def judge_hours(outbox: Sequence[OutboxMessage]) -> Counter[tuple[str, date]]:
    """Nothing unasked goes out at night, and what waits for the morning is still wanted then; (person, day) counts."""
    a_day: Counter[tuple[str, date]] = Counter()
    for message in outbox:
        goes_at = (
            held_until(message.message_class, message.created_at, message.not_before, QUIET)
            or message.not_before
        )
        assert QUIET.end <= goes_at.astimezone(LOCAL).time() < QUIET.start, message.dedupe_key
        assert goes_at < message.expires_at, message.dedupe_key
        if message.recipient.startswith(("secretary", "community", "grid", "steward")):
            a_day[message.recipient, local_date(goes_at)] += 1
    return a_day
