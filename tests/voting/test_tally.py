"""Sums and outcomes, beyond the scenarios."""

import pytest

from handlers.voting.judge import judge
from handlers.voting.tally import tally
from handlers.voting.terms import (
    ABSTAIN,
    AGAINST,
    AGREE,
    BLANK,
    DEVELOPER,
    FOLLOW,
    FOLLOW_UNDEFINED,
    SPOILED,
    AreaError,
    Ballot,
    CaseKind,
    Question,
    Regime,
    Rules,
    Ruling,
    Status,
    Sums,
    area_of,
    area_text,
)
from storage.states import UnitKind
from tests.voting.votes import ballot, outcome, unit


def m2(area: int) -> int:
    return area * 10**6


@pytest.mark.parametrize(
    ("text", "millionths", "shown"),
    [
        ("89.73", 89_730_000, "89.73"),
        ("95862.363", 95_862_363_000, "95862.363"),
        ("300", 300_000_000, "300.00"),
        ("0.10", 100_000, "0.10"),
        (7, 7_000_000, "7.00"),
        ("1.000001", 1_000_001, "1.000001"),
    ],
)
def test_areas_go_in_and_out_exactly(text: str | int, millionths: int, shown: str) -> None:
    assert area_of(text) == millionths
    assert area_text(millionths) == shown


@pytest.mark.parametrize("text", ["", "89,73", "nan", "inf", "-1", "1.0000001", "1e12", 89.73, True, None])
def test_what_is_no_area_is_refused(text: object) -> None:
    with pytest.raises(AreaError):
        area_of(text)  # type: ignore[arg-type]


def test_a_difference_can_be_shown_too() -> None:
    assert area_text(-10_000) == "-0.01"


def test_abstainers_and_opponents_take_part() -> None:
    result = outcome(map(unit, "abcd"), [ballot("a"), ballot("b", AGAINST), ballot("c", ABSTAIN)])
    assert result.total == Sums(4, m2(400))
    assert result.participants == Sums(3, m2(300))
    assert result.agreed == Sums(1, m2(100))
    assert result.status is Status.NOT_PASSED


def test_only_the_units_with_a_ballot_add_area() -> None:
    units = [unit("a1", owner="a"), unit("a2", "50", owner="a"), unit("b")]
    result = outcome(units, [ballot("a2"), ballot("b")])
    assert result.participants == Sums(2, m2(150))
    assert result.status is Status.NO_QUORUM


def test_second_unit_of_a_buyer_adds_area_but_no_person() -> None:
    units = [unit("a1", owner="a"), unit("a2", owner="a"), unit("b")]
    result = outcome(units, [ballot("a1"), ballot("a2"), ballot("b", AGAINST)])
    assert result.total == Sums(2, m2(300))
    assert result.choices[AGREE] == Sums(1, m2(200))
    assert result.status is Status.NOT_PASSED


def test_the_developer_is_one_person_whoever_is_in_the_roll() -> None:
    units = [unit("a"), unit("d", kind=UnitKind.UNSOLD), unit("e", owner="buyer", kind=UnitKind.UNDELIVERED)]
    result = outcome(units, [ballot("d"), ballot("e")])
    assert result.total == Sums(2, m2(300))
    assert result.participants == Sums(1, m2(200))


@pytest.mark.parametrize(("rules", "participants"), [(Rules(), 1), (Rules(spoiled_participates=True), 2)])
def test_spoiled_papers_take_part_only_where_that_was_announced(rules: Rules, participants: int) -> None:
    result = outcome(map(unit, "ab"), [ballot("a"), ballot("b", SPOILED)], rules)
    assert result.participants.persons == participants


@pytest.mark.parametrize(
    ("rules", "counts_as"),
    [(Rules(), ABSTAIN), (Rules(blank_is_spoiled=True, spoiled_participates=True), SPOILED)],
)
def test_a_blank_paper(rules: Rules, counts_as: str) -> None:
    result = outcome(map(unit, "a"), [ballot("a", BLANK)], rules)
    assert result.choices == {counts_as: Sums(1, m2(100))}
    assert outcome(map(unit, "a"), [Ballot("a", {}, "paper")], rules).choices == result.choices


def test_a_spoiled_paper_for_one_flat_contradicts_nothing() -> None:
    units = [unit("a1", owner="a"), unit("a2", owner="a")]
    for ballots in ([ballot("a1"), ballot("a2", SPOILED)], [ballot("a2", SPOILED), ballot("a1")]):
        assert outcome(units, ballots).choices == {AGREE: Sums(1, m2(100))}
        counted = outcome(units, ballots, Rules(spoiled_participates=True))
        assert counted.choices == {AGREE: Sums(1, m2(100)), SPOILED: Sums(0, m2(100))}
        assert counted.participants == Sums(1, m2(200))


def test_who_contradicts_themselves_is_left_out_until_two_people_rule() -> None:
    units = [unit("a1", owner="a"), unit("a2", owner="a"), unit("b"), unit("c")]
    ballots = [ballot("a1"), ballot("a2", AGAINST), ballot("b"), ballot("c")]
    result = outcome(units, ballots)
    assert result.status is Status.REVIEW_REQUIRED
    (case,) = result.cases
    assert (case.kind, case.person) == (CaseKind.SAME_OWNER_CONFLICT, "a")
    assert case.said == (("a1", AGREE), ("a2", AGAINST))
    assert result.participants == Sums(2, m2(200))
    assert result.total == Sums(3, m2(400))
    ruled = outcome(units, ballots, rulings=[Ruling("q", "a", AGAINST)])
    assert (ruled.status, ruled.cases) == (Status.NOT_PASSED, ())  # half of the area
    assert ruled.choices[AGAINST] == Sums(1, m2(200))
    assert outcome(units, ballots, rulings=[Ruling("q", "a", AGREE)]).status is Status.PASSED
    dropped = outcome(units, ballots, rulings=[Ruling("q", "a", None)])
    assert dropped.participants == Sums(2, m2(200))
    assert dropped.status is Status.NO_QUORUM
    elsewhere = outcome(units, ballots, rulings=[Ruling("other", "a", AGAINST)])
    assert elsewhere.status is Status.REVIEW_REQUIRED


def test_a_ballot_that_the_owner_says_was_not_theirs_is_a_case_and_counts_as_two_people_rule() -> None:
    units = [unit("a1", owner="a"), unit("a2", owner="a"), unit("b"), unit("c", co_owned=True)]
    ballots = [ballot("a1", AGAINST, contested=True), ballot("a2", AGAINST), ballot("b"), ballot("c")]
    result = outcome(units, ballots)
    assert result.status is Status.REVIEW_REQUIRED
    (case,) = result.cases
    assert (case.kind, case.person) == (CaseKind.CONTESTED, "a")
    assert case.said == (("a1", AGAINST), ("a2", AGAINST))
    assert result.participants == Sums(2, m2(200))  # left out, whatever else came for them
    assert result.total == Sums(3, m2(400))
    ruled = outcome(units, ballots, rulings=[Ruling("q", "a", AGREE)])
    assert (ruled.cases, ruled.choices) == ((), {AGREE: Sums(3, m2(400))})
    dropped = outcome(units, ballots, rulings=[Ruling("q", "a", None)])
    assert dropped.participants == Sums(2, m2(200))
    assert outcome(units, ballots, rulings=[Ruling("q", "b", AGREE)]).cases == result.cases


def test_a_refused_ballot_that_was_not_theirs_puts_nobody_in_doubt() -> None:
    ballots = [ballot("a"), ballot("a", AGAINST, "paper", contested=True), ballot("b")]
    result = outcome([unit("a"), unit("b")], ballots)
    assert (result.cases, result.choices) == ((), {AGREE: Sums(2, m2(200))})


def test_a_contested_ballot_of_a_co_owner_is_told_as_such() -> None:
    ballots = [ballot("a", by="he", contested=True), ballot("a", AGAINST, by="she")]
    (case,) = outcome([unit("a", co_owned=True)], ballots).cases
    assert case.kind is CaseKind.CONTESTED
    assert case.said == (("a", AGREE), ("a", AGAINST))


def test_a_ruling_counts_each_contested_unit_once() -> None:
    units = [unit("a", co_owned=True), unit("b")]
    ballots = [ballot("a", by="he"), ballot("a", AGAINST, by="she"), ballot("b")]
    assert outcome(units, ballots).cases[0].kind is CaseKind.CO_OWNER_CONFLICT
    ruled = outcome(units, ballots, rulings=[Ruling("q", "a", AGREE)])
    assert ruled.choices == {AGREE: Sums(2, m2(200))}


def test_co_owners_who_agree_are_still_a_case() -> None:
    units = [unit("a", co_owned=True)]
    result = outcome(units, [ballot("a", by="he"), ballot("a", by="she")])
    assert [case.kind for case in result.cases] == [CaseKind.CO_OWNER_CONFLICT]


def test_an_open_case_wins_over_a_missing_quorum() -> None:
    units = [unit("a1", owner="a"), unit("a2", owner="a"), *map(unit, "bcdefg")]
    assert outcome(units, [ballot("a1"), ballot("a2", AGAINST)]).status is Status.REVIEW_REQUIRED


def test_following_goes_with_the_majority_of_those_who_said_something() -> None:
    ballots = [ballot("a"), ballot("b"), ballot("c", AGAINST), ballot("d", FOLLOW)]
    result = outcome(map(unit, "abcd"), ballots)
    assert result.choices == {AGREE: Sums(3, m2(300)), AGAINST: Sums(1, m2(100))}
    assert result.notes == ()


@pytest.mark.parametrize(
    "areas",
    [("100", "100"), ("100", "300"), ("250", "100")],
    ids=["tie", "area the other way", "persons tie"],
)
def test_without_one_majority_followers_abstain(areas: tuple[str, str]) -> None:
    units = [unit("a", areas[0]), unit("b", areas[1]), unit("c")]
    result = outcome(units, [ballot("a"), ballot("b", AGAINST), ballot("c", FOLLOW)])
    assert result.notes == (FOLLOW_UNDEFINED,)
    assert result.choices[ABSTAIN] == Sums(1, m2(100))


def test_abstainers_lead_nobody() -> None:
    result = outcome(map(unit, "abc"), [ballot("a", ABSTAIN), ballot("b", ABSTAIN), ballot("c", FOLLOW)])
    assert result.notes == (FOLLOW_UNDEFINED,)


def test_who_returned_anything_is_not_deemed_to_have_followed() -> None:
    units = [
        unit("a"),
        unit("b"),
        unit("c1", owner="c", delivered=True),
        unit("c2", owner="c", delivered=True),
        unit("d", delivered=True),
        unit("e1", owner="e", delivered=True),
        unit("e2", owner="e"),
    ]
    ballots = [ballot("a"), ballot("b"), ballot("c1", SPOILED)]
    result = outcome(units, ballots, Rules(deemed_follow=True))
    assert result.choices == {AGREE: Sums(4, m2(400))}
    assert outcome(units, ballots).choices == {AGREE: Sums(2, m2(200))}


def test_a_late_paper_is_an_answer_too() -> None:
    units = [unit("a"), unit("d", delivered=True)]
    ballots = [ballot("a"), ballot("d", AGAINST, channel="paper"), ballot("d", channel="online")]
    assert outcome(units, ballots, Rules(deemed_follow=True)).choices[AGREE] == Sums(1, m2(100))


@pytest.mark.parametrize(
    ("item", "agree", "status"),
    [
        (6, 3, Status.PASSED),
        (7, 3, Status.PASSED),
        (8, 2, Status.NOT_PASSED),
        (5, 3, Status.PASSED),
        (9, 2, Status.NOT_PASSED),
        (1, 3, Status.PASSED),
    ],
)
def test_items_6_to_8_need_three_quarters(item: int, agree: int, status: Status) -> None:
    ballots = [ballot(name, AGREE if place < agree else AGAINST) for place, name in enumerate("abcd")]
    assert outcome(map(unit, "abcd"), ballots, question=Question("q", item)).status is status


def test_seventy_five_percent_is_not_asked_of_using_the_fund() -> None:
    ballots = [ballot("a"), ballot("b"), ballot("c"), ballot("d", AGAINST), ballot("e", AGAINST)]
    assert outcome(map(unit, "abcde"), ballots, question=Question("q", 5)).status is Status.PASSED
    assert outcome(map(unit, "abcde"), ballots, question=Question("q", 6)).status is Status.NOT_PASSED


@pytest.mark.parametrize(
    ("item", "agree", "participants", "status"),
    [
        (4, 6, 6, Status.PASSED),
        (4, 5, 10, Status.NOT_PASSED),
        (4, 5, 5, Status.NO_QUORUM),
        (5, 7, 10, Status.PASSED),
        (5, 6, 10, Status.NOT_PASSED),
        (8, 6, 10, Status.PASSED),
    ],
)
def test_the_law_before_2021_measures_against_everybody(
    item: int, agree: int, participants: int, status: Status
) -> None:
    names = "abcdefghij"
    ballots = [
        ballot(name, AGREE if place < agree else AGAINST) for place, name in enumerate(names[:participants])
    ]
    rules = Rules(regime=Regime.PROPERTY_LAW)
    assert outcome(map(unit, names), ballots, rules, Question("q", item)).status is status


def test_one_of_several_options_passes() -> None:
    question = Question("q", 4, ("甲公司", "乙公司"))
    ballots = [ballot("a", "乙公司"), ballot("b", "乙公司"), ballot("c", "都不选")]
    result = outcome(map(unit, "abc"), ballots, question=question)
    assert (result.status, result.passed) == (Status.PASSED, "乙公司")
    assert result.agreed == Sums(2, m2(200))
    split = outcome(map(unit, "abc"), [ballot("a", "甲公司"), *ballots[1:]], question=question)
    assert (split.status, split.passed) == (Status.NOT_PASSED, None)


def test_neither_is_never_a_decision() -> None:
    question = Question("q", 4, ("甲公司", "乙公司"))
    ballots = [ballot(name, "都不选") for name in "abc"]
    assert outcome(map(unit, "abc"), ballots, question=question).status is Status.NOT_PASSED


def election(seats: int, *names: str) -> Question:
    return Question("q", 3, names, seats)


def test_candidates_are_ticked_and_each_needs_more_than_half() -> None:
    ballots = [
        ballot("a", frozenset({"甲", "乙"})),
        ballot("b", frozenset({"甲"})),
        ballot("c", frozenset({"甲", "丙"})),
        ballot("d", frozenset({"丙"})),
    ]
    result = outcome(map(unit, "abcd"), ballots, question=election(2, "甲", "乙", "丙"))
    assert (result.elected, result.seats_unfilled) == (("甲",), 1)
    assert result.status is Status.SEATS_UNFILLED
    assert result.choices["丙"] == Sums(2, m2(200))
    assert result.participants == Sums(4, m2(400))
    assert result.agreed is None


@pytest.mark.parametrize("ticked", [frozenset({"甲", "乙", "丙"}), frozenset({"路人"})])
def test_too_many_names_or_a_strange_one_spoil_the_paper(ticked: frozenset[str]) -> None:
    ballots = [ballot("a", ticked), ballot("b", frozenset({"甲"}))]
    result = outcome(map(unit, "ab"), ballots, question=election(2, "甲", "乙", "丙"))
    assert result.participants.persons == 1


def test_an_empty_ballot_paper_in_an_election_takes_part() -> None:
    ballots = [ballot("a", frozenset()), ballot("b", frozenset({"甲"})), ballot("c", frozenset({"甲"}))]
    result = outcome(map(unit, "abc"), ballots, question=election(1, "甲"))
    assert result.participants.persons == 3
    assert result.elected == ("甲",)


def test_equals_across_the_last_seat_run_again() -> None:
    ballots = [
        ballot("a", frozenset({"甲", "乙"})),
        ballot("b", frozenset({"甲", "丙"})),
        ballot("c", frozenset({"甲", "乙"})),
        ballot("d", frozenset({"丙", "乙"})),
        ballot("e", frozenset({"甲", "丙"})),
    ]
    result = outcome(map(unit, "abcde"), ballots, question=election(2, "乙", "丙", "甲"))
    assert result.status is Status.RUNOFF_REQUIRED
    assert (result.elected, result.tie, result.alternates) == (("甲",), ("乙", "丙"), ())
    assert result.seats_unfilled == 1


def test_equals_within_the_seats_are_no_tie() -> None:
    ballots = [ballot(name, frozenset({"甲", "乙"})) for name in "abc"]
    result = outcome(map(unit, "abc"), ballots, question=election(2, "乙", "甲"))
    assert (result.status, result.elected, result.tie) == (Status.PASSED, ("乙", "甲"), ())


def test_without_quorum_nobody_is_elected() -> None:
    result = outcome(map(unit, "abc"), [ballot("a", frozenset({"甲"}))], question=election(1, "甲"))
    assert (result.status, result.elected, result.seats_unfilled) == (Status.NO_QUORUM, (), 1)


def test_the_tables_show_where_and_how_votes_were_cast() -> None:
    units = [unit("a", building="1"), unit("b", building="2"), unit("c", owner="a", building="2")]
    result = outcome(units, [ballot("a"), ballot("b", AGAINST, "paper"), ballot("c")])
    assert result.by_building["1"].participants == Sums(1, m2(100))
    assert result.by_building["2"].participants == Sums(2, m2(200))
    assert result.by_channel["paper"].choices == {AGAINST: Sums(1, m2(100))}


def test_an_empty_roll_passes_nothing() -> None:
    assert outcome([], []).status is Status.NO_QUORUM
    assert DEVELOPER not in outcome([], []).choices


def test_who_returned_a_paper_for_a_parking_space_is_not_deemed_to_follow() -> None:
    units = [
        unit("a"),
        unit("b", delivered=True),
        unit("p", owner="b", kind=UnitKind.PARKING),
        unit("c", delivered=True),
    ]
    result = outcome(units, [ballot("a"), ballot("p", AGAINST)], Rules(deemed_follow=True))
    assert result.choices == {AGREE: Sums(2, m2(200))}


@pytest.mark.parametrize(("spoils", "participants"), [(False, 3), (True, 2)])
def test_an_election_paper_without_a_tick_is_blank(spoils: bool, participants: int) -> None:
    ballots = [ballot("a", frozenset()), ballot("b", frozenset({"甲"})), ballot("c", frozenset({"甲"}))]
    result = outcome(map(unit, "abc"), ballots, Rules(blank_is_spoiled=spoils), election(1, "甲"))
    assert result.participants.persons == participants


def test_a_table_has_no_row_for_papers_that_add_nothing() -> None:
    units = [unit("a", building="1"), unit("b", building="2")]
    result = outcome(units, [ballot("a"), ballot("b", SPOILED, "paper")])
    assert (set(result.by_building), set(result.by_channel)) == ({"1"}, {"online"})


def test_each_question_is_counted_by_itself() -> None:
    rules, questions = Rules(), [Question("q1", 4), Question("q2", 6)]
    roll = {name: unit(name) for name in "abc"}
    ballots = [
        Ballot("a", {"q1": AGREE, "q2": SPOILED}, "paper"),
        Ballot("b", {"q1": AGREE, "q2": AGREE}, "paper"),
        Ballot("c", {"q1": AGAINST, "q2": AGREE}, "paper"),
    ]
    outcomes = tally(rules, questions, roll, judge(rules, roll, ballots))
    assert outcomes["q1"].choices == {AGREE: Sums(2, m2(200)), AGAINST: Sums(1, m2(100))}
    assert outcomes["q2"].choices == {AGREE: Sums(2, m2(200))}
    assert outcomes["q2"].participants == Sums(2, m2(200))
