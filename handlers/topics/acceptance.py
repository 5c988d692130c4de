"""Use cases: elected representatives accept the works of a topic, or refuse to (竣工验收签字权, seed 004).

Who they are, how they were elected and which share has to sign is written down before anybody signs. Nobody of the
property company or of whoever does the works is one: roles and names are looked at, and whoever writes them down says
so for what no record knows. They sign on their own page; what they sign on paper is read by two of staff.
"""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from handlers.context import Services
from handlers.topics.carry_out import Carried, carry_out
from handlers.topics.commands import Code, EnterPaper, FinishMilestone, NameRepresentative, Refused, Sign
from handlers.topics.facts import Actor, Facts
from handlers.topics.tell import ask_to_sign
from storage.queries.bindings import list_owners_of_unit
from storage.queries.people import (
    list_grants_of,
    list_people_in_office,
    list_people_in_office_inside,
)
from storage.queries.topics import list_representatives
from storage.queries.tree import list_scopes_of
from storage.sealing import Sealer
from storage.states import BindingState, Capacity, Role
from storage.tables import Compound, OwnerBinding, Topic, TopicRepresentative

NAME = "topic_representatives.name"
LONGEST = 40
REASON = 2000


async def finish_milestone(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    command: FinishMilestone,
    now: datetime,
    *,
    key: str,
    actor_id: int,
) -> Carried:
    """A piece of the works is done; after the last one the representatives are asked to sign."""
    carried = await carry_out(session, services, compound, number, command, now, key=key, actor_id=actor_id)
    return await _ask_when_done(session, services, compound, carried, now)


async def name_representative(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    name: str,
    unit_code: str,
    now: datetime,
    *,
    independent: bool,
    key: str,
    actor_id: int,
) -> Carried:
    """Write down one of the elected; raises Refused. independent: whoever does says that they are on no company's side.

    Who is bound as the owner of that unit under this name signs on their phone; others on paper.
    """
    called = "".join(name.split())[:LONGEST]
    if not called:
        raise Refused(Code.NO_WORDS)
    assert compound.compound_id is not None
    person_id = await _bound_as(session, services.sealer, compound.compound_id, called, unit_code.strip())

    async def command(topic: Topic, _facts: Facts, _actor: Actor | None) -> NameRepresentative:
        there = await list_representatives(session, topic.compound_id, number)
        for each in there:
            same = name_of(services.sealer, each) == called and each.unit_code == unit_code.strip()
            if same or (person_id is not None and each.person_id == person_id):
                raise Refused(Code.ANSWERED)
        interested = not independent or await _is_company(session, services, compound, called, person_id)
        return NameRepresentative(interested, len(there) + 1)

    async def keep(topic: Topic) -> None:
        there = await list_representatives(session, topic.compound_id, number)
        session.add(
            TopicRepresentative(
                compound_id=topic.compound_id,
                topic_number=number,
                representative_number=len(there) + 1,
                person_id=person_id,
                name_sealed=services.sealer.seal(called.encode(), NAME),
                unit_code=unit_code.strip()[:60],
            )
        )

    carried = await carry_out(
        session, services, compound, number, command, now, key=key, actor_id=actor_id, then=keep
    )
    return await _ask_when_done(session, services, compound, carried, now)


async def sign(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    accepts: bool,
    reason: str,
    now: datetime,
    *,
    key: str,
    person_id: int,
) -> Carried:
    """A representative signs on their own page, or refuses to; raises Refused, and NotFound for everybody else."""
    found: list[TopicRepresentative] = []

    async def command(topic: Topic, _facts: Facts, _actor: Actor | None) -> Sign:
        representatives = await list_representatives(session, topic.compound_id, number)
        own = next((each for each in representatives if each.person_id == person_id), None)
        if own is None:
            raise NotFound
        found.append(own)
        interested = await _works_for_company(session, person_id)
        return Sign(accepts, reason, own.accepts, interested, own.representative_number)

    async def keep(_topic: Topic) -> None:
        own = found[0]
        _put(own, accepts, reason, now)
        # What one of staff read on a paper before has no say any more.
        own.paper_accepts, own.paper_reason, own.paper_by = None, "", None
        session.add(own)

    return await carry_out(
        session,
        services,
        compound,
        number,
        command,
        now,
        key=key,
        actor_id=person_id,
        as_resident=True,
        then=keep,
    )


async def enter_paper(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    representative_number: int,
    accepts: bool,
    reason: str,
    now: datetime,
    *,
    key: str,
    actor_id: int,
) -> Carried:
    """One of staff reads a paper; what two read alike counts. Raises Refused, and NotFound without a representative.

    What a representative said on their own page is not changed by a paper.
    """
    found: list[tuple[TopicRepresentative, bool]] = []

    async def command(topic: Topic, _facts: Facts, _actor: Actor | None) -> Sign | EnterPaper:
        which = (topic.compound_id, number, representative_number)
        own = await session.get(TopicRepresentative, which)
        if own is None or own.name_sealed is None:  # nobody signs for whoever was forgotten
            raise NotFound
        if own.accepts is not None and own.paper_by is None:
            raise Refused(Code.ANSWERED)
        alike = own.paper_by is not None and own.paper_accepts is accepts
        if alike and own.paper_by == actor_id:
            raise Refused(Code.SAME_PERSON)
        found.append((own, alike))
        if alike:
            return Sign(accepts, reason or own.paper_reason, own.accepts, which=representative_number)
        return EnterPaper(accepts, reason, representative_number)

    async def keep(_topic: Topic) -> None:
        [(own, alike)] = found
        if alike:
            _put(own, accepts, reason or own.paper_reason, now)
        else:
            own.paper_accepts, own.paper_by = accepts, actor_id
            own.paper_reason = reason.strip()[:REASON]
        session.add(own)

    return await carry_out(
        session, services, compound, number, command, now, key=key, actor_id=actor_id, then=keep
    )


def name_of(sealer: Sealer, representative: TopicRepresentative) -> str:
    """What a representative is called; empty when they were forgotten."""
    sealed = representative.name_sealed
    return sealer.open(sealed, NAME).decode() if sealed else ""


def _put(own: TopicRepresentative, accepts: bool, reason: str, now: datetime) -> None:
    own.accepts, own.said_at = accepts, now
    own.reason = "" if accepts else reason.strip()[:REASON]


async def _ask_when_done(
    session: AsyncSession, services: Services, compound: Compound, carried: Carried, now: datetime
) -> Carried:
    facts, topic = carried.facts, carried.topic
    if carried.again or not facts.milestones or any(each.done_on is None for each in facts.milestones):
        return carried
    representatives = await list_representatives(session, topic.compound_id, topic.topic_number)
    people = [
        each.person_id for each in representatives if each.person_id is not None and each.accepts is None
    ]
    await ask_to_sign(session, services, compound, topic, people, len(facts.milestones), now)
    return carried


async def _bound_as(
    session: AsyncSession, sealer: Sealer, compound_id: int, name: str, unit_code: str
) -> int | None:
    """Who is bound as the owner of this name of that unit; None when that is nobody, or not one alone."""
    owners = [
        owner.owner_number
        for _title, owner in await list_owners_of_unit(session, compound_id, unit_code)
        if sealer.open(owner.name_sealed, "roll_owners.name").decode() == name
    ]
    statement = select(OwnerBinding.person_id).where(
        OwnerBinding.compound_id == compound_id,
        col(OwnerBinding.owner_number).in_(owners),
        OwnerBinding.state == BindingState.BOUND,
        OwnerBinding.capacity == Capacity.OWNER,
        col(OwnerBinding.ended_at).is_(None),
    )
    people = set(await session.exec(statement)) if owners else set()
    return people.pop() if len(people) == 1 else None


async def _is_company(
    session: AsyncSession, services: Services, compound: Compound, name: str, person_id: int | None
) -> bool:
    if person_id is not None and await _works_for_company(session, person_id):
        return True
    scopes = await list_scopes_of(session, compound)
    office = await list_people_in_office(session, scopes, [Role.PROPERTY])
    office += await list_people_in_office_inside(session, compound.code, [Role.PROPERTY])
    return any(
        person.name_sealed is not None
        and services.sealer.open(person.name_sealed, "persons.name").decode() == name
        for _grant, person in office
    )


async def _works_for_company(session: AsyncSession, person_id: int) -> bool:
    return any(grant.role is Role.PROPERTY for grant in await list_grants_of(session, person_id))
