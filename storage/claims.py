"""Claims: of several replicas, one does a periodic job for a period."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.tables import Claim
from storage.upsert import insert_for, insert_ignore

_AT_ONCE = 2000  # both databases take 32,000 parameters


async def try_claim(session: AsyncSession, job: str, period: str, owner: str, now: datetime) -> bool:
    """Whether this caller is the one that does `job` for `period`; the work belongs in the same transaction."""
    return await insert_ignore(
        session, Claim, {"job": job, "period": period, "owner": owner, "claimed_at": now}
    )


async def claim_all(
    session: AsyncSession, wanted: Sequence[tuple[str, str]], owner: str, now: datetime
) -> set[tuple[str, str]]:
    """The same for several (job, period) in one statement; returns those that are this caller's."""
    claimed: set[tuple[str, str]] = set()
    each = sorted(set(wanted))  # in one order everywhere, so that two callers wait for each other in none
    for start in range(0, len(each), _AT_ONCE):
        statement = (
            insert_for(session, Claim)
            .values(
                [
                    {"job": job, "period": period, "owner": owner, "claimed_at": now}
                    for job, period in each[start : start + _AT_ONCE]
                ]
            )
            .on_conflict_do_nothing()
            .returning(Claim.job, Claim.period)
        )
        claimed |= {(job, period) for job, period in (await session.exec(statement)).all()}
    return claimed


async def forget_claims(session: AsyncSession, before: datetime) -> int:
    """Drop claims of long ago; returns how many."""
    result = await session.exec(delete(Claim).where(col(Claim.claimed_at) < before))
    return int(result.rowcount)
