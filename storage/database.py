"""One door to either database: durable, serialised where SQLite needs it, migrated before use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

# Other processes (a backup, the command line, a second server on the same file) may hold the write lock this long.
BUSY_TIMEOUT_MS = 10_000

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
    "PRAGMA secure_delete=ON",  # what was blanked is overwritten, not only forgotten
)
# How long `scrub` waits for readers, while no message can be stored.
SCRUB_TIMEOUT_MS = 100


class DatabaseError(Exception):
    """The database cannot be used as configured; the message says what to do."""


def is_passing(error: Exception) -> bool:
    """Whether the database, not what was asked of it, is at fault: the same may work in a moment."""
    if isinstance(error, OperationalError | OSError):
        return True
    state = _state_of(error)
    # Serialisation failure, connection exception.
    return isinstance(error, DBAPIError) and (
        state == "40001" or state.startswith("08") or is_crossing(error)
    )


def is_crossing(error: Exception) -> bool:
    """Whether two transactions took the same locks in different orders, and this is the one that had to give way."""
    return isinstance(error, DBAPIError) and _state_of(error) == "40P01"


def _state_of(error: Exception) -> str:
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


class Database:
    """Sessions on SQLite or PostgreSQL.

    On SQLite every writer of this process queues at `write_lock` before BEGIN IMMEDIATE: a fair queue in memory
    instead of SQLite's sleeping retries. Other processes still meet at the file lock.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.write_lock = asyncio.Lock()
        if self.is_sqlite:
            self.path = parsed.database or ""
            if not self.path or self.path == ":memory:":
                raise DatabaseError("SQLite needs a file: sqlite:///FILE")
            try:
                Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DatabaseError(f"{Path(self.path).parent}: {error.strerror}") from error
            self._writer = self._sqlite_engine("BEGIN IMMEDIATE", SQLITE_PRAGMAS, pool_size=1)
            self._reader = self._sqlite_engine(
                "BEGIN", (*SQLITE_PRAGMAS, "PRAGMA query_only=ON"), pool_size=4
            )
        else:
            self.dsn = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
            self._writer = self._reader = create_async_engine(
                "postgresql+asyncpg://",
                pool_size=8,
                max_overflow=8,
                pool_pre_ping=True,
                async_creator=self._connect,
            )
        self._write_session = async_sessionmaker(self._writer, class_=AsyncSession, expire_on_commit=False)
        self._read_session = async_sessionmaker(self._reader, class_=AsyncSession, expire_on_commit=False)

    async def _connect(self, *_: Any, **__: Any) -> Any:
        # The driver reads the whole address: sslmode, sslrootcert, application_name and the rest mean what they
        # mean to PostgreSQL's own tools.
        return await asyncpg.connect(
            self.dsn, timeout=10, server_settings={"synchronous_commit": "on", "timezone": "UTC"}
        )

    def _sqlite_engine(self, begin: str, pragmas: tuple[str, ...], pool_size: int) -> AsyncEngine:
        engine = create_async_engine(
            make_url("sqlite+aiosqlite://").set(database=self.path),
            connect_args={
                "isolation_level": None
            },  # the driver's own BEGIN would come too late and be deferred
            pool_size=pool_size,
            max_overflow=0,
        )

        @event.listens_for(engine.sync_engine, "connect")
        def _configure(connection: Any, _record: Any) -> None:
            for pragma in pragmas:
                connection.execute(pragma).close()

        @event.listens_for(engine.sync_engine, "begin")
        def _begin(connection: Any) -> None:
            connection.exec_driver_sql(begin)

        return engine

    @property
    def engine(self) -> AsyncEngine:
        """The engine that writes."""
        return self._writer

    @property
    def reader(self) -> AsyncEngine:
        """The engine that reads; PostgreSQL has one for both."""
        return self._reader

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction, committed at the end of the block, rolled back by an exception."""
        if not self.is_sqlite:
            async with self._write_session() as session, session.begin():
                yield session
            return
        async with self.write_lock, self._write_session() as session, session.begin():
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A consistent read; nothing written in it is kept."""
        async with self._read_session() as session:
            yield session

    async def assert_durable(self) -> str:
        """Say how a commit is made durable; raises DatabaseError when it is not."""
        async with self.read() as session:
            if self.is_sqlite:
                mode = (await (await session.connection()).execute(text("PRAGMA journal_mode"))).scalar_one()
                level = (await (await session.connection()).execute(text("PRAGMA synchronous"))).scalar_one()
                if (mode, level) != ("wal", 2):
                    raise DatabaseError(
                        f"SQLite runs with journal_mode={mode}, synchronous={level}; need wal and FULL"
                    )
                return "sqlite wal synchronous=FULL"
            commit = (
                await (await session.connection()).execute(text("SHOW synchronous_commit"))
            ).scalar_one()
            fsync = (await (await session.connection()).execute(text("SHOW fsync"))).scalar_one()
            if (commit, fsync) != ("on", "on"):
                raise DatabaseError(
                    f"PostgreSQL runs with synchronous_commit={commit}, fsync={fsync}; need on and on"
                )
            return "postgresql synchronous_commit=on fsync=on"

    async def scrub(self) -> bool:
        """Empty SQLite's log, after words were blanked: until then it has the pages as they were before.

        False when a reader was in the way: try again. PostgreSQL forgets when it vacuums.
        """
        if not self.is_sqlite:
            return True
        async with self.write_lock, self._writer.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.execute(f"PRAGMA busy_timeout={SCRUB_TIMEOUT_MS}")
            try:
                async with driver.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
                    busy, _pages, _moved = await cursor.fetchone()
            finally:
                await driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        return not busy

    async def compact(self) -> bool:
        """Write SQLite's file anew, without stray copies of what was blanked; then `scrub`. For a quiet hour.

        secure_delete overwrites a value where it lies, but not the copies that stay behind when a page is split: about
        one blanked row in three hundred was still in the file. Nothing can be written meanwhile (about a second for
        100 MB).
        """
        if not self.is_sqlite:
            return True
        async with self.write_lock, self._writer.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.execute("VACUUM")
        return await self.scrub()

    async def is_up(self) -> bool:
        """Whether a trivial read works."""
        try:
            async with self.read() as session:
                await (await session.connection()).execute(text("SELECT 1"))
        except (DBAPIError, OSError):
            return False
        return True

    async def close(self) -> None:
        """Give back all connections."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()
