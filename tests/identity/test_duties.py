"""Who has seen the owners' documents hands out no codes."""

import pytest

from handlers.identity.bind import Said
from handlers.identity.codes import issue_codes
from handlers.identity.errors import Code, IdentityError
from handlers.people.office import get_or_add_person
from handlers.roll.upload import keep_upload
from storage.database import Database
from tests.identity.world import FLAT, NOW, SEALER, TAILS, ZHANG, World, found


async def read_sheet(world: World, actor_id: int) -> None:
    async with world.database.write() as session:
        await keep_upload(session, SEALER, world.compound_id, b"sheet", "清册.xlsx", NOW, actor_id=actor_id)


async def print_code(world: World, actor_id: int) -> str:
    async with world.database.write() as session:
        [slip] = await issue_codes(session, SEALER, world.compound_id, [FLAT], NOW, actor_id=actor_id)
    return slip.code


async def test_who_read_the_sheet_prints_no_codes_and_a_colleague_does(database: Database) -> None:
    world = await found(database)
    async with database.write() as session:
        reader = await get_or_add_person(session, SEALER, "王书记", "13911112222", NOW)
        again = await get_or_add_person(session, SEALER, "王网格", "+86 139-1111-2222", NOW)
    await read_sheet(world, reader)
    for actor_id in (reader, again):
        with pytest.raises(IdentityError) as error:
            await print_code(world, actor_id)
        assert error.value.code is Code.SAW_DOCUMENTS
    code = await print_code(world, world.worker)
    assert await world.claim("zhang", FLAT, code, tail=TAILS[ZHANG]) is Said.BOUND


async def test_what_was_printed_before_the_sheet_was_read_counts_no_more(database: Database) -> None:
    world = await found(database)
    code = await print_code(world, world.worker)
    await read_sheet(world, world.secretary)
    await read_sheet(world, world.worker)  # the same file: they have it, too
    assert await world.claim("zhang", FLAT, code, tail=TAILS[ZHANG]) is Said.WRONG
