"""Which weeks wait for their picture, and which pictures have had their time."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import tuple_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.cycles import Week
from storage.tables import Compound, WeeklyCycle


class Uncharted(NamedTuple):
    """A week whose digest has no picture yet, and none that could not be made."""

    compound_id: int
    code: str
    week: str
    digest: dict[str, Any]


async def list_uncharted(session: AsyncSession, since: datetime, limit: int) -> list[Uncharted]:
    """Weeks digested since then that nobody has tried to draw, the oldest first."""
    statement = (
        select(WeeklyCycle.compound_id, Compound.code, WeeklyCycle.week, WeeklyCycle.digest)
        .join(Compound, col(Compound.compound_id) == WeeklyCycle.compound_id)
        .where(
            col(WeeklyCycle.chart_tried_at).is_(None),
            col(WeeklyCycle.digest).is_not(None),
            col(WeeklyCycle.digested_at) >= since,
        )
        .order_by(col(WeeklyCycle.digested_at), col(WeeklyCycle.compound_id))
        .limit(limit)
    )
    return [
        Uncharted(compound_id, code, week, dict(digest))
        for compound_id, code, week, digest in (await session.exec(statement)).all()
        if digest
    ]


async def claim_charts(session: AsyncSession, weeks: Collection[Week], now: datetime) -> list[Week]:
    """Note that these weeks' pictures were tried; returns those for which this caller is the one who did."""
    statement = (
        update(WeeklyCycle)
        .where(
            tuple_(col(WeeklyCycle.compound_id), col(WeeklyCycle.week)).in_(list(weeks)),
            col(WeeklyCycle.chart_tried_at).is_(None),
        )
        .values(chart_tried_at=now)
        .returning(col(WeeklyCycle.compound_id), col(WeeklyCycle.week))
        .execution_options(synchronize_session=False)
    )
    return [(compound_id, week) for compound_id, week in (await session.exec(statement)).all()]


async def put_chart(session: AsyncSession, week: Week, address: str | None) -> None:
    """Say where a week's picture lies; None when it is not kept any longer."""
    await session.exec(
        update(WeeklyCycle)
        .where(col(WeeklyCycle.compound_id) == week[0], col(WeeklyCycle.week) == week[1])
        .values(chart_address=address)
    )


async def list_old_charts(session: AsyncSession, before: datetime, limit: int) -> list[tuple[Week, str]]:
    """Weeks whose pictures were made before then, with their addresses, by compound."""
    statement = (
        select(WeeklyCycle.compound_id, WeeklyCycle.week, WeeklyCycle.chart_address)
        .where(col(WeeklyCycle.chart_address).is_not(None), col(WeeklyCycle.chart_tried_at) < before)
        .order_by(col(WeeklyCycle.compound_id), col(WeeklyCycle.week))
        .limit(limit)
    )
    return [
        ((compound_id, week), address)
        for compound_id, week, address in (await session.exec(statement)).all()
        if address
    ]
