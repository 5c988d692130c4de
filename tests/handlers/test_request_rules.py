"""A request's way by the rules alone: whatever is said in whatever order, it stands in a state that has a next step."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from handlers.requests.commands import (
    ENDED,
    OPEN,
    Accept,
    Actor,
    AddHelper,
    Cancel,
    Change,
    Climb,
    Close,
    Code,
    Command,
    Decline,
    Dispatch,
    Facts,
    Finish,
    Moments,
    Note,
    Party,
    Rate,
    Refused,
    Remind,
    Reopen,
    Reply,
    Revive,
    Sort,
    Supplement,
    Told,
    Verb,
    Warn,
    Whom,
    Why,
)
from handlers.requests.deadlines import DEFAULT_DEADLINES
from handlers.requests.rules import RATE_WITHIN, REOPEN_WITHIN, UNHAPPY, apply, due, may_reopen, raised, worst
from storage.states import Ladder, Rating, RequestState, Role

START = datetime(2026, 3, 12, 4, 0, tzinfo=UTC)  # a Thursday, noon in Shanghai
PROPERTY, COMMUNITY, GRID = (Party(role) for role in (Role.PROPERTY, Role.COMMUNITY_WORKER, Role.GRID_WORKER))
LI = Actor(1, frozenset({Role.PROPERTY}))
SUN = Actor(2, frozenset({Role.COMMUNITY_WORKER}))


def moments(facts: Facts | None, now: datetime, urgency: int = 2) -> Moments:
    return DEFAULT_DEADLINES.moments("sheshi.ludeng", urgency, facts, now)


class Way:
    """A request that commands are given to, an hour after each other."""

    def __init__(self, urgency: int = 2) -> None:
        self.now = START
        self.urgency = urgency
        self.change = raised(self.now, moments(None, self.now, urgency))
        self.facts = self.change.facts

    def then(self, *commands: Command, after: timedelta = timedelta(hours=1)) -> Facts:
        for command in commands:
            result = self.attempt(command, after)
            assert isinstance(result, Change), (command, result)
        return self.facts

    def attempt(self, command: Command, after: timedelta = timedelta(0)) -> Change | Refused:
        self.now += after
        result = apply(self.facts, command, self.now, moments(self.facts, self.now, self.urgency))
        if isinstance(result, Change):
            self.change, self.facts = result, result.facts
        return result

    def refusal(self, command: Command, after: timedelta = timedelta(0)) -> Code:
        result = self.attempt(command, after)
        assert isinstance(result, Refused), result
        return result.code

    def told(self) -> set[tuple[Whom, Told]]:
        return {(tell.whom, tell.what) for tell in self.change.tells}

    def verbs(self) -> list[Verb]:
        return [entry.verb for entry in self.change.entries]


def done() -> Way:
    way = Way()
    way.then(Dispatch(PROPERTY), Accept(LI), Finish(LI, "灯换好了"))
    return way


def test_the_whole_way_tells_the_reporters_of_each_step_once() -> None:
    way = Way()
    assert way.told() == {(Whom.REPORTERS, Told.RAISED), (Whom.DISPATCHERS, Told.TO_DISPATCH)}
    for command, state, told in (
        (Dispatch(PROPERTY), RequestState.DISPATCHED, Told.DISPATCHED),
        (Accept(LI), RequestState.ACCEPTED, Told.ACCEPTED),
        (Finish(LI, "灯换好了"), RequestState.DONE, Told.DONE),
        (Rate(Rating.FAIR), RequestState.RATED, Told.RATED),
    ):
        assert way.then(command).state is state
        assert [tell.what for tell in way.change.tells if tell.whom is Whom.REPORTERS] == [told]
    assert way.facts.ended_at == way.now
    assert way.facts.next_at is None
    assert (way.facts.accepted_in_time, way.facts.done_in_time) == (True, True)


def test_whoever_accepts_has_it_and_a_colleague_may_step_in() -> None:
    way = Way()
    way.then(Dispatch(Party(Role.PROPERTY, 7)), Accept(LI))
    assert way.facts.party == Party(Role.PROPERTY, LI.person_id)
    assert way.refusal(Accept(LI)) is Code.ALREADY_ACCEPTED
    assert way.refusal(Finish(SUN, "我们办好了")) is Code.NOT_YOURS
    assert way.refusal(Finish(LI, "  ")) is Code.NO_WORDS


def test_what_was_done_before_anybody_accepted_has_both_entries() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), Finish(LI, "顺手换好了"))
    assert way.verbs() == [Verb.ACCEPTED, Verb.DONE]
    assert way.facts.accepted_in_time


def test_a_refusal_goes_to_whom_it_names_and_the_third_one_up() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), Decline(LI, "这是社区的事", Role.COMMUNITY_WORKER))
    assert (way.facts.state, way.facts.party, way.verbs()) == (
        RequestState.DISPATCHED,
        COMMUNITY,
        [Verb.REFUSED, Verb.DISPATCHED],
    )
    way.then(Decline(SUN, "物业管的", Role.PROPERTY))
    assert way.facts.level is Ladder.COMPOUND
    way.then(Decline(LI, "社区管的", Role.COMMUNITY_WORKER))
    assert (way.facts.state, way.facts.party, way.facts.level) == (
        RequestState.REFUSED,
        None,
        Ladder.COMMUNITY,
    )
    assert way.facts.waits_for_dispatch
    assert (Whom.DISPATCHERS, Told.TO_DISPATCH) in way.told()


def test_a_refusal_that_names_nobody_or_themselves_waits_for_whoever_dispatches() -> None:
    for named in (None, Role.PROPERTY):
        way = Way()
        way.then(Dispatch(PROPERTY), Decline(LI, "不归我们", named))
        assert (way.facts.state, way.facts.party) == (RequestState.REFUSED, None)
    way = Way()
    way.then(Dispatch(PROPERTY))
    assert way.refusal(Decline(LI, " ")) is Code.NO_WORDS


def test_dispatching_elsewhere_tells_whoever_had_it() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), Accept(LI))
    assert way.refusal(Dispatch(Party(Role.PROPERTY, LI.person_id))) is Code.ALREADY_THERE
    way.then(Dispatch(COMMUNITY))
    assert (Whom.PARTY, Told.MOVED) in way.told()
    assert way.facts.accepted_at is None
    assert way.refusal(Finish(LI, "好了")) is Code.NOT_YOURS


def test_helpers_are_told_once_and_whoever_gets_it_is_no_helper_any_more() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), AddHelper(COMMUNITY))
    assert way.told() == {(Whom.PARTY, Told.HELP)}
    assert way.refusal(AddHelper(COMMUNITY)) is Code.ALREADY_HELPS
    assert way.refusal(AddHelper(PROPERTY)) is Code.ALREADY_HELPS
    assert way.then(Dispatch(COMMUNITY)).helpers == ()


@pytest.mark.parametrize("rating", sorted(UNHAPPY))
def test_an_unhappy_rating_reopens_twice_with_the_same_people_then_goes_up(rating: Rating) -> None:
    way = done()
    for round_ in (2, 3):
        way.then(Rate(rating, comment="还是不亮"))
        assert (way.facts.state, way.facts.round, way.facts.level) == (
            RequestState.REOPENED,
            round_,
            Ladder.COMPOUND,
        )
        assert way.verbs() == [Verb.RATED, Verb.REOPENED]
        assert way.told() == {(Whom.REPORTERS, Told.REOPENED), (Whom.PARTY, Told.YOURS)}
        way.then(Accept(LI), Finish(LI, "又换了"))
    for level in (Ladder.COMMUNITY, Ladder.SUBDISTRICT):
        way.then(Rate(rating))
        assert (way.facts.state, way.facts.party, way.facts.level) == (RequestState.REOPENED, None, level)
        way.then(Dispatch(PROPERTY), Finish(LI, "再换"))
    assert way.refusal(Reopen()) is Code.EXHAUSTED
    way.then(Rate(rating))
    assert (way.facts.state, way.facts.rating, way.facts.round) == (RequestState.RATED, rating, 5)
    assert (Whom.DISPATCHERS, Told.UNHAPPY) in way.told()


def test_one_dissatisfied_reporter_is_enough_whoever_was_satisfied_before() -> None:
    way = done()
    way.then(Rate(Rating.SATISFIED))
    assert way.facts.state is RequestState.RATED
    way.then(Rate(Rating.DISSATISFIED, others=(Rating.SATISFIED,)))
    assert (way.facts.state, way.facts.ended_at) == (RequestState.REOPENED, None)


def test_after_a_dissatisfied_one_a_satisfied_one_comes_too_late_for_that_round() -> None:
    way = done()
    way.then(Rate(Rating.DISSATISFIED))
    assert way.refusal(Rate(Rating.SATISFIED)) is Code.NOT_DONE


def test_the_worst_rating_of_a_round_counts() -> None:
    way = done()
    way.then(Rate(Rating.FAIR), Rate(Rating.SATISFIED, others=(Rating.FAIR,)))
    assert way.facts.rating is Rating.FAIR
    assert way.told() == set()  # it had ended before
    assert worst(tuple(Rating)) is Rating.BESIDE_THE_POINT


def test_unrated_for_a_week_it_is_closed_and_may_be_reopened_for_a_month() -> None:
    way = done()
    assert due(way.facts, way.now + RATE_WITHIN - timedelta(seconds=1)) == ()
    way.now += RATE_WITHIN
    assert due(way.facts, way.now) == (Close(),)
    way.then(Close(), after=timedelta(0))
    assert way.told() == {(Whom.REPORTERS, Told.CLOSED)}
    assert way.refusal(Rate(Rating.SATISFIED)) is Code.TOO_LATE
    assert not may_reopen(way.facts, way.now + REOPEN_WITHIN)
    assert way.then(Reopen("又坏了")).state is RequestState.REOPENED
    assert way.change.entries[0].words == "又坏了"


def test_reopening_needs_something_done_within_a_month() -> None:
    way = Way()
    assert way.refusal(Reopen()) is Code.STILL_OPEN
    way = done()
    assert way.refusal(Reopen(), REOPEN_WITHIN) is Code.TOO_LATE


def test_a_cancelled_request_is_over_until_its_matter_comes_back() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), Cancel(Why.DISMISSED))
    assert way.told() == {(Whom.REPORTERS, Told.CANCELLED), (Whom.PARTY, Told.CANCELLED)}
    commands: list[Command] = [
        Cancel(Why.MERGED),
        Reopen(),
        Rate(Rating.FAIR),
        Accept(LI),
        Reply("好"),
        Supplement("x"),
    ]
    assert {way.refusal(command) for command in commands} == {Code.ENDED}
    assert way.then(Revive()).state is RequestState.RAISED
    assert way.refusal(Revive()) is Code.STILL_OPEN


def test_a_note_is_for_colleagues_and_a_reply_for_the_reporters() -> None:
    way = Way()
    way.then(Note("已联系厂家"))
    assert [(entry.public, entry.words) for entry in way.change.entries] == [(False, "已联系厂家")]
    assert way.told() == set()
    way.then(Reply("厂家明天来"))
    assert [entry.public for entry in way.change.entries] == [True]
    assert way.told() == {(Whom.REPORTERS, Told.REPLIED)}
    way.then(Supplement("坏了三盏"))
    assert [entry.public for entry in way.change.entries] == [False]


def at_the_top() -> Way:
    """Done for the fifth time, where nobody is above."""
    way = done()
    for _ in range(4):
        way.then(Rate(Rating.DISSATISFIED))
        if way.facts.party is None:
            way.then(Dispatch(PROPERTY))
        way.then(Finish(LI, "又换了"))
    return way


def test_at_the_very_top_a_satisfied_one_changes_nothing_for_the_dissatisfied() -> None:
    way = at_the_top()
    way.then(Rate(Rating.DISSATISFIED))
    assert way.then(Rate(Rating.SATISFIED, others=(Rating.DISSATISFIED,))).rating is Rating.DISSATISFIED
    assert way.told() == set()


def test_exactly_a_week_later_a_rating_is_too_late() -> None:
    assert done().refusal(Rate(Rating.SATISFIED), RATE_WITHIN) is Code.TOO_LATE
    done().then(Rate(Rating.SATISFIED), after=RATE_WITHIN - timedelta(microseconds=1))


def test_only_the_first_round_counts_as_in_time() -> None:
    way = done()
    way.then(Rate(Rating.DISSATISFIED))
    assert way.facts.accept_by is not None
    way.then(Finish(LI, "很晚才换"), after=timedelta(days=6))
    assert (way.facts.accepted_in_time, way.facts.done_in_time) == (True, True)


def test_in_a_new_round_refusals_are_counted_anew() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), Decline(LI, "不归我们"), Dispatch(PROPERTY), Decline(LI, "不归我们"))
    way.then(Dispatch(PROPERTY), Finish(LI, "换了"), Reopen(), Decline(LI, "不归我们"))
    assert way.facts.level is Ladder.COMPOUND


def test_whoever_has_it_keeps_it_in_another_office() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), Accept(LI))
    way.then(Finish(Actor(LI.person_id, frozenset({Role.GRID_WORKER})), "换了"))
    assert way.facts.state is RequestState.DONE


def test_nobody_is_called_off_from_what_they_have_done() -> None:
    way = done()
    way.then(Cancel(Why.WITHDRAWN))
    assert way.told() == {(Whom.REPORTERS, Told.CANCELLED)}


def test_another_category_is_told_to_whoever_has_it_and_moves_nothing() -> None:
    way = Way()
    before = way.facts
    assert way.then(Sort(None, "dianti.kunren")) == before
    assert (way.told(), way.verbs()) == (set(), [Verb.SORTED])
    way.then(Dispatch(PROPERTY), after=timedelta(0))
    before = way.facts
    assert way.then(Sort("dianti.kunren", "sheshi.ludeng")) == before
    assert way.told() == {(Whom.PARTY, Told.SORTED), (Whom.DISPATCHERS, Told.SORTED)}
    assert done().refusal(Sort(None, "sheshi.ludeng")) is Code.ALREADY_DONE


# The clock


def test_whoever_accepts_late_is_not_reminded_of_what_is_nearly_over() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), after=timedelta(0))
    way.now = moments(way.facts, START).done.remind_at
    way.then(Accept(LI), after=timedelta(0))
    assert way.facts.remind_at is None


def test_what_is_dispatched_shortly_before_its_day_is_warned_of_on_that_day() -> None:
    way = Way()
    assert way.facts.done_by is not None
    way.now = way.facts.done_by - timedelta(hours=1)
    way.then(Dispatch(PROPERTY), after=timedelta(0))
    assert way.facts.warn_at == way.facts.done_by


def test_a_reminder_comes_once_before_the_deadline_and_a_warning_once_after_it() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), after=timedelta(0))
    assert way.facts.accept_by == START + timedelta(hours=4)
    assert due(way.facts, START + timedelta(hours=2, minutes=59)) == ()
    way.now = START + timedelta(hours=3)
    assert due(way.facts, way.now) == (Remind(),)
    way.then(Remind(), after=timedelta(0))
    assert way.told() == {(Whom.PARTY, Told.NEAR)}
    assert due(way.facts, way.now) == ()
    way.now = START + timedelta(hours=4)
    assert due(way.facts, way.now) == (Warn(),)
    way.then(Warn(), after=timedelta(0))
    assert way.told() == {(Whom.PARTY, Told.LATE), (Whom.DISPATCHERS, Told.LATE)}
    assert due(way.facts, way.now) == ()
    assert way.facts.accepted_in_time is False
    assert way.then(Accept(LI)).accepted_in_time is False


def test_after_a_stop_of_days_nobody_is_reminded_of_what_is_over() -> None:
    way = Way()
    way.now += timedelta(days=30)
    assert due(way.facts, way.now) == (Warn(), Climb())


def test_what_misses_its_deadline_goes_up_step_by_step() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), Accept(LI), after=timedelta(minutes=1))
    levels = []
    for _ in range(5):
        way.now = way.facts.next_at or way.now
        for command in due(way.facts, way.now):
            way.then(command, after=timedelta(0))
            if isinstance(command, Climb):
                levels.append(way.facts.level)
                assert (Whom.DISPATCHERS, Told.CLIMBED) in way.told()
    assert levels == [Ladder.COMMUNITY, Ladder.SUBDISTRICT]
    assert way.facts.next_at is None
    assert way.facts.done_in_time is False
    # Three working days of nine hours, and nine hours for each step: Thursday noon, Tuesday, Wednesday, Thursday.
    assert way.now == datetime(2026, 3, 19, 4, 0, tzinfo=UTC)


def test_safety_runs_by_the_clock_at_night_too() -> None:
    way = Way(urgency=3)
    way.then(Dispatch(PROPERTY), after=timedelta(0))
    assert (way.facts.accept_by, way.facts.done_by) == (
        START + timedelta(hours=1),
        START + timedelta(hours=24),
    )
    assert way.facts.climb_at == START + timedelta(hours=2)


def test_dispatching_again_and_again_does_not_move_the_day_it_has_to_be_done_by() -> None:
    way = Way()
    by, up = way.facts.done_by, moments(way.facts, START).done.up_at
    for number in range(10):
        way.then(Dispatch(PROPERTY if number % 2 else COMMUNITY), after=timedelta(hours=12))
        assert way.facts.done_by == by
        assert way.facts.climb_at is not None
        assert way.facts.climb_at <= up


_ACTORS = st.sampled_from([LI, SUN, Actor(3, frozenset({Role.GRID_WORKER})), Actor(9, frozenset())])
_PARTIES = st.sampled_from([PROPERTY, COMMUNITY, GRID, Party(Role.PROPERTY, 1), Party(Role.GRID_WORKER, 3)])
_WORDS = st.sampled_from(["", " ", "灯换好了"])
_RATINGS = st.sampled_from(list(Rating))
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(Dispatch, _PARTIES),
    st.builds(Accept, _ACTORS),
    st.builds(Decline, _ACTORS, _WORDS, st.sampled_from([None, Role.PROPERTY, Role.COMMUNITY_WORKER])),
    st.builds(AddHelper, _PARTIES),
    st.builds(Finish, _ACTORS, _WORDS),
    st.builds(Note, _WORDS),
    st.builds(Reply, _WORDS),
    st.builds(Supplement, _WORDS),
    st.builds(Rate, _RATINGS, st.lists(_RATINGS, max_size=2).map(tuple)),
    st.builds(Reopen, _WORDS),
    st.builds(Cancel, st.sampled_from(list(Why))),
    st.builds(Revive),
    st.builds(Sort, st.none(), st.just("dianti.kunren")),
)


class Ways(RuleBasedStateMachine):
    """Any commands in any order, with any time between them."""

    def __init__(self) -> None:
        super().__init__()
        self.way = Way()
        self.reminded: list[tuple[Verb, int, datetime | None]] = []

    @rule(command=COMMANDS)
    def command(self, command: Command) -> None:
        before = self.way.facts
        result = self.way.attempt(command)
        if isinstance(result, Refused):
            assert self.way.facts == before
            return
        assert result.entries
        assert sum(tell.whom is Whom.REPORTERS for tell in result.tells) <= 1
        moved = before.state is not result.facts.state
        if moved and result.facts.state is not RequestState.RAISED:
            # Somebody who waits learns of every change of state; a rating at the very top ends what was told before.
            unhappy_end = result.facts.state is RequestState.RATED and result.facts.rating in UNHAPPY
            assert unhappy_end or any(tell.whom is Whom.REPORTERS for tell in result.tells)

    @rule(hours=st.integers(1, 200))
    def wait(self, hours: int) -> None:
        self.way.now += timedelta(hours=hours)

    @precondition(lambda self: bool(due(self.way.facts, self.way.now)))
    @rule()
    def tick(self) -> None:
        for command in due(self.way.facts, self.way.now):
            result = self.way.attempt(command)
            assert isinstance(result, Change), result
        assert due(self.way.facts, self.way.now) == ()

    @invariant()
    def stands_somewhere_with_a_next_step(self) -> None:
        facts = self.way.facts
        assert (facts.state in OPEN) + (facts.state in ENDED) + (facts.state is RequestState.DONE) == 1
        assert facts.waits_for_dispatch == (facts.state in OPEN and facts.party is None)
        if facts.state in (RequestState.RAISED, RequestState.REFUSED):
            assert facts.party is None
        if facts.state in (RequestState.DISPATCHED, RequestState.ACCEPTED, RequestState.DONE):
            assert facts.party is not None
        assert (facts.ended_at is not None) == (facts.state in ENDED)
        assert (facts.close_at is not None) == (facts.state is RequestState.DONE)
        if facts.state is RequestState.ACCEPTED:
            assert facts.accepted_at is not None
        if facts.state in OPEN:
            assert facts.done_by is not None
            assert facts.climb_at is not None or facts.level is Ladder.SUBDISTRICT
            assert facts.done_at is None
        else:
            assert facts.remind_at is facts.warn_at is facts.climb_at is None
        assert 1 <= facts.round <= 5
        assert len(set(facts.helpers)) == len(facts.helpers)

    @invariant()
    def the_clock_looks_exactly_when_something_is_due(self) -> None:
        facts, now = self.way.facts, self.way.now
        assert bool(due(facts, now)) == (facts.next_at is not None and facts.next_at <= now)

    @invariant()
    def a_repeated_step_is_refused(self) -> None:
        facts = self.way.facts
        if facts.state is RequestState.ACCEPTED and facts.party is not None:
            actor = Actor(facts.party.person_id or 1, frozenset({facts.party.role}))
            result = apply(facts, Accept(actor), self.way.now, moments(facts, self.way.now))
            assert result == Refused(Code.ALREADY_ACCEPTED)
        for command in (Remind(), Warn(), Climb(), Close()):
            if command not in due(facts, self.way.now) and not isinstance(command, Remind):
                result = apply(facts, command, self.way.now, moments(facts, self.way.now))
                assert result == Refused(Code.NOT_DUE)


Ways.TestCase.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)
test_any_commands_in_any_order = Ways.TestCase
