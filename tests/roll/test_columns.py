"""Where the header is, which sheet, which column says what."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter.worksheet import Worksheet

from handlers.roll.columns import Field, find_columns, read_column
from handlers.roll.import_roll import settle_columns
from handlers.roll.sheet import MOST_ROWS, SheetError, letters_of, read_book
from tests.roll.sheets import roll, workbook


def mapping(content: bytes, **said: str) -> dict[str, str]:
    source = settle_columns(read_book(content), {Field(name): text for name, text in said.items()}, "")
    return {field.value: letters_of(place) for field, place in source.columns.places.items()}


def refusal(content: bytes, **said: str) -> str:
    with pytest.raises(SheetError) as refused:
        mapping(content, **said)
    return str(refused.value)


def test_a_header_below_titles() -> None:
    content = roll(
        [("3-2-501", "张三", "89.73")], ("房 号", "产权人", "建筑面积（㎡）"), ("四季园", "2026年3月")
    )
    assert mapping(content) == {"room": "A", "owner": "B", "area_register": "C"}


def two_rows(sheet: Worksheet) -> None:
    sheet.merge_range("A1:H1", "四季园业主清册")
    sheet.merge_range("A2:C2", "房屋信息")
    sheet.merge_range("D2:E2", "面积")
    sheet.merge_range("F2:G2", "租户信息")
    sheet.merge_range("H2:H3", "业主姓名")
    for column, text in enumerate(["楼栋", "单元", "房号", "公摊", "产权", "姓名", "联系电话"]):
        sheet.write(2, column, text)


def test_a_header_of_two_rows_with_groups() -> None:
    def fill(sheet: Worksheet) -> None:
        two_rows(sheet)
        sheet.write_row(3, 0, ["3", "2", "501", 10, 89.73, "租客甲", "13800000001", "张三"])

    content = workbook(fill)
    assert mapping(content) == {
        "building": "A",
        "entrance": "B",
        "room": "C",
        "area_register": "E",
        "owner": "H",
    }
    columns = find_columns(read_book(content).sheets[0], {})
    assert columns is not None
    assert (columns.first, columns.last) == (1, 2)


def test_somebody_says_which_column() -> None:
    content = roll([], ("房号", "姓名", "某某面积", "建筑面积", "证件号码"))
    assert mapping(content, area_register="某某面积", area_contract="D", document="") == {
        "room": "A",
        "owner": "B",
        "area_register": "C",
        "area_contract": "D",
    }
    assert "no column has this header" in refusal(content, owner="房主甲")
    with pytest.raises(SheetError, match="write FIELD=HEADER"):
        read_column("owners=姓名")


def test_only_the_inner_area_is_no_area() -> None:
    assert mapping(roll([], ("房号", "业主", "套内面积", "公摊面积"))) == {"room": "A", "owner": "B"}


def test_hidden_sheets_are_not_looked_at_and_two_rolls_are_one_too_many() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["房号", "业主姓名"])

    def hidden(sheet: Worksheet) -> None:
        fill(sheet)
        sheet.hide()

    def notes(sheet: Worksheet) -> None:
        sheet.write(0, 0, "填写说明")

    book = read_book(workbook(fill, hidden, notes))
    assert settle_columns(book, {}, "").sheet.name == "Sheet1"
    assert book.hidden == 1
    assert "--sheet" in refusal(workbook(fill, fill))


def test_no_header_is_said() -> None:
    assert "--column" in refusal(roll([("3-2-501", "张三")], ("甲", "乙")))


def test_what_is_no_sheet_is_refused() -> None:
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    for content in (b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), empty.getvalue()):
        with pytest.raises(SheetError):
            read_book(content)


@given(st.data())
def test_a_damaged_file_is_read_or_refused(data: st.DataObject) -> None:
    """Damage inside the packed parts: the outside has checksums, which would find any."""
    with zipfile.ZipFile(io.BytesIO(workbook(two_rows))) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    name = data.draw(st.sampled_from(sorted(each for each in parts if each.startswith("xl/w"))))
    place = data.draw(st.integers(0, len(parts[name]) - 1))
    damage = data.draw(st.binary(max_size=3) | st.sampled_from([b'"', b"<", b">", b"9999999"]))
    parts[name] = parts[name][:place] + damage + parts[name][place + data.draw(st.integers(0, 6)) :]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for each, part in parts.items():
            packed.writestr(each, part)
    with contextlib.suppress(SheetError):
        read_book(content.getvalue())


def test_a_stray_cell_in_the_last_corner_takes_no_memory() -> None:
    with pytest.raises(SheetError, match="beyond row"):
        read_book(workbook(lambda sheet: sheet.write(MOST_ROWS, 0, 1) and None))
    with pytest.raises(SheetError, match="beyond row"):
        read_book(workbook(lambda sheet: sheet.write(1_048_575, 16_383, 1) and None))


def test_formulas_that_failed_or_were_never_worked_out_are_told_from_empty_cells() -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_formula(0, 0, "=1/0", None, "#DIV/0!")
        sheet.write_formula(0, 1, "=1+1", None, 2)
        sheet.write_formula(0, 2, "=A9", None, "")

    (sheet,) = read_book(workbook(fill)).sheets
    assert (0, 0) in sheet.faults
    assert (0, 1) not in sheet.faults
    assert sheet.rows[0][1] == 2
