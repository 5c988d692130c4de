"""A whole world on this machine: the simulated platform, the bot, and a sample compound.

Nothing in it can reach a real account: keys are made anew at each start, the platform is a loopback address, and
settings with environment = "demo" refuse anything else.
"""

import asyncio
import secrets
import socket
import string
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from bot.app import Application, open_sealer, utc_now
from bot.cli.compound import read_compound
from bot.cli.keys import fresh_key
from bot.config import Settings
from bot.playground import cast_corp
from bot.playground.account import Account
from bot.playground.archive import ArchiveFeed, new_key
from bot.playground.backstage import DatabaseBackstage
from bot.playground.platform import Platform
from handlers.groups.register import note_told, register_group
from handlers.people.enrol import CompoundEntry, enrol_compound
from nlp.reader import Reader
from storage.database import Database
from storage.migrate import prepare
from storage.queries.groups import list_groups
from storage.queries.tree import find_compound
from storage.states import ChannelKind, GroupKind

SAMPLE = Path(__file__).parents[1] / "playground" / "sample_compound.toml"
ACCOUNT = "demo"
OTHER_ACCOUNTS = {
    cast_corp.CORP_ACCOUNT: ChannelKind.WECOM_APP,
    cast_corp.BOT_ACCOUNT: ChannelKind.AIBOT,
    cast_corp.WEBHOOK_ACCOUNT: ChannelKind.GROUP_WEBHOOK,
    cast_corp.ARCHIVE_ACCOUNT: ChannelKind.CHAT_ARCHIVE,
}


class StoryClock:
    """The wall clock, set forward by the story; the platform and the bot read the same one."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """Now, in the story."""
        return utc_now() + self._ahead

    def forward_to(self, at: datetime) -> None:
        """Let it be `at`; never goes back."""
        self._ahead = max(self._ahead, at - utc_now())


@dataclass(frozen=True, slots=True)
class World:
    """What runs in a demo."""

    platform: Platform
    application: Application
    backstage: DatabaseBackstage
    compound: CompoundEntry
    clock: StoryClock


@asynccontextmanager
async def running_world(database: Path) -> AsyncIterator[World]:
    """Start everything on a fresh database file, and stop it at the end."""
    await asyncio.to_thread(_start_over, database)
    account = Account(
        app_id=f"wx{secrets.token_hex(8)}",
        app_secret=secrets.token_hex(16),
        token=secrets.token_hex(8),
        encoding_aes_key="".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(43)),
        gh_id="gh_yishidemo",
    )
    clock = StoryClock()
    feed = ArchiveFeed({1: await asyncio.to_thread(new_key)}, clock=clock)
    platform = Platform(
        account, clock=clock, corp=cast_corp.make_corp(), aibot=cast_corp.make_aibot(), archive=feed
    )
    webhook_key = cast_corp.furnish(platform)
    api_base = await platform.start()
    keys = await asyncio.to_thread(feed.write_keys, database.parent)
    settings = _settings(
        account, api_base, database, _free_port(), cast_corp.channel_settings(platform, webhook_key, keys)
    )
    compound = await asyncio.to_thread(read_compound, SAMPLE)
    await _enrol(settings, compound, clock())
    application = Application(settings, clock)
    await application.start()
    try:
        platform.callback_url = f"{application.address}/wechat/{ACCOUNT}/callback"
        await platform.verify_callback()
        cast_corp.set_callbacks(platform, application.address)
        await platform.wecom.verify_callbacks()
        await _tell_groups(application, clock())
        tagger = await asyncio.to_thread(_load_reader)
        backstage = DatabaseBackstage(application.database, ACCOUNT, tagger, OTHER_ACCOUNTS)
        yield World(platform, application, backstage, compound, clock)
    finally:
        await application.stop()
        await platform.stop()


@cache
def _load_reader() -> Reader:
    return Reader.load()


def _start_over(database: Path) -> None:
    database.parent.mkdir(exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _free_port() -> int:
    """One that nobody listens at: the pages have to know their address before they are served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _settings(
    account: Account, api_base: str, database: Path, port: int, others: Mapping[str, dict[str, Any]]
) -> Settings:
    return Settings.model_validate(
        {
            "environment": "demo",
            "server": {"port": port, "admin_port": 0, "public_url": f"http://127.0.0.1:{port}"},
            "database": {"url": f"sqlite:///{database}"},
            "security": {
                "column_keys": [f"demo:{fresh_key()}"],
                "lookup_key": fresh_key(),
                "signing_key": fresh_key(),
            },
            "channels": {
                ACCOUNT: {
                    "kind": "official_account",
                    "app_id": account.app_id,
                    "app_secret": account.app_secret,
                    "token": account.token,
                    "encoding_aes_key": account.encoding_aes_key,
                    "api_base": api_base,
                },
                **others,
            },
        }
    )


async def _enrol(settings: Settings, entry: CompoundEntry, now: datetime) -> None:
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        async with database.write() as session:
            await enrol_compound(session, open_sealer(settings), entry, now)
            compound = await find_compound(session, entry.code)
            assert compound is not None
            for group in cast_corp.GROUP_ENTRIES:
                await register_group(session, compound, group, now)
    finally:
        await database.close()


async def _tell_groups(application: Application, now: datetime) -> None:
    """Staff have posted the notice that the bot listens, and everybody who is in the groups has seen it."""
    await application.catch_up()  # who is in the groups
    async with application.database.write() as session:
        for group, _ in await list_groups(session):
            if group.kind is GroupKind.CUSTOMER:
                await note_told(session, group, cast_corp.CORP_ACCOUNT, now)
