"""Servers that start in a moment: `python -m tests.system.litter` reads the tagger's files once and forks the rest.

A line {"config": FILE, "ahead": SECONDS, "log": FILE} on stdin starts a server with a clock that far ahead, in a
process of its own. It writes its log to FILE, the first line of which tells its address, and lives until it is killed;
its pid goes to stdout.
"""

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import bot.tagging
from bot.app import utc_now
from bot.cli.serve import run
from bot.config import load_settings
from nlp.reader import Reader
from nlp.segment import warm


def _serve(order: dict[str, Any]) -> None:
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    ahead = timedelta(seconds=order["ahead"])
    asyncio.run(run(load_settings(Path(order["config"])), lambda: utc_now() + ahead))


def main() -> None:
    """Fork until stdin ends."""
    reader = Reader.load()
    warm()
    vars(bot.tagging)["build"] = lambda _lexicon, _model: reader  # as it would read them, a second later
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            try:
                _serve(json.loads(line))
            finally:
                os._exit(1)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
