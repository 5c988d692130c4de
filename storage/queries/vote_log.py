"""The log of a vote: adding leaves, putting them in order, reading it back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import VoteState
from storage.tables import Compound, UnsealedLeaf, Vote, VoteCheckpoint, VoteLeaf, VoteLogEntry


def add_leaf(session: AsyncSession, leaf: VoteLeaf) -> None:
    """Write a leaf with what it is about, in the caller's transaction; the sealer gives it its place."""
    session.add(leaf)
    session.add(
        UnsealedLeaf(compound_id=leaf.compound_id, vote_number=leaf.vote_number, leaf_id=leaf.leaf_id)
    )


async def list_votes_unsealed(session: AsyncSession) -> list[tuple[int, int, str]]:
    """(compound_id, vote_number, the compound's code) of every vote with leaves that have no place yet."""
    statement = (
        select(UnsealedLeaf.compound_id, UnsealedLeaf.vote_number, Compound.code)
        .join(Compound, col(Compound.compound_id) == UnsealedLeaf.compound_id)
        .distinct()
    )
    return list(await session.exec(statement))


async def lock_vote(session: AsyncSession, compound_id: int, vote_number: int) -> Vote | None:
    """The vote, locked until the end of the transaction: one sealer, one change of state at a time."""
    statement = (
        select(Vote)
        .where(Vote.compound_id == compound_id, Vote.vote_number == vote_number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def share_vote(session: AsyncSession, compound_id: int, vote_number: int) -> Vote | None:
    """The vote, which nobody locks, and so nobody counts, until the end of the transaction; many may share it."""
    statement = (
        select(Vote)
        .where(Vote.compound_id == compound_id, Vote.vote_number == vote_number)
        .with_for_update(read=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def place_unsealed(session: AsyncSession, compound_id: int, vote_number: int) -> int:
    """Give every leaf without a place the next ones, in the order they were written; returns the log's size.

    The vote must be locked.
    """
    size = await get_log_size(session, compound_id, vote_number)
    mine = (col(UnsealedLeaf.compound_id) == compound_id, col(UnsealedLeaf.vote_number) == vote_number)
    waiting = list(
        await session.exec(select(UnsealedLeaf.leaf_id).where(*mine).order_by(UnsealedLeaf.leaf_id))
    )
    for place, leaf_id in enumerate(waiting, size):
        session.add(
            VoteLogEntry(compound_id=compound_id, vote_number=vote_number, log_index=place, leaf_id=leaf_id)
        )
    await session.flush()
    for start in range(0, len(waiting), 500):
        some = waiting[start : start + 500]
        await session.exec(delete(UnsealedLeaf).where(*mine, col(UnsealedLeaf.leaf_id).in_(some)))
    return size + len(waiting)


async def find_last_leaf_at(
    session: AsyncSession, compound_id: int, vote_number: int, kinds: Sequence[str] = ()
) -> datetime | None:
    """When the newest leaf was written, of all or of some kinds; None when there is none."""
    statement = select(func.max(VoteLeaf.at)).where(
        VoteLeaf.compound_id == compound_id, VoteLeaf.vote_number == vote_number
    )
    if kinds:
        statement = statement.where(col(VoteLeaf.kind).in_(kinds))
    found: datetime | None = (await session.exec(statement)).one()
    return found


async def list_signed_otherwise(session: AsyncSession, key_id: str) -> list[tuple[str, int, str]]:
    """(the compound's code, vote_number, fingerprint) of votes under way whose heads another key has signed."""
    statement = (
        select(Compound.code, VoteCheckpoint.vote_number, VoteCheckpoint.key_id)
        .join(Compound, col(Compound.compound_id) == VoteCheckpoint.compound_id)
        .join(
            Vote,
            (col(Vote.compound_id) == VoteCheckpoint.compound_id)
            & (col(Vote.vote_number) == VoteCheckpoint.vote_number),
        )
        .where(VoteCheckpoint.key_id != key_id, col(Vote.state).not_in((VoteState.FINAL, VoteState.REVOKED)))
        .distinct()
        .order_by(Compound.code, col(VoteCheckpoint.vote_number))
    )
    return list(await session.exec(statement))


async def get_log_size(session: AsyncSession, compound_id: int, vote_number: int) -> int:
    """How many entries the log has."""
    statement = select(func.count()).where(
        VoteLogEntry.compound_id == compound_id, VoteLogEntry.vote_number == vote_number
    )
    return int((await session.exec(statement)).one())


async def list_leaf_hashes(
    session: AsyncSession, compound_id: int, vote_number: int, size: int
) -> list[bytes]:
    """The leaf hashes of the first `size` entries."""
    statement = _in_order(compound_id, vote_number, VoteLeaf.leaf_hash).where(VoteLogEntry.log_index < size)
    return list(await session.exec(statement))


async def list_log(session: AsyncSession, compound_id: int, vote_number: int) -> list[VoteLeaf]:
    """All entries, in their order."""
    return list(await session.exec(_in_order(compound_id, vote_number, VoteLeaf)))


def _in_order(compound_id: int, vote_number: int, what: Any) -> Any:
    return (
        select(what)
        .select_from(VoteLeaf)
        .join(
            VoteLogEntry,
            (col(VoteLogEntry.compound_id) == VoteLeaf.compound_id)
            & (col(VoteLogEntry.vote_number) == VoteLeaf.vote_number)
            & (col(VoteLogEntry.leaf_id) == VoteLeaf.leaf_id),
        )
        .where(VoteLogEntry.compound_id == compound_id, VoteLogEntry.vote_number == vote_number)
        .order_by(col(VoteLogEntry.log_index))
    )


async def find_log_index(
    session: AsyncSession, compound_id: int, vote_number: int, leaf_hash: bytes
) -> int | None:
    """Where the entry with this hash stands; None while it has no place, or is not there."""
    statement = _in_order(compound_id, vote_number, VoteLogEntry.log_index).where(
        VoteLeaf.leaf_hash == leaf_hash
    )
    found: int | None = (await session.exec(statement)).first()
    return found


async def list_checkpoints(
    session: AsyncSession, compound_id: int, vote_number: int
) -> Sequence[VoteCheckpoint]:
    """All checkpoints, the smallest first."""
    statement = (
        select(VoteCheckpoint)
        .where(VoteCheckpoint.compound_id == compound_id, VoteCheckpoint.vote_number == vote_number)
        .order_by(col(VoteCheckpoint.size))
    )
    return (await session.exec(statement)).all()
