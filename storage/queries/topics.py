"""Topics with their records, objections, representatives and documents."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast, exists, func, update
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import ObjectionState, TopicState, TopicStep, TopicVerb, VoteState
from storage.tables import (
    Claim,
    Topic,
    TopicDocument,
    TopicEvent,
    TopicObjection,
    TopicRepresentative,
    Vote,
    VoteObjection,
)


async def find_topic(session: AsyncSession, compound_id: int, number: int) -> Topic | None:
    """A topic by its number."""
    return await session.get(Topic, (compound_id, number))


async def lock_topic(session: AsyncSession, compound_id: int, number: int) -> Topic | None:
    """A topic as it is now; nobody else changes it, or its record, until the transaction ends."""
    statement = (
        select(Topic)
        .where(Topic.compound_id == compound_id, Topic.topic_number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_topics(
    session: AsyncSession,
    compound_ids: Iterable[int],
    limit: int,
    states: Collection[TopicState] = tuple(TopicState),
) -> list[Topic]:
    """Topics of these compounds: those that are open first, the longest due in front, then the newest."""
    statement = (
        select(Topic)
        .where(col(Topic.compound_id).in_(list(compound_ids)), col(Topic.state).in_(states))
        .order_by(
            col(Topic.state) != TopicState.OPEN,
            col(Topic.due_at).is_(None),
            col(Topic.due_at),
            col(Topic.topic_number).desc(),
        )
        .limit(limit)
    )
    return list(await session.exec(statement))


async def list_due_compounds(session: AsyncSession, now: datetime, limit: int) -> list[int]:
    """Compounds (compound_id) with topics of which the clock has something to say, the longest due first."""
    statement = (
        select(Topic.compound_id)
        .where(col(Topic.next_at) <= now)
        .group_by(col(Topic.compound_id))
        .order_by(func.min(col(Topic.next_at)))
        .limit(limit)
    )
    return list(await session.exec(statement))


async def lock_due_topics(session: AsyncSession, compound_id: int, now: datetime) -> list[Topic]:
    """Those topics of a compound, locked until the transaction ends, by number."""
    statement = (
        select(Topic)
        .where(Topic.compound_id == compound_id, col(Topic.next_at) <= now)
        .order_by(col(Topic.topic_number))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(await session.exec(statement))


async def list_topics_after_vote(session: AsyncSession, job: str, limit: int) -> list[tuple[int, int]]:
    """Topics (compound_id, number) whose owners' vote is final, with nothing left to answer, and of which the record
    does not say what followed.

    Left out are those that were looked at as they are: under `job` it is claimed by `looked_at` that the topic was
    seen with its newest entry. Whatever could let it go on, an answer or a task done, is an entry more.
    """
    of_topic = (
        col(TopicEvent.compound_id) == Topic.compound_id,
        col(TopicEvent.topic_number) == Topic.topic_number,
    )
    said = exists().where(
        *of_topic, col(TopicEvent.command_key) == "vote:" + cast(col(Topic.vote_number), String)
    )
    newest = select(func.max(TopicEvent.seq)).where(*of_topic).correlate(Topic).scalar_subquery()
    period: ColumnElement[str] = cast(col(Topic.compound_id), String)
    for each in (col(Topic.topic_number), col(Topic.vote_number), newest):
        period = period + ":" + cast(each, String)
    seen = exists().where(col(Claim.job) == job, col(Claim.period) == period)
    waits = exists().where(
        col(VoteObjection.compound_id) == Topic.compound_id,
        col(VoteObjection.vote_number) == Topic.vote_number,
        col(VoteObjection.state) == ObjectionState.OPEN,
    )
    statement = (
        select(Topic.compound_id, Topic.topic_number)
        .join(
            Vote,
            (col(Vote.compound_id) == Topic.compound_id) & (col(Vote.vote_number) == Topic.vote_number),
        )
        .where(
            Topic.state == TopicState.OPEN,
            Topic.step == TopicStep.DECIDE,
            col(Topic.lawful),
            Vote.state == VoteState.FINAL,
            ~said,
            ~waits,
            ~seen,
        )
        .order_by(col(Topic.compound_id), col(Topic.topic_number))
        .limit(limit)
    )
    return list(await session.exec(statement))


async def looked_at(session: AsyncSession, topic: Topic) -> str:
    """What names a topic with its vote and the newest entry of its record; under the topic's lock."""
    newest = await next_seq(session, topic.compound_id, topic.topic_number) - 1
    return f"{topic.compound_id}:{topic.topic_number}:{topic.vote_number}:{newest}"


async def has_event(session: AsyncSession, compound_id: int, number: int, key: str) -> bool:
    """Whether a command of this key stands in the record."""
    statement = select(TopicEvent.seq).where(
        TopicEvent.compound_id == compound_id,
        TopicEvent.topic_number == number,
        TopicEvent.command_key == key,
    )
    return (await session.exec(statement)).first() is not None


async def is_vote_of_another(session: AsyncSession, topic: Topic, vote_number: int) -> bool:
    """Whether a vote decides, or has decided, another topic of the compound on one of the same items.

    One that was named by mistake and taken back, before anything followed from it, is free.
    """
    followed = exists().where(
        col(TopicEvent.compound_id) == Topic.compound_id,
        col(TopicEvent.topic_number) == Topic.topic_number,
        col(TopicEvent.command_key) == f"vote:{vote_number}",
    )
    statement = select(Topic.items).where(
        Topic.compound_id == topic.compound_id,
        Topic.topic_number != topic.topic_number,
        or_(col(Topic.vote_number) == vote_number, followed),
    )
    return any(set(items) & set(topic.items) for items in await session.exec(statement))


async def next_seq(session: AsyncSession, compound_id: int, number: int) -> int:
    """The place of the record's next entry; under the topic's lock."""
    statement = select(func.max(TopicEvent.seq)).where(
        TopicEvent.compound_id == compound_id, TopicEvent.topic_number == number
    )
    return ((await session.exec(statement)).one() or 0) + 1


async def list_topic_events(session: AsyncSession, compound_id: int, number: int) -> list[TopicEvent]:
    """The record, in its order."""
    statement = (
        select(TopicEvent)
        .where(TopicEvent.compound_id == compound_id, TopicEvent.topic_number == number)
        .order_by(col(TopicEvent.seq))
    )
    return list(await session.exec(statement))


async def list_topic_objections(session: AsyncSession, compound_id: int, number: int) -> list[TopicObjection]:
    """The objections, open ones first, then in their order."""
    statement = (
        select(TopicObjection)
        .where(TopicObjection.compound_id == compound_id, TopicObjection.topic_number == number)
        .order_by(
            col(TopicObjection.state) != ObjectionState.OPEN,
            col(TopicObjection.objection_number),
        )
    )
    return list(await session.exec(statement))


async def list_representatives(
    session: AsyncSession, compound_id: int, number: int
) -> list[TopicRepresentative]:
    """The elected representatives, in the order they were named."""
    statement = (
        select(TopicRepresentative)
        .where(TopicRepresentative.compound_id == compound_id, TopicRepresentative.topic_number == number)
        .order_by(col(TopicRepresentative.representative_number))
    )
    return list(await session.exec(statement))


async def list_topic_documents(session: AsyncSession, compound_id: int, number: int) -> list[TopicDocument]:
    """Documents and photos, in the order they were added."""
    statement = (
        select(TopicDocument)
        .where(TopicDocument.compound_id == compound_id, TopicDocument.topic_number == number)
        .order_by(col(TopicDocument.document_number))
    )
    return list(await session.exec(statement))


async def list_words_in_topics(
    session: AsyncSession, person_id: int
) -> tuple[list[TopicObjection], list[TopicRepresentative]]:
    """What a person has said of topics: their objections, and their seats with the reason of a refusal."""
    objections = select(TopicObjection).where(
        TopicObjection.person_id == person_id, col(TopicObjection.text_sealed).is_not(None)
    )
    seats = select(TopicRepresentative).where(
        TopicRepresentative.person_id == person_id, TopicRepresentative.reason != ""
    )
    return list(await session.exec(objections)), list(await session.exec(seats))


async def lock_records_since(
    session: AsyncSession, compound_id: int, since: datetime
) -> list[tuple[Topic, list[TopicEvent]]]:
    """A compound's topics in whose record something was written since then, locked, each with those entries."""
    written = (TopicEvent.compound_id == compound_id, TopicEvent.at >= since, TopicEvent.words != "")
    numbers = select(TopicEvent.topic_number).where(*written)
    topics = (
        select(Topic)
        .where(Topic.compound_id == compound_id, col(Topic.topic_number).in_(numbers))
        .order_by(col(Topic.topic_number))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    locked = list(await session.exec(topics))
    events: dict[int, list[TopicEvent]] = {}
    for event in await session.exec(select(TopicEvent).where(*written)):
        events.setdefault(event.topic_number, []).append(event)
    return [(topic, events.get(topic.topic_number, [])) for topic in locked]


async def forget_in_topics(session: AsyncSession, person_id: int) -> None:
    """Take a person out of topics: what they objected with their words, their name as a representative."""
    await session.exec(
        update(TopicObjection)
        .where(col(TopicObjection.person_id) == person_id)
        .values(person_id=None, text_sealed=None)
    )
    statement = select(TopicRepresentative).where(TopicRepresentative.person_id == person_id)
    for seat in list(await session.exec(statement)):
        # What they refused on paper stands in the record under whoever read it.
        refusals = select(TopicEvent).where(
            TopicEvent.compound_id == seat.compound_id,
            TopicEvent.topic_number == seat.topic_number,
            TopicEvent.verb == TopicVerb.REFUSED,
        )
        for event in list(await session.exec(refusals)):
            if event.details.get("representative") == seat.representative_number:
                event.words = ""
    await session.exec(
        update(TopicRepresentative)
        .where(col(TopicRepresentative.person_id) == person_id)
        .values(person_id=None, name_sealed=None, unit_code="", reason="", paper_reason="")
    )
    await session.exec(
        update(TopicEvent)
        .where(col(TopicEvent.actor_id) == person_id, col(TopicEvent.verb) == TopicVerb.REFUSED)
        .values(words="")
    )


async def move_in_topics(session: AsyncSession, old: int, new: int) -> None:
    """Two turn out to be one person: what is theirs in topics moves, where it does not stand twice."""
    for table, key in (
        (TopicObjection, ("compound_id", "topic_number", "entry")),
        (TopicRepresentative, ("compound_id", "topic_number")),
    ):
        own = {
            tuple(getattr(row, name) for name in key)
            for row in await session.exec(select(table).where(col(table.person_id) == new))
        }
        for row in list(await session.exec(select(table).where(col(table.person_id) == old))):
            twice = tuple(getattr(row, name) for name in key) in own
            row.person_id = None if twice else new
            session.add(row)
    await session.flush()
