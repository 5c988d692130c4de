"""Use case: a month's agenda is proposed, from what was promised, what waits, and what residents say."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.consultations import words
from handlers.consultations.outcomes import PROMISES, WORDS
from handlers.consultations.promises import FollowUp, load_follow_ups
from handlers.consultations.ranking import Candidate, choose
from handlers.consultations.rules import Plan, notice_at
from handlers.consultations.state import COUNTER, facts_of, keep
from handlers.consultations.tell import tell_staff
from handlers.context import Services
from handlers.local_time import local_date, month_day
from handlers.requests.words import label_of
from handlers.texts import say, short
from storage.audit import add_audit_event
from storage.queries.consultations import (
    add_consultation,
    list_items,
    list_matters_on_agendas,
    list_open_matters,
    lock_consultation,
)
from storage.queries.opinions import lock_counter, next_number
from storage.states import ItemOutcome, ItemSource, ItemState
from storage.tables import Compound, Consultation, ConsultationItem

_HEARD_WITHIN = timedelta(days=180)
_LOOKED_AT = 200  # matters
_WHY = 200  # characters


async def open_month(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    month: str,
    plan: Plan,
    meets_at: datetime,
    now: datetime,
    *,
    actor_id: int | None = None,
) -> bool:
    """Open a month with its agenda; False when it is open. actor_id: None for the clock, which tells the hosts."""
    assert compound.compound_id is not None
    await lock_counter(session, compound.compound_id, COUNTER)
    row = Consultation(
        compound_id=compound.compound_id,
        month=month,
        meets_at=meets_at,
        form=plan.form,
        place=plan.place,
        seats=plan.seats,
        opened_at=now,
    )
    if not await add_consultation(session, row):
        return False
    stored = await lock_consultation(session, compound.compound_id, month)
    assert stored is not None
    items = await _propose(session, services, stored, now)
    keep(session, stored, now)
    add_audit_event(
        session,
        at=now,
        verb="consultation.opened",
        compound_id=compound.compound_id,
        actor_id=actor_id,
        subject=f"consultation:{month}",
        details={"items": len(items)},
    )
    if items and actor_id is None:  # nobody is asked to settle an empty agenda
        text = say(
            "consultations.proposed",
            compound=compound.name,
            month=words.month_name(month),
            count=len(items),
            items=words.listed([short(item.title) for item in items]),
            when=words.moment(meets_at),
            notice=month_day(notice_at(facts_of(stored)).date()),
        )
        await tell_staff(session, services, compound, stored, "proposed", text, now)
    return True


async def _propose(
    session: AsyncSession, services: Services, row: Consultation, now: datetime
) -> Sequence[ConsultationItem]:
    """Put onto the agenda what belongs there, in its order."""
    waiting = await list_items(session, row.compound_id, None)
    items = [
        _promised(row, await next_number(session, row.compound_id, COUNTER), promise, now)
        for promise in await load_follow_ups(session, row.compound_id)
        if _is_up(promise, row)
    ]
    for item in waiting:
        item.month = row.month
        items.append(item)
    session.add_all(items)
    await session.flush()  # what is on the agenda by now is not proposed once more
    for candidate, why in await _from_matters(session, services, row.compound_id, now):
        number = await next_number(session, row.compound_id, COUNTER)
        items.append(
            ConsultationItem(
                compound_id=row.compound_id,
                item_number=number,
                month=row.month,
                source=ItemSource.MATTER,
                state=ItemState.ON,
                title=candidate.title,
                why=why,
                matter_number=candidate.number,
                added_at=now,
            )
        )
    for position, item in enumerate(items, 1):
        item.position = position
        session.add(item)
    await session.flush()
    return items


def _is_up(promise: FollowUp, row: Consultation) -> bool:
    """Whether a meeting has to come back to what an earlier one promised: not before the day that was named."""
    until = promise.item.until
    return promise.done or until is None or until <= local_date(row.meets_at)


def _promised(row: Consultation, number: int, promise: FollowUp, now: datetime) -> ConsultationItem:
    """The item that begins with what was promised; one that is done is only reported."""
    old = promise.item
    old.carried_to = number
    return ConsultationItem(
        compound_id=row.compound_id,
        item_number=number,
        month=row.month,
        source=ItemSource.PROMISE,
        state=ItemState.ON,
        title=old.title,
        body=old.body,
        why=say("consultations.promised", what=promise.status)[:_WHY],
        matter_number=old.matter_number,
        topic_number=old.topic_number,
        from_item=old.item_number,
        added_at=now,
        outcome=ItemOutcome.ANSWERED if promise.done else None,
        outcome_words=promise.status[:WORDS] if promise.done else "",
        decided_at=now if promise.done else None,
    )


async def _from_matters(
    session: AsyncSession, services: Services, compound_id: int, now: datetime
) -> list[tuple[Candidate, str]]:
    known = await list_matters_on_agendas(session, compound_id, PROMISES)
    matters = await list_open_matters(session, compound_id, now - _HEARD_WITHIN, _LOOKED_AT)
    return choose(
        [
            Candidate(
                matter.number,
                label_of(services, matter, in_group=True),
                matter.urgency,
                matter.households,
                matter.speakers,
                matter.opened_at,
            )
            for matter in matters
            if matter.number not in known
        ],
        now,
    )
