"""Points, pure: what the ledger should say, from what people did and what it says already.

The ledger is not written where things happen: it is held against the records. So nothing gives points twice, and what
is withdrawn, dismissed or merged takes them back, whichever way that came about.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from handlers.local_time import LOCAL, local_date
from storage.states import PointKind

MONTHS_BACK = 2  # full months before this one in which the ledger is still put right


@dataclass(frozen=True, slots=True)
class Worth:
    """points: for each time. most: times a month for one person."""

    points: int
    most: int


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that somebody did and that stands in the records. source: its name there."""

    source: str
    person_id: int
    kind: PointKind
    at: datetime

    @property
    def key(self) -> tuple[str, int]:
        """One entry of the ledger."""
        return self.source, self.person_id


@dataclass(frozen=True, slots=True)
class Changes:
    """What to do to the ledger. give: new entries, or those that were taken back and come again."""

    give: tuple[Deed, ...]
    take: tuple[Deed, ...]


def looks_back_to(now: datetime) -> datetime:
    """From when on deeds are looked at: the first of a month, so that no month is counted in part."""
    today = local_date(now)
    months = today.year * 12 + today.month - 1 - MONTHS_BACK
    return datetime.combine(date(months // 12, months % 12 + 1, 1), datetime.min.time(), LOCAL)


def put_right(
    deeds: Iterable[Deed],
    standing: Iterable[Deed],
    on_since: datetime,
    scale: Mapping[PointKind, Worth],
) -> Changes:
    """What the ledger lacks and what it has too much, both of the same span of time.

    standing: entries that count now. What was done before `on_since` earns nothing, and keeps what it had.
    """
    known = {deed.key: deed for deed in deeds}
    have = list(standing)
    take = tuple(deed for deed in have if deed.key not in known)
    kept = {deed.key for deed in have if deed.key in known}
    counts = Counter(_month(deed) for deed in have if deed.key in known)
    give = []
    for deed in sorted(known.values(), key=lambda deed: (deed.at, deed.source, deed.person_id)):
        if deed.key in kept or deed.at < on_since or counts[_month(deed)] >= scale[deed.kind].most:
            continue
        counts[_month(deed)] += 1
        give.append(deed)
    return Changes(tuple(give), take)


def _month(deed: Deed) -> tuple[int, PointKind, int, int]:
    at = deed.at.astimezone(LOCAL)
    return deed.person_id, deed.kind, at.year, at.month
