"""The tree of a compound, or of several, as a sheet has it: a row a flat, an entrance or a building. Pure."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from handlers.roll.cells import CellError, spelled, text_of
from handlers.roll.sheet import Book, Sheet, SheetError

_LOOKED_AT = 40  # rows in which a header is looked for
_LEAST = 2  # columns that make one
_NOISE = re.compile(r"[(\[【][^)\]】]*[)\]】]|[\s*:·]")
_SUMS = re.compile(r"(?:合|小|总|共)计")
_LONGEST = 80


class Column(StrEnum):
    """What a column can say."""

    PRECINCT = "precinct"
    PRECINCT_CODE = "precinct_code"
    COMPOUND = "compound"
    COMPOUND_CODE = "compound_code"
    BUILDING = "building"
    BUILDING_NAME = "building_name"
    ENTRANCE = "entrance"
    ROOM = "room"
    HOUSEHOLD = "household"
    CELL = "cell"
    WORKER = "worker"


_WORDS: Mapping[str, Column] = {
    word: Column(name)
    for name, words in tomllib.loads(Path(__file__).with_name("headers.toml").read_text("utf-8")).items()
    for word in words.split()
}


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A row as it is written. line: in the sheet, from 1. said: by column its text. fault: a code, "" for none."""

    line: int
    said: Mapping[Column, str] = field(default_factory=dict)
    fault: str = ""

    def get(self, column: Column) -> str:
        """What a column says, "" for nothing."""
        return self.said.get(column, "")


@dataclass(frozen=True, slots=True)
class TreeSheet:
    """columns: those that there are; what no column speaks of stays as it is."""

    columns: frozenset[Column]
    rows: Sequence[TreeRow]


def read_tree(book: Book) -> TreeSheet:
    """The one sheet with a header of the tree; raises SheetError with a code of reasons.toml."""
    found = [(sheet, header) for sheet in book.sheets if (header := _header(sheet)) is not None]
    if not found:
        raise SheetError("no sheet has a header with 楼栋", "tree.no_header")
    if len(found) > 1:
        raise SheetError(
            "several sheets look like the tree", "tree.several", [sheet.name for sheet, _ in found]
        )
    sheet, (at, places) = found[0]
    rows = [row for line in range(at + 1, len(sheet.rows)) if (row := _row(sheet, line, places)) is not None]
    if not rows:
        raise SheetError("nothing stands below the header", "tree.empty")
    return TreeSheet(frozenset(places), rows)


def _header(sheet: Sheet) -> tuple[int, Mapping[Column, int]] | None:
    best: tuple[int, Mapping[Column, int]] | None = None
    for at, row in enumerate(sheet.rows[:_LOOKED_AT]):
        places: dict[Column, int] = {}
        for place, cell in enumerate(row):
            column = _WORDS.get(_NOISE.sub("", spelled(cell))) if isinstance(cell, str) else None
            if column is not None:
                places.setdefault(column, place)
        is_header = len(places) >= _LEAST and not places.keys().isdisjoint((Column.BUILDING, Column.ROOM))
        if is_header and (best is None or len(places) > len(best[1])):
            best = at, places
    return best


def _row(sheet: Sheet, line: int, places: Mapping[Column, int]) -> TreeRow | None:
    """None for a row that says nothing, or adds up those above."""
    said: dict[Column, str] = {}
    for column, place in places.items():
        if (line, place) in sheet.faults:
            return TreeRow(line + 1, said, "cell.error")
        # What stands for several rows is merged over them; each flat has its own number.
        cell = sheet.rows[line][place] if column is Column.ROOM else sheet.down(line, place)
        try:
            text = re.sub(r"\s+", "", text_of(cell))
        except CellError as error:
            return TreeRow(line + 1, said, error.code)
        if len(text) > _LONGEST:
            return TreeRow(line + 1, said, "tree.long")
        if text:
            said[column] = text
    if not said or any(_SUMS.match(text) for text in said.values()):
        return None
    return TreeRow(line + 1, said)
