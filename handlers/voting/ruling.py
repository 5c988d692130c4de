"""Use case: two deciders rule on what no rule decides: one proposes, another agrees with the same decision."""

import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import rfc8785
from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.people.same import is_one_human
from handlers.voting.announced import facts_of, question_of, unit_of
from handlers.voting.cast import NONCE_BYTES
from handlers.voting.life import audit, hold_vote, leave
from handlers.voting.marks import check_marks, commitment, marks_json
from handlers.voting.rules import Code, Refused, is_over
from handlers.voting.signing import to_the_millisecond
from handlers.voting.terms import DEVELOPER, Choice, Ruling, person_of
from storage.queries.votes import list_cases, list_questions, list_vote_units
from storage.sealing import Sealer
from storage.states import CaseState, VoteState
from storage.tables import Compound, Vote, VoteCase

CASE_NONCE_CONTEXT = "vote_cases.nonce"
DECISION_CONTEXT = "vote_cases.decision"
MOST_REASON = 2000


class CaseCode(StrEnum):
    """Why there is no ruling; stable, for pages and scripts."""

    NO_CASE = "case.not_found"
    RULED = "case.ruled"
    INCOMPLETE = "case.incomplete"
    NO_REASON = "case.no_reason"
    OTHERWISE = "case.proposed_otherwise"
    ONE_HUMAN = "case.one_human"


class NoRuling(Exception):  # noqa: N818  an answer, not an error
    """Nothing was decided. `code` is stable."""

    def __init__(self, code: CaseCode) -> None:
        super().__init__(code)
        self.code = code


async def rule_on_case(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    case_number: int,
    decision: Mapping[str, Choice | None],
    reason: str,
    now: datetime,
    *,
    decider_id: int,
) -> VoteCase:
    """Propose a ruling, or agree with the one proposed; the case is ruled when two said the same.

    decision: for each question of the case the mark that counts, None for none. Raises NoRuling, MarkError for a mark
    that the paper does not have, and Refused before the close: who rules sees marks.
    """
    vote = await hold_vote(session, compound, number)
    if vote.state not in (VoteState.CLOSED, VoteState.TALLIED):
        raise Refused(Code.WRONG_STATE)
    if not is_over(facts_of(vote), now):
        raise Refused(Code.NOT_DUE)
    case = await session.get(VoteCase, (vote.compound_id, vote.vote_number, case_number))
    if case is None:
        raise NoRuling(CaseCode.NO_CASE)
    if case.state is CaseState.RULED:
        raise NoRuling(CaseCode.RULED)
    if not reason.strip():
        raise NoRuling(CaseCode.NO_REASON)
    written = await _written(session, vote, case, decision)
    details = {"case": case_number}
    if await is_one_human(session, sealer, decider_id, case.decided_by):
        raise NoRuling(CaseCode.ONE_HUMAN)
    if case.decided_by is None or case.decided_by == decider_id:
        case.decision_sealed = sealer.seal(rfc8785.dumps(written), DECISION_CONTEXT)
        case.decided_by, case.reason = decider_id, reason.strip()[:MOST_REASON]
        audit(session, vote, "vote.ruling_proposed", now, decider_id, details)
    elif decision_of(sealer, case) != written:
        raise NoRuling(CaseCode.OTHERWISE)
    else:
        case.ruled_at = await _after_all(session, vote, now)
        case.seconded_by, case.state = decider_id, CaseState.RULED
        await _log(session, sealer, vote, case, case.ruled_at)
        if vote.state is VoteState.TALLIED:
            vote.tallied_at = None  # to be counted again
            session.add(vote)
        audit(session, vote, "vote.ruled", now, decider_id, details)
    session.add(case)
    return case


def decision_of(sealer: Sealer, case: VoteCase) -> dict[str, Any]:
    """What was decided or proposed, by question; empty before anybody has. It tells how somebody votes."""
    if case.decision_sealed is None:
        return {}
    written: dict[str, Any] = json.loads(sealer.open(case.decision_sealed, DECISION_CONTEXT))
    return written


def rulings_in(sealer: Sealer, cases: Iterable[VoteCase]) -> list[Ruling]:
    """What was ruled, a ruling for each question."""
    return [
        Ruling(question_id, case.person, mark_of(written))
        for case in cases
        if case.state is CaseState.RULED
        for question_id, written in decision_of(sealer, case).items()
    ]


def mark_of(written: str | list[str] | None) -> Choice | None:
    """A mark as a decision is stored."""
    return frozenset(written) if isinstance(written, list) else written


def ruling_content(ruling: Ruling) -> dict[str, Any]:
    """What the log commits to of a ruling."""
    mark = None if ruling.choice is None else marks_json({"": ruling.choice})[""]
    return {"question": ruling.question_id, "person": ruling.person, "mark": mark}


async def _written(
    session: AsyncSession, vote: Vote, case: VoteCase, decision: Mapping[str, Choice | None]
) -> dict[str, Any]:
    """The decision as it is stored, checked: every question of the case, marks that the paper has."""
    rows = await list_questions(session, vote.compound_id, vote.vote_number)
    questions = [question_of(row) for row in rows]
    about = [each for each in questions if case.question_id in (None, each.question_id)]
    if decision.keys() != {question.question_id for question in about}:
        raise NoRuling(CaseCode.INCOMPLETE)
    marks = {name: mark for name, mark in decision.items() if mark is not None}
    checked = check_marks([each for each in about if each.question_id in marks], marks, on_paper=True)
    return {**dict.fromkeys(sorted(decision)), **marks_json(checked)}


async def _after_all(session: AsyncSession, vote: Vote, now: datetime) -> datetime:
    """A moment after every ruling there is, also when the clock was set back: of two about one owner the later holds,
    for the count by its moment and for who checks a bundle by its place in the log."""
    cases = await list_cases(session, vote.compound_id, vote.vote_number)
    ruled = [case.ruled_at + timedelta(milliseconds=1) for case in cases if case.ruled_at is not None]
    return to_the_millisecond(max([now, *ruled]))


async def _log(session: AsyncSession, sealer: Sealer, vote: Vote, case: VoteCase, now: datetime) -> None:
    """A leaf for each question, under one nonce: its contents differ, so nothing is told before it is opened."""
    case.person = await _person(session, vote, case.person)
    nonce = secrets.token_bytes(NONCE_BYTES)
    case.nonce_sealed = sealer.seal(nonce, CASE_NONCE_CONTEXT)
    deciders = sorted(each for each in (case.decided_by, case.seconded_by) if each is not None)
    for ruling in rulings_in(sealer, [case]):
        body = {"commitment": commitment(nonce, ruling_content(ruling)), "deciders": deciders}
        leave(session, vote, "ruling", body, now)


async def _person(session: AsyncSession, vote: Vote, owner_key: str) -> str:
    """Who the count knows by this owner key: the developer is one person with all its keys (art. 9)."""
    units = await list_vote_units(session, vote.compound_id, vote.vote_number, [owner_key])
    return person_of(unit_of(units[0])) if units and owner_key != DEVELOPER else owner_key
