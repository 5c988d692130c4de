"""Campaigns, and what was said of their categories."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import MatterState, RequestState
from storage.tables import Campaign, CampaignPlace, Matter, Request

_STANDS = (MatterState.CANDIDATE, MatterState.CONFIRMED)


async def list_campaigns(session: AsyncSession, compound_id: int, limit: int) -> list[Campaign]:
    """The campaigns of a compound, the latest first."""
    statement = (
        select(Campaign)
        .where(Campaign.compound_id == compound_id)
        .order_by(col(Campaign.starts_on).desc(), col(Campaign.number).desc())
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def find_campaign(session: AsyncSession, compound_id: int, number: int) -> Campaign | None:
    """A campaign by its number."""
    return await session.get(Campaign, (compound_id, number))


async def count_matters(
    session: AsyncSession, compound_id: int, leaves: Collection[str], since: datetime, until: datetime
) -> int:
    """Matters of these leaves that were opened in [since, until)."""
    statement = select(func.count()).where(
        Matter.compound_id == compound_id,
        col(Matter.leaf).in_(leaves),
        Matter.opened_at >= since,
        Matter.opened_at < until,
        col(Matter.state).in_(_STANDS),
    )
    return (await session.exec(statement)).one()


async def list_spots(
    session: AsyncSession,
    compound_id: int,
    leaves: Collection[str],
    since: datetime,
    until: datetime,
    limit: int,
) -> list[tuple[Matter, RequestState | None]]:
    """Those matters with the state of their requests, the newest first."""
    statement = (
        select(Matter, Request.state)
        .outerjoin(
            Request,
            (col(Request.compound_id) == Matter.compound_id) & (col(Request.number) == Matter.number),
        )
        .where(
            Matter.compound_id == compound_id,
            col(Matter.leaf).in_(leaves),
            Matter.opened_at >= since,
            Matter.opened_at < until,
            col(Matter.state).in_(_STANDS),
        )
        .order_by(col(Matter.opened_at).desc(), col(Matter.number))
        .limit(limit)
    )
    return [
        (matter, RequestState(state) if state is not None else None)
        for matter, state in await session.exec(statement)
    ]


async def list_places_of(session: AsyncSession, compound_id: int, number: int) -> list[CampaignPlace]:
    """The places of a campaign that staff found, those still open first."""
    statement = (
        select(CampaignPlace)
        .where(CampaignPlace.compound_id == compound_id, CampaignPlace.number == number)
        .order_by(col(CampaignPlace.done_on).is_not(None), col(CampaignPlace.place_number))
    )
    return list((await session.exec(statement)).all())


async def lock_place(
    session: AsyncSession, compound_id: int, number: int, place: int
) -> CampaignPlace | None:
    """One of them, as it is now, locked until the transaction ends."""
    statement = (
        select(CampaignPlace)
        .where(
            CampaignPlace.compound_id == compound_id,
            CampaignPlace.number == number,
            CampaignPlace.place_number == place,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()
