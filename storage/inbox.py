"""The inbox writer: many received messages, one durable commit.

It speaks to the drivers directly: the acknowledgement of every callback waits for this, and the rows are plain.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from typing import NamedTuple, Protocol

import asyncpg

from storage.database import SQLITE_PRAGMAS, Database

_COLUMNS = (
    "account, message_key, kind, sender, sent_at, text, scene, media_id, room, quoted, reply_address, "
    "received_at, lease_owner, lease_until, state, attempts, outcome"
)


# A received message as it will be stored:
# account, message_key, kind, sender, sent_at, text, scene, media_id, room, quoted, reply_address.
InboxRow = tuple[str, str, str, str, datetime, str, str, str, str, str, str]


class Lease(NamedTuple):
    """Which replica works first on messages received now, and until when it is only its to do."""

    owner: str
    received_at: datetime
    until: datetime


class Stored(NamedTuple):
    """Where a message lies; `is_new` is False for one that was there before (a platform's retry)."""

    inbox_id: int
    is_new: bool


class InboxWriter(Protocol):
    """Writes rows in one commit and returns where each lies, in the same order."""

    async def write(self, rows: Sequence[InboxRow], lease: Lease) -> list[Stored]:
        """Durable when it returns; raises the driver's error and stores nothing when it cannot be."""

    async def close(self) -> None:
        """Give back the connection."""


def open_writer(database: Database) -> InboxWriter:
    """The writer for this database."""
    return SqliteInboxWriter(database) if database.is_sqlite else PostgresInboxWriter(database.dsn)


def _aware(value: datetime) -> datetime:
    # The drivers would take a naive one for the server's local time.
    if value.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored")
    return value


@lru_cache(maxsize=64)  # messages of one second say the same time
def _sqlite_time(value: datetime) -> str:
    # The form in which SQLAlchemy keeps a DateTime on SQLite.
    return _aware(value).astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@cache
def _sqlite_insert(rows: int) -> str:
    values = ",".join(["(?,?,?,?,?,?,?,?,?,?,?,?,?,?,'new',0,'')"] * rows)
    return f"INSERT INTO inbox ({_COLUMNS}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608


class SqliteInboxWriter:
    """One connection in one thread; the thread waits for the disk while the loop reads the next requests.

    A batch is one statement and so one transaction by itself: the thread gives up the interpreter lock once, for the
    whole of the insert and its wait for the disk.
    """

    _FIND = "SELECT inbox_id FROM inbox WHERE account = ? AND message_key = ?"

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="inbox")
        self._connection: sqlite3.Connection | None = None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._database.path, isolation_level=None, check_same_thread=False)
        for pragma in SQLITE_PRAGMAS:
            connection.execute(pragma)
        return connection

    def _insert(self, statement: str, values: Sequence[object]) -> tuple[int, int]:
        if self._connection is None:
            self._connection = self._connect()
        cursor = self._connection.execute(statement, values)
        return cursor.rowcount, cursor.lastrowid or 0

    def _find(self, rows: Sequence[InboxRow]) -> list[int]:
        assert self._connection is not None
        return [self._connection.execute(self._FIND, row[:2]).fetchone()[0] for row in rows]

    async def write(self, rows: Sequence[InboxRow], lease: Lease) -> list[Stored]:
        """See InboxWriter."""
        received_at, until = _sqlite_time(lease.received_at), _sqlite_time(lease.until)
        values: list[object] = []
        for account, key, kind, sender, sent_at, text, scene, media_id, room, quoted, address in rows:
            values += (
                account, key, kind, sender, _sqlite_time(sent_at), text, scene, media_id, room, quoted, address,
                received_at, lease.owner, until,
            )  # fmt: skip
        in_thread = partial(asyncio.get_running_loop().run_in_executor, self._thread)
        async with self._database.write_lock:
            added, last = await in_thread(self._insert, _sqlite_insert(len(rows)), values)
        first = last - added + 1  # rowids grow by one within a statement
        if added == len(rows):
            return [Stored(inbox_id, True) for inbox_id in range(first, last + 1)]
        stored, seen = [], set[int]()
        for inbox_id in await in_thread(self._find, rows):
            stored.append(Stored(inbox_id, added > 0 and first <= inbox_id <= last and inbox_id not in seen))
            seen.add(inbox_id)
        return stored

    async def close(self) -> None:
        """See InboxWriter."""
        if self._connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
            self._connection = None
        self._thread.shutdown(wait=False)  # idle by now; joining it would block the loop


class PostgresInboxWriter:
    """One asyncpg connection, opened again after it broke."""

    _INSERT = f"""
        INSERT INTO inbox ({_COLUMNS})
        SELECT *, $12::timestamptz, $13::text, $14::timestamptz, 'new', 0, '' FROM unnest(
            $1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::text[])
        ON CONFLICT DO NOTHING RETURNING account, message_key, inbox_id"""  # noqa: S608
    _FIND = """
        SELECT account, message_key, inbox_id FROM inbox
        JOIN unnest($1::text[], $2::text[]) AS wanted (account, message_key) USING (account, message_key)"""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: asyncpg.Connection | None = None

    async def write(self, rows: Sequence[InboxRow], lease: Lease) -> list[Stored]:
        """See InboxWriter."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._dsn, timeout=10, command_timeout=4, server_settings={"synchronous_commit": "on"}
            )
        # Two equal keys in one statement would both be "new": the first of each is written, the others find it.
        first: dict[tuple[str, str], InboxRow] = {}
        for row in rows:
            _aware(row[4])
            first.setdefault(row[:2], row)
        unique = list(first.values())
        try:
            returned = await self._connection.fetch(
                self._INSERT,
                *(list(column) for column in zip(*unique, strict=True)),
                lease.received_at,
                lease.owner,
                lease.until,
            )
            places = {(account, key): Stored(inbox_id, True) for account, key, inbox_id in returned}
            missing = [key for key in first if key not in places]
            if missing:
                known = await self._connection.fetch(
                    self._FIND, [key[0] for key in missing], [key[1] for key in missing]
                )
                places.update({(account, key): Stored(inbox_id, False) for account, key, inbox_id in known})
        except BaseException:
            # Whoever gave up waiting leaves a connection that may never answer again.
            self._connection.terminate()
            self._connection = None
            raise
        result, seen = [], set[tuple[str, str]]()
        for row in rows:
            key = row[:2]
            place = places[key]
            result.append(place if key not in seen else Stored(place.inbox_id, False))
            seen.add(key)
        return result

    async def close(self) -> None:
        """See InboxWriter."""
        if self._connection is not None:
            try:
                await self._connection.close(timeout=2)
            except (TimeoutError, OSError, asyncpg.InterfaceError):
                self._connection.terminate()
            self._connection = None
