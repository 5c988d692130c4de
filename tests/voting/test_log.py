"""The log of a vote on real databases: nothing is lost, nothing moves, every head is signed."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from handlers.voting.log import origin_of, seal, seal_all, write_leaf
from handlers.voting.signing import Checkpoint, Promise, Signer, is_signed, key_id_of
from storage.database import Database
from storage.merkle import consistency_proof, is_consistent, leaf_hash, root_of
from storage.queries.vote_log import find_log_index, list_checkpoints, list_leaf_hashes, list_log
from storage.tables import Compound, Person, UnsealedLeaf, Vote, VoteLeaf

SEED = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
NOW = datetime(2026, 5, 1, 4, 0, tzinfo=UTC)
SIGNER = Signer(SEED)


async def start(database: Database) -> int:
    async with database.write() as session:
        compound, person = Compound(code="XH-1", name="四季园"), Person(created_at=NOW)
        session.add_all([compound, person])
        await session.flush()
        assert compound.compound_id is not None
        assert person.person_id is not None
        session.add(
            Vote(
                compound_id=compound.compound_id,
                vote_number=3,
                title="选聘物业",
                operator_id=person.person_id,
                created_at=NOW,
            )
        )
        return compound.compound_id


async def write(database: Database, compound_id: int, number: int, at: datetime = NOW) -> None:
    async with database.write() as session:
        write_leaf(session, compound_id, 3, "ballot", {"number": number}, at + timedelta(milliseconds=number))


async def test_leaves_get_places_and_the_head_is_signed(database: Database) -> None:
    compound_id = await start(database)
    for number in range(5):
        await write(database, compound_id, number)
    assert await seal_all(database, SIGNER, NOW) == 1
    assert await seal_all(database, SIGNER, NOW) == 0
    async with database.read() as session:
        log = await list_log(session, compound_id, 3)
        (checkpoint,) = await list_checkpoints(session, compound_id, 3)
        assert await find_log_index(session, compound_id, 3, log[4].leaf_hash) == 4
        assert await find_log_index(session, compound_id, 3, b"none") is None
    assert [json.loads(leaf.entry)["number"] for leaf in log] == list(range(5))
    assert [leaf.leaf_hash for leaf in log] == [leaf_hash(leaf.entry.encode()) for leaf in log]
    head = Checkpoint(origin_of("XH-1", 3), 5, root_of([leaf.leaf_hash for leaf in log]), log[-1].at)
    # Another replica's clock was ahead: no head is older than what it contains.
    assert log[-1].at > NOW
    assert (checkpoint.root, checkpoint.size, checkpoint.at) == (head.root, 5, head.at)
    assert is_signed(head, checkpoint.signature, SIGNER.public_key)


async def test_every_head_begins_with_the_one_before(database: Database) -> None:
    compound_id = await start(database)
    for number in range(4):
        for leaf in range(number + 1):
            await write(database, compound_id, 10 * number + leaf)
        async with database.write() as session:
            await seal(session, SIGNER, compound_id, 3, "XH-1/3", NOW + timedelta(minutes=number), "daily")
    async with database.read() as session:
        heads = await list_checkpoints(session, compound_id, 3)
        leaves = await list_leaf_hashes(session, compound_id, 3, 10)
    assert [(each.size, each.reason) for each in heads] == [
        (1, "daily"),
        (3, "daily"),
        (6, "daily"),
        (10, "daily"),
    ]
    for first, second in pairwise(heads):
        proof = consistency_proof(leaves[: second.size], first.size)
        assert is_consistent(first.size, second.size, first.root, second.root, proof)


async def test_two_sealers_at_once_leave_no_gap_and_no_fork(database: Database) -> None:
    compound_id = await start(database)

    async def write_and_seal(number: int) -> None:
        await write(database, compound_id, number)
        await seal_all(database, SIGNER, NOW)

    await asyncio.gather(*(write_and_seal(number) for number in range(12)))
    await seal_all(database, SIGNER, NOW)
    async with database.read() as session:
        heads = await list_checkpoints(session, compound_id, 3)
        leaves = await list_leaf_hashes(session, compound_id, 3, 100)
    assert len(leaves) == heads[-1].size == 12
    for head in heads:
        assert head.root == root_of(leaves[: head.size])


async def test_a_log_that_cannot_be_sealed_does_not_hold_up_the_others(database: Database) -> None:
    compound_id = await start(database)
    await write(database, compound_id, 1)
    async with database.write() as session:
        # The first of two votes has a place without its leaf: sealing it must fail.
        other = Compound(code="XH-0", name="别的小区")
        session.add(other)
        await session.flush()
        assert other.compound_id is not None
        vote = await session.get_one(Vote, (compound_id, 3))
        session.add(
            Vote(
                compound_id=other.compound_id,
                vote_number=3,
                title="x",
                operator_id=vote.operator_id,
                created_at=NOW,
            )
        )
        await session.flush()
        session.add(UnsealedLeaf(compound_id=other.compound_id, vote_number=3, leaf_id="no such leaf"))
    with pytest.raises(IntegrityError):
        await seal_all(database, SIGNER, NOW)
    async with database.read() as session:
        assert len(await list_checkpoints(session, compound_id, 3)) == 1


async def test_a_leaf_of_a_transaction_that_failed_is_not_there(database: Database) -> None:
    compound_id = await start(database)
    with pytest.raises(RuntimeError):
        async with database.write() as session:
            write_leaf(session, compound_id, 3, "ballot", {}, NOW)
            raise RuntimeError
    assert await seal_all(database, SIGNER, NOW) == 0


async def test_a_clock_that_was_set_back_dates_no_head_before_the_last(database: Database) -> None:
    compound_id = await start(database)
    for number, at in enumerate((NOW, NOW - timedelta(days=3))):
        await write(database, compound_id, number, at)
        await seal_all(database, SIGNER, at)
    async with database.read() as session:
        assert [each.at for each in await list_checkpoints(session, compound_id, 3)] == [NOW, NOW]


@pytest.mark.parametrize("table", ["vote_leaves", "vote_log_entries", "vote_checkpoints"])
async def test_nobody_changes_or_drops_what_was_logged(database: Database, table: str) -> None:
    compound_id = await start(database)
    await write(database, compound_id, 1)
    await seal_all(database, SIGNER, NOW)
    for statement in (f"UPDATE {table} SET vote_number = 4", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.write() as session:
                await (await session.connection()).execute(text(statement))


async def test_the_mapped_rows_are_held_as_well(database: Database) -> None:
    compound_id = await start(database)
    await write(database, compound_id, 1)
    for statement in (update(VoteLeaf).values(kind="other"), delete(VoteLeaf)):
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.write() as session:
                await session.exec(statement)


def test_a_signature_is_for_one_statement_and_one_key() -> None:
    head = Checkpoint("XH-1/3", 5, b"\x01" * 32, NOW)
    signature = SIGNER.sign(head)
    other = Signer("Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=")
    assert is_signed(head, signature, SIGNER.public_key)
    assert not is_signed(head, signature, other.public_key)
    assert not is_signed(head, signature[:-1], SIGNER.public_key)
    assert not is_signed(head, signature, b"no key")
    assert not is_signed(Checkpoint("XH-1/3", 6, b"\x01" * 32, NOW), signature, SIGNER.public_key)
    assert not is_signed(Promise("XH-1/3", b"\x01" * 32, NOW), signature, SIGNER.public_key)
    assert SIGNER.key_id == key_id_of(SIGNER.public_key)
    assert len(SIGNER.key_id) == 16


@pytest.mark.parametrize("seed", ["", "AAEC", "not base64!", SEED + "AAAA"])
def test_a_seed_that_is_none(seed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Signer(seed)
