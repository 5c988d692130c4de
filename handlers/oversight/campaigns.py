"""Use cases: a campaign (整治) over chosen categories and days, counted before, during and after from the records.

The three spans are of equal length: as many days before it began as it lasts, and as many after. What is still to come
is not counted yet, so a span that is not over is told as such. Places are those of matters, as they were said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.local_time import LOCAL, local_date
from storage.audit import add_audit_event
from storage.queries import campaigns as queries
from storage.queries.opinions import next_number
from storage.queries.week_figures import count_people_about
from storage.states import RequestState
from storage.tables import Campaign, Matter

LONGEST = timedelta(days=366)
_YEARS = (2000, 2100)  # beyond these somebody mistyped
LISTED = 200  # places
# What the city named (seed 000), as leaves of the taxonomy.
PRESETS: Mapping[str, tuple[str, ...]] = {
    "毁绿种菜": ("lvhua.huilv",),
    "占用消防通道": ("xiaofang.tongdao",),
    "违法乱搭乱建": ("weijian.weizhang", "weijian.zhanyong"),
}
DONE = frozenset({RequestState.DONE, RequestState.RATED, RequestState.CLOSED})


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `since_on` to `until_on`, both included. over: all of them have passed."""

    since_on: date
    until_on: date
    over: bool


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of a campaign: a matter in it, with how far its request is; None for one that has none."""

    matter: Matter
    state: RequestState | None

    @property
    def is_done(self) -> bool:
        """Whether it was put right."""
        return self.state in DONE


@dataclass(frozen=True, slots=True)
class Progress:
    """Matters that were opened before, during and after, and the places, those still open first.

    people: homes, and others whose home is not known, behind the matters of each span.
    """

    before: tuple[Span, int]
    during: tuple[Span, int]
    after: tuple[Span, int]
    spots: tuple[Spot, ...]
    people: tuple[int, ...]


def spans(starts_on: date, ends_on: date, today: date) -> tuple[Span, Span, Span]:
    """Before, during and after, of equal length. ValueError for an end before the start."""
    if ends_on < starts_on:
        raise ValueError("a campaign ends after it begins")
    length = ends_on - starts_on + timedelta(days=1)
    firsts = (starts_on - length, starts_on, ends_on + timedelta(days=1))
    lasts = [first + length - timedelta(days=1) for first in firsts]
    before, during, after = (
        Span(first, last, last < today) for first, last in zip(firsts, lasts, strict=True)
    )
    return before, during, after


async def begin_campaign(
    session: AsyncSession,
    compound_id: int,
    title: str,
    leaves: Sequence[str],
    days: tuple[date, date],
    now: datetime,
    *,
    actor_id: int,
) -> int | None:
    """A campaign over these leaves from the first to the last of `days`; its number, None for an odd one."""
    name = " ".join(title.split())
    if not 0 < len(name) <= 60 or not leaves or not timedelta() <= days[1] - days[0] <= LONGEST:
        return None
    if not _YEARS[0] <= days[0].year <= days[1].year <= _YEARS[1]:
        return None
    number = await next_number(session, compound_id, "campaign")
    session.add(
        Campaign(
            compound_id=compound_id,
            number=number,
            title=name,
            leaves=sorted(set(leaves)),
            starts_on=days[0],
            ends_on=days[1],
            created_by=actor_id,
            created_at=now,
        )
    )
    add_audit_event(
        session,
        at=now,
        verb="campaign.begun",
        compound_id=compound_id,
        actor_id=actor_id,
        subject=f"campaign:{number}",
    )
    return number


def is_running(campaign: Campaign, now: datetime) -> bool:
    """Whether today is one of its days."""
    return campaign.starts_on <= local_date(now) <= campaign.ends_on


async def load_progress(session: AsyncSession, campaign: Campaign, now: datetime) -> Progress:
    """How far a campaign is, from the records."""
    today = local_date(now)
    before, during, after = spans(campaign.starts_on, campaign.ends_on, today)
    counts = [
        await queries.count_matters(
            session, campaign.compound_id, campaign.leaves, _at(span.since_on), _at(span.until_on, 1)
        )
        for span in (before, during, after)
    ]
    people = [
        await count_people_about(
            session, campaign.compound_id, campaign.leaves, _at(span.since_on), _at(span.until_on, 1)
        )
        for span in (before, during, after)
    ]
    found = await queries.list_spots(
        session,
        campaign.compound_id,
        campaign.leaves,
        _at(before.since_on),
        _at(after.until_on, 1),
        DONE,
        LISTED,
    )
    spots = [Spot(matter, state) for matter, state in found]
    return Progress((before, counts[0]), (during, counts[1]), (after, counts[2]), tuple(spots), tuple(people))


def _at(day: date, later: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=later), time(), LOCAL).astimezone(UTC)
