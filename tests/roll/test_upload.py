"""A sheet between its upload and its import, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from handlers.roll.columns import Field
from handlers.roll.upload import (
    Said,
    content_of,
    drop_upload,
    forget_old_uploads,
    keep_upload,
    said_of,
    say,
)
from storage.database import Database
from storage.queries.roll import find_upload
from storage.sealing import Sealer
from storage.tables import Compound, Person

NOW = datetime(2026, 3, 12, 4, tzinfo=UTC)
SHEET = "王伟 440101199001011234".encode()


@pytest.fixture
async def there(database: Database) -> tuple[int, int]:
    async with database.write() as session:
        compound, person = Compound(code="XH-1", name="新禾苑"), Person(created_at=NOW)
        session.add_all([compound, person])
        await session.flush()
        assert compound.compound_id is not None
        assert person.person_id is not None
        return compound.compound_id, person.person_id


async def test_the_same_file_twice_at_once_is_one_and_is_sealed(
    database: Database, sealer: Sealer, there: tuple[int, int]
) -> None:
    compound_id, me = there

    async def bring(name: str) -> int:
        async with database.write() as session:
            return await keep_upload(session, sealer, compound_id, SHEET, name, NOW, actor_id=me)

    first, second = await asyncio.gather(bring("清册.xlsx"), bring("清册 (1).xlsx"))
    assert first == second
    async with database.read() as session:
        upload = await find_upload(session, compound_id, number=first)
        assert await find_upload(session, compound_id + 1, number=first) is None
    assert upload is not None
    assert content_of(sealer, upload) == SHEET
    assert "王伟".encode() not in upload.sealed


async def test_what_is_said_beside_it_stays_with_it_and_it_is_gone_after_a_day(
    database: Database, sealer: Sealer, there: tuple[int, int]
) -> None:
    compound_id, me = there
    said = Said({Field.OWNER: "C", Field.PHONE: ""}, "清册", ("某某置业",), replace=True)
    async with database.write() as session:
        number = await keep_upload(session, sealer, compound_id, SHEET, "清册.xlsx", NOW, actor_id=me)
        upload = await find_upload(session, compound_id, number=number)
        assert upload is not None
        assert said_of(upload) == Said({})
        say(session, upload, said)
    for hours, is_there in ((23, True), (25, False)):
        async with database.write() as session:
            await forget_old_uploads(session, NOW + timedelta(hours=hours))
        async with database.read() as session:
            upload = await find_upload(session, compound_id, number=number)
        assert (upload is not None) is is_there
        assert upload is None or said_of(upload) == said


async def test_a_sheet_can_be_dropped(database: Database, sealer: Sealer, there: tuple[int, int]) -> None:
    compound_id, me = there
    async with database.write() as session:
        number = await keep_upload(session, sealer, compound_id, SHEET, "清册.xlsx", NOW, actor_id=me)
        await drop_upload(session, compound_id, number)
    async with database.read() as session:
        assert await find_upload(session, compound_id, number=number) is None
