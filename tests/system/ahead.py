"""A server in another week: `python -m tests.system.ahead CONFIG SECONDS` serves with a clock that is ahead."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from bot.app import utc_now
from bot.cli.serve import run
from bot.config import load_settings

if __name__ == "__main__":
    ahead = timedelta(seconds=float(sys.argv[2]))
    sys.exit(asyncio.run(run(load_settings(Path(sys.argv[1])), lambda: utc_now() + ahead)))
