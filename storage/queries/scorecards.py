"""The cards of months, and what is counted for them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import case, exists, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.week_figures import Period, count_weeks
from storage.states import Ladder, RegionLevel, RequestState
from storage.tables import AlertEpisode, Compound, Region, Request, RequestEvent, Scorecard
from storage.upsert import insert_ignore

_ACKNOWLEDGED_WITHIN = timedelta(minutes=5)  # after that an alert goes up
_SAFETY = 3


class Extras(NamedTuple):
    """What a card tells beside the rates. people: households, and others, who spoke in the month.

    reopened, climbed, refused: requests of the month that were, or went, so. alerts: safety alerts; heeded: of them
    those acknowledged within five minutes. steward_days: on which a steward was there.
    """

    people: int = 0
    reopened: int = 0
    climbed: int = 0
    refused: int = 0
    alerts: int = 0
    heeded: int = 0
    steward_days: int = 0


async def list_uncarded(session: AsyncSession, month: str, limit: int) -> list[int]:
    """Compounds without a card of a month."""
    carded = exists().where(
        col(Scorecard.compound_id) == Compound.compound_id,
        col(Scorecard.month) == month,
        col(Scorecard.revision) == 1,
    )
    statement = select(Compound.compound_id).where(~carded).order_by(col(Compound.compound_id)).limit(limit)
    return [compound_id for compound_id in await session.exec(statement) if compound_id is not None]


async def list_unchecked(session: AsyncSession, until: str, limit: int) -> dict[str, list[int]]:
    """Compounds by month whose cards, of months up to `until`, were not counted once more."""
    statement = (
        select(Scorecard.month, Scorecard.compound_id)
        .where(Scorecard.month <= until, Scorecard.revision == 1, col(Scorecard.checked_at).is_(None))
        .order_by(col(Scorecard.month), col(Scorecard.compound_id))
        .limit(limit)
    )
    found: dict[str, list[int]] = {}
    for month, compound_id in await session.exec(statement):
        found.setdefault(month, []).append(compound_id)
    return found


async def lock_unchecked(session: AsyncSession, compound_ids: Collection[int], month: str) -> list[Scorecard]:
    """The first cards of these compounds that are still to be counted once more, locked."""
    statement = (
        select(Scorecard)
        .where(
            col(Scorecard.compound_id).in_(compound_ids),
            Scorecard.month == month,
            Scorecard.revision == 1,
            col(Scorecard.checked_at).is_(None),
        )
        .order_by(col(Scorecard.compound_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await session.exec(statement)).all())


async def add_cards(session: AsyncSession, cards: Sequence[dict[str, Any]]) -> int:
    """Keep cards; one that is there stays as it is. Returns how many are new."""
    added = 0
    for card in cards:
        added += await insert_ignore(session, Scorecard, card)
    return added


async def list_cards(session: AsyncSession, month: str, compound_ids: Collection[int]) -> list[Scorecard]:
    """The cards of a month of these compounds, first ones and corrections."""
    statement = (
        select(Scorecard)
        .where(Scorecard.month == month, col(Scorecard.compound_id).in_(compound_ids))
        .order_by(col(Scorecard.compound_id), col(Scorecard.revision))
    )
    return list((await session.exec(statement)).all())


async def list_scores(
    session: AsyncSession, month: str, places: Collection[str]
) -> list[tuple[str, int, int | None]]:
    """(place, compound_id, score) of all compounds that are ranked there, as the month was counted first."""
    statement = select(Scorecard.place, Scorecard.compound_id, Scorecard.score).where(
        Scorecard.month == month, Scorecard.revision == 1, col(Scorecard.place).in_(places)
    )
    return list((await session.exec(statement)).all())


async def list_months(session: AsyncSession, limit: int) -> list[str]:
    """The months that have cards, newest first."""
    statement = select(Scorecard.month).distinct().order_by(col(Scorecard.month).desc()).limit(limit)
    return list(await session.exec(statement))


async def list_places_ranked(session: AsyncSession, compound_ids: Collection[int]) -> dict[int, str]:
    """By compound the code of its subdistrict; those outside of all are left out."""
    regions = {
        code: (RegionLevel(level), parent)
        for code, level, parent in await session.exec(select(Region.code, Region.level, Region.parent_code))
    }
    statement = select(Compound.compound_id, Compound.region_code).where(
        col(Compound.compound_id).in_(compound_ids)
    )
    return {
        compound_id: place
        for compound_id, region_code in await session.exec(statement)
        if compound_id is not None and (place := _subdistrict(regions, region_code))
    }


def _subdistrict(regions: Mapping[str, tuple[RegionLevel, str | None]], code: str | None) -> str:
    for _ in RegionLevel:
        if code is None or code not in regions:
            return ""
        level, parent = regions[code]
        if level == RegionLevel.SUBDISTRICT:
            return code
        code = parent
    return ""


async def list_region_names(session: AsyncSession, codes: Collection[str]) -> dict[str, str]:
    """The names of these regions."""
    statement = select(Region.code, Region.name).where(col(Region.code).in_(codes))
    return dict((await session.exec(statement)).all())


async def count_extras(
    session: AsyncSession, compound_ids: Collection[int], since: datetime, until: datetime
) -> dict[int, Extras]:
    """By compound what else a card tells of [since, until)."""
    # By the timeline: a reopened request counts its refusals anew.
    was_refused = exists().where(
        col(RequestEvent.compound_id) == Request.compound_id,
        col(RequestEvent.number) == Request.number,
        col(RequestEvent.verb) == "request.refused",
    )
    spoke = (
        await count_weeks(
            session, [Period(compound_id, since, until) for compound_id in compound_ids], _SAFETY
        )
        if compound_ids
        else {}
    )
    counted = {
        compound_id: (int(reopened), int(climbed), int(refused))
        for compound_id, reopened, climbed, refused in await session.exec(
            select(
                Request.compound_id,
                func.sum(case((col(Request.round) > 1, 1), else_=0)),
                func.sum(case((col(Request.level) != Ladder.COMPOUND, 1), else_=0)),
                func.sum(case((was_refused, 1), else_=0)),
            )
            .where(
                col(Request.compound_id).in_(compound_ids),
                Request.raised_at >= since,
                Request.raised_at < until,
                Request.state != RequestState.CANCELLED,
            )
            .group_by(col(Request.compound_id))
        )
    }
    alerts: dict[int, list[bool]] = {}
    statement = select(AlertEpisode.compound_id, AlertEpisode.opened_at, AlertEpisode.acknowledged_at).where(
        col(AlertEpisode.compound_id).in_(compound_ids),
        AlertEpisode.opened_at >= since,
        AlertEpisode.opened_at < until,
    )
    for compound_id, opened_at, acknowledged_at in await session.exec(statement):
        heeded = acknowledged_at is not None and acknowledged_at - opened_at <= _ACKNOWLEDGED_WITHIN
        alerts.setdefault(compound_id, []).append(heeded)
    found = {}
    for compound_id in compound_ids:
        people = spoke[compound_id].households + spoke[compound_id].speakers if compound_id in spoke else 0
        heard = alerts.get(compound_id, [])
        found[compound_id] = Extras(
            people, *counted.get(compound_id, (0, 0, 0)), alerts=len(heard), heeded=sum(heard)
        )
    return found
