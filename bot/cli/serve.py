"""./run serve: the bot, until SIGTERM or Ctrl-C."""

import asyncio
import signal
import sys
from collections.abc import Callable
from datetime import datetime

from bot.app import Application, utc_now
from bot.config import Settings
from bot.telemetry import configure_logs
from storage.database import DatabaseError


async def run(settings: Settings, clock: Callable[[], datetime] = utc_now) -> int:
    """Serve; returns 1 when it cannot start."""
    configure_logs(settings.log.level)
    if not settings.channels:
        print("yishi: no [channels.NAME] in the configuration: nothing to serve", file=sys.stderr)
        return 2
    application = Application(settings, clock)
    try:
        await application.start()
    except (DatabaseError, OSError) as error:
        print(f"yishi: cannot start: {error}", file=sys.stderr)
        return 1
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()
    await application.stop()
    return 0
