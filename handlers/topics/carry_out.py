"""Use case: one command on one topic. Row, record, audit row and what people are told stand or fall together.

The topic's row is locked first: of two replicas with a command each, the second decides on what the first left, and
finds its own entry when it comes again.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound, load_viewer
from handlers.context import Services
from handlers.local_time import LOCAL, local_date
from handlers.requests.calendar import is_workday
from handlers.topics.commands import Command, Entry
from handlers.topics.facts import Actor, Facts, Need, Times
from handlers.topics.present import is_there
from handlers.topics.record import load_facts, put_facts
from handlers.topics.rules import apply, times_for
from handlers.topics.tell import ask_to_sign, tell_step
from handlers.topics.templates import template_of
from storage.audit import add_audit_event
from storage.queries.people import list_people_in_office
from storage.queries.topics import has_event, list_representatives, lock_topic, next_seq
from storage.queries.tree import list_scopes_of
from storage.states import Role, TopicState, TopicStep
from storage.tables import Compound, Topic, TopicEvent

DUE_AT = time(18)

Prepare = Callable[[Topic, Facts, Actor | None], Awaitable[Command]]
Then = Callable[[Topic], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Carried:
    """The topic as it is now. again: this very command was carried out before, and did nothing now."""

    topic: Topic
    facts: Facts
    again: bool = False


async def carry_out(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    command: Command | Prepare,
    now: datetime,
    *,
    key: str,
    actor_id: int | None,
    as_resident: bool = False,
    then: Then | None = None,
) -> Carried:
    """Carry out a command in the caller's transaction; raises Refused, and NotFound without a topic.

    command: or what makes it of the topic as it is under the lock, without writing anything of it. key: names the
    command, which acts once. actor_id: None for the clock. as_resident: by no role, but for themselves or as a
    representative; checked by the caller. then: writes what hangs on the topic, and refuses nothing.
    """
    assert compound.compound_id is not None
    topic = await lock_topic(session, compound.compound_id, number)
    if topic is None:
        raise NotFound
    before = await load_facts(session, topic)
    if await has_event(session, compound.compound_id, number, key):
        return Carried(topic, before, again=True)
    actor = None
    if actor_id is not None and not as_resident:
        actor = await actor_in(session, compound, actor_id)
    if callable(command):
        command = await command(topic, before, actor)
    outcome = apply(template_of(topic.template).plan, before, actor, command)
    put_facts(topic, outcome.facts)
    if outcome.moved:
        enter(topic, now)
    elif outcome.facts.lawful and not before.lawful and topic.step is TopicStep.DECIDE:
        _give_time_to_vote(topic)
    session.add(topic)
    if (before.signed or before.refused) and not (outcome.facts.signed or outcome.facts.refused):
        await _ask_representatives_anew(session, topic)
    if then is not None:
        await then(topic)
    await write_entry(session, topic, outcome.entry, now, key=key, actor_id=actor_id)
    if outcome.moved:
        await tell_step(session, services, compound, topic, outcome.entry, now, actor_id=actor_id)
    if outcome.moved and is_there(outcome.facts, Need.MILESTONES) and topic.step is TopicStep.EXECUTE:
        # Back at works that are all done: what was signed is signed anew.
        seats = await list_representatives(session, topic.compound_id, number)
        people = [each.person_id for each in seats if each.person_id is not None]
        await ask_to_sign(session, services, compound, topic, people, len(outcome.facts.milestones), now)
    await session.flush()
    return Carried(topic, outcome.facts)


async def actor_in(session: AsyncSession, compound: Compound, person_id: int) -> Actor:
    """Somebody with the roles they hold for the compound, on it or above. A secretary above it is the community's."""
    scopes = await list_scopes_of(session, compound)
    roles = set()
    for grant in (await load_viewer(session, person_id)).grants:
        if grant.scope_code in scopes:
            roles.add(grant.role)
            if grant.role is Role.SECRETARY and grant.scope_code != compound.code:
                roles.add(Role.COMMUNITY_WORKER)
    filled = set()
    for held, _person in await list_people_in_office(session, scopes, tuple(Role)):
        filled.add(held.role)
        if held.role is Role.SECRETARY and held.scope_code != compound.code:
            filled.add(Role.COMMUNITY_WORKER)
    return Actor(person_id, frozenset(roles), frozenset(filled))


def enter(topic: Topic, now: datetime) -> None:
    """Set the times of the step that a topic has just come to; none when it is over."""
    times = Times()
    if topic.state is TopicState.OPEN:
        times = times_for(now, deadline(topic, topic.step, now))
    topic.entered_at = now
    put_times(topic, times)


def _give_time_to_vote(topic: Topic) -> None:
    """Owners decide it after all: more time, where their vote takes more. What was said is not said again."""
    due_at = deadline(topic, topic.step, topic.entered_at)
    if topic.due_at is None or due_at > topic.due_at:
        put_times(topic, times_for(topic.entered_at, due_at))


def put_times(topic: Topic, times: Times) -> None:
    """Write when the clock has something to say."""
    topic.due_at, topic.remind_at, topic.overdue_at = times.due_at, times.remind_at, times.overdue_at
    topic.next_at = times.next_at


def deadline(topic: Topic, step: TopicStep, now: datetime) -> datetime:
    """Until when a step that begins now should be left: the evening of a working day."""
    day = local_date(now) + timedelta(days=template_of(topic.template).days(step, lawful=topic.lawful))
    while not is_workday(day):
        day += timedelta(days=1)
    return datetime.combine(day, DUE_AT, LOCAL)


async def write_entry(
    session: AsyncSession, topic: Topic, entry: Entry, now: datetime, *, key: str, actor_id: int | None
) -> None:
    """Add a line to the record, under the topic's lock, and an audit row without its words."""
    session.add(
        TopicEvent(
            compound_id=topic.compound_id,
            topic_number=topic.topic_number,
            seq=await next_seq(session, topic.compound_id, topic.topic_number),
            command_key=key,
            verb=entry.verb,
            step=topic.step,
            at=now,
            actor_id=actor_id,
            words=entry.words,
            details=dict(entry.details),
        )
    )
    add_audit_event(
        session,
        at=now,
        verb=f"topic.{entry.verb.value}",
        compound_id=topic.compound_id,
        actor_id=actor_id,
        subject=f"topic:{topic.topic_number}",
        details={"step": topic.step.value, "entry": topic.entry},
    )


async def _ask_representatives_anew(session: AsyncSession, topic: Topic) -> None:
    for each in await list_representatives(session, topic.compound_id, topic.topic_number):
        each.accepts, each.reason, each.said_at = None, "", None
        each.paper_accepts, each.paper_reason, each.paper_by = None, "", None
        session.add(each)
