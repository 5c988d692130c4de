"""The rows of a sheet, read: a unit each, with its owners, or the reason why not. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from handlers.roll.cells import CellError, area_in, document_in, spelled, text_of
from handlers.roll.columns import AREAS, Columns, Field
from handlers.roll.owners import SheetOwner, owners_of
from handlers.roll.rooms import Room, room_of
from handlers.roll.sheet import Sheet
from storage.states import UnitKind

_TOTAL = re.compile(r"(?:合|总|小|共|累)\s*计|汇\s*总")
_NOTE = re.compile(r"备注|说明|注[:1-9]|制表|填表|审核|填报|日期|经办|打印|以上|负责人|盖章|单位[:(]")
_UNSOLD = re.compile("未售|未出售|待售|尾房|未销售")
_UNDELIVERED = re.compile("未交|未收楼|未收房")
_PHYSICAL = (
    (UnitKind.PARKING, re.compile("车位|车库|停车|泊位")),
    (UnitKind.RESIDENTIAL, re.compile("住|公寓|商品房|别墅|洋房|房改|安置|成套|经济适用")),
    (UnitKind.SHOP, re.compile("商|店|门面|门市|办公|写字楼|网点")),
)


@dataclass(slots=True)
class Row:
    """One unit as the sheet has it. number: of its first row as Excel counts; more: further rows of a merged room.

    kind: what the row says it is (housing, shop, parking), None for nothing. sale: not sold, or not handed over.
    refused, warned: codes of handlers/roll/reasons.toml. skipped: why a row is none of the roll.
    """

    number: int
    room: Room | None = None
    kind: UnitKind | None = None
    sale: UnitKind | None = None
    areas: dict[Field, int] = field(default_factory=dict)
    owners: tuple[SheetOwner, ...] = ()
    more: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    skipped: str = ""


class _Reader:
    def __init__(
        self,
        sheet: Sheet,
        columns: Columns,
        houses: Collection[str],
        developers: Collection[str],
        today: date,
    ) -> None:
        self.sheet, self.columns = sheet, columns
        self.houses, self.developers, self.today = houses, developers, today
        where = columns.places
        self.door = where.get(Field.ROOM, where.get(Field.ADDRESS, 0))

    def row(self, at: int) -> Row:
        row = Row(at + 1)
        if reason := self._none_of_the_roll(at):
            row.skipped = reason
            return row
        for column in self.columns.places.values():
            top = self.sheet.first_row(at, column)
            if {(at, column), (top, column)} & self.sheet.faults:
                row.refused.append("cell.error")
        self._where_and_what(at, row)
        for one in AREAS:
            self._area(at, one, row)
        self._owners(at, row)
        return row

    def text(self, at: int, one: Field, row: Row) -> str:
        column = self.columns.places.get(one)
        if column is None:
            return ""
        try:
            return text_of(self.sheet.down(at, column))
        except CellError as error:
            row.refused.append(error.code)
            return ""

    def is_more_of(self, at: int) -> int | None:
        """The row whose merged room goes on here."""
        top = self.sheet.first_row(at, self.door)
        return top if self.columns.last < top < at else None

    def join(self, at: int, first: Row) -> None:
        """A further row of one room: another owner, or nothing new."""
        more = Row(at + 1)
        self._owners(at, more)
        for one in AREAS:
            self._area(at, one, more)
        first.more.append(at + 1)
        first.refused += more.refused
        first.warned += more.warned
        if any(first.areas.get(one, area) != area for one, area in more.areas.items()):
            first.refused.append("room.twice")
        first.areas |= more.areas
        first.owners = tuple(dict.fromkeys((*first.owners, *more.owners)))

    def _none_of_the_roll(self, at: int) -> str:
        cells = [cell for cell in self.sheet.rows[at] if cell != ""]
        here = {place: spelled(str(self.sheet.down(at, place))) for place in self.columns.places.values()}
        if not cells:
            return "empty"
        if not any(here.values()):
            return "note"
        first = spelled(str(cells[0]))
        if _TOTAL.match(first):
            return "total"
        said = {place: re.sub(r"\s", "", text) for place, text in here.items() if text}
        if len(said) > 1 and all(self.columns.labels[place].endswith(text) for place, text in said.items()):
            return "header"
        if _NOTE.match(first) and len(cells) <= 2:
            return "note"
        return ""

    def _where_and_what(self, at: int, row: Row) -> None:
        kind, state = self.text(at, Field.KIND, row), self.text(at, Field.STATE, row)
        row.sale = _sale_of(kind) or _sale_of(state)
        row.kind = next((each for each, words in _PHYSICAL if words.search(kind)), None)
        if kind and row.kind is None and row.sale is None:
            row.refused.append("kind.unknown")
        room, address = self.text(at, Field.ROOM, row), self.text(at, Field.ADDRESS, row)
        building, entrance = self.text(at, Field.BUILDING, row), self.text(at, Field.ENTRANCE, row)
        whole = address if Field.BUILDING not in self.columns.places and address else room or address
        try:
            row.room = room_of(building, entrance, whole, row.kind, self.houses)
        except CellError as error:
            if not row.refused:  # a date or an error in the cell is the better reason
                row.refused.append(error.code)
            return
        if row.kind is None and row.room.hint is not None:
            row.kind = row.room.hint
            row.warned.append("kind.guessed")

    def _area(self, at: int, one: Field, row: Row) -> None:
        column = self.columns.places.get(one)
        if column is None:
            return
        span = self.sheet.spans.get((at, column))
        if span is not None and span[2] > span[0]:
            door = self.sheet.spans.get((at, self.door), (at, 0, at, 0))
            if not door[0] <= span[0] <= span[2] <= door[2]:
                row.refused.append("area.merged")
                return
        cell = self.sheet.down(at, column)
        try:
            area = area_in(cell)
        except CellError as error:
            row.refused.append(error.code)
            return
        if area is not None:
            row.areas[one] = area
            if isinstance(cell, float) and len(repr(cell).partition(".")[2]) > 3:
                row.warned.append("area.rounded")

    def _owners(self, at: int, row: Row) -> None:
        for names, papers, called in (
            (Field.OWNER, Field.DOCUMENT, Field.PHONE),
            (Field.CO_OWNER, Field.CO_DOCUMENT, None),
        ):
            try:
                column = self.columns.places.get(papers)
                found, warned = owners_of(
                    self.text(at, names, row),
                    "" if column is None else document_in(self.sheet.down(at, column)),
                    self.text(at, called, row) if called else "",
                    document_type=self.text(at, Field.DOCUMENT_TYPE, row) if called else "",
                    developers=self.developers,
                    today=self.today,
                )
            except CellError as error:
                row.refused.append(error.code)
                continue
            row.owners = tuple(dict.fromkeys((*row.owners, *found)))
            row.warned += warned


def read_rows(
    sheet: Sheet, columns: Columns, houses: Collection[str], developers: Collection[str], today: date
) -> list[Row]:
    """Everything below the header. houses: codes of the compound's buildings and entrances."""
    reader = _Reader(sheet, columns, houses, developers, today)
    rows: list[Row] = []
    by_top: dict[int, Row] = {}
    for at in range(columns.last + 1, len(sheet.rows)):
        top = reader.is_more_of(at)
        if top is not None and top in by_top:
            reader.join(at, by_top[top])
            continue
        row = by_top[at] = reader.row(at)
        rows.append(row)
    for row in rows:
        row.refused, row.warned = list(dict.fromkeys(row.refused)), list(dict.fromkeys(row.warned))
    return rows


def _sale_of(text: str) -> UnitKind | None:
    if _UNSOLD.search(text):
        return UnitKind.UNSOLD
    return UnitKind.UNDELIVERED if _UNDELIVERED.search(text) else None
