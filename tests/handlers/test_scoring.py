"""What a month comes to, which months there are, and who comes before whom."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from handlers.local_time import month_of
from handlers.oversight.periods import (
    bounds_of_month,
    bounds_of_quarter,
    last_month,
    month_before,
    quarter_before,
    quarter_of,
)
from handlers.oversight.scoring import Scheme, load_scheme, ranks, score_of, score_text
from handlers.requests.rates import Rate, Rates

MOMENTS = st.integers(0, 7 * 366 * 24).map(
    lambda hours: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
)
RATE = st.integers(0, 40).flatmap(lambda total: st.integers(0, total).map(lambda count: Rate(count, total)))
EVEN = Scheme({"response": 25, "on_time": 25, "resolution": 25, "satisfaction": 25}, 5)


def found(*rates: tuple[int, int], raised: int = 20) -> Rates:
    return Rates(raised, *(Rate(*rate) for rate in rates))


def test_a_score_is_the_weighted_mean_of_what_there_is() -> None:
    assert score_of(found((1, 1), (1, 2), (1, 1), (1, 2)), EVEN) == 750
    # Nobody rated: the three others weigh as much more.
    assert score_of(found((1, 1), (1, 2), (1, 1), (0, 0)), EVEN) == 833
    assert score_of(found((9, 9), (9, 9), (9, 9), (9, 9), raised=4), EVEN) is None
    assert score_of(found((0, 0), (0, 0), (0, 0), (0, 0)), EVEN) is None
    assert score_text(1000) == "100.0"
    assert load_scheme().fewest == 5


@given(st.lists(RATE, min_size=4, max_size=4))
def test_a_score_lies_between_the_worst_and_the_best_rate(rates: list[Rate]) -> None:
    score = score_of(Rates(20, *rates))
    taken = [1000 * rate.count / rate.total for rate in rates if rate.total]
    assert (score is None) == (not taken)
    if score is not None:
        assert min(taken) - 1 <= score <= max(taken) + 1


@given(st.dictionaries(st.integers(1, 99), st.none() | st.integers(0, 1000), max_size=30))
def test_a_place_counts_those_before_and_equals_share_it(scores: dict[int, int | None]) -> None:
    places = ranks(scores.items())
    assert set(places) == {key for key, score in scores.items() if score is not None}
    for key, place in places.items():
        assert place == 1 + sum(other is not None and other > (scores[key] or 0) for other in scores.values())


def test_months_are_those_of_shanghai_with_leap_years_and_turns_of_the_year() -> None:
    assert month_of(datetime(2027, 12, 31, 16, tzinfo=UTC)) == "2028-01"
    since, until = bounds_of_month("2028-02")
    assert (since, until - since) == (datetime(2028, 1, 31, 16, tzinfo=UTC), timedelta(days=29))
    assert month_before("2028-01") == "2027-12"
    assert (quarter_of("2027-12"), quarter_before("2028Q1")) == ("2027Q4", "2027Q4")
    assert bounds_of_quarter("2027Q4") == (bounds_of_month("2027-10")[0], bounds_of_month("2027-12")[1])
    for minute, month in ((59, "2027-10"), (60, "2027-11")):
        at = datetime(2027, 11, 30, 17, tzinfo=UTC) + timedelta(minutes=minute)  # 1:59 and 2:00 of the first
        assert last_month(at) == month


@given(MOMENTS, st.integers(1, 60))
def test_months_follow_each_other_without_a_gap(at: datetime, back: int) -> None:
    months = [month_before(month_of(at), number) for number in range(back, -1, -1)]
    assert months == sorted(set(months))
    for one, other in pairwise(months):
        assert bounds_of_month(one)[1] == bounds_of_month(other)[0]
    since, until = bounds_of_month(months[-1])
    assert since <= at < until
