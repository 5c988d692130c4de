"""Use cases: what is talked about. The committee adds, edits, orders and drops; residents propose."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.consultations import words
from handlers.consultations.outcomes import WORDS, Code, Refused
from handlers.consultations.state import COUNTER
from handlers.consultations.tell import tell_person
from handlers.context import Services
from handlers.requests.words import label_of
from handlers.texts import say, short
from storage.audit import add_audit_event
from storage.queries.consultations import (
    count_proposals_of,
    find_item,
    find_unsettled,
    list_items,
    lock_consultation,
)
from storage.queries.matters import find_matter_behind
from storage.queries.opinions import lock_counter, next_number
from storage.states import ItemSource, ItemState
from storage.tables import Compound, Consultation, ConsultationItem

TITLE = 120  # characters
BODY = 2000
SAID = 500
MOST_ITEMS = 20
MOST_PROPOSALS = 5  # of one person in a month
_LATELY = timedelta(days=30)
_UNTITLED = 40  # characters of what somebody said, as the first title


async def propose_item(
    session: AsyncSession, compound_id: int, person_id: int, said: str, now: datetime
) -> ConsultationItem:
    """Keep what a resident wants to be talked about, for the agenda that is being made or the next; raises Refused.

    The same words again are the same proposal.
    """
    said = said.strip()
    if not said:
        raise Refused(Code.NO_WORDS)
    number = await next_number(session, compound_id, COUNTER)  # first of all: it is the lock
    if await count_proposals_of(session, compound_id, person_id, now - _LATELY) >= MOST_PROPOSALS:
        raise Refused(Code.FULL)
    row = await find_unsettled(session, compound_id)
    waiting = await list_items(session, compound_id, row.month if row else None)
    for item in waiting:
        if item.person_id == person_id and item.said == said[:SAID]:
            return item
    line = " ".join(said.split())
    item = ConsultationItem(
        compound_id=compound_id,
        item_number=number,
        month=row.month if row else None,
        source=ItemSource.RESIDENT,
        state=ItemState.PROPOSED,
        position=len(waiting) + 1,
        title=line if len(line) <= _UNTITLED else f"{line[: _UNTITLED - 1]}…",
        said=said[:SAID],
        why=say("consultations.by_resident"),
        person_id=person_id,
        added_at=now,
    )
    session.add(item)
    _audit(session, "agenda.proposed", item, now, person_id)
    return item


async def add_item(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    month: str,
    title: str,
    body: str,
    number: int | None,
    now: datetime,
    *,
    actor_id: int,
) -> ConsultationItem:
    """Put something of the committee's, or the matter of a `number`, onto an agenda; raises Refused."""
    row = await open_agenda(session, compound, month)
    items = await list_items(session, row.compound_id, month)
    if len(items) >= MOST_ITEMS:
        raise Refused(Code.FULL)
    matter = await find_matter_behind(session, row.compound_id, number) if number is not None else None
    if number is not None and matter is None:
        raise Refused(Code.NO_MATTER)
    title = " ".join(title.split()) or (label_of(services, matter, in_group=True) if matter else "")
    item = ConsultationItem(
        compound_id=row.compound_id,
        item_number=await next_number(session, row.compound_id, COUNTER),
        month=month,
        source=ItemSource.COMMITTEE,
        state=ItemState.ON,
        position=len(items) + 1,
        title=_titled(title),
        body=_bodied(body),
        why=say("consultations.by_committee"),
        matter_number=matter.number if matter else None,
        added_at=now,
    )
    session.add(item)
    _audit(session, "agenda.added", item, now, actor_id)
    return item


async def edit_item(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    month: str,
    number: int,
    title: str,
    body: str,
    now: datetime,
    *,
    actor_id: int,
) -> ConsultationItem:
    """Give an item its public words. That takes up what a resident proposed, or what had been dropped."""
    row = await open_agenda(session, compound, month)
    item = await _item(session, row, number)
    was = item.state
    item.title, item.body, item.state, item.answer = (
        _titled(" ".join(title.split())),
        _bodied(body),
        ItemState.ON,
        "",
    )
    session.add(item)
    if was is not ItemState.ON:
        await _carry(session, item, None, item.item_number)
        _audit(session, "agenda.accepted", item, now, actor_id)
        if item.person_id is not None:
            said = say("consultations.accepted", title=short(item.title), when=words.moment(row.meets_at))
            await _tell_proposer(session, services, compound, row, item, said, "on", now)
    return item


async def drop_item(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    month: str,
    number: int,
    reason: str,
    now: datetime,
    *,
    actor_id: int,
) -> ConsultationItem:
    """Leave an item out, with the reason, which whoever proposed it reads; raises Refused without one."""
    row = await open_agenda(session, compound, month)
    item = await _item(session, row, number)
    reason = reason.strip()
    if not reason or len(reason) > WORDS:
        raise Refused(Code.NO_WORDS)
    if item.state is ItemState.DROPPED:
        return item
    await _carry(session, item, item.item_number, None)
    item.state, item.answer = ItemState.DROPPED, reason
    session.add(item)
    _audit(session, "agenda.dropped", item, now, actor_id)
    if item.person_id is not None:
        said = say("consultations.dropped", title=short(item.title), answer=reason)
        await _tell_proposer(session, services, compound, row, item, said, "dropped", now)
    return item


async def _carry(session: AsyncSession, item: ConsultationItem, was: int | None, to: int | None) -> None:
    """What an earlier meeting promised is with this item, or waits for a later one."""
    if item.source is not ItemSource.PROMISE:
        return
    old = await find_item(session, item.compound_id, item.from_item or 0)
    if old is not None and old.carried_to == was:
        old.carried_to = to
        session.add(old)


async def lift_item(session: AsyncSession, compound: Compound, month: str, number: int) -> None:
    """Put an item one place further up; the first stays where it is."""
    row = await open_agenda(session, compound, month)
    items = await list_items(session, row.compound_id, month)
    on = [item for item in items if item.state is not ItemState.DROPPED]
    place = next((each for each, item in enumerate(on) if item.item_number == number), None)
    if place is None:
        raise Refused(Code.OVER)
    if place > 0:
        on[place - 1], on[place] = on[place], on[place - 1]
    rest = [item for item in items if item.state is ItemState.DROPPED]
    for position, item in enumerate([*on, *rest], 1):
        item.position = position
        session.add(item)


async def open_agenda(session: AsyncSession, compound: Compound, month: str) -> Consultation:
    """The month, locked with its agenda, as long as its minutes are not out; raises Refused."""
    assert compound.compound_id is not None
    await lock_counter(session, compound.compound_id, COUNTER)
    row = await lock_consultation(session, compound.compound_id, month)
    if row is None or row.ended_at is not None or row.recorded_at is not None:
        raise Refused(Code.OVER)
    return row


async def _item(session: AsyncSession, row: Consultation, number: int) -> ConsultationItem:
    item = await find_item(session, row.compound_id, number)
    if item is None or item.month != row.month:
        raise Refused(Code.OVER)
    return item


async def _tell_proposer(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    row: Consultation,
    item: ConsultationItem,
    said: str,
    what: str,
    now: datetime,
) -> None:
    assert item.person_id is not None
    key = f"item:{item.item_number}:{what}"
    state = say("consultations.state_on") if what == "on" else say("consultations.state_dropped")
    await tell_person(session, services, compound, row, item.person_id, key, said, now, state)


def _titled(title: str) -> str:
    if not 0 < len(title) <= TITLE:
        raise Refused(Code.NO_WORDS)
    return title


def _bodied(body: str) -> str:
    if len(body) > BODY:
        raise Refused(Code.ODD)
    return body.strip()


def _audit(session: AsyncSession, verb: str, item: ConsultationItem, now: datetime, actor_id: int) -> None:
    add_audit_event(
        session,
        at=now,
        verb=verb,
        compound_id=item.compound_id,
        actor_id=actor_id,
        subject=f"agenda:{item.item_number}",
        details={"month": item.month or ""},
    )
