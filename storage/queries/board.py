"""The board of a compound: its matters with their requests, by how far they are."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.ordering import order_of_few
from storage.queries.within import matter_within
from storage.states import MatterState, OpinionState, RequestState
from storage.tables import Matter, Opinion, Request

_OVER = (RequestState.RATED, RequestState.CLOSED, RequestState.CANCELLED)


class Stage(StrEnum):
    """What a matter waits for."""

    TO_CONFIRM = "to_confirm"
    TO_DISPATCH = "to_dispatch"
    TO_ACCEPT = "to_accept"
    IN_HAND = "in_hand"
    TO_RATE = "to_rate"
    OVER = "over"


class Line(NamedTuple):
    """A matter as the board shows it; request is None for one that was never raised. is_late: a deadline is past."""

    matter: Matter
    request: Request | None
    stage: Stage
    is_late: bool


class Counts(NamedTuple):
    """How many there are at each stage, and how many of all are late."""

    stages: dict[Stage, int]
    late: int


def _stage() -> ColumnElement[str]:
    return case(
        (col(Matter.state) == MatterState.CANDIDATE, Stage.TO_CONFIRM.value),
        (
            or_(col(Matter.state) == MatterState.DISMISSED, col(Request.state).in_(_OVER)),
            Stage.OVER.value,
        ),
        (col(Request.state) == RequestState.DONE, Stage.TO_RATE.value),
        (col(Request.state) == RequestState.ACCEPTED, Stage.IN_HAND.value),
        (col(Request.role).is_(None), Stage.TO_DISPATCH.value),
        else_=Stage.TO_ACCEPT.value,
    )


def _late(now: datetime) -> ColumnElement[int]:
    missed = and_(
        col(Request.state).not_in((RequestState.DONE, *_OVER)),
        or_(col(Request.accept_by) <= now, col(Request.done_by) <= now),
    )
    return case((missed, 1), else_=0)


def _board(compound_id: int, codes: Collection[str] | None, *columns: Any) -> Any:
    """A selection over what the board has; merged matters are their target's, and what nobody says is nothing."""
    return (
        select(*columns)
        .select_from(Matter)
        .outerjoin(
            Request,
            and_(col(Request.compound_id) == Matter.compound_id, col(Request.number) == Matter.number),
        )
        .where(
            Matter.compound_id == compound_id,
            Matter.state != MatterState.MERGED,
            or_(col(Matter.households) + col(Matter.speakers) > 0, col(Request.number).is_not(None)),
            matter_within(codes),
        )
    )


async def list_board(
    session: AsyncSession,
    compound_id: int,
    codes: Collection[str] | None,
    stages: Collection[Stage],
    now: datetime,
    *,
    late_only: bool = False,
    offset: int = 0,
    limit: int,
) -> list[Line]:
    """The matters at these stages in these places of a compound, None for all of it.

    What is late comes first, then the most urgent, then the oldest; what is over by when it ended, the last first.
    """
    stage, late = _stage(), _late(now)
    statement = _board(compound_id, codes, Matter, Request, stage, late).where(stage.in_(stages))
    if late_only:
        statement = statement.where(late == 1)
    if set(stages) == {Stage.OVER}:
        order: tuple[Any, ...] = (func.coalesce(Request.ended_at, Matter.heard_at).desc(),)
    else:
        order = (late.desc(), col(Matter.urgency).desc(), col(Matter.opened_at))
    rows = await session.exec(statement.order_by(*order, col(Matter.number)).offset(offset).limit(limit))
    return [Line(matter, request, Stage(at), bool(missed)) for matter, request, at, missed in rows.all()]


async def count_board(
    session: AsyncSession, compound_id: int, codes: Collection[str] | None, now: datetime
) -> Counts:
    """How many matters wait for what in these places of a compound, None for all of it."""
    stage, late = _stage().label("stage"), _late(now)
    statement = _board(compound_id, codes, stage, func.count(), func.sum(late)).group_by(stage)
    rows = (await session.exec(statement)).all()
    stages = dict.fromkeys(Stage, 0) | {Stage(at): count for at, count, _late in rows}
    return Counts(stages, sum(int(missed) for _at, _count, missed in rows))


class Voice(NamedTuple):
    """What one voice of a matter said, without who. text: None when the words are gone."""

    number: int
    said_at: datetime
    text: str | None


async def list_voices_said(session: AsyncSession, compound_id: int, matter: int) -> list[Voice]:
    """The standing voices of a matter, by number."""
    statement = (
        select(Opinion.number, Opinion.said_at, Opinion.text)
        .where(
            Opinion.compound_id == compound_id,
            Opinion.matter_number == matter,
            Opinion.state == OpinionState.FILED,
        )
        .order_by(order_of_few(col(Opinion.number)))
    )
    return [Voice(*row) for row in (await session.exec(statement)).all()]


async def list_merged_into(session: AsyncSession, compound_id: int, matter: int) -> list[int]:
    """The numbers of the matters that were merged into this one."""
    statement = (
        select(Matter.number)
        .where(Matter.compound_id == compound_id, Matter.merged_into == matter)
        .order_by(col(Matter.number))
    )
    return list((await session.exec(statement)).all())


async def list_numbers_known(session: AsyncSession, compound_id: int, numbers: Collection[int]) -> set[int]:
    """Those of these numbers of opinions that lead to a matter."""
    statement = select(Opinion.number).where(
        Opinion.compound_id == compound_id,
        col(Opinion.number).in_(numbers),
        col(Opinion.matter_number).is_not(None),
    )
    return set((await session.exec(statement)).all())
