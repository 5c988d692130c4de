"""Databases that one test uses after the other: SQLite's file made empty again, the engines kept."""

import asyncio
from pathlib import Path

from storage.database import Database
from storage.migrate import upgrade


class Databases:
    """One `Database` for each address, closed after each test and used again by the next.

    A new engine compiles every statement anew: that was a fifth of a short test's time.
    """

    def __init__(self) -> None:
        self._made: dict[str, Database] = {}
        self._migrated = b""

    async def open(self, url: str) -> Database:
        """A database without connections; SQLite's file is empty, at the newest revision."""
        database = self._made.setdefault(url, Database(url))
        database.write_lock = asyncio.Lock()  # the one before may belong to another loop
        if database.is_sqlite:
            await self._empty(database)
        return database

    async def _empty(self, database: Database) -> None:
        """Migrating each file anew took most of a short test's time."""
        path = Path(database.path)
        if self._migrated:
            path.write_bytes(self._migrated)
            return
        await upgrade(database)
        await database.scrub()  # all of it into the one file
        await database.close()
        self._migrated = path.read_bytes()
