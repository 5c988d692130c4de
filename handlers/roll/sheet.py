"""An XLSX file as rows of cells: the one sheet people see, with what was merged downwards filled in. Pure."""

import io
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

MOST_BYTES = 20_000_000
MOST_UNPACKED = 400_000_000
MOST_ROWS = 60_000
MOST_COLUMNS = 100
MOST_MERGED = 1_000_000  # cells
_ENCRYPTED = b"\xd0\xcf\x11\xe0"  # a compound file: old .xls, or .xlsx with a password

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    CalamineError,
    expat.ExpatError,
    EOFError,
    LookupError,  # a part or an encoding that is not there
    OSError,
    RuntimeError,
    ValueError,
    StopIteration,
)

Cell = str | float | int | bool | date | datetime | time | timedelta
"""What a cell holds; "" for nothing. A float is whatever Excel keeps of a number: read it with handlers.roll.cells."""


class SheetError(ValueError):
    """The file is no sheet that can be read; the message says what to do.

    code: the same for pages, of handlers/roll/reasons.toml. names: of the sheets, when one has to be named.
    """

    def __init__(self, message: str, code: str = "sheet.damaged", names: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.names = tuple(names)


@dataclass(frozen=True, slots=True)
class Sheet:
    """rows: every row from the first one on, all equally long; row 0 is the sheet's row 1.

    spans: for each cell of a merged range the range's corners (first row, first column, last row, last column).
    faults: cells that hold an error (#N/A), or a formula that was never worked out: they look empty and are not.
    """

    name: str
    rows: Sequence[Sequence[Cell]]
    spans: Mapping[tuple[int, int], tuple[int, int, int, int]]
    faults: frozenset[tuple[int, int]]

    def down(self, row: int, column: int) -> Cell:
        """The cell, or what was merged over it from above."""
        top = self.spans.get((row, column))
        return self.rows[top[0]][column] if top and top[1] == column else self.rows[row][column]

    def over(self, row: int, column: int) -> Cell:
        """The cell, or what was merged over it from above or from the left."""
        top = self.spans.get((row, column))
        return self.rows[top[0]][top[1]] if top else self.rows[row][column]

    def first_row(self, row: int, column: int) -> int:
        """The row in which the merged range of this cell begins; its own without one."""
        return self.spans[(row, column)][0] if (row, column) in self.spans else row


@dataclass(frozen=True, slots=True)
class Book:
    """sheets: those that are visible and hold something. hidden: how many were passed over unread."""

    sheets: tuple[Sheet, ...]
    hidden: int


def read_book(content: bytes) -> Book:
    """Read the visible sheets of an XLSX file; raises SheetError."""
    if len(content) > MOST_BYTES:
        raise SheetError(f"the file is larger than {MOST_BYTES // 1_000_000} MB", "sheet.too_large")
    if content.startswith(_ENCRYPTED):
        raise SheetError("an old .xls or a file with a password: save it as .xlsx without one", "sheet.old")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > MOST_UNPACKED:
                raise SheetError(
                    f"the file unpacks to more than {MOST_UNPACKED // 1_000_000} MB", "sheet.too_large"
                )
            if packed.testzip() is not None:  # also a part that is longer than it says
                raise SheetError("a part of the file is damaged")
            faults = _look_through(packed)
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            seen = [
                each.name
                for each in book.sheets_metadata
                if each.visible == SheetVisibleEnum.Visible and each.typ == SheetTypeEnum.WorkSheet
            ]
            hidden = sum(each.visible != SheetVisibleEnum.Visible for each in book.sheets_metadata)
            sheets = [_sheet(book, name, faults.get(name, frozenset())) for name in seen]
    except SheetError:
        raise
    except _DAMAGED as error:
        raise SheetError("not an XLSX file, or a damaged one") from error
    return Book(tuple(sheet for sheet in sheets if sheet.rows), hidden)


def _sheet(book: CalamineWorkbook, name: str, faults: frozenset[tuple[int, int]]) -> Sheet:
    sheet = book.get_sheet_by_name(name)
    spans: dict[tuple[int, int], tuple[int, int, int, int]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if sheet.end is None or top > sheet.end[0] or left > sheet.end[1]:
            continue
        if len(spans) > MOST_MERGED:
            raise SheetError("too much is merged: is this the roll?", "sheet.merged")
        for row in range(top, min(bottom, sheet.end[0]) + 1):
            for column in range(left, min(right, sheet.end[1]) + 1):
                spans[(row, column)] = (top, left, bottom, right)
    return Sheet(name, sheet.to_python(skip_empty_area=False) if sheet.end else [], spans, faults)


def _look_through(packed: zipfile.ZipFile) -> dict[str, frozenset[tuple[int, int]]]:
    """By sheet the cells that only look empty. Raises SheetError where the reader would lay out a monster.

    The reader lays out everything up to the last cell: one stray cell in the last corner would take all memory. And it
    gives an error as an empty cell; an area must not go missing like that.
    """
    relations: dict[str, str] = {}
    _parse(
        packed.read("xl/_rels/workbook.xml.rels"),
        lambda tag, had: relations.update({had["Id"]: had["Target"]}) if tag == "Relationship" else None,
    )
    named: dict[str, str] = {}

    def on_sheet(tag: str, had: Mapping[str, str]) -> None:
        if tag == "sheet":
            target = relations[next(value for key, value in had.items() if key.split(":")[-1] == "id")]
            named[had["name"]] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"

    _parse(packed.read("xl/workbook.xml"), on_sheet)
    return {name: _faults(packed.read(path)) for name, path in named.items() if "worksheets/" in path}


def _faults(xml: bytes) -> frozenset[tuple[int, int]]:
    errors: set[tuple[int, int]] = set()
    waiting: set[tuple[int, int]] = set()  # formulas without a value so far
    at = (-1, -1)

    def on_start(tag: str, had: Mapping[str, str]) -> None:
        nonlocal at
        if tag == "row":
            at = (int(had["r"]) - 1 if "r" in had else at[0] + 1, -1)
        elif tag == "c":
            at = _position(had["r"]) if "r" in had else (at[0], at[1] + 1)
            if had.get("t") == "e":
                errors.add(at)
            if at[0] >= MOST_ROWS or at[1] >= MOST_COLUMNS:
                raise SheetError(
                    f"something stands beyond row {MOST_ROWS} or column {MOST_COLUMNS}: "
                    "delete what is not of the roll",
                    "sheet.beyond",
                )
        elif tag == "f" and at[1] >= 0:
            waiting.add(at)
        elif tag in ("v", "is"):
            waiting.discard(at)

    _parse(xml, on_start)
    return frozenset(errors | waiting)


def _position(reference: str) -> tuple[int, int]:
    letters = reference.rstrip("0123456789")
    return int(reference[len(letters) :]) - 1, column_of(letters)


def _parse(xml: bytes, on_start: Callable[[str, Mapping[str, str]], None]) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, had: on_start(tag.split(":")[-1], had)
    parser.Parse(xml, True)


def column_of(letters: str) -> int:
    """The number of a column by its letters: A is 0, AA is 26."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def letters_of(column: int) -> str:
    """The letters of a column: 0 is A."""
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
