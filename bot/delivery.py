"""Pure rules of sending: when a message may go out, and when it is tried again."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.states import POLICIES, MessageClass

LOCAL = ZoneInfo("Asia/Shanghai")
MAX_ATTEMPTS = 8
FIRST_DELAY_SECONDS = 5
LONGEST_DELAY_SECONDS = 900
FRESH = timedelta(minutes=10)  # so long an answer counts as asked for, whatever the hour


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
