"""What staff fill into the forms of a topic; what does not fit is refused with one answer."""

from datetime import date, datetime, time, timedelta
from fractions import Fraction

from bot.web.visit import Visit
from handlers.local_time import LOCAL, local_date
from handlers.topics.commands import Code, Refused
from storage.states import TopicStep

POLL_DAYS = (3, 7, 14)
_POLL_ENDS = time(20)
SHARES = {"1/2": "一半", "2/3": "三分之二", "3/4": "四分之三", "1": "全部"}
_LATEST = date(2100, 1, 1)


def number_of(visit: Visit, name: str) -> int:
    """A whole number from 0; raises Refused."""
    text = visit.form.get(name, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Refused(Code.ODD)
    return int(text)


def number_or_none(visit: Visit, name: str) -> int | None:
    """The same where nothing need be filled in."""
    return number_of(visit, name) if visit.form.get(name, "").strip() else None


def day_of(visit: Visit, name: str) -> date:
    """A day; raises Refused."""
    try:
        day = date.fromisoformat(visit.form.get(name, ""))
    except ValueError:
        raise Refused(Code.ODD) from None
    if not date(2000, 1, 1) <= day < _LATEST:
        raise Refused(Code.ODD)
    return day


def past_day_of(visit: Visit, name: str) -> date:
    """A day that has come; raises Refused."""
    day = day_of(visit, name)
    if day > local_date(visit.now):
        raise Refused(Code.ODD)
    return day


def step_of(visit: Visit, name: str) -> TopicStep:
    """One of the five steps; raises Refused."""
    try:
        return TopicStep(visit.form.get(name, ""))
    except ValueError:
        raise Refused(Code.ODD) from None


def share_of(visit: Visit, name: str) -> Fraction:
    """A share that may be announced; raises Refused."""
    text = visit.form.get(name, "")
    if text not in SHARES:
        raise Refused(Code.ODD)
    return Fraction(text)


def poll_end_of(visit: Visit) -> datetime:
    """The evening at which a poll ends; raises Refused."""
    days = number_of(visit, "days")
    if days not in POLL_DAYS:
        raise Refused(Code.ODD)
    return datetime.combine(local_date(visit.now) + timedelta(days=days), _POLL_ENDS, LOCAL)


def yes_of(visit: Visit, name: str) -> bool:
    """A choice of yes or no; raises Refused when neither was made."""
    value = visit.form.get(name, "")
    if value not in ("yes", "no"):
        raise Refused(Code.ODD)
    return value == "yes"
