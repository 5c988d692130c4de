"""Pure rules of sending: quiet hours and the growing pause between tries."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.delivery import (
    FRESH,
    LONGEST_DELAY_SECONDS,
    MAX_ATTEMPTS,
    Quiet,
    held_until,
    is_reply_too_late,
    month_of,
    retry_at,
)
from handlers.local_time import LOCAL
from storage.states import POLICIES, MessageClass

USUAL = Quiet(time(21, 0), time(8, 0))
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def shanghai(hour: int, minute: int = 0, day: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=LOCAL)


@given(
    MOMENTS,
    st.times(),
    st.times(),
    st.sampled_from(MessageClass),
    st.timedeltas(timedelta(0), timedelta(days=4)),
)
def test_a_held_message_waits_for_a_future_moment_outside_quiet_hours(
    now: datetime, start: time, end: time, message_class: MessageClass, age: timedelta
) -> None:
    quiet = Quiet(start, end)
    until = held_until(message_class, now - age, now, quiet)
    if until is None:
        return
    assert now < until <= now + timedelta(days=1)
    assert until.astimezone(LOCAL).time() == end
    assert held_until(message_class, now - age, until, quiet) is None


@given(MOMENTS, st.sampled_from(MessageClass))
def test_what_is_not_held_is_outside_quiet_hours_or_allowed_in_them(
    now: datetime, message_class: MessageClass
) -> None:
    held = held_until(message_class, now - FRESH - timedelta(seconds=1), now, USUAL)
    hour = now.astimezone(LOCAL).hour
    assert (held is not None) == ((hour >= 21 or hour < 8) and not POLICIES[message_class].urgent)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        (shanghai(20, 59), None),
        (shanghai(21), shanghai(8, day=13)),
        (shanghai(22), shanghai(8, day=13)),
        (shanghai(0), shanghai(8)),
        (shanghai(7, 59), shanghai(8)),
        (shanghai(8), None),
    ],
)
def test_a_digest_waits_out_the_night(at: datetime, until: datetime | None) -> None:
    assert held_until(MessageClass.DIGEST, at, at, USUAL) == until


def test_an_alert_goes_at_any_hour() -> None:
    assert held_until(MessageClass.ALERT, shanghai(22), shanghai(3, day=13), USUAL) is None


@pytest.mark.parametrize("message_class", [MessageClass.REPLY, MessageClass.RECEIPT])
def test_an_answer_goes_at_night_while_it_is_fresh(message_class: MessageClass) -> None:
    asked = shanghai(3)
    assert held_until(message_class, asked, asked + FRESH, USUAL) is None
    assert held_until(message_class, asked, asked + FRESH + timedelta(seconds=1), USUAL) == shanghai(8)


def test_quiet_hours_within_one_day_and_none_at_all() -> None:
    nap = Quiet(time(12, 0), time(14, 0))
    assert held_until(MessageClass.NOTICE, shanghai(12), shanghai(13), nap) == shanghai(14)
    assert held_until(MessageClass.NOTICE, shanghai(12), shanghai(22), nap) is None
    never = Quiet(time(9, 0), time(9, 0))
    assert {held_until(MessageClass.NOTICE, shanghai(h), shanghai(h), never) for h in range(24)} == {None}


@given(st.integers(1, MAX_ATTEMPTS - 2), st.floats(0, 1), st.floats(0, 1))
def test_each_try_waits_longer_than_the_one_before_up_to_a_limit(
    attempts: int, jitter: float, other: float
) -> None:
    now = shanghai(12)
    first, second = retry_at(attempts, now, jitter), retry_at(attempts + 1, now, other)
    assert first is not None
    assert second is not None
    assert now < first <= now + timedelta(seconds=LONGEST_DELAY_SECONDS * 1.5)
    assume(second - now < timedelta(seconds=LONGEST_DELAY_SECONDS))
    assert second > first or (jitter == 1 and other == 0)


def test_after_the_last_try_it_is_given_up() -> None:
    assert retry_at(MAX_ATTEMPTS - 1, shanghai(12), 0.5) is not None
    assert retry_at(MAX_ATTEMPTS, shanghai(12), 0.5) is None


def test_an_answer_is_too_late_before_the_platform_says_so() -> None:
    asked = shanghai(12)
    assert not is_reply_too_late(asked, asked + timedelta(minutes=50))
    assert is_reply_too_late(asked, asked + timedelta(minutes=59))


@given(MOMENTS)
def test_every_moment_is_in_its_month_in_shanghai(now: datetime) -> None:
    month = month_of(now)
    assert month.began_at <= now < month.began_at + timedelta(days=month.days)
    assert month.began_at.astimezone(LOCAL).day == 1
    assert (month.began_at + timedelta(days=month.days)).astimezone(LOCAL).day == 1
