"""What is said of topics in chat, to groups and to those who have to do something. No link is a key."""

from datetime import datetime

from handlers.local_time import month_day
from handlers.texts import say, short
from handlers.topics.commands import Entry
from storage.states import TopicState, TopicStep, TopicVerb
from storage.tables import Compound, Topic

STEP_NAMES = {
    TopicStep.PROPOSE: "提议",
    TopicStep.DISCUSS: "商议",
    TopicStep.DECIDE: "定议",
    TopicStep.EXECUTE: "执行",
    TopicStep.REVIEW: "评议",
}
REASON = 100  # characters of a reason that a group reads


def page_of(public_url: str, code: str, number: int) -> str:
    """Where residents read of a topic; empty without pages."""
    return f"{public_url}/h5/topics/{code}/{number}" if public_url else ""


def desk_of(public_url: str, code: str, number: int) -> str:
    """Where staff work on a topic; empty without pages."""
    return f"{public_url}/console/{code}/topics/{number}" if public_url else ""


def announcement(compound: Compound, topic: Topic, entry: Entry, public_url: str) -> str:
    """What groups read when the step changed."""
    text = _what_happened(compound.name, topic, entry)
    link = page_of(public_url, compound.code, topic.topic_number)
    return f"{text}\n{say('topics.link', link=link)}" if link else text


def _what_happened(compound: str, topic: Topic, entry: Entry) -> str:
    title, step = topic.title, STEP_NAMES[topic.step]
    reason = entry.words if len(entry.words) <= REASON else f"{entry.words[:REASON]}…"
    if topic.state is TopicState.ENDED:
        return say("topics.ended", compound=compound, title=title, reason=reason)
    if topic.state is TopicState.DONE:
        return say("topics.done", compound=compound, title=title)
    if entry.verb is TopicVerb.WENT_BACK:
        return say("topics.went_back", compound=compound, title=title, step=step, reason=reason)
    if entry.verb is TopicVerb.SKIPPED:
        before = STEP_NAMES[TopicStep(str(entry.details["from"]))]
        return say("topics.skipped", compound=compound, title=title, before=before, step=step, reason=reason)
    return say("topics.moved", compound=compound, title=title, step=step, what=_now(topic))


def _now(topic: Topic) -> str:
    match topic.step:
        case TopicStep.PROPOSE:
            return say("topics.propose")
        case TopicStep.DISCUSS:
            return say("topics.discuss")
        case TopicStep.DECIDE:
            return say("topics.decide_vote" if topic.lawful else "topics.decide")
        case TopicStep.EXECUTE:
            return say("topics.execute")
        case TopicStep.REVIEW:
            return say("topics.review")


def line_of(compound: Compound, topic: Topic, now: datetime) -> str:
    """A topic in a list."""
    late = topic.due_at is not None and now > topic.due_at
    return say(
        "topics.late" if late else "topics.line",
        compound=compound.name,
        number=topic.topic_number,
        title=short(topic.title),
        step=STEP_NAMES[topic.step],
        since=month_day(topic.entered_at),
    )
