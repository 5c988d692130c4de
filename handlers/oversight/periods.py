"""Pure: months and quarters of the calendar, Asia/Shanghai, as they are named: 2026-11 and 2026Q4."""

from datetime import UTC, datetime, timedelta

from handlers.local_time import LOCAL, month_of

MONTH = r"20\d\d-(?:0[1-9]|1[0-2])"
QUARTER = r"20\d\dQ[1-4]"
_MADE_AFTER = timedelta(hours=2)  # into the new month: at night, and behind the last callbacks of the old one


def month_before(month: str, months: int = 1) -> str:
    """The month so many before."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 - months
    return f"{number // 12:04}-{number % 12 + 1:02}"


def bounds_of_month(month: str) -> tuple[datetime, datetime]:
    """From the first moment of a month to the first of the next, aware UTC."""
    return _start(month), _start(month_before(month, -1))


def quarter_of(month: str) -> str:
    """The quarter that a month lies in."""
    return f"{month[:4]}Q{(int(month[5:]) + 2) // 3}"


def quarter_before(quarter: str) -> str:
    """The quarter before."""
    return quarter_of(month_before(_first_month(quarter)))


def bounds_of_quarter(quarter: str) -> tuple[datetime, datetime]:
    """From the first moment of a quarter to the first of the next, aware UTC."""
    first = _first_month(quarter)
    return _start(first), _start(month_before(first, -3))


def last_month(now: datetime) -> str:
    """The last month that is over, two hours and more ago."""
    return month_before(month_of(now - _MADE_AFTER))


def _first_month(quarter: str) -> str:
    return f"{quarter[:4]}-{int(quarter[5]) * 3 - 2:02}"


def _start(month: str) -> datetime:
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=LOCAL).astimezone(UTC)
