"""What meetings promised: who is holding it, and what became of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.consultations import words
from handlers.consultations.outcomes import PROMISES, WORDS, Code, Refused
from handlers.consultations.state import COUNTER
from handlers.context import Services
from handlers.requests.record import facts_of
from handlers.requests.words import state_name, who
from handlers.texts import say
from handlers.topics.words import STEP_NAMES
from storage.audit import add_audit_event
from storage.queries.consultations import find_item, list_promises
from storage.queries.opinions import lock_counter
from storage.queries.requests import find_request
from storage.queries.topics import find_topic
from storage.states import ItemOutcome, RequestState, TopicState
from storage.tables import ConsultationItem, Topic

_DONE = frozenset({RequestState.DONE, RequestState.RATED, RequestState.CLOSED, RequestState.CANCELLED})


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A promise. holder: who sees to it, without a name of a person that was not written down. status: in words."""

    item: ConsultationItem
    holder: str
    status: str
    done: bool


async def load_follow_ups(session: AsyncSession, compound_id: int) -> list[FollowUp]:
    """All promises that no later agenda has taken up, the oldest first; of requests as they stand now."""
    return [await _follow_up(session, item) for item in await list_promises(session, compound_id, PROMISES)]


async def settle_promise(
    session: AsyncSession,
    _services: Services,
    compound_id: int,
    number: int,
    said: str,
    now: datetime,
    *,
    actor_id: int,
) -> None:
    """Say of a promise that it is kept, and how; raises Refused. A request settles itself when it is done."""
    await lock_counter(session, compound_id, COUNTER)
    item = await find_item(session, compound_id, number)
    said = said.strip()
    if item is None or item.outcome not in PROMISES or item.carried_to is not None:
        raise Refused(Code.OVER)
    if item.outcome is ItemOutcome.ORDER or item.settled_at is not None:
        raise Refused(Code.OVER)
    if not said or len(said) > WORDS:
        raise Refused(Code.NO_WORDS)
    item.settled_at, item.settled_words = now, said
    session.add(item)
    add_audit_event(
        session,
        at=now,
        verb="consultation.settled",
        compound_id=compound_id,
        actor_id=actor_id,
        subject=f"agenda:{number}",
    )


async def _follow_up(session: AsyncSession, item: ConsultationItem) -> FollowUp:
    if item.settled_at is not None:
        return FollowUp(item, "", say("consultations.settled", words=item.settled_words), done=True)
    if item.outcome is ItemOutcome.TOPIC and item.topic_number is not None:
        topic = await find_topic(session, item.compound_id, item.topic_number)
        if topic is not None:
            return _of_topic(item, topic)
    if item.outcome is not ItemOutcome.ORDER or item.matter_number is None:
        holder = item.holder or say("consultations.holder_meeting")
        return FollowUp(item, holder, words.outcome_words(item), done=False)
    request = await find_request(session, item.compound_id, item.matter_number)
    if request is None:
        return FollowUp(item, say("requests.nobody_yet"), words.outcome_words(item), done=False)
    facts = facts_of(request)
    status = say("consultations.order_stands", number=item.matter_number, state=state_name(facts.state))
    return FollowUp(item, who(facts), status, done=facts.state in _DONE)


def _of_topic(item: ConsultationItem, topic: Topic) -> FollowUp:
    step, number = STEP_NAMES[topic.step], topic.topic_number
    match topic.state:
        case TopicState.OPEN:
            status = say("consultations.topic_stands", number=number, step=step)
        case TopicState.DONE:
            status = say("consultations.topic_done", number=number)
        case TopicState.ENDED:
            status = say("consultations.topic_ended", number=number)
    is_open = topic.state is TopicState.OPEN
    return FollowUp(
        item, say("consultations.holder_topic", step=step) if is_open else "", status, done=not is_open
    )
