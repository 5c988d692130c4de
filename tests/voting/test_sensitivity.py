"""How near an outcome is to another one."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.voting.sensitivity import (
    alternatives,
    no_show_paradox,
    to_passing,
    to_quorum,
    what_rulings_can_do,
)
from handlers.voting.tally import reckon, tally
from handlers.voting.terms import (
    ABSTAIN,
    AGAINST,
    AGREE,
    FOLLOW,
    SPOILED,
    Ballot,
    Question,
    Regime,
    Rules,
    Ruling,
    Status,
    Sums,
    Unit,
    area_of,
)
from storage.states import UnitKind
from tests.voting.votes import QUESTION, ballot, judged, outcome, unit

RULES = Rules()


def test_the_quorum_needs_the_next_whole_person() -> None:
    result = outcome(map(unit, "abcd"), [ballot("a"), ballot("b")])
    distance = to_quorum(RULES, QUESTION, result)
    assert distance.need == Sums(3, area_of("266.666667"))
    assert distance.missing == Sums(1, area_of("66.666667"))
    assert not distance.reached


def test_half_is_not_enough_and_the_next_is() -> None:
    result = outcome(
        map(unit, "abcd"), [ballot("a"), ballot("b"), ballot("c", AGAINST), ballot("d", ABSTAIN)]
    )
    distance = to_passing(RULES, QUESTION, result)
    assert distance.need == Sums(3, area_of("200.000001"))
    assert distance.missing == Sums(1, 1)


def test_under_the_old_law_agreement_is_measured_against_everybody() -> None:
    rules = Rules(regime=Regime.PROPERTY_LAW)
    result = outcome(map(unit, "abcd"), [ballot("a"), ballot("b"), ballot("c")], rules)
    assert to_passing(rules, QUESTION, result).need.persons == 3
    assert to_passing(rules, QUESTION, result).reached


@pytest.mark.parametrize(
    ("ballots", "paradox"),
    [
        ([ballot("a"), ballot("b"), ballot("c")], True),
        ([ballot("a"), ballot("b", AGAINST), ballot("c", AGAINST)], False),
        ([ballot("a"), ballot("b")], False),
        ([ballot(name) for name in "abcd"], False),
    ],
)
def test_opponents_who_make_the_quorum_are_told(ballots: list[Ballot], paradox: bool) -> None:
    result = outcome(map(unit, "abcde"), ballots)
    assert no_show_paradox(RULES, QUESTION, result) is paradox


def named(units: list[Unit], ballots: list[Ballot], rules: Rules = RULES) -> dict[str, Status]:
    roll = {each.unit_id: each for each in units}
    return {each.name: each.status for each in alternatives(rules, QUESTION, roll, ballots)}


def test_what_other_rules_would_have_made_of_it() -> None:
    units = [
        *map(unit, "ab"),
        unit("c"),
        unit("p", "500", owner="a", kind=UnitKind.PARKING),
        unit("d", delivered=True),
    ]
    ballots = [ballot("a"), ballot("b"), ballot("c", SPOILED), ballot("p")]
    assert outcome(units, ballots).status is Status.NO_QUORUM
    assert named(units, ballots) == {
        "spoiled": Status.PASSED,
        "parking": Status.NO_QUORUM,
        "deemed": Status.PASSED,
    }


def test_a_parking_space_votes_in_the_other_reading() -> None:
    units = [*map(unit, "abc"), unit("p", "500", owner="c", kind=UnitKind.PARKING)]
    ballots = [ballot("a"), ballot("b"), ballot("p", AGAINST)]
    assert outcome(units, ballots).status is Status.PASSED
    assert named(units, ballots)["parking"] is Status.NOT_PASSED


def can_do(units: list[Unit], ballots: list[Ballot]) -> tuple[set[Status], bool, bool]:
    roll = {each.unit_id: each for each in units}
    result = what_rulings_can_do(RULES, QUESTION, roll, judged(units, ballots))
    return set(result.statuses), result.matters, result.exact


def conflict(owner: str) -> tuple[list[Unit], list[Ballot]]:
    units = [unit(f"{owner}1", owner=owner), unit(f"{owner}2", owner=owner)]
    return units, [ballot(f"{owner}1"), ballot(f"{owner}2", AGAINST)]


def test_a_case_that_cannot_change_anything_is_said_so() -> None:
    units, ballots = conflict("x")
    many = [unit(f"u{number}") for number in range(20)]
    voted = [ballot(f"u{number}") for number in range(20)]
    assert can_do([*units, *many], [*ballots, *voted]) == ({Status.PASSED}, False, True)


def test_a_case_that_decides_the_matter_is_said_so() -> None:
    units, ballots = conflict("x")
    more, others = [unit("b", "200"), unit("c", "200")], [ballot("b"), ballot("c", AGAINST)]
    assert can_do([*units, *more], [*ballots, *others])[0] == {Status.PASSED, Status.NOT_PASSED}


def test_with_many_cases_the_extremes_are_tried() -> None:
    units: list[Unit] = []
    ballots: list[Ballot] = []
    for number in range(12):
        more, votes = conflict(f"x{number}")
        units += more
        ballots += votes
    assert can_do(units, ballots) == ({Status.PASSED, Status.NOT_PASSED, Status.NO_QUORUM}, True, False)


def test_without_cases_there_is_one_outcome() -> None:
    assert can_do([unit("a")], [ballot("a")]) == ({Status.PASSED}, False, True)
    assert AGREE in outcome([unit("a")], [ballot("a")], question=Question("q", 6)).choices


@given(st.lists(st.sampled_from([AGREE, AGAINST, ABSTAIN, FOLLOW]), max_size=6), st.integers(1, 3))
def test_what_is_reckoned_is_what_a_whole_tally_with_those_rulings_says(
    said: list[str], open_cases: int
) -> None:
    units, ballots = [], []
    for number, choice in enumerate(said):
        units.append(unit(f"u{number}"))
        ballots.append(ballot(f"u{number}", choice))
    for number in range(open_cases):
        more, cast = conflict(f"x{number}")
        units, ballots = [*units, *more], [*ballots, *cast]
    roll, sorted_out = {each.unit_id: each for each in units}, judged(units, ballots)
    cases, ruled = reckon(RULES, QUESTION, roll, sorted_out)
    for choices in product([None, AGREE, AGAINST, SPOILED], repeat=open_cases):
        rulings = [Ruling("q", case.person, choice) for case, choice in zip(cases, choices, strict=True)]
        whole = tally(RULES, [QUESTION], roll, sorted_out, rulings)["q"]
        assert replace(whole, by_building={}, by_channel={}) == ruled(choices)


def test_more_than_enough_is_not_less_than_nothing_missing() -> None:
    result = outcome(map(unit, "abcd"), [ballot(name) for name in "abcd"])
    for distance in (to_quorum(RULES, QUESTION, result), to_passing(RULES, QUESTION, result)):
        assert (distance.reached, distance.missing) == (True, Sums(0, 0))
