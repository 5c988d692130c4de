"""Pure: when one kind of thing is said by more people than it used to be, before anybody calls it an issue (未诉先办).

What is counted is people, not messages: the distinct households, and others, who said something of a category in a
week. The newest 1, 2, 4 and 8 weeks are each held against up to 26 weeks before them. How many are to be expected is a
predictive distribution, as in Bayesian outbreak detection (M. Höhle, "surveillance: An R package for the monitoring
of infectious diseases", Computational Statistics 22, 2007, algo.bayes): with Poisson counts and Jeffreys' prior the sum
of w weeks after n weeks with the sum S is negative binomial with mean w(S + 1/2)/n. Its variance is widened by how much
the weeks of this category vary (quasi-Poisson, as C. P. Farrington et al., "A statistical algorithm for the early
detection of outbreaks of infectious disease", Journal of the Royal Statistical Society A 159, 1996), since who hears a
neighbour complain complains as well. Weeks far out are cut down to what is usual, so that one bad week does not hide
the next one: the median and three times the median deviation from it, scaled as for a normal distribution.

There is no fixed threshold. A rise is one whose probability, times the windows and categories that were looked at
(Bonferroni), is below ALARMS: about one false warning of a compound in two years, if the counts vary as they did. What
a simulation makes of it, also where they vary more, is in docs/scorecards.md; `./run bench warnings` makes the figures.

An episode is warned of once. It ends after two usual weeks in a row, or after LONGEST weeks, when what was a rise has
become what is usual: then only the weeks since it began are the past.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

ALARMS = 0.01  # of a week of a compound, all its categories together
WINDOWS = (1, 2, 4, 8)  # weeks
PAST = 26  # weeks
SHORTEST_PAST = 8
FEWEST = 3  # people in the newest week
CALM = 2  # weeks
LONGEST = 13  # weeks
# How much weeks vary of which little is known, variance over mean: where there are many, some were carried along.
_SPREAD = 1.1
_SPREAD_EACH = 0.2
_SPREAD_WEEKS = 12  # so many weeks of a category's own weigh as much
_NORMAL = 1.4826  # a normal distribution's standard deviation, in median deviations


@dataclass(frozen=True, slots=True)
class Week:
    """People by category. `week` is its Monday, 2026-11-16."""

    week: str
    people: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Episode:
    """A rise that was warned of. limit: so many people in a week are still usual. ended: the last week of it."""

    category: str
    opened: str
    limit: int
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class Rise:
    """A category that rose. weeks: the window that says so most clearly; count: of it; usual: for as many weeks."""

    category: str
    count: int
    weeks: int
    usual: float
    limit: int


@dataclass(frozen=True, slots=True)
class Usual:
    """What the weeks before say of one: its mean, and its variance over the mean, at least 1."""

    mean: float
    spread: float
    weeks: int


def observe(
    weeks: Sequence[Week], episodes: Iterable[Episode], categories: Collection[str]
) -> tuple[list[Rise], list[Episode]]:
    """What the newest week, the last of `weeks`, shows: what rose, and which open episodes end with it.

    weeks: those that were counted, oldest first; one in which nothing was collected is left out.
    """
    of_category: dict[str, list[Episode]] = {}
    for episode in episodes:
        of_category.setdefault(episode.category, []).append(episode)
    rises, ended = [], []
    for category in categories:
        own = of_category.get(category, [])
        running = next((episode for episode in own if episode.ended is None), None)
        if running is not None:
            if _is_over(running, weeks):
                ended.append(running)
        elif weeks and weeks[-1].people.get(category, 0) >= FEWEST:
            rise = _rise(category, _series(category, weeks, own), len(categories))
            if rise is not None:
                rises.append(rise)
    return rises, ended


def usual_of(past: Sequence[int]) -> Usual:
    """What these weeks say of the next one."""
    middle = median(past)
    deviation = _NORMAL * median(abs(count - middle) for count in past)
    cap = middle + 3 * max(deviation, math.sqrt(middle + 1))
    kept = [min(count, cap) for count in past]
    weeks = len(kept)
    mean = (sum(kept) + 0.5) / weeks
    squares = sum((count - mean) ** 2 for count in kept)
    known = _SPREAD + _SPREAD_EACH * mean
    spread = (squares / mean + _SPREAD_WEEKS * known) / (weeks - 1 + _SPREAD_WEEKS)
    return Usual(mean, max(1.0, spread), weeks)


def chance(count: int, usual: Usual, weeks: int) -> float:
    """How likely so many or more are in so many weeks, if all is as usual: the tail of the negative binomial."""
    mean = usual.mean * weeks
    # Never Poisson exactly: the mean itself is only known from so many weeks.
    ratio = usual.spread * (1 + weeks / usual.weeks)
    size = mean / (ratio - 1)
    log_miss, log_hit = -math.log(ratio), math.log1p(-1 / ratio)
    below = sum(
        math.exp(
            math.lgamma(each + size)
            - math.lgamma(size)
            - math.lgamma(each + 1)
            + size * log_miss
            + each * log_hit
        )
        for each in range(count)
    )
    return max(0.0, 1.0 - below)


def _rise(category: str, series: Sequence[int], categories: int) -> Rise | None:
    best: tuple[float, Rise] | None = None
    for weeks in WINDOWS:
        past = series[:-weeks][-PAST:]
        if len(past) < SHORTEST_PAST:
            continue
        usual = usual_of(past)
        if series[-1] <= usual.mean:  # over already
            continue
        count = sum(series[-weeks:])
        likely = chance(count, usual, weeks)
        if likely * len(WINDOWS) * categories <= ALARMS and (best is None or likely < best[0]):
            limit = math.floor(usual.mean + math.sqrt(usual.spread * usual.mean))
            best = likely, Rise(category, count, weeks, usual.mean * weeks, limit)
    return best[1] if best else None


def _series(category: str, weeks: Sequence[Week], episodes: Sequence[Episode]) -> list[int]:
    """The weeks that tell what is usual, and the newest: no episodes, and nothing before one that became usual."""
    begins = max((episode.opened for episode in episodes if _is_long(episode)), default="")
    return [
        week.people.get(category, 0)
        for week in weeks
        if week.week >= begins
        and not any(
            episode.opened <= week.week <= (episode.ended or "") and not _is_long(episode)
            for episode in episodes
        )
    ]


def _is_over(episode: Episode, weeks: Sequence[Week]) -> bool:
    since = [week.people.get(episode.category, 0) for week in weeks if week.week > episode.opened]
    if not since:
        return False
    if _weeks_between(episode.opened, weeks[-1].week) >= LONGEST:
        return True
    return len(since) >= CALM and all(count <= episode.limit for count in since[-CALM:])


def _is_long(episode: Episode) -> bool:
    return episode.ended is not None and _weeks_between(episode.opened, episode.ended) >= LONGEST


def _weeks_between(earlier: str, later: str) -> int:
    return (date.fromisoformat(later) - date.fromisoformat(earlier)).days // 7
