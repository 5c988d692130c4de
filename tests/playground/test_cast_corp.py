"""The sample corp fits the bot's configuration and the sample compound."""

import asyncio
from pathlib import Path

from bot.config import Settings
from bot.playground import cast_corp
from bot.playground.account import Account
from bot.playground.archive import ArchiveFeed, new_key
from bot.playground.platform import Platform
from bot.playground.wecom.rooms import RoomKind


async def test_settings_and_groups(account: Account, tmp_path: Path) -> None:
    feed = ArchiveFeed({1: new_key()})
    platform = Platform(account, corp=cast_corp.make_corp(), aibot=cast_corp.make_aibot(), archive=feed)
    key = cast_corp.furnish(platform)
    await platform.start()
    try:
        channels = cast_corp.channel_settings(
            platform, key, await asyncio.to_thread(feed.write_keys, tmp_path)
        )
    finally:
        await platform.stop()
    settings = Settings.model_validate(
        {
            "environment": "demo",
            "security": {
                "column_keys": ["k:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="],
                "lookup_key": "YWJjZGVmMDEyMzQ1Njc4OTAxMjM0NTY3ODlhYmNkZWY=",
            },
            "channels": channels,
        }
    )
    assert [channel.kind for channel in settings.channels.values()] == [
        "wecom_app",
        "aibot",
        "group_webhook",
        "chat_archive",
    ]
    rooms = {room.chat_id: room for room in platform.wecom.rooms.all() if room.kind is not RoomKind.APP}
    assert [entry.room for entry in cast_corp.GROUP_ENTRIES] == list(rooms)
    for entry in cast_corp.GROUP_ENTRIES:
        assert rooms[entry.room].kind.value == entry.kind.value
        assert rooms[entry.room].name == entry.name
        assert entry.owner in ("", rooms[entry.room].owner)
