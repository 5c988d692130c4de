"""Rolls as people keep them, as XLSX. Names are invented; documents have the right check digit and no region."""

import io
from collections.abc import Callable, Sequence

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from handlers.roll.documents import _CREDIT_SIGNS, _CREDIT_WEIGHTS, identity_check

HEADER = ("房号", "业主姓名", "证件号码", "建筑面积", "联系电话", "房屋性质")


def identity(number: int, born: str = "19800101") -> str:
    """The identity number of nobody: region 000000 does not exist."""
    stem = f"000000{born}{number:03}"
    return stem + identity_check(stem)


def credit_code(number: int) -> str:
    """The code of no company."""
    stem = f"91000000{number:09}"
    total = sum(w * _CREDIT_SIGNS.index(s) for w, s in zip(_CREDIT_WEIGHTS, stem, strict=True))
    return stem + _CREDIT_SIGNS[-total % 31]


def workbook(*sheets: Callable[[Worksheet], None]) -> bytes:
    """An XLSX file; each function fills a sheet."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        for fill in sheets:
            fill(book.add_worksheet())
    return content.getvalue()


def roll(
    rows: Sequence[Sequence[object]], header: Sequence[str] = HEADER, above: Sequence[str] = ()
) -> bytes:
    """A sheet with a header, and titles above it. A cell that is None stays empty."""

    def fill(sheet: Worksheet) -> None:
        for at, title in enumerate(above):
            sheet.merge_range(at, 0, at, len(header) - 1, title)
        for at, cells in enumerate([header, *rows], len(above)):
            for column, cell in enumerate(cells):
                put(sheet, at, column, cell)

    return workbook(fill)


def put(sheet: Worksheet, row: int, column: int, cell: object) -> None:
    """Text as text, a number as a number: xlsxwriter would make a number of "501" when asked to guess."""
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif isinstance(cell, int | float):
        sheet.write_number(row, column, cell)
