"""Residents' points: the ledger, and what in the records earns some."""

import secrets
from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, update
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import MatterState, OpinionState, PointKind
from storage.tables import (
    Consultation,
    ConsultationSeat,
    Matter,
    Opinion,
    PointEntry,
    PointSettings,
    RequestRating,
)
from storage.upsert import insert_for, insert_ignore


class Sum(NamedTuple):
    """What stands for one kind."""

    kind: PointKind
    times: int
    points: int


async def find_point_settings(session: AsyncSession, compound_id: int) -> PointSettings | None:
    """Whether a compound gives points; None: it never did."""
    return await session.get(PointSettings, compound_id)


async def lock_point_settings(session: AsyncSession, compound_id: int) -> PointSettings:
    """The same, locked until the transaction ends, and made when there is none."""
    await insert_ignore(session, PointSettings, {"compound_id": compound_id})
    statement = select(PointSettings).where(PointSettings.compound_id == compound_id)
    locked = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(locked)).one()


async def list_unswept(session: AsyncSession, before: datetime, limit: int) -> list[int]:
    """Compounds that give points and were not looked at since then, the longest ago first."""
    statement = (
        select(PointSettings.compound_id)
        .where(
            col(PointSettings.on_since).is_not(None),
            or_(col(PointSettings.swept_at).is_(None), col(PointSettings.swept_at) < before),
        )
        .order_by(col(PointSettings.swept_at).is_not(None), col(PointSettings.swept_at))
        .limit(limit)
    )
    return list(await session.exec(statement))


async def list_givers(session: AsyncSession, compound_ids: Collection[int]) -> list[int]:
    """Those of these compounds that give points now."""
    statement = select(PointSettings.compound_id).where(
        col(PointSettings.compound_id).in_(compound_ids), col(PointSettings.on_since).is_not(None)
    )
    return sorted(await session.exec(statement))


async def list_reports(
    session: AsyncSession, compound_id: int, since: datetime
) -> list[tuple[int, int, datetime]]:
    """(matter, person_id, when first said) of confirmed matters that somebody raised in words of their own.

    What has no message behind it is a finding of somebody at work.
    """
    statement = (
        select(Matter.number, Opinion.person_id, func.min(Opinion.filed_at))
        .join(
            Matter,
            (col(Matter.compound_id) == Opinion.compound_id) & (col(Matter.number) == Opinion.matter_number),
        )
        .where(
            Opinion.compound_id == compound_id,
            Opinion.state == OpinionState.FILED,
            Matter.heard_at >= since,
            Matter.state == MatterState.CONFIRMED,
            col(Opinion.person_id).is_not(None),
            col(Opinion.repost_of).is_(None),
            col(Opinion.echo).is_(False),
            Opinion.inbox_id > 0,
        )
        .group_by(col(Matter.number), col(Opinion.person_id))
        .having(func.min(Opinion.filed_at) >= since)
    )
    return [(number, person_id or 0, at) for number, person_id, at in await session.exec(statement)]


async def list_attended(
    session: AsyncSession, compound_id: int, since: datetime
) -> list[tuple[str, int, datetime]]:
    """(month, person_id, when) of consultations that were recorded, of who had a seat and came."""
    statement = (
        select(ConsultationSeat.month, ConsultationSeat.person_id, Consultation.meets_at)
        .join(
            Consultation,
            (col(Consultation.compound_id) == ConsultationSeat.compound_id)
            & (col(Consultation.month) == ConsultationSeat.month),
        )
        .where(
            ConsultationSeat.compound_id == compound_id,
            col(ConsultationSeat.came).is_(True),
            col(Consultation.recorded_at).is_not(None),
            Consultation.meets_at >= since,
        )
    )
    return list(await session.exec(statement))


async def list_ratings_since(
    session: AsyncSession, compound_id: int, since: datetime
) -> list[tuple[int, int, int, datetime]]:
    """(request, round, person_id, when) of what was rated, never how."""
    statement = select(
        RequestRating.number, RequestRating.round, RequestRating.person_id, RequestRating.rated_at
    ).where(RequestRating.compound_id == compound_id, RequestRating.rated_at >= since)
    return list(await session.exec(statement))


async def list_point_entries(session: AsyncSession, compound_id: int, since: datetime) -> list[PointEntry]:
    """The entries of people who are known, for what they did since then; also those that were taken back."""
    statement = select(PointEntry).where(
        PointEntry.compound_id == compound_id, PointEntry.at >= since, PointEntry.person_id > 0
    )
    return list(await session.exec(statement))


async def give_points(
    session: AsyncSession,
    compound_id: int,
    source: str,
    person_id: int,
    kind: PointKind,
    points: int,
    at: datetime,
) -> None:
    """An entry for a source, once; one that was taken back counts again, with the points it had."""
    values = {
        "compound_id": compound_id,
        "source": source,
        "person_id": person_id,
        "kind": kind,
        "points": points,
        "at": at,
        "taken_back_at": None,
    }
    await session.exec(
        insert_for(session, PointEntry)
        .values(**values)
        .on_conflict_do_update(
            index_elements=["compound_id", "source", "person_id"], set_={"taken_back_at": None}
        )
    )


async def take_points_back(
    session: AsyncSession, compound_id: int, source: str, person_id: int, now: datetime
) -> None:
    """An entry whose source is gone counts no more."""
    await session.exec(
        update(PointEntry)
        .where(
            col(PointEntry.compound_id) == compound_id,
            col(PointEntry.source) == source,
            col(PointEntry.person_id) == person_id,
        )
        .values(taken_back_at=now)
    )


async def sum_points(session: AsyncSession, compound_id: int, person_id: int | None = None) -> list[Sum]:
    """What stands in a compound, by kind; of one person, or of all with those who were forgotten."""
    statement = (
        select(PointEntry.kind, func.count(), func.sum(PointEntry.points))
        .where(PointEntry.compound_id == compound_id, col(PointEntry.taken_back_at).is_(None))
        .group_by(col(PointEntry.kind))
    )
    if person_id is not None:
        statement = statement.where(PointEntry.person_id == person_id)
    order = list(PointKind)
    found = [
        Sum(PointKind(kind), int(times), int(points)) for kind, times, points in await session.exec(statement)
    ]
    return sorted(found, key=lambda one: order.index(one.kind))


async def forget_points_of(session: AsyncSession, person_id: int) -> None:
    """Take a person out of the ledger: the totals stay, and nobody can be found in them."""
    for entry in list(await session.exec(select(PointEntry).where(PointEntry.person_id == person_id))):
        entry.person_id = -1 - secrets.randbits(62)
        session.add(entry)
    await session.flush()


async def move_points(session: AsyncSession, old: int, new: int) -> None:
    """Two turn out to be one person, who has done each thing once."""
    own = {
        (entry.compound_id, entry.source)
        for entry in await session.exec(select(PointEntry).where(PointEntry.person_id == new))
    }
    for entry in list(await session.exec(select(PointEntry).where(PointEntry.person_id == old))):
        if (entry.compound_id, entry.source) in own:
            await session.delete(entry)
        else:
            entry.person_id = new
            session.add(entry)
    await session.flush()
