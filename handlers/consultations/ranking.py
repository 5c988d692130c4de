"""What a month's agenda is proposed from, pure: safety first, then how many say it and how long it has waited.

The weight is points that anybody can add up: one for each household or other person who says the same, one for each
week that it has waited (twelve at most), three when it is pressing. The words that go with it say the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

SAFETY = 3
PRESSING = 2
MOST = 5  # matters: what an evening is enough for
_WEEK = timedelta(days=7)
_MOST_WEEKS = 12
_PRESSING_POINTS = 3
_OLD = timedelta(days=30)  # what one person says comes up when it has waited so long


@dataclass(frozen=True, slots=True)
class Candidate:
    """A matter that is not done. households and speakers as in its row."""

    number: int
    title: str
    urgency: int
    households: int
    speakers: int
    opened_at: datetime


def choose(candidates: Iterable[Candidate], now: datetime) -> list[tuple[Candidate, str]]:
    """The matters to talk about, the most weighty first, each with what speaks for it; in whatever order they come."""
    ranked = sorted(
        (each for each in candidates if _is_worth_it(each, now)),
        key=lambda each: (each.urgency < SAFETY, -points(each, now), each.opened_at, each.number),
    )
    return [(each, reason(each, now)) for each in ranked[:MOST]]


def points(candidate: Candidate, now: datetime) -> int:
    """The weight of a matter among those that are as safe as it is."""
    weeks = min(max(now - candidate.opened_at, timedelta()) // _WEEK, _MOST_WEEKS)
    pressing = _PRESSING_POINTS if candidate.urgency == PRESSING else 0
    return candidate.households + candidate.speakers + weeks + pressing


def reason(candidate: Candidate, now: datetime) -> str:
    """Why it is there, as the committee reads it: 关系安全；12 户、3 位居民提到；等了 40 天."""
    words = []
    if candidate.urgency >= SAFETY:
        words.append("关系安全")
    elif candidate.urgency == PRESSING:
        words.append("比较急")
    who = [f"{candidate.households} 户"] if candidate.households else []
    who += [f"{candidate.speakers} 位居民"] if candidate.speakers else []
    words.append(f"{'、'.join(who)}提到")
    days = (now - candidate.opened_at).days
    if days > 0:
        words.append(f"等了 {days} 天")
    return "；".join(words)


def _is_worth_it(candidate: Candidate, now: datetime) -> bool:
    people = candidate.households + candidate.speakers
    return people > 0 and (candidate.urgency >= SAFETY or people > 1 or now - candidate.opened_at >= _OLD)
