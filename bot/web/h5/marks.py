"""A ballot as a form has it: a field for each question, in an election one for each candidate. Pure.

Nothing is chosen beforehand. A question that was passed over is left blank, and the page says so before it is cast.
"""

from collections.abc import Mapping, Sequence

from handlers.voting.marks import NEITHER, allowed
from handlers.voting.terms import ABSTAIN, BLANK, Choice, Question

_HEAD = "m-"
TOO_MANY, MIXED, NOTHING = "too_many", "mixed", "nothing"


def radio(question: Question) -> str:
    """The field of a question that is no election."""
    return f"{_HEAD}{question.question_id}"


def box(question: Question, which: int | str) -> str:
    """The field of a candidate, by place; or of what may be ticked instead: NEITHER, ABSTAIN."""
    return f"{_HEAD}{question.question_id}-{which}"


def read_form(
    questions: Sequence[Question], form: Mapping[str, str]
) -> tuple[dict[str, Choice], dict[str, str]]:
    """The marks, and what is wrong, by question; "" for the whole. What is odd is left for `check_marks`."""
    marks: dict[str, Choice] = {}
    wrong: dict[str, str] = {}
    for question in questions:
        if question.seats is None:
            marks[question.question_id] = form.get(radio(question), BLANK)
            continue
        ticked = frozenset(
            name for place, name in enumerate(question.options) if box(question, place) in form
        )
        others = [each for each in (NEITHER, ABSTAIN) if box(question, each) in form]
        if len(others) + bool(ticked) > 1:
            wrong[question.question_id] = MIXED
        elif len(ticked) > question.seats:
            wrong[question.question_id] = TOO_MANY
        mark: Choice = BLANK
        if ticked or NEITHER in others:
            mark = ticked
        elif others:
            mark = ABSTAIN
        marks[question.question_id] = mark
    if not wrong and all(mark == BLANK for mark in marks.values()):
        wrong[""] = NOTHING
    return marks, wrong


def ticked_fields(questions: Sequence[Question], form: Mapping[str, str]) -> dict[str, str]:
    """The fields of a form that are marks, and nothing else of it: to show again, or to carry along."""
    known: set[str] = set()
    for question in questions:
        if question.seats is None:
            known.add(radio(question))
        else:
            known |= {box(question, place) for place in range(len(question.options))}
            known |= {box(question, NEITHER), box(question, ABSTAIN)}
    return {name: value for name, value in form.items() if name in known}


def offered(question: Question) -> list[tuple[str, str, str]]:
    """(field, value, mark) of everything that may be marked, in the order of the paper."""
    if question.seats is None:
        return [(radio(question), mark, mark) for mark in allowed(question)]
    names = [(box(question, place), "1", name) for place, name in enumerate(question.options)]
    return [*names, *((box(question, each), "1", each) for each in (NEITHER, ABSTAIN))]
