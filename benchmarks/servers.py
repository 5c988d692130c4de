"""Servers under measurement, pinned to one core: `python -m benchmarks.servers bare | CONFIG [--store-only]`."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from benchmarks.callbacks import PATH

SERVER_CORE = 0
WARM_SECONDS = 2.0  # the segmenter's dictionary is loaded in the background
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


class Server:
    """One of these servers in a process of its own, which stands still but for the blocks that `awake` opens."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self._process = process
        self.address = address

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let it run: what it has left to do must not weigh on the measurement of another."""
        self._process.send_signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGSTOP)


@contextmanager
def running(*arguments: str) -> Iterator[Server]:
    """Start one of these servers on its core."""
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
        time.sleep(WARM_SECONDS)
        process.send_signal(signal.SIGSTOP)
        yield Server(process, address)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    os.sched_setaffinity(0, {SERVER_CORE})
    if sys.argv[1] == "bare":
        asyncio.run(_serve_bare())
    else:
        asyncio.run(_serve_bot(Path(sys.argv[1]), store_only="--store-only" in sys.argv))
