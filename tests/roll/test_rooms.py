"""Units as people write them."""

import pytest

from handlers.roll.cells import CellError, spelled
from handlers.roll.rooms import room_of
from storage.states import UnitKind

HOUSES = {"1", "3", "3-1", "3-2"}


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        (("", "", "3栋2单元501"), "3-2-501"),
        (("", "", "3-2-501"), "3-2-501"),
        (("", "", "３－２－５０１"), "3-2-501"),
        (("", "", "三栋二单元501室"), "3-2-501"),
        (("", "", "3号楼2门501"), "3-2-501"),
        (("", "", "幸福路88号四季园3幢2单元501室"), "3-2-501"),
        (("", "", "3栋2单元5层501"), "3-2-501"),
        (("", "", "12#1-1203"), "12-1-1203"),
        (("", "", "A座1203"), "A-1203"),
        (("", "", "3-501"), "3-501"),
        (("3", "2", "501"), "3-2-501"),
        (("03栋", "02单元", "0501室"), "3-2-501"),
        (("3栋", "", "2-501"), "3-2-501"),
        (("3", "2", "501-1"), "3-2-501-1"),
        (("3", "2", "3-2-501"), "3-2-501"),
        (("1", "", "1-501"), "1-501"),
        (("5栋", "", "1号"), "5-1"),
    ],
)
def test_flats(columns: tuple[str, str, str], code: str) -> None:
    building, entrance, room = map(spelled, columns)
    assert room_of(building, entrance, room, houses=HOUSES).code == code


@pytest.mark.parametrize(
    ("columns", "code", "building"),
    [
        (("", "", "B1-023"), "P-B1-023", ""),
        (("", "", "车位B1-023"), "P-B1-023", ""),
        (("", "", "负一层023号车位"), "P-B1-023", ""),
        (("地下车库", "", "023"), "P-023", ""),
        (("3", "", "车位17"), "P-17", "3"),
    ],
)
def test_parking(columns: tuple[str, str, str], code: str, building: str) -> None:
    room = room_of(*columns, houses=HOUSES)
    assert (room.code, room.building, room.hint) == (code, building, UnitKind.PARKING)


@pytest.mark.parametrize(
    ("columns", "code", "building"),
    [
        (("", "", "1-1底商"), "S-1-1", "1"),
        (("", "", "1栋底商3号"), "S-1-3", "1"),
        (("1", "", "商铺12"), "S-1-12", "1"),
        (("", "", "商铺12"), "S-12", ""),
    ],
)
def test_shops(columns: tuple[str, str, str], code: str, building: str) -> None:
    room = room_of(*columns)
    assert (room.code, room.building, room.hint) == (code, building, UnitKind.SHOP)


def test_a_flat_of_building_b1_is_no_parking() -> None:
    assert room_of("", "", "B1-023", houses={"B1"}).code == "B1-23"


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        (("", "", ""), "room.missing"),
        (("", "", "501"), "room.no_building"),
        (("", "", "3-12"), "room.ambiguous"),
        (("2", "", "2-501"), "room.ambiguous"),
        (("4", "2", "3-2-501"), "room.contradicts"),
        (("3", "1", "3栋2单元501"), "room.contradicts"),
        (("3", "", "2"), "room.is_entrance"),
        (("", "", "门卫室"), "room.unreadable"),
        (("一期", "", "501"), "room.building"),
    ],
)
def test_what_could_be_another_unit_is_refused(columns: tuple[str, str, str], code: str) -> None:
    with pytest.raises(CellError) as refused:
        room_of(*columns, houses=HOUSES)
    assert refused.value.code == code
