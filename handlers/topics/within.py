"""What a command does within a step of a topic: what is prepared, decided, worked on, accepted, objected. Pure."""

from dataclasses import replace

from handlers.topics import commands as c
from handlers.topics.commands import Code, Entry, Outcome, Refused
from handlers.topics.facts import STEPS, Done, Facts, Milestone, Need, Plan, Standing
from handlers.topics.present import is_there
from storage.states import TopicStep, TopicVerb


def prepare(plan: Plan, facts: Facts, command: c.DoTask | c.AddDocument | c.StartPoll | c.State) -> Outcome:
    """What a step asks for beside the decision and the works."""
    match command:
        case c.DoTask(code, words, on, figures, survey):
            if code not in plan[facts.step].tasks:
                raise Refused(Code.ODD)
            done = Done(words_of(words), on, dict(figures), survey)
            details = {"task": code, "on": on.isoformat(), **figures}
            after = replace(facts, done={**facts.done, code: done})
            return Outcome(after, Entry(TopicVerb.TASK_DONE, done.words, details))
        case c.AddDocument(name, public, milestone):
            if milestone is not None and not 0 <= milestone < len(facts.milestones):
                raise Refused(Code.ODD)
            after = replace(facts, documents=facts.documents + public)
            details = {"public": public} | ({} if milestone is None else {"milestone": milestone})
            return Outcome(after, Entry(TopicVerb.DOCUMENT_ADDED, name, details))
        case c.StartPoll(number, task):
            details = {"poll": number} | ({"task": task} if task else {})
            if task:
                if task not in plan[facts.step].tasks:
                    raise Refused(Code.ODD)
                return Outcome(facts, Entry(TopicVerb.POLL_STARTED, details=details))
            _in(facts, TopicStep.REVIEW)
            if facts.poll_number is not None:
                raise Refused(Code.POLL_THERE)
            after = replace(facts, poll_number=number, poll_over=False)
            return Outcome(after, Entry(TopicVerb.POLL_STARTED, details=details))
        case c.State(words):
            _in(facts, TopicStep.REVIEW)
            after = replace(facts, statement=words_of(words))
            return Outcome(after, Entry(TopicVerb.STATED, after.statement))


def decide(facts: Facts, command: c.RequireVote | c.LinkVote | c.Decide) -> Outcome:
    """The decision: of the owners where the law asks for theirs, else of a committee. One in a round."""
    match command:
        case c.RequireVote(item):
            if not 1 <= item <= 9 or facts.lawful:
                raise Refused(Code.ODD)
            if STEPS.index(facts.step) > STEPS.index(TopicStep.DECIDE) or facts.decision is not None:
                raise Refused(Code.WRONG_STEP)
            after = replace(facts, lawful=True, items=(item,))
            return Outcome(after, Entry(TopicVerb.VOTE_REQUIRED, details={"item": item}))
        case c.LinkVote(number, fits):
            _in(facts, TopicStep.DECIDE)
            if not facts.lawful or not fits:
                raise Refused(Code.NO_VOTE)
            if number in facts.spent:
                raise Refused(Code.VOTE_SPENT)
            if facts.vote is not Standing.NONE:  # no second one in the place of one that goes badly
                raise Refused(Code.ANSWERED)
            after = replace(facts, vote_number=number)
            return Outcome(after, Entry(TopicVerb.VOTE_LINKED, details={"vote": number}))
        case c.Decide(decision):
            _in(facts, TopicStep.DECIDE)
            if facts.lawful:
                raise Refused(Code.NEEDS_VOTE)
            if facts.decision is not None:
                raise Refused(Code.ANSWERED)
            if not 1 <= decision.members <= 1000 or not 0 <= decision.in_favour <= decision.members:
                raise Refused(Code.ODD)
            words_of(decision.body)
            details = {"body": decision.body, "members": decision.members, "in_favour": decision.in_favour}
            entry = Entry(TopicVerb.DECIDED, words_of(decision.words), details)
            return Outcome(replace(facts, decision=decision), entry)


def work(plan: Plan, facts: Facts, command: c.PlanMilestone | c.FinishMilestone) -> Outcome:
    """The works, piece by piece."""
    _in(facts, TopicStep.EXECUTE)
    match command:
        case c.PlanMilestone(title, due_on):
            milestone = Milestone(words_of(title)[: c.NAME], due_on)
            entry = Entry(TopicVerb.MILESTONE_PLANNED, milestone.title, {"due_on": due_on.isoformat()})
            # There is more to do, so whoever signed, or refused to, looks again.
            more = replace(facts, milestones=(*facts.milestones, milestone), signed=0, refused=0)
            return Outcome(more, entry)
        case c.FinishMilestone(place, words, on):
            if not 0 <= place < len(facts.milestones):
                raise Refused(Code.ODD)
            before = facts.milestones[place]
            if before.done_on is not None:
                raise Refused(Code.ANSWERED)
            if any(code not in facts.done for code in plan[TopicStep.EXECUTE].first):
                raise Refused(Code.MISSING)
            after = replace(before, done_on=on, words=words.strip()[: c.WORDS])
            milestones = (*facts.milestones[:place], after, *facts.milestones[place + 1 :])
            entry = Entry(TopicVerb.MILESTONE_DONE, after.words, {"milestone": place, "on": on.isoformat()})
            return Outcome(replace(facts, milestones=milestones), entry)


def accept(facts: Facts, command: c.Elect | c.NameRepresentative | c.Sign | c.EnterPaper) -> Outcome:
    """Acceptance by elected representatives (竣工验收, seed 004): who they are stands before anybody signs."""
    match command:
        case c.Elect(election):
            if facts.signed or facts.refused:
                raise Refused(Code.SIGNING)
            if not 0 < election.share <= 1:
                raise Refused(Code.ODD)
            details = {"on": election.on.isoformat(), "share": str(election.share)}
            entry = Entry(TopicVerb.ELECTED, words_of(election.how), details)
            return Outcome(replace(facts, election=election), entry)
        case c.NameRepresentative(interested, which):
            if facts.signed or facts.refused:
                raise Refused(Code.SIGNING)
            if facts.election is None:
                raise Refused(Code.NOT_ELECTED)
            if interested:
                raise Refused(Code.INTERESTED)
            after = replace(facts, representatives=facts.representatives + 1)
            return Outcome(after, Entry(TopicVerb.REPRESENTATIVE_NAMED, details={"representative": which}))
        case c.EnterPaper(accepts, reason, which):
            _may_sign(facts, accepts, reason)
            return Outcome(facts, Entry(TopicVerb.PAPER_ENTERED, details={"representative": which}))
        case c.Sign(accepts, reason, before, interested, which):
            _may_sign(facts, accepts, reason)
            if interested:
                raise Refused(Code.INTERESTED)
            if before is accepts:
                raise Refused(Code.ANSWERED)
            after = replace(
                facts,
                signed=facts.signed + accepts - (before is True),
                refused=facts.refused + (not accepts) - (before is False),
            )
            verb = TopicVerb.SIGNED if accepts else TopicVerb.REFUSED
            return Outcome(after, Entry(verb, "" if accepts else words_of(reason), {"representative": which}))


def hear(facts: Facts, command: c.Object | c.AnswerObjection) -> Outcome:
    """Objections: one of a person in each step, open until it is answered."""
    match command:
        case c.Object(again):
            if again:
                raise Refused(Code.OBJECTED)
            return Outcome(replace(facts, objections=facts.objections + 1), Entry(TopicVerb.OBJECTED))
        case c.AnswerObjection(words, answered_before, which):
            if answered_before:
                raise Refused(Code.ANSWERED)
            entry = Entry(TopicVerb.ANSWERED, words_of(words), {"objection": which})
            return Outcome(replace(facts, objections=facts.objections - 1), entry)


def _may_sign(facts: Facts, accepts: bool, reason: str) -> None:
    _in(facts, TopicStep.EXECUTE)
    if facts.election is None or facts.representatives == 0:
        raise Refused(Code.NOT_ELECTED)
    if not is_there(facts, Need.MILESTONES):
        raise Refused(Code.MISSING)
    if not accepts:
        words_of(reason)


def _in(facts: Facts, step: TopicStep) -> None:
    if facts.step is not step:
        raise Refused(Code.WRONG_STEP)


def words_of(text: str) -> str:
    """What somebody wrote, as it is kept; raises Refused for nothing."""
    words = text.strip()[: c.WORDS]
    if not words:
        raise Refused(Code.NO_WORDS)
    return words
