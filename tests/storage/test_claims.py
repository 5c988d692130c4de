"""Claims: of several racers one wins."""

import asyncio
from datetime import timedelta

from storage.claims import forget_claims, try_claim
from storage.database import Database
from tests.storage.rows import NOW


async def _race(database: Database, owner: str, period: str) -> bool:
    async with database.write() as session:
        mine = await try_claim(session, "retention", period, owner, NOW)
        await asyncio.sleep(0.01)  # the loser's insert meets an uncommitted row
        return mine


async def test_of_two_racers_one_does_the_job(database: Database, database_url: str) -> None:
    other = Database(database_url)
    for day in range(5):
        period = f"2026-03-{day + 1:02}"
        results = await asyncio.gather(
            _race(database, "replica-a", period),
            _race(other, "replica-b", period),
            _race(database, "c", period),
        )
        assert sorted(results) == [False, False, True]
    await other.close()


async def test_a_claim_that_was_rolled_back_is_free_again(database: Database) -> None:
    class Crash(Exception):  # noqa: N818
        pass

    try:
        async with database.write() as session:
            assert await try_claim(session, "retention", "2026-03-01", "replica-a", NOW)
            raise Crash
    except Crash:
        pass
    assert await _race(database, "replica-b", "2026-03-01")


async def test_old_claims_are_forgotten_and_recent_ones_kept(database: Database) -> None:
    async with database.write() as session:
        await try_claim(session, "retention", "old", "a", NOW - timedelta(days=2))
        await try_claim(session, "retention", "new", "a", NOW)
        assert await forget_claims(session, NOW - timedelta(days=1)) == 1
    assert await _race(database, "a", "old")
    assert not await _race(database, "a", "new")
