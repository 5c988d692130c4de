"""Pure rules of sending: when a message may go out, and when it is tried again."""

import calendar
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import NamedTuple

from handlers.local_time import LOCAL
from storage.states import POLICIES, MessageClass

MAX_ATTEMPTS = 8
FIRST_DELAY_SECONDS = 5
LONGEST_DELAY_SECONDS = 900
URGENT_ATTEMPTS = 2  # so often an urgent message is tried one way while there is another
FRESH = timedelta(minutes=10)  # so long an answer counts as asked for, whatever the hour
REPLY_ADDRESS_LIFE = timedelta(minutes=55)  # the platform says an hour, counted from what was asked


@dataclass(frozen=True, slots=True)
class Quiet:
    """Local hours in which nothing unasked goes out; `start` may be later than `end` (over midnight)."""

    start: time
    end: time


def held_until(
    message_class: MessageClass, created_at: datetime, now: datetime, quiet: Quiet
) -> datetime | None:
    """The end of the quiet hours when this message must wait for it, else None."""
    policy = POLICIES[message_class]
    if policy.urgent or (policy.solicited and now - created_at <= FRESH):
        return None
    local = now.astimezone(LOCAL)
    over_midnight = quiet.start > quiet.end
    inside = (
        local.time() >= quiet.start or local.time() < quiet.end
        if over_midnight
        else quiet.start <= local.time() < quiet.end
    )
    if not inside:
        return None
    end = datetime.combine(local.date(), quiet.end, LOCAL)
    return end if end > local else end + timedelta(days=1)


def retry_at(attempts: int, now: datetime, jitter: float) -> datetime | None:
    """When to try again after `attempts` failures, doubling each time; None to give up.

    jitter: 0..1, spreads the tries of many messages that failed together over half the delay.
    """
    if attempts >= MAX_ATTEMPTS:
        return None
    delay = min(FIRST_DELAY_SECONDS * 2 ** (attempts - 1), LONGEST_DELAY_SECONDS)
    return now + timedelta(seconds=delay * (1 + jitter / 2))


def is_reply_too_late(created_at: datetime, now: datetime) -> bool:
    """Whether the address that came with a question no longer takes the answer (D:101138)."""
    return now - created_at >= REPLY_ADDRESS_LIFE


class Month(NamedTuple):
    """A calendar month in Asia/Shanghai: when it began, and its days."""

    began_at: datetime
    days: int


def month_of(now: datetime) -> Month:
    """The month in which the platform counts what a customer group is sent: one for each day (D:92135)."""
    local = now.astimezone(LOCAL)
    began_at = datetime(local.year, local.month, 1, tzinfo=LOCAL)
    return Month(began_at, calendar.monthrange(local.year, local.month)[1])
