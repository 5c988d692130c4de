"""What a sheet of the tree would change in one compound: places, cells, and why not. Pure.

A place's code follows from the numbers on its doors, so the same row has the same code whenever it is imported; only
names change. A level that the sheet does not speak of stays as it is.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from handlers.grid.rules import compressed
from handlers.grid.sheet import Column, TreeRow, TreeSheet
from handlers.roll.cells import CellError
from handlers.roll.rooms import part_of, room_of
from storage.states import PlaceLevel, UnitKind

_LONGEST_CODE, _LONGEST_CELL = 60, 40


class Decision(StrEnum):
    """What an import does with a row."""

    ADD = "add"
    RENAME = "rename"
    SAME = "same"
    SKIP = "skip"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Node:
    """A place as it is to be, or is."""

    level: PlaceLevel
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of a row, with a code of reasons.toml where there is something to say."""

    line: int
    decision: Decision
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """lines: a row each. add: parents first. rename: new names by code. gone: codes of places that the sheet left out.

    kept: of those, why each cannot go. cells: by place its cell, None when the sheet does not speak of cells.
    workers: by cell the name of its worker, None when it does not speak of them.
    """

    lines: tuple[Line, ...]
    add: Mapping[str, Node]
    rename: Mapping[str, str]
    gone: tuple[str, ...]
    kept: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, str] | None = None
    workers: Mapping[str, str] | None = None

    @property
    def is_refused(self) -> bool:
        """Whether nothing may be written."""
        return bool(self.kept) or any(line.decision is Decision.REFUSE for line in self.lines)

    @property
    def counts(self) -> dict[str, int]:
        """Places that are new and that are renamed; rows that are refused and skipped; places that go."""
        of = [line.decision for line in self.lines]
        return {
            "add": len(self.add),
            "rename": len(self.rename),
            "refuse": of.count(Decision.REFUSE) + len(self.kept),
            "skip": of.count(Decision.SKIP),
            "gone": len(self.gone),
        }


@dataclass(slots=True)
class _Draft:
    known: Mapping[str, Node]
    names: Mapping[str, str]  # of buildings, where the sheet names them
    wanted: dict[str, Node] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    workers: dict[str, str] = field(default_factory=dict)


def houses_in(rows: Iterable[TreeRow]) -> set[str]:
    """Codes of the buildings and entrances that the sheet's own columns name."""
    found: set[str] = set()
    for row in rows:
        try:
            building = part_of(row.get(Column.BUILDING), "building")
            entrance = part_of(row.get(Column.ENTRANCE), "entrance")
        except CellError:
            continue
        found |= {
            code for code in (building, f"{building}-{entrance}" if building and entrance else "") if code
        }
    return found


def plan_tree(
    sheet: TreeSheet, rows: Collection[TreeRow], known: Mapping[str, Node], uses: Mapping[str, str]
) -> Plan:
    """What the rows of one compound would change.

    known: its places by code. uses: why a place cannot go, by code, of those that something refers to.
    """
    houses = {
        code for code, node in known.items() if node.level in (PlaceLevel.BUILDING, PlaceLevel.ENTRANCE)
    }
    houses |= houses_in(rows)
    draft = _Draft(known, _names(rows))
    lines = [_line(row, draft, houses) for row in rows]
    wanted = draft.wanted
    gone = _gone(sheet, draft) if not any(line.decision is Decision.REFUSE for line in lines) else ()
    return Plan(
        lines=tuple(lines),
        add={code: node for code, node in wanted.items() if code not in known},
        rename={
            code: node.name
            for code, node in wanted.items()
            if code in known and known[code].name != node.name
        },
        gone=gone,
        kept={code: uses[code] for code in gone if code in uses},
        cells=compressed(draft.cells, wanted) if Column.CELL in sheet.columns else None,
        workers=draft.workers if Column.WORKER in sheet.columns else None,
    )


def _names(rows: Iterable[TreeRow]) -> dict[str, str]:
    """By building the first name that the sheet gives it."""
    names: dict[str, str] = {}
    for row in rows:
        if name := row.get(Column.BUILDING_NAME):
            try:
                names.setdefault(part_of(row.get(Column.BUILDING), "building"), name)
            except CellError:
                continue
    return names


def _line(row: TreeRow, draft: _Draft, houses: Collection[str]) -> Line:
    if row.fault:
        return Line(row.line, Decision.REFUSE, reason=row.fault)
    try:
        return _place(row, draft, houses)
    except CellError as error:
        return Line(row.line, Decision.REFUSE, reason=error.code)


def _place(row: TreeRow, draft: _Draft, houses: Collection[str]) -> Line:
    """Raises CellError."""
    building = part_of(row.get(Column.BUILDING), "building")
    entrance, room = part_of(row.get(Column.ENTRANCE), "entrance"), ""
    if text := row.get(Column.ROOM):
        read = room_of(row.get(Column.BUILDING), row.get(Column.ENTRANCE), text, None, houses)
        if read.hint in (UnitKind.PARKING, UnitKind.SHOP):
            return Line(row.line, Decision.SKIP, reason="row.not_home")
        building, entrance, room = read.building, read.entrance, read.room
    if not building:
        raise CellError("room.building")
    if not all(part.isascii() for part in (building, entrance)):
        raise CellError("tree.sign")
    if (name := row.get(Column.BUILDING_NAME)) and draft.names.get(building, name) != name:
        raise CellError("tree.two_names")
    path = _path(building, entrance, room, row.get(Column.HOUSEHOLD) if room else "", draft)
    code, leaf = path[-1]
    if len(code) > _LONGEST_CODE or len(row.get(Column.CELL)) > _LONGEST_CELL or len(leaf.name) > 80:
        raise CellError("tree.long")
    for each, node in path:
        if draft.known.get(each, node).level is not node.level:
            raise CellError("tree.level")
    is_again = code in draft.wanted
    _note_cell(row, code, draft, is_again=is_again)
    draft.wanted.update(path)
    if is_again:
        return Line(row.line, Decision.SKIP, code, "row.again")
    if code not in draft.known:
        return Line(row.line, Decision.ADD, code)
    is_same = draft.known[code].name == leaf.name
    return Line(row.line, Decision.SAME if is_same else Decision.RENAME, code)


def _path(building: str, entrance: str, room: str, household: str, draft: _Draft) -> list[tuple[str, Node]]:
    """The places from the building down to the row's own."""
    before = draft.known.get(building)
    name = draft.names.get(building) or (before.name if before else f"{building}栋")
    path = [(building, Node(PlaceLevel.BUILDING, name, None))]
    if entrance:
        path.append((f"{building}-{entrance}", Node(PlaceLevel.ENTRANCE, f"{name}{entrance}单元", building)))
    if room:
        house, node = path[-1]
        path.append((f"{house}-{room}", Node(PlaceLevel.UNIT, f"{node.name}{room}", house)))
    if household:
        flat, node = path[-1]
        path.append((f"{flat}-{household}", Node(PlaceLevel.HOUSEHOLD, f"{node.name}第{household}户", flat)))
    return path


def _note_cell(row: TreeRow, code: str, draft: _Draft, *, is_again: bool) -> None:
    cell, worker = row.get(Column.CELL), row.get(Column.WORKER)
    if is_again and draft.cells.get(code, "") != cell:
        raise CellError("tree.twice")
    if not cell:
        return
    if worker and draft.workers.setdefault(cell, worker) != worker:
        raise CellError("cell.two_workers")
    draft.cells[code] = cell


def _gone(sheet: TreeSheet, draft: _Draft) -> tuple[str, ...]:
    """Known places that the sheet leaves out, of the levels that it speaks of, with all inside; the deepest first."""
    spoken = {node.level for node in draft.wanted.values()}
    out = {
        code
        for code, node in draft.known.items()
        if code not in draft.wanted and (node.level in spoken or node.level is PlaceLevel.BUILDING)
    }
    inside = {code for code in draft.known if out.intersection(_above(code))}
    return tuple(sorted(out | inside, key=lambda code: (-code.count("-"), code)))


def _above(code: str) -> list[str]:
    parts = code.split("-")
    return ["-".join(parts[:end]) for end in range(1, len(parts))]
