"""Working time: 9:00 to 18:00, Asia/Shanghai, on the working days of China's public calendar.

Holidays and the weekends that are worked instead (调休) are announced by the State Council in autumn for the year
after; the library that holds them has a release for each. A year it does not know falls back to Monday to Friday.
"""

from datetime import UTC, date, datetime, time, timedelta

import chinese_calendar

from handlers.local_time import LOCAL

OPENS, CLOSES = time(9), time(18)
_DAY = timedelta(days=1)


def knows(year: int) -> bool:
    """Whether the holidays of a year are known."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:  # what the library raises for a year that is not in it
        return False
    return True


def is_workday(day: date) -> bool:
    """Whether people work on a day; Monday to Friday in a year whose holidays are not known."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def is_festival(day: date) -> bool:
    """Whether a day is off for a public holiday, weekends within one too; no day is in a year that is not known."""
    try:
        is_off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return False
    return bool(is_off and name)


def add_working_time(start: datetime, span: timedelta) -> datetime:
    """The moment, aware UTC, by which `span` of working time has passed since `start`."""
    at, left = start.astimezone(LOCAL), span
    while True:
        opens, closes = (datetime.combine(at.date(), hour, LOCAL) for hour in (OPENS, CLOSES))
        if is_workday(at.date()) and at < closes:
            at = max(at, opens)
            if left <= closes - at:
                return (at + left).astimezone(UTC)
            left -= closes - at
        at = datetime.combine(at.date() + _DAY, OPENS, LOCAL)
