"""Time as compounds have it, Asia/Shanghai (which has no summer time), and as people say it. Pure."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")
MORNING, EVENING = time(8), time(20)


def local_date(at: datetime) -> date:
    """The day it is there."""
    return at.astimezone(LOCAL).date()


def is_daytime(at: datetime) -> bool:
    """Whether a reminder that is queued now goes out today, and not the next morning when it may be over."""
    return MORNING <= at.astimezone(LOCAL).time() < EVENING


def month_of(at: datetime) -> str:
    """The month it is there, 2026-11."""
    return f"{at.astimezone(LOCAL):%Y-%m}"


def month_day(at: datetime | date) -> str:
    """A day as people say it: 3月12日; of a moment, the day it is there."""
    day = local_date(at) if isinstance(at, datetime) else at
    return f"{day.month}月{day.day}日"


def month_day_time(at: datetime) -> str:
    """A moment as people say it: 3月12日 12:05."""
    return f"{month_day(at)} {at.astimezone(LOCAL):%H:%M}"


def full_day(at: datetime | date) -> str:
    """A day as papers say it: 2026年3月12日."""
    day = local_date(at) if isinstance(at, datetime) else at
    return f"{day.year}年{month_day(day)}"


def full_moment(at: datetime) -> str:
    """A moment as papers say it: 2026年3月12日 12:05."""
    return f"{full_day(at)} {at.astimezone(LOCAL):%H:%M}"
