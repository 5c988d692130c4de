"""Shares are exact, whatever the areas: where a float would be wrong by the last bit, the law is about that bit."""

import pytest

from handlers.voting.outcome import decide
from handlers.voting.terms import Added, Question, Rank, Rules, Status, Sums
from handlers.voting.thresholds import Share

HALF, TWO_THIRDS, THREE_QUARTERS = Share(1, 2, True), Share(2, 3, False), Share(3, 4, False)
CENTIARE = 10_000  # 0.01 square metres


@pytest.mark.parametrize("share", [TWO_THIRDS, THREE_QUARTERS])
def test_the_exact_share_is_enough_and_a_hair_less_is_not(share: Share) -> None:
    for times in range(1, 20_000):
        part, whole = share.numerator * times * CENTIARE, share.denominator * times * CENTIARE
        assert share.holds(part, whole)
        assert not share.holds(part - 1, whole)
        assert share.least(whole) == part


def test_half_is_not_more_than_half() -> None:
    for times in range(1, 20_000):
        part, whole = times * CENTIARE, 2 * times * CENTIARE
        assert not HALF.holds(part, whole)
        assert HALF.holds(part + 1, whole)
        assert HALF.least(whole) == part + 1


def test_a_share_of_something_huge_is_exact_too() -> None:
    assert not TWO_THIRDS.holds(2 * 10**18 - 1, 3 * 10**18)
    assert TWO_THIRDS.holds(2 * 10**18, 3 * 10**18)


def test_nothing_is_enough_of_nothing() -> None:
    assert not any(share.holds(0, 0) for share in (HALF, TWO_THIRDS, THREE_QUARTERS))


def test_equal_sums_of_shares_are_a_tie_though_floats_differ() -> None:
    # 11/20 + 166/300 = 12/20 + 151/300
    first, second = Sums(11, 166), Sums(12, 151)
    added = Added(Sums(20, 300), {"甲": first, "乙": second})
    result = decide(Rules(rank=Rank.SUM_OF_SHARES), Question("q", 3, ("甲", "乙"), 1), Sums(20, 300), added)
    assert (result.status, result.tie) == (Status.RUNOFF_REQUIRED, ("甲", "乙"))
    assert first.persons / 20 + first.area / 300 != second.persons / 20 + second.area / 300


def test_the_sum_of_shares_weighs_persons_and_area_alike() -> None:
    added = Added(Sums(20, 300), {"甲": Sums(11, 290), "乙": Sums(18, 200)})
    rules, question = Rules(rank=Rank.SUM_OF_SHARES), Question("q", 3, ("甲", "乙"), 1)
    assert decide(rules, question, Sums(20, 300), added).elected == ("乙",)
    assert decide(Rules(), question, Sums(20, 300), added).elected == ("乙",)
    by_area = Rules(rank=Rank.AREA_THEN_COUNT)
    assert decide(by_area, question, Sums(20, 300), added).elected == ("甲",)
