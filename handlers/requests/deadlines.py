"""How long a request may take: data in deadlines.toml, checked to the last key, and what follows from it now."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from handlers.requests.calendar import add_working_time
from handlers.requests.commands import Facts, Moments, Span

SAFETY = 3  # by the clock
URGENCIES = (1, 2, 3)
LONGEST_HOURS = 2000
REMIND_AT = (3, 4)  # of the time that there is
_DEFAULT = Path(__file__).with_name("deadlines.toml")


class DeadlinesError(ValueError):
    """The deadlines do not hold; the message names the key."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Hours; working time but for SAFETY."""

    accept_hours: int
    done_hours: int
    up_hours: int


_KEYS = tuple(entry.name for entry in fields(Allowed))


@dataclass(frozen=True, slots=True)
class Deadlines:
    """What is allowed by urgency, and where a category differs: (leaf or top, urgency)."""

    by_urgency: Mapping[int, Allowed]
    by_category: Mapping[tuple[str, int], Mapping[str, int]]

    def allowed(self, leaf: str | None, urgency: int) -> Allowed:
        """For a matter: its leaf before its top category before any."""
        found = self.by_urgency[min(max(urgency, URGENCIES[0]), SAFETY)]
        for category in ((leaf or "").partition(".")[0], leaf or ""):
            found = replace(found, **self.by_category.get((category, urgency), {}))
        return found

    def moments(self, leaf: str | None, urgency: int, facts: Facts | None, now: datetime) -> Moments:
        """What would run from now on for a request; `facts` is None for one that is raised now."""
        allowed = self.allowed(leaf, urgency)
        by_clock = urgency >= SAFETY
        up = timedelta(hours=allowed.up_hours)
        accept, done = timedelta(hours=allowed.accept_hours), timedelta(hours=allowed.done_hours)
        fresh = _span(now, done, up, by_clock)
        return Moments(
            accept=_span(now, accept, up, by_clock),
            done=_span(facts.round_at, done, up, by_clock) if facts else fresh,
            fresh=fresh,
            again=_after(now, up, by_clock),
        )


def _span(start: datetime, length: timedelta, up: timedelta, by_clock: bool) -> Span:
    early, whole = REMIND_AT
    return Span(
        remind_at=_after(start, length * early / whole, by_clock),
        by=_after(start, length, by_clock),
        up_at=_after(start, length + up, by_clock),
    )


def _after(start: datetime, length: timedelta, by_clock: bool) -> datetime:
    return start + length if by_clock else add_working_time(start, length)


def load_deadlines(
    overrides: Mapping[str, Any] | None = None,
    categories: Collection[str] | None = None,
    path: Path = _DEFAULT,
) -> Deadlines:
    """Read the file and lay `overrides` of the same shape over it. Raises DeadlinesError.

    categories: leaves and top categories that there are; None when nobody knows them yet.
    """
    try:
        found = parse_deadlines(tomllib.loads(path.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise DeadlinesError(f"{path.name}: {error}") from error
    deadlines = _lay_over(found, parse_deadlines(overrides or {}))
    missing = [urgency for urgency in URGENCIES if set(deadlines.by_urgency[urgency]) != set(_KEYS)]
    if missing:
        raise DeadlinesError(f"urgency.{missing[0]}: {', '.join(_KEYS)} are all needed")
    unknown = [name for name, _ in deadlines.by_category if categories is not None and name not in categories]
    if unknown:
        raise DeadlinesError(f"category.{unknown[0]}: there is no such category")
    checked = Deadlines(
        {urgency: Allowed(**hours) for urgency, hours in deadlines.by_urgency.items()}, deadlines.by_category
    )
    for leaf, urgency in [("", urgency) for urgency in URGENCIES] + list(checked.by_category):
        allowed = checked.allowed(leaf, urgency)
        if allowed.accept_hours > allowed.done_hours:
            where = f"category.{leaf}.{urgency}" if leaf else f"urgency.{urgency}"
            raise DeadlinesError(f"{where}: accept_hours is longer than done_hours")
    return checked


@dataclass(frozen=True, slots=True)
class Partial:
    """Deadlines as one file has them: any key may be missing."""

    by_urgency: dict[int, dict[str, int]]
    by_category: dict[tuple[str, int], dict[str, int]]


def parse_deadlines(data: Mapping[str, Any]) -> Partial:
    """Check the shape: [urgency.U] and [category.NAME.U] or [category.NAME.LEAF.U]. Raises DeadlinesError."""
    for key in data:
        if key not in ("urgency", "category"):
            raise DeadlinesError(f"{key}: unknown key")
    by_urgency = {
        _urgency(key, f"urgency.{key}"): _hours(value, f"urgency.{key}")
        for key, value in _table(data.get("urgency", {}), "urgency").items()
    }
    by_category = {}
    for name, value in _table(data.get("category", {}), "category").items():
        for key, inner in _table(value, f"category.{name}").items():
            if key.isdigit():
                by_category[name, _urgency(key, f"category.{name}.{key}")] = _hours(
                    inner, f"category.{name}.{key}"
                )
                continue
            for urgency, hours in _table(inner, f"category.{name}.{key}").items():
                where = f"category.{name}.{key}.{urgency}"
                by_category[f"{name}.{key}", _urgency(urgency, where)] = _hours(hours, where)
    return Partial(by_urgency, by_category)


def _lay_over(below: Partial, above: Partial) -> Partial:
    return Partial(
        {
            urgency: below.by_urgency.get(urgency, {}) | above.by_urgency.get(urgency, {})
            for urgency in URGENCIES
        },
        {
            key: below.by_category.get(key, {}) | above.by_category.get(key, {})
            for key in below.by_category | above.by_category
        },
    )


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DeadlinesError(f"{where}: must be a table")
    return value


def _urgency(key: str, where: str) -> int:
    if key not in {str(urgency) for urgency in URGENCIES}:
        raise DeadlinesError(f"{where}: urgency is 1, 2 or 3")
    return int(key)


def _hours(value: object, where: str) -> dict[str, int]:
    table = _table(value, where)
    for key, hours in table.items():
        if key not in _KEYS:
            raise DeadlinesError(f"{where}.{key}: unknown key")
        if not isinstance(hours, int) or isinstance(hours, bool) or not 1 <= hours <= LONGEST_HOURS:
            raise DeadlinesError(f"{where}.{key}: whole hours, 1 to {LONGEST_HOURS}")
    return dict(table)


DEFAULT_DEADLINES = load_deadlines()
