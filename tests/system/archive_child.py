"""A replica of which only the archive's poller runs."""

import asyncio
import secrets
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from prometheus_client import CollectorRegistry

from bot.archive import Archive, ArchiveMetrics, ArchivePoller
from bot.channels.archive_simulated import SimulatedSeal, SimulatedSource
from bot.channels.chat_archive import PrivateKeys
from bot.telemetry import configure_logs
from storage.database import Database
from tests.handlers.archive import ARCHIVE, PEOPLE, services


def poll(settings: dict[str, str]) -> int:
    """Poll until killed."""
    asyncio.run(main(settings))
    return 0


async def main(settings: dict[str, str]) -> None:
    configure_logs("info")
    database = Database(settings["database_url"])
    folder = Path(settings["keys"])
    keys = PrivateKeys.load({path.stem.rpartition("-")[2]: path for path in folder.glob("*.pem")})
    async with aiohttp.ClientSession() as http:
        archive = Archive(ARCHIVE, PEOPLE, SimulatedSource(settings["feed"], http), SimulatedSeal(), keys)
        poller = ArchivePoller(
            archive,
            database,
            services(),
            ArchiveMetrics(CollectorRegistry()),
            secrets.token_hex(8),
            lambda: datetime.now(UTC),
            page=int(settings["page"]),
            poll_seconds=0.05,
        )
        await poller.run()
