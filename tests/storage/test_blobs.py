"""Blobs: one per content and compound, sealed, capped, and never another compound's."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Mapper
from sqlmodel import SQLModel, col, select

from storage.blobs import LIMIT_BYTES, REFERRING, BlobTooLargeError, find_blob, put_blob
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


def test_every_column_with_the_address_of_a_blob_keeps_it() -> None:
    """A table that is not asked would lose its blob when a photo with the same bytes goes."""
    asked = {str(col(address)) for _compound_id, address in REFERRING}
    there = {
        f"{name}.{column.name}".lower()
        for name, table in ((mapper.class_.__name__, mapper.local_table) for mapper in _mappers())
        for column in table.columns
        if column.name.endswith("address") and getattr(column.type, "length", None) == ADDRESS_LENGTH
    }
    assert {name.lower() for name in asked} == there - {"blob.address"}
    assert there


ADDRESS_LENGTH = 64


def _mappers() -> list[Mapper[Any]]:
    return list(SQLModel._sa_registry.mappers)
