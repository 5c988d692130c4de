"""Visit plans and visits. Nothing here is for figures: who is on the list is a secret."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.tables import Claim, HomeVisit, VisitPlan


async def list_plans(
    session: AsyncSession, compound_id: int, worker_id: int | None = None
) -> list[VisitPlan]:
    """The plans of a compound that go on; of one worker, or all."""
    statement = select(VisitPlan).where(
        VisitPlan.compound_id == compound_id, col(VisitPlan.ended_at).is_(None)
    )
    if worker_id is not None:
        statement = statement.where(VisitPlan.worker_id == worker_id)
    return list(await session.exec(statement.order_by(col(VisitPlan.number))))


async def list_plans_of_worker(session: AsyncSession, worker_id: int) -> list[VisitPlan]:
    """The plans of a worker that go on, of all compounds."""
    statement = (
        select(VisitPlan)
        .where(VisitPlan.worker_id == worker_id, col(VisitPlan.ended_at).is_(None))
        .order_by(col(VisitPlan.compound_id), col(VisitPlan.number))
    )
    return list(await session.exec(statement))


async def lock_plan(session: AsyncSession, compound_id: int, number: int) -> VisitPlan | None:
    """A plan that goes on, locked until the transaction ends."""
    statement = (
        select(VisitPlan)
        .where(
            VisitPlan.compound_id == compound_id,
            VisitPlan.number == number,
            col(VisitPlan.ended_at).is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def find_plan(session: AsyncSession, compound_id: int, number: int) -> VisitPlan | None:
    """A plan that goes on."""
    plan = await session.get(VisitPlan, (compound_id, number))
    return plan if plan is not None and plan.ended_at is None else None


async def find_plan_of_home(session: AsyncSession, compound_id: int, lookup: bytes) -> VisitPlan | None:
    """The plan of a home."""
    statement = select(VisitPlan).where(
        VisitPlan.compound_id == compound_id, VisitPlan.household_lookup == lookup
    )
    return (await session.exec(statement)).one_or_none()


async def list_visits(session: AsyncSession, compound_id: int, number: int, limit: int) -> list[HomeVisit]:
    """The visits of a plan, the latest first."""
    statement = (
        select(HomeVisit)
        .where(HomeVisit.compound_id == compound_id, HomeVisit.number == number)
        .order_by(col(HomeVisit.visited_on).desc(), col(HomeVisit.seq).desc())
        .limit(limit)
    )
    return list(await session.exec(statement))


async def next_visit(session: AsyncSession, compound_id: int, number: int) -> int:
    """The place of the next visit of a plan whose row the caller holds."""
    last = select(func.max(HomeVisit.seq)).where(
        HomeVisit.compound_id == compound_id, HomeVisit.number == number
    )
    return ((await session.exec(last)).one() or 0) + 1


async def list_workers(session: AsyncSession) -> list[int]:
    """Everybody who has a home to visit."""
    statement = select(VisitPlan.worker_id).where(col(VisitPlan.ended_at).is_(None)).distinct()
    return sorted(await session.exec(statement))


async def list_claimed(session: AsyncSession, job: str, prefix: str) -> set[str]:
    """The periods of a job that begin so and were claimed."""
    statement = select(Claim.period).where(
        Claim.job == job, col(Claim.period).startswith(prefix, autoescape=True)
    )
    return set(await session.exec(statement))


async def forget_words_about(
    session: AsyncSession, keys: Collection[tuple[int, bytes]]
) -> list[tuple[int, int]]:
    """Take the reason and all notes away from the plans of these homes (compound_id, lookup); returns which plans."""
    forgotten = []
    for compound_id, lookup in keys:
        plan = await find_plan_of_home(session, compound_id, lookup)
        if plan is not None:
            plan.reason_sealed = None
            session.add(plan)
            await forget_notes(session, compound_id, plan.number)
            forgotten.append((compound_id, plan.number))
    return forgotten


async def forget_notes(session: AsyncSession, compound_id: int, number: int) -> None:
    """Take the notes of a plan away."""
    await session.exec(
        update(HomeVisit)
        .where(col(HomeVisit.compound_id) == compound_id, col(HomeVisit.number) == number)
        .values(note_sealed=None)
    )


async def forget_old_notes(session: AsyncSession, before: datetime) -> None:
    """Take away what was noted before then."""
    await session.exec(
        update(HomeVisit)
        .where(col(HomeVisit.recorded_at) < before, col(HomeVisit.note_sealed).is_not(None))
        .values(note_sealed=None)
    )
