"""`./run serve` as a function, for processes that are forked: the clock may be ahead of the machine's."""

import asyncio
from datetime import timedelta
from pathlib import Path

from bot.app import utc_now
from bot.cli.serve import run
from bot.config import load_settings


def serve(config: Path, ahead_seconds: float) -> int:
    """Until SIGTERM; the exit code of the command."""
    ahead = timedelta(seconds=ahead_seconds)
    return asyncio.run(run(load_settings(config), lambda: utc_now() + ahead))
