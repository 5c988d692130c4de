"""Pure rules of the monthly consultation: on which day a compound sits together, and which steps are due.

A step is due by the time and by what the row says was done, never by what a process remembers: a late start, a second
replica or a clock that jumped finds the same answer. Nothing is announced to residents before somebody has settled the
agenda, so a compound in which nobody does has no meeting.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache

from handlers.local_time import LOCAL, local_date, month_of
from handlers.requests.calendar import is_festival, is_workday
from storage.states import MeetingBy, MeetingForm

DAY = timedelta(days=1)
PROPOSED_BEFORE = 10 * DAY
NOTICED_BEFORE = 5 * DAY
LEAST_TO_PREPARE = 3 * DAY  # an agenda is not proposed for a meeting that is nearer
CLOSED_BEFORE = timedelta(hours=3)  # the meeting: sign-up ends, and so does the time to settle the agenda
RECORD_WITHIN = 2  # working days after the meeting, then staff are asked
LATE_AFTER = 7 * DAY  # the meeting, then the community is told
CHECKED_AFTER = 14 * DAY  # the minutes
FARTHEST = 60 * DAY
MORNING = time(9, 10)
LAST = 5  # of the weekdays of a month


@dataclass(frozen=True, slots=True)
class Plan:
    """When and how a compound sits together; the fields are those of the table."""

    meets_by: MeetingBy = MeetingBy.DATE
    day: int = 20
    nth: int = 3
    weekday: int = 4
    minute: int = 19 * 60
    form: MeetingForm = MeetingForm.BENCH
    place: str = ""
    seats: int | None = None


DEFAULT_PLAN = Plan()


class Step(StrEnum):
    """What the clock does about one month."""

    REMIND = "remind"  # the agenda is not settled
    LAPSE = "lapse"  # nobody settled it in time
    NOTICE = "notice"
    TELL = "tell"  # some more residents
    CLOSE = "close"  # sign-up
    ASK = "ask"  # for the record
    LATE = "late"  # there is still none
    CHECK = "check"  # what became of what was promised


@dataclass(frozen=True, slots=True)
class Due:
    """A step that is due. silent: it is noted without a word to anybody."""

    step: Step
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """A month as the rules see it; the fields are those of the table. telling: residents are left to be told."""

    meets_at: datetime
    agreed_at: datetime | None = None
    moved: int = 0
    reminded_at: datetime | None = None
    noticed_at: datetime | None = None
    telling: bool = False
    closed_at: datetime | None = None
    asked_at: datetime | None = None
    late_at: datetime | None = None
    recorded_at: datetime | None = None
    checked_at: datetime | None = None
    ended_at: datetime | None = None


# Which day


def month_after(month: str) -> str:
    """The one after."""
    first = date.fromisoformat(f"{month}-01")
    return f"{first.replace(day=28) + timedelta(days=4):%Y-%m}"


@lru_cache(maxsize=4096)
def meets_on(plan: Plan, month: str) -> date:
    """The day of the meeting: the planned one, or the nearest that suits, always within the month.

    A day of the month is a working day: people come after work, and staff are there. A day of the week stays that day:
    a week later or earlier when a holiday, or a weekend that is worked instead, takes it.
    """
    year, number = int(month[:4]), int(month[5:])
    last = calendar.monthrange(year, number)[1]
    if plan.meets_by is MeetingBy.DATE:
        planned = date(year, number, min(plan.day, last))
        ahead = [planned + days * DAY for days in range(last - planned.day + 1)]
        back = [planned - days * DAY for days in range(1, planned.day)]
        return next((day for day in [*ahead, *back] if is_workday(day)), planned)
    days = [
        day
        for day in (date(year, number, each) for each in range(1, last + 1))
        if day.isoweekday() == plan.weekday
    ]
    place = min(plan.nth, len(days)) - 1
    nearest = sorted(range(len(days)), key=lambda each: (abs(each - place), -each))
    return next((days[each] for each in nearest if _is_usual(days[each])), days[place])


def _is_usual(day: date) -> bool:
    """Whether a day is for people what it is in most weeks."""
    return not is_festival(day) and is_workday(day) == (day.isoweekday() <= 5)


def meets_at(plan: Plan, month: str) -> datetime:
    """The moment of the meeting."""
    return datetime.combine(meets_on(plan, month), time(), LOCAL) + timedelta(minutes=plan.minute)


def opening(plan: Plan, now: datetime, spread: timedelta = timedelta()) -> str | None:
    """The month whose agenda should have been proposed by `now`, as long as its meeting can still be prepared."""
    this = month_of(now)
    for month in (this, month_after(this)):
        at = meets_at(plan, month)
        if _morning(at - PROPOSED_BEFORE) + spread <= now < at - LEAST_TO_PREPARE:
            return month
    return None


def may_meet_at(month: str, at: datetime, now: datetime) -> bool:
    """Whether staff may set a month's meeting to this moment: not before people can know, not in another season."""
    first = datetime.combine(date.fromisoformat(f"{month}-01"), time(), LOCAL)
    return max(first, now + CLOSED_BEFORE) <= at <= min(first + FARTHEST, now + FARTHEST)


# Which steps


def notice_at(facts: Facts) -> datetime:
    """When people are told; at once when it was moved after they were."""
    return facts.meets_at - FARTHEST if facts.moved else _morning(facts.meets_at - NOTICED_BEFORE)


def closes_at(meeting: datetime) -> datetime:
    """When sign-up ends."""
    return meeting - CLOSED_BEFORE


def record_at(meeting: datetime) -> datetime:
    """When staff are asked for the record."""
    day = local_date(meeting)
    for _ in range(RECORD_WITHIN):
        day = _workday(day + DAY)
    return datetime.combine(day, MORNING, LOCAL)


def late_at(meeting: datetime) -> datetime:
    """When the community is told that there is no record: on a working day, and one after staff were asked."""
    asked = local_date(record_at(meeting))
    day = max(_workday(local_date(meeting + LATE_AFTER)), _workday(asked + DAY))
    return datetime.combine(day, MORNING, LOCAL)


def check_at(recorded_at: datetime) -> datetime:
    """When it is looked at what became of what was promised."""
    day = _workday((recorded_at + CHECKED_AFTER).astimezone(LOCAL).date())
    return datetime.combine(day, MORNING, LOCAL)


def is_signing_up(facts: Facts, now: datetime) -> bool:
    """Whether somebody may still say that they come."""
    open_now = facts.noticed_at is not None and facts.ended_at is None and facts.recorded_at is None
    return open_now and now < closes_at(facts.meets_at)


def due(facts: Facts, now: datetime) -> list[Due]:
    """The steps that are due, in their order; nothing when all is done."""
    return [each for at, each in _ahead(facts, now) if at <= now]


def next_at(facts: Facts, now: datetime) -> datetime | None:
    """When the clock has to look again; None for never."""
    return min((at for at, _each in _ahead(facts, now)), default=None)


def _ahead(facts: Facts, now: datetime) -> Iterator[tuple[datetime, Due]]:
    """What is not done yet, each with the time from which it is due. `now` tells what comes too late for words."""
    if facts.ended_at is not None or facts.checked_at is not None:
        return
    if facts.recorded_at is not None:
        yield check_at(facts.recorded_at), Due(Step.CHECK)
        return
    closes = closes_at(facts.meets_at)
    if facts.agreed_at is None:
        if now >= closes:
            yield closes, Due(Step.LAPSE)
            return
        if facts.reminded_at is None:
            yield notice_at(facts), Due(Step.REMIND)
        yield closes, Due(Step.LAPSE)
        return
    is_over = now >= facts.meets_at
    if facts.noticed_at is None:
        yield notice_at(facts), Due(Step.NOTICE, silent=now >= closes)
    elif facts.telling:
        yield facts.noticed_at, Due(Step.TELL, silent=now >= closes)
    if facts.closed_at is None:
        yield closes, Due(Step.CLOSE, silent=is_over)
    late = late_at(facts.meets_at)
    if facts.asked_at is None:
        yield record_at(facts.meets_at), Due(Step.ASK, silent=now >= late)
    if facts.late_at is None:
        yield late, Due(Step.LATE)


def _morning(at: datetime) -> datetime:
    return datetime.combine(local_date(at), MORNING, LOCAL)


def _workday(day: date) -> date:
    """This day, or the next one on which people work."""
    while not is_workday(day):
        day += DAY
    return day
