"""Pure: what a month of a compound comes to, and the order of those that can be compared.

The rates are those of docs/rates.md; the score is their weighted mean (scorecard.toml). Counts stay integers and the
score is a fraction until it is kept, in tenths of a point of 100, halves up.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from handlers.requests.rates import Rate, Rates

RATES = ("response", "on_time", "resolution", "satisfaction")
Key = TypeVar("Key", int, str)


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a score is made. fewest: requests of a month that are needed for one."""

    weights: Mapping[str, int]
    fewest: int


def load_scheme(path: Path | None = None) -> Scheme:
    """The scheme of a file, ours without one; raises KeyError or ValueError for one that does not hold."""
    data = tomllib.loads((path or Path(__file__).with_name("scorecard.toml")).read_text("utf-8"))
    weights = {name: int(data["weights"][name]) for name in RATES}
    if sum(weights.values()) != 100 or min(weights.values()) < 0:
        raise ValueError("the weights must be of 100")
    return Scheme(weights, int(data["fewest_requests"]))


SCHEME = load_scheme()


def score_of(found: Rates, scheme: Scheme = SCHEME) -> int | None:
    """Tenths of a point of 100; None with too few requests, or with nothing to take a rate of."""
    if found.raised < scheme.fewest:
        return None
    rates = [(scheme.weights[name], rate_of(found, name)) for name in RATES]
    weighed = [(weight, rate) for weight, rate in rates if rate.total]
    whole = sum(weight for weight, _rate in weighed)
    if not whole:
        return None
    score = sum((Fraction(weight * rate.count, rate.total) for weight, rate in weighed), Fraction()) / whole
    return int(score * 1000 + Fraction(1, 2))


def rate_of(found: Rates, name: str) -> Rate:
    """One of the RATES."""
    rate = getattr(found, name)
    assert isinstance(rate, Rate)
    return rate


def ranks(scores: Iterable[tuple[Key, int | None]]) -> dict[Key, int]:
    """The place of each that has a score, from 1; equal scores share a place."""
    ranked = sorted(
        ((score, key) for key, score in scores if score is not None), key=lambda row: (-row[0], row[1])
    )
    places: dict[Key, int] = {}
    for place, (score, key) in enumerate(ranked, 1):
        before = ranked[place - 2] if place > 1 else None
        places[key] = places[before[1]] if before is not None and before[0] == score else place
    return places


def score_text(score: int) -> str:
    """A score as people read it: 92.5."""
    return f"{score // 10}.{score % 10}"
