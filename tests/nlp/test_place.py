import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.normalise import normalise
from nlp.place import NOWHERE, Place, find_place


def place_in(text: str) -> Place:
    return find_place(normalise(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3栋2单元501", ("3", "2", "501")),
        ("３栋２单元５０１", ("3", "2", "501")),
        ("3 栋 2 单元 501 漏水", ("3", "2", "501")),
        ("3號樓漏水", ("3", None, None)),
        ("3#", ("3", None, None)),
        ("3#2单元", ("3", "2", None)),
        ("3＃楼502室", ("3", None, "502")),
        ("三栋二单元五楼", ("3", "2", None)),
        ("三栋二单元五零一", ("3", "2", "501")),
        ("十二栋", ("12", None, None)),
        ("二十一号楼", ("21", None, None)),
        ("3-2-501门口", ("3", "2", "501")),
        ("３－２－５０１", ("3", "2", "501")),
        ("我5-1-1203去年交的", ("5", "1", "1203")),
        ("5-1203漏水", ("5", None, "1203")),
        ("5栋-2-301", ("5", "2", "301")),
        ("3栋2-501", ("3", "2", "501")),
        ("3幢", ("3", None, None)),
        ("第3栋", ("3", None, None)),
        ("B座电梯坏了", ("B", None, None)),
        ("A3栋502", ("A3", None, "502")),
        ("二单元右边那部电梯", (None, "2", None)),
        ("1502室", (None, None, "1502")),
        ("应该是1604，昨天看见的", (None, None, "1604")),
        ("203窗户下来的线", (None, None, "203")),
        ("一栋二单元", ("1", "2", None)),
        ("3栋停电了，2单元的也停了", ("3", "2", None)),
        ("我家厨房有煤气味，3栋1单元1502", ("3", "1", "1502")),
    ],
)
def test_addresses_as_people_write_them(
    text: str, expected: tuple[str | None, str | None, str | None]
) -> None:
    assert place_in(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "3-5天就好",
        "2026-03-15",
        "10:30在门口集合",
        "13812345678",
        "028-85123456",
        "物业费1202元",
        "买了1202块钱的菜",
        "500多户人家",
        "12楼的灯坏了",
        "21号修好",
        "一栋楼的人都听见了",
        "打110或者119",
        "2012年交的房",
        "坐302路公交",
        "车牌尾号305",
        "房价12-15万",
        "今天天气真好",
        "",
    ],
)
def test_dates_prices_and_telephones_are_no_place(text: str) -> None:
    assert place_in(text) == NOWHERE


@given(
    building=st.integers(1, 99), entrance=st.integers(1, 9), floor=st.integers(1, 33), room=st.integers(1, 8)
)
def test_every_complete_address_is_read_in_full(building: int, entrance: int, floor: int, room: int) -> None:
    unit = f"{floor}{room:02}"
    expected = Place(str(building), str(entrance), unit)
    for text in (
        f"{building}栋{entrance}单元{unit}漏水",
        f"我是{building}号楼{entrance}单元{unit}室的",
        f"{building}-{entrance}-{unit}没水",
    ):
        assert place_in(text) == expected
