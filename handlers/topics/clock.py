"""Use case: what the clock has to say of topics: a step is due soon, or was not left in time.

Called by every replica at each tick, as often as it likes. The topics of a compound are locked before they are looked
at, and what is due follows from their rows: the second replica finds nothing left to say. After a stop whoever has
several topics reads of all of them in one message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.context import Services
from handlers.local_time import month_day
from handlers.reach.fields import Facts as Shown
from handlers.reach.notify import Notice, notify_person
from handlers.requests.offices import list_dispatchers
from handlers.texts import say
from handlers.topics.carry_out import put_times, write_entry
from handlers.topics.commands import Entry
from handlers.topics.facts import Times
from handlers.topics.rules import Due, due, said
from handlers.topics.tell import list_holders, shown
from handlers.topics.words import STEP_NAMES, desk_of
from storage.database import Database
from storage.queries.topics import list_due_compounds, lock_due_topics
from storage.states import Ladder, MessageClass, TopicVerb
from storage.tables import Compound, Topic

LIMIT = 200  # compounds in one call: a tick stays short, the next one goes on
LASTS = timedelta(days=2)
_VERBS = {Due.REMIND: TopicVerb.REMINDED, Due.OVERDUE: TopicVerb.OVERDUE}


async def advance_topics(database: Database, services: Services, now: datetime) -> int:
    """Say what is due, each compound in a transaction of its own; returns of how many topics."""
    async with database.read() as session:
        found = await list_due_compounds(session, now, LIMIT)
    return await each_apart(database, found, lambda session, key: _advance(session, services, key, now))


async def _advance(session: AsyncSession, services: Services, compound_id: int, now: datetime) -> int:
    compound = await session.get_one(Compound, compound_id)
    heard: dict[tuple[Due, int], list[Topic]] = {}
    count = 0
    for topic in await lock_due_topics(session, compound_id, now):
        times = Times(topic.due_at, topic.remind_at, topic.overdue_at)
        what = due(times, now)
        if what is None:
            continue
        put_times(topic, said(times, what))
        session.add(topic)
        # A step may be given more time; then it is told of anew.
        key = f"clock:{topic.entry}:{what.value}:{topic.due_at or now:%Y%m%d}"
        await write_entry(session, topic, Entry(_VERBS[what]), now, key=key, actor_id=None)
        people = await list_holders(session, compound, topic.step)
        if what is Due.OVERDUE:
            people = [*people, *await list_dispatchers(session, compound, Ladder.COMMUNITY)]
        for person_id in dict.fromkeys(people):
            heard.setdefault((what, person_id), []).append(topic)
        count += 1
    await _tell(session, services, compound, heard, now)
    return count


async def _tell(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    heard: Mapping[tuple[Due, int], Sequence[Topic]],
    now: datetime,
) -> None:
    for (what, person_id), topics in heard.items():
        lines = "\n".join(
            say(
                "topics.due_line",
                number=topic.topic_number,
                title=topic.title,
                step=STEP_NAMES[topic.step],
                until=month_day(topic.due_at or now),
            )
            for topic in topics
        )
        which = "-".join(
            f"{topic.topic_number}.{topic.entry}.{topic.due_at or now:%Y%m%d}" for topic in topics
        )
        notice = Notice(
            MessageClass.REMINDER,
            say(
                "topics.overdue" if what is Due.OVERDUE else "topics.remind",
                compound=compound.name,
                lines=lines,
            ),
            f"topics:{compound.compound_id}:{what.value}:{which}",
            facts=_shown(services, compound, what, topics, now),
            expires_at=now + LASTS,
        )
        await notify_person(session, services, person_id, notice, now)


def _shown(
    services: Services, compound: Compound, what: Due, topics: Sequence[Topic], now: datetime
) -> Shown:
    """What a template says of them: the first of several, and a link to all."""
    code, state = compound.code, say("topics.state_overdue" if what is Due.OVERDUE else "topics.state_soon")
    if len(topics) == 1:
        link = desk_of(services.public_url, code, topics[0].topic_number)
        return shown(compound, topics[0], state, say("topics.todo_work"), link, now)
    link = f"{services.public_url}/console/{code}/topics" if services.public_url else ""
    more = say("topics.what_more", title=topics[0].title, count=len(topics))
    return replace(
        shown(compound, topics[0], state, say("topics.todo_work"), link, now), what=more, number=None
    )
