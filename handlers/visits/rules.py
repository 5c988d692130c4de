"""Visits, pure: when a home is due, when workers and stewards are reminded. Days are those in Shanghai."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from handlers.local_time import LOCAL, is_daytime
from storage.states import RegionLevel, Role, VisitLevel

REMINDS_AT = time(9)
STEWARD_DAYS = 4  # a month at least (seed 001)
STEWARD_TITLE = "院长"  # whose office is called so is a steward
LAST_DAYS = 7  # of a month, in which stewards are reminded
OLDEST_ENTRY = timedelta(days=31)
WORKERS = (Role.GRID_WORKER, Role.COMMUNITY_WORKER)
HEAD = (Role.COMMUNITY_WORKER, RegionLevel.COMMUNITY)
NEAR = frozenset({RegionLevel.PRECINCT, RegionLevel.COMMUNITY})  # whoever is above these visits nobody

_DAY = timedelta(days=1)
_MONTHS = {VisitLevel.MONTHLY: 1, VisitLevel.QUARTERLY: 3}


class Turn(StrEnum):
    """How a home stands, the most pressing first."""

    OVERDUE = "overdue"
    DUE = "due"  # this week
    LATER = "later"


class Code(StrEnum):
    """Why nothing was kept; stable, for pages."""

    HOME = "visit.home"
    TWICE = "visit.twice"
    WORKER = "visit.worker"
    DAY = "visit.day"
    LEVEL = "visit.level"


class Refused(Exception):  # noqa: N818  an answer, not an error
    """Nothing was kept. `code` is stable."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Office:
    """A role on a node, as far as visits go."""

    role: Role
    scope_code: str


def due_by(
    level: VisitLevel, begun_on: date, met_on: date | None, is_workday: Callable[[date], bool]
) -> date | None:
    """The last day for the next visit, on the first working day from there; None where nothing is promised.

    A week, a month or three after somebody was last met, or the plan began. The 31st becomes a month's last day.
    """
    since = met_on or begun_on
    if level is VisitLevel.GENERAL:
        return None
    months = _MONTHS.get(level)
    due = since + timedelta(days=7) if months is None else add_months(since, months)
    while not is_workday(due):
        due += _DAY
    return due


def add_months(day: date, months: int) -> date:
    """The same day some months on, or the last of that month."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(day.day, last_of(date(year, month + 1, 1)).day))


def last_of(day: date) -> date:
    """The last day of a month."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - _DAY


def turn(due: date | None, today: date) -> Turn:
    """How a home stands today."""
    if due is None or due > monday_of(today) + timedelta(days=6):
        return Turn.LATER
    return Turn.OVERDUE if due < today else Turn.DUE


def monday_of(day: date) -> date:
    """The Monday of a week."""
    return day - timedelta(days=day.weekday())


def week_to_remind(now: datetime, is_workday: Callable[[date], bool]) -> str | None:
    """The week (its Monday) whose reminders are due: by day, from the morning of its first working day to its end.

    A late start reminds once; a week that is over, or has no working day so far, is not reminded of.
    """
    local = now.astimezone(LOCAL)
    if not is_daytime(now):
        return None
    monday = monday_of(local.date())
    for place in range(local.weekday() + 1):
        day = monday + place * _DAY
        if is_workday(day):
            return monday.isoformat() if day < local.date() or local.time() >= REMINDS_AT else None
    return None


def month_to_remind(now: datetime, is_workday: Callable[[date], bool]) -> str | None:
    """The month ("2026-03") of which stewards are reminded now: by day, on working days of its last week."""
    local = now.astimezone(LOCAL)
    today = local.date()
    is_late = last_of(today) - today < timedelta(days=LAST_DAYS)
    due = is_late and is_workday(today) and local.time() >= REMINDS_AT and is_daytime(now)
    return f"{today:%Y-%m}" if due else None


def is_head(offices: Collection[Office], community: str | None) -> bool:
    """Whether these roles make somebody the head of a community (by its node's code)."""
    return community is not None and Office(HEAD[0], community) in offices


def goes_to(offices: Collection[Office], nodes: Collection[str], compound: str, home: str) -> bool:
    """Whether somebody with these roles visits a home. nodes: precinct and community; compound, home: codes."""
    parts = home.split("-")
    inside = {f"{compound}/{'-'.join(parts[: place + 1])}" for place in range(len(parts))}
    return any(
        office.role in WORKERS and (office.scope_code == compound or office.scope_code in {*nodes, *inside})
        for office in offices
    )
