"""Use cases: the week of a community, subdistrict or district, on a page, and told once to those who answer for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import MOST_COMPOUNDS
from handlers.apart import each_apart
from handlers.context import Services
from handlers.digests.build import TREND_WEEKS, UNIT
from handlers.digests.cycle import READERS
from handlers.digests.rules import DAY, before, regions_told_of
from handlers.digests.sums import RegionSum, add_up
from handlers.local_time import month_day
from handlers.reach.fields import Facts, NoticeKind
from handlers.reach.notify import Notice, Reached, notify_person
from handlers.texts import say
from storage.claims import try_claim
from storage.database import Database
from storage.queries.console import list_compounds_below
from storage.queries.cycles import load_figures
from storage.queries.region_weeks import (
    list_region_readers,
    list_regions_unfinished,
    list_weeks_of,
    load_week,
)
from storage.queries.tree import list_regions_coded
from storage.queries.visits import list_claimed
from storage.states import MessageClass, RegionLevel
from storage.tables import Region

JOB = "region_week"
LEVELS = (RegionLevel.DISTRICT, RegionLevel.SUBDISTRICT, RegionLevel.COMMUNITY)
LIMIT = 50  # people in one tick
WEEKS = 12  # that a page offers
NAMED = 3  # compounds in a message


async def sum_week(session: AsyncSession, region: str, week: str) -> RegionSum:
    """A region's week from the digests as they were sent."""
    compounds = [
        (compound.compound_id or 0, compound.code, compound.name)
        for compound in await list_compounds_below(session, region, MOST_COMPOUNDS)
    ]
    ids = [compound_id for compound_id, _code, _name in compounds]
    past: dict[str, dict[int, Mapping[str, int]]] = {
        before(week, ago): {} for ago in range(TREND_WEEKS - 1, 0, -1)
    }
    for (compound_id, earlier), figures in (await load_figures(session, ids, list(past), UNIT)).items():
        past[earlier][compound_id] = figures.kinds
    return add_up(week, compounds, await load_week(session, ids, week), list(past.values()))


async def list_weeks_in(session: AsyncSession, region: str) -> list[str]:
    """The weeks for which a region has something to add up, newest first."""
    compounds = await list_compounds_below(session, region, MOST_COMPOUNDS)
    return await list_weeks_of(session, [compound.compound_id or 0 for compound in compounds], WEEKS)


async def advance_regions(database: Database, services: Services, now: datetime) -> int:
    """Tell of the week that is over, when its digests are out; returns how many people. For every replica's clock."""
    due = regions_told_of(now)
    if due is None:
        return 0
    async with database.read() as session:
        readers = await list_region_readers(session, LEVELS, READERS)
        told = await list_claimed(session, JOB, due.week) if readers else set()
        left = [person for person in sorted(readers) if f"{due.week}:{person}" not in told]
        if left and due.may_wait:  # each for what is their own: elsewhere a week may end on a Tuesday
            unfinished = await list_regions_unfinished(session, due.week)
            left = [person for person in left if not readers[person] & unfinished]
        left = left[:LIMIT]
        if not left:
            return 0
        # Added up before anything is written: nobody's message waits for a district's thousand digests.
        regions = await list_regions_coded(session, set().union(*(readers[person] for person in left)))
        sums = [(region, await sum_week(session, region.code, due.week)) for region in regions]
    shown = [entry for entry in sums if entry[1].has_digests]

    async def tell(session: AsyncSession, person_id: int) -> int:
        if not await try_claim(session, JOB, f"{due.week}:{person_id}", "", now):
            return 0
        theirs = [entry for entry in shown if entry[0].code in readers[person_id]]
        if not theirs:
            return 0
        notice = _notice(services, theirs, due.week, now)
        reached = await notify_person(session, services, person_id, notice, now)
        return int(reached in (Reached.QUEUED, Reached.WAITING))

    return await each_apart(database, left, tell)


def _notice(
    services: Services, theirs: Sequence[tuple[Region, RegionSum]], week: str, now: datetime
) -> Notice:
    """Of the highest of a reader's regions; their page lists the others."""
    region, total = theirs[0]
    link = f"{services.public_url}/console/weeks/{region.code}/{week}" if services.public_url else ""
    return Notice(
        message_class=MessageClass.DIGEST,
        text=region_text(region, total, link, others=len(theirs) - 1),
        dedupe_key=f"{JOB}:{week}",
        expires_at=now + 3 * DAY,
        facts=Facts(
            NoticeKind.DIGEST,
            what=say("reach.digest"),
            state=say("reach.state_digest"),
            at=now,
            compound=region.name,
            number=total.total,
            link=link,
        ),
    )


def region_text(region: Region, total: RegionSum, link: str, others: int) -> str:
    """The message. others: how many more regions the reader has, which their page lists."""
    since = month_day(datetime.fromisoformat(total.week).date())
    lines = [
        say("digests.region_title", region=region.name, since=since),
        say("digests.region_total", compounds=total.compounds, total=total.total, last=total.last),
    ]
    if total.urgent or total.unanswered or total.late:
        lines.append(
            say(
                "digests.region_open",
                urgent=total.urgent,
                unanswered=total.unanswered,
                late=total.late,
            )
        )
    if total.worst:
        lines.append(say("digests.region_worst", names=_names(total)))
    if quiet := len(total.silent):
        lines.append(say("digests.region_silent", count=quiet))
    if missing := len(total.missing):
        lines.append(say("digests.region_missing", count=missing))
    if others:
        lines.append(say("digests.region_others", count=others))
    if link:
        lines.append(say("digests.link", link=link))
    return "\n".join(lines)


def _names(total: RegionSum) -> str:
    names: Sequence[str] = [line.name[:12] for line in total.worst[:NAMED]]
    return "、".join(names)
