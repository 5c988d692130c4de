"""Which column of a sheet says what: guessed from the words of its header, or as somebody says. Pure."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from handlers.roll.cells import spelled
from handlers.roll.sheet import Sheet, SheetError, column_of, letters_of

_LOOKED_AT = 40  # rows in which a header is looked for
_TALLEST = 4  # rows of one header


class Field(StrEnum):
    """What a column can say."""

    BUILDING = "building"
    ENTRANCE = "entrance"
    ROOM = "room"
    ADDRESS = "address"
    OWNER = "owner"
    DOCUMENT = "document"
    DOCUMENT_TYPE = "document_type"
    PHONE = "phone"
    CO_OWNER = "co_owner"
    CO_DOCUMENT = "co_document"
    AREA_REGISTER = "area_register"
    AREA_SURVEY = "area_survey"
    AREA_CONTRACT = "area_contract"
    KIND = "kind"
    STATE = "state"


AREAS = (Field.AREA_REGISTER, Field.AREA_SURVEY, Field.AREA_CONTRACT)

WORDS: Mapping[Field, Sequence[str]] = {
    Field(name): words.split()
    for name, words in tomllib.loads(Path(__file__).with_name("headers.toml").read_text("utf-8")).items()
}
# These are about somebody else, whatever stands below them.
_OTHERS = re.compile("租户|租客|承租|紧急|使用人|经办|填表|代理人|家庭成员")
_UNIT_OF_AREA = re.compile(r"[(\[【][^)\]】]*[)\]】]|m2|平方米|㎡")
_SIGNS = re.compile(r"[\s*:·/\\、,_-]")
_NEEDED_WHERE = (Field.ROOM, Field.ADDRESS)
_NEEDED_WHAT = (Field.OWNER, *AREAS)
_LONGEST_LABEL = 20
_TITLE = 2  # a title, and beside it in what the areas are given


@dataclass(frozen=True, slots=True)
class Columns:
    """places: the column of each field. labels: what the header says over every column. guessed: not said by anybody.

    first, last: the header's rows, counted from 0.
    """

    first: int
    last: int
    labels: tuple[str, ...]
    places: Mapping[Field, int]
    guessed: frozenset[Field]

    def described(self) -> dict[str, object]:
        """For the report: the mapping, and the columns that nothing is read from."""
        used = set(self.places.values())
        return {
            "header_rows": [self.first + 1, self.last + 1],
            "columns": {
                field.value: {
                    "column": letters_of(place),
                    "header": self.labels[place][:_LONGEST_LABEL],
                    "guessed": field in self.guessed,
                }
                for field, place in sorted(self.places.items())
            },
            "unread": [
                {"column": letters_of(place), "header": label[:_LONGEST_LABEL]}
                for place, label in enumerate(self.labels)
                if label and place not in used
            ],
        }


def find_columns(sheet: Sheet, said: Mapping[Field, str]) -> Columns | None:
    """The header with its columns; None where no row of the first ones looks like one.

    said: header words or letters of columns, "" for no column at all. Raises SheetError for what is not there.
    """
    best: Columns | None = None
    for first in range(min(_LOOKED_AT, len(sheet.rows))):
        for last in sorted({first, _bottom(sheet, first)}, reverse=True):
            labels = _labels(sheet, first, last)
            guessed = _guess(labels)
            found = Columns(first, _bottom(sheet, last), labels, guessed, frozenset(guessed))
            if best is None or len(found.places) > len(best.places):
                best = found
    if best is None:
        return None
    best = _as_said(best, said)
    has = best.places.keys()
    if not has & set(_NEEDED_WHERE) or not has & set(_NEEDED_WHAT):
        return None
    return best


def read_column(text: str) -> tuple[Field, str]:
    """owner=业主姓名 as a field and a header; raises SheetError."""
    name, sign, header = text.partition("=")
    try:
        field = Field(name.strip())
    except ValueError:
        field = None
    if not sign or field is None:
        raise SheetError(f"--column {text}: write FIELD=HEADER with one of {', '.join(Field)}")
    return field, header.strip()


def _as_said(columns: Columns, said: Mapping[Field, str]) -> Columns:
    places = {field: place for field, place in columns.places.items() if field not in said}
    for field, header in said.items():
        if not header:
            continue
        named = [place for place, label in enumerate(columns.labels) if _bare(label) == _bare(header)]
        if not named and re.fullmatch("[A-Za-z]{1,2}", header) and column_of(header) < len(columns.labels):
            named = [column_of(header)]
        if len(named) != 1:
            raise SheetError(
                f"--column {field}={header}: {'several columns have' if named else 'no column has'} this header; "
                "the column's letter will do",
                "sheet.column",
            )
        places = {other: place for other, place in places.items() if place != named[0]} | {field: named[0]}
    guessed = frozenset(field for field in places if field not in said)
    return Columns(columns.first, columns.last, columns.labels, places, guessed)


def _bottom(sheet: Sheet, row: int) -> int:
    """The last row of a header that begins here, as far as its merged cells say. A title over all is no header."""
    spans = {
        sheet.spans[(row, column)] for column in range(len(sheet.rows[row])) if (row, column) in sheet.spans
    }
    below = max([row, *(span[2] for span in spans if span[0] == row)])
    wide = sum(span[3] > span[1] for span in spans)
    texts = {text for column in range(len(sheet.rows[row])) if (text := sheet.over(row, column)) != ""}
    if below == row and (wide > 1 or (wide == 1 and len(texts) > _TITLE)):
        below = row + 1  # groups side by side, their columns below
    return min(below, row + _TALLEST - 1, len(sheet.rows) - 1)


def _labels(sheet: Sheet, first: int, last: int) -> tuple[str, ...]:
    labels = []
    for column in range(len(sheet.rows[first])):
        parts = []
        for row in range(first, last + 1):
            cell = sheet.over(row, column)
            text = re.sub(r"\s", "", spelled(cell)) if isinstance(cell, str) else ""
            if text and text not in parts:
                parts.append(text)
        labels.append("·".join(parts))
    return tuple(labels)


def _guess(labels: Sequence[str]) -> dict[Field, int]:
    """For each field the column with the best of its words; of two that are equally good, the first."""
    ranked: list[tuple[int, int, int, Field]] = []
    for place, label in enumerate(labels):
        if not label or _OTHERS.search(label):
            continue
        parts = [_bare(part) for part in label.split("·")]
        ways = ["".join(parts), "".join(reversed(parts)), parts[-1]]  # 面积·产权 is 产权面积
        for field, words in WORDS.items():
            for way, text in enumerate(ways):
                if text in words:
                    ranked.append((words.index(text), way, place, field))
    found: dict[Field, int] = {}
    for _rank, _way, place, field in sorted(ranked):
        if field not in found and place not in found.values():
            found[field] = place
    return found


def _bare(label: str) -> str:
    return _SIGNS.sub("", _UNIT_OF_AREA.sub("", spelled(label)))
