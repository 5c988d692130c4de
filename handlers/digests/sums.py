"""Pure: the week of a region, added up from the stored digests of its compounds. Nothing is counted again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WORST = 10  # compounds that are listed
_Trend = tuple[int | None, ...]
Past = Sequence[
    Mapping[int, Mapping[str, int]]
]  # by week, the oldest first: the kinds of a compound's digest


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
    week: str,
    compounds: Sequence[tuple[int, str, str]],
    digests: Mapping[int, Mapping[str, Any]],
    past: Past = (),
) -> RegionSum:
    """Of compounds as (id, code, name), and their digests of that week by id, as far as there are some.

    past: the weeks before. A digest lists no kind that its compound is silent of, whatever it was before.
    """
    lines = [
        _line(code, name, digests[compound_id])
        for compound_id, code, name in compounds
        if compound_id in digests
    ]
    with_digest = {
        compound_id: digests[compound_id] for compound_id, _code, _name in compounds if compound_id in digests
    }
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
        trend=_trend(digest.get("trend", ()) for digest in with_digest.values()),
        kinds=_kinds(with_digest, past),
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


def _kinds(digests: Mapping[int, Mapping[str, Any]], past: Past) -> tuple[KindSum, ...]:
    counts, lasts, names = Counter[str](), Counter[str](), dict[str, str]()
    weeks = [[week[compound_id] for compound_id in digests if compound_id in week] for week in past]
    for compound_id, digest in digests.items():
        known = past[-1].get(compound_id) if past else None
        for entry in digest["categories"]:
            counts[entry["id"]] += entry["count"]
            names.setdefault(entry["id"], entry["name"])
            if known is None:  # no digest of the week before: counted when this one was built
                lasts[entry["id"]] += entry["last"]
        lasts.update(known or {})
    sums = [
        KindSum(
            id=kind,
            name=names[kind],
            count=count,
            last=lasts[kind],
            trend=(
                *(sum(each.get(kind, 0) for each in week) if week else None for week in weeks),
                count,
            ),
        )
        for kind, count in counts.items()
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
