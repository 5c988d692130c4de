"""The life of a vote."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from handlers.voting.rules import Code, Command, Facts, Refused, due, final_at, in_window, next_at, step
from storage.states import VoteMode, VoteState
from tests.voting.votes import at

DAY_3 = at(3)
DRAFT = Facts(VoteState.DRAFT, 1, None, opens_at=at(20), closes_at=at(27), roll_units=600)


def after(*commands: tuple[Command, datetime], facts: Facts = DRAFT) -> Facts:
    for command, moment in commands:
        facts = step(facts, command, moment)
    return facts


LINTED = after((Command.LINT, at(1)))
NOTICED = after((Command.NOTICE, at(2)), facts=LINTED)
OPEN = after((Command.OPEN, at(20)), facts=NOTICED)
CLOSED = after((Command.CLOSE, at(28)), facts=OPEN)
TALLIED = after((Command.TALLY, at(28)), facts=CLOSED)
PUBLISHED = after((Command.PUBLISH, at(29)), facts=TALLIED)


def code(facts: Facts, command: Command, moment: datetime = DAY_3, reason: str = "x") -> Code:
    with pytest.raises(Refused) as refused:
        step(facts, command, moment, reason=reason)
    return refused.value.code


def test_a_whole_life() -> None:
    final = step(PUBLISHED, Command.FINALISE, at(29) + timedelta(days=22))
    assert final.state is VoteState.FINAL


def test_a_change_of_the_draft_undoes_the_lint() -> None:
    changed = step(LINTED, Command.EDIT, at(1))
    assert (changed.state, changed.revision) == (VoteState.DRAFT, 2)
    assert code(changed, Command.NOTICE) is Code.NOT_LINTED


@pytest.mark.parametrize("facts", [NOTICED, OPEN, CLOSED, TALLIED, PUBLISHED])
def test_what_was_announced_is_not_edited(facts: Facts) -> None:
    assert code(facts, Command.EDIT) is Code.WRONG_STATE
    assert code(facts, Command.LINT) is Code.WRONG_STATE


def test_the_notice_comes_the_whole_period_ahead() -> None:
    assert step(LINTED, Command.NOTICE, at(5)).state is VoteState.NOTICED
    assert code(LINTED, Command.NOTICE, at(5) + timedelta(seconds=1)) is Code.NOTICE_TOO_SHORT
    assert step(replace(LINTED, notice_days=7), Command.NOTICE, at(13)).state is VoteState.NOTICED


def test_no_notice_without_a_roll_or_a_window() -> None:
    assert code(replace(LINTED, roll_units=0), Command.NOTICE) is Code.NO_ROLL
    assert code(replace(LINTED, closes_at=at(20)), Command.NOTICE) is Code.NOT_LINTED


@pytest.mark.parametrize(
    ("moment", "inside"),
    [(at(20), True), (at(27), True), (at(20, 11), False), (at(27) + timedelta(milliseconds=1), False)],
)
@pytest.mark.parametrize("facts", [NOTICED, OPEN, CLOSED])
def test_a_ballot_is_judged_by_the_window_and_not_by_the_job(
    facts: Facts, moment: datetime, inside: bool
) -> None:
    assert in_window(facts, moment) is inside


def test_nothing_is_in_the_window_of_a_draft_or_of_a_revoked_vote() -> None:
    assert not in_window(LINTED, at(21))
    assert not in_window(step(OPEN, Command.REVOKE, at(21), reason="撤销"), at(21))


def test_the_close_itself_still_belongs_to_the_window() -> None:
    assert code(OPEN, Command.CLOSE, at(27)) is Code.NOT_DUE
    assert due(OPEN, at(27)) is None
    assert due(OPEN, at(27) + timedelta(microseconds=1)) is Command.CLOSE


def test_extension_once_as_announced_and_before_the_close() -> None:
    assert code(OPEN, Command.EXTEND, at(21)) is Code.NOT_ANNOUNCED
    announced = replace(OPEN, extension_days=5)
    extended = step(announced, Command.EXTEND, at(27))
    assert extended.closes_at == at(27) + timedelta(days=5)
    assert code(extended, Command.EXTEND, at(28)) is Code.NOT_ANNOUNCED
    assert code(announced, Command.EXTEND, at(28)) is Code.WRONG_STATE
    assert code(replace(CLOSED, extension_days=5), Command.EXTEND, at(28)) is Code.WRONG_STATE


def test_papers_in_the_box_are_entered_before_the_tally() -> None:
    assert code(replace(CLOSED, papers_open=1), Command.TALLY) is Code.PAPERS_OPEN


def test_open_cases_let_the_tally_but_not_the_publication_happen() -> None:
    waiting = step(replace(CLOSED, cases_open=1), Command.TALLY, at(28))
    assert code(waiting, Command.PUBLISH) is Code.CASES_OPEN
    assert step(replace(waiting, cases_open=0), Command.TALLY, at(29)).state is VoteState.TALLIED


def test_what_the_governments_platform_counted_takes_the_place_of_a_count() -> None:
    elsewhere = replace(CLOSED, mode=VoteMode.OFFICIAL_PLATFORM)
    assert code(elsewhere, Command.TALLY) is Code.ELSEWHERE
    assert code(CLOSED, Command.TAKE_OFFICIAL) is Code.COUNTED_HERE
    assert code(TALLIED, Command.TAKE_OFFICIAL) is Code.COUNTED_HERE
    taken = step(elsewhere, Command.TAKE_OFFICIAL, at(28))
    assert taken.state is VoteState.TALLIED
    assert step(taken, Command.TAKE_OFFICIAL, at(28)) == taken
    assert code(replace(taken, outdated=True), Command.PUBLISH) is Code.TALLY_AGAIN
    published = step(taken, Command.PUBLISH, at(29))
    assert code(published, Command.TAKE_OFFICIAL) is Code.WRONG_STATE
    assert code(replace(OPEN, mode=VoteMode.OFFICIAL_PLATFORM), Command.TAKE_OFFICIAL) is Code.WRONG_STATE


def test_final_after_objections_and_public_notice() -> None:
    assert final_at(TALLIED) is None
    over = at(29) + timedelta(days=22)
    assert final_at(PUBLISHED) == next_at(PUBLISHED) == over
    assert code(PUBLISHED, Command.FINALISE, over - timedelta(seconds=1)) is Code.NOT_DUE
    assert due(PUBLISHED, over) is Command.FINALISE


def test_revoking_needs_a_reason_and_something_to_revoke() -> None:
    assert code(OPEN, Command.REVOKE, reason=" ") is Code.NO_REASON
    assert code(LINTED, Command.REVOKE) is Code.WRONG_STATE
    assert step(PUBLISHED, Command.REVOKE, at(30), reason="法院判决").state is VoteState.REVOKED


ORDER: list[VoteState] = [
    VoteState.NOTICED,
    VoteState.OPEN,
    VoteState.CLOSED,
    VoteState.TALLIED,
    VoteState.PUBLISHED,
    VoteState.FINAL,
]


class Life(RuleBasedStateMachine):
    """Any commands at any times, refused or not."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = replace(DRAFT, extension_days=3)
        self.now = at(1)
        self.seen = [VoteState.DRAFT]

    @rule(hours=st.integers(-100, 300))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(papers=st.integers(0, 1), cases=st.integers(0, 1))
    def work_comes_and_goes(self, papers: int, cases: int) -> None:
        self.facts = replace(self.facts, papers_open=papers, cases_open=cases)

    @rule(command=st.sampled_from(Command), reason=st.sampled_from(["", "理由"]))
    def somebody_does_something(self, command: Command, reason: str) -> None:
        before = self.facts
        try:
            self.facts = step(before, command, self.now, reason=reason)
        except Refused:
            return
        self.seen.append(self.facts.state)
        if before.state not in (VoteState.DRAFT, VoteState.LINTED):
            assert self.facts.opens_at == before.opens_at
            if command is not Command.EXTEND:
                assert self.facts.closes_at == before.closes_at

    @rule()
    def the_clock_ticks(self) -> None:
        if (command := due(self.facts, self.now)) is not None:
            self.facts = step(self.facts, command, self.now)
            self.seen.append(self.facts.state)

    @invariant()
    def the_states_come_in_their_order(self) -> None:
        frozen: list[VoteState] = [
            state for state in self.seen if state not in (VoteState.DRAFT, VoteState.LINTED)
        ]
        if VoteState.REVOKED in frozen:
            assert frozen.index(VoteState.REVOKED) == len(frozen) - 1
            frozen.pop()
        # One after the other without a gap; only the extension and the tally leave a vote where it is.
        assert [state for state, _ in groupby(frozen)] == ORDER[: len(set(frozen))]
        assert all(
            frozen.count(state) <= 1 for state in ORDER if state not in (VoteState.TALLIED, VoteState.OPEN)
        )


class LifeElsewhere(Life):
    """The same of a vote on the government's platform."""

    def __init__(self) -> None:
        super().__init__()
        self.facts = replace(self.facts, mode=VoteMode.OFFICIAL_PLATFORM)


LifeElsewhere.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestLifeElsewhere = LifeElsewhere.TestCase
Life.TestCase.settings = settings(max_examples=200, stateful_step_count=40)
TestLife = Life.TestCase
