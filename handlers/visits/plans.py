"""Use cases of the community's head: put a home on the list, change how it is visited, take it off."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.local_time import local_date
from handlers.opinions.rules import place_name
from handlers.visits.door import OpenedVisits, list_fit
from handlers.visits.rules import Code, Refused
from handlers.visits.sealed import Home, lookup_of, seal_home, seal_reason
from storage.audit import add_audit_event
from storage.queries.opinions import next_number
from storage.queries.tree import list_houses
from storage.queries.visits import find_plan_of_home, forget_notes, lock_plan
from storage.states import PlaceLevel, VisitLevel
from storage.tables import VisitPlan

REASON_LENGTH = 200


async def add_plan(
    session: AsyncSession,
    services: Services,
    opened: OpenedVisits,
    words: str,
    level: VisitLevel,
    reason: str,
    worker_id: int,
    now: datetime,
    *,
    actor_id: int,
) -> VisitPlan:
    """Put a home on the list, as it is called (3栋2单元501); raises Refused."""
    home = await _home_named(session, services, opened.compound_id, words)
    if worker_id not in await list_fit(session, services, opened.compound, opened.nodes, home.code):
        raise Refused(Code.WORKER)
    # The counter's row is the lock: of two who add one home at once the second finds it.
    number = await next_number(session, opened.compound_id, "visit")
    lookup = lookup_of(services.sealer, opened.compound_id, home.code)
    if await find_plan_of_home(session, opened.compound_id, lookup) is not None:
        raise Refused(Code.TWICE)
    plan = VisitPlan(
        compound_id=opened.compound_id,
        number=number,
        household_lookup=lookup,
        household_sealed=seal_home(services.sealer, home),
        level=level,
        reason_sealed=seal_reason(services.sealer, reason.strip()[:REASON_LENGTH]),
        worker_id=worker_id,
        begun_on=local_date(now),
        created_at=now,
    )
    session.add(plan)
    await session.flush()
    _audit(session, "visit.planned", plan, now, actor_id)
    return plan


async def change_plan(
    session: AsyncSession,
    services: Services,
    opened: OpenedVisits,
    number: int,
    home: str,
    level: VisitLevel,
    reason: str,
    worker_id: int,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Another level, reason or worker; raises Refused. home: the code of its place. Again, it changes nothing."""
    plan = await lock_plan(session, opened.compound_id, number)
    if plan is None:
        return
    fit = await list_fit(session, services, opened.compound, opened.nodes, home)
    if worker_id not in fit:
        raise Refused(Code.WORKER)
    plan.level, plan.worker_id = level, worker_id
    plan.reason_sealed = seal_reason(services.sealer, reason.strip()[:REASON_LENGTH])
    session.add(plan)
    _audit(session, "visit.changed", plan, now, actor_id)


async def end_plan(
    session: AsyncSession, compound_id: int, number: int, now: datetime, *, actor_id: int
) -> None:
    """They moved out, or need it no more: whose home it was, why, and all notes go at once."""
    plan = await lock_plan(session, compound_id, number)
    if plan is None:
        return
    plan.ended_at = now
    plan.household_lookup = plan.household_sealed = plan.reason_sealed = None
    session.add(plan)
    await forget_notes(session, compound_id, number)
    _audit(session, "visit.ended", plan, now, actor_id)


async def _home_named(session: AsyncSession, services: Services, compound_id: int, words: str) -> Home:
    place = services.tagger.of(compound_id).tag(words[:40]).place
    houses = {each.code: each for each in await list_houses(session, compound_id)}
    if place.building is None or place.unit is None:
        raise Refused(Code.HOME)
    if houses:
        behind = f"{place.building}-{place.entrance}" if place.entrance else place.building
        has_entrances = any(
            each.level is PlaceLevel.ENTRANCE and each.parent_code == place.building
            for each in houses.values()
        )
        if behind not in houses or (has_entrances and place.entrance is None):
            raise Refused(Code.HOME)
    code = "-".join(part for part in place if part is not None)
    return Home(code, place_name(*place))


def _audit(session: AsyncSession, verb: str, plan: VisitPlan, now: datetime, actor_id: int) -> None:
    # Neither level nor home: whoever reads the log must not learn who is on the list.
    add_audit_event(
        session,
        at=now,
        verb=verb,
        compound_id=plan.compound_id,
        actor_id=actor_id,
        subject=f"visit:{plan.number}",
    )
