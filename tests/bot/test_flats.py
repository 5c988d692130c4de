"""[[flats]]: from the words of a person to the flats of a compound."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.cli.compound import read_compound
from bot.cli.flats import MOST, Flat, FlatsFile, lay_out
from bot.cli.world import SAMPLE
from nlp.normalise import normalise
from nlp.place import find_place
from storage.states import PlaceLevel

ENTRANCES = {"1": 2, "2": 1, "A": 0}


def table(text: str) -> FlatsFile:
    return FlatsFile.model_validate(tomllib.loads(f'buildings = ["2"]\n{text}'))


def labels(text: str) -> list[str]:
    return [flat.label for flat in lay_out([table(text)], ENTRANCES)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("floors = 2\ndoors = 2", "101 102 201 202"),
        ('floors = "9-11"\ndoors = 1', "901 1001 1101"),
        ('floors = "1-2, 5"\ndoors = ["01", "03"]', "101 103 201 203 501 503"),
        ('floors = 2\ndoors = ["A", "B"]', "1A 1B 2A 2B"),
        ('floors = "3-5"\ndoors = 1\nskip = [4, 13, 14]', "301 501"),
        ('floors = 2\ndoors = 2\nwithout = ["101"]\nalso = ["301"]', "102 201 202 301"),
        ('also = ["101", "1001A"]', "101 1001A"),
    ],
)
def test_flats_are_numbered_as_people_number_them(text: str, expected: str) -> None:
    assert labels(text) == expected.split()


def test_a_table_is_for_all_entrances_of_its_buildings_or_for_those_it_names() -> None:
    def houses(**where: object) -> list[str]:
        one = FlatsFile.model_validate({"buildings": ["1", "A"], "also": ["101"], **where})
        return [flat.house for flat in lay_out([one], ENTRANCES)]

    assert houses() == ["1-1", "1-2", "A"]
    assert houses(buildings=["1"], entrances=[2]) == ["1-2"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "say which"),
        ("floors = 3", "go together"),
        ("doors = 3", "go together"),
        ("floors = 3\ndoors = 0", "1 to 99"),
        ("floors = 0\ndoors = 1", "1-18"),
        ('floors = "5-3"\ndoors = 1', "1-18"),
        ('floors = "1-1000"\ndoors = 1', "1-18"),
        ('floors = "一楼"\ndoors = 1', "1-18"),
        ("floors = true\ndoors = 1", "1-18"),
        ('floors = 2\ndoors = ["a"]', "doors.0"),
        ('floors = 1\ndoors = 2\nwithout = ["201"]', "201 is not there"),
        ('floors = 1\ndoors = 2\nalso = ["101"]', "101 is there already"),
        ('also = ["0101"]', '"101"'),  # nobody would be found in it
        ('also = ["1-1"]', "also.0"),
        ("entrances = [2]\nfloors = 1\ndoors = 1", "no entrance 2"),
        ("floor = 1", "floor"),
    ],
)
def test_what_cannot_be_is_named(text: str, reason: str) -> None:
    with pytest.raises((ValueError, ValidationError)) as raised:
        labels(text)
    shown = str(raised.value)
    if isinstance(raised.value, ValidationError):
        shown = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in raised.value.errors())
    assert reason in shown


def test_what_is_said_twice_or_elsewhere_or_is_too_much_is_named_by_its_table() -> None:
    one = table("floors = 1\ndoors = 1")
    with pytest.raises(ValueError, match="flats 2: 2-1-101 was said before"):
        lay_out([one, one], ENTRANCES)
    elsewhere = FlatsFile.model_validate({"buildings": ["9"], "also": ["101"]})
    with pytest.raises(ValueError, match="flats 1: there is no building 9"):
        lay_out([elsewhere], ENTRANCES)
    alone = FlatsFile.model_validate({"buildings": ["A"], "floors": 1, "doors": ["A"]})
    with pytest.raises(ValueError, match="A-1A would be an entrance"):
        lay_out([alone], ENTRANCES)
    city = FlatsFile.model_validate({"buildings": [str(n) for n in range(50)], "floors": 150, "doors": 99})
    with pytest.raises(ValueError, match=f"more than {MOST}"):
        lay_out([city], dict.fromkeys(city.buildings, 40))


@given(floors=st.integers(1, 40), doors=st.integers(1, 12), skip=st.sets(st.integers(1, 40)))
def test_every_flat_is_found_again_in_a_message(floors: int, doors: int, skip: set[int]) -> None:
    one = FlatsFile.model_validate(
        {"buildings": ["2"], "floors": floors, "doors": doors, "skip": sorted(skip), "also": ["9901"]}
    )
    flats = lay_out([one], ENTRANCES)
    assert len(flats) == doors * len(set(range(1, floors + 1)) - skip) + 1
    for flat in (flats[0], flats[-1]):
        assert find_place(normalise(f"2栋1单元{flat.label}漏水")).unit == flat.label


def test_the_sample_has_as_many_flats_as_households() -> None:
    sample = read_compound(SAMPLE)
    flats = [place for place in sample.places if place.level is PlaceLevel.UNIT]
    assert len(flats) == sample.households
    assert Flat("3-2", "1501") in {Flat(place.parent or "", place.code.split("-")[2]) for place in flats}
