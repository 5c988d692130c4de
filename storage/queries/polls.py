"""Polls of residents and their answers."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import BindingState
from storage.tables import OwnerBinding, Poll, PollAnswer, Residency
from storage.upsert import insert_for


async def find_poll(session: AsyncSession, compound_id: int, number: int) -> Poll | None:
    """A poll by its number."""
    return await session.get(Poll, (compound_id, number))


async def lock_poll(
    session: AsyncSession, compound_id: int, number: int, *, shared: bool = False
) -> Poll | None:
    """A poll, locked until the transaction ends. shared: by all who answer, so that only its end waits for them."""
    statement = (
        select(Poll)
        .where(Poll.compound_id == compound_id, Poll.poll_number == number)
        .with_for_update(read=shared, key_share=shared)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_polls(session: AsyncSession, compound_ids: Iterable[int], limit: int) -> list[Poll]:
    """Polls of these compounds, open ones first, then the newest."""
    statement = (
        select(Poll)
        .where(col(Poll.compound_id).in_(list(compound_ids)))
        .order_by(col(Poll.ended_at).is_not(None), col(Poll.created_at).desc(), col(Poll.poll_number).desc())
        .limit(limit)
    )
    return list(await session.exec(statement))


async def list_due_polls(session: AsyncSession, now: datetime, limit: int) -> list[tuple[int, int]]:
    """(compound_id, poll_number) of polls whose time is over and that nobody has ended."""
    statement = (
        select(Poll.compound_id, Poll.poll_number)
        .where(col(Poll.ended_at).is_(None), col(Poll.closes_at) < now)
        .order_by(col(Poll.closes_at))
        .limit(limit)
    )
    return list(await session.exec(statement))


async def put_answer(
    session: AsyncSession,
    compound_id: int,
    number: int,
    person_id: int,
    ticked: list[int],
    building: str | None,
    now: datetime,
) -> None:
    """Keep what somebody ticked, in the place of what they ticked before."""
    values = {"ticked": ticked, "home_code": building, "answered_at": now}
    await session.exec(
        insert_for(session, PollAnswer)
        .values(compound_id=compound_id, poll_number=number, person_id=person_id, **values)
        .on_conflict_do_update(index_elements=["compound_id", "poll_number", "person_id"], set_=values)
    )


async def find_answer(
    session: AsyncSession, compound_id: int, number: int, person_id: int
) -> list[int] | None:
    """What somebody ticked; None when nothing."""
    statement = select(PollAnswer.ticked).where(
        PollAnswer.compound_id == compound_id,
        PollAnswer.poll_number == number,
        PollAnswer.person_id == person_id,
    )
    ticked = (await session.exec(statement)).one_or_none()
    return None if ticked is None else list(ticked)


async def list_answers(
    session: AsyncSession, compound_id: int, number: int
) -> list[tuple[list[int], str | None]]:
    """(what was ticked, the building) of every answer, in the order they came."""
    statement = (
        select(PollAnswer.ticked, PollAnswer.home_code)
        .where(PollAnswer.compound_id == compound_id, PollAnswer.poll_number == number)
        .order_by(col(PollAnswer.answered_at), col(PollAnswer.person_id))
    )
    return [(list(ticked), building) for ticked, building in (await session.exec(statement)).all()]


async def count_answers(session: AsyncSession, compound_id: int, number: int) -> int:
    """How many people answered."""
    statement = select(func.count()).where(
        PollAnswer.compound_id == compound_id, PollAnswer.poll_number == number
    )
    return int((await session.exec(statement)).one())


async def list_homes_in(session: AsyncSession, person_id: int) -> dict[int, str | None]:
    """Where somebody lives or is bound to an owner: by compound, the place they named."""
    bound = select(OwnerBinding.compound_id).where(
        OwnerBinding.person_id == person_id,
        OwnerBinding.state == BindingState.BOUND,
        col(OwnerBinding.ended_at).is_(None),
    )
    homes: dict[int, str | None] = dict.fromkeys(await session.exec(bound))
    lives = select(Residency.compound_id, Residency.place_code).where(Residency.person_id == person_id)
    return homes | dict((await session.exec(lives)).all())


async def forget_answers_of(session: AsyncSession, person_id: int) -> int:
    """Take a person out of what they answered: the counts stay, and nobody can be found in them; returns how many."""
    answers = list(await session.exec(select(PollAnswer).where(PollAnswer.person_id == person_id)))
    for answer in answers:
        answer.person_id = -1 - secrets.randbits(62)
        session.add(answer)
    await session.flush()
    return len(answers)


async def move_answers(session: AsyncSession, old: int, new: int) -> None:
    """Two turn out to be one person: of two answers to one poll the newer stays."""
    own = {
        (answer.compound_id, answer.poll_number): answer
        for answer in await session.exec(select(PollAnswer).where(PollAnswer.person_id == new))
    }
    for answer in list(await session.exec(select(PollAnswer).where(PollAnswer.person_id == old))):
        other = own.get((answer.compound_id, answer.poll_number))
        if other is not None and other.answered_at >= answer.answered_at:
            await session.delete(answer)
            continue
        if other is not None:
            await session.delete(other)
            await session.flush()
        answer.person_id = new
        session.add(answer)
    await session.flush()
