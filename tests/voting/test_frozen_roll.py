"""Freezing the roll."""

from collections.abc import Callable
from itertools import count

import pytest

from handlers.voting.frozen_roll import FrozenRoll, RollError, Title, freeze, root_of_lines
from handlers.voting.terms import DEVELOPER, Rules, Sums, area_of
from storage.merkle import inclusion_proof, is_included, leaf_hash
from storage.states import UnitKind


def counting() -> Callable[[int], bytes]:
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


def title(code: str, *owners: int, area: str | None = "89.73", **more: object) -> Title:
    values = {
        "kind": UnitKind.RESIDENTIAL,
        "building": code.split("-", maxsplit=1)[0],
        "entrance": "1",
        "room": code.rsplit("-", maxsplit=1)[-1],
        "area_register": area_of(area) if area is not None else None,
        **more,
    }
    return Title(unit_code=code, owners=frozenset(owners), **values)  # type: ignore[arg-type]


def frozen(*titles: Title, rules: Rules | None = None) -> FrozenRoll:
    return freeze(rules or Rules(), titles, counting())


def owner_keys(roll: FrozenRoll) -> dict[str, str]:
    return {line.unit.unit_id: line.unit.owner_key for line in roll.lines}


def test_one_buyer_of_several_units_has_one_key() -> None:
    roll = frozen(title("3-101", 7), title("3-102", 7), title("3-103", 8))
    keys = owner_keys(roll)
    assert keys["3-101"] == keys["3-102"] != keys["3-103"]
    assert roll.total == Sums(2, area_of("269.19"))
    assert roll.keys[keys["3-101"]] == {7}


def test_other_co_owners_are_another_person() -> None:
    roll = frozen(title("3-101", 7), title("3-102", 7, 8), title("3-103", 8, 7))
    keys = owner_keys(roll)
    assert keys["3-101"] != keys["3-102"] == keys["3-103"]
    assert [line.unit.co_owned for line in roll.lines] == [False, True, True]
    assert frozenset({8}) in roll.keys.values()  # each can say who cast a ballot


def test_a_representative_is_one_owner() -> None:
    roll = frozen(title("3-102", 7, 8, representative=8))
    (line,) = roll.lines
    assert line.unit.representative is not None
    assert roll.keys[line.unit.representative] == {8}


def test_the_developer_is_one_person_with_one_key() -> None:
    developer = frozenset({1})
    roll = frozen(
        title("3-101", 1, kind=UnitKind.UNSOLD, developers=developer),
        title("3-102", 2, kind=UnitKind.UNDELIVERED),
        title("3-103", 3),
        title("P-1", 1, kind=UnitKind.PARKING, developers=developer),
        rules=Rules(parking_counts=True),
    )
    assert roll.total.persons == 2
    keys = owner_keys(roll)
    assert {unit for unit, key in keys.items() if key == DEVELOPER} == {"3-101", "3-102", "P-1"}
    assert roll.keys[DEVELOPER] == {1}  # a buyer votes when the flat was handed over


def test_several_companies_of_the_developer_vote_like_co_owners() -> None:
    companies = frozenset({1, 2})
    roll = frozen(
        title("3-101", 1, kind=UnitKind.UNSOLD, developers=companies),
        title("3-102", 2, kind=UnitKind.UNSOLD, developers=companies),
        title("3-103", 3),
    )
    assert roll.keys[DEVELOPER] == companies
    assert [line.unit.co_owned for line in roll.lines] == [True, True, False]


def test_what_the_developer_owns_with_somebody_else_is_not_its_alone() -> None:
    roll = frozen(title("3-101", 1, 2, developers=frozenset({1})))
    assert DEVELOPER not in roll.keys
    assert roll.lines[0].unit.co_owned


def test_the_register_is_believed_before_survey_and_contract() -> None:
    survey, contract = area_of("80"), area_of("70")
    roll = frozen(
        title("a", 1, area_survey=survey, area_contract=contract),
        title("b", 2, area=None, area_survey=survey, area_contract=contract),
        title("c", 3, area=None, area_contract=contract),
    )
    assert [(line.unit.area, line.area_basis) for line in roll.lines] == [
        (area_of("89.73"), "register"),
        (survey, "survey"),
        (contract, "contract"),
    ]


def test_every_unit_that_cannot_be_frozen_is_named() -> None:
    with pytest.raises(RollError) as refused:
        frozen(title("a", 1, area=None), title("b"), title("c", 3, area="0"), title("d", 4))
    assert [(each.unit_code, each.code) for each in refused.value.problems] == [
        ("a", "roll.no_area"),
        ("b", "roll.no_owner"),
        ("c", "roll.no_area"),
    ]


def test_what_is_out_of_scope_is_neither_checked_nor_frozen() -> None:
    parking = title("P-1", 1, area=None, kind=UnitKind.PARKING)
    elsewhere = title("9-101", area=None)
    roll = frozen(title("3-101", 7), parking, elsewhere, rules=Rules(scope_buildings=frozenset({"3"})))
    assert list(owner_keys(roll)) == ["3-101"]


def test_a_minor_alone_needs_a_guardian() -> None:
    alone = frozen(title("a", 1, minors=frozenset({1})))
    together = frozen(title("a", 1, 2, minors=frozenset({1})))
    assert alone.lines[0].unit.owner_minor
    assert not together.lines[0].unit.owner_minor


def test_the_root_follows_from_the_lines_and_any_change_shows() -> None:
    roll = frozen(title("b", 2), title("a", 1))
    assert [line.unit.unit_id for line in roll.lines] == ["a", "b"]
    assert roll.root == root_of_lines(roll.lines)
    other = frozen(title("b", 2), title("a", 1, area="89.74"))
    assert other.root != roll.root


def test_each_owner_can_prove_their_own_line() -> None:
    roll = frozen(*(title(f"3-{number}", number) for number in range(101, 118)))
    hashes = [leaf_hash(line.canonical()) for line in roll.lines]
    for place, line in enumerate(roll.lines):
        proof = inclusion_proof(hashes, place)
        assert is_included(leaf_hash(line.canonical()), place, len(hashes), proof, roll.root)


def test_a_line_shows_no_owner_number_and_cannot_be_guessed() -> None:
    first, second = freeze(Rules(), [title("a", 424242)]), freeze(Rules(), [title("a", 424242)])
    assert b"424242" not in first.lines[0].canonical()
    assert first.lines[0].unit.owner_key != second.lines[0].unit.owner_key
    assert len(first.lines[0].salt) == 16
    assert first.root != second.root
