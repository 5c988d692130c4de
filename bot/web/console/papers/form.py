"""A paper as a form: buttons for each question, names to tick in an election, who signed, who votes for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.voting import words
from handlers.voting.announced import announced_of, question_of
from handlers.voting.marks import NEITHER, MarkError, allowed
from handlers.voting.paper_rules import GUARDIAN, SUCCESSOR, TOGETHER, Entry, Holder
from handlers.voting.terms import ABSTAIN, BLANK, SPOILED, Choice
from storage.states import BallotChannel
from storage.tables import BallotPaper, Vote, VoteQuestion

NAMES = "names"  # the names that are ticked


@dataclass(frozen=True, slots=True)
class Row:
    """A question. choices: (value, name) of its buttons; names: (field, name) to tick, in an election."""

    field: str
    title: str
    choices: Sequence[tuple[str, str]]
    names: Sequence[tuple[str, str]] = ()
    seats: int = 0


def rows_of(vote: Vote, paper: BallotPaper, questions: Sequence[VoteQuestion]) -> list[Row]:
    """The questions as the paper has them; of a call nothing is spoiled or left blank."""
    more = [BLANK, SPOILED] if paper.channel is BallotChannel.PAPER else []
    rows = []
    for place, each in enumerate(questions):
        field, question = f"mark-{place}", question_of(each)
        if question.seats is None:
            marks = [*allowed(question, may_follow=announced_of(vote).deemed_follow), *more]
            rows.append(Row(field, each.title, [(mark, words.choice_name(mark)) for mark in marks]))
            continue
        choices = [(NAMES, "选了上面勾的人")]
        choices += [(mark, words.choice_name(mark)) for mark in (NEITHER, ABSTAIN, *more)]
        ticks = [(f"tick-{place}-{number}", name) for number, name in enumerate(question.options)]
        rows.append(Row(field, each.title, choices, ticks, question.seats))
    return rows


def entry_from(rows: Sequence[Row], questions: Sequence[VoteQuestion], form: Mapping[str, str]) -> Entry:
    """What was keyed in; raises MarkError for a question without a mark, or with two."""
    marks: dict[str, Choice] = {}
    for row, question in zip(rows, questions, strict=True):
        ticked = frozenset(name for field, name in row.names if form.get(field))
        mark = form.get(row.field, NAMES if ticked else "")
        if mark not in {value for value, _name in row.choices} or (mark == NAMES) != bool(ticked):
            raise MarkError(question.question_id)
        if mark == NAMES:
            marks[question.question_id] = ticked
        elif row.names and mark == NEITHER:
            marks[question.question_id] = frozenset()  # a ballot without a name on it
        else:
            marks[question.question_id] = mark
    name, document = form.get("proxy_name", "").strip(), form.get("proxy_document", "").strip()
    proxy = Holder(name, document) if name or document else None
    return Entry(marks, form.get("signed_by", TOGETHER), proxy)


def signer_choices(signers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Who may have signed, as (value, name)."""
    alone = [(key, f"只有{name}签的") for key, name in signers.items() if key != SUCCESSOR]
    together = "共有人一起签的" if alone else "业主本人"
    sold = [(SUCCESSOR, "公告以后买下这套房的新业主")] if SUCCESSOR in signers else []
    return [(TOGETHER, together), *alone, (GUARDIAN, "监护人代签"), *sold]


def entry_words(questions: Sequence[VoteQuestion], entry: Entry, signers: Mapping[str, str]) -> list[str]:
    """What somebody read, in words."""
    said = []
    for question in questions:
        mark = entry.marks[question.question_id]
        names = (
            words.choice_name(mark)
            if isinstance(mark, str)
            else "、".join(sorted(mark)) or words.choice_name(NEITHER)
        )
        said.append(f"{question.title}：{names}")
    said.append(f"签名：{dict(signer_choices(signers)).get(entry.signed_by, '')}")
    if entry.proxy is not None:
        said.append(f"受托人：{entry.proxy.name}，证件号末尾 {entry.proxy.document[-4:]}")
    return said
