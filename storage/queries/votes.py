"""Votes, their questions and their frozen rolls."""

from collections.abc import Iterable

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.tables import Vote, VoteQuestion, VoteUnit


async def find_vote(session: AsyncSession, compound_id: int, vote_number: int) -> Vote | None:
    """A vote by its number."""
    statement = select(Vote).where(Vote.compound_id == compound_id, Vote.vote_number == vote_number)
    return (await session.exec(statement)).one_or_none()


async def list_questions(session: AsyncSession, compound_id: int, vote_number: int) -> list[VoteQuestion]:
    """The questions of a vote, in the order of the ballot paper."""
    statement = (
        select(VoteQuestion)
        .where(VoteQuestion.compound_id == compound_id, VoteQuestion.vote_number == vote_number)
        .order_by(col(VoteQuestion.position))
    )
    return list(await session.exec(statement))


async def list_vote_units(
    session: AsyncSession, compound_id: int, vote_number: int, owner_keys: Iterable[str] | None = None
) -> list[VoteUnit]:
    """Lines of the frozen roll in their order: all, or those of some owners."""
    statement = (
        select(VoteUnit)
        .where(VoteUnit.compound_id == compound_id, VoteUnit.vote_number == vote_number)
        .order_by(col(VoteUnit.position))
    )
    if owner_keys is not None:
        statement = statement.where(col(VoteUnit.owner_key).in_(list(owner_keys)))
    return list(await session.exec(statement))


async def list_vote_units_coded(
    session: AsyncSession, compound_id: int, vote_number: int, unit_codes: Iterable[str]
) -> list[VoteUnit]:
    """Lines of the frozen roll by their codes."""
    statement = select(VoteUnit).where(
        VoteUnit.compound_id == compound_id,
        VoteUnit.vote_number == vote_number,
        col(VoteUnit.unit_code).in_(list(unit_codes)),
    )
    return list(await session.exec(statement))


async def count_vote_units(session: AsyncSession, compound_id: int, vote_number: int) -> int:
    """How many units the frozen roll has."""
    statement = select(func.count()).where(
        VoteUnit.compound_id == compound_id, VoteUnit.vote_number == vote_number
    )
    return int((await session.exec(statement)).one())
