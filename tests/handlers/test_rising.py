"""Whether something rises: against its own past, once an episode, and how often it is told for nothing."""

from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.warnings import CATEGORIES, delay, false_alarms
from handlers.oversight.rising import FEWEST, LONGEST, Episode, Rise, Week, chance, observe, usual_of

COUNTS = st.lists(st.integers(0, 12), min_size=8, max_size=30)


def weeks(*counts: int, category: str = "lift") -> list[Week]:
    monday = date(2026, 1, 5)
    return [
        Week((monday + timedelta(weeks=number)).isoformat(), {category: count} if count else {})
        for number, count in enumerate(counts)
    ]


def rises(*counts: int, episodes: tuple[Episode, ...] = ()) -> list[Rise]:
    return observe(weeks(*counts), episodes, (*CATEGORIES[:19], "lift"))[0]


def ended(*counts: int, episode: Episode) -> list[Episode]:
    return observe(weeks(*counts), [episode], ("lift",))[1]


def test_five_households_are_a_rise_where_hardly_anybody_ever_says_so() -> None:
    [rise] = rises(*[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], 5)
    assert (rise.category, rise.count, rise.weeks) == ("lift", 5, 1)


def test_the_same_five_are_none_where_five_are_usual() -> None:
    assert rises(*[5, 4, 6, 5, 3, 5, 7, 4, 5, 6, 4, 5], 5) == []


def test_two_are_never_a_rise_and_a_short_past_says_nothing() -> None:
    assert rises(*[0] * 26, FEWEST - 1) == []
    assert rises(*[0] * 6, 30) == []
    assert rises() == []


def test_a_slow_rise_is_told_by_several_weeks_together() -> None:
    slow = [2, 1, 3, 2, 2, 1, 2, 3, 2, 1, 2, 2, 3, 1, 2, 2, 1, 3, 2, 2, 6, 6, 5, 6]
    [rise] = rises(*slow)
    assert rise.weeks > 1
    assert rises(*slow[:-3]) == []


def test_one_bad_week_long_ago_does_not_hide_the_next_one() -> None:
    assert rises(*[1, 0, 1, 25, 0, 1, 0, 1, 1, 0, 1, 0], 12)


def test_an_episode_is_told_once_and_ends_after_two_usual_weeks() -> None:
    quiet = [1] * 12
    episode = Episode("lift", weeks(*quiet, 9)[-1].week, limit=2)
    assert rises(*quiet, 9, 12, episodes=(episode,)) == []
    assert ended(*quiet, 9, 1, episode=episode) == []
    assert ended(*quiet, 9, 1, 6, 2, episode=episode) == []
    assert ended(*quiet, 9, 1, 6, 2, 0, episode=episode) == [episode]


def test_after_an_episode_its_weeks_are_not_what_is_usual() -> None:
    series = [1] * 12 + [9, 9, 9, 1, 1] + [1, 0, 1, 9]
    over = Episode("lift", weeks(*series)[12].week, 2, weeks(*series)[16].week)
    assert rises(*series, episodes=(over,))


def test_what_lasts_a_quarter_is_the_new_usual() -> None:
    series = [1] * 12 + [9] * (LONGEST + 1)
    episode = Episode("lift", weeks(*series)[12].week, 2)
    assert ended(*series, episode=episode) == [episode]
    over = Episode("lift", episode.opened, 2, weeks(*series)[-1].week)
    assert rises(*series, 9, episodes=(over,)) == []


@given(COUNTS, st.integers(0, 40), st.integers(1, 8))
def test_more_people_are_never_more_likely(past: list[int], count: int, length: int) -> None:
    usual = usual_of(past)
    fewer, more = chance(count, usual, length), chance(count + 1, usual, length)
    assert 0 <= more <= fewer + 1e-9
    assert fewer <= 1
    assert chance(0, usual, length) == 1


@given(COUNTS, st.integers(0, 40))
def test_a_rise_has_more_people_than_usual_and_the_order_of_the_past_does_not_matter_to_one_week(
    past: list[int], now: int
) -> None:
    for rise in rises(*past, now):
        assert now >= FEWEST
        assert rise.count > rise.usual
        assert now > rise.limit or rise.weeks > 1
    one, other = usual_of(past), usual_of(past[::-1])
    assert (round(one.mean, 9), round(one.spread, 9)) == (round(other.mean, 9), round(other.spread, 9))


def test_simulated_weeks_are_seldom_told_for_nothing_and_a_tripling_soon() -> None:
    for bursty, most in ((False, 6), (True, 15)):
        told, naive, compound_weeks = false_alarms(Random(7), 25, 40, bursty=bursty)
        assert told * 1000 <= most * compound_weeks
        assert naive > 20 * told  # what a fixed threshold would have said
        delays = [delay(Random(seed), 4, 3, bursty=bursty) for seed in range(30)]
        assert sum(weeks is not None for weeks in delays) >= 24
