"""What is published of a count: no row, and no difference of rows, about fewer than five owners."""

from typing import Any

from handlers.voting.result import result_of
from handlers.voting.terms import AGAINST, SPOILED, Ballot, Question, Rules
from tests.voting.votes import at, ballot, unit


def rows(turnouts: dict[str, int], more: int = 0) -> list[tuple[str, int]]:
    """The published table of a vote in which so many owners of each building voted."""
    units = [
        unit(f"{building}-{number}", building=building)
        for building, count in turnouts.items()
        for number in range(count + more)
    ]
    cast = [ballot(f"{building}-{number}") for building, count in turnouts.items() for number in range(count)]
    result = result_of(Rules(), [Question("q", 4)], {each.unit_id: each for each in units}, cast)
    table: list[dict[str, Any]] = result["questions"][0]["by_building"]
    return [(row["name"], row["participants"]["persons"]) for row in table]


def test_a_building_with_five_voters_has_a_row() -> None:
    assert rows({"1": 5, "2": 9}) == [("1", 5), ("2", 9)]


def test_a_building_with_four_takes_the_smallest_other_along() -> None:
    assert rows({"1": 4, "2": 6, "3": 9}) == [("3", 9), ("", 10)]
    assert rows({"1": 3, "2": 3, "3": 9}) == [("3", 9), ("", 6)]


def test_alone_too_few_are_not_told_apart_at_all() -> None:
    assert rows({"1": 4}, more=1) == []


def test_papers_are_counted_once_whatever_units_they_cover_and_refusals_by_reason() -> None:
    units = [unit("a1", owner="a"), unit("a2", owner="a"), unit("b")]
    cast = [
        ballot("a1", ballot_id="1"),
        ballot("a2", ballot_id="1"),
        ballot("b", ballot_id="2", cast_at=at(2)),
        ballot("b", AGAINST, ballot_id="3", cast_at=at(3)),
        ballot("a1", AGAINST, ballot_id="4", cast_at=at(3)),
        ballot("a2", AGAINST, ballot_id="4", cast_at=at(3)),
    ]
    result = result_of(Rules(), [Question("q", 4)], {each.unit_id: each for each in units}, cast)
    assert (result["ballots"], result["rejected"]) == (4, {"revote_refused": 2})


def test_what_other_rules_would_have_made_of_it_stands_beside_the_outcome() -> None:
    cast = [ballot("a"), ballot("b"), Ballot("c", {"q": SPOILED}, "paper")]
    roll = {name: unit(name) for name in "abcd"}
    (question,) = result_of(Rules(), [Question("q", 4)], roll, cast)["questions"]
    assert question["status"] == "NO_QUORUM"
    assert question["under_other_rules"] == {
        "spoiled": "PASSED",
        "deemed": "NO_QUORUM",
    }
    assert question["quorum"]["missing"]["persons"] == 1
    assert question["more_against_would_pass_it"] is True
