"""The schema goes up and down on both databases, and says what the code says."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from storage import migrate
from storage.database import Database, DatabaseError
from storage.tables import metadata


async def _tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def _up_down_up(database: Database) -> None:
    await migrate.upgrade(database)
    assert await migrate.current(database) == migrate.head()
    await migrate.downgrade(database, "base")
    assert await _tables(database) <= {"alembic_version"}
    await migrate.upgrade(database)
    async with database.engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    await database.close()
    assert differences == []


async def test_sqlite_goes_up_down_and_up_and_matches_the_tables(tmp_path: Path) -> None:
    await _up_down_up(Database(f"sqlite:///{tmp_path}/a.db"))


async def test_postgresql_goes_up_down_and_up_and_matches_the_tables(empty_postgres: str) -> None:
    await _up_down_up(Database(empty_postgres))


async def _followers_are_asked_for(database: Database) -> None:
    await migrate.upgrade(database, "0002")
    insert = text(
        "INSERT INTO channel_identities (account, external_id, person_id, first_seen_at, following, union_id) "
        "VALUES ('main', :who, 1, '2026-01-01 00:00:00+00', :following, :union_id)"
    )
    async with database.write() as session:
        connection = await session.connection()
        await connection.execute(
            text("INSERT INTO persons (person_id, created_at) VALUES (1, '2026-01-01 00:00:00+00')")
        )
        for who, following, union_id in (("old", True, ""), ("left", False, ""), ("known", True, "u")):
            await connection.execute(insert, {"who": who, "following": following, "union_id": union_id})
    await migrate.upgrade(database)
    async with database.read() as session:
        found = await (await session.connection()).execute(
            text("SELECT external_id FROM channel_identities WHERE ask_union_at IS NOT NULL")
        )
    await database.close()
    assert found.scalars().all() == ["old"]


async def test_followers_from_before_are_asked_for_on_sqlite(tmp_path: Path) -> None:
    await _followers_are_asked_for(Database(f"sqlite:///{tmp_path}/a.db"))


async def test_followers_from_before_are_asked_for_on_postgresql(empty_postgres: str) -> None:
    await _followers_are_asked_for(Database(empty_postgres))


async def test_start_creates_an_empty_database_but_never_migrates_an_old_one(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/a.db")
    await migrate.prepare(database)
    async with database.write() as session:
        await (await session.connection()).execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(DatabaseError, match="db upgrade"):
        await migrate.prepare(database)
    await database.close()


@pytest.mark.parametrize("statement", ["UPDATE audit_events SET verb = 'x'", "DELETE FROM audit_events"])
async def test_audit_log_refuses_changes(database: Database, statement: str) -> None:
    async with database.write() as session:
        await (await session.connection()).execute(
            text(
                "INSERT INTO audit_events (compound_id, event_id, at, verb, subject, details) "
                "VALUES (0, 'e', '2026-01-01 00:00:00+00', 'a.b', 's', '{}')"
            )
        )
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as session:
            await (await session.connection()).execute(text(statement))


async def test_commits_are_durable_by_configuration(database: Database) -> None:
    assert (
        "FULL" in await database.assert_durable()
        or "synchronous_commit=on" in await database.assert_durable()
    )
