"""What is watched week by week: who spoke of what, what rose, and what a compound has switched on."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, case, exists, func, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import MatterState, OpinionState, PlaceLevel, RegionLevel, Role
from storage.tables import (
    Claim,
    CommunityWarning,
    Compound,
    EarlyWarning,
    Matter,
    Opinion,
    OversightSettings,
    Place,
    Region,
    RoleGrant,
    WeeklyCycle,
    WeekTally,
)
from storage.upsert import insert_for, insert_ignore

_LEAF = col(Opinion.categories)[(0, "id")].as_string()
_HOME = and_(
    col(Place.compound_id) == Opinion.compound_id,
    col(Place.code) == Opinion.home_code,
    col(Place.level).in_((PlaceLevel.UNIT, PlaceLevel.HOUSEHOLD)),
)
_UNIT = case(
    (col(Place.level) == PlaceLevel.UNIT, Place.code),
    (col(Place.level) == PlaceLevel.HOUSEHOLD, func.coalesce(Place.parent_code, Place.code)),
)


class Voice(NamedTuple):
    """Somebody said something of a leaf: a household by its unit, else a person."""

    filed_at: datetime
    leaf: str
    unit: str | None
    person_id: int | None


class Span(NamedTuple):
    """What was filed in [since, until)."""

    since: datetime
    until: datetime


class Digested(NamedTuple):
    """A week of a compound that has its digest, and when it was made."""

    compound_id: int
    week: str
    at: datetime


async def list_untallied(session: AsyncSession, since: str, limit: int) -> list[Digested]:
    """Weeks that nobody has counted, oldest first."""
    counted = exists().where(
        col(WeekTally.compound_id) == WeeklyCycle.compound_id, col(WeekTally.week) == WeeklyCycle.week
    )
    statement = (
        select(WeeklyCycle.compound_id, WeeklyCycle.week, WeeklyCycle.digested_at)
        .where(
            WeeklyCycle.week >= since,
            col(WeeklyCycle.digested_at).is_not(None),
            col(WeeklyCycle.skipped).is_(False),
            ~counted,
        )
        .order_by(col(WeeklyCycle.week), col(WeeklyCycle.compound_id))
        .limit(limit)
    )
    return [Digested(compound_id, week, at) for compound_id, week, at in await session.exec(statement) if at]


async def add_tallies(
    session: AsyncSession, compound_ids: Collection[int], week: str, now: datetime
) -> list[int]:
    """Begin to count a week; returns the compounds where nobody else has."""
    if not compound_ids:
        return []
    rows = [
        {"compound_id": compound_id, "week": week, "people": {}, "counted_at": now}
        for compound_id in sorted(compound_ids)
    ]
    statement = insert_for(session, WeekTally).values(rows).on_conflict_do_nothing()
    added = await session.exec(statement.returning(WeekTally.compound_id))
    return sorted(compound_id for (compound_id,) in added.all())


async def add_tally(
    session: AsyncSession, compound_id: int, week: str, people: dict[str, int], now: datetime
) -> bool:
    """Keep what was counted of a week; False when another has."""
    values = {"compound_id": compound_id, "week": week, "people": people, "counted_at": now}
    return await insert_ignore(session, WeekTally, values)


async def put_tallies(session: AsyncSession, week: str, people: Mapping[int, dict[str, int]]) -> None:
    """Fill in what was counted of a week that this transaction began, by compound."""
    await session.exec(
        update(WeekTally),
        params=[
            {"compound_id": compound_id, "week": week, "people": counted}
            for compound_id, counted in sorted(people.items())
        ],
    )


async def list_tallies(
    session: AsyncSession, compound_ids: Collection[int], since: str, until: str
) -> list[WeekTally]:
    """The counted weeks of these compounds from `since` to `until`, oldest first."""
    statement = (
        select(WeekTally)
        .where(col(WeekTally.compound_id).in_(compound_ids), WeekTally.week >= since, WeekTally.week <= until)
        .order_by(col(WeekTally.week), col(WeekTally.compound_id))
    )
    return list((await session.exec(statement)).all())


async def list_said_in(session: AsyncSession, spans: Mapping[int, Span]) -> dict[int, list[Voice]]:
    """Who spoke of what, by compound; neither what was withdrawn nor what staff dismissed."""
    of_matter = and_(
        col(Matter.compound_id) == Opinion.compound_id, col(Matter.number) == Opinion.matter_number
    )
    within = or_(
        *(
            and_(
                col(Opinion.compound_id) == compound_id,
                col(Opinion.filed_at) >= span.since,
                col(Opinion.filed_at) < span.until,
            )
            for compound_id, span in spans.items()
        )
    )
    statement = (
        select(
            Opinion.compound_id,
            Opinion.filed_at,
            func.coalesce(Matter.leaf, _LEAF),
            _UNIT,
            Opinion.person_id,
        )  # type: ignore[call-overload]
        .outerjoin(Place, _HOME)
        .outerjoin(Matter, of_matter)
        .where(
            within,
            col(Opinion.state) == OpinionState.FILED,
            or_(col(Matter.state).is_(None), col(Matter.state) != MatterState.DISMISSED),
        )
    )
    voices: dict[int, list[Voice]] = {}
    for compound_id, at, leaf, unit, person in (await session.exec(statement)).all():
        if leaf:
            voices.setdefault(compound_id, []).append(Voice(at, leaf, unit, person))
    return voices


async def list_matters_of(
    session: AsyncSession, compound_id: int, category: str, since: datetime, until: datetime, limit: int
) -> list[Matter]:
    """Matters of a top category that were heard in [since, until), those of most people first."""
    statement = (
        select(Matter)
        .where(
            Matter.compound_id == compound_id,
            col(Matter.leaf).startswith(f"{category}.", autoescape=True),
            Matter.heard_at >= since,
            Matter.opened_at < until,
            col(Matter.state).in_((MatterState.CANDIDATE, MatterState.CONFIRMED)),
        )
        .order_by((col(Matter.households) + col(Matter.speakers)).desc(), col(Matter.number))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def list_matters_numbered(
    session: AsyncSession, compound_id: int, numbers: Collection[int]
) -> list[Matter]:
    """The matters of a compound with these numbers."""
    statement = select(Matter).where(Matter.compound_id == compound_id, col(Matter.number).in_(numbers))
    return list((await session.exec(statement)).all()) if numbers else []


_RUNNING_FIRST = (
    col(EarlyWarning.ended_week).is_not(None),
    col(EarlyWarning.week).desc(),
    col(EarlyWarning.category),
)


async def list_warnings(session: AsyncSession, compound_id: int, limit: int) -> list[EarlyWarning]:
    """The warnings of a compound, running ones first, then the newest."""
    statement = (
        select(EarlyWarning)
        .where(EarlyWarning.compound_id == compound_id)
        .order_by(*_RUNNING_FIRST)
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def list_warnings_of(session: AsyncSession, compound_ids: Collection[int]) -> list[EarlyWarning]:
    """All warnings of these compounds, in the same order."""
    statement = (
        select(EarlyWarning).where(col(EarlyWarning.compound_id).in_(compound_ids)).order_by(*_RUNNING_FIRST)
    )
    return list((await session.exec(statement)).all())


async def list_community_warnings(
    session: AsyncSession, region_codes: Collection[str], limit: int
) -> list[CommunityWarning]:
    """The warnings of communities, at most `limit` of each, running ones first, then the newest."""
    order = (
        col(CommunityWarning.ended_week).is_not(None),
        col(CommunityWarning.week).desc(),
        col(CommunityWarning.category),
    )
    place = func.row_number().over(partition_by=col(CommunityWarning.region_code), order_by=order)
    ranked = (
        select(CommunityWarning, place.label("place"))
        .where(col(CommunityWarning.region_code).in_(region_codes))
        .subquery()
    )
    warning = aliased(CommunityWarning, ranked)
    statement = (
        select(warning).where(ranked.c.place <= limit).order_by(col(warning.region_code), ranked.c.place)
    )
    return list((await session.exec(statement)).all())


async def list_unwatched(session: AsyncSession, job: str, week: str, limit: int) -> list[str]:
    """The codes of communities that nobody has claimed this job for in a week, so many of them."""
    claimed = exists().where(col(Claim.job) == job, col(Claim.period) == col(Region.code) + f":{week}")
    statement = select(Region.code).where(Region.level == RegionLevel.COMMUNITY, ~claimed)
    return list(await session.exec(statement.order_by(col(Region.code)).limit(limit)))


async def list_communities_of(session: AsyncSession, regions: Collection[str]) -> list[tuple[str, str]]:
    """(code, name) of the communities among these regions, and of those that precincts among them lie in."""
    above = select(Region.parent_code).where(col(Region.code).in_(regions))
    statement = (
        select(Region.code, Region.name)
        .where(
            Region.level == RegionLevel.COMMUNITY,
            or_(col(Region.code).in_(regions), col(Region.code).in_(above)),
        )
        .order_by(col(Region.code))
    )
    return list(await session.exec(statement))


async def list_compounds_by_community(
    session: AsyncSession, communities: Collection[str]
) -> dict[str, set[int]]:
    """The compound_ids of these communities, those of their precincts too; one without compounds is left out."""
    statement = (
        select(Region.code, Region.parent_code, Compound.compound_id)
        .join(Compound, col(Compound.region_code) == col(Region.code))
        .where(or_(col(Region.code).in_(communities), col(Region.parent_code).in_(communities)))
    )
    found: dict[str, set[int]] = {}
    for code, parent, compound_id in await session.exec(statement):
        community = code if code in communities else parent
        if community is not None and compound_id is not None:
            found.setdefault(community, set()).add(compound_id)
    return found


async def list_holders(session: AsyncSession, scope_code: str, roles: Collection[Role]) -> list[int]:
    """Who holds one of these roles on exactly this node."""
    statement = (
        select(RoleGrant.person_id)
        .where(
            RoleGrant.scope_code == scope_code,
            col(RoleGrant.role).in_(roles),
            col(RoleGrant.ended_at).is_(None),
        )
        .distinct()
        .order_by(col(RoleGrant.person_id))
    )
    return list(await session.exec(statement))


async def find_oversight(session: AsyncSession, compound_id: int) -> OversightSettings:
    """What a compound has switched on; the defaults for one that was never asked."""
    found = await session.get(OversightSettings, compound_id)
    return found or OversightSettings(compound_id=compound_id)


async def list_oversight(
    session: AsyncSession, compound_ids: Collection[int]
) -> dict[int, OversightSettings]:
    """The same of several compounds."""
    statement = select(OversightSettings).where(col(OversightSettings.compound_id).in_(compound_ids))
    found = {settings.compound_id: settings for settings in await session.exec(statement)}
    return {each: found.get(each) or OversightSettings(compound_id=each) for each in compound_ids}


async def put_oversight(session: AsyncSession, compound_id: int, values: dict[str, object]) -> None:
    """Switch something on or off."""
    await session.exec(
        insert_for(session, OversightSettings)
        .values(compound_id=compound_id, **values)
        .on_conflict_do_update(index_elements=["compound_id"], set_=values)
    )


async def get_region(session: AsyncSession, code: str) -> Region:
    """A region by its code."""
    return (await session.exec(select(Region).where(Region.code == code))).one()
