"""Votes, their questions and their frozen rolls."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import CaseState, PaperState, VoteState
from storage.tables import (
    Ballot,
    BallotPaper,
    BallotSlot,
    BallotUnit,
    Vote,
    VoteCase,
    VoteDocument,
    VoteDocumentFault,
    VoteObjection,
    VoteOwner,
    VoteQuestion,
    VoteUnit,
)

_PAPERS_OPEN = (PaperState.RECEIVED, PaperState.ENTERED, PaperState.MISMATCHED)


async def find_vote(session: AsyncSession, compound_id: int, vote_number: int) -> Vote | None:
    """A vote by its number."""
    statement = select(Vote).where(Vote.compound_id == compound_id, Vote.vote_number == vote_number)
    return (await session.exec(statement)).one_or_none()


async def list_votes(session: AsyncSession, compound_id: int, limit: int) -> list[Vote]:
    """The votes of a compound, the newest first."""
    statement = (
        select(Vote)
        .where(Vote.compound_id == compound_id)
        .order_by(col(Vote.vote_number).desc())
        .limit(limit)
    )
    return list(await session.exec(statement))


async def list_votes_in(
    session: AsyncSession, compound_ids: Iterable[int], states: Iterable[VoteState]
) -> list[Vote]:
    """Votes of these compounds in one of these states, the one that closes first in front."""
    statement = (
        select(Vote)
        .where(col(Vote.compound_id).in_(list(compound_ids)), col(Vote.state).in_(list(states)))
        .order_by(col(Vote.closes_at), col(Vote.compound_id), col(Vote.vote_number))
    )
    return list(await session.exec(statement))


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


async def list_owner_keys(
    session: AsyncSession, compound_id: int, vote_number: int, owner_number: int
) -> dict[str, int]:
    """The keys that an owner has in a vote, each with how many owners share it; their own key has one."""
    of_vote = (VoteOwner.compound_id == compound_id, VoteOwner.vote_number == vote_number)
    keys = select(VoteOwner.owner_key).where(*of_vote, VoteOwner.owner_number == owner_number)
    statement = (
        select(VoteOwner.owner_key, func.count())
        .where(*of_vote, col(VoteOwner.owner_key).in_(keys))
        .group_by(col(VoteOwner.owner_key))
    )
    return dict((await session.exec(statement)).all())


async def list_due_votes(session: AsyncSession, now: datetime, limit: int) -> list[tuple[int, int]]:
    """(compound_id, vote_number) of votes for which the clock has something to do, the longest due first."""
    statement = (
        select(Vote.compound_id, Vote.vote_number)
        .where(col(Vote.next_at) <= now)
        .order_by(col(Vote.next_at))
        .limit(limit)
    )
    return list(await session.exec(statement))


async def delete_questions(session: AsyncSession, compound_id: int, vote_number: int) -> None:
    """Take the questions of a draft away, for others."""
    await session.exec(
        delete(VoteQuestion).where(
            col(VoteQuestion.compound_id) == compound_id, col(VoteQuestion.vote_number) == vote_number
        )
    )


async def list_documents(session: AsyncSession, compound_id: int, vote_number: int) -> list[VoteDocument]:
    """The documents of a vote, in the order they were made."""
    statement = (
        select(VoteDocument)
        .where(VoteDocument.compound_id == compound_id, VoteDocument.vote_number == vote_number)
        .order_by(col(VoteDocument.document_number))
    )
    return list(await session.exec(statement))


async def list_cases(session: AsyncSession, compound_id: int, vote_number: int) -> list[VoteCase]:
    """The cases of a vote, by number."""
    statement = (
        select(VoteCase)
        .where(VoteCase.compound_id == compound_id, VoteCase.vote_number == vote_number)
        .order_by(col(VoteCase.case_number))
    )
    return list(await session.exec(statement))


async def list_cases_about(
    session: AsyncSession, compound_id: int, vote_number: int, owner_key: str
) -> list[VoteCase]:
    """The cases of a vote that are about an owner, by number."""
    statement = (
        select(VoteCase)
        .where(
            VoteCase.compound_id == compound_id,
            VoteCase.vote_number == vote_number,
            VoteCase.person == owner_key,
        )
        .order_by(col(VoteCase.case_number))
    )
    return list(await session.exec(statement))


async def count_open_cases(session: AsyncSession, compound_id: int, vote_number: int) -> int:
    """How many cases nobody has ruled on."""
    statement = select(func.count()).where(
        VoteCase.compound_id == compound_id,
        VoteCase.vote_number == vote_number,
        VoteCase.state == CaseState.OPEN,
    )
    return int((await session.exec(statement)).one())


async def count_open_papers(session: AsyncSession, compound_id: int, vote_number: int) -> int:
    """How many papers were received and are not ballots yet."""
    statement = select(func.count()).where(
        BallotPaper.compound_id == compound_id,
        BallotPaper.vote_number == vote_number,
        col(BallotPaper.state).in_(_PAPERS_OPEN),
    )
    return int((await session.exec(statement)).one())


async def list_first_ballots(
    session: AsyncSession, compound_id: int, vote_number: int
) -> dict[str, datetime]:
    """When the first ballot for each unit took its place, whatever became of it."""
    statement = (
        select(BallotUnit.unit_code, func.min(Ballot.recorded_at))
        .join(
            Ballot,
            (col(Ballot.compound_id) == BallotUnit.compound_id)
            & (col(Ballot.vote_number) == BallotUnit.vote_number)
            & (col(Ballot.ballot_id) == BallotUnit.ballot_id),
        )
        .where(BallotUnit.compound_id == compound_id, BallotUnit.vote_number == vote_number)
        .group_by(BallotUnit.unit_code)
    )
    return dict((await session.exec(statement)).all())


async def list_units_that_voted(session: AsyncSession, compound_id: int, vote_number: int) -> set[str]:
    """The codes of units for which a ballot counts, or several that contradict each other."""
    statement = select(BallotSlot.unit_code).where(
        BallotSlot.compound_id == compound_id,
        BallotSlot.vote_number == vote_number,
        or_(col(BallotSlot.ballot_id) != "", col(BallotSlot.contested)),
    )
    return set(await session.exec(statement))


async def find_vote_objection(
    session: AsyncSession, compound_id: int, vote_number: int, objection_number: int
) -> VoteObjection | None:
    """An objection to a result, locked until the transaction ends."""
    statement = (
        select(VoteObjection)
        .where(
            VoteObjection.compound_id == compound_id,
            VoteObjection.vote_number == vote_number,
            VoteObjection.objection_number == objection_number,
        )
        .with_for_update()
    )
    return (await session.exec(statement)).one_or_none()


async def find_vote_objection_by_key(
    session: AsyncSession, compound_id: int, vote_number: int, command_key: str
) -> VoteObjection | None:
    """The objection that came by this form."""
    statement = select(VoteObjection).where(
        VoteObjection.compound_id == compound_id,
        VoteObjection.vote_number == vote_number,
        VoteObjection.command_key == command_key,
    )
    return (await session.exec(statement)).one_or_none()


async def list_vote_objections(
    session: AsyncSession, compound_id: int, vote_number: int
) -> list[VoteObjection]:
    """The objections to a result, in their order."""
    statement = (
        select(VoteObjection)
        .where(VoteObjection.compound_id == compound_id, VoteObjection.vote_number == vote_number)
        .order_by(col(VoteObjection.objection_number))
    )
    return list(await session.exec(statement))


async def list_votes_with_papers(session: AsyncSession) -> list[Vote]:
    """Votes whose notice is out and that are not over, the newest first; and those that are over without the paper of
    their result."""
    has_result = (
        select(VoteDocument.document_number)
        .where(
            VoteDocument.compound_id == Vote.compound_id,
            VoteDocument.vote_number == Vote.vote_number,
            VoteDocument.kind == "result",
        )
        .exists()
    )
    statement = (
        select(Vote)
        .where(
            col(Vote.noticed_at).is_not(None),
            Vote.state != VoteState.REVOKED,
            or_(Vote.state != VoteState.FINAL, ~has_result),
        )
        .order_by(col(Vote.noticed_at).desc())
    )
    return list(await session.exec(statement))


async def list_document_faults(
    session: AsyncSession, compound_id: int, vote_number: int
) -> dict[str, VoteDocumentFault]:
    """What could not be made of a vote's documents, by kind."""
    statement = select(VoteDocumentFault).where(
        VoteDocumentFault.compound_id == compound_id, VoteDocumentFault.vote_number == vote_number
    )
    return {fault.kind: fault for fault in await session.exec(statement)}
