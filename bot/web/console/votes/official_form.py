"""The figures of the government's platform as a form: what there is to fill in, and what a filled form says. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.voting import words
from handlers.voting.announced import question_of
from handlers.voting.official import Figures, FiguresError, figures_json, rows_of
from handlers.voting.official_figures import figures_from
from handlers.voting.terms import AGREE, Question
from storage.tables import VoteQuestion

Values = dict[str, str]

UNSAID, NONE, SAID = "unsaid", "none", "said"
_FIGURES = str.maketrans("０１２３４５６７８９．，", "0123456789.,")
_AREA_UNIT = re.compile(r"(?:平方米|平米|㎡|m2|m²)$")
_DAY = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})\D?")


class Unreadable(Exception):  # noqa: N818  an answer, not an error
    """What is wrong with a form, by field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(*faults.values())
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True)
class Line:
    """Two fields, `field`-n for persons and `field`-a for area. name: of it in `official.differing`."""

    field: str
    name: str
    label: str
    required: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """One question. word: the field of the platform's own word, of which `words` are the (value, label).

    ticks: (field, name) of who was elected, in an election.
    """

    question: Question
    title: str
    lines: Sequence[Line]
    word: str
    words: Sequence[tuple[str, str]]
    ticks: Sequence[tuple[str, str]] = ()


def sheets_of(rows: Sequence[VoteQuestion]) -> list[Sheet]:
    """What there is to fill in."""
    return [_sheet(place, row.title, question_of(row)) for place, row in enumerate(rows, 1)]


def read_figures(rows: Sequence[VoteQuestion], values: Mapping[str, str]) -> Figures:
    """What a filled form says; raises Unreadable with all that is wrong."""
    faults: dict[str, str] = {}
    questions = []
    for sheet, row in zip(sheets_of(rows), rows, strict=True):
        counts: dict[str, dict[str, Any]] = {}
        for line in sheet.lines:
            count = _count(line, values, faults)
            if count is not None:
                counts[line.name.partition(".")[2]] = count
        word = _word(sheet, values, faults)
        total, taking_part = counts.pop("total", {}), counts.pop("participants", {})
        choices = [{"choice": name, **count} for name, count in counts.items()]
        questions.append(
            {
                "id": row.question_id,
                "total": total,
                "participants": taking_part,
                "choices": choices,
                "word": word,
            }
        )
    source = {
        "name": values.get("name", ""),
        "on": _day(values.get("on", "")),
        "where": values.get("where", ""),
    }
    needed = {"name": "请写平台的名称。", "where": "请写网址，或者公告的文号。"}
    faults |= {name: text for name, text in needed.items() if not source[name].strip()}
    if not source["on"]:
        faults["on"] = "请写平台公布的日期，比如 2026-05-29。"
    if faults:
        raise Unreadable(faults)
    try:
        return figures_from({"source": source, "questions": questions})
    except FiguresError as error:
        raise Unreadable({field_of(rows, error.where): "请核对这一项。"}) from None


def field_of(rows: Sequence[VoteQuestion], name: str) -> str:
    """The field beside which something is said of a part of the figures (`official.differing`)."""
    if name.startswith("source."):
        return name.removeprefix("source.")
    for sheet, row in zip(sheets_of(rows), rows, strict=True):
        if name == f"{row.question_id}.word":
            return sheet.word
        for line in sheet.lines:
            if line.name == name:
                return line.field
    return "name"


def values_of(rows: Sequence[VoteQuestion], figures: Figures) -> Values:
    """What stands in the fields when somebody sees again what they keyed in."""
    written = figures_json(figures)
    values: Values = dict(written["source"])
    for sheet, row in zip(sheets_of(rows), written["questions"], strict=True):
        counts = {"total": row["total"], "participants": row["participants"]}
        counts |= {each["choice"]: each for each in row["choices"]}
        for line in sheet.lines:
            if (count := counts.get(line.name.partition(".")[2])) is not None:
                values[f"{line.field}-n"], values[f"{line.field}-a"] = str(count["persons"]), count["area"]
        values |= _word_values(sheet, row["word"])
    return values


def _sheet(place: int, title: str, question: Question) -> Sheet:
    field = f"q{place}"
    lines = [
        Line(f"{field}-total", f"{question.question_id}.total", "全体业主", required=True),
        Line(f"{field}-part", f"{question.question_id}.participants", "参加的", required=True),
    ]
    for number, (choice, required) in enumerate(rows_of(question)):
        name = f"{question.question_id}.{choice}"
        lines.append(Line(f"{field}-c{number}", name, words.choice_name(choice), required))
    if question.seats is not None:
        said = [(SAID, "写了谁当选（在下面勾）"), (NONE, "写了没有人当选"), (UNSAID, "没有写")]
        ticks = [(f"{field}-t{number}", name) for number, name in enumerate(question.options)]
        return Sheet(question, title, lines, f"{field}-word", said, ticks)
    if question.options == (AGREE,):
        passed = [("0", "通过")]
    else:
        passed = [(str(number), f"通过的是：{name}") for number, name in enumerate(question.options)]
    return Sheet(question, title, lines, f"{field}-word", [*passed, (NONE, "没有通过"), (UNSAID, "没有写")])


def _count(line: Line, values: Mapping[str, str], faults: dict[str, str]) -> dict[str, Any] | None:
    persons = _plain(values.get(f"{line.field}-n", ""))
    area = _AREA_UNIT.sub("", _plain(values.get(f"{line.field}-a", "")))
    if not persons and not area and not line.required:
        return None
    if not re.fullmatch(r"\d{1,8}", persons):
        faults[line.field] = "人数请填整数；平台没有写这一项的，两格都空着。"
    elif not re.fullmatch(r"\d{1,9}(\.\d{1,6})?", area):
        faults[line.field] = "面积请照平台写的填，比如 19180.25；平台没有写这一项的，两格都空着。"
    else:
        return {"persons": int(persons), "area": area}
    return None


def _word(sheet: Sheet, values: Mapping[str, str], faults: dict[str, str]) -> list[str] | None:
    said = values.get(sheet.word, "")
    ticked = [name for field, name in sheet.ticks if values.get(field)]
    if said not in {value for value, _label in sheet.words}:
        faults[sheet.word] = "请选平台自己写的结论。"
    elif bool(ticked) != (said == SAID):
        faults[sheet.word] = "勾了人的，请选“写了谁当选”；没有勾的，请选另外两种。"
    elif said.isdigit():
        return [sheet.question.options[int(said)]]
    return None if said == UNSAID else ticked


def _word_values(sheet: Sheet, word: list[str] | None) -> Values:
    if not word:
        return {sheet.word: UNSAID if word is None else NONE}
    if sheet.ticks:
        return {sheet.word: SAID, **{field: "yes" for field, name in sheet.ticks if name in word}}
    return {sheet.word: str(sheet.question.options.index(word[0]))}


def _plain(text: str) -> str:
    """Without the blanks and commas that stand in large numbers."""
    return re.sub(r"[\s,]", "", text.translate(_FIGURES))


def _day(text: str) -> str:
    found = _DAY.fullmatch(text.strip().translate(_FIGURES))
    return f"{found[1]}-{int(found[2]):02d}-{int(found[3]):02d}" if found else ""
