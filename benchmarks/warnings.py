"""Early warnings on simulated weeks: false alarms, and how many weeks until a doubling or tripling is told.

A compound has twenty categories of which people speak as often as in a compound of some 600 households: 16 people a
week, half of them of three categories. `even` weeks vary by chance alone (Poisson); in `bursty` ones who hears a
neighbour complain complains as well (negative binomial: the variance is mean + mean squared / 3). Reference: what one
fixed threshold (half as many again as the mean of the weeks before, and at least 3) does with the same weeks.
"""

import math
from collections.abc import Iterator
from datetime import date
from random import Random
from statistics import median

from handlers.oversight.rising import FEWEST, PAST, WINDOWS, Episode, Week, observe

MEANS = (4, 2.5, 2, 1.5, 1.2, 1, 0.75, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05, 0.04, 0.02)
CATEGORIES = tuple(f"c{place}" for place in range(len(MEANS)))
WARMING = 12  # weeks before anything is counted
WITHIN = 8  # weeks in which a rise has to be told to be of use
_MONDAYS = 739_999  # 2027-01-18, a Monday


def run(quick: bool) -> Iterator[dict[str, object]]:
    """Yields one row per metric; `value` of false alarms is per 1,000 weeks of a compound."""
    compounds, trials = (40, 40) if quick else (200, 200)
    for bursty in (False, True):
        kind = "bursty" if bursty else "even"
        told, naive, weeks = false_alarms(Random(1), compounds, 52, bursty=bursty)
        yield {
            "bench": "warnings",
            "metric": f"false_alarms_{kind}",
            "value": round(1000 * told / weeks, 1),
            "unit": "per 1,000 compound-weeks",
            "reference": round(1000 * naive / weeks, 1),
            "weeks": weeks,
        }
        for mean in (1, 4, 10):
            for factor in (2, 3):
                delays = [delay(Random(seed), mean, factor, bursty=bursty) for seed in range(trials)]
                found = [weeks for weeks in delays if weeks is not None]
                yield {
                    "bench": "warnings",
                    "metric": f"delay_{kind}_{mean}_to_{mean * factor}",
                    "value": median(found) if found else None,
                    "unit": "weeks",
                    "told_within_8_weeks": round(len(found) / trials, 2),
                }


def false_alarms(random: Random, compounds: int, weeks: int, *, bursty: bool) -> tuple[int, int, int]:
    """(warnings, what the fixed threshold would have said, weeks of compounds) where nothing ever rises."""
    told = naive = 0
    for _ in range(compounds):
        seen: list[Week] = []
        episodes: list[Episode] = []
        for number in range(WARMING + weeks):
            people = {
                category: draw(random, mean, bursty=bursty)
                for category, mean in zip(CATEGORIES, MEANS, strict=True)
            }
            rises = _step(seen, episodes, number, people)
            if number >= WARMING:
                told += rises
                naive += sum(
                    count >= FEWEST
                    and 2 * count * len(seen[:-1]) >= 3 * sum(week.people[category] for week in seen[:-1])
                    for category, count in people.items()
                )
    return told, naive, compounds * weeks


def delay(random: Random, mean: float, factor: float, *, bursty: bool) -> int | None:
    """In which week a category that goes from `mean` to `factor` times as much is told; None when not in time."""
    seen: list[Week] = []
    episodes: list[Episode] = []
    for number in range(26 + WITHIN):
        now = mean * factor if number >= 26 else mean
        people = dict.fromkeys(CATEGORIES, 0) | {CATEGORIES[0]: draw(random, now, bursty=bursty)}
        if _step(seen, episodes, number, people) and number >= 26:
            return number - 25
    return None


def draw(random: Random, mean: float, *, bursty: bool) -> int:
    """So many people in a week."""
    if bursty:
        mean = random.gammavariate(3, mean / 3)
    left, count = math.exp(-mean), 0
    product = random.random()
    while product > left:
        product *= random.random()
        count += 1
    return count


def _step(seen: list[Week], episodes: list[Episode], number: int, people: dict[str, int]) -> int:
    """Let one more week pass; how many rises are told with it."""
    monday = date.fromordinal(_MONDAYS + 7 * number).isoformat()
    seen.append(Week(monday, people))
    del seen[: -(PAST + max(WINDOWS))]
    rises, ended = observe(seen, episodes, CATEGORIES)
    for over in ended:
        episodes.remove(over)
        episodes.append(Episode(over.category, over.opened, over.limit, monday))
    episodes.extend(Episode(rise.category, monday, rise.limit) for rise in rises)
    return len(rises)
