"""Use case: a topic begins (提议)."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.topics.carry_out import enter, write_entry
from handlers.topics.commands import NAME, Code, Entry, Refused
from handlers.topics.tell import tell_step
from handlers.topics.templates import load_templates
from storage.queries.opinions import next_number
from storage.states import TopicStep, TopicVerb
from storage.tables import Compound, Topic

LONGEST = 4000


async def propose_topic(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    title: str,
    body: str,
    template: str,
    now: datetime,
    *,
    actor_id: int,
    matter_number: int | None = None,
    items: Sequence[int] = (),
) -> Topic:
    """A topic in the step 提议; raises Refused for words or a template that are none. The compound's groups are told.

    matter_number: what it began with. items: of art. 278, where the template leaves it open and owners decide it. The
    caller has checked rights, and that it begins once.
    """
    assert compound.compound_id is not None
    under = check_proposal(title, body, template, items)
    topic = Topic(
        compound_id=compound.compound_id,
        topic_number=await next_number(session, compound.compound_id, "topic"),
        template=template,
        title=" ".join(title.split()),
        body=body.strip(),
        step=TopicStep.PROPOSE,
        lawful=bool(under),
        items=under,
        matter_number=matter_number,
        created_by=actor_id,
        created_at=now,
        entered_at=now,
    )
    enter(topic, now)
    session.add(topic)
    await session.flush()
    entry = Entry(TopicVerb.PROPOSED, details={} if matter_number is None else {"matter": matter_number})
    await write_entry(session, topic, entry, now, key="proposed", actor_id=actor_id)
    await tell_step(session, services, compound, topic, entry, now, actor_id=actor_id)
    await session.flush()
    return topic


def check_proposal(title: str, body: str, template: str, items: Sequence[int]) -> list[int]:
    """The items of art. 278 under which owners decide it, none for a committee; raises Refused for what is no topic."""
    written = load_templates().get(template)
    if written is None or not 0 < len(" ".join(title.split())) <= NAME or len(body) > LONGEST:
        raise Refused(Code.ODD)
    under = list(written.items or items)
    if any(not 1 <= item <= 9 for item in under):
        raise Refused(Code.ODD)
    return under
