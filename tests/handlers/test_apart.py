"""Rows apart from each other: one that fails leaves the others done, in batches as one by one."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart, some_apart
from storage.claims import claim_all, try_claim
from storage.database import Database
from storage.tables import Claim

NOW = datetime(2026, 3, 12, tzinfo=UTC)


class BadError(Exception):
    """A row that cannot be done."""


async def do_one(session: AsyncSession, row: str) -> int:
    return await do_some(session, [row])


async def do_some(session: AsyncSession, rows: Sequence[str]) -> int:
    claimed = await claim_all(session, [("row", row) for row in rows], "", NOW)
    if "bad" in rows or "worse" in rows:
        raise BadError
    return len(claimed)


async def done(database: Database) -> list[str]:
    async with database.read() as session:
        return sorted(await session.exec(select(Claim.period)))


async def test_one_that_fails_does_not_hold_up_the_others(database: Database) -> None:
    with pytest.raises(BadError):
        await each_apart(database, ["a", "bad", "b"], do_one)
    assert await done(database) == ["a", "b"]


async def test_a_batch_that_fails_is_done_one_by_one(database: Database) -> None:
    with pytest.raises(BadError):
        await some_apart(database, [["a", "b"], ["c", "bad", "d", "worse"], ["e"]], do_some)
    assert await done(database) == ["a", "b", "c", "d", "e"]
    assert await some_apart(database, [["e", "f"], ["g"]], do_some) == 2


async def test_one_alone_is_not_tried_twice_and_a_database_that_is_gone_ends_it(database: Database) -> None:
    tried: list[Sequence[str]] = []

    async def do(session: AsyncSession, rows: Sequence[str]) -> int:
        tried.append(rows)
        if rows == ["gone"]:
            raise ConnectionResetError
        return await do_some(session, rows)

    with pytest.raises(BadError):
        await some_apart(database, [["bad"], ["a"]], do)
    with pytest.raises(ConnectionResetError):
        await some_apart(database, [["gone"], ["b"]], do)
    assert tried == [["bad"], ["a"], ["gone"]]
    assert await done(database) == ["a"]


async def test_a_claim_is_one_callers_however_it_is_made(database: Database) -> None:
    async with database.write() as session:
        assert await try_claim(session, "job", "1", "first", NOW)
        wanted = [("job", "1"), ("job", "2"), ("job", "2"), ("other", "1")]
        assert await claim_all(session, wanted, "second", NOW) == {("job", "2"), ("other", "1")}
        assert not await try_claim(session, "job", "2", "first", NOW)
        assert await claim_all(session, [], "second", NOW) == set()
        # More than one statement has parameters for.
        many = [("many", str(number)) for number in range(9000)]
        assert await claim_all(session, many, "first", NOW) == set(many)
