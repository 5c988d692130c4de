"""What an import tells: a line for each row, with reasons, and with nobody's name, document or phone in full. Pure."""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from handlers.roll.columns import AREAS
from handlers.roll.import_roll import Imported, Source
from handlers.roll.owners import BUILDER
from handlers.roll.persons import Person
from handlers.roll.rules import Line
from handlers.voting.terms import area_text

_REASONS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("reasons.toml").read_text("utf-8")
)


def report(source: Source, imported: Imported, *, dry_run: bool) -> Iterator[dict[str, object]]:
    """The mapping of the columns, a line for each row that is not empty, one for each unit without a row, the sums."""
    yield {
        "report": "columns",
        "sheet": source.sheet.name,
        "hidden_sheets": source.hidden,
        **source.columns.described(),
    }
    for line in imported.plan.lines:
        if line.row is None or line.row.skipped != "empty":
            yield _line(line)
    yield {
        "report": "summary",
        "file": source.digest,
        "written": imported.written,
        "dry_run": dry_run,
        **imported.counts,
    }


def masked_name(name: str) -> str:
    """张*: enough to find the row, too little to know who it is."""
    return name if name == BUILDER else f"{name[:1]}*" if len(name) > 1 else "*"


def masked_number(number: str) -> str:
    """The last two signs of a document or phone."""
    return f"*{number[-2:]}"


def reasons(codes: Sequence[str], of: str) -> list[dict[str, str]]:
    """Codes with what they mean; of: "refused" or "warned"."""
    return [{"code": code, "text": _REASONS[of][code]} for code in dict.fromkeys(codes)]


def sheet_words(code: str) -> str:
    """Why a file is no sheet that can be read, in words."""
    return _REASONS["sheet"][code]


def _line(line: Line) -> dict[str, object]:
    told: dict[str, object] = {"decision": line.decision.value}
    if line.row is not None:
        told = {"row": line.row.number, **told}
        if line.row.more:
            told["more_rows"] = line.row.more
    if line.code:
        told["unit"] = line.code
    if line.unit is not None:
        told["kind"] = line.unit.kind.value
        told["areas"] = {
            each.value: area_text(line.unit.areas[each]) for each in AREAS if each in line.unit.areas
        }
        told["owners"] = [_owner(person) for person in line.owners]
    if line.begin or line.end:
        told["titles"] = {"begun": len(line.begin), "ended": len(line.end)}
    if line.row is not None:
        if line.row.skipped:
            told["skipped"] = line.row.skipped
        told["refused"] = reasons(line.row.refused, "refused")
        told["warned"] = reasons(line.row.warned, "warned")
    return told


def _owner(person: Person) -> dict[str, object]:
    told: dict[str, object] = {"name": masked_name(person.name), "new": person.known is None}
    if person.document:
        told["document"] = masked_number(person.document)
    if person.phone:
        told["phone"] = masked_number(person.phone)
    if person.changes:
        told["changed"] = sorted(person.changes)
    return told
