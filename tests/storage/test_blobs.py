"""Blobs: one per content and compound, sealed, capped, and never another compound's."""

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from storage.blobs import LIMIT_BYTES, BlobTooLargeError, find_blob, put_blob
from storage.database import Database
from storage.queries.tree import put_compound
from storage.sealing import Sealer
from storage.tables import Blob

NOW = datetime(2026, 5, 4, 3, 2, tzinfo=UTC)
PICTURE = b"\x89PNG a broken street lamp" * 40


async def _compound(database: Database, code: str) -> int:
    async with database.write() as session:
        compound = await put_compound(session, {"code": code, "name": code})
    assert compound.compound_id is not None
    return compound.compound_id


async def test_the_same_picture_is_kept_once_and_comes_back_as_it_was(
    database: Database, sealer: Sealer
) -> None:
    compound_id = await _compound(database, "A")
    addresses = []
    for _ in range(2):
        async with database.write() as session:
            addresses.append(await put_blob(session, sealer, compound_id, PICTURE, "image/png", NOW))
    async with database.read() as session:
        rows = (await session.exec(select(Blob))).all()
        found = await find_blob(session, sealer, compound_id, addresses[0])
    assert addresses[0] == addresses[1]
    assert len(rows) == 1
    assert PICTURE[:16] not in rows[0].sealed
    assert found == (PICTURE, "image/png")


async def test_another_compound_cannot_reach_a_picture_by_its_address(
    database: Database, sealer: Sealer
) -> None:
    mine, other = await _compound(database, "A"), await _compound(database, "B")
    async with database.write() as session:
        address = await put_blob(session, sealer, mine, PICTURE, "image/png", NOW)
    async with database.read() as session:
        assert await find_blob(session, sealer, other, address) is None


async def test_a_content_over_ten_megabytes_is_refused(database: Database, sealer: Sealer) -> None:
    compound_id = await _compound(database, "A")
    async with database.write() as session:
        with pytest.raises(BlobTooLargeError):
            await put_blob(session, sealer, compound_id, b"x" * (LIMIT_BYTES + 1), "image/png", NOW)
