"""Use cases: somebody is against a topic, and is answered. An open objection holds the step.

Residents object on their page, one objection in each step; staff write down what they were told otherwise. The words
are sealed, since they may name people.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from handlers.context import Services
from handlers.topics.carry_out import Carried, carry_out
from handlers.topics.commands import AnswerObjection, Code, Object, Refused
from handlers.topics.facts import Actor, Facts
from handlers.topics.tell import tell_answer
from storage.queries.topics import list_topic_objections
from storage.sealing import Sealer
from storage.states import ObjectionState
from storage.tables import Compound, Topic, TopicObjection

TEXT = "topic_objections.text"
LONGEST = 2000  # as much as staff may write


async def object_to_topic(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    text: str,
    now: datetime,
    *,
    key: str,
    person_id: int,
    for_another: bool = False,
) -> Carried:
    """Keep an objection; raises Refused. for_another: one of staff writes down what somebody told them."""
    words = text.strip()[:LONGEST]
    if not words:
        raise Refused(Code.NO_WORDS)

    async def command(topic: Topic, _facts: Facts, _actor: Actor | None) -> Object:
        there = await list_topic_objections(session, topic.compound_id, number)
        again = any(each.person_id == person_id and each.entry == topic.entry for each in there)
        return Object(again=again and not for_another)

    async def keep(topic: Topic) -> None:
        there = await list_topic_objections(session, topic.compound_id, number)
        session.add(
            TopicObjection(
                compound_id=topic.compound_id,
                topic_number=number,
                objection_number=max((each.objection_number for each in there), default=0) + 1,
                entry=topic.entry,
                step=topic.step,
                person_id=None if for_another else person_id,
                entered_by=person_id if for_another else None,
                text_sealed=services.sealer.seal(words.encode(), TEXT),
                made_at=now,
            )
        )

    return await carry_out(
        session,
        services,
        compound,
        number,
        command,
        now,
        key=key,
        actor_id=person_id,
        as_resident=not for_another,
        then=keep,
    )


async def answer_objection(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    number: int,
    objection_number: int,
    state: ObjectionState,
    answer: str,
    now: datetime,
    *,
    key: str,
    actor_id: int,
) -> Carried:
    """Answer an objection; whoever made it is told. Raises Refused, and NotFound when there is none."""
    if state is ObjectionState.OPEN:
        raise Refused(Code.ODD)
    found: list[TopicObjection] = []

    async def command(topic: Topic, _facts: Facts, _actor: Actor | None) -> AnswerObjection:
        objection = await session.get(TopicObjection, (topic.compound_id, number, objection_number))
        if objection is None:
            raise NotFound
        found.append(objection)
        return AnswerObjection(answer, objection.state is not ObjectionState.OPEN, objection_number)

    async def keep(topic: Topic) -> None:
        [objection] = found
        objection.state, objection.answer = state, answer.strip()[:LONGEST]
        objection.decided_by, objection.decided_at = actor_id, now
        session.add(objection)
        if objection.person_id is not None:
            await tell_answer(
                session,
                services,
                compound,
                topic,
                objection_number,
                objection.person_id,
                objection.answer,
                now,
            )

    return await carry_out(
        session, services, compound, number, command, now, key=key, actor_id=actor_id, then=keep
    )


def words_of(sealer: Sealer, objection: TopicObjection) -> str:
    """What was said; empty when its author was forgotten."""
    return sealer.open(objection.text_sealed, TEXT).decode() if objection.text_sealed else ""
