"""The weekly round for hazards: lists, findings, and what of them is still open."""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import OpinionState, RequestState
from storage.tables import HazardFinding, HazardList, HazardSettings, Opinion, Request
from storage.upsert import insert_for, insert_ignore


class WeekHazards(NamedTuple):
    """A week of a compound: lists that were done, hazards that were found, and those that are not dealt with."""

    done: int
    found: int
    open: int


async def find_hazard_list(
    session: AsyncSession, compound_id: int, week: str, person_id: int
) -> HazardList | None:
    """Somebody's list of a week."""
    return await session.get(HazardList, (compound_id, week, person_id))


async def lock_hazard_list(
    session: AsyncSession, compound_id: int, week: str, person_id: int, items: Sequence[str], now: datetime
) -> HazardList:
    """The same, locked until the transaction ends; begun with these items when there is none."""
    values = {
        "compound_id": compound_id,
        "week": week,
        "person_id": person_id,
        "items": list(items),
        "seen": [],
        "begun_at": now,
    }
    await insert_ignore(session, HazardList, values)
    statement = (
        select(HazardList)
        .where(
            HazardList.compound_id == compound_id,
            HazardList.week == week,
            HazardList.person_id == person_id,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one()


async def list_findings(
    session: AsyncSession, compound_id: int, week: str
) -> list[tuple[HazardFinding, Opinion]]:
    """What was found in a week and not taken back, the latest first, each with its opinion."""
    statement = (
        select(HazardFinding, Opinion)
        .join(
            Opinion,
            (col(Opinion.compound_id) == HazardFinding.compound_id)
            & (col(Opinion.number) == HazardFinding.opinion_number),
        )
        .where(
            HazardFinding.compound_id == compound_id,
            HazardFinding.week == week,
            Opinion.state == OpinionState.FILED,
        )
        .order_by(col(HazardFinding.opinion_number).desc())
    )
    return list((await session.exec(statement)).all())


async def count_hazards(
    session: AsyncSession, weeks: Collection[tuple[int, str]], still_open: Collection[RequestState]
) -> dict[int, WeekHazards]:
    """The figures of these weeks (compound_id, week), one of each compound; none where nobody went round."""
    lists = (
        select(HazardList.compound_id, func.count(col(HazardList.finished_at)))
        .where(tuple_(col(HazardList.compound_id), col(HazardList.week)).in_(list(weeks)))
        .group_by(col(HazardList.compound_id))
    )
    done = {compound_id: int(count) for compound_id, count in await session.exec(lists)}
    if not done:
        return {}
    is_open = func.count(col(Request.number)).filter(col(Request.state).in_(still_open))
    findings = (
        select(HazardFinding.compound_id, func.count(), is_open)
        .join(
            Opinion,
            (col(Opinion.compound_id) == HazardFinding.compound_id)
            & (col(Opinion.number) == HazardFinding.opinion_number),
        )
        .outerjoin(
            Request,
            (col(Request.compound_id) == Opinion.compound_id)
            & (col(Request.number) == Opinion.matter_number),
        )
        .where(
            tuple_(col(HazardFinding.compound_id), col(HazardFinding.week)).in_(list(weeks)),
            Opinion.state == OpinionState.FILED,
        )
        .group_by(col(HazardFinding.compound_id))
    )
    found = {row[0]: (int(row[1]), int(row[2])) for row in await session.exec(findings)}
    return {
        compound_id: WeekHazards(count, *found.get(compound_id, (0, 0)))
        for compound_id, count in done.items()
    }


async def is_weekly(session: AsyncSession, compound_id: int) -> bool:
    """Whether the grid workers of a compound are reminded."""
    settings = await session.get(HazardSettings, compound_id)
    return settings is not None and settings.weekly


async def put_weekly(session: AsyncSession, compound_id: int, *, weekly: bool) -> None:
    """Begin to remind them, or stop."""
    await session.exec(
        insert_for(session, HazardSettings)
        .values(compound_id=compound_id, weekly=weekly)
        .on_conflict_do_update(index_elements=["compound_id"], set_={"weekly": weekly})
    )


async def list_weekly(session: AsyncSession) -> list[int]:
    """The compounds whose grid workers are reminded."""
    statement = select(HazardSettings.compound_id).where(col(HazardSettings.weekly).is_(True))
    return sorted(await session.exec(statement))


async def list_done(session: AsyncSession, compound_id: int, week: str) -> set[int]:
    """Who has done their list of a week."""
    statement = select(HazardList.person_id).where(
        HazardList.compound_id == compound_id,
        HazardList.week == week,
        col(HazardList.finished_at).is_not(None),
    )
    return set(await session.exec(statement))


async def forget_hazard_lists_of(session: AsyncSession, person_id: int) -> None:
    """Take a person out of the lists: that somebody went round stays."""
    for row in list(await session.exec(select(HazardList).where(HazardList.person_id == person_id))):
        row.person_id = -1 - secrets.randbits(62)
        session.add(row)
    await session.flush()
