"""Use cases of those who hold the meeting: settling the agenda, moving it, calling it off, the plan."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.consultations import words
from handlers.consultations.agenda import open_agenda
from handlers.consultations.outcomes import Code, Refused, may_settle
from handlers.consultations.rules import LAST, Plan, may_meet_at
from handlers.consultations.state import keep
from handlers.consultations.tell import take_back, tell_groups, tell_person
from handlers.context import Services
from handlers.texts import say
from storage.audit import add_audit_event
from storage.queries.consultations import find_item, list_items, list_seats, put_plan
from storage.states import ItemSource, ItemState, MeetingForm
from storage.tables import Compound, Consultation, ConsultationPlan

PLACE = 120  # characters
WHY = 200
MOST_SEATS = 2000


async def settle_agenda(
    session: AsyncSession, services: Services, compound: Compound, month: str, now: datetime, *, actor_id: int
) -> None:
    """The agenda stands: from now on the clock may invite people. Raises Refused; again, it changes nothing."""
    row = await open_agenda(session, compound, month)
    if row.agreed_at is not None:
        return
    fault = may_settle([item.state for item in await list_items(session, row.compound_id, month)])
    if fault is not None:
        raise Refused(fault)
    row.agreed_at, row.agreed_by = now, actor_id
    keep(session, row, now)
    _audit(session, "consultation.settled", row, now, actor_id)


async def move_meeting(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    month: str,
    meets_at: datetime,
    form: MeetingForm,
    place: str,
    seats: int | None,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Give a meeting another time, place or form; whoever was told is told again. Raises Refused."""
    row = await open_agenda(session, compound, month)
    place = " ".join(place.split())
    if len(place) > PLACE or (seats is not None and not 1 <= seats <= MOST_SEATS):
        raise Refused(Code.ODD)
    if now >= row.meets_at and row.agreed_at is not None:
        raise Refused(Code.OVER)
    same_place = (row.meets_at, row.form, row.place) == (meets_at, form, place)
    if not same_place and not may_meet_at(month, meets_at, now):
        raise Refused(Code.BAD_TIME)
    row.seats = seats
    if not same_place:
        row.meets_at, row.form, row.place = meets_at, form, place
        row.closed_at = row.asked_at = row.late_at = None
        if row.agreed_at is None:
            row.reminded_at = None  # they have longer to settle it, and are asked before that ends
        if row.noticed_at is not None:
            row.moved += 1
            row.noticed_at, row.told_after = None, None
            await take_back(session, row, now)
        _audit(session, "consultation.moved", row, now, actor_id)
    keep(session, row, now)


async def call_off(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    month: str,
    why: str,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """There is no meeting this month; what was on the agenda waits for the next. Raises Refused without a reason."""
    why = why.strip()
    if not why or len(why) > WHY:
        raise Refused(Code.NO_WORDS)
    row = await open_agenda(session, compound, month)
    await end_month(session, row, why, now, actor_id=actor_id)
    if row.noticed_at is None and not row.moved:
        return
    await take_back(session, row, now)
    text = say("consultations.called_off", compound=compound.name, when=words.moment(row.meets_at), why=why)
    await tell_groups(session, services, compound, row, "called_off", text, now, max(row.meets_at, now))
    state = say("consultations.state_off")
    for seat in await list_seats(session, row.compound_id, month):
        await tell_person(session, services, compound, row, seat.person_id, "called_off", text, now, state)


async def end_month(
    session: AsyncSession, row: Consultation, why: str, now: datetime, *, actor_id: int | None
) -> None:
    """End a month without a meeting: what was promised stands as it was, and what people put there waits for the next.

    What was only proposed from matters is weighed anew: by then it may be done, and its figures are old.
    """
    for item in await list_items(session, row.compound_id, row.month):
        if item.state is ItemState.DROPPED:
            continue
        untouched = row.agreed_at is None and not item.body and item.topic_number is None
        if item.source is ItemSource.MATTER and untouched:
            await session.delete(item)  # the next agenda is proposed from what is open then
            continue
        if item.source is not ItemSource.PROMISE:
            item.month = None
            item.outcome = item.decided_at = item.until = None
            item.outcome_words = item.holder = ""
            session.add(item)
            continue
        old = await find_item(session, row.compound_id, item.from_item or 0)
        if old is not None:
            old.carried_to = None
            session.add(old)
        await session.delete(item)
    row.ended_at, row.ended_why = now, why
    keep(session, row, now)
    _audit(session, "consultation.ended", row, now, actor_id)


async def save_plan(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    plan: Plan,
    enabled: bool,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Keep when a compound sits together, from the next month that is opened on; raises Refused."""
    assert compound.compound_id is not None
    fits = (
        1 <= plan.day <= 31
        and 1 <= plan.nth <= LAST
        and 1 <= plan.weekday <= 7
        and 7 * 60 <= plan.minute <= 21 * 60
        and len(plan.place) <= PLACE
        and (plan.seats is None or 1 <= plan.seats <= MOST_SEATS)
    )
    if not fits:
        raise Refused(Code.ODD)
    await put_plan(
        session,
        ConsultationPlan(
            compound_id=compound.compound_id,
            enabled=enabled,
            meets_by=plan.meets_by,
            day=plan.day,
            nth=plan.nth,
            weekday=plan.weekday,
            minute=plan.minute,
            form=plan.form,
            place=plan.place,
            seats=plan.seats,
        ),
    )
    add_audit_event(
        session,
        at=now,
        verb="consultation.planned",
        compound_id=compound.compound_id,
        actor_id=actor_id,
        subject=f"compound:{compound.code}",
        details={"enabled": enabled},
    )


def _audit(session: AsyncSession, verb: str, row: Consultation, now: datetime, actor_id: int | None) -> None:
    add_audit_event(
        session,
        at=now,
        verb=verb,
        compound_id=row.compound_id,
        actor_id=actor_id,
        subject=f"consultation:{row.month}",
    )
