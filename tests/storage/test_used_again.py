"""The databases of the tests themselves: one test must not see what another one did."""

import asyncpg
import pytest

from tests.postgres import Migrated

ADD = "INSERT INTO persons (created_at) VALUES (now()) RETURNING person_id"
NOTE = "INSERT INTO audit_events VALUES (0, 'e', now(), NULL, 'verb', '', '{}')"  # refuses to be deleted


async def _run(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_it_is_empty_and_counts_from_one(migrated_databases: Migrated) -> None:
    url = await migrated_databases.take()
    assert [await _run(url, ADD) for _ in range(2)] == [1, 2]
    await _run(url, NOTE)
    migrated_databases.give_back(url)
    assert await migrated_databases.take() == url
    assert await _run(url, "SELECT count(*) FROM audit_events") == 0
    assert await _run(url, ADD) == 1
    assert await _run(url, "SELECT version_num FROM alembic_version")
    migrated_databases.give_back(url)


async def test_whoever_was_left_behind_is_gone(migrated_databases: Migrated) -> None:
    url = await migrated_databases.take()
    left = await asyncpg.connect(url)
    await left.execute("BEGIN")
    await left.fetchval(ADD)
    migrated_databases.give_back(url)
    assert await migrated_databases.take() == url
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await left.execute("COMMIT")
    assert await _run(url, "SELECT count(*) FROM persons") == 0
    left.terminate()
    migrated_databases.give_back(url)


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE web_sessions CASCADE",
        "ALTER TABLE persons ADD COLUMN more int",
        "ALTER TABLE persons ALTER COLUMN created_at DROP NOT NULL",
        "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
async def test_with_another_schema_it_is_not_used_again(migrated_databases: Migrated, change: str) -> None:
    url = await migrated_databases.take()
    await _run(url, change)
    migrated_databases.give_back(url)
    other = await migrated_databases.take()
    assert other != url
    migrated_databases.give_back(other)
