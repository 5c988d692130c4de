"""Pure: the week of a region, added up from the stored digests of its compounds. Nothing is counted again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WORST = 10  # compounds that are listed
_Trend = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class KindSum:
    """A kind over all compounds. trend: the weeks up to this one; None where no compound had a digest."""

    id: str
    name: str
    count: int
    last: int
    trend: _Trend


@dataclass(frozen=True, slots=True)
class CompoundSum:
    """One compound's week in figures; late: requests that should have been done."""

    code: str
    name: str
    total: int = 0
    last: int = 0
    urgent: int = 0
    unanswered: int = 0
    late: int = 0
    done: int = 0

    @property
    def burden(self) -> tuple[int, int, int]:
        """What makes it be looked at first."""
        return self.urgent, self.late, self.unanswered


@dataclass(frozen=True, slots=True)
class RegionSum:
    """A region's week. worst: compounds with something open, the most pressing first.

    silent: in which nobody said anything; missing: without a digest of that week.
    """

    week: str
    compounds: int
    total: int
    last: int
    urgent: int
    unanswered: int
    late: int
    done: int
    trend: _Trend
    kinds: tuple[KindSum, ...]
    worst: tuple[CompoundSum, ...]
    silent: tuple[CompoundSum, ...]
    missing: tuple[CompoundSum, ...]

    @property
    def has_digests(self) -> bool:
        """Whether any compound has one."""
        return len(self.missing) < self.compounds


def add_up(
    week: str, compounds: Sequence[tuple[int, str, str]], digests: Mapping[int, Mapping[str, Any]]
) -> RegionSum:
    """Of compounds as (id, code, name), and their digests of that week by id, as far as there are some."""
    lines = [
        _line(code, name, digests[compound_id])
        for compound_id, code, name in compounds
        if compound_id in digests
    ]
    there = [digests[compound_id] for compound_id, _code, _name in compounds if compound_id in digests]
    burdened = [line for line in lines if any(line.burden)]
    return RegionSum(
        week=week,
        compounds=len(compounds),
        total=sum(line.total for line in lines),
        last=sum(line.last for line in lines),
        urgent=sum(line.urgent for line in lines),
        unanswered=sum(line.unanswered for line in lines),
        late=sum(line.late for line in lines),
        done=sum(line.done for line in lines),
        trend=_trend(digest.get("trend", ()) for digest in there),
        kinds=_kinds(there),
        worst=tuple(
            sorted(burdened, key=lambda line: (*(-count for count in line.burden), line.code))[:WORST]
        ),
        silent=tuple(line for line in lines if not line.total),
        missing=tuple(
            CompoundSum(code, name) for compound_id, code, name in compounds if compound_id not in digests
        ),
    )


def _line(code: str, name: str, digest: Mapping[str, Any]) -> CompoundSum:
    became = digest.get("became", {})
    return CompoundSum(
        code=code,
        name=name,
        total=digest["total"],
        last=digest["last_total"],
        urgent=digest.get("urgent_total", len(digest["urgent"])),
        unanswered=digest.get("unanswered_total", len(digest["unanswered"])),
        late=became.get("late", 0),
        done=became.get("done", 0),
    )


def _kinds(digests: Sequence[Mapping[str, Any]]) -> tuple[KindSum, ...]:
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for digest in digests:
        for entry in digest["categories"]:
            entries.setdefault(entry["id"], []).append(entry)
    sums = [
        KindSum(
            id=kind,
            name=same[0]["name"],
            count=sum(entry["count"] for entry in same),
            last=sum(entry["last"] for entry in same),
            trend=_trend(entry.get("trend", ()) for entry in same),
        )
        for kind, same in entries.items()
    ]
    return tuple(sorted(sums, key=lambda kind: (-kind.count, kind.id)))


def _trend(trends: Iterable[Sequence[int | None]]) -> _Trend:
    """Added week by week from the end; a week that some know is what those say."""
    total: list[int | None] = []
    for trend in trends:
        for ago, count in enumerate(reversed(trend)):
            if ago == len(total):
                total.append(None)
            if count is not None:
                total[ago] = (total[ago] or 0) + count
    return tuple(reversed(total))
