"""Real server processes with a configuration of their own, and what they leave in their logs."""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from bot.playground.account import Account
from tests.conftest import COLUMN_KEY, LOOKUP_KEY
from tests.system.forked import Forked
from tests.system.served import serve

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0  # a limit, not an expectation: the machine may be loaded
ACCOUNT = Account(
    app_id="wx5823bf96d3bd56c7",
    app_secret="the-simulated-account-secret",
    token="QDG6eKcallbacktoken",
    encoding_aes_key="jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    gh_id="gh_7f083739789a",
)
COMPOUND = "HUAYUAN"
CALLBACK_PATH = "/wechat/main/callback"
OPENID_PREFIX = "oSystem"
MARK = "琥珀"  # in every text that anybody sends
SECRETS = (
    ACCOUNT.app_secret,
    ACCOUNT.token,
    ACCOUNT.encoding_aes_key,
    COLUMN_KEY.partition(":")[2],
    LOOKUP_KEY,
    "access_token",
    OPENID_PREFIX,
    MARK,
    "postgresql://",
)


@dataclass(frozen=True)
class Setup:
    """What differs between configurations."""

    database_url: str
    api_base: str = "http://127.0.0.1:9"
    passive_reply: bool = True
    passive_reply_seconds: float = 3.5
    stop_seconds: float = 10.0
    signing_key: str = ""
    more: str = ""

    def write(self, path: Path) -> None:
        path.write_text(
            f"""environment = "demo"
[server]
port = 0
admin_port = 0
stop_seconds = {self.stop_seconds}
[database]
url = "{self.database_url}"
[security]
column_keys = ["{COLUMN_KEY}"]
lookup_key = "{LOOKUP_KEY}"
{f'signing_key = "{self.signing_key}"' if self.signing_key else ""}
[channels.main]
kind = "official_account"
app_id = "{ACCOUNT.app_id}"
app_secret = "{ACCOUNT.app_secret}"
token = "{ACCOUNT.token}"
encoding_aes_key = "{ACCOUNT.encoding_aes_key}"
api_base = "{self.api_base}"
passive_reply = {str(self.passive_reply).lower()}
passive_reply_seconds = {self.passive_reply_seconds}
compound = "{COMPOUND}"
{self.more}""",
            "utf-8",
        )


@dataclass(eq=False)
class Server:
    """One server process. ready_seconds: from its start until /readyz said so."""

    process: Forked | subprocess.Popen[bytes]
    log: Path
    started_at: float
    address: str = ""
    admin: str = ""
    replica: str = ""
    ready_seconds: float = 0.0

    @property
    def callback_url(self) -> str:
        return self.address + CALLBACK_PATH

    async def wait_until_ready(self) -> None:
        while not (line := self._started()):
            assert self.process.poll() is None, f"the server ended: {self.log.read_text()}"
            assert time.monotonic() < self.started_at + START_SECONDS, "the server did not start in time"
            await asyncio.sleep(0.01)
        self.address, self.admin, self.replica = line["address"], line["admin"], line["replica"]
        assert await self.get("/readyz") == 200
        self.ready_seconds = time.monotonic() - self.started_at

    async def wait_until_idle(self) -> None:
        """Until start-up, some of which goes on in the background, has left the processor."""
        process = psutil.Process(self.process.pid)
        while True:
            before = process.cpu_times()
            await asyncio.sleep(0.3)
            after = process.cpu_times()
            if after.user + after.system - before.user - before.system < 0.05:
                return

    def _started(self) -> dict[str, Any] | None:
        """What it says when it serves. On a loaded machine there may be a warning of the clock before it."""
        lines = self.log.read_text("utf-8").split("\n")[:-1]
        return next((line for line in map(json.loads, lines) if line["event"] == "server.started"), None)

    async def get(self, path: str) -> int:
        """The status of a page of the admin address."""
        timeout = aiohttp.ClientTimeout(total=8)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(self.admin + path) as response,
        ):
            return response.status

    async def metrics(self) -> str:
        async with (
            aiohttp.ClientSession() as session,
            session.get(self.admin + "/metrics") as response,
        ):
            return await response.text()

    def kill(self) -> None:
        """As a power cut would: nothing is finished, nothing is told."""
        self.process.kill()

    def terminate(self) -> None:
        self.process.terminate()

    async def wait(self, seconds: float) -> int:
        """The exit code."""
        return await asyncio.to_thread(self.process.wait, seconds)

    def events(self) -> list[dict[str, Any]]:
        """The log; every line of it must be JSON."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]


@dataclass
class Fleet:
    """All servers of one test."""

    folder: Path
    servers: list[Server] = field(default_factory=list)

    async def start(self, setup: Setup, ahead_seconds: float = 0.0, *, as_command: bool = False) -> Server:
        """Start a server whose clock is ahead of the machine's. `as_command`: as an operator starts it."""
        number = len(self.servers)
        config, log = self.folder / f"server-{number}.toml", self.folder / f"server-{number}.log"
        setup.write(config)
        log.touch()
        started_at = time.monotonic()
        process = _run_command(config, log) if as_command else Forked(serve, (config, ahead_seconds), log)
        server = Server(process, log, started_at)
        self.servers.append(server)
        await server.wait_until_ready()
        return server

    def end(self) -> None:
        """Kill what still runs."""
        for server in self.servers:
            server.process.kill()
            server.process.wait(10)

    def check_logs(self) -> None:
        """No log of this test names a person, quotes a message, gives a secret away or dumps a traceback."""
        for server in self.servers:
            text = server.log.read_text("utf-8")
            found = [secret for secret in (*SECRETS, "Traceback") if secret in text]
            assert not found, f"{found} in the log:\n{text[:4000]}"
            server.events()


def _run_command(config: Path, log: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YISHI_")}
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", "serve", "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=ROOT,
            env=environment,
        )
