"""Claims: of several replicas, one does a periodic job for a period."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.tables import Claim
from storage.upsert import insert_ignore


async def try_claim(session: AsyncSession, job: str, period: str, owner: str, now: datetime) -> bool:
    """Whether this caller is the one that does `job` for `period`; the work belongs in the same transaction."""
    return await insert_ignore(
        session, Claim, {"job": job, "period": period, "owner": owner, "claimed_at": now}
    )


async def forget_claims(session: AsyncSession, before: datetime) -> int:
    """Drop claims of long ago; returns how many."""
    result = await session.exec(delete(Claim).where(col(Claim.claimed_at) < before))
    return int(result.rowcount)
