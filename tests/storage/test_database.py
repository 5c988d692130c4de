"""What both databases must do alike: no lost update, no naive time, no half transaction."""

import asyncio
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlmodel import col, select

from storage.database import Database, DatabaseError
from storage.inbox import open_writer
from storage.queries.opinions import next_number
from storage.tables import AuditEvent, Claim, Compound, Counter
from tests.storage.rows import NOW, lease, row


async def _compound(database: Database) -> int:
    async with database.write() as session:
        compound = Compound(code="XH-1", name="新禾苑")
        session.add(compound)
        await session.flush()
        assert compound.compound_id is not None
        return compound.compound_id


async def test_five_writers_with_twenty_increments_each_make_a_hundred(
    database: Database, database_url: str
) -> None:
    compound_id = await _compound(database)
    async with database.write() as session:
        session.add(Counter(compound_id=compound_id, name="test", value=0))
    # Two of the writers have a database object of their own, as another process would.
    databases = [database, database, database, Database(database_url), Database(database_url)]

    async def increment(one: Database) -> None:
        for _ in range(20):
            async with one.write() as session:
                statement = select(Counter).where(Counter.compound_id == compound_id).with_for_update()
                counter = (await session.exec(statement)).one()
                value = counter.value
                await asyncio.sleep(0)
                counter.value = value + 1

    await asyncio.gather(*(increment(one) for one in databases))
    async with database.read() as session:
        assert (await session.get_one(Counter, (compound_id, "test"))).value == 100
    for one in databases[3:]:
        await one.close()


async def test_numbers_are_given_once_and_without_gaps(database: Database, database_url: str) -> None:
    compound_id = await _compound(database)
    other = Database(database_url)

    async def number(one: Database) -> int:
        async with one.write() as session:
            return await next_number(session, compound_id, "opinion")

    given = await asyncio.gather(*(number(one) for _ in range(10) for one in (database, other)))
    assert sorted(given) == list(range(1001, 1021))
    await other.close()


async def test_a_number_of_a_failed_transaction_is_given_again(database: Database) -> None:
    compound_id = await _compound(database)
    with pytest.raises(ZeroDivisionError):
        async with database.write() as session:
            assert await next_number(session, compound_id, "opinion") == 1001
            raise ZeroDivisionError
    async with database.write() as session:
        assert await next_number(session, compound_id, "opinion") == 1001


async def test_a_naive_time_is_refused(database: Database) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(StatementError, match="naive datetime"):
        async with database.write() as session:
            session.add(Claim(job="j", period="p", owner="o", claimed_at=naive))
    with pytest.raises(StatementError, match="naive datetime"):
        async with database.read() as session:
            await session.exec(select(Claim).where(Claim.claimed_at < naive))


async def test_a_time_comes_back_as_the_same_moment_in_utc(database: Database) -> None:
    in_shanghai = datetime(2026, 3, 12, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=8)))
    async with database.write() as session:
        session.add(Claim(job="j", period="p", owner="o", claimed_at=in_shanghai))
    async with database.read() as session:
        claim = await session.get_one(Claim, ("j", "p"))
    assert claim.claimed_at == in_shanghai
    assert claim.claimed_at.utcoffset() == timedelta(0)


async def test_an_unknown_state_is_refused_by_the_database_itself(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            await (await session.connection()).execute(
                text("INSERT INTO regions (code, level, name) VALUES ('440103', 'galaxy', '荔湾区')")
            )


async def test_a_row_of_an_unknown_compound_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            session.add(Counter(compound_id=999, name="opinion", value=1))


async def test_a_transaction_stands_or_falls_as_a_whole(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.write() as session:
            session.add(Claim(job="j", period="p", owner="o", claimed_at=NOW))
            await session.flush()
            raise ZeroDivisionError
    async with database.read() as session:
        assert (await session.exec(select(Claim))).all() == []


async def test_nothing_written_in_a_read_is_kept(database: Database) -> None:
    await _compound(database)
    try:
        async with database.read() as session:
            await session.exec(update(Compound).values(name="别的名字"))
    except DBAPIError:
        assert database.is_sqlite  # which says at once that this is a read
    async with database.read() as session:
        assert (await session.exec(select(col(Compound.name)))).one() == "新禾苑"


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    async with database.write() as session:
        session.add(Claim(job="j", period="p", owner="o", claimed_at=NOW))
        await session.flush()
        async with asyncio.timeout(2), database.read() as reader:
            assert (await reader.exec(select(Claim))).all() == []
        assert await database.is_up()


async def test_an_audit_row_cannot_be_changed_through_the_tables_either(database: Database) -> None:
    async with database.write() as session:
        session.add(AuditEvent(compound_id=0, event_id="e", at=NOW, verb="a.b", subject="s"))
    with pytest.raises(DBAPIError, match="append-only"):
        async with database.write() as session:
            (await session.get_one(AuditEvent, (0, "e"))).verb = "x.y"


def test_sqlite_in_memory_is_refused() -> None:
    for url in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(DatabaseError, match="needs a file"):
            Database(url)


async def test_a_server_that_is_away_is_not_up() -> None:
    database = Database("postgresql://nobody:wrong@127.0.0.1:1/none?sslmode=disable")
    assert not await database.is_up()
    await database.close()


async def test_both_drivers_read_the_tls_mode_in_the_address(migrated_postgres: str) -> None:
    joint = "&" if "?" in migrated_postgres else "?"
    database = Database(f"{migrated_postgres}{joint}sslmode=disable")
    assert await database.is_up()
    writer = open_writer(database)
    assert [place.is_new for place in await writer.write([row("a")], lease())] == [True]
    await writer.close()
    await database.close()
    demanding = Database(f"{migrated_postgres}{joint}sslmode=nonsense")
    with pytest.raises(Exception, match="sslmode"):
        await demanding.assert_durable()
    await demanding.close()
