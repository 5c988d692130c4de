"""The five steps, in memory: whatever is done in whatever order, a topic stands somewhere and its record says how."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.topics import commands as c
from handlers.topics.commands import Code, Command, Entry, Refused
from handlers.topics.facts import STEPS, Actor, Decision, Election, Facts, Need, Standing, Times
from handlers.topics.present import decided, is_accepted, missing
from handlers.topics.record import standing_of
from handlers.topics.rules import HOLDERS, STAND_INS, Due, apply, due, leavers, may, said, times_for
from handlers.topics.templates import load_templates, suggest
from nlp.lexicon import load_lexicon
from storage.states import Role, TopicState, TopicStep, TopicVerb, VoteState
from storage.tables import Vote

DAY = date(2026, 3, 12)
NOON = datetime(2026, 3, 12, 4, tzinfo=UTC)
BOSS = Actor(1, frozenset(Role), frozenset(Role))
TEMPLATES = load_templates()


@dataclass
class Book:
    """A topic as a database keeps it: facts, a record, and what was told; a key acts once."""

    template: str
    facts: Facts = field(default_factory=Facts)
    record: list[tuple[str, TopicStep, Entry]] = field(default_factory=list)
    told: list[int] = field(default_factory=lambda: [1])

    def do(self, key: str, command: Command, actor: Actor | None = BOSS) -> Code | None:
        if key in {known for known, _step, _entry in self.record}:
            return None
        try:
            outcome = apply(TEMPLATES[self.template].plan, self.facts, actor, command)
        except Refused as refused:
            return refused.code
        before, self.facts = self.facts, outcome.facts
        self.record.append((key, before.step, outcome.entry))
        assert outcome.moved == (self.facts.entry > before.entry)
        if outcome.moved:
            self.told.append(self.facts.entry)
        return None


def words() -> st.SearchStrategy[str]:
    return st.sampled_from(["", "  ", "商量过了"])


TASKS = sorted({code for template in TEMPLATES.values() for code in template.tasks})
ELECTION = st.builds(
    lambda share: c.Elect(Election("楼栋推选", DAY, share)),
    st.sampled_from([Fraction(1, 2), Fraction(2, 3), Fraction(1), Fraction(0), Fraction(3, 2)]),
)
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.just(c.Advance()),
    st.just(c.Advance()),
    st.builds(c.Skip, words()),
    st.builds(c.GoBack, st.sampled_from(TopicStep), words()),
    st.builds(c.End, st.sampled_from(["", "", "", "撤回"])),
    st.builds(lambda code, said: c.DoTask(code, said, DAY), st.sampled_from(TASKS), words()),
    st.builds(c.AddDocument, st.just("方案.pdf"), st.booleans(), st.sampled_from([None, 0, 7])),
    st.builds(c.RequireVote, st.integers(0, 10)),
    st.builds(c.LinkVote, st.integers(1, 3), st.booleans()),
    st.builds(
        lambda members, pro: c.Decide(Decision("业委会", members, pro, "同意", DAY)),
        st.integers(0, 5),
        st.integers(0, 6),
    ),
    st.builds(c.PlanMilestone, words(), st.just(DAY)),
    st.builds(c.FinishMilestone, st.integers(-1, 2), words(), st.just(DAY)),
    ELECTION,
    st.builds(c.NameRepresentative, st.booleans()),
    st.builds(c.Sign, st.booleans(), words(), st.sampled_from([None, None, True, False]), st.booleans()),
    st.builds(c.EnterPaper, st.booleans(), words()),
    st.builds(c.Object, st.booleans()),
    st.builds(c.AnswerObjection, words(), st.booleans()),
    st.builds(c.StartPoll, st.integers(1, 3), st.sampled_from(["", "fee", "talk"])),
    st.builds(c.State, words()),
)
WORLD: st.SearchStrategy[Callable[[Facts], Facts]] = st.one_of(
    st.sampled_from(Standing).map(
        lambda to: lambda facts: replace(facts, vote=to if facts.vote_number else facts.vote)
    ),
    st.just(lambda facts: replace(facts, poll_over=facts.poll_number is not None)),
)


def consistent(facts: Facts, command: Command) -> bool:
    """What the rows behind the counts allow: nobody answers what is not there, or signs who was not elected."""
    if isinstance(command, c.AnswerObjection):
        return command.answered_before or facts.objections > 0
    if isinstance(command, c.Sign):
        free = facts.representatives - facts.signed - facts.refused
        there = {None: free, True: facts.signed, False: facts.refused}[command.before]
        return facts.representatives == 0 or there > 0
    return True


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(TEMPLATES)),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 60), st.one_of(COMMANDS, COMMANDS, COMMANDS, WORLD)), max_size=60),
)
def test_whatever_is_done_a_topic_stands_somewhere_and_its_record_says_how(
    template: str, lawful: bool, does: list[tuple[int, Command | Callable[[Facts], Facts]]]
) -> None:
    items = TEMPLATES[template].items or ((9,) if lawful else ())
    book = Book(template, Facts(lawful=bool(items), items=items))
    for key, command in does:
        if callable(command):
            if book.facts.state is TopicState.OPEN:
                book.facts = command(book.facts)
            continue
        if not consistent(book.facts, command):
            continue
        before, was = book.facts, len(book.record)
        refused = book.do(str(key), command)
        if refused is not None or len(book.record) == was:
            assert book.facts is before
            continue
        check(book, before, command)
    assert len(set(book.told)) == len(book.told) == book.facts.entry
    assert retrace(book) == (book.facts.step, book.facts.state)
    for known, _step, _entry in list(book.record):  # every retry at once: nothing happens twice
        book.do(known, c.End("撤回"))
    assert retrace(book) == (book.facts.step, book.facts.state)


def check(book: Book, before: Facts, command: Command) -> None:
    after, plan = book.facts, TEMPLATES[book.template].plan
    assert min(after.signed, after.refused, after.objections, after.documents) >= 0
    assert after.signed + after.refused <= after.representatives
    moved = STEPS.index(after.step) - STEPS.index(before.step)
    if isinstance(command, c.Advance):
        assert missing(plan, before) == ()
        if before.step is TopicStep.DECIDE:
            assert decided(before) is Standing.PASSED
        if Need.ACCEPTANCE in plan[before.step].needs:
            assert is_accepted(before)
    if isinstance(command, c.Skip):
        assert plan[before.step].may_skip
        assert after.skipped[before.step]
    if isinstance(command, (c.Advance, c.Skip)):
        assert moved == 1 or (after.state is TopicState.DONE and before.step is TopicStep.REVIEW)
        assert before.objections == 0
    elif isinstance(command, c.GoBack):
        assert moved < 0
        assert book.record[-1][2].words
    else:
        assert moved == 0
    if after.lawful and STEPS.index(after.step) > STEPS.index(TopicStep.DECIDE):
        assert after.vote_number is not None


def retrace(book: Book) -> tuple[TopicStep, TopicState]:
    """Where the record alone says that the topic is; every line follows the one before."""
    step, state = TopicStep.PROPOSE, TopicState.OPEN
    for _key, at, entry in book.record:
        assert at is step
        assert state is TopicState.OPEN
        if entry.verb in (TopicVerb.ADVANCED, TopicVerb.SKIPPED):
            assert entry.details["from"] == step
            last = step is TopicStep.REVIEW
            step, state = (step, TopicState.DONE) if last else (STEPS[STEPS.index(step) + 1], state)
        elif entry.verb is TopicVerb.WENT_BACK:
            step = TopicStep(str(entry.details["to"]))
        elif entry.verb is TopicVerb.FINISHED:
            state = TopicState.DONE
        elif entry.verb is TopicVerb.ENDED:
            state = TopicState.ENDED
    return step, state


def test_a_lift_from_the_proposal_to_the_review() -> None:
    book = Book("lift", Facts(lawful=True, items=(7,)))
    assert book.do("1", c.Advance()) is Code.MISSING
    assert book.do("2", c.DoTask("notice", "贴在单元门口", DAY)) is None
    assert book.do("3", c.Advance()) is None
    for place, task in enumerate(("visits", "talk", "plan"), 4):
        assert book.do(str(place), c.DoTask(task, "办了", DAY)) is None
    assert book.do("7", c.AddDocument("图纸.pdf", public=True)) is None
    assert book.do("8", c.Object(), None) is None
    assert book.do("9", c.Advance()) is Code.OBJECTIONS
    assert book.do("10", c.AnswerObjection("会装隔音")) is None
    assert book.do("11", c.Advance()) is None
    assert book.do("12", c.Decide(Decision("业委会", 5, 5, "同意", DAY))) is Code.NEEDS_VOTE
    assert book.do("13", c.LinkVote(1001, fits=False)) is Code.NO_VOTE
    assert book.do("14", c.LinkVote(1001, fits=True)) is None
    for standing in (Standing.NONE, Standing.WAITING, Standing.FAILED):
        book.facts = replace(book.facts, vote=standing)
        assert book.do(f"15{standing}", c.Advance()) is Code.MISSING
    assert book.do("16", c.LinkVote(1002, fits=True)) is Code.ANSWERED  # no second vote beside a failed one
    assert book.do("17", c.GoBack(TopicStep.DECIDE, "再投一次")) is Code.WRONG_STEP
    assert book.do("18", c.GoBack(TopicStep.DISCUSS, "再商量")) is None
    assert missing(TEMPLATES["lift"].plan, book.facts) == (
        "task:visits",
        "task:talk",
        "task:plan",
        "document",
    )
    for place, task in enumerate(("visits", "talk", "plan"), 19):
        book.do(str(place), c.DoTask(task, "办了", DAY))
    book.do("22", c.AddDocument("图纸二.pdf", public=True))
    book.do("23", c.Advance())
    assert book.do("24", c.LinkVote(1001, fits=True)) is Code.VOTE_SPENT
    assert book.do("25", c.LinkVote(1002, fits=True)) is None
    book.facts = replace(book.facts, vote=Standing.PASSED)
    assert book.do("26", c.Advance()) is None
    assert book.do("27", c.PlanMilestone("土建", DAY)) is None
    assert book.do("28", c.NameRepresentative(interested=False)) is Code.NOT_ELECTED
    assert book.do("29", c.Elect(Election("单元推选", DAY, Fraction(2, 3)))) is None
    for key in ("30", "31", "32"):
        assert book.do(key, c.NameRepresentative(interested=False)) is None
    assert book.do("33", c.NameRepresentative(interested=True)) is Code.INTERESTED
    assert book.do("34", c.Sign(True, "", None), None) is Code.MISSING  # the works are not done
    assert book.do("35", c.FinishMilestone(0, "完工", DAY)) is None
    assert book.do("36", c.Sign(False, "", None), None) is Code.NO_WORDS
    assert book.do("37", c.Sign(False, "门关不严", None), None) is None
    assert book.do("38", c.Sign(True, "", None), None) is None
    assert book.do("39", c.Advance()) is Code.MISSING  # one of three
    assert book.do("40", c.NameRepresentative(interested=False)) is Code.SIGNING
    assert book.do("41", c.Sign(True, "", False), None) is None
    assert book.do("42", c.Advance()) is None
    assert book.do("43", c.StartPoll(9)) is None
    assert book.do("44", c.State("监督过程没有发现问题")) is None
    assert book.do("45", c.Advance()) is Code.MISSING
    book.facts = replace(book.facts, poll_over=True)
    assert book.do("46", c.Advance()) is None
    assert book.facts.state is TopicState.DONE
    assert book.do("47", c.Object(), None) is Code.OVER


def test_a_step_is_gone_past_only_where_the_template_says_so_and_with_a_reason() -> None:
    book = Book("plain", Facts(step=TopicStep.DISCUSS))
    assert book.do("1", c.Skip(" ")) is Code.NO_WORDS
    assert book.do("2", c.Skip("上次会上商量过")) is None
    assert book.facts.skipped == {TopicStep.DISCUSS: "上次会上商量过"}
    assert book.do("3", c.Skip("急")) is Code.NO_SKIP
    lawful = Book("plain", Facts(step=TopicStep.DECIDE, lawful=True, items=(9,)))
    assert lawful.do("1", c.Skip("急")) is Code.NO_SKIP


def test_a_vote_that_is_revoked_holds_what_follows_from_it() -> None:
    plan = TEMPLATES["bylaws"].plan
    done = Facts(
        step=TopicStep.EXECUTE, lawful=True, items=(1, 2), vote_number=1, vote=Standing.NONE, documents=1
    )
    assert "decision" in missing(plan, done)
    assert Book("bylaws", done).do("1", c.Skip("不用办")) is Code.MISSING


@pytest.mark.parametrize("step", list(TopicStep))
def test_who_has_to_do_it_does_it_and_where_nobody_has_the_role_somebody_stands_in(step: TopicStep) -> None:
    for role in Role:
        there = Actor(1, frozenset({role}), frozenset(Role))
        alone = Actor(1, frozenset({role}), frozenset({role}))
        assert may(there, step, c.Advance) == (role in leavers(step))
        assert may(alone, step, c.Advance) == (role in leavers(step) or role in STAND_INS)
        assert may(there, step, c.State) == (role is Role.SUPERVISOR)
    assert HOLDERS[step]
    builder = Actor(1, frozenset({Role.PROPERTY}), frozenset(Role))
    assert not any(
        may(builder, step, kind) for kind in (c.Elect, c.NameRepresentative, c.EnterPaper, c.Sign, c.Advance)
    )


def test_the_clock_says_a_thing_once_and_after_a_stop_only_the_last() -> None:
    times = times_for(NOON, NOON + timedelta(days=8))
    assert due(times, NOON + timedelta(days=5)) is None
    assert due(times, NOON + timedelta(days=6)) is Due.REMIND
    reminded = said(times, Due.REMIND)
    assert due(reminded, NOON + timedelta(days=7)) is None
    assert due(times, NOON + timedelta(days=70)) is Due.OVERDUE
    over = said(times, Due.OVERDUE)
    assert due(over, NOON + timedelta(days=700)) is None
    assert over.next_at is None
    assert Times().next_at is None


@given(st.lists(st.integers(-72, 72), max_size=40))
def test_a_clock_that_jumps_says_nothing_twice(jumps: list[int]) -> None:
    times, now = times_for(NOON, NOON + timedelta(days=4)), NOON
    heard: list[Due] = []
    for hours in jumps:
        now += timedelta(hours=hours)
        what = due(times, now)
        if what is not None:
            heard.append(what)
            times = said(times, what)
    assert heard in ([], [Due.REMIND], [Due.OVERDUE], [Due.REMIND, Due.OVERDUE])


def test_every_template_can_be_gone_through() -> None:
    for code, template in TEMPLATES.items():
        assert template.tasks.keys() == {task for step in STEPS for task in template.plan[step].tasks}, code
        assert Need.DECISION in template.plan[TopicStep.DECIDE].needs
        assert {Need.POLL, Need.STATEMENT} <= template.plan[TopicStep.REVIEW].needs
        assert not template.plan[TopicStep.REVIEW].may_skip
        assert not template.plan[TopicStep.DECIDE].may_skip
        assert template.days(TopicStep.DECIDE, lawful=True) >= 15 + 60 + 7 + 15


def test_a_vote_decides_when_it_is_final_and_passed_on_every_question_of_the_topic() -> None:
    def vote(state: VoteState, *statuses: tuple[int, str]) -> Vote:
        questions = [{"item": item, "status": status} for item, status in statuses]
        return Vote(
            compound_id=1,
            vote_number=1,
            title="表决",
            operator_id=1,
            created_at=NOON,
            state=state,
            result={"questions": questions} if statuses else None,
        )

    both = ((1, "PASSED"), (2, "PASSED"))
    assert standing_of(None, (1,), 0) is Standing.NONE
    for state in (VoteState.DRAFT, VoteState.LINTED, VoteState.REVOKED):
        assert standing_of(vote(state, *both), (1, 2), 0) is Standing.NONE
    for state in (VoteState.NOTICED, VoteState.OPEN, VoteState.TALLIED, VoteState.PUBLISHED):
        assert standing_of(vote(state, *both), (1, 2), 0) is Standing.WAITING
    final = vote(VoteState.FINAL, *both)
    assert standing_of(final, (1, 2), 0) is Standing.PASSED
    assert standing_of(final, (1, 2), 1) is Standing.WAITING  # an objection waits for its answer
    assert standing_of(final, (4,), 0) is Standing.FAILED  # it asked about something else
    for status in ("NOT_PASSED", "NO_QUORUM", "REVIEW_REQUIRED", "SEATS_UNFILLED"):
        half = vote(VoteState.FINAL, (1, "PASSED"), (2, status))
        assert standing_of(half, (1, 2), 0) is Standing.FAILED
        assert standing_of(half, (1,), 0) is Standing.PASSED


def test_a_matter_suggests_the_template_that_its_category_needs() -> None:
    lexicon = load_lexicon()
    known = {*lexicon.leaves, *lexicon.tops}
    named = [leaf for template in TEMPLATES.values() for leaf in template.leaves]
    assert set(named) <= known
    assert len(set(named)) == len(named)
    assert [suggest(leaf) for leaf in ("dianti.jiazhuang", "tingche.chewei", "zaoyin.qita", None)] == [
        *("lift", "parking", "plain", "plain")
    ]
