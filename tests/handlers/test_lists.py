"""On which list a company stands, when a committee is asked about, and the spans of a campaign."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.local_time import LOCAL
from handlers.oversight.campaigns import spans
from handlers.oversight.lists import RULES, Listed, verdict_of
from handlers.oversight.review import due_review
from handlers.requests.rates import Rate, Rates
from storage.states import ReviewRhythm

DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))


def of(*counts: int, total: int = 40, raised: int = 40) -> Rates:
    return Rates(raised, *(Rate(count, total) for count in counts))


def test_a_list_needs_records_and_gives_its_reasons() -> None:
    assert verdict_of(of(40, 40, 40, 40, raised=19)).listed is Listed.TOO_FEW
    assert verdict_of(of(40, 40, 40, 40)).listed is Listed.RED
    assert verdict_of(of(40, 40, 40, 33)).listed is Listed.NEITHER
    bad = verdict_of(of(40, 19, 40, 15))
    assert bad.listed is Listed.BLACK
    assert [(reason.rate, reason.percent, reason.bound) for reason in bad.reasons] == [
        ("on_time", 48, 50),
        ("satisfaction", 38, 40),
    ]


def test_rounding_lifts_nobody_over_a_bound_and_few_decide_nothing() -> None:
    assert verdict_of(of(189, 200, 200, 200, total=200)).listed is Listed.NEITHER  # 94.5% reads as 95
    few = RULES.fewest_of_a_rate - 1
    assert (
        verdict_of(Rates(40, Rate(40, 40), Rate(40, 40), Rate(40, 40), Rate(0, few))).listed is Listed.NEITHER
    )


@pytest.mark.parametrize(
    ("rhythm", "at", "period"),
    [
        (ReviewRhythm.QUARTERLY, "2027-01-05T10:00", "2026Q4"),
        (ReviewRhythm.QUARTERLY, "2027-01-05T09:59", None),
        (ReviewRhythm.QUARTERLY, "2027-04-20T12:00", "2027Q1"),
        (ReviewRhythm.QUARTERLY, "2027-06-20T12:00", None),
        (ReviewRhythm.YEARLY, "2027-01-10T12:00", "2026"),
        (ReviewRhythm.YEARLY, "2027-04-10T12:00", None),
        (ReviewRhythm.NEVER, "2027-01-10T12:00", None),
    ],
)
def test_when_a_committee_is_asked_about(rhythm: ReviewRhythm, at: str, period: str | None) -> None:
    assert due_review(rhythm, datetime.fromisoformat(at).replace(tzinfo=LOCAL)) == period


@given(DAYS, st.integers(0, 366), DAYS)
def test_before_during_and_after_are_of_equal_length_without_a_gap(
    begins: date, days: int, now: date
) -> None:
    before, during, after = spans(begins, begins + timedelta(days=days), now)
    assert {span.until_on - span.since_on for span in (before, during, after)} == {timedelta(days=days)}
    assert before.until_on + timedelta(days=1) == during.since_on == begins
    assert during.until_on + timedelta(days=1) == after.since_on
    assert [span.over for span in (before, during, after)] == sorted(
        (span.until_on < now for span in (before, during, after)), reverse=True
    )
