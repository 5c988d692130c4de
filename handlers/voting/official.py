"""What the government's platform published of a vote, and what the law makes of those figures. Pure.

Nothing is counted here and nothing is put right: the figures stay as they were published, and where they contradict
each other, the frozen roll, or the platform's own word, that is said beside them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from handlers.voting.codec import question_json, rules_json
from handlers.voting.marks import allowed
from handlers.voting.outcome import decide
from handlers.voting.result import outcome_json, reading_of, sums_json
from handlers.voting.terms import ABSTAIN, SPOILED, Added, Outcome, Question, Rules, Sums


class FiguresError(ValueError):
    """Figures that cannot be read, or do not belong to these questions. `where` names what: q1.agree, source.on."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """One question as the platform published it. choices: what each option, candidate or way out got.

    word: what it says was decided, or who was elected; () that nothing was; None that it says neither.
    """

    question_id: str
    total: Sums
    participants: Sums
    choices: Mapping[str, Sums]
    word: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where the figures stand: whose platform, the day they were published (ISO), the address or the document."""

    name: str
    on: str
    where: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that was keyed in of a vote."""

    source: Source
    questions: tuple[QuestionFigures, ...]


def figures_json(figures: Figures) -> dict[str, Any]:
    """As they are stored and hashed: integers and decimal strings."""
    source = figures.source
    return {
        "source": {"name": source.name, "on": source.on, "where": source.where},
        "questions": [
            {
                "id": row.question_id,
                "total": sums_json(row.total),
                "participants": sums_json(row.participants),
                "choices": [{"choice": name, **sums_json(sums)} for name, sums in row.choices.items()],
                "word": None if row.word is None else list(row.word),
            }
            for row in figures.questions
        ],
    }


def rows_of(question: Question) -> list[tuple[str, bool]]:
    """(choice, whether it must be there) of what a platform may publish, in the order of the paper."""
    names = [*question.options, ABSTAIN] if question.seats is not None else allowed(question, may_follow=True)
    return [(name, name in question.options) for name in [*names, SPOILED]]


def official_result_of(
    rules: Rules, questions: Sequence[Question], roll: Sums, figures: Figures
) -> dict[str, Any]:
    """What is published, in the form of a count's result; raises FiguresError.

    roll: persons and area of the frozen one. The outcome is what the law makes of the platform's own sums.
    """
    if [row.question_id for row in figures.questions] != [question.question_id for question in questions]:
        raise FiguresError("questions")
    return {
        "rules": rules_json(rules),
        "official": figures_json(figures),
        "roll": sums_json(roll),
        "questions": [
            _question(rules, question, roll, row)
            for question, row in zip(questions, figures.questions, strict=True)
        ],
    }


def differing(one: Figures, other: Figures) -> list[str]:
    """Where two readings of one publication are not the same: "q1.agree", "source.on"."""
    left, right = dict(_flat(one)), dict(_flat(other))
    names = [*left, *(name for name in right if name not in left)]
    return [name for name in names if left.get(name) != right.get(name)]


def has_other_word(result: Mapping[str, Any]) -> bool:
    """Whether the platform says of any question what its own figures do not."""
    return any(each["code"] == "word" for row in result["questions"] for each in row["differences"])


def _flat(figures: Figures) -> Iterator[tuple[str, object]]:
    source = figures.source
    yield from (("source.name", source.name), ("source.on", source.on), ("source.where", source.where))
    for row in figures.questions:
        yield f"{row.question_id}.total", row.total
        yield f"{row.question_id}.participants", row.participants
        yield from ((f"{row.question_id}.{name}", sums) for name, sums in row.choices.items())
        # None is nothing said, and has to differ from a name that is not there at all.
        yield f"{row.question_id}.word", "unsaid" if row.word is None else sorted(row.word)


def _question(rules: Rules, question: Question, roll: Sums, row: QuestionFigures) -> dict[str, Any]:
    _check_shape(question, row)
    outcome = _outcome(rules, question, row.total, row)
    by_roll = _outcome(rules, question, roll, row)
    return {
        **question_json(question),
        **outcome_json(outcome),
        **reading_of(rules, question, outcome),
        "under_other_rules": {},
        "word": None if row.word is None else list(row.word),
        "differences": [
            *_against_roll(outcome, by_roll),
            *_among_themselves(rules, question, row),
            *_against_word(outcome, row),
        ],
    }


def _check_shape(question: Question, row: QuestionFigures) -> None:
    rows = dict(rows_of(question))
    for name in row.choices:
        if name not in rows:
            raise FiguresError(f"{row.question_id}.{name}")
    for name, required in rows.items():
        if required and name not in row.choices:
            raise FiguresError(f"{row.question_id}.{name}")
    if not row.total.persons or not row.total.area:
        raise FiguresError(f"{row.question_id}.total")
    said = row.word or ()
    most = len(question.options) if question.seats is not None else 1
    if len(set(said)) != len(said) or not set(said) <= set(question.options) or len(said) > most:
        raise FiguresError(f"{row.question_id}.word")


def _outcome(rules: Rules, question: Question, total: Sums, row: QuestionFigures) -> Outcome:
    return decide(rules, question, total, Added(row.participants, _parts(rules, row)))


def _parts(rules: Rules, row: QuestionFigures) -> dict[str, Sums]:
    """What those who take part marked: spoiled papers only where it was announced that they do."""
    return {name: sums for name, sums in row.choices.items() if name != SPOILED or rules.spoiled_participates}


def _against_roll(outcome: Outcome, by_roll: Outcome) -> Iterator[dict[str, Any]]:
    if outcome.total == by_roll.total:
        return
    yield {"code": "total", "there": sums_json(outcome.total), "roll": sums_json(by_roll.total)}
    if by_roll.status is not outcome.status or _decided(by_roll) != _decided(outcome):
        yield {"code": "other_by_roll", "status": by_roll.status.value}


def _among_themselves(rules: Rules, question: Question, row: QuestionFigures) -> Iterator[dict[str, Any]]:
    whole, parts = row.participants, _parts(rules, row)
    if not _within(whole, row.total):
        yield {"code": "more_than_all"}
    for name, sums in (("", whole), *row.choices.items()):
        if bool(sums.persons) != bool(sums.area):
            yield {"code": "only_one_measure", "choice": name}
    for name, sums in parts.items():
        if not _within(sums, whole):
            yield {"code": "more_than_took_part", "choice": name}
    added = reduce(Sums.plus, parts.values(), Sums())
    if question.seats is None:
        if added != whole:
            yield {"code": "parts", "added": sums_json(added), "there": sums_json(whole)}
    elif not _within(added, Sums(whole.persons * question.seats, whole.area * question.seats)):
        yield {"code": "too_many_marks"}


def _within(part: Sums, whole: Sums) -> bool:
    return part.persons <= whole.persons and part.area <= whole.area


def _against_word(outcome: Outcome, row: QuestionFigures) -> Iterator[dict[str, Any]]:
    if row.word is not None and sorted(row.word) != _decided(outcome):
        yield {"code": "word"}


def _decided(outcome: Outcome) -> list[str]:
    """What passed, or who is elected; [] when nothing is decided."""
    if outcome.agreed is None:
        return sorted(outcome.elected)
    return [outcome.passed] if outcome.passed is not None else []
