"""The life of a topic: 提议, 商议, 定议, 执行, 评议; then done, or ended on the way. Pure.

`apply` says what a command makes of a topic, or why it may not be. A step is left when what its template asks for is
there and every objection has been answered; going past one without that is a skip, which only a template allows and
which stands in the record with its reason. Who does what in a step: seed 000 (南充).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from handlers.topics import commands as c
from handlers.topics.commands import Code, Command, Entry, Outcome, Refused
from handlers.topics.facts import STEPS, Actor, Facts, Need, Plan, Standing, Times
from handlers.topics.present import OBJECTIONS, missing
from handlers.topics.within import accept, decide, hear, prepare, words_of, work
from storage.states import Role, TopicState, TopicStep, TopicVerb

ORGANISERS = frozenset({Role.SECRETARY, Role.COMMITTEE, Role.COMMUNITY_WORKER})
HOLDERS: Mapping[TopicStep, frozenset[Role]] = {
    TopicStep.PROPOSE: frozenset({Role.SECRETARY}),
    TopicStep.DISCUSS: frozenset({Role.SECRETARY, Role.COMMITTEE}),
    TopicStep.DECIDE: frozenset({Role.COMMUNITY_WORKER}),
    TopicStep.EXECUTE: frozenset({Role.PROPERTY, Role.COMMITTEE, Role.SECRETARY}),
    TopicStep.REVIEW: frozenset({Role.SUPERVISOR}),
}
"""Who has to bring a step forward."""
STAND_INS = frozenset({Role.SECRETARY, Role.COMMUNITY_WORKER})
"""Who does it where nobody holds one of these roles."""


class Due(StrEnum):
    """What the clock has to say."""

    REMIND = "remind"
    OVERDUE = "overdue"


# Who may


def leavers(step: TopicStep) -> frozenset[Role]:
    """Who says that a step is over: whoever does the works does not say that they are done."""
    return HOLDERS[step] - {Role.PROPERTY}


def may(actor: Actor, step: TopicStep, kind: type[Command]) -> bool:
    """Whether somebody may do this in this step by their roles."""
    roles = _ROLES.get(kind)
    if kind is c.State:
        wanted = frozenset({Role.SUPERVISOR})
    elif roles is None:
        wanted = leavers(step)
    else:
        wanted = roles
        if kind in (c.DoTask, c.AddDocument):
            wanted = roles | HOLDERS[step]
        if kind is c.End:
            wanted = roles | leavers(step)
    if wanted & actor.roles:
        return True
    return not wanted & actor.filled and bool(STAND_INS & actor.roles)


_ROLES: Mapping[type[Command], frozenset[Role]] = {
    c.End: frozenset({Role.SECRETARY, Role.COMMUNITY_WORKER}),
    c.DoTask: ORGANISERS,
    c.AddDocument: ORGANISERS,
    c.RequireVote: ORGANISERS,
    c.LinkVote: ORGANISERS,
    c.Decide: ORGANISERS,
    c.PlanMilestone: ORGANISERS | {Role.PROPERTY},
    c.FinishMilestone: ORGANISERS | {Role.PROPERTY},
    c.Elect: ORGANISERS,
    c.NameRepresentative: ORGANISERS,
    c.EnterPaper: ORGANISERS,
    c.Sign: ORGANISERS,
    c.Object: ORGANISERS,
    c.AnswerObjection: ORGANISERS,
    c.StartPoll: ORGANISERS | {Role.SUPERVISOR},
}


# What a command does


def apply(plan: Plan, facts: Facts, actor: Actor | None, command: Command) -> Outcome:
    """The topic after a command; raises Refused. actor: None for a resident who acts for themselves, or by their
    office as a representative, and for the clock."""
    if facts.state is not TopicState.OPEN:
        raise Refused(Code.OVER)
    if actor is not None and not may(actor, facts.step, type(command)):
        raise Refused(Code.NOT_YOURS)
    match command:
        case c.Advance() | c.Skip() | c.GoBack() | c.End():
            return _move(plan, facts, command)
        case c.DoTask() | c.AddDocument() | c.StartPoll() | c.State():
            return prepare(plan, facts, command)
        case c.RequireVote() | c.LinkVote() | c.Decide():
            return decide(facts, command)
        case c.PlanMilestone() | c.FinishMilestone():
            return work(plan, facts, command)
        case c.Elect() | c.NameRepresentative() | c.Sign() | c.EnterPaper():
            return accept(facts, command)
        case c.Object() | c.AnswerObjection():
            return hear(facts, command)


def _move(plan: Plan, facts: Facts, command: c.Advance | c.Skip | c.GoBack | c.End) -> Outcome:
    match command:
        case c.Advance():
            return _advance(plan, facts)
        case c.Skip(reason):
            return _skip(plan, facts, words_of(reason))
        case c.GoBack(to, reason):
            return _go_back(plan, facts, to, words_of(reason))
        case c.End(reason):
            ended = replace(facts, state=TopicState.ENDED, entry=facts.entry + 1)
            return Outcome(ended, Entry(TopicVerb.ENDED, words_of(reason)), moved=True)


def _advance(plan: Plan, facts: Facts) -> Outcome:
    lacking = missing(plan, facts)
    if lacking:
        raise Refused(Code.OBJECTIONS if lacking == (OBJECTIONS,) else Code.MISSING)
    after = _onward(facts)
    verb = TopicVerb.FINISHED if after.state is TopicState.DONE else TopicVerb.ADVANCED
    return Outcome(after, Entry(verb, details={"from": facts.step.value}), moved=True)


def _skip(plan: Plan, facts: Facts, reason: str) -> Outcome:
    if not plan[facts.step].may_skip or (facts.lawful and facts.step is TopicStep.DECIDE):
        raise Refused(Code.NO_SKIP)
    if Need.DECISION.value in missing(plan, facts):
        raise Refused(Code.MISSING)
    if facts.objections:
        raise Refused(Code.OBJECTIONS)
    after = replace(_onward(facts), skipped={**facts.skipped, facts.step: reason})
    return Outcome(after, Entry(TopicVerb.SKIPPED, reason, {"from": facts.step.value}), moved=True)


def _onward(facts: Facts) -> Facts:
    place = STEPS.index(facts.step)
    if place + 1 == len(STEPS):
        return replace(facts, state=TopicState.DONE, entry=facts.entry + 1, documents=0)
    return replace(facts, step=STEPS[place + 1], entry=facts.entry + 1, documents=0)


def _go_back(plan: Plan, facts: Facts, to: TopicStep, reason: str) -> Outcome:
    if STEPS.index(to) >= STEPS.index(facts.step):
        raise Refused(Code.WRONG_STEP)
    anew = STEPS[STEPS.index(to) :]
    tasks = {code for step in anew for code in plan[step].tasks}
    after = replace(
        facts,
        step=to,
        entry=facts.entry + 1,
        documents=0,
        done={code: done for code, done in facts.done.items() if code not in tasks},
        skipped={step: why for step, why in facts.skipped.items() if step not in anew},
        signed=0,
        refused=0,
        poll_number=None,
        poll_over=False,
        statement="",
    )
    if TopicStep.DECIDE in anew:
        spent = () if facts.vote_number is None else (facts.vote_number,)
        after = replace(
            after, decision=None, vote_number=None, vote=Standing.NONE, spent=(*facts.spent, *spent)
        )
    details = {"from": facts.step.value, "to": to.value}
    return Outcome(after, Entry(TopicVerb.WENT_BACK, reason, details), moved=True)


# The clock


def times_for(entered_at: datetime, due_at: datetime) -> Times:
    """The times of a step that was just entered: a reminder when three quarters have passed."""
    return Times(due_at, due_at - (due_at - entered_at) / 4, due_at)


def due(times: Times, now: datetime) -> Due | None:
    """What the clock has to say now. Of a reminder and a deadline that both went by, only the deadline."""
    if times.overdue_at is not None and now >= times.overdue_at:
        return Due.OVERDUE
    if times.remind_at is not None and now >= times.remind_at:
        return Due.REMIND
    return None


def said(times: Times, what: Due) -> Times:
    """The times after it was said: never again, whichever way clocks jump."""
    return replace(times, remind_at=None, overdue_at=None if what is Due.OVERDUE else times.overdue_at)
