"""From the database: a ballot's receipt, and owners' own lines of the frozen roll, each with its proof."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import unit_of
from handlers.voting.cast import MARKS_CONTEXT, NONCE_CONTEXT
from handlers.voting.frozen_roll import Line
from handlers.voting.log import origin_of
from handlers.voting.marks import ballot_content, read_marks
from handlers.voting.receipt import RECEIPT, ROLL_LINES
from handlers.voting.signing import Promise, Signer, utc_text
from storage.merkle import Hash, inclusion_proof, leaf_hash
from storage.queries.vote_log import list_checkpoints, list_leaf_hashes
from storage.queries.voters import find_leaf_written_at, list_units_of_ballot
from storage.queries.votes import list_vote_units
from storage.sealing import Sealer
from storage.tables import Ballot, Compound, Vote, VoteCheckpoint, VoteUnit

_HANDED_OUT = ("opening", "daily", "close", "result", "final")


async def load_receipt(
    session: AsyncSession, sealer: Sealer, signer: Signer, compound: Compound, ballot: Ballot
) -> dict[str, Any]:
    """The receipt of a ballot as `receipt.check_receipt` takes it. It opens what was marked: only for who cast it."""
    key = (ballot.compound_id, ballot.vote_number)
    origin = origin_of(compound.code, ballot.vote_number)
    found = await find_leaf_written_at(session, *key, ballot.entered_at, ballot.leaf_hash)
    assert found is not None
    leaf, index = found
    promise = Promise(origin, ballot.leaf_hash, ballot.entered_at)
    receipt: dict[str, Any] = {
        "type": RECEIPT,
        "origin": origin,
        "public_key": signer.public_key.hex(),
        "ballot": ballot.ballot_id,
        "nonce": sealer.open(ballot.nonce_sealed, NONCE_CONTEXT).hex(),
        "content": ballot_content(
            await list_units_of_ballot(session, *key, ballot.ballot_id),
            ballot.owner_key,
            ballot.voter,
            ballot.proxy,
            read_marks(sealer.open(ballot.choices_sealed, MARKS_CONTEXT)),
            ballot.cast_at,
            ballot.recorded_at,
        ),
        "entry": leaf.entry,
        "leaf": ballot.leaf_hash.hex(),
        "promise": {"time": utc_text(ballot.entered_at), "signature": signer.sign(promise).hex()},
    }
    head = _head_for(await list_checkpoints(session, *key), index, signer)
    if index is None or head is None:
        return receipt
    hashes = await list_leaf_hashes(session, *key, head.size)
    proof = await asyncio.to_thread(inclusion_proof, hashes, index)
    return receipt | {
        "index": index,
        "proof": [step.hex() for step in proof],
        "checkpoint": head_json(head),
    }


def _head_for(heads: Sequence[VoteCheckpoint], index: int | None, signer: Signer) -> VoteCheckpoint | None:
    """A head that counts the entry: the newest that was handed out, since others have it too; else the newest."""
    if index is None:
        return None
    counting = [head for head in heads if head.size > index and head.key_id == signer.key_id]
    handed_out = [head for head in counting if head.reason in _HANDED_OUT]
    return next(reversed(handed_out or counting), None)


def head_json(head: VoteCheckpoint) -> dict[str, Any]:
    """A checkpoint as bundles, receipts and witnesses have it."""
    return {
        "size": head.size,
        "root": head.root.hex(),
        "time": utc_text(head.at),
        "key": head.key_id,
        "signature": head.signature.hex(),
        "reason": head.reason,
    }


async def load_roll_lines(
    session: AsyncSession, compound: Compound, vote: Vote, unit_codes: Iterable[str]
) -> dict[str, Any]:
    """Lines of the frozen roll, each with the proof that it is under the root in the notice.

    Only for who owns the units: a line has the salt that keeps others from guessing it.
    """
    assert vote.roll_root is not None
    rows = await list_vote_units(session, vote.compound_id, vote.vote_number)
    wanted = set(unit_codes)
    lines = await asyncio.to_thread(_with_proofs, rows, wanted)
    return {
        "type": ROLL_LINES,
        "origin": origin_of(compound.code, vote.vote_number),
        "root": vote.roll_root.hex(),
        "units": lines,
    }


def _with_proofs(rows: Sequence[VoteUnit], wanted: set[str]) -> list[dict[str, Any]]:
    texts = [line_of(row).canonical() for row in rows]
    hashes: list[Hash] = [leaf_hash(text) for text in texts]
    return [
        {
            "line": json.loads(texts[place]),
            "leaf": hashes[place].hex(),
            "index": place,
            "size": len(rows),
            "proof": [step.hex() for step in inclusion_proof(hashes, place)],
        }
        for place, row in enumerate(rows)
        if row.unit_code in wanted
    ]


def line_of(row: VoteUnit) -> Line:
    """A row as the line that was hashed."""
    return Line(unit_of(row), row.entrance, row.room, row.area_basis, row.salt)
