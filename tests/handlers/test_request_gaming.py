"""Good figures have to be earned: no order of commands wipes out what was missed, or moves the day it was due."""

from datetime import timedelta

from handlers.requests.commands import Accept, Cancel, Climb, Decline, Dispatch, Finish, Revive, Warn, Why
from handlers.requests.rules import due
from storage.states import Ladder, RequestState, Role
from tests.handlers.test_request_rules import COMMUNITY, LI, PROPERTY, SUN, Way, done, moments


def tick(way: Way) -> list[str]:
    """Everything that is due now; the names of what was done."""
    names = []
    for command in due(way.facts, way.now):
        way.then(command, after=timedelta(0))
        names.append(type(command).__name__)
    return names


def test_whoever_never_accepts_misses_the_day_it_had_to_be_done_by_too() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), after=timedelta(0))
    by = way.facts.done_by
    assert by is not None
    seen = []
    while way.facts.next_at is not None and way.facts.next_at <= by:
        way.now = way.facts.next_at
        seen += tick(way)
    assert seen.count("Warn") == 2  # to accept, and to be done
    assert (way.facts.accepted_in_time, way.facts.done_in_time) == (False, False)


def test_passing_it_on_all_the_time_misses_the_day_it_had_to_be_done_by() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), after=timedelta(0))
    by = way.facts.done_by
    assert by is not None
    turn = 0
    while way.now < by:
        turn += 1
        way.then(Dispatch(COMMUNITY if turn % 2 else PROPERTY), after=timedelta(minutes=90))
        tick(way)
    assert way.facts.done_in_time is False


def test_a_deadline_that_passed_before_the_clock_looked_stays_missed() -> None:
    for command in (
        Dispatch(COMMUNITY),
        Decline(LI, "社区的事", Role.COMMUNITY_WORKER),
        Decline(LI, "不归我们"),
    ):
        way = Way()
        way.then(Dispatch(PROPERTY), after=timedelta(0))
        assert way.facts.accept_by is not None
        way.now = way.facts.accept_by
        way.then(command, after=timedelta(0))
        assert way.facts.accepted_in_time is False, command


def test_exactly_at_the_deadline_is_late_and_just_before_it_is_not() -> None:
    for early, in_time in ((timedelta(0), False), (timedelta(microseconds=1), True)):
        way = Way()
        way.then(Dispatch(PROPERTY), after=timedelta(0))
        assert way.facts.accept_by is not None
        way.now = way.facts.accept_by - early
        assert way.then(Accept(LI), after=timedelta(0)).accepted_in_time is in_time
        assert way.facts.done_by is not None
        way.now = way.facts.done_by - early
        assert way.then(Finish(LI, "好了"), after=timedelta(0)).done_in_time is in_time


def test_dismissing_and_confirming_wipes_out_no_miss_and_gives_no_new_day() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), after=timedelta(0))
    by, round_at = way.facts.done_by, way.facts.round_at
    assert way.facts.accept_by is not None
    way.now = way.facts.accept_by
    tick(way)
    way.then(Cancel(Why.DISMISSED), Revive(), after=timedelta(minutes=1))
    assert (way.facts.accepted_in_time, way.facts.done_in_time) == (False, None)
    assert (way.facts.done_by, way.facts.round_at) == (by, round_at)
    assert by is not None
    way.now = by
    way.then(Cancel(Why.DISMISSED), Revive(), after=timedelta(minutes=1))
    assert (way.facts.accepted_in_time, way.facts.done_in_time) == (False, False)


def test_what_was_dismissed_past_its_day_begins_with_a_new_one() -> None:
    way = Way()
    by = way.facts.done_by
    way.then(Cancel(Why.DISMISSED))
    way.then(Revive(), after=timedelta(days=60))
    assert by is not None
    assert way.facts.done_by is not None
    assert way.facts.done_by > way.now
    # While it was nobody's to see to, nothing was missed.
    assert (way.facts.accepted_in_time, way.facts.done_in_time) == (None, None)


def test_a_step_up_the_ladder_gives_the_next_one_its_time_whatever_is_done_there() -> None:
    for step in (
        [Dispatch(COMMUNITY)],
        [Accept(LI)],
        [Dispatch(COMMUNITY), Accept(SUN)],
        [Decline(LI, "社区的", Role.COMMUNITY_WORKER)],
    ):
        way = Way()
        way.then(Dispatch(PROPERTY), Accept(LI), after=timedelta(minutes=1))
        while way.facts.level is Ladder.COMPOUND:
            assert way.facts.next_at is not None
            way.now = way.facts.next_at
            tick(way)
        again = way.facts.climb_at
        assert again is not None
        if step == [Accept(LI)]:
            way.then(Dispatch(PROPERTY), after=timedelta(minutes=1))
        way.then(*step, after=timedelta(minutes=1))
        tick(way)
        assert way.facts.level is Ladder.COMMUNITY, step
        assert way.facts.climb_at is not None
        assert way.facts.climb_at <= again, step  # nor does dispatching move it


def test_a_missed_day_is_warned_of_once() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), Accept(LI), after=timedelta(minutes=1))
    assert way.facts.done_by is not None
    way.now = way.facts.done_by
    assert tick(way) == ["Warn"]
    assert way.facts.warn_at is None
    way.then(Dispatch(PROPERTY), after=timedelta(minutes=1))
    way.then(Accept(LI), after=timedelta(minutes=1))
    assert Warn() not in due(way.facts, way.now)


def test_the_third_refusal_goes_one_step_up_not_two() -> None:
    way = Way()
    way.then(Dispatch(PROPERTY), Accept(LI), after=timedelta(minutes=1))
    assert way.facts.climb_at is not None
    way.now = way.facts.climb_at - timedelta(minutes=30)
    tick(way)
    for _ in range(3):
        way.then(Decline(LI, "不归我们"), Dispatch(PROPERTY), after=timedelta(minutes=1))
    assert way.facts.level is Ladder.COMMUNITY
    assert Climb() not in due(way.facts, way.now)


def test_when_the_clock_jumps_back_nothing_is_due_and_nothing_is_missed() -> None:
    way = done()
    way.now -= timedelta(days=2)
    assert due(way.facts, way.now) == ()
    way = Way()
    way.then(Dispatch(PROPERTY))
    way.now -= timedelta(days=2)
    assert way.then(Accept(LI), after=timedelta(0)).accepted_in_time
    assert way.facts.state is RequestState.ACCEPTED
    assert moments(way.facts, way.now).done.by > way.now
