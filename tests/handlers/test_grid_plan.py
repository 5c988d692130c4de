"""What a sheet of the tree would change, and how cells are counted: pure."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter.worksheet import Worksheet

from handlers.grid.plan import Decision, Node, Plan, plan_tree
from handlers.grid.rules import CellFault, cell_of, compressed, faults, household_codes, sizes
from handlers.grid.sheet import Column, read_tree
from handlers.roll.sheet import SheetError, read_book
from storage.states import PlaceLevel
from tests.roll.sheets import roll, workbook

HEADER = ("楼栋", "单元", "房号", "网格", "网格员")
ROWS = (
    ("3栋", "1单元", 501, "一网格", "毕小满"),
    ("3栋", "1单元", 502, "一网格", "毕小满"),
    ("三号楼", "2", "301", "二网格", ""),
)


def plan(
    rows: Sequence[Sequence[object]],
    known: dict[str, Node] | None = None,
    uses: dict[str, str] | None = None,
    header: Sequence[str] = HEADER,
) -> Plan:
    sheet = read_tree(read_book(roll(rows, header, above=("某某小区楼栋表",))))
    return plan_tree(sheet, sheet.rows, known or {}, uses or {})


def taken(found: Plan) -> dict[str, Node]:
    return dict(found.add)


def reasons(found: Plan) -> list[tuple[int, str]]:
    return [(line.line, line.reason) for line in found.lines if line.reason]


def test_rows_become_places_with_codes_as_messages_are_read() -> None:
    found = plan(ROWS[:3])
    assert not found.is_refused
    assert list(found.add) == ["3", "3-1", "3-1-501", "3-1-502", "3-2", "3-2-301"]
    assert found.add["3-2-301"] == Node(PlaceLevel.UNIT, "3栋2单元301", "3-2")
    assert found.cells == {"3-1": "一网格", "3-2": "二网格"}
    assert found.workers == {"一网格": "毕小满"}


def test_the_same_sheet_again_changes_nothing_and_a_new_name_keeps_the_code() -> None:
    known = taken(plan(ROWS[:3]))
    again = plan(ROWS[:3], known)
    assert (again.add, again.rename, again.gone) == ({}, {}, ())
    assert {line.decision for line in again.lines} == {Decision.SAME}
    named = plan([(*row, "兰苑") for row in ROWS[:2]], known, header=(*HEADER, "楼栋名称"))
    assert not named.is_refused
    assert named.rename == {
        "3": "兰苑", "3-1": "兰苑1单元", "3-1-501": "兰苑1单元501", "3-1-502": "兰苑1单元502"
    }  # fmt: skip
    # A sheet without the column says nothing about the name.
    assert plan(ROWS[:2], {**known, "3": Node(PlaceLevel.BUILDING, "兰苑", None)}).rename.get("3") is None


def test_what_is_left_out_goes_with_all_inside_unless_something_refers_to_it() -> None:
    known = taken(plan(ROWS[:3]))
    assert plan(ROWS[:2], known).gone == ("3-2-301", "3-2")
    kept = plan(ROWS[:2], known, {"3-2-301": "use.lives", "3-1-501": "use.lives"})
    assert kept.is_refused
    assert kept.kept == {"3-2-301": "use.lives"}
    # A sheet of buildings only says nothing about flats and entrances.
    assert plan([("3栋", "一网格")], known, header=("楼栋", "网格")).gone == ()


def test_bad_rows_are_refused_with_their_line_and_nothing_else_is_said_to_go() -> None:
    found = plan(
        [
            *ROWS[:2],
            ("3栋", "1单元", "501", "二网格", ""),  # in two cells
            ("3栋", "1单元", "五零", "一网格", ""),
            ("", "", "501", "", ""),
            ("甲栋", "", "501", "", ""),
            ("3栋", "1单元", "503", "一网格", "别人"),
            ("3栋", "1单元", "车位B1-023", "", ""),
            ("合计", None, 12, None, None),
        ],
        taken(plan(ROWS)),
    )
    assert found.is_refused
    assert reasons(found) == [
        (5, "tree.twice"),
        (6, "room.unreadable"),
        (7, "room.no_building"),
        (8, "tree.sign"),
        (9, "cell.two_workers"),
        (10, "row.not_home"),
    ]
    assert found.gone == ()


def test_a_flat_is_no_entrance() -> None:
    known = {"3": Node(PlaceLevel.BUILDING, "3栋", None), "3-12": Node(PlaceLevel.ENTRANCE, "3栋12单元", "3")}
    assert reasons(plan([("3栋", "", "12", "", "")], known)) == [(3, "room.is_entrance")]


def test_households_that_share_a_flat_are_counted_each() -> None:
    header = ("楼栋", "房号", "家庭", "网格")
    found = plan(
        [("5栋", "301", "1", "甲"), ("5栋", "301", "2", "甲"), ("5栋", "302", "", "甲")], header=header
    )
    assert found.add["5-301-2"] == Node(PlaceLevel.HOUSEHOLD, "5栋301第2户", "5-301")
    homes = household_codes(["5-301", "5-302"], ["5-301-1", "5-301-2"])
    assert sizes(homes, found.cells or {}, ["甲"]).cells == {"甲": 3}


@pytest.mark.parametrize("rows", [[("姓名", "电话"), ("某", "1")], [("楼栋", "房号")]])
def test_a_sheet_that_is_none_says_what_is_missing(rows: list[tuple[str, str]]) -> None:
    with pytest.raises(SheetError) as error:
        read_tree(read_book(roll(rows[1:], rows[0])))
    assert error.value.code in ("tree.no_header", "tree.empty")


def test_merged_cells_are_read_downwards() -> None:
    def fill(sheet: Worksheet) -> None:
        for column, text in enumerate(HEADER):
            sheet.write_string(0, column, text)
        sheet.merge_range(1, 0, 2, 0, "3栋")
        sheet.merge_range(1, 3, 2, 3, "一网格")
        for line, room in ((1, "101"), (2, "102")):
            sheet.write_string(line, 2, room)

    sheet = read_tree(read_book(workbook(fill)))
    assert plan_tree(sheet, sheet.rows, {}, {}).cells == {"3": "一网格"}
    assert [row.get(Column.ROOM) for row in sheet.rows] == ["101", "102"]


@pytest.mark.parametrize(
    ("size", "has_worker", "odd"),
    [
        (19, True, [CellFault.SMALL]),
        (20, True, []),
        (40, True, []),
        (41, False, [CellFault.LARGE, CellFault.NO_WORKER]),
    ],
)
def test_a_cell_has_twenty_to_forty_households(size: int, has_worker: bool, odd: list[CellFault]) -> None:
    assert list(faults(size, has_worker=has_worker)) == odd


_FLATS = [f"{b}-{e}-{f}0{d}" for b in "12" for e in "12" for f in "12" for d in "12"]
_PLACES = [*_FLATS, "1", "2", "1-1", "1-2", "2-1", "2-2"]


@given(st.fixed_dictionaries({flat: st.sampled_from(["", "a", "b"]) for flat in _FLATS}))
def test_fewer_places_say_the_same_about_every_flat(drawn: dict[str, str]) -> None:
    cells = {flat: cell for flat, cell in drawn.items() if cell}
    fewer = compressed(cells, _PLACES)
    assert len(fewer) <= len(cells)
    for flat in _FLATS:
        assert cell_of(flat, fewer) == cells.get(flat)
    found = sizes(_FLATS, fewer, ["a", "b"])
    assert sum(found.cells.values()) + found.outside == found.total == len(_FLATS)
