"""Who learns what of a topic: groups and holders of a step that began, each once; those who have to answer or sign."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.local_time import month_day
from handlers.reach.fields import Facts as Shown
from handlers.reach.fields import NoticeKind
from handlers.reach.notify import Notice, notify_group, notify_person
from handlers.requests.offices import list_dispatchers
from handlers.texts import say
from handlers.topics.commands import Entry
from handlers.topics.rules import HOLDERS
from handlers.topics.words import STEP_NAMES, announcement, desk_of, page_of
from storage.queries.people import list_people_in_office
from storage.queries.tree import list_scopes_of
from storage.queries.vote_reach import list_groups_written_to
from storage.states import Ladder, MessageClass, TopicState, TopicStep
from storage.tables import Compound, Topic

NEWS = timedelta(days=3)  # afterwards nobody wants to hear which step began


def shown(compound: Compound, topic: Topic, state: str, todo: str, link: str, now: datetime) -> Shown:
    """What a template says of a topic: its title is the organisers', nobody's own words."""
    return Shown(
        NoticeKind.TOPIC,
        topic.title,
        state,
        now,
        compound.name,
        number=topic.topic_number,
        todo=todo,
        link=link,
    )


async def tell_step(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    topic: Topic,
    entry: Entry,
    now: datetime,
    *,
    actor_id: int | None,
) -> None:
    """Tell the groups that a step began, or that the topic is over, and the holders that it is theirs now."""
    about = f"topic:{topic.compound_id}:{topic.topic_number}"
    text = announcement(compound, topic, entry, services.public_url)
    for group in await list_groups_written_to(session, topic.compound_id):
        here = (
            f"{about}:{group.group_id}"  # what still waits to be told in one group does not wait in another
        )
        notice = Notice(
            MessageClass.NOTICE,
            text,
            f"{about}:{topic.entry}",
            expires_at=now + NEWS,
            topic=here,
            replaces=(here,),
        )
        await notify_group(session, services, group, notice, now)
    if topic.state is not TopicState.OPEN or topic.due_at is None:
        return
    yours = Notice(
        MessageClass.NOTICE,
        say(
            "topics.yours",
            title=topic.title,
            step=STEP_NAMES[topic.step],
            until=month_day(topic.due_at),
        ),
        f"{about}:{topic.entry}:yours",
        facts=shown(
            compound,
            topic,
            say("topics.state_yours"),
            say("topics.todo_work"),
            _desk(services, compound, topic),
            now,
        ),
        expires_at=now + NEWS,
    )
    for person_id in await list_holders(session, compound, topic.step):
        if person_id != actor_id:
            await notify_person(session, services, person_id, yours, now)


async def list_holders(session: AsyncSession, compound: Compound, step: TopicStep) -> list[int]:
    """Those (person_id) who have to bring a step forward: of each role the nearest to the compound who hold it."""
    if step is TopicStep.DECIDE:
        return await list_dispatchers(session, compound, Ladder.COMMUNITY)
    scopes = await list_scopes_of(session, compound)
    office = await list_people_in_office(session, scopes, HOLDERS[step])
    nearest: dict[str, int] = {}
    for grant, _person in office:
        place = scopes.index(grant.scope_code)
        nearest[grant.role] = min(nearest.get(grant.role, place), place)
    found = [
        grant.person_id for grant, _person in office if scopes.index(grant.scope_code) == nearest[grant.role]
    ]
    return list(dict.fromkeys(found)) or await list_dispatchers(session, compound, Ladder.COMPOUND)


async def tell_answer(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    topic: Topic,
    objection: int,
    person_id: int,
    answer: str,
    now: datetime,
) -> None:
    """Tell whoever objected what they are answered."""
    link = page_of(services.public_url, compound.code, topic.topic_number)
    notice = Notice(
        MessageClass.NOTICE,
        say("topics.answered", title=topic.title, answer=answer),
        f"topic:{topic.compound_id}:{topic.topic_number}:objection:{objection}",
        facts=shown(compound, topic, say("topics.state_answered"), say("topics.todo_read"), link, now),
    )
    await notify_person(session, services, person_id, notice, now)


async def ask_to_sign(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    topic: Topic,
    people: Sequence[int],
    milestones: int,
    now: datetime,
) -> None:
    """Ask the elected representatives to sign, once for each time the works were all done."""
    link = page_of(services.public_url, compound.code, topic.topic_number)
    notice = Notice(
        MessageClass.NOTICE,
        say("topics.please_sign", title=topic.title, link=link or "社区、业委会都可以签"),
        f"topic:{topic.compound_id}:{topic.topic_number}:{topic.entry}:sign:{milestones}",
        facts=shown(compound, topic, say("topics.state_sign"), say("topics.todo_sign"), link, now),
    )
    for person_id in people:
        await notify_person(session, services, person_id, notice, now)


async def tell_failed_vote(
    session: AsyncSession, services: Services, compound: Compound, topic: Topic, now: datetime
) -> None:
    """Tell those who hold the decision that the owners' vote did not pass."""
    text = say("topics.vote_failed", compound=compound.name, title=topic.title)
    await _tell_of_vote(session, services, compound, topic, text, say("topics.state_failed"), now)


async def tell_held(
    session: AsyncSession, services: Services, compound: Compound, topic: Topic, now: datetime
) -> None:
    """Tell those who hold the decision that the owners' vote passed, and that the step lacks something else."""
    text = say("topics.vote_held", compound=compound.name, title=topic.title)
    await _tell_of_vote(session, services, compound, topic, text, say("topics.state_held"), now)


async def _tell_of_vote(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    topic: Topic,
    text: str,
    state: str,
    now: datetime,
) -> None:
    """Once of each state that a vote may leave its topic in."""
    notice = Notice(
        MessageClass.NOTICE,
        text,
        f"topic:{topic.compound_id}:{topic.topic_number}:vote:{topic.vote_number}:{state}",
        facts=shown(compound, topic, state, say("topics.todo_work"), _desk(services, compound, topic), now),
        expires_at=now + NEWS,
    )
    for person_id in await list_holders(session, compound, topic.step):
        await notify_person(session, services, person_id, notice, now)


def _desk(services: Services, compound: Compound, topic: Topic) -> str:
    return desk_of(services.public_url, compound.code, topic.topic_number)
