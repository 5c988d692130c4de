"""The log of a vote: what happened is written with it, and sealed into a signed, growing list."""

import secrets
from datetime import datetime
from typing import Any

import rfc8785
from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.voting.signing import Checkpoint, Signer, to_the_millisecond, utc_text
from storage.database import Database
from storage.merkle import leaf_hash, root_of
from storage.queries.vote_log import (
    add_leaf,
    find_last_leaf_at,
    list_checkpoints,
    list_leaf_hashes,
    list_votes_unsealed,
    lock_vote,
    place_unsealed,
)
from storage.tables import VoteCheckpoint, VoteLeaf


def origin_of(compound_code: str, vote_number: int) -> str:
    """What a vote is called in its evidence."""
    return f"{compound_code}/{vote_number}"


def write_leaf(
    session: AsyncSession, compound_id: int, vote_number: int, kind: str, body: dict[str, Any], at: datetime
) -> VoteLeaf:
    """Append `kind` (notice, open, ballot, paper, proxy, ruling, close, tally, ...) in the caller's transaction.

    body: ids, counts, hashes as hex text; never names, choices or floats.
    """
    entry = rfc8785.dumps({"kind": kind, "at": utc_text(at), **body})
    leaf = VoteLeaf(
        compound_id=compound_id,
        vote_number=vote_number,
        leaf_id=f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(10)}",
        at=at,
        kind=kind,
        entry=entry.decode(),
        leaf_hash=leaf_hash(entry),
    )
    add_leaf(session, leaf)
    return leaf


async def seal(
    session: AsyncSession,
    signer: Signer,
    compound_id: int,
    vote_number: int,
    origin: str,
    now: datetime,
    reason: str = "sealing",
) -> VoteCheckpoint | None:
    """Put what is new in order and sign the head; None when there is nothing new, or no such vote.

    The clock may have been set back, and another replica's may be ahead: a checkpoint is never older than the one
    before it, nor than what it contains.
    """
    if await lock_vote(session, compound_id, vote_number) is None:
        return None
    size = await place_unsealed(session, compound_id, vote_number)
    earlier = await list_checkpoints(session, compound_id, vote_number)
    if size == (earlier[-1].size if earlier else 0):
        return None
    written_at = await find_last_leaf_at(session, compound_id, vote_number)
    at = to_the_millisecond(max([now, written_at or now, *(each.at for each in earlier)]))
    head = Checkpoint(
        origin, size, root_of(await list_leaf_hashes(session, compound_id, vote_number, size)), at
    )
    checkpoint = VoteCheckpoint(
        compound_id=compound_id,
        vote_number=vote_number,
        size=size,
        root=head.root,
        at=head.at,
        reason=reason,
        key_id=signer.key_id,
        signature=signer.sign(head),
    )
    session.add(checkpoint)
    await session.flush()
    return checkpoint


async def seal_all(database: Database, signer: Signer, now: datetime) -> int:
    """Seal every vote that has something new, each in a transaction of its own; returns how many.

    A log that cannot be sealed does not hold up the others; its error is raised when they are done.
    """

    async def do(session: AsyncSession, vote: tuple[int, int, str]) -> int:
        compound_id, vote_number, code = vote
        origin = origin_of(code, vote_number)
        return int(await seal(session, signer, compound_id, vote_number, origin, now) is not None)

    async with database.read() as session:
        votes = await list_votes_unsealed(session)
    return await each_apart(database, votes, do)
