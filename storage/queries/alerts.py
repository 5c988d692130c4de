"""Episodes of safety alerts. Every change is conditional, so that of two replicas one makes it."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.within import episode_within
from storage.tables import AlertEpisode, Counter
from storage.upsert import insert_for

_COUNTER = "alert"

# Compounds, each with the places in it that are meant; None for all of it.
Parts = Mapping[int, Collection[str] | None]


def _in_parts(parts: Parts) -> ColumnElement[bool]:
    whole = [compound_id for compound_id, codes in parts.items() if codes is None]
    some = [
        and_(col(AlertEpisode.compound_id) == compound_id, episode_within(codes))
        for compound_id, codes in parts.items()
        if codes is not None
    ]
    return or_(col(AlertEpisode.compound_id).in_(whole) if whole else false(), *some)


async def lock_alerts(session: AsyncSession, compound_id: int) -> int:
    """Let no other transaction open an episode in this compound until this one ends; returns the last number given."""
    statement = (
        insert_for(session, Counter)
        .values(compound_id=compound_id, name=_COUNTER, value=0)
        .on_conflict_do_update(index_elements=["compound_id", "name"], set_={"value": Counter.value})
        .returning(Counter.value)
    )
    return int((await session.exec(statement)).scalar_one())


async def find_latest_episode(session: AsyncSession, compound_id: int, matter: str) -> AlertEpisode | None:
    """The newest episode of a matter, as it is now."""
    statement = (
        select(AlertEpisode)
        .where(AlertEpisode.compound_id == compound_id, AlertEpisode.matter == matter)
        .order_by(col(AlertEpisode.number).desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).first()


async def open_episode(
    session: AsyncSession, compound_id: int, number: int, matter: str, opinion_number: int, now: datetime
) -> AlertEpisode:
    """Open an episode under the number after the last one given; the caller holds `lock_alerts`."""
    await session.exec(
        update(Counter)
        .where(col(Counter.compound_id) == compound_id, col(Counter.name) == _COUNTER)
        .values(value=number)
    )
    episode = AlertEpisode(
        compound_id=compound_id,
        number=number,
        matter=matter,
        opinion_number=opinion_number,
        opened_at=now,
        alerted_at=now,
        last_hit_at=now,
    )
    session.add(episode)
    await session.flush()
    return episode


async def count_hit(session: AsyncSession, episode: AlertEpisode, now: datetime, *, again: bool) -> bool:
    """Count one more message; `again`: it is alerted anew. False when the episode was acknowledged meanwhile."""
    values: dict[str, object] = {"hits": AlertEpisode.hits + 1, "last_hit_at": now}
    if again:
        values |= {"alerted_at": now, "escalated_at": None}
    result = await session.exec(
        update(AlertEpisode)
        .where(
            col(AlertEpisode.compound_id) == episode.compound_id,
            col(AlertEpisode.number) == episode.number,
            col(AlertEpisode.acknowledged_at).is_(None),
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    await session.refresh(episode)
    return int(result.rowcount) == 1


async def find_episode(session: AsyncSession, compound_id: int, number: int) -> AlertEpisode | None:
    """An episode by its number, as it is now."""
    statement = (
        select(AlertEpisode)
        .where(AlertEpisode.compound_id == compound_id, AlertEpisode.number == number)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_open_episodes(session: AsyncSession, parts: Parts, limit: int) -> list[AlertEpisode]:
    """What nobody has acknowledged there, newest first."""
    statement = (
        select(AlertEpisode)
        .where(_in_parts(parts), col(AlertEpisode.acknowledged_at).is_(None))
        .order_by(col(AlertEpisode.alerted_at).desc(), col(AlertEpisode.number).desc())
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def list_episodes_numbered(session: AsyncSession, parts: Parts, number: int) -> list[AlertEpisode]:
    """The episodes with this number there, those still open first."""
    statement = (
        select(AlertEpisode)
        .where(_in_parts(parts), AlertEpisode.number == number)
        .order_by(col(AlertEpisode.acknowledged_at).is_not(None), col(AlertEpisode.compound_id))
    )
    return list((await session.exec(statement)).all())


async def mark_acknowledged(
    session: AsyncSession, compound_id: int, number: int, person_id: int, now: datetime
) -> bool:
    """Note who saw to an alert first; False when somebody had before, or there is no such alert."""
    result = await session.exec(
        update(AlertEpisode)
        .where(
            col(AlertEpisode.compound_id) == compound_id,
            col(AlertEpisode.number) == number,
            col(AlertEpisode.acknowledged_at).is_(None),
        )
        .values(acknowledged_at=now, acknowledged_by=person_id)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount) == 1


async def list_unanswered(
    session: AsyncSession, alerted_before: datetime, limit: int
) -> list[tuple[int, int]]:
    """Episodes (compound_id, number) alerted up to that time that nobody acknowledged and nobody escalated."""
    statement = (
        select(AlertEpisode.compound_id, AlertEpisode.number)
        .where(
            col(AlertEpisode.acknowledged_at).is_(None),
            col(AlertEpisode.escalated_at).is_(None),
            AlertEpisode.alerted_at <= alerted_before,
        )
        # In one order everywhere: two replicas must not wait for each other's rows.
        .order_by(col(AlertEpisode.compound_id), col(AlertEpisode.number))
        .limit(limit)
    )
    return [(compound_id, number) for compound_id, number in await session.exec(statement)]


async def mark_escalated(
    session: AsyncSession, compound_id: int, number: int, alerted_before: datetime, now: datetime
) -> bool:
    """Whether this caller is the one that escalates; the work belongs in the same transaction."""
    result = await session.exec(
        update(AlertEpisode)
        .where(
            col(AlertEpisode.compound_id) == compound_id,
            col(AlertEpisode.number) == number,
            col(AlertEpisode.acknowledged_at).is_(None),
            col(AlertEpisode.escalated_at).is_(None),
            col(AlertEpisode.alerted_at) <= alerted_before,
        )
        .values(escalated_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount) == 1
