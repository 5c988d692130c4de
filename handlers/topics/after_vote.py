"""Use case: the owners' vote of a topic is final. Passed, the topic goes on by itself; failed, its holders are told.

They are told too when it passed and the step still lacks something else. Called by every replica at each tick, as
often as it likes: what follows a vote stands in the record under the vote's number, and that it is held has a claim,
so each happens once. Whether a failed topic goes back or ends is for people to say.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.context import Services
from handlers.topics.carry_out import carry_out, write_entry
from handlers.topics.commands import Advance, Entry
from handlers.topics.facts import Facts, Standing
from handlers.topics.present import missing
from handlers.topics.record import load_facts
from handlers.topics.tell import tell_failed_vote, tell_held
from handlers.topics.templates import template_of
from storage.claims import try_claim
from storage.database import Database
from storage.queries.topics import has_event, list_topics_after_vote, lock_topic
from storage.queries.visits import list_claimed
from storage.states import TopicState, TopicStep, TopicVerb
from storage.tables import Compound, Topic

HELD = "topic_held"  # the job under which it is claimed that its holders were told
LIMIT = 200  # topics looked at in one query


async def follow_votes(database: Database, services: Services, now: datetime) -> int:
    """Do what follows from votes that are final, each topic in a transaction of its own; returns of how many."""
    async with database.read() as session:
        found = await _list_left(session)
    return await each_apart(database, found, lambda session, key: _follow(session, services, *key, now))


async def _list_left(session: AsyncSession) -> list[tuple[int, int]]:
    """Of all topics after their vote those that are not just held: nothing is written for the others."""
    left: list[tuple[int, int]] = []
    told = await list_claimed(session, HELD, "")
    after = (0, 0)
    while found := await list_topics_after_vote(session, after, LIMIT):
        for topic in found:
            facts = await load_facts(session, topic)
            is_news = facts.vote is Standing.PASSED and _held_key(topic) not in told
            if is_news or not _held(topic, facts):
                left.append((topic.compound_id, topic.topic_number))
        after = (found[-1].compound_id, found[-1].topic_number)
    return left


async def _follow(
    session: AsyncSession, services: Services, compound_id: int, number: int, now: datetime
) -> int:
    compound = await session.get_one(Compound, compound_id)
    topic = await lock_topic(session, compound_id, number)
    if topic is None or topic.state is not TopicState.OPEN or topic.step is not TopicStep.DECIDE:
        return 0
    facts, key = await load_facts(session, topic), f"vote:{topic.vote_number}"
    if await has_event(session, compound_id, number, key):
        return 0
    if facts.vote is Standing.FAILED:
        failed = Entry(TopicVerb.VOTE_FAILED, details={"vote": topic.vote_number})
        await write_entry(session, topic, failed, now, key=key, actor_id=None)
        await tell_failed_vote(session, services, compound, topic, now)
        return 1
    if _held(topic, facts):
        if facts.vote is Standing.PASSED and await try_claim(session, HELD, _held_key(topic), "", now):
            await tell_held(session, services, compound, topic, now)
            return 1
        return 0
    await carry_out(session, services, compound, number, Advance(), now, key=key, actor_id=None)
    return 1


def _held(topic: Topic, facts: Facts) -> bool:
    """Whether an objection, or something that the step asks for beside the vote, keeps it from going on."""
    return facts.vote is not Standing.FAILED and bool(missing(template_of(topic.template).plan, facts))


def _held_key(topic: Topic) -> str:
    return f"{topic.compound_id}:{topic.topic_number}:{topic.vote_number}"
