"""What is marked on a ballot paper: read from a form, checked against the questions, sealed with the ballot. Pure."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import rfc8785

from handlers.voting.signing import utc_text
from handlers.voting.terms import ABSTAIN, AGAINST, AGREE, BLANK, FOLLOW, SPOILED, Choice, Question

NEITHER = "neither"  # 都不同意: the way out that every choice between options has


class MarkError(ValueError):
    """A mark that the paper does not have. `question_id` is where."""

    def __init__(self, question_id: str) -> None:
        super().__init__(question_id)
        self.question_id = question_id


def allowed(question: Question, *, may_follow: bool = False) -> list[str]:
    """What may be marked for a question that is no election, in the order of the paper."""
    more = [FOLLOW] if may_follow else []
    if question.options == (AGREE,):
        return [AGREE, AGAINST, ABSTAIN, *more]
    return [*question.options, NEITHER, ABSTAIN, *more]


def check_marks(
    questions: Iterable[Question],
    marks: Mapping[str, Choice],
    *,
    on_paper: bool = False,
    may_follow: bool = False,
) -> dict[str, Choice]:
    """The marks as they count; raises MarkError for what the paper does not have. may_follow: 从多 was announced.

    A page offers only what is valid, and says BLANK for a question that was passed over. A paper may be spoiled,
    and ticking too many names spoils it.
    """
    checked: dict[str, Choice] = {}
    for question in questions:
        mark = marks.get(question.question_id, BLANK if on_paper else None)
        if mark is None:
            raise MarkError(question.question_id)
        if isinstance(mark, str):
            plain = [ABSTAIN] if question.seats is not None else allowed(question, may_follow=may_follow)
            if mark not in plain and mark != BLANK and not (on_paper and mark == SPOILED):
                raise MarkError(question.question_id)
        elif question.seats is None or not mark <= set(question.options):
            raise MarkError(question.question_id)
        elif len(mark) > question.seats:
            if not on_paper:
                raise MarkError(question.question_id)
            mark = SPOILED
        checked[question.question_id] = mark
    if marks.keys() - checked.keys():
        raise MarkError(min(marks.keys() - checked.keys()))
    return checked


def marks_json(marks: Mapping[str, Choice]) -> dict[str, str | list[str]]:
    """Marks as plain JSON, names in a fixed order."""
    return {name: mark if isinstance(mark, str) else sorted(mark) for name, mark in marks.items()}


def marks_bytes(marks: Mapping[str, Choice]) -> bytes:
    """Marks as canonical JSON."""
    return rfc8785.dumps(marks_json(marks))


def read_marks(written: bytes) -> dict[str, Choice]:
    """What `marks_bytes` wrote."""
    return marks_of(json.loads(written))


def marks_of(written: Mapping[str, str | list[str]]) -> dict[str, Choice]:
    """What `marks_json` made."""
    return {name: mark if isinstance(mark, str) else frozenset(mark) for name, mark in written.items()}


def commitment(nonce: bytes, content: Mapping[str, Any]) -> str:
    """What the log says of a ballot: nothing to whoever lacks the nonce, and nothing else fits it afterwards."""
    return sha256(nonce + rfc8785.dumps(dict(content))).hexdigest()


def ballot_content(
    units: Iterable[str],
    owner_key: str,
    voter: str | None,
    proxy: str | None,
    marks: Mapping[str, Choice],
    cast_at: datetime,
    recorded_at: datetime,
) -> dict[str, Any]:
    """Everything about a ballot that the log commits to; its bytes are the canonical JSON."""
    return {
        "units": sorted(units),
        "owner": owner_key,
        "voter": voter,
        "proxy": proxy,
        "marks": marks_json(marks),
        "cast_at": utc_text(cast_at),
        "recorded_at": utc_text(recorded_at),
    }
