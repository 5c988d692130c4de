"""What the law makes of sums, where they are just so."""

import pytest

from handlers.voting.outcome import decide
from handlers.voting.terms import (
    ABSTAIN,
    AGAINST,
    AGREE,
    FOLLOW,
    FOLLOW_UNDEFINED,
    SPOILED,
    Added,
    Case,
    CaseKind,
    Question,
    Rank,
    Rules,
    Status,
    Sums,
)

ELECTION = Question("q", 3, ("甲", "乙"), 1)
CASE = Case(CaseKind.SAME_OWNER_CONFLICT, "a", (("a1", frozenset({"甲"})), ("a2", frozenset({"乙"}))))


@pytest.mark.parametrize(
    ("agree", "against"),
    [
        (Sums(2, 200), Sums(1, 300)),
        (Sums(1, 300), Sums(2, 200)),
        (Sums(2, 200), Sums(1, 200)),
        (Sums(2, 300), Sums(2, 200)),
        (Sums(2, 200), Sums(2, 200)),
    ],
    ids=["area the other way", "persons the other way", "tie of areas", "tie of persons", "tie"],
)
def test_a_majority_to_follow_leads_by_both(agree: Sums, against: Sums) -> None:
    added = Added(Sums(5, 600), {AGREE: agree, AGAINST: against, FOLLOW: Sums(1, 100)})
    result = decide(Rules(), Question("q", 4), Sums(5, 600), added)
    assert (result.notes, result.choices[ABSTAIN]) == ((FOLLOW_UNDEFINED,), Sums(1, 100))


@pytest.mark.parametrize("silent", [SPOILED, ABSTAIN])
def test_nobody_follows_those_who_say_nothing(silent: str) -> None:
    added = Added(Sums(5, 500), {AGREE: Sums(1, 100), silent: Sums(3, 300), FOLLOW: Sums(1, 100)})
    result = decide(Rules(spoiled_participates=True), Question("q", 4), Sums(5, 500), added)
    assert (result.notes, result.choices[AGREE]) == ((), Sums(2, 200))


def test_an_election_has_no_majority_to_follow() -> None:
    added = Added(Sums(3, 300), {"甲": Sums(2, 200), FOLLOW: Sums(1, 100)})
    result = decide(Rules(), ELECTION, Sums(3, 300), added)
    assert result.choices == {"甲": Sums(2, 200), ABSTAIN: Sums(1, 100)}
    assert (result.notes, result.elected) == ((FOLLOW_UNDEFINED,), ("甲",))


@pytest.mark.parametrize("total", [Sums(4, 400), Sums(40, 4000)], ids=["quorum", "no quorum"])
def test_an_open_case_stops_an_election_too(total: Sums) -> None:
    added = Added(Sums(3, 300), {"甲": Sums(3, 300)})
    result = decide(Rules(), ELECTION, total, added, (CASE,))
    assert (result.status, result.elected, result.seats_unfilled) == (Status.REVIEW_REQUIRED, (), 1)


@pytest.mark.parametrize(
    ("total", "cases", "passed"),
    [(Sums(3, 300), (), AGREE), (Sums(9, 900), (), None), (Sums(3, 300), (CASE,), None)],
    ids=["quorum", "no quorum", "open case"],
)
def test_nothing_is_said_to_have_passed_but_a_decision(
    total: Sums, cases: tuple[Case, ...], passed: str | None
) -> None:
    added = Added(Sums(3, 300), {AGREE: Sums(3, 300)})
    assert decide(Rules(), Question("q", 4), total, added, cases).passed == passed


@pytest.mark.parametrize(
    ("rank", "first", "second"),
    [
        (Rank.COUNT_THEN_AREA, Sums(3, 290), Sums(3, 280)),
        (Rank.AREA_THEN_COUNT, Sums(4, 280), Sums(3, 280)),
    ],
)
def test_equals_by_the_first_measure_are_told_apart_by_the_second(
    rank: Rank, first: Sums, second: Sums
) -> None:
    added = Added(Sums(4, 400), {"甲": second, "乙": first})
    result = decide(Rules(rank=rank), ELECTION, Sums(4, 400), added)
    assert (result.elected, result.alternates, result.tie) == (("乙",), ("甲",), ())
