"""Deadlines: working time on China's calendar, by the clock where life is at stake, as data that is checked."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.doctor import holidays
from handlers.requests.calendar import add_working_time, is_workday, knows
from handlers.requests.deadlines import DEFAULT_DEADLINES, Allowed, DeadlinesError, load_deadlines
from nlp.lexicon import load_lexicon

LOCAL = ZoneInfo("Asia/Shanghai")
HOUR = timedelta(hours=1)


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=LOCAL)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("start", "hours", "by"),
    [
        (local(2026, 3, 12, 10), 4, local(2026, 3, 12, 14)),  # Thursday
        (local(2026, 3, 12, 10), 8, local(2026, 3, 12, 18)),
        (local(2026, 3, 12, 16), 4, local(2026, 3, 13, 11)),
        (local(2026, 3, 12, 23), 1, local(2026, 3, 13, 10)),
        (local(2026, 3, 12, 3), 1, local(2026, 3, 12, 10)),
        (local(2026, 3, 13, 17), 2, local(2026, 3, 16, 10)),  # over a weekend
        (local(2026, 2, 13, 17), 2, local(2026, 2, 14, 10)),  # the Saturday before 春节 is worked
        (local(2026, 2, 14, 17), 2, local(2026, 2, 24, 10)),  # and then it is 春节
        (local(2026, 9, 30, 17), 2, local(2026, 10, 8, 10)),  # 国庆
        (local(2026, 10, 10, 9), 9, local(2026, 10, 10, 18)),  # a Saturday that is worked for it
    ],
)
def test_working_time(start: datetime, hours: int, by: datetime) -> None:
    assert add_working_time(start.astimezone(UTC), hours * HOUR) == by


@given(
    st.integers(0, 700 * 24 * 60).map(
        lambda minutes: local(2025, 1, 1).astimezone(UTC) + timedelta(minutes=minutes)
    ),
    st.integers(1, 100),
    st.integers(1, 100),
)
def test_working_time_adds_up_and_never_goes_back(start: datetime, first: int, second: int) -> None:
    there = add_working_time(start, first * HOUR)
    assert there >= start
    assert add_working_time(there, second * HOUR) == add_working_time(start, (first + second) * HOUR)
    at = there.astimezone(LOCAL)
    assert is_workday(at.date())
    assert 9 <= at.hour <= 18


def test_a_year_that_nobody_knows_has_ordinary_weeks() -> None:
    assert knows(2026)
    assert not knows(2046)
    assert [is_workday(date(2046, 10, day)) for day in range(1, 8)] == [True] * 5 + [False] * 2


@pytest.mark.parametrize(
    ("now", "ok"),
    [(local(2026, 11, 30, 12), True), (local(2026, 12, 1, 0), False), (local(2046, 5, 1, 12), False)],
)
def test_the_doctor_says_in_december_when_next_years_holidays_are_missing(now: datetime, ok: bool) -> None:
    finding = holidays(now.astimezone(UTC))
    assert finding.ok is ok
    assert bool(finding.next_step) is not ok


def test_leaf_before_top_before_urgency() -> None:
    found = load_deadlines(
        {"category": {"dianti": {"2": {"done_hours": 5}, "tingyun": {"2": {"accept_hours": 1}}}}}
    )
    assert found.allowed("dianti.tingyun", 2) == Allowed(accept_hours=1, done_hours=5, up_hours=9)
    assert found.allowed("dianti.yixiang", 2) == Allowed(accept_hours=2, done_hours=5, up_hours=9)
    assert found.allowed(None, 2) == DEFAULT_DEADLINES.allowed("sheshi.zhaoming", 2)
    assert found.allowed("dianti.tingyun", 9).done_hours == 24


def test_the_file_names_only_categories_that_there_are() -> None:
    lexicon = load_lexicon()
    load_deadlines(categories={*lexicon.tops, *lexicon.leaves})


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"urgencies": {}}, "urgencies"),
        ({"urgency": {"4": {}}}, "urgency.4"),
        ({"urgency": 1}, "urgency"),
        ({"urgency": {"1": {"done": 3}}}, "urgency.1.done"),
        ({"urgency": {"1": {"done_hours": 0}}}, "urgency.1.done_hours"),
        ({"urgency": {"1": {"done_hours": 1.5}}}, "urgency.1.done_hours"),
        ({"urgency": {"1": {"done_hours": True}}}, "urgency.1.done_hours"),
        ({"urgency": {"2": {"accept_hours": 99}}}, "urgency.2"),
        ({"category": {"xx": {"1": {"done_hours": 9}}}}, "category.xx"),
        ({"category": {"dianti": {"1": 5}}}, "category.dianti.1"),
        ({"category": {"dianti": {"kunren": {"7": {}}}}}, "category.dianti.kunren.7"),
        ({"category": {"dianti": {"2": {"accept_hours": 99}}}}, "category.dianti.2"),
    ],
)
def test_what_is_wrong_is_named(data: dict[str, Any], named: str) -> None:
    with pytest.raises(DeadlinesError) as caught:
        load_deadlines(
            data,
            categories={"dianti", "dianti.kunren", "shuidian", "xiaofang", "weijian", "yeweihui", "peitao"},
        )
    assert str(caught.value).startswith(f"{named}:")


def test_a_file_without_an_urgency_or_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deadlines.toml"
    for text, named in (("[urgency.1]\naccept_hours = 1", "urgency.1"), ("[", "deadlines.toml")):
        path.write_text(text, "utf-8")
        with pytest.raises(DeadlinesError, match=named):
            load_deadlines(path=path)
