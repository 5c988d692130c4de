"""The stored digests of many compounds, for those who answer for a region; and who that is."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import RegionLevel, Role
from storage.tables import Compound, CycleSettings, Region, RoleGrant, WeeklyCycle


async def load_week(
    session: AsyncSession, compound_ids: Collection[int], week: str
) -> dict[int, dict[str, Any]]:
    """The digests of a week by compound, as far as there are some."""
    statement = select(WeeklyCycle.compound_id, WeeklyCycle.digest).where(
        col(WeeklyCycle.compound_id).in_(compound_ids),
        WeeklyCycle.week == week,
        col(WeeklyCycle.digest).is_not(None),
    )
    return {
        compound_id: dict(digest) for compound_id, digest in (await session.exec(statement)).all() if digest
    }


async def list_weeks_of(session: AsyncSession, compound_ids: Collection[int], limit: int) -> list[str]:
    """The latest weeks in which any of these compounds has a digest, newest first."""
    statement = (
        select(WeeklyCycle.week)
        .where(col(WeeklyCycle.compound_id).in_(compound_ids), col(WeeklyCycle.digested_at).is_not(None))
        .distinct()
        .order_by(col(WeeklyCycle.week).desc())
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def list_regions_unfinished(session: AsyncSession, week: str) -> set[str]:
    """The codes of the regions in which, or below which, a compound's digest of this week is still to come.

    Of a compound that is switched off none comes. One without a row was reached by nobody's clock yet.
    """
    statement = (
        select(Compound.region_code)
        .outerjoin(CycleSettings, col(CycleSettings.compound_id) == col(Compound.compound_id))
        .outerjoin(
            WeeklyCycle,
            (col(WeeklyCycle.compound_id) == col(Compound.compound_id)) & (col(WeeklyCycle.week) == week),
        )
        .where(
            func.coalesce(col(CycleSettings.enabled), True).is_(True),
            col(WeeklyCycle.digested_at).is_(None),
            func.coalesce(col(WeeklyCycle.skipped), False).is_(False),
        )
        .distinct()
    )
    codes = list(await session.exec(statement))
    return await _with_all_above(session, codes)


async def list_regions_with(session: AsyncSession, week: str) -> set[str]:
    """The codes of the regions in which, or below which, a compound has a digest of this week."""
    statement = (
        select(Compound.region_code)
        .join(WeeklyCycle, col(WeeklyCycle.compound_id) == col(Compound.compound_id))
        .where(WeeklyCycle.week == week, col(WeeklyCycle.digested_at).is_not(None))
        .distinct()
    )
    codes = list(await session.exec(statement))
    return await _with_all_above(session, codes)


async def _with_all_above(session: AsyncSession, codes: Iterable[str | None]) -> set[str]:
    found: set[str] = set()
    layer = {code for code in codes if code is not None}
    while layer - found:
        found |= layer
        above = select(Region.parent_code).where(col(Region.code).in_(layer)).distinct()
        layer = {code for code in await session.exec(above) if code is not None}
    return found


async def list_region_readers(
    session: AsyncSession, levels: Collection[RegionLevel], roles: Collection[Role]
) -> dict[int, set[str]]:
    """The codes of the regions of these levels on which somebody holds one of these roles, by person."""
    statement = (
        select(RoleGrant.person_id, RoleGrant.scope_code)
        .join(Region, col(Region.code) == RoleGrant.scope_code)
        .where(
            col(Region.level).in_(levels),
            col(RoleGrant.role).in_(roles),
            col(RoleGrant.ended_at).is_(None),
        )
    )
    found: dict[int, set[str]] = {}
    for person_id, code in (await session.exec(statement)).all():
        found.setdefault(person_id, set()).add(code)
    return found
