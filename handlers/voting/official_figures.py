"""Figures of the government's platform read from JSON, without trusting it. Pure, and without a library: the verifier
that fits into one file reads them, too."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from handlers.voting.official import Figures, FiguresError, QuestionFigures, Source
from handlers.voting.terms import AreaError, Sums, area_of

MOST_PERSONS = 10_000_000
LONGEST = 200

T = TypeVar("T")


def figures_from(written: Any) -> Figures:
    """Figures in the form of `official.figures_json`; raises FiguresError."""
    source, rows = _of(written, "source", dict, ""), _of(written, "questions", list, "")
    on = _line(source, "on")
    try:
        date.fromisoformat(on)
    except ValueError:
        raise FiguresError("source.on") from None
    return Figures(
        Source(_line(source, "name"), on, _line(source, "where")), tuple(map(_question_from, rows))
    )


def sums_from(written: Mapping[str, Any], where: str) -> Sums:
    """Persons and a decimal string of square metres; raises FiguresError."""
    persons, area = written.get("persons"), written.get("area")
    if type(persons) is not int or not 0 <= persons <= MOST_PERSONS or not isinstance(area, str):
        raise FiguresError(where)
    try:
        return Sums(persons, area_of(area))
    except AreaError:
        raise FiguresError(where) from None


def _question_from(row: Any) -> QuestionFigures:
    name = _of(row, "id", str, "questions")
    choices: dict[str, Sums] = {}
    for each in _of(row, "choices", list, name):
        choice = _of(each, "choice", str, name)
        if choice in choices:
            raise FiguresError(f"{name}.{choice}")
        choices[choice] = sums_from(each, f"{name}.{choice}")
    word = row.get("word")
    if word is not None and not (isinstance(word, list) and all(isinstance(each, str) for each in word)):
        raise FiguresError(f"{name}.word")
    return QuestionFigures(
        name,
        sums_from(_of(row, "total", dict, name), f"{name}.total"),
        sums_from(_of(row, "participants", dict, name), f"{name}.participants"),
        choices,
        None if word is None else tuple(word),
    )


def _of(written: Any, name: str, kind: type[T], where: str) -> T:
    value = written.get(name) if isinstance(written, dict) else None
    if not isinstance(value, kind):
        raise FiguresError(f"{where}.{name}".lstrip("."))
    return value


def _line(source: Mapping[str, Any], name: str) -> str:
    line = source.get(name)
    if not isinstance(line, str) or not 0 < len(line.strip()) <= LONGEST:
        raise FiguresError(f"source.{name}")
    return line.strip()
