"""Pure: on which list a property company stands, and why. Only records count; nobody puts anybody on a list."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from handlers.oversight.scoring import RATES, rate_of
from handlers.requests.rates import Rates


class Listed(StrEnum):
    """Where a company stands."""

    RED = "red"  # 红榜
    BLACK = "black"  # 黑榜
    NEITHER = "neither"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Rules:
    """Bounds in whole percent, by rate."""

    fewest: int
    fewest_of_a_rate: int
    red: Mapping[str, int]
    black: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Reason:
    """A rate that decided: `percent` of `total`, and the bound it was held against."""

    rate: str
    percent: int
    total: int
    bound: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a company stands, with all rates that say so."""

    listed: Listed
    reasons: tuple[Reason, ...] = ()


def load_rules(path: Path | None = None) -> Rules:
    """The rules of a file, ours without one; raises KeyError or ValueError for one that does not hold."""
    data = tomllib.loads((path or Path(__file__).with_name("lists.toml")).read_text("utf-8"))
    red, black = ({name: int(data[side][name]) for name in RATES} for side in ("red", "black"))
    if any(not 0 <= black[name] < red[name] <= 100 for name in RATES):
        raise ValueError("a bound of the black list must be below that of the red one")
    return Rules(int(data["fewest_requests"]), int(data["fewest_of_a_rate"]), red, black)


RULES = load_rules()


def verdict_of(found: Rates, rules: Rules = RULES) -> Verdict:
    """Red: every rate is known and good. Black: one that is known is bad. A rate of few is not known."""
    if found.raised < rules.fewest:
        return Verdict(Listed.TOO_FEW)
    known = {}
    for name in RATES:
        rate = rate_of(found, name)
        if rate.total >= rules.fewest_of_a_rate:
            known[name] = rate
    # Held against the bound as a fraction: rounding lifts nobody over it.
    bad = [name for name, rate in known.items() if 100 * rate.count < rules.black[name] * rate.total]
    good = [name for name, rate in known.items() if 100 * rate.count >= rules.red[name] * rate.total]
    if bad:
        return Verdict(Listed.BLACK, _reasons(found, bad, rules.black))
    if len(good) == len(RATES):
        return Verdict(Listed.RED, _reasons(found, good, rules.red))
    return Verdict(Listed.NEITHER)


def _reasons(found: Rates, names: list[str], bounds: Mapping[str, int]) -> tuple[Reason, ...]:
    return tuple(
        Reason(name, rate.percent or 0, rate.total, bounds[name])
        for name in names
        for rate in [rate_of(found, name)]
    )
