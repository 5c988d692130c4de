"""What must hold of every vote, whatever the roll and the ballots."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.voting.terms import (
    ABSTAIN,
    AGAINST,
    AGREE,
    BLANK,
    FOLLOW,
    SPOILED,
    Ballot,
    Outcome,
    Question,
    Rank,
    Regime,
    Revote,
    Rules,
    Status,
    Unit,
    person_of,
)
from storage.states import UnitKind
from tests.voting.votes import outcome

CHOICES = [AGREE, AGREE, AGAINST, ABSTAIN, SPOILED, BLANK, FOLLOW]
RULES = st.builds(
    Rules,
    regime=st.sampled_from(Regime),
    parking_counts=st.booleans(),
    spoiled_participates=st.booleans(),
    blank_is_spoiled=st.booleans(),
    revote=st.sampled_from(Revote),
    deemed_follow=st.booleans(),
)
CANDIDATES = ("甲", "乙", "丙", "丁")


@st.composite
def votes(draw: st.DrawFn) -> tuple[list[Unit], list[Ballot]]:
    owners = [f"o{number}" for number in range(draw(st.integers(1, 8)))]
    units = [
        Unit(
            unit_id=f"u{number}",
            owner_key=draw(st.sampled_from(owners)),
            kind=draw(st.sampled_from(UnitKind)),
            area=draw(st.integers(1, 30)) * 10_000,
            building=draw(st.sampled_from("123")),
            delivered=draw(st.booleans()),
        )
        for number in range(draw(st.integers(1, 10)))
    ]
    cast = draw(st.lists(st.tuples(st.sampled_from(units), st.sampled_from(CHOICES)), max_size=12))
    return units, [Ballot(each.unit_id, {"q": choice}, "online") for each, choice in cast]


items = st.integers(1, 9).map(lambda item: Question("q", item))


def bare(result: Outcome) -> Outcome:
    """Without what depends on names of buildings."""
    return replace(result, by_building={}, by_channel={})


@given(votes(), RULES, items, st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_the_order_in_which_different_slots_are_filled_changes_nothing(
    vote: tuple[list[Unit], list[Ballot]], rules: Rules, question: Question, random: Any
) -> None:
    units, ballots = vote
    slots: dict[str, list[Ballot]] = {}
    for each in ballots:
        slots.setdefault(each.unit_id, []).append(each)
    order = [each.unit_id for each in ballots]
    random.shuffle(order)
    shuffled = [slots[unit_id].pop(0) for unit_id in order]
    mixed = random.sample(units, len(units))
    first, second = outcome(units, ballots, rules, question), outcome(mixed, shuffled, rules, question)
    assert [case.person for case in first.cases] == [case.person for case in second.cases]
    assert replace(first, cases=()) == replace(second, cases=())


@given(votes(), RULES, items, st.integers(2, 1000))
@settings(max_examples=300)
def test_scaling_all_areas_changes_no_outcome(
    vote: tuple[list[Unit], list[Ballot]], rules: Rules, question: Question, factor: int
) -> None:
    units, ballots = vote
    scaled = [each._replace(area=each.area * factor) for each in units]
    before, after = outcome(units, ballots, rules, question), outcome(scaled, ballots, rules, question)
    assert before.status is after.status
    assert before.total.area * factor == after.total.area
    assert before.participants.area * factor == after.participants.area


@given(votes(), RULES, items)
@settings(max_examples=300)
def test_renaming_units_and_owners_changes_no_outcome(
    vote: tuple[list[Unit], list[Ballot]], rules: Rules, question: Question
) -> None:
    units, ballots = vote
    renamed = [each._replace(unit_id=f"Z{each.unit_id}", owner_key=f"Z{each.owner_key}") for each in units]
    recast = [each._replace(unit_id=f"Z{each.unit_id}") for each in ballots]
    before, after = outcome(units, ballots, rules, question), outcome(renamed, recast, rules, question)
    assert replace(before, cases=()) == replace(after, cases=())


@given(votes(), RULES, items)
@settings(max_examples=300)
def test_the_buildings_add_up_to_the_whole_in_area(
    vote: tuple[list[Unit], list[Ballot]], rules: Rules, question: Question
) -> None:
    result = outcome(*vote, rules, question)
    for table in (result.by_building, result.by_channel):
        assert sum(each.participants.area for each in table.values()) == result.participants.area
        assert sum(each.participants.persons for each in table.values()) >= result.participants.persons


@given(votes(), RULES, items)
@settings(max_examples=300)
def test_splitting_the_roll_into_scopes_adds_up_in_area(
    vote: tuple[list[Unit], list[Ballot]], rules: Rules, question: Question
) -> None:
    units, ballots = vote
    whole = outcome(units, ballots, rules, question)
    parts = [
        outcome(units, ballots, replace(rules, scope_buildings=frozenset({name})), question) for name in "123"
    ]
    assert sum(each.total.area for each in parts) == whole.total.area


@given(votes(), RULES, items)
@settings(max_examples=500)
def test_one_more_yes_never_undoes_a_decision(
    vote: tuple[list[Unit], list[Ballot]], rules: Rules, question: Question
) -> None:
    units, ballots = vote
    # Not with deemed votes: who answers for a small flat is not deemed to follow with a large one any more.
    rules = replace(rules, revote=Revote.NONE, deemed_follow=False)
    before = outcome(units, ballots, rules, question)
    if before.status is not Status.PASSED:
        return
    voted = {each.unit_id for each in ballots}
    silent = [each for each in units if each.unit_id not in voted]
    heard = {each.owner_key for each in units if each.unit_id in voted}
    for each in silent:
        if each.owner_key in heard or each.kind in (UnitKind.UNSOLD, UnitKind.UNDELIVERED):
            continue  # another ballot of somebody who voted may be a contradiction
        # A ballot is for all units of its owner: for some only it would take the others out of the deemed votes.
        yes = [
            Ballot(own.unit_id, {"q": AGREE}, "online") for own in silent if person_of(own) == person_of(each)
        ]
        after = outcome(units, [*ballots, *yes], rules, question)
        assert after.status is Status.PASSED


@given(votes(), RULES, items)
@settings(max_examples=300)
def test_every_person_and_every_area_is_somewhere_once(
    vote: tuple[list[Unit], list[Ballot]], rules: Rules, question: Question
) -> None:
    result = outcome(*vote, rules, question)
    assert sum(each.persons for each in result.choices.values()) == result.participants.persons
    assert sum(each.area for each in result.choices.values()) == result.participants.area
    assert result.participants.persons <= result.total.persons
    assert result.participants.area <= result.total.area


@st.composite
def elections(draw: st.DrawFn) -> tuple[list[Unit], list[Ballot], Question, Rules]:
    units, _ = draw(votes())
    seats = draw(st.integers(1, 3))
    ticked: Iterable[frozenset[str]] = draw(
        st.lists(
            st.frozensets(st.sampled_from(CANDIDATES), max_size=seats),
            min_size=len(units),
            max_size=len(units),
        )
    )
    ballots = [
        Ballot(each.unit_id, {"q": names}, "online") for each, names in zip(units, ticked, strict=True)
    ]
    return units, ballots, Question("q", 3, CANDIDATES, seats), Rules(rank=draw(st.sampled_from(Rank)))


@given(elections())
@settings(max_examples=300)
def test_seats_are_filled_by_who_has_the_majority_and_nobody_sits_twice(
    vote: tuple[list[Unit], list[Ballot], Question, Rules],
) -> None:
    units, ballots, question, rules = vote
    result = outcome(units, ballots, rules, question)
    assert question.seats is not None
    if result.status in (Status.REVIEW_REQUIRED, Status.NO_QUORUM):
        assert result.elected == ()
        return
    named = [*result.elected, *result.alternates, *result.tie]
    assert len(named) == len(set(named))
    assert len(result.elected) + result.seats_unfilled == question.seats
    for name in named:
        assert 2 * result.choices[name].persons > result.participants.persons
        assert 2 * result.choices[name].area > result.participants.area
    assert bool(result.tie) == (result.status is Status.RUNOFF_REQUIRED)
