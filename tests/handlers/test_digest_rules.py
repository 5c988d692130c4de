"""When the steps of a week are due: by the time and the table, whatever the clock did."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from handlers.digests.rules import (
    DEFAULT_PLAN,
    PROMPT_EARLY_ENOUGH,
    PROMPT_LATE,
    SPREAD,
    WEEK,
    Plan,
    Quote,
    Step,
    WeekState,
    before,
    choose_quotes,
    due,
    is_prompted,
    minute_of_week,
    monday_of,
    off_the_hour,
    sends_at,
    spread_of,
    timetable,
    unfinished,
)
from handlers.local_time import LOCAL
from storage.states import CycleStep

CODE = "XH-1"
WEEK_1 = "2026-03-09"
CODES = st.text("ABCXYZ0123456789-", min_size=1, max_size=12)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


def names(steps: list[Step]) -> list[tuple[str, str, bool]]:
    return [(step.step.value, step.week, step.silent) for step in steps]


# The timetable


@given(CODES)
def test_the_usual_week_in_shanghai_a_little_apart_for_each_compound(code: str) -> None:
    moments = timetable(DEFAULT_PLAN, code, WEEK_1)
    assert at("2026-03-09 09:07") <= moments.opens_at <= at("2026-03-09 09:27")
    assert at("2026-03-12 18:37") <= moments.prompts_at <= at("2026-03-12 18:57")
    assert moments.closes_at == at("2026-03-15 20:00")
    assert at("2026-03-15 20:01") <= moments.digests_at <= at("2026-03-15 20:20")


def test_the_spread_is_the_same_everywhere_and_uses_the_whole_of_it() -> None:
    assert spread_of("XH-1") == timedelta(seconds=1028)  # what another machine must find too
    spreads = [spread_of(f"QS-{number}") for number in range(500)]
    assert min(spreads) < timedelta(minutes=1)
    assert timedelta(minutes=19) < max(spreads) <= SPREAD
    assert {spread // timedelta(minutes=5) for spread in spreads} >= {0, 1, 2, 3}


PLANS = st.builds(
    Plan,
    *(st.integers(1, 7), st.integers(0, 1439)) * 3,
)


@given(PLANS, CODES, st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_no_plan_sends_when_every_clockwork_strikes(plan: Plan, code: str, day: date) -> None:
    week = (day - timedelta(days=day.weekday())).isoformat()
    moments = timetable(plan, code, week)
    for moment in (moments.opens_at, moments.prompts_at, moments.digests_at):
        assert moment.minute not in (0, 30)
    assert moments.opens_at < moments.closes_at + SPREAD
    assert moments.closes_at < moments.digests_at <= moments.closes_at + SPREAD + timedelta(minutes=1)
    # A week ends where the next one's takings begin.
    assert timetable(plan, code, before(week)).closes_at == moments.closes_at - WEEK


@given(CODES, st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_words_that_are_late_are_spread_out_again(code: str, now: datetime) -> None:
    late = sends_at(code, now - timedelta(days=2), now)
    assert late.minute not in (0, 30)
    assert now <= late <= now + SPREAD + timedelta(minutes=1)
    assert sends_at(code, now - timedelta(seconds=30), now) == off_the_hour(now)


def test_a_week_may_run_from_thursday_to_wednesday() -> None:
    plan = Plan(4, 600, 1, 600, 3, 600)
    moments = timetable(plan, CODE, WEEK_1)
    assert (moments.opens_at.day, moments.prompts_at.day, moments.closes_at.day) == (12, 16, 18)
    weeks = [WeekState("2026-03-02", True, True, True), WeekState(WEEK_1)]
    assert names(due(plan, CODE, weeks, at("2026-03-16 12:00"))) == [("prompt", WEEK_1, False)]
    assert due(plan, CODE, weeks, at("2026-03-17 12:00")) == []
    assert names(due(plan, CODE, weeks, at("2026-03-18 12:00"))) == [
        ("close", WEEK_1, False),
        ("digest", WEEK_1, False),
    ]


# Single moments


def test_a_week_from_monday_to_sunday() -> None:
    last = WeekState("2026-03-02", True, True, True)
    opened = WeekState(WEEK_1)
    prompted = WeekState(WEEK_1, prompted=True)
    closed = WeekState(WEEK_1, prompted=True, closed=True)
    done = WeekState(WEEK_1, prompted=True, closed=True, digested=True)
    for now, state, expected in (
        ("2026-03-09 09:06", None, None),
        ("2026-03-09 09:28", None, "open"),
        ("2026-03-12 18:36", opened, None),
        ("2026-03-12 18:58", opened, "prompt"),
        ("2026-03-12 18:58", prompted, None),
        ("2026-03-15 19:59", prompted, None),
        ("2026-03-15 20:00", prompted, "close"),
        ("2026-03-15 20:00", closed, None),
        ("2026-03-15 20:21", closed, "digest"),
        ("2026-03-15 20:21", done, None),
    ):
        steps = due(DEFAULT_PLAN, CODE, [last, *([state] if state else [])], at(now))
        assert [step.step for step in steps] == ([expected] if expected else []), now


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-10 08:00", [("open", WEEK_1, False)]),
        ("2026-03-13 08:00", [("open", WEEK_1, False), ("prompt", WEEK_1, False)]),
        ("2026-03-14 08:00", [("open", WEEK_1, False)]),  # the prompt is more than a day late
        ("2026-03-15 09:00", [("open", WEEK_1, True)]),  # nobody could answer any more: opened without a word
        ("2026-03-15 21:00", []),  # a compound without a past is given none
    ],
)
def test_a_late_start_catches_up_once(now: str, expected: list[tuple[str, str, bool]]) -> None:
    assert names(due(DEFAULT_PLAN, CODE, [], at(now))) == expected


def test_a_prompt_shortly_before_the_close_is_left_out() -> None:
    plan = Plan(prompt_weekday=7, prompt_minute=8 * 60 + 10)
    assert due(plan, CODE, [WeekState(WEEK_1)], at("2026-03-15 08:31")) == []
    plan = Plan(prompt_weekday=7, prompt_minute=7 * 60)
    assert names(due(plan, CODE, [WeekState(WEEK_1)], at("2026-03-15 07:40"))) == [("prompt", WEEK_1, False)]


WEEKS_AWAY = ["2026-03-16", "2026-03-23", "2026-03-30"]


@pytest.mark.parametrize(
    ("spoken", "chosen"),
    [
        ([], "2026-03-30"),
        ([WEEK_1], WEEK_1),
        ([WEEK_1, "2026-03-23"], "2026-03-23"),
    ],
)
def test_after_weeks_away_there_is_one_digest_for_the_last_week_with_opinions(
    spoken: list[str], chosen: str
) -> None:
    weeks = [WeekState("2026-03-02", True, True, True), WeekState(WEEK_1, prompted=True)]
    now = at("2026-04-06 08:00")
    assert unfinished(DEFAULT_PLAN, CODE, weeks, now) == [WEEK_1, *WEEKS_AWAY]
    steps = names(due(DEFAULT_PLAN, CODE, weeks, now, spoken))
    assert steps == [
        *(("digest", week, True) for week in (WEEK_1, *WEEKS_AWAY) if week != chosen),
        ("close", chosen, False),
        ("digest", chosen, False),
    ]


def test_years_away_are_not_made_up_for_week_by_week() -> None:
    weeks = [WeekState("2023-03-06", True, True, True)]
    assert len(unfinished(DEFAULT_PLAN, CODE, weeks, at("2026-04-06 08:00"))) == 8


def test_a_week_that_a_wrong_clock_opened_far_ahead_stops_nothing() -> None:
    weeks = [WeekState("2026-03-02", True, True, True), WeekState("2099-01-05")]
    assert names(due(DEFAULT_PLAN, CODE, weeks, at("2026-03-09 10:00"))) == [("open", WEEK_1, False)]


# Any drive of the clock


class Weeks(RuleBasedStateMachine):
    """A table, and a clock that creeps, leaps, jumps three days either way, and stays away."""

    def __init__(self) -> None:
        super().__init__()
        self.now = at("2026-01-01 00:00")
        self.table: dict[str, WeekState] = {}
        self.opened: Counter[str] = Counter()
        self.said: list[tuple[CycleStep, str, datetime]] = []
        self.code = CODE
        self.plan = DEFAULT_PLAN

    @initialize(code=CODES, plan=st.sampled_from([DEFAULT_PLAN, Plan(5, 480, 1, 1200, 4, 1100)]))
    def begin(self, code: str, plan: Plan) -> None:
        self.code, self.plan = code, plan

    @rule(minutes=st.integers(1, 600))
    def creep(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.tick()

    @rule(days=st.integers(1, 40))
    def stay_away(self, days: int) -> None:
        self.now += timedelta(days=days)
        self.tick()

    @rule(days=st.sampled_from([-3, 3]))
    def lose_the_time(self, days: int) -> None:
        right = self.now
        self.now += timedelta(days=days)
        self.tick()
        self.now = right
        self.tick()

    def tick(self) -> None:
        """What the table keeps of it, as the use case writes it; a second look finds nothing."""
        digests = 0
        for step in self.look():
            state = self.table.get(step.week)
            moments = timetable(self.plan, self.code, step.week)
            if step.step is CycleStep.OPEN:
                assert state is None
                assert moments.opens_at <= self.now < moments.closes_at
                state = WeekState(step.week)
            elif step.step is CycleStep.PROMPT:
                state = self.table[step.week]
                assert not state.prompted
                assert moments.prompts_at <= self.now < moments.prompts_at + PROMPT_LATE
                assert moments.closes_at - self.now >= PROMPT_EARLY_ENOUGH
                state = WeekState(step.week, True, state.closed)
            else:
                state = state or WeekState(step.week)
                assert not (state.digested or state.skipped)
                assert self.now >= moments.closes_at
                closing = step.step is CycleStep.CLOSE
                assert not (closing and state.closed)
                assert closing or self.now >= moments.digests_at
                digests += not closing and not step.silent
                state = WeekState(
                    step.week,
                    state.prompted,
                    closed=True,
                    digested=not closing and not step.silent,
                    skipped=not closing and step.silent,
                )
            self.table[step.week] = state
            if not step.silent and step.step is not CycleStep.CLOSE:
                self.said.append((step.step, step.week, self.now))
        assert digests <= 1  # no flood, however long nobody was there
        assert self.look() == []

    def look(self) -> list[Step]:
        this = monday_of(self.now).isoformat()
        earlier = [week for week in self.table if week < this]
        rows = [
            state
            for week, state in self.table.items()
            if (not (state.digested or state.skipped) and week <= this)
            or week == this
            or (earlier and week == max(earlier))
        ]
        return due(self.plan, self.code, rows, self.now, spoken=())

    @invariant()
    def nothing_is_said_twice(self) -> None:
        assert max(Counter((step, week) for step, week, _at in self.said).values(), default=1) == 1

    @invariant()
    def no_week_that_is_over_is_left_unfinished(self) -> None:
        for week, state in self.table.items():
            if timetable(self.plan, self.code, week).digests_at <= self.now - timedelta(days=3):
                assert state.digested or state.skipped, week


Weeks.TestCase.settings = settings(max_examples=40, stateful_step_count=60, deadline=None)
TestWeeks = Weeks.TestCase


# Quotes


def quote(number: int, category: str, speaker: int, text: str = "") -> Quote:
    return Quote(number, category, speaker, text or f"第{number}句话说的是楼道里的灯不亮")


def test_quotes_come_from_different_categories_and_people() -> None:
    candidates = [
        quote(1, "dianti", 1),
        quote(2, "dianti", 2),
        quote(3, "tingche", 1),
        quote(4, "tingche", 3),
        quote(5, "weisheng", 4),
    ]
    chosen = choose_quotes(candidates, ["dianti", "tingche", "weisheng"])
    assert [entry.number for entry in chosen] == [1, 4, 5]
    assert [entry.number for entry in choose_quotes(candidates[:2], ["dianti"])] == [1, 2]


def test_the_same_words_are_quoted_once() -> None:
    candidates = [quote(1, "a", 1, "路灯不亮了路灯不亮了啊"), quote(2, "b", 2, "路灯不亮了路灯不亮了啊")]
    assert len(choose_quotes(candidates, ["a", "b"])) == 1


def test_no_more_words_are_masked_than_it_takes() -> None:
    candidates = [quote(number, "a", number, f"路灯不亮了{number}") for number in range(1, 50)]
    asked: list[str] = []

    def words(text: str) -> str | None:
        asked.append(text)
        return None if text.endswith("1") else text.replace("路灯", "灯")

    chosen = choose_quotes(candidates, ["a"], words=words)
    assert [entry.text for entry in chosen] == ["灯不亮了2", "灯不亮了3", "灯不亮了4"]
    assert asked == ["路灯不亮了1", "路灯不亮了2", "路灯不亮了3", "路灯不亮了4"]
    assert len(choose_quotes(candidates, ["a"], words=lambda _text: "灯不亮了")) == 1
    assert choose_quotes(candidates, ["a"], words=lambda _text: None) == []


@given(
    st.lists(
        st.builds(quote, st.integers(1, 50), st.sampled_from("abcd"), st.integers(1, 5)),
        max_size=20,
        unique_by=lambda entry: entry.number,
    ),
    st.randoms(),
)
def test_the_choice_does_not_depend_on_the_order(candidates: list[Quote], dice: object) -> None:
    chosen = choose_quotes(candidates, ["b", "a"])
    shuffled = list(candidates)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert choose_quotes(shuffled, ["b", "a"]) == chosen
    assert len(chosen) == min(3, len(candidates))
    # Another speaker goes before another category.
    assert len({entry.speaker for entry in chosen}) == min(
        len(chosen), len({entry.speaker for entry in candidates})
    )


def test_minutes_of_the_week() -> None:
    assert minute_of_week(at("2026-03-09 00:00")) == 0
    assert minute_of_week(at("2026-03-15 23:59")) == 7 * 1440 - 1


def test_a_group_in_which_nobody_answers_hears_every_second_and_then_every_fourth_week() -> None:
    weeks = [before("2026-06-29", 25 - number) for number in range(26)]
    heard: list[int] = []
    for number, week in enumerate(weeks):
        last = weeks[heard[-1]] if heard else None
        if is_prompted(week, last, len(heard)):
            heard.append(number)
    assert heard == [0, 1, 2, 4, 6, 8, 12, 16, 20, 24]
    # As soon as somebody has spoken, the next week's again.
    assert is_prompted(weeks[9], weeks[8], 0)
    assert not is_prompted(weeks[9], weeks[8], 3)
    assert not is_prompted(weeks[8], weeks[8], 0)  # a second time in one week, never
    assert is_prompted(weeks[3], weeks[9], 6)  # noted by a clock that ran ahead
