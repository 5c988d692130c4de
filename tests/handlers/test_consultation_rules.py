"""Days, steps, the order of an agenda and outcomes, over years, in memory."""

import itertools
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from handlers.consultations.outcomes import Code, Decision, Refused, checked, may_publish, may_settle
from handlers.consultations.ranking import Candidate, choose, points
from handlers.consultations.rules import (
    Due,
    Facts,
    Plan,
    Step,
    closes_at,
    due,
    is_signing_up,
    may_meet_at,
    meets_at,
    meets_on,
    month_after,
    next_at,
    opening,
    record_at,
)
from handlers.local_time import LOCAL, local_date, month_of
from handlers.requests.calendar import is_festival, is_workday
from storage.states import ItemOutcome, ItemState, MeetingBy

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PLANS = st.builds(
    Plan,
    meets_by=st.sampled_from(MeetingBy),
    day=st.integers(1, 31),
    nth=st.integers(1, 5),
    weekday=st.integers(1, 7),
    minute=st.integers(7 * 60, 21 * 60),
)
MONTHS = st.builds(lambda year, month: f"{year}-{month:02}", st.integers(2023, 2030), st.integers(1, 12))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@given(PLANS, MONTHS)
def test_a_meeting_is_in_its_month_and_on_a_day_that_suits(plan: Plan, month: str) -> None:
    day = meets_on(plan, month)
    assert f"{day:%Y-%m}" == month
    if plan.meets_by is MeetingBy.DATE:
        assert is_workday(day)
    else:
        assert day.isoweekday() == plan.weekday
        assert not is_festival(day)


@pytest.mark.parametrize(
    ("plan", "month", "day"),
    [
        (Plan(day=31), "2026-04", "2026-04-30"),  # a short month
        (Plan(day=29), "2024-02", "2024-02-29"),
        (Plan(day=29), "2026-02", "2026-02-28"),  # a Saturday that is worked for the festival
        (Plan(day=17), "2026-02", "2026-02-24"),  # the Spring Festival's week is off
        (Plan(day=31), "2026-05", "2026-05-29"),  # a Sunday, and the month ends: back
        (Plan(MeetingBy.WEEKDAY, nth=3, weekday=4), "2026-03", "2026-03-19"),
        (Plan(MeetingBy.WEEKDAY, nth=5, weekday=6), "2026-05", "2026-05-30"),
        (Plan(MeetingBy.WEEKDAY, nth=5, weekday=6), "2026-04", "2026-04-25"),  # there are four
        (
            Plan(MeetingBy.WEEKDAY, nth=2, weekday=6),
            "2026-02",
            "2026-02-07",
        ),  # the 14th is worked, the 21st off
        (Plan(MeetingBy.WEEKDAY, nth=1, weekday=4), "2026-10", "2026-10-08"),  # National Day
    ],
)
def test_month_ends_leap_years_and_holidays(plan: Plan, month: str, day: str) -> None:
    assert meets_on(plan, month).isoformat() == day


def test_months_follow_each_other() -> None:
    assert [month_after(each) for each in ("2026-01", "2024-02", "2026-12")] == [
        "2026-02",
        "2024-03",
        "2027-01",
    ]
    assert month_of(datetime(2026, 2, 28, 16, 30, tzinfo=UTC)) == "2026-03"  # it is March in Shanghai


@settings(max_examples=15, deadline=None)
@given(PLANS, st.dates(date(2024, 1, 1), date(2028, 1, 1)), st.integers(0, 10**6))
def test_every_month_comes_once_whatever_the_clock_does(plan: Plan, start: date, seed: int) -> None:
    """Half a year of ticks, with clocks that jump back and forth by days, and hosts of every kind."""
    chance = random.Random(seed)
    now = datetime(start.year, start.month, start.day, tzinfo=UTC)
    end, ahead = now + timedelta(days=200), now
    months: dict[str, Facts] = {}
    done: Counter[tuple[str, Step]] = Counter()
    while ahead < end:
        jump = chance.choice((6, 6, 6, 30, 71, -72, -6))
        now += jump * HOUR
        ahead = max(ahead, now)
        month = opening(plan, now)
        if month is not None and month not in months:
            assert now < meets_at(plan, month)
            months[month] = Facts(meets_at(plan, month))
        for month, before in list(months.items()):
            facts = before
            if facts.agreed_at is None and facts.ended_at is None and chance.randrange(40) == 0:
                facts = replace(facts, agreed_at=now)
            if facts.agreed_at and now >= facts.meets_at and not facts.recorded_at and jump == 30:
                facts = replace(facts, recorded_at=now)
            wanted = next_at(facts, now)
            steps = due(facts, now)
            assert bool(steps) == (wanted is not None and wanted <= now)
            for step in steps:
                done[month, step.step] += 1
                if step.step in (Step.NOTICE, Step.CLOSE) and now >= facts.meets_at:
                    assert step.silent
            months[month] = made(facts, steps, now)
            assert due(months[month], now) == []
    assert all(count == 1 for count in done.values())
    # Days of a clock that ran back come again; but for those, no month is missed.
    inner = sorted(months)[1:]
    assert all(month_after(one) == other for one, other in itertools.pairwise(inner))


def made(facts: Facts, steps: list[Due], now: datetime) -> Facts:
    """The row after some steps."""
    names = {
        Step.REMIND: "reminded_at",
        Step.LAPSE: "ended_at",
        Step.NOTICE: "noticed_at",
        Step.CLOSE: "closed_at",
        Step.ASK: "asked_at",
        Step.LATE: "late_at",
        Step.CHECK: "checked_at",
    }
    return replace(facts, **{names[each.step]: now for each in steps})  # type: ignore[arg-type]


class Month(RuleBasedStateMachine):
    """One month under a clock that jumps by up to three days, while people settle, move, record or call it off."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = Facts(at("2026-03-20T19:00"))
        self.now = at("2026-03-10T09:10")
        self.done: Counter[tuple[Step, int]] = Counter()

    @initialize(month=MONTHS, plan=PLANS)
    def open(self, month: str, plan: Plan) -> None:
        self.facts = Facts(meets_at(plan, month))
        self.now = self.facts.meets_at - 10 * DAY

    @rule(hours=st.integers(-72, 72))
    def look(self, hours: int) -> None:
        """A tick: what is due is done at once, by whichever replica."""
        self.now += hours * HOUR
        steps = due(self.facts, self.now)
        for each in steps:
            assert each.step is not Step.TELL  # nobody is left to be told in this test
            self.done[each.step, self.facts.moved if each.step is not Step.REMIND else 0] += 1
            too_late = {Step.NOTICE: closes_at(self.facts.meets_at), Step.CLOSE: self.facts.meets_at}
            if each.step in too_late:
                assert each.silent == (self.now >= too_late[each.step])
        self.facts = made(self.facts, steps, self.now)

    @precondition(lambda self: self.facts.agreed_at is None and self.facts.ended_at is None)
    @rule()
    def settle(self) -> None:
        self.facts = replace(self.facts, agreed_at=self.now)

    @precondition(lambda self: self.facts.noticed_at is not None and self.now < self.facts.meets_at)
    @precondition(lambda self: self.facts.ended_at is None and self.facts.recorded_at is None)
    @rule(days=st.integers(1, 20))
    def move(self, days: int) -> None:
        """Everything about the new day is said anew."""
        self.facts = replace(
            self.facts, meets_at=max(self.now, self.facts.meets_at) + days * DAY, moved=self.facts.moved + 1,
            noticed_at=None, closed_at=None, asked_at=None, late_at=None,
        )  # fmt: skip

    @precondition(lambda self: self.facts.agreed_at is not None and self.now >= self.facts.meets_at)
    @rule()
    def record(self) -> None:
        if self.facts.ended_at is None and self.facts.recorded_at is None:
            self.facts = replace(self.facts, recorded_at=self.now)

    @precondition(lambda self: self.facts.ended_at is None and self.facts.recorded_at is None)
    @rule()
    def call_off(self) -> None:
        self.facts = replace(self.facts, ended_at=self.now)

    @invariant()
    def each_step_once(self) -> None:
        assert all(count == 1 for count in self.done.values()), self.done

    @invariant()
    def the_clock_looks_again_when_something_is_due(self) -> None:
        upcoming = next_at(self.facts, self.now)
        assert bool(due(self.facts, self.now)) == (upcoming is not None and upcoming <= self.now)
        is_over = self.facts.ended_at is not None or self.facts.checked_at is not None
        is_through = self.facts.late_at is not None and self.facts.asked_at is not None
        assert upcoming is not None or is_over or is_through


TestMonth = Month.TestCase
TestMonth.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_month_goes_its_way() -> None:
    facts = Facts(at("2026-03-20T19:00"))
    assert opening(Plan(), at("2026-03-10T09:09")) is None
    assert opening(Plan(), at("2026-03-10T09:10")) == "2026-03"
    assert opening(Plan(), at("2026-03-17T19:00")) is None  # too near to be prepared
    assert next_at(facts, at("2026-03-10T09:10")) == at("2026-03-15T09:10")
    assert [each.step for each in due(facts, at("2026-03-16T09:10"))] == [Step.REMIND]
    assert [each.step for each in due(facts, at("2026-03-20T16:00"))] == [Step.LAPSE]
    agreed = replace(facts, agreed_at=at("2026-03-12T10:00"))
    assert due(agreed, at("2026-03-15T09:09")) == []
    assert [each.step for each in due(agreed, at("2026-03-15T09:10"))] == [Step.NOTICE]
    told = replace(agreed, noticed_at=at("2026-03-15T09:10"))
    assert is_signing_up(told, at("2026-03-20T15:59"))
    assert not is_signing_up(told, closes_at(told.meets_at))
    closed = replace(told, closed_at=at("2026-03-20T16:00"))
    assert record_at(closed.meets_at) == at("2026-03-24T09:10")  # a weekend lies between
    assert [each.step for each in due(closed, at("2026-03-24T09:10"))] == [Step.ASK]
    # A week of downtime is one question, and it goes to the community.
    assert [(each.step, each.silent) for each in due(closed, at("2026-03-30T12:00"))] == [
        (Step.ASK, True),
        (Step.LATE, False),
    ]
    recorded = replace(closed, recorded_at=at("2026-03-25T10:00"))
    assert next_at(recorded, at("2026-03-25T10:00")) == at("2026-04-08T09:10")


@pytest.mark.parametrize("met", ["2026-02-13T19:00", "2025-09-30T19:00", "2025-01-27T19:00"])
def test_staff_are_asked_before_the_community_hears_that_they_were_late(met: str) -> None:
    """A festival lies behind the meeting: a week may have no working day."""
    facts = Facts(at(met), agreed_at=at(met) - 9 * DAY, noticed_at=at(met) - 5 * DAY, closed_at=at(met))
    asked = next_at(facts, at(met))
    assert asked is not None
    assert [each.step for each in due(facts, asked)] == [Step.ASK]
    late = next_at(replace(facts, asked_at=asked), asked)
    assert late is not None and late - asked >= 20 * HOUR
    assert is_workday(local_date(late))


def test_what_was_moved_is_told_at_once() -> None:
    moved = Facts(at("2026-04-10T19:00"), agreed_at=at("2026-03-12T10:00"), moved=1)
    assert [each.step for each in due(moved, at("2026-03-18T10:00"))] == [Step.NOTICE]
    assert may_meet_at("2026-03", at("2026-04-10T19:00"), at("2026-03-18T10:00"))
    assert not may_meet_at("2026-03", at("2026-03-18T12:00"), at("2026-03-18T10:00"))
    assert not may_meet_at("2026-03", at("2026-06-10T19:00"), at("2026-03-18T10:00"))


CANDIDATES = st.lists(
    st.builds(
        Candidate,
        number=st.integers(1001, 9999),
        title=st.just("电梯"),
        urgency=st.integers(1, 3),
        households=st.integers(0, 40),
        speakers=st.integers(0, 5),
        opened_at=st.integers(0, 300).map(lambda days: at("2026-03-10T09:00") - days * DAY),
    ),
    max_size=12,
    unique_by=lambda each: each.number,
)


@given(CANDIDATES, st.randoms())
def test_an_agenda_begins_with_safety_then_the_weight(candidates: list[Candidate], chance: object) -> None:
    now = at("2026-03-10T09:00")
    chosen = choose(candidates, now)
    chance.shuffle(candidates)  # type: ignore[attr-defined]
    assert choose(candidates, now) == chosen
    assert len(chosen) <= 5
    keys = [(each.urgency >= 3, points(each, now)) for each, _why in chosen]
    assert keys == sorted(keys, reverse=True)
    left = [each for each in candidates if each.urgency == 3 and each.households + each.speakers]
    assert len(left) >= 5 or {each.number for each in left} <= {each.number for each, _why in chosen}
    for each, why in chosen:
        assert ("关系安全" in why) == (each.urgency == 3)
        assert each.households == 0 or f"{each.households} 户" in why


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (Decision(ItemOutcome.ORDER), Code.NO_MATTER),
        (Decision(ItemOutcome.ORDER, matter_number=1001), None),
        (Decision(ItemOutcome.ANSWERED), Code.NO_WORDS),
        (Decision(ItemOutcome.ANSWERED, "物业讲了收费依据"), None),
        (Decision(ItemOutcome.MEDIATION, until=date(2026, 4, 1)), Code.NO_HOLDER),
        (Decision(ItemOutcome.MEDIATION, holder="社区王主任"), Code.NO_DATE),
        (Decision(ItemOutcome.MEDIATION, holder="社区王主任", until=date(2026, 4, 1)), None),
        (Decision(ItemOutcome.DEFERRED, "等报价"), Code.NO_DATE),
        (Decision(ItemOutcome.DEFERRED, "等报价", until=date(2026, 3, 20)), Code.NO_DATE),
        (Decision(ItemOutcome.DEFERRED, until=date(2026, 4, 1)), Code.NO_WORDS),
        (Decision(ItemOutcome.DEFERRED, "等报价", until=date(2028, 4, 1)), Code.NO_DATE),
        (Decision(ItemOutcome.DEFERRED, "等报价", until=date(2026, 4, 1)), None),
    ],
)
def test_an_outcome_says_who_and_until_when(decision: Decision, code: Code | None) -> None:
    if code is None:
        assert checked(decision, date(2026, 3, 20)).outcome is decision.outcome
        return
    with pytest.raises(Refused) as refused:
        checked(decision, date(2026, 3, 20))
    assert refused.value.code is code


def test_nothing_ends_without_an_outcome() -> None:
    on, answered = ItemState.ON, ItemOutcome.ANSWERED
    assert may_publish([(on, answered), (ItemState.DROPPED, None)], 12, "讲清楚了") is None
    assert may_publish([(on, answered), (on, None)], 12, "讲清楚了") is Code.NO_OUTCOME
    assert may_publish([(ItemState.PROPOSED, None)], 12, "讲清楚了") is Code.NO_OUTCOME
    assert may_publish([(on, answered)], None, "讲清楚了") is Code.NO_RECORD
    assert may_publish([(on, answered)], 12, " ") is Code.NO_RECORD
    assert may_settle([ItemState.DROPPED]) is Code.EMPTY
    assert may_settle([on, ItemState.PROPOSED]) is Code.WAITING
    assert may_settle([on, ItemState.DROPPED]) is None
