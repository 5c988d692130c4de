"""Use case: the owners' vote of a topic is final. Passed, the topic goes on by itself; failed, its holders are told.

They are told too when it passed and the step still lacks something else; then it is looked at again when its record
has a new entry. Called by every replica at each tick, as often as it likes: what follows a vote stands in the record
under the vote's number, and that it is held has a claim, so each happens once. Whether a failed topic goes back or
ends is for people to say.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.context import Services
from handlers.topics.carry_out import carry_out, write_entry
from handlers.topics.commands import Advance, Entry
from handlers.topics.facts import Standing
from handlers.topics.present import missing
from handlers.topics.record import load_facts
from handlers.topics.tell import tell_failed_vote, tell_held
from handlers.topics.templates import template_of
from storage.claims import try_claim
from storage.database import Database
from storage.queries.topics import has_event, list_topics_after_vote, lock_topic, looked_at
from storage.states import TopicState, TopicStep, TopicVerb
from storage.tables import Compound

HELD = "topic_held"  # the job under which it is claimed that its holders were told
SEEN = "topic_seen"  # and that it was looked at as it is, and is held
LIMIT = 200  # topics in one call: a tick stays short, the next one goes on


async def follow_votes(database: Database, services: Services, now: datetime) -> int:
    """Do what follows from votes that are final, each topic in a transaction of its own; returns of how many."""
    async with database.read() as session:
        found = await list_topics_after_vote(session, SEEN, LIMIT)
    return await each_apart(database, found, lambda session, key: _follow(session, services, *key, now))


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
    if missing(
        template_of(topic.template).plan, facts
    ):  # an objection, or what the step asks for beside the vote
        if facts.vote is not Standing.PASSED:
            return 0
        await try_claim(session, SEEN, await looked_at(session, topic), "", now)
        told = f"{compound_id}:{number}:{topic.vote_number}"
        if await try_claim(session, HELD, told, "", now):
            await tell_held(session, services, compound, topic, now)
            return 1
        return 0
    await carry_out(session, services, compound, number, Advance(), now, key=key, actor_id=None)
    return 1
