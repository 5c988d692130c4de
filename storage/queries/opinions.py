"""Opinions and the numbers they get."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.within import opinion_within
from storage.states import OpinionState
from storage.tables import Counter, Opinion
from storage.upsert import insert_for

# What is left of an opinion is its categories, urgency, times and building: enough to count and, as long as it is
# known whose it is, to be asked about.
REDUCED: dict[str, Any] = {
    "text": None,
    "hits": [],
    "home_code": None,
    "entrance": None,
    "unit": None,
}
FIRST_NUMBER = 1001  # four digits from the start: easy to read out, hard to mistake for a flat


async def next_number(session: AsyncSession, compound_id: int, name: str) -> int:
    """The next number of a counter; its row stays locked until the transaction ends, so none is given twice."""
    statement = (
        insert_for(session, Counter)
        .values(compound_id=compound_id, name=name, value=FIRST_NUMBER)
        .on_conflict_do_update(index_elements=["compound_id", "name"], set_={"value": Counter.value + 1})
        .returning(Counter.value)
        .execution_options(autoflush=False)  # counters are written at once
    )
    return int((await session.exec(statement)).scalar_one())


async def lock_counter(session: AsyncSession, compound_id: int, name: str) -> None:
    """Let nobody else take a number of a counter, or lock it, until this transaction ends."""
    statement = (
        insert_for(session, Counter)
        .values(compound_id=compound_id, name=name, value=FIRST_NUMBER - 1)
        .on_conflict_do_update(index_elements=["compound_id", "name"], set_={"value": Counter.value})
    )
    await session.exec(statement)


async def find_opinion(session: AsyncSession, compound_id: int, number: int) -> Opinion | None:
    """An opinion by its number."""
    statement = select(Opinion).where(Opinion.compound_id == compound_id, Opinion.number == number)
    return (await session.exec(statement)).one_or_none()


async def find_opinion_within(
    session: AsyncSession, compound_id: int, codes: Collection[str] | None, number: int
) -> Opinion | None:
    """An opinion by its number, if it lies in these places of the compound; None: in all of it."""
    statement = select(Opinion).where(
        Opinion.compound_id == compound_id, Opinion.number == number, opinion_within(codes)
    )
    return (await session.exec(statement)).one_or_none()


async def find_opinion_to_quote(session: AsyncSession, compound_id: int, number: int) -> Opinion | None:
    """An opinion by its number, whose words stay as they are until the transaction that passes them on has ended.

    Whoever takes words back waits for it, and finds them where they were passed on.
    """
    statement = (
        select(Opinion)
        .where(Opinion.compound_id == compound_id, Opinion.number == number)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def find_opinion_of_message(session: AsyncSession, inbox_id: int) -> Opinion | None:
    """The opinion that a received message became."""
    return (await session.exec(select(Opinion).where(Opinion.inbox_id == inbox_id))).first()


async def list_opinions_of(session: AsyncSession, person_id: int, limit: int) -> list[Opinion]:
    """A person's latest opinions, in whichever compound, newest first."""
    statement = (
        select(Opinion)
        .where(Opinion.person_id == person_id)
        .order_by(col(Opinion.filed_at).desc(), col(Opinion.number).desc())
        .limit(limit)
    )
    return list((await session.exec(statement)).all())


async def list_opinions_by_number(session: AsyncSession, person_id: int, number: int) -> list[Opinion]:
    """A person's opinions with this number, newest first; more than one only for someone with two compounds."""
    statement = (
        select(Opinion)
        .where(Opinion.person_id == person_id, Opinion.number == number)
        .order_by(col(Opinion.filed_at).desc())
    )
    return list((await session.exec(statement)).all())


async def list_categories_since(
    session: AsyncSession, compound_id: int, codes: Collection[str] | None, since: datetime
) -> list[list[dict[str, Any]]]:
    """The categories of each standing opinion filed since a time in these places of a compound; None: all of it."""
    statement = select(Opinion.categories).where(
        Opinion.compound_id == compound_id,
        Opinion.filed_at >= since,
        Opinion.state == OpinionState.FILED,
        opinion_within(codes),
    )
    return [list(categories) for categories in (await session.exec(statement)).all()]


async def count_opinions_since(session: AsyncSession, compound_id: int, since: datetime) -> int:
    """How many standing opinions were filed in a compound since a time."""
    statement = select(func.count()).where(
        Opinion.compound_id == compound_id,
        Opinion.filed_at >= since,
        Opinion.state == OpinionState.FILED,
    )
    return (await session.exec(statement)).one()


async def blank_opinions_of(session: AsyncSession, person_id: int) -> int:
    """Take a person and their words out of their opinions; tags and counts stay. Returns how many."""
    result = await session.exec(
        update(Opinion).where(col(Opinion.person_id) == person_id).values(**REDUCED, person_id=None)
    )
    return int(result.rowcount)
