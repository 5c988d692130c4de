"""Use case: somebody was at a home on the list."""

from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.local_time import local_date
from handlers.visits.rules import OLDEST_ENTRY, Code, Refused
from handlers.visits.sealed import seal_note
from storage.audit import add_audit_event
from storage.queries.visits import lock_plan, next_visit
from storage.tables import HomeVisit

NOTE_LENGTH = 200


async def record_visit(
    session: AsyncSession,
    services: Services,
    compound_id: int,
    number: int,
    visited_on: date,
    met: bool,
    note: str,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Keep a visit of these weeks; raises Refused for another day. Where nobody was met, the home stays due."""
    if not local_date(now) - OLDEST_ENTRY <= visited_on <= local_date(now):
        raise Refused(Code.DAY)
    plan = await lock_plan(session, compound_id, number)
    if plan is None:
        return
    session.add(
        HomeVisit(
            compound_id=compound_id,
            number=number,
            seq=await next_visit(session, compound_id, number),
            visited_on=visited_on,
            visited_by=actor_id,
            met=met,
            note_sealed=seal_note(services.sealer, note.strip()[:NOTE_LENGTH]),
            recorded_at=now,
        )
    )
    if met and (plan.met_on is None or plan.met_on < visited_on):
        plan.met_on = visited_on
        session.add(plan)
    add_audit_event(
        session,
        at=now,
        verb="visit.recorded",
        compound_id=compound_id,
        actor_id=actor_id,
        subject=f"visit:{number}",
    )
