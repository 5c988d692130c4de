"""Visits, pure: deadlines over month ends and holidays; reminders, whatever the clock does."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.requests.calendar import is_workday
from handlers.visits.rules import (
    Office,
    Turn,
    due_by,
    goes_to,
    is_head,
    last_of,
    monday_of,
    month_to_remind,
    turn,
    week_to_remind,
)
from storage.states import Role, VisitLevel

days = st.dates(date(2024, 1, 1), date(2026, 12, 31))
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("level", "since", "due"),
    [
        (VisitLevel.WEEKLY, date(2026, 3, 12), date(2026, 3, 19)),
        (VisitLevel.WEEKLY, date(2026, 2, 12), date(2026, 2, 24)),  # the Spring Festival lasts to the 23rd
        (VisitLevel.WEEKLY, date(2026, 2, 7), date(2026, 2, 14)),  # a Saturday that is worked instead
        (VisitLevel.MONTHLY, date(2024, 1, 31), date(2024, 2, 29)),
        (VisitLevel.MONTHLY, date(2025, 1, 31), date(2025, 2, 28)),
        (VisitLevel.QUARTERLY, date(2025, 11, 30), date(2026, 2, 28)),  # worked instead
        (VisitLevel.GENERAL, date(2026, 3, 12), None),
    ],
)
def test_a_home_is_due_after_its_span_on_a_day_that_is_worked(
    level: VisitLevel, since: date, due: date | None
) -> None:
    assert due_by(level, since, None, is_workday) == due
    assert due_by(level, date(2020, 1, 1), since, is_workday) == due


@given(days, st.sampled_from(VisitLevel), st.integers(0, 200))
def test_meeting_somebody_never_brings_the_next_visit_nearer(
    since: date, level: VisitLevel, later: int
) -> None:
    due, after = (due_by(level, since + place * DAY, None, is_workday) for place in (0, later))
    if due is not None and after is not None:
        assert since < due <= after
        assert is_workday(due)
        assert turn(due, due + DAY) is Turn.OVERDUE
        assert turn(due, due) is Turn.DUE


@given(st.integers(0, 24 * 1050), st.lists(st.integers(-72, 72), max_size=30))
def test_a_clock_that_jumps_reminds_once_a_week_and_only_of_this_one(start: int, jumps: list[int]) -> None:
    now, claimed = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=start), list[str]()
    for hours in jumps:
        now += timedelta(hours=hours)
        week = week_to_remind(now, is_workday)
        if week is not None and week not in claimed:
            claimed.append(week)
            local = now + timedelta(hours=8)
            assert week == monday_of(local.date()).isoformat()
            assert any(
                is_workday(date.fromisoformat(week) + place * DAY) for place in range(local.weekday() + 1)
            )


@given(days)
def test_every_week_with_a_working_day_is_reminded_of(day: date) -> None:
    monday = monday_of(day)
    evening = datetime.combine(monday + 6 * DAY, datetime.min.time(), UTC) + timedelta(hours=11, minutes=59)
    works = any(is_workday(monday + place * DAY) for place in range(7))
    assert (week_to_remind(evening, is_workday) is not None) == works
    # What is queued later goes out in the morning, when the week is over.
    assert week_to_remind(evening + timedelta(minutes=1), is_workday) is None


@given(days)
def test_stewards_are_reminded_in_the_last_week_of_a_month(day: date) -> None:
    morning = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=1)  # nine in Shanghai
    month = month_to_remind(morning, is_workday)
    assert (month is not None) == (is_workday(day) and (last_of(day) - day).days < 7)
    assert month_to_remind(morning - timedelta(minutes=1), is_workday) is None
    assert month_to_remind(morning + timedelta(hours=11), is_workday) is None


def test_whose_office_covers_a_home() -> None:
    near, home = {"C1", "P1"}, "3-2-501"
    for scope in ("XH-1", "XH-1/3", "XH-1/3-2", "P1", "C1"):
        assert goes_to([Office(Role.GRID_WORKER, scope)], near, "XH-1", home)
    for scope in ("XH-1/1", "XH-1/3-1", "XH-2", "XH-2/3", "S1"):
        assert not goes_to([Office(Role.GRID_WORKER, scope)], near, "XH-1", home)
    for role in (Role.SECRETARY, Role.COMMITTEE, Role.PROPERTY, Role.SUPERVISOR, Role.OPERATOR):
        assert not goes_to([Office(role, "XH-1")], near, "XH-1", home)
    assert is_head([Office(Role.COMMUNITY_WORKER, "C1")], "C1")
    for office in (
        Office(Role.SECRETARY, "C1"),
        Office(Role.COMMUNITY_WORKER, "XH-1"),
        Office(Role.GRID_WORKER, "C1"),
    ):
        assert not is_head([office], "C1")
    assert not is_head([Office(Role.COMMUNITY_WORKER, "S1")], None)
