"""Claims: of several replicas, one does a periodic job for a period."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.tables import Claim
from storage.upsert import insert_for, insert_ignore


async def try_claim(session: AsyncSession, job: str, period: str, owner: str, now: datetime) -> bool:
    """Whether this caller is the one that does `job` for `period`; the work belongs in the same transaction."""
    return await insert_ignore(
        session, Claim, {"job": job, "period": period, "owner": owner, "claimed_at": now}
    )


async def claim_all(
    session: AsyncSession, wanted: Sequence[tuple[str, str]], owner: str, now: datetime
) -> set[tuple[str, str]]:
    """The same for several (job, period) in one statement; returns those that are this caller's."""
    if not wanted:
        return set()
    statement = (
        insert_for(session, Claim)
        .values(
            [
                {"job": job, "period": period, "owner": owner, "claimed_at": now}
                for job, period in dict.fromkeys(wanted)
            ]
        )
        .on_conflict_do_nothing()
        .returning(Claim.job, Claim.period)
    )
    return {(job, period) for job, period in (await session.exec(statement)).all()}


async def forget_claims(session: AsyncSession, before: datetime) -> int:
    """Drop claims of long ago; returns how many."""
    result = await session.exec(delete(Claim).where(col(Claim.claimed_at) < before))
    return int(result.rowcount)
