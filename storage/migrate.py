"""Bringing a database to a schema revision and asking where it stands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from storage.database import Database, DatabaseError


def alembic_config(connection: Connection | None = None) -> Config:
    """The configuration that alembic would read from an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The revision this code needs."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head() or ""


async def _on_connection(database: Database, job: Callable[[Connection], Any]) -> Any:
    async with database.write_lock, database.engine.begin() as connection:
        if not database.is_sqlite:
            # Two replicas may start at once; the second waits and finds nothing left to do.
            await connection.execute(text("SELECT pg_advisory_xact_lock(7264001)"))
        return await connection.run_sync(job)


async def upgrade(database: Database, revision: str = "head") -> None:
    """Migrate up; all or nothing."""
    await _on_connection(database, lambda connection: command.upgrade(alembic_config(connection), revision))


async def downgrade(database: Database, revision: str) -> None:
    """Migrate down to a revision ("base" removes everything)."""
    await _on_connection(database, lambda connection: command.downgrade(alembic_config(connection), revision))


async def current(database: Database) -> str:
    """The revision the database is at, empty for none; raises DatabaseError when it cannot be reached."""
    try:
        async with database.engine.connect() as connection:
            return await connection.run_sync(
                lambda sync: MigrationContext.configure(sync).get_current_revision() or ""
            )
    except OSError as error:
        reason = str(error) or type(error).__name__
        raise DatabaseError(f"the database cannot be reached: {reason}") from error


async def prepare(database: Database) -> None:
    """Create the schema in an empty database; raises DatabaseError for one at another revision.

    An existing database is never migrated by a mere start: an operator decides when, after a backup.
    """
    found = await current(database)
    if found == head():
        return
    async with database.engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    if found or tables:
        raise DatabaseError(
            f"the database is at revision {found or 'none'}, this version needs {head()}: "
            "back it up, then ./run db upgrade --config FILE"
        )
    await upgrade(database)
