"""Every vote there can be with up to three units, against the law's own words in fractions."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import NamedTuple

import pytest

from handlers.voting.judge import judge
from handlers.voting.tally import tally
from handlers.voting.terms import (
    ABSTAIN,
    AGAINST,
    AGREE,
    MILLIONTHS,
    Ballot,
    Question,
    Regime,
    Rules,
    Status,
    Sums,
    Unit,
)
from storage.states import UnitKind

MARKS = (AGREE, AGAINST, ABSTAIN, None)
OWNERS = {0: [""], 1: ["a"], 2: ["aa", "ab"], 3: ["aaa", "aab", "aba", "abb", "abc"]}
ITEMS = (4, 5, 6, 7, 8)  # 1 to 3 and 9 are as 4


class Flat(NamedTuple):
    """A unit of the small world; mark: None when nobody voted for it."""

    owner: str
    area: int
    mark: str | None


def worlds() -> Iterator[tuple[Flat, ...]]:
    for count, all_owners in OWNERS.items():
        for owners, areas, marks in product(
            all_owners, product((1, 2, 3), repeat=count), product(MARKS, repeat=count)
        ):
            yield tuple(map(Flat, owners, areas, marks))


def sums(flats: list[Flat]) -> tuple[int, int]:
    return len({each.owner for each in flats}), sum(each.area for each in flats)


def share(part: tuple[int, int], whole: tuple[int, int]) -> tuple[Fraction, Fraction]:
    return Fraction(part[0], whole[0]), Fraction(part[1], whole[1])


def by_definition(world: tuple[Flat, ...], regime: Regime, item: int) -> tuple[Status, tuple[int, int]]:
    """The status, and persons and area of those who agree."""
    said: dict[str, set[str]] = {}
    for flat in world:
        if flat.mark is not None:
            said.setdefault(flat.owner, set()).add(flat.mark)
    clear = {owner for owner, marks in said.items() if len(marks) == 1}
    part = sums([each for each in world if each.mark is not None and each.owner in clear])
    agreed = sums([each for each in world if each.mark == AGREE and each.owner in clear])
    if clear != said.keys():
        return Status.REVIEW_REQUIRED, agreed
    if not clear:
        return Status.NO_QUORUM, agreed
    turnout, of_those, of_all = (
        share(part, sums(list(world))),
        share(agreed, part),
        share(agreed, sums(list(world))),
    )
    half, two_thirds, three_quarters = Fraction(1, 2), Fraction(2, 3), Fraction(3, 4)
    if regime is Regime.CIVIL_CODE:
        quorum = min(turnout) >= two_thirds
        enough = min(of_those) >= three_quarters if item in (6, 7, 8) else min(of_those) > half
    else:
        quorum = min(turnout) > half
        enough = min(of_all) >= two_thirds if item in (5, 6, 7) else min(of_all) > half
    if not quorum:
        return Status.NO_QUORUM, agreed
    return Status.PASSED if enough else Status.NOT_PASSED, agreed


@pytest.mark.parametrize("regime", list(Regime))
def test_every_small_vote_ends_as_the_law_says(regime: Regime) -> None:
    rules = Rules(regime=regime)
    questions = [Question(str(item), item) for item in ITEMS]
    met = set()
    count = 0
    for world in worlds():
        count += 1
        roll = {
            str(place): Unit(str(place), flat.owner, UnitKind.RESIDENTIAL, flat.area * MILLIONTHS)
            for place, flat in enumerate(world)
        }
        ballots = [
            Ballot(str(place), dict.fromkeys(map(str, ITEMS), flat.mark), "online")
            for place, flat in enumerate(world)
            if flat.mark is not None
        ]
        outcomes = tally(rules, questions, roll, judge(rules, roll, ballots))
        for item in ITEMS:
            outcome = outcomes[str(item)]
            status, (persons, area) = by_definition(world, regime, item)
            assert (outcome.status, outcome.agreed) == (status, Sums(persons, area * MILLIONTHS)), (
                world,
                item,
            )
            met.add(status)
    assert count == 1 + 12 + 288 + 8640
    assert len(met) == 4
