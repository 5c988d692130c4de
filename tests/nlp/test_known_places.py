import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.known_places import Checked, check_place
from nlp.place import NOWHERE, Place

# 3 has two entrances, 5 has one, 8 has none of its own.
HOUSES = frozenset({"3", "3-1", "3-2", "5", "5-1", "8"})
FLATS = frozenset({"3-1-501", "3-1-601", "3-2-501", "3-2-702", "5-1-501", "8-1203"})
TREE = HOUSES | FLATS


def test_what_is_there_is_confirmed() -> None:
    place = Place("3", "2", "501")
    assert check_place(place, TREE) == Checked(place, confirmed=("building", "entrance", "unit"))


def test_a_flat_of_one_entrance_only_gets_its_entrance() -> None:
    assert check_place(Place("3", None, "702"), TREE) == Checked(
        Place("3", "2", "702"), confirmed=("building", "unit"), completed=("entrance",)
    )


def test_a_flat_of_several_entrances_stays_open() -> None:
    place = Place("3", None, "501")
    assert check_place(place, TREE) == Checked(place, confirmed=("building", "unit"))


def test_a_flat_of_a_building_with_one_entrance_is_in_it_whether_flats_are_known_or_not() -> None:
    expected = Place("5", "1", "501")
    assert check_place(Place("5", None, "501"), TREE).place == expected
    assert check_place(Place("5", None, "501"), HOUSES) == Checked(
        expected, confirmed=("building",), completed=("entrance",)
    )


def test_a_flat_of_a_building_without_entrances_is_in_none() -> None:
    place = Place("8", None, "1203")
    assert check_place(place, TREE) == Checked(place, confirmed=("building", "unit"))


def test_a_whole_building_gets_no_entrance() -> None:
    assert check_place(Place("5"), TREE).place == Place("5")


def test_a_flat_that_one_building_has_gets_its_building() -> None:
    assert check_place(Place(None, None, "702"), TREE) == Checked(
        Place("3", "2", "702"), confirmed=("unit",), completed=("building", "entrance")
    )
    assert check_place(Place(None, "2", "501"), TREE).place == Place("3", "2", "501")


def test_a_flat_that_several_buildings_have_stays_alone() -> None:
    place = Place(None, None, "501")
    assert check_place(place, TREE) == Checked(place)


def test_the_only_building_is_meant() -> None:
    assert check_place(Place(None, "2", None), {"1", "1-1", "1-2"}).place == Place("1", "2")
    assert check_place(NOWHERE, {"1", "1-1"}) == Checked(NOWHERE)


def test_a_building_that_is_not_there_takes_its_entrance_and_flat_along() -> None:
    assert check_place(Place("15", None, "501"), TREE) == Checked(NOWHERE, dropped=("building", "unit"))


def test_an_entrance_that_is_not_there_is_dropped_and_the_flat_stays() -> None:
    assert check_place(Place("3", "9", "702"), TREE) == Checked(
        Place("3", None, "702"), confirmed=("building", "unit"), dropped=("entrance",)
    )


def test_a_flat_that_is_not_there_is_dropped_where_the_flats_are_known() -> None:
    assert check_place(Place("3", "1", "9901"), TREE).dropped == ("unit",)
    assert check_place(Place("3", "1", "9901"), HOUSES).dropped == ()
    assert check_place(Place("3", "1", "702"), HOUSES | {"3-2-702"}).dropped == ()


def test_where_the_flats_are_listed_one_that_is_not_among_them_is_dropped() -> None:
    listed = {"3-1", "3-2", "8"}
    for said, kept in (
        (Place("3", "1", "9901"), Place("3", "1")),
        (Place("3", None, "9901"), Place("3")),
        (Place("8", None, "9901"), Place("8")),
    ):
        assert check_place(said, HOUSES, listed) == Checked(
            kept, tuple(part for part in ("building", "entrance") if getattr(said, part)), (), ("unit",)
        )
    # Of one entrance nothing is known: the flat may be there.
    assert check_place(Place("3", None, "9901"), HOUSES, {"3-1"}).dropped == ()
    assert check_place(Place("3", "2", "9901"), HOUSES, {"3-1"}).dropped == ()


def test_an_entrance_of_a_building_that_has_none_entered_is_left() -> None:
    assert check_place(Place("8", "2"), HOUSES) == Checked(Place("8", "2"), confirmed=("building",))


def test_a_compound_without_places_judges_nothing() -> None:
    place = Place("3", "2", "501")
    assert check_place(place, frozenset()) == Checked(place)


PART = st.none() | st.sampled_from(["1", "2", "3", "5", "8", "15", "501", "702", "A"])


@given(place=st.builds(Place, PART, PART, PART))
def test_every_part_that_was_said_is_kept_as_it_was_or_reported(place: Place) -> None:
    checked = check_place(place, TREE)
    for part, said, kept in zip(Place._fields, place, checked.place, strict=True):
        assert kept == said or part in checked.completed or part in checked.dropped
    assert check_place(checked.place, TREE).dropped == ()
    listed = check_place(place, TREE, HOUSES)
    assert set(listed.dropped) - set(checked.dropped) <= {"unit"}


@pytest.mark.parametrize("code", sorted(TREE))
def test_every_known_place_is_confirmed_in_full(code: str) -> None:
    building, *rest = code.split("-")
    unit = rest.pop() if rest and len(rest[-1]) > 2 else None
    checked = check_place(Place(building, rest[0] if rest else None, unit), TREE)
    assert not checked.dropped
    assert not checked.completed
