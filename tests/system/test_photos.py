"""A photo from a resident's phone to the page, through the whole application and the simulated platform."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import select

from bot.app import open_sealer
from bot.cli.world import World, running_world
from bot.playground.cast import WANG
from bot.playground.cast_corp import BUILDING_3, external_id
from storage.blobs import find_blob
from storage.states import PhotoState
from storage.tables import InboxMessage, Photo
from tests.bot.shots import GPS, phone_shot

WORDS = "3栋2单元电梯坏了三天，老人下不来楼"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(tmp_path / "yishi.db") as world:
        yield world


async def photos_of(world: World, count: int, state: PhotoState) -> list[Photo]:
    """The photos, as soon as there are so many in this state."""
    async with asyncio.timeout(30):
        while True:
            async with world.application.database.read() as session:
                found = list((await session.exec(select(Photo).order_by(Photo.number))).all())  # type: ignore[arg-type]
            if [photo.state for photo in found] == [state] * count:
                return found
            await asyncio.sleep(0.1)


async def test_a_photo_is_fetched_soon_after_it_was_sent(world: World) -> None:
    openid, platform = WANG.openid, world.platform
    await platform.user_follows(openid, WANG.scene)
    told = await platform.user_sends(openid, WORDS)
    assert "编号 1001" in (told.reply or "")
    platform.faults.duplicate = 1
    shown = await platform.user_sends_image(openid, phone_shot())
    assert "已附在编号 1001" in (shown.reply or "")
    [photo] = await photos_of(world, 1, PhotoState.KEPT)
    assert photo.opinion_number == 1001
    database = world.application.database
    async with database.read() as session:
        kept = await find_blob(
            session, open_sealer(world.application.settings), photo.compound_id, photo.address or ""
        )
    assert kept is not None
    assert GPS not in kept[0]
    raw = b"".join(path.read_bytes() for path in Path(database.path).parent.glob("yishi.db*"))
    assert kept[0] not in raw
    assert GPS not in raw


async def test_a_photo_in_a_group_and_its_revocation(world: World) -> None:
    platform = world.platform
    assert platform.archive is not None
    platform.archive.text(BUILDING_3, external_id(WANG), WORDS)
    msgid = platform.archive.picture(BUILDING_3, external_id(WANG), phone_shot())
    await world.application.catch_up()
    await photos_of(world, 1, PhotoState.KEPT)
    platform.archive.revoke(msgid, external_id(WANG), BUILDING_3)
    await world.application.catch_up()
    assert await photos_of(world, 0, PhotoState.KEPT) == []
    async with world.application.database.read() as session:
        assert set((await session.exec(select(InboxMessage.media_id))).all()) == {""}
