"""What the database says happened, read past the application."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text, update
from sqlmodel import col

from bot.app import utc_now
from handlers.people.enrol import CompoundEntry, PlaceEntry, enrol_compound
from storage.database import Database
from storage.migrate import prepare
from storage.sealing import Sealer
from storage.states import PlaceLevel
from storage.tables import ArchiveCursor, InboxMessage, OutboxMessage
from tests.conftest import COLUMN_KEY, LOOKUP_KEY
from tests.system.fleet import COMPOUND
from tests.system.residents import Message

TABLES = ("inbox", "outbox", "opinions", "persons", "channel_identities", "audit_events")


async def found_compound(database_url: str) -> None:
    """One compound with a building, which the account serves."""
    database = Database(database_url)
    entry = CompoundEntry(COMPOUND, "花园小区", (), (PlaceEntry(PlaceLevel.BUILDING, "3", "3栋", None),), ())
    await prepare(database)
    async with database.write() as session:
        await enrol_compound(session, Sealer([COLUMN_KEY], LOOKUP_KEY), entry, utc_now())
    await database.close()


@dataclass(frozen=True)
class Row:
    """One message as it lies in the inbox."""

    inbox_id: int
    state: str
    outcome: str


class Books:
    """A look into the tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def select(self, statement: str) -> list[tuple[object, ...]]:
        async with self._database.read() as session:
            connection = await session.connection()
            return [tuple(row) for row in (await connection.execute(text(statement))).all()]

    async def count(self, statement: str) -> int:
        value = (await self.select(f"SELECT count(*) {statement}"))[0][0]
        assert isinstance(value, int)
        return value

    async def counts(self) -> dict[str, int]:
        """Rows in each table that a message can write to."""
        return {table: await self.count(f"FROM {table}") for table in TABLES}

    async def end_leases(self, replica: str, now: datetime) -> None:
        """Let what a killed replica held be anyone's at once: a test need not sit out a minute for each that dies."""
        async with self._database.write() as session:
            for table in (InboxMessage, OutboxMessage, ArchiveCursor):
                held = update(table).where(col(table.lease_owner) == replica, col(table.lease_until) > now)
                await session.exec(held.values(lease_until=now))

    async def inbox(self) -> dict[str, Row]:
        """By message key; fails when a key is there twice."""
        rows = await self.select("SELECT message_key, inbox_id, state, outcome FROM inbox")
        found = {str(key): Row(int(str(number)), str(state), str(how)) for key, number, state, how in rows}
        assert len(found) == len(rows), "a message is in the inbox twice"
        return found

    async def outbox_states(self) -> dict[str, int]:
        rows = await self.select("SELECT state, count(*) FROM outbox GROUP BY state")
        return {str(state): int(str(count)) for state, count in rows}

    async def wait_until_worked(self, seconds: float) -> float:
        """Until nothing new is left; returns how long that took. Fails when nothing was worked on for `seconds`."""
        started = moved = time.monotonic()
        before = None
        while left := await self.count("FROM inbox WHERE state = 'new'"):
            if left != before:
                before, moved = left, time.monotonic()
            assert time.monotonic() < moved + seconds, await self.select(
                "SELECT state, lease_owner, lease_until, attempts, count(*) FROM inbox GROUP BY 1, 2, 3, 4"
            )
            await asyncio.sleep(0.1)
        return time.monotonic() - started

    async def check(self, sent: Collection[Message], acknowledged: Collection[Message]) -> None:
        """Every acknowledged message is there once and was worked on once; nothing is there that nobody sent."""
        inbox = await self.inbox()
        lost = [message for message in acknowledged if message.key not in inbox]
        assert not lost, f"{len(lost)} acknowledged messages are lost"
        by_key = {message.key: message for message in sent}
        assert inbox.keys() <= by_key.keys()
        assert {row.state for row in inbox.values()} <= {"done"}
        outcomes = {(by_key[key].complains, row.outcome == "opinion.filed") for key, row in inbox.items()}
        assert outcomes <= {(True, True), (False, False)}

        complaints = sorted(row.inbox_id for key, row in inbox.items() if by_key[key].complains)
        opinions = await self.select("SELECT number, inbox_id FROM opinions ORDER BY number")
        assert sorted(int(str(inbox_id)) for _, inbox_id in opinions) == complaints
        numbers = [int(str(number)) for number, _ in opinions]
        first = numbers[0] if numbers else 0
        assert numbers == list(range(first, first + len(numbers)))
        assert await self.count("FROM audit_events WHERE verb = 'opinion.filed'") == len(complaints)

        answers = await self.select("SELECT inbox_id FROM outbox WHERE inbox_id IS NOT NULL ORDER BY 1")
        answered = [int(str(inbox_id)) for (inbox_id,) in answers]
        assert answered == sorted(row.inbox_id for row in inbox.values())
        doubled = await self.select(
            "SELECT account, dedupe_key FROM outbox GROUP BY account, dedupe_key HAVING count(*) > 1"
        )
        assert not doubled
        assert not {"dead", "uncertain", "cancelled"} & (await self.outbox_states()).keys()


@asynccontextmanager
async def open_books(database_url: str) -> AsyncIterator[Books]:
    """A look into this database while servers use it."""
    database = Database(database_url)
    try:
        yield Books(database)
    finally:
        await database.close()
