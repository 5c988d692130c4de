"""What the staff's pages show: which compounds, this week in numbers, what could not be sent."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.within import episode_within, opinion_within
from storage.states import Form, MessageClass, OpinionState, OutboxState
from storage.tables import AlertEpisode, Compound, Opinion, OutboxMessage, Region


class Unsent(NamedTuple):
    """A message that did not go out, without its words and its recipient."""

    outbox_id: int
    account: str
    message_class: MessageClass
    form: Form
    state: OutboxState
    attempts: int
    reason: str
    created_at: datetime


class Said(NamedTuple):
    """An opinion without its words."""

    urgency: int
    categories: list[dict[str, Any]]


async def list_regions_below(session: AsyncSession, codes: Collection[str]) -> set[str]:
    """Those of `codes` that are regions, with all regions below them."""
    found: set[str] = set()
    layer = set((await session.exec(select(Region.code).where(col(Region.code).in_(codes)))).all())
    while layer - found:
        found |= layer
        layer = set((await session.exec(select(Region.code).where(col(Region.parent_code).in_(layer)))).all())
    return found


async def list_compounds_within(
    session: AsyncSession, codes: Collection[str], regions: Collection[str], limit: int
) -> list[Compound]:
    """Compounds with one of these codes or in one of these regions, by name."""
    statement = (
        select(Compound)
        .where(or_(col(Compound.code).in_(codes), col(Compound.region_code).in_(regions)))
        .order_by(col(Compound.name), col(Compound.code))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def list_compounds_below(session: AsyncSession, region: str, limit: int) -> list[Compound]:
    """The compounds in a region and in what lies below it, by name."""
    return await list_compounds_within(session, (), await list_regions_below(session, {region}), limit)


async def count_compounds_outside(
    session: AsyncSession, codes: Collection[str], regions: Collection[str]
) -> int:
    """How many compounds have none of these codes and are in none of these regions."""
    statement = select(func.count()).where(
        col(Compound.code).not_in(codes),
        or_(col(Compound.region_code).is_(None), col(Compound.region_code).not_in(regions)),
    )
    return (await session.exec(statement)).one()


async def list_said_since(
    session: AsyncSession, compound_id: int, codes: Collection[str] | None, since: datetime
) -> Sequence[Said]:
    """The standing opinions filed since a time in these places of a compound; None: in all of it."""
    statement = select(Opinion.urgency, Opinion.categories).where(
        Opinion.compound_id == compound_id,
        Opinion.filed_at >= since,
        Opinion.state == OpinionState.FILED,
        opinion_within(codes),
    )
    return [Said(urgency, list(categories)) for urgency, categories in (await session.exec(statement)).all()]


async def list_alert_episodes(
    session: AsyncSession, compound_id: int, codes: Collection[str] | None, limit: int
) -> list[AlertEpisode]:
    """The safety alerts in these places of a compound, None for all of it: open ones first, the newest in front."""
    statement = (
        select(AlertEpisode)
        .where(AlertEpisode.compound_id == compound_id, episode_within(codes))
        .order_by(col(AlertEpisode.acknowledged_at).is_not(None), col(AlertEpisode.number).desc())
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def count_open_alerts(session: AsyncSession, compound_id: int, codes: Collection[str] | None) -> int:
    """How many safety alerts in these places of a compound, None for all of it, nobody has acknowledged."""
    statement = select(func.count()).where(
        AlertEpisode.compound_id == compound_id,
        col(AlertEpisode.acknowledged_at).is_(None),
        episode_within(codes),
    )
    return (await session.exec(statement)).one()


async def list_opinions_numbered(
    session: AsyncSession, compound_id: int, numbers: Collection[int]
) -> dict[int, Opinion]:
    """The opinions of a compound with these numbers, by number."""
    statement = select(Opinion).where(Opinion.compound_id == compound_id, col(Opinion.number).in_(numbers))
    return {opinion.number: opinion for opinion in (await session.exec(statement)).all()}


async def list_unsent(session: AsyncSession, limit: int) -> list[Unsent]:
    """Dead and uncertain messages of all accounts, newest first."""
    columns = (
        OutboxMessage.outbox_id,
        OutboxMessage.account,
        OutboxMessage.message_class,
        OutboxMessage.form,
        OutboxMessage.state,
        OutboxMessage.attempts,
        OutboxMessage.reason,
        OutboxMessage.created_at,
    )
    statement = (
        select(*columns)  # type: ignore[call-overload]
        .where(col(OutboxMessage.state).in_((OutboxState.DEAD, OutboxState.UNCERTAIN)))
        .order_by(col(OutboxMessage.created_at).desc(), col(OutboxMessage.outbox_id).desc())
        .limit(limit)
    )
    return [Unsent(*row) for row in (await session.exec(statement)).all()]
