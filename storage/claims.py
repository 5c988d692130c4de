"""Claims: of several replicas, one does a periodic job for a period."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.tables import Claim
from storage.upsert import insert_ignore, insert_new


async def try_claim(session: AsyncSession, job: str, period: str, owner: str, now: datetime) -> bool:
    """Whether this caller is the one that does `job` for `period`; the work belongs in the same transaction."""
    return await insert_ignore(
        session, Claim, {"job": job, "period": period, "owner": owner, "claimed_at": now}
    )


async def claim_all(
    session: AsyncSession, wanted: Sequence[tuple[str, str]], owner: str, now: datetime
) -> set[tuple[str, str]]:
    """The same for several (job, period) at once; returns those that are this caller's."""
    rows = [
        {"job": job, "period": period, "owner": owner, "claimed_at": now}
        # In one order everywhere, so that two callers wait for each other in none.
        for job, period in sorted(set(wanted))
    ]
    return {(job, period) for job, period in await insert_new(session, Claim, rows, Claim.job, Claim.period)}


async def forget_claims(session: AsyncSession, before: datetime) -> int:
    """Drop claims of long ago; returns how many."""
    result = await session.exec(delete(Claim).where(col(Claim.claimed_at) < before))
    return int(result.rowcount)
