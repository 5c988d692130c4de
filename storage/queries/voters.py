"""What residents look up about votes: in which compounds they have a say, which votes there are, what they cast."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import BindingState, RegistrationKind, RegistrationState, VoteState
from storage.tables import (
    Ballot,
    BallotSlot,
    BallotUnit,
    Compound,
    OwnerBinding,
    OwnerRegistration,
    Residency,
    UnannouncedBallot,
    Vote,
    VoteLeaf,
    VoteLogEntry,
)


async def list_compounds_of_person(session: AsyncSession, person_id: int) -> list[Compound]:
    """The compounds that a person said they live in, is or wants to be an owner of, or holds a mandate in, by name."""
    lives = select(Residency.compound_id).where(Residency.person_id == person_id)
    owns = select(OwnerBinding.compound_id).where(
        OwnerBinding.person_id == person_id,
        OwnerBinding.state != BindingState.REVOKED,
        col(OwnerBinding.ended_at).is_(None),
    )
    acts = select(OwnerRegistration.compound_id).where(
        OwnerRegistration.holder_id == person_id,
        OwnerRegistration.kind == RegistrationKind.PROXY,
        OwnerRegistration.state == RegistrationState.CONFIRMED,
    )
    of_theirs = [col(Compound.compound_id).in_(each) for each in (lives, owns, acts)]
    statement = select(Compound).where(or_(*of_theirs)).order_by(col(Compound.name), col(Compound.code))
    return list(await session.exec(statement))


async def list_votes_in_states(
    session: AsyncSession, compound_ids: Collection[int], states: Iterable[VoteState], limit: int
) -> list[Vote]:
    """Votes of some compounds that are in one of these states, the newest first."""
    statement = (
        select(Vote)
        .where(col(Vote.compound_id).in_(compound_ids), col(Vote.state).in_(list(states)))
        .order_by(col(Vote.opens_at).desc(), col(Vote.compound_id), col(Vote.vote_number).desc())
        .limit(limit)
    )
    return list(await session.exec(statement))


async def list_slots(
    session: AsyncSession, compound_id: int, vote_number: int, unit_codes: Collection[str]
) -> dict[str, BallotSlot]:
    """The slots of units as they are, without a lock; none for a unit that nobody has voted for."""
    statement = select(BallotSlot).where(
        BallotSlot.compound_id == compound_id,
        BallotSlot.vote_number == vote_number,
        col(BallotSlot.unit_code).in_(unit_codes),
    )
    return {slot.unit_code: slot for slot in await session.exec(statement)}


async def find_ballot(
    session: AsyncSession, compound_id: int, vote_number: int, ballot_id: str
) -> Ballot | None:
    """A ballot by its number."""
    statement = select(Ballot).where(
        Ballot.compound_id == compound_id, Ballot.vote_number == vote_number, Ballot.ballot_id == ballot_id
    )
    return (await session.exec(statement)).one_or_none()


async def list_ballots_cast_by(
    session: AsyncSession, compound_id: int, vote_number: int, person_id: int
) -> list[Ballot]:
    """What an identity cast online in a vote, the newest first."""
    statement = (
        select(Ballot)
        .where(
            Ballot.compound_id == compound_id,
            Ballot.vote_number == vote_number,
            Ballot.person_id == person_id,
        )
        .order_by(col(Ballot.recorded_at).desc(), col(Ballot.ballot_id))
    )
    return list(await session.exec(statement))


async def list_units_of_ballot(
    session: AsyncSession, compound_id: int, vote_number: int, ballot_id: str
) -> list[str]:
    """The codes of the units that a ballot is for."""
    statement = (
        select(BallotUnit.unit_code)
        .where(
            BallotUnit.compound_id == compound_id,
            BallotUnit.vote_number == vote_number,
            BallotUnit.ballot_id == ballot_id,
        )
        .order_by(col(BallotUnit.unit_code))
    )
    return list(await session.exec(statement))


async def find_leaf_written_at(
    session: AsyncSession, compound_id: int, vote_number: int, at: datetime, leaf_hash: bytes
) -> tuple[VoteLeaf, int | None] | None:
    """The leaf with this hash that was written at this millisecond, and its place in the log, if it has one yet."""
    moment = int(at.timestamp() * 1000)
    statement = (
        select(VoteLeaf, VoteLogEntry.log_index)
        .outerjoin(
            VoteLogEntry,
            (col(VoteLogEntry.compound_id) == VoteLeaf.compound_id)
            & (col(VoteLogEntry.vote_number) == VoteLeaf.vote_number)
            & (col(VoteLogEntry.leaf_id) == VoteLeaf.leaf_id),
        )
        .where(
            VoteLeaf.compound_id == compound_id,
            VoteLeaf.vote_number == vote_number,
            # A leaf's id begins with its time, so that the key's own index finds the few of that moment.
            col(VoteLeaf.leaf_id) >= f"{moment:012x}",
            col(VoteLeaf.leaf_id) < f"{moment + 1:012x}",
            VoteLeaf.leaf_hash == leaf_hash,
        )
    )
    return (await session.exec(statement)).first()


async def list_unannounced_ballots(session: AsyncSession, limit: int) -> list[tuple[int, int, str]]:
    """(compound_id, vote_number, ballot_id) of ballots that nobody has been told of yet."""
    statement = (
        select(UnannouncedBallot.compound_id, UnannouncedBallot.vote_number, UnannouncedBallot.ballot_id)
        .order_by(
            col(UnannouncedBallot.compound_id),
            col(UnannouncedBallot.vote_number),
            col(UnannouncedBallot.ballot_id),
        )
        .limit(limit)
    )
    return list(await session.exec(statement))


async def take_unannounced_ballot(
    session: AsyncSession, compound_id: int, vote_number: int, ballot_id: str
) -> bool:
    """Take away the note that a ballot is to be told of; False when another replica did."""
    done = await session.exec(
        delete(UnannouncedBallot).where(
            col(UnannouncedBallot.compound_id) == compound_id,
            col(UnannouncedBallot.vote_number) == vote_number,
            col(UnannouncedBallot.ballot_id) == ballot_id,
        )
    )
    return bool(done.rowcount)


async def list_log_before(
    session: AsyncSession, compound_id: int, vote_number: int, size: int, limit: int
) -> list[tuple[int, VoteLeaf]]:
    """The last `limit` of the first `size` entries of a log, with their places, the newest first."""
    statement = (
        select(VoteLogEntry.log_index, VoteLeaf)
        .join(
            VoteLeaf,
            (col(VoteLogEntry.compound_id) == VoteLeaf.compound_id)
            & (col(VoteLogEntry.vote_number) == VoteLeaf.vote_number)
            & (col(VoteLogEntry.leaf_id) == VoteLeaf.leaf_id),
        )
        .where(
            VoteLogEntry.compound_id == compound_id,
            VoteLogEntry.vote_number == vote_number,
            col(VoteLogEntry.log_index) < size,
        )
        .order_by(col(VoteLogEntry.log_index).desc())
        .limit(limit)
    )
    return list(await session.exec(statement))
