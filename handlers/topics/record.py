"""Between a topic's row and what the rules see: `work` as JSON, and the facts with all that hangs on a topic."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.topics.facts import Decision, Done, Election, Facts, Milestone, Standing
from storage.queries.polls import find_poll
from storage.queries.topics import list_representatives, list_topic_documents, list_topic_objections
from storage.queries.votes import find_vote, list_vote_objections
from storage.states import ObjectionState, TopicStep, VoteState
from storage.tables import Poll, Topic, TopicDocument, TopicObjection, TopicRepresentative, Vote

_UNBORN = frozenset({VoteState.DRAFT, VoteState.LINTED, VoteState.REVOKED})
PASSED = "PASSED"


def standing_of(vote: Vote | None, items: Sequence[int], open_objections: int) -> Standing:
    """How far an owners' vote is. It decides only when it is final and every objection has been answered."""
    if vote is None or vote.state in _UNBORN:
        return Standing.NONE
    if vote.state is not VoteState.FINAL or open_objections or vote.result is None:
        return Standing.WAITING
    statuses = [each["status"] for each in vote.result["questions"] if each["item"] in items]
    passed = bool(statuses) and all(status == PASSED for status in statuses)
    return Standing.PASSED if passed else Standing.FAILED


async def load_facts(session: AsyncSession, topic: Topic) -> Facts:
    """A topic as the rules see it, with what hangs on it."""
    compound_id, number = topic.compound_id, topic.topic_number
    vote, open_objections = None, 0
    if topic.vote_number is not None:
        vote = await find_vote(session, compound_id, topic.vote_number)
        said = await list_vote_objections(session, compound_id, topic.vote_number)
        open_objections = sum(each.state is ObjectionState.OPEN for each in said)
    poll = None if topic.poll_number is None else await find_poll(session, compound_id, topic.poll_number)
    is_cut = poll is not None and poll.ended_at is not None and not is_through(poll)
    return facts_of(
        topic,
        standing_of(vote, topic.items, open_objections),
        poll_number=None if is_cut else topic.poll_number,  # another may be held in its place
        poll_over=poll is not None and is_through(poll),
        documents=await list_topic_documents(session, compound_id, number),
        objections=await list_topic_objections(session, compound_id, number),
        representatives=await list_representatives(session, compound_id, number),
    )


def is_through(poll: Poll) -> bool:
    """Whether a poll ran as long as residents were told; one that was ended before that asked nobody enough."""
    return poll.ended_at is not None and poll.ended_at >= poll.closes_at


def facts_of(
    topic: Topic,
    vote: Standing,
    *,
    poll_number: int | None,
    poll_over: bool,
    documents: Sequence[TopicDocument],
    objections: Sequence[TopicObjection],
    representatives: Sequence[TopicRepresentative],
) -> Facts:
    """A topic as the rules see it."""
    work = topic.work
    return Facts(
        state=topic.state,
        step=topic.step,
        entry=topic.entry,
        lawful=topic.lawful,
        items=tuple(topic.items),
        done={code: _done(each) for code, each in work.get("done", {}).items()},
        skipped={TopicStep(step): why for step, why in work.get("skipped", {}).items()},
        documents=sum(each.public and each.entry == topic.entry for each in documents),
        vote_number=topic.vote_number,
        vote=vote,
        spent=tuple(work.get("spent", ())),
        decision=_decision(work["decision"]) if work.get("decision") else None,
        milestones=tuple(_milestone(each) for each in work.get("milestones", ())),
        election=_election(work["election"]) if work.get("election") else None,
        representatives=sum(
            each.name_sealed is not None or each.accepts is not None for each in representatives
        ),
        signed=sum(each.accepts is True for each in representatives),
        refused=sum(each.accepts is False for each in representatives),
        poll_number=poll_number,
        poll_over=poll_over,
        statement=work.get("statement", ""),
        objections=sum(each.state is ObjectionState.OPEN for each in objections),
    )


def put_facts(topic: Topic, facts: Facts) -> None:
    """Write the facts into the row. Counts are those of other rows and are not written."""
    topic.state, topic.step, topic.entry = facts.state, facts.step, facts.entry
    topic.lawful, topic.items = facts.lawful, list(facts.items)
    topic.vote_number, topic.poll_number = facts.vote_number, facts.poll_number
    topic.work = work_of(facts)


def work_of(facts: Facts) -> dict[str, Any]:
    """What was done in the steps, as JSON; without what is empty."""
    work = {
        "done": {
            code: {
                "words": done.words,
                "on": done.on.isoformat(),
                "figures": dict(done.figures),
                "survey": done.survey,
            }
            for code, done in facts.done.items()
        },
        "skipped": {step.value: why for step, why in facts.skipped.items()},
        "spent": list(facts.spent),
        "decision": facts.decision
        and {
            "body": facts.decision.body,
            "members": facts.decision.members,
            "in_favour": facts.decision.in_favour,
            "words": facts.decision.words,
            "on": facts.decision.on.isoformat(),
        },
        "milestones": [
            {
                "title": each.title,
                "due_on": each.due_on.isoformat(),
                "done_on": each.done_on and each.done_on.isoformat(),
                "words": each.words,
            }
            for each in facts.milestones
        ],
        "election": facts.election
        and {
            "how": facts.election.how,
            "on": facts.election.on.isoformat(),
            "share": str(facts.election.share),
        },
        "statement": facts.statement,
    }
    return {name: value for name, value in work.items() if value}


def _done(written: dict[str, Any]) -> Done:
    return Done(
        written["words"], date.fromisoformat(written["on"]), written["figures"], written.get("survey")
    )


def _decision(written: dict[str, Any]) -> Decision:
    on = date.fromisoformat(written["on"])
    return Decision(written["body"], written["members"], written["in_favour"], written["words"], on)


def _milestone(written: dict[str, Any]) -> Milestone:
    done_on = written["done_on"]
    return Milestone(
        written["title"],
        date.fromisoformat(written["due_on"]),
        date.fromisoformat(done_on) if done_on else None,
        written["words"],
    )


def _election(written: dict[str, Any]) -> Election:
    return Election(written["how"], date.fromisoformat(written["on"]), Fraction(written["share"]))
