"""Campaigns, and what was said of their categories."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import case, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.blobs import drop_blobs, lock_blobs
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
    done: Collection[RequestState],
    limit: int,
) -> list[tuple[Matter, RequestState | None]]:
    """Those matters with the state of their requests, what is not done first, then the newest."""
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
        .order_by(
            case((col(Request.state).in_(done), 1), else_=0),
            col(Matter.opened_at).desc(),
            col(Matter.number),
        )
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


async def reduce_places_before(session: AsyncSession, before: datetime, limit: int) -> int:
    """Take words and photos from places of campaigns that ended before then, some at a time; returns how many."""
    has_words = or_(
        col(CampaignPlace.words) != "",
        col(CampaignPlace.before_address).is_not(None),
        col(CampaignPlace.after_address).is_not(None),
    )
    statement = (
        select(CampaignPlace)
        .join(
            Campaign,
            (col(Campaign.compound_id) == CampaignPlace.compound_id)
            & (col(Campaign.number) == CampaignPlace.number),
        )
        .where(Campaign.ends_on < before.date(), has_words)
        .order_by(col(CampaignPlace.compound_id), col(CampaignPlace.number), col(CampaignPlace.place_number))
        .limit(limit)
        .with_for_update(of=CampaignPlace)
    )
    places = list((await session.exec(statement)).all())
    for compound_id in sorted({place.compound_id for place in places}):
        await lock_blobs(session, compound_id)
    gone = []
    for place in places:
        gone += [
            (place.compound_id, address) for address in (place.before_address, place.after_address) if address
        ]
        place.words, place.before_address, place.after_address = "", None, None
        session.add(place)
    await session.flush()
    await drop_blobs(session, gone)
    return len(places)


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
