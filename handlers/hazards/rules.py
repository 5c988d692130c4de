"""The weekly round, pure: what is looked at where, when a list is done, when it is reminded of."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from handlers.local_time import LOCAL, is_daytime, local_date
from storage.states import Stewardship, Tenure

REMINDS_AT = time(15)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to look at. tenure, stewardship: in which kinds of compounds; empty for all."""

    item_id: str
    ask: str
    leaf: str
    urgency: int
    tenure: frozenset[Tenure] = frozenset()
    stewardship: frozenset[Stewardship] = frozenset()


def items_for(items: Iterable[Item], tenure: Tenure | None, stewardship: Stewardship | None) -> list[Item]:
    """What is looked at in a compound. Of one whose kind nobody entered, what is for all."""
    return [
        item
        for item in items
        if (not item.tenure or tenure in item.tenure)
        and (not item.stewardship or stewardship in item.stewardship)
    ]


def is_done(items: Collection[str], seen: Collection[str]) -> bool:
    """Whether everything was looked at."""
    return set(items) <= set(seen)


def week_of(now: datetime) -> str:
    """The week (its Monday) in Shanghai."""
    day = local_date(now)
    return (day - timedelta(days=day.weekday())).isoformat()


def week_to_remind(now: datetime, is_workday: Callable[[date], bool]) -> str | None:
    """The week whose lists are reminded of: by day, from the afternoon of its last working day to its end."""
    local = now.astimezone(LOCAL)
    monday = date.fromisoformat(week_of(now))
    worked = [day for place in range(7) if is_workday(day := monday + timedelta(days=place))]
    if not worked or local < datetime.combine(worked[-1], REMINDS_AT, LOCAL) or not is_daytime(now):
        return None
    return monday.isoformat()
