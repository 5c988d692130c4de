"""Stewards and their days on the spot."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.tables import Person, RoleGrant, StewardVisit
from storage.upsert import insert_ignore


async def list_stewards(
    session: AsyncSession, title: str, compound: str = "", scopes: Collection[str] = ()
) -> list[tuple[RoleGrant, Person]]:
    """Who holds an office with this word in its title; on these nodes and in the compound, or anywhere without."""
    statement = (
        select(RoleGrant, Person)
        .join(Person, col(Person.person_id) == RoleGrant.person_id)
        .where(col(RoleGrant.title).contains(title, autoescape=True), col(RoleGrant.ended_at).is_(None))
        .order_by(col(RoleGrant.grant_id))
    )
    if compound:
        inside = col(RoleGrant.scope_code).startswith(f"{compound}/", autoescape=True)
        statement = statement.where(or_(col(RoleGrant.scope_code).in_(scopes), inside))
    return list((await session.exec(statement)).all())


async def add_steward_visit(
    session: AsyncSession,
    compound_id: int,
    person_id: int,
    visited_on: date,
    place_code: str | None,
    now: datetime,
) -> bool:
    """A day on the spot; False when that day is there already."""
    values = {
        "compound_id": compound_id,
        "person_id": person_id,
        "visited_on": visited_on,
        "place_code": place_code,
        "recorded_at": now,
    }
    return await insert_ignore(session, StewardVisit, values)


async def list_steward_visits(
    session: AsyncSession, compound_id: int, since: date, until: date
) -> list[StewardVisit]:
    """The days that stewards were in a compound, from `since` to before `until`, the latest first."""
    statement = (
        select(StewardVisit)
        .where(
            StewardVisit.compound_id == compound_id,
            StewardVisit.visited_on >= since,
            StewardVisit.visited_on < until,
        )
        .order_by(col(StewardVisit.visited_on).desc(), col(StewardVisit.person_id))
    )
    return list(await session.exec(statement))


async def count_steward_days(session: AsyncSession, person_id: int, since: date, until: date) -> int:
    """On how many days a steward was somewhere, in all compounds."""
    statement = select(func.count(func.distinct(StewardVisit.visited_on))).where(
        StewardVisit.person_id == person_id,
        StewardVisit.visited_on >= since,
        StewardVisit.visited_on < until,
    )
    return int((await session.exec(statement)).one())


async def count_days_there(
    session: AsyncSession, compound_ids: Collection[int], since: date, until: date
) -> dict[int, int]:
    """By compound on how many days of [since, until) a steward was there; those without any are left out."""
    statement = (
        select(StewardVisit.compound_id, func.count(func.distinct(StewardVisit.visited_on)))
        .where(
            col(StewardVisit.compound_id).in_(compound_ids),
            StewardVisit.visited_on >= since,
            StewardVisit.visited_on < until,
        )
        .group_by(col(StewardVisit.compound_id))
    )
    return dict((await session.exec(statement)).all())
