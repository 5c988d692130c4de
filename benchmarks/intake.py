"""Acknowledged and durable callbacks per second, beside a bare handler that only reads the body and says "success".

Encrypted safe mode, unique messages, 32 connections, one core for the server and one for the client, SQLite with
synchronous=FULL. Rounds of the contenders alternate; the figure is the median. `acknowledged` leaves the work on
the messages for later, as another replica or a quieter minute would do it; `acknowledged_while_working` has the
same core work on them meanwhile.
"""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.callbacks import CallbackSource, write_config
from benchmarks.load import drive
from benchmarks.servers import CLIENT_CORE, running

CONNECTIONS = 32


def run(quick: bool) -> Iterator[dict[str, Any]]:
    """Figures with ratio = value / reference."""
    yield from compare(
        {"acknowledged": ["--store-only"], "acknowledged_while_working": []}, "intake", False, quick
    )


def compare(
    contenders: dict[str, list[str]], bench: str, passive_reply: bool, quick: bool
) -> Iterator[dict[str, Any]]:
    """Measure servers with these arguments beside the bare handler, in turns."""
    rounds, count = (3, 3000) if quick else (7, 10000)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CLIENT_CORE})
    source = CallbackSource(seed=1)
    rates: dict[str, list[float]] = {name: [] for name in ("bare", *contenders)}
    try:
        with ExitStack() as stack:
            servers = {"bare": stack.enter_context(running("bare"))}
            for name, arguments in contenders.items():
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yishi")))
                config = write_config(folder, passive_reply=passive_reply)
                enrol(config)
                servers[name] = stack.enter_context(running(str(config), *arguments))
            for _ in range(rounds):
                for name, server in servers.items():
                    requests = source.make(server.address, count)
                    with server.awake():
                        rate, _answers = asyncio.run(drive(server.address, requests, CONNECTIONS))
                    rates[name].append(rate)
    finally:
        os.sched_setaffinity(0, before)
    reference = median(rates["bare"])
    for name in contenders:
        value = median(rates[name])
        yield {
            "bench": bench,
            "metric": name,
            "value": round(value),
            "unit": "callbacks/s",
            "reference": round(reference),
            "ratio": round(value / reference, 3),
        }


def enrol(config: Path) -> None:
    """Bring in the compound that the configuration names."""
    from bot.cli.compound import import_file
    from bot.config import load_settings

    entry = config.with_suffix(".compound")
    entry.write_text('code = "BENCH"\nname = "测试小区"\n[[building]]\ncode = "3"\nentrances = 2\n', "utf-8")
    asyncio.run(import_file(load_settings(config), str(entry)))
