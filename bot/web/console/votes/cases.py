"""What no rule decides: both sides, and the ruling of two deciders who do not see each other's."""

import json
from collections.abc import Sequence

from aiohttp import web

from bot.web.console.votes.door import Entered, back_to, enter, vote_page
from bot.web.visit import Visit
from handlers.access import NotFound, Right
from handlers.voting import words
from handlers.voting.life import audit
from handlers.voting.marks import MarkError, marks_json, marks_of
from handlers.voting.rules import Refused
from handlers.voting.ruling import NoRuling, decision_of, rule_on_case
from handlers.voting.sides import Side, load_sides
from handlers.voting.terms import ABSTAIN, CaseKind, Choice
from storage.queries.votes import list_cases, list_questions
from storage.states import CaseState, VoteState
from storage.tables import VoteCase, VoteQuestion

CASE = r"[1-9]\d{0,8}"
NOTHING = "null"
_SHOWS = (VoteState.CLOSED, VoteState.TALLIED, VoteState.PUBLISHED, VoteState.FINAL)


async def show_cases(visit: Visit) -> web.Response:
    """All of them, what is open first. Marks only on the page of one, and only after the close."""
    found = await enter(visit, Right.DECIDE)
    cases = await list_cases(visit.session, found.vote.compound_id, found.vote.vote_number)
    cases.sort(key=lambda case: (case.state is CaseState.RULED, case.case_number))
    return vote_page(
        visit,
        found,
        "cases",
        "裁定",
        cases=[(case, _kind(case)) for case in cases],
        opens=found.vote.state in _SHOWS,
    )


async def show_case(visit: Visit) -> web.Response:
    """Both sides of one, and what may be decided."""
    found = await enter(visit, Right.DECIDE)
    case = await _case(visit, found)
    try:
        sides = await load_sides(visit.session, visit.site.services.sealer, found.vote, case, visit.now)
    except Refused as refused:
        return back_to(found, refused.code, "/cases")
    me = visit.signed_in.viewer.person_id
    # In a transaction of its own, since this one only reads: whoever sees marks is on record before they are shown.
    async with visit.site.database.write() as session:
        audit(session, found.vote, "vote.case_seen", visit.now, me, {"case": case.case_number})
    questions = await _questions(visit, found, case)
    ruled = decision_of(visit.site.services.sealer, case) if case.state is CaseState.RULED else {}
    return vote_page(
        visit,
        found,
        "case",
        "裁定",
        case=case,
        kind=_kind(case),
        sides=sides,
        questions=[(each, _offers(each, sides)) for each in questions],
        ruled={name: _said(written) for name, written in ruled.items()},
        mine=case.decided_by == me,
        may_rule=found.vote.state in (VoteState.CLOSED, VoteState.TALLIED),
        said=_said,
    )


async def rule(visit: Visit) -> web.Response:
    """One decider's ruling; it holds when a second one says the same."""
    found = await enter(visit, Right.DECIDE)
    case = await _case(visit, found)
    here = f"/cases/{case.case_number}"
    me = visit.signed_in.viewer.person_id
    decision: dict[str, Choice | None] = {}
    for question in await _questions(visit, found, case):
        written = visit.form.get(f"mark-{question.question_id}", "")
        if not written:
            return back_to(found, "case.incomplete", here)
        try:
            mark = json.loads(written)
            decision[question.question_id] = None if mark is None else marks_of({"": mark})[""]
        except (ValueError, TypeError):
            return back_to(found, "case.incomplete", here)
    if case.state is CaseState.RULED and me in (case.decided_by, case.seconded_by):
        return back_to(found, "case_ruled", here)
    try:
        ruled = await rule_on_case(
            visit.session,
            visit.site.services.sealer,
            found.opened.compound,
            found.vote.vote_number,
            case.case_number,
            decision,
            visit.form.get("reason", ""),
            visit.now,
            decider_id=me,
        )
    except (Refused, NoRuling) as error:
        return back_to(found, error.code, here)
    except MarkError:
        return back_to(found, "case.incomplete", here)
    return back_to(found, "case_ruled" if ruled.state is CaseState.RULED else "case_proposed", here)


async def _case(visit: Visit, found: Entered) -> VoteCase:
    number = int(visit.part("case", CASE))
    case = await visit.session.get(VoteCase, (found.vote.compound_id, found.vote.vote_number, number))
    if case is None:
        raise NotFound
    return case


async def _questions(visit: Visit, found: Entered, case: VoteCase) -> list[VoteQuestion]:
    rows = await list_questions(visit.session, found.vote.compound_id, found.vote.vote_number)
    return [row for row in rows if case.question_id in (None, row.question_id)]


def _offers(question: VoteQuestion, sides: Sequence[Side]) -> list[tuple[str, str]]:
    """(value, words): what one of the ballots says, abstain, or that nothing counts."""
    marks = [
        marks_json({"": each})[""]
        for side in sides
        if (each := side.marks.get(question.question_id)) is not None
    ]
    written = dict.fromkeys([*(json.dumps(mark, ensure_ascii=False) for mark in marks), json.dumps(ABSTAIN)])
    return [*((value, _said(json.loads(value))) for value in written), (NOTHING, "都不算数")]


def _said(mark: str | list[str] | frozenset[str] | None) -> str:
    if mark is None:
        return "都不算数"
    if isinstance(mark, str):
        return words.choice_name(mark)
    return "、".join(sorted(mark)) or "一个也没选"


def _kind(case: VoteCase) -> str:
    known = {kind.value for kind in CaseKind}
    return (
        words.case_words(CaseKind(case.kind))
        if case.kind in known
        else "有人说这张票不是自己投的，或者两份纸票对不上"
    )
