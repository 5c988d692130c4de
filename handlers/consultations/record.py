"""Use cases: what a meeting made of each item, who came, what was said; and the minutes, which are final."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.consultations import words
from handlers.consultations.agenda import open_agenda
from handlers.consultations.outcomes import Code, Decision, Refused, checked, may_publish
from handlers.consultations.rules import DAY
from handlers.consultations.state import keep
from handlers.consultations.tell import tell_groups, tell_person
from handlers.context import Services
from handlers.local_time import local_date
from handlers.matters.confirm import confirm_matter
from handlers.requests.raise_ import raise_request
from handlers.texts import say, short
from handlers.topics.propose import propose_topic
from storage.audit import add_audit_event
from storage.queries.consultations import find_item, list_items, list_seats
from storage.queries.matters import find_matter, find_matter_number, lock_matters
from storage.states import ItemOutcome, ItemState
from storage.tables import Compound, Consultation, ConsultationItem

SUMMARY = 4000  # characters
LINES = 40  # staff who came
LINE = 60
MOST_PEOPLE = 5000


async def decide_item(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    month: str,
    number: int,
    decision: Decision,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Keep what the meeting made of an item, in the place of what was kept before; an order raises its request,
    a topic begins.

    Raises Refused. Orders that were raised, and topics that began, stay, also when something else is decided then.
    """
    assert compound.compound_id is not None
    await lock_matters(session, compound.compound_id)  # before the agenda: everybody locks in one order
    row = await open_agenda(session, compound, month)
    if now < row.meets_at:
        raise Refused(Code.TOO_EARLY)
    item = await find_item(session, row.compound_id, number)
    if item is None or item.month != month or item.state is not ItemState.ON:
        raise Refused(Code.OVER)
    kept = checked(decision, local_date(now))
    if kept.outcome is ItemOutcome.TOPIC and item.topic_number is None:
        topic = await propose_topic(
            session,
            services,
            compound,
            item.title,
            kept.words,
            kept.template,
            now,
            actor_id=actor_id,
            matter_number=item.matter_number,
        )
        item.topic_number = topic.topic_number
    if kept.matter_number is not None:
        item.matter_number = await _order(session, services, compound, kept.matter_number, now, actor_id)
    item.outcome, item.outcome_words, item.decided_at = kept.outcome, kept.words, now
    item.holder, item.until = kept.holder, kept.until
    session.add(item)
    add_audit_event(
        session,
        at=now,
        verb="agenda.decided",
        compound_id=row.compound_id,
        actor_id=actor_id,
        subject=f"agenda:{number}",
        details={"outcome": kept.outcome.value},
    )


async def put_record(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    month: str,
    attended: int,
    present: Sequence[str],
    came: Collection[int],
    summary: str,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Keep who came and what was said; raises Refused. present: staff, a line each. came: of those who signed up."""
    row = await open_agenda(session, compound, month)
    if now < row.meets_at:
        raise Refused(Code.TOO_EARLY)
    lines = [" ".join(line.split()) for line in present if line.strip()]
    odd = len(lines) > LINES or any(len(line) > LINE for line in lines) or len(summary) > SUMMARY
    if odd or not 0 <= attended <= MOST_PEOPLE:
        raise Refused(Code.ODD)
    row.attended, row.present, row.summary = attended, lines, summary.strip()
    for seat in await list_seats(session, row.compound_id, month):
        seat.came = seat.person_id in came
        session.add(seat)
    session.add(row)


async def publish_minutes(
    session: AsyncSession, services: Services, compound: Compound, month: str, now: datetime, *, actor_id: int
) -> None:
    """The minutes are out, and final: groups are told once, and whoever proposed something. Raises Refused."""
    row = await open_agenda(session, compound, month)
    items = await list_items(session, row.compound_id, month)
    if now < row.meets_at:
        raise Refused(Code.TOO_EARLY)
    fault = may_publish([(item.state, item.outcome) for item in items], row.attended, row.summary)
    if fault is not None:
        raise Refused(fault)
    row.recorded_at, row.recorded_by = now, actor_id
    row.agreed_at = row.agreed_at or now
    keep(session, row, now)
    add_audit_event(
        session,
        at=now,
        verb="consultation.recorded",
        compound_id=row.compound_id,
        actor_id=actor_id,
        subject=f"consultation:{month}",
        details={"attended": row.attended, "items": len(items)},
    )
    await _tell(session, services, compound, row, [item for item in items if item.outcome], now)


async def _order(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    now: datetime,
    actor_id: int,
) -> int:
    """Let the matter of a number have a request; one that has is left to go its way. Returns the matter's number."""
    assert compound.compound_id is not None
    found = await find_matter_number(session, compound.compound_id, number)
    matter = await find_matter(session, compound.compound_id, found) if found is not None else None
    # What nobody stands behind any more is nobody's order.
    if matter is None or not matter.households + matter.speakers:
        raise Refused(Code.NO_MATTER)
    if not await confirm_matter(session, services, compound, matter, now, actor_id=actor_id):
        await raise_request(session, services, compound, matter, now, actor_id=actor_id)
    return matter.number


async def _tell(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    row: Consultation,
    items: Sequence[ConsultationItem],
    now: datetime,
) -> None:
    lines = [f"{short(item.title)}：{words.outcome_words(item)}" for item in items]
    link = words.page_of(services.public_url, compound.code, row.month)
    text = say(
        "consultations.minutes",
        compound=compound.name,
        month=words.month_name(row.month),
        items=words.listed(lines),
        link=f"\n{link}" if link else "",
    )
    await tell_groups(session, services, compound, row, "minutes", text, now, now + 3 * DAY)
    for item in items:
        if item.person_id is None:
            continue
        said = say("consultations.decided", title=short(item.title), outcome=words.outcome_words(item))
        key = f"item:{item.item_number}:decided"
        state = say("consultations.state_decided")
        await tell_person(session, services, compound, row, item.person_id, key, said, now, state)
