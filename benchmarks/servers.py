"""Servers under measurement, pinned to one core: `python -m benchmarks.servers bare | CONFIG [--store-only]`."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from benchmarks.callbacks import PATH

SERVER_CORE = 0
CLIENT_CORE = 1


async def _success(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(text="success")


async def _serve_bare() -> None:
    application = web.Application()
    application.add_routes([web.post(PATH, _success)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


async def _serve_bot(config: Path, *, store_only: bool) -> None:
    from bot.app import Application
    from bot.config import load_settings
    from bot.telemetry import configure_logs

    configure_logs("error")
    application = Application(load_settings(config))
    await application.start()
    # There is no platform to send to: answers that were not offered stay in the outbox.
    application.pause(work=store_only, sending=True)
    print(application.address, flush=True)
    await asyncio.Event().wait()


@contextmanager
def running(*arguments: str) -> Iterator[str]:
    """Start one of these servers on its core; yields its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.servers", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        if not address:
            raise RuntimeError("the server did not start")
        yield address
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    os.sched_setaffinity(0, {SERVER_CORE})
    if sys.argv[1] == "bare":
        asyncio.run(_serve_bare())
    else:
        asyncio.run(_serve_bot(Path(sys.argv[1]), store_only="--store-only" in sys.argv))
