"""Use cases: a closed vote is counted, and the count is published. The sums come from result.py alone."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.identity.approve import approvals_by_operator
from handlers.voting.announced import Counts, facts_of, question_of, rules_of, unit_of
from handlers.voting.cast import as_cast
from handlers.voting.judge import judge
from handlers.voting.life import hold_vote, leave, take_step
from handlers.voting.log import origin_of, seal
from handlers.voting.result import result_bytes, result_of
from handlers.voting.rules import Code, Command, Refused, step
from handlers.voting.ruling import rulings_in
from handlers.voting.signing import Signer, to_the_millisecond
from handlers.voting.tally import tally
from handlers.voting.terms import Ballot, Case, CaseKind, Question, Rules, Ruling, Unit
from storage.merkle import leaf_hash
from storage.queries.ballots import list_ballots
from storage.queries.opinions import next_number
from storage.queries.votes import (
    count_open_cases,
    count_open_papers,
    list_cases,
    list_questions,
    list_vote_units,
)
from storage.sealing import Sealer
from storage.states import CaseState
from storage.tables import Compound, Vote, VoteCase
from storage.upsert import insert_ignore


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a count is made of."""

    rules: Rules
    questions: tuple[Question, ...]
    roll: dict[str, Unit]
    ballots: tuple[Ballot, ...]
    rulings: tuple[Ruling, ...]

    def result(self) -> dict[str, Any]:
        """What is published of it."""
        return result_of(self.rules, self.questions, self.roll, self.ballots, self.rulings)

    def cases(self) -> dict[tuple[str, str], Case]:
        """What nobody has ruled on, by question and person."""
        judged = judge(self.rules, self.roll, self.ballots)
        outcomes = tally(self.rules, self.questions, self.roll, judged, self.rulings)
        return {(about, case.person): case for about, outcome in outcomes.items() for case in outcome.cases}


async def counts_of(session: AsyncSession, vote: Vote) -> Counts:
    """What a vote waits for, as it is now."""
    return Counts(
        papers_open=await count_open_papers(session, vote.compound_id, vote.vote_number),
        cases_open=await count_open_cases(session, vote.compound_id, vote.vote_number),
    )


async def load_evidence(session: AsyncSession, sealer: Sealer, vote: Vote) -> Evidence:
    """The frozen roll, every ballot opened, every ruling."""
    key = (vote.compound_id, vote.vote_number)
    # Of two rulings about one person the later one holds, as in the log.
    cases = sorted(
        await list_cases(session, *key), key=lambda case: (case.ruled_at or case.opened_at, case.case_number)
    )
    contested = {case.subject for case in cases if case.kind == CaseKind.CONTESTED}
    ballots = [
        as_cast(sealer, ballot, unit_code, contested)
        for ballot, unit_code in await list_ballots(session, *key)
    ]
    # Databases sort text differently, and the result must be the same bytes everywhere.
    ballots.sort(key=lambda each: (each.recorded_at, each.ballot_id, each.unit_id))
    return Evidence(
        rules=rules_of(vote),
        questions=tuple(question_of(row) for row in await list_questions(session, *key)),
        roll={row.unit_code: unit_of(row) for row in await list_vote_units(session, *key)},
        ballots=tuple(ballots),
        rulings=tuple(rulings_in(sealer, cases)),
    )


async def tally_vote(
    session: AsyncSession,
    sealer: Sealer,
    signer: Signer,
    compound: Compound,
    number: int,
    now: datetime,
    *,
    actor_id: int,
) -> Vote:
    """Count a closed vote, again after rulings; raises Refused.

    What no rule decides becomes a case. The log commits to the result, and a head of it is signed.
    """
    vote = await hold_vote(session, compound, number)
    counts = await counts_of(session, vote)
    evidence = await load_evidence(session, sealer, vote)
    # Trying what rulings could do takes seconds at the worst; the bot answers meanwhile.
    result = await asyncio.to_thread(evidence.result)
    digest = leaf_hash(result_bytes(result)).hex()
    details = {"result": digest}
    take_step(session, vote, Command.TALLY, now, actor_id=actor_id, counts=counts, details=details)
    vote.result, vote.tallied_at = result, now
    await _open_cases(session, vote, evidence, now)
    approvals = await _approvals(session, vote)
    leave(session, vote, "tally", {"result": digest, "approvals": approvals}, now)
    await session.flush()
    await seal(session, signer, vote.compound_id, number, origin_of(compound.code, number), now, "result")
    return vote


async def publish_vote(
    session: AsyncSession,
    compound: Compound,
    number: int,
    now: datetime,
    *,
    actor_id: int,
    seen: str | None = None,
) -> Vote:
    """Publish the count; the time for objections begins. Raises Refused while a case is open.

    seen: what was looked through before (`mark_of_result`), so that nothing else is published; None for scripts.
    """
    vote = await hold_vote(session, compound, number)
    now = to_the_millisecond(now)
    counts = await counts_of(session, vote)
    step(facts_of(vote, counts), Command.PUBLISH, now)
    if seen is not None and seen != mark_of_result(vote):
        raise Refused(Code.RESULT_CHANGED)
    take_step(session, vote, Command.PUBLISH, now, actor_id=actor_id, counts=counts)
    assert vote.result is not None
    leave(session, vote, "published", {"result": mark_of_result(vote)}, now)
    return vote


def mark_of_result(vote: Vote) -> str:
    """What tells one result of a vote from another; "" before the count."""
    return leaf_hash(result_bytes(vote.result)).hex() if vote.result is not None else ""


async def _approvals(session: AsyncSession, vote: Vote) -> list[dict[str, int]]:
    """Who let whom vote: how many identities each operator approved in person, of those that could cast a ballot."""
    assert vote.opens_at is not None and vote.closes_at is not None
    counts = await approvals_by_operator(session, vote.compound_id, vote.opens_at, vote.closes_at)
    return [{"operator": operator, "approvals": count} for operator, count in counts.items()]


async def _open_cases(session: AsyncSession, vote: Vote, evidence: Evidence, now: datetime) -> None:
    """Make cases of conflicts that only the count shows; those of co-owners were made when they voted.

    What is contested was made a case when somebody said so.
    """
    at = to_the_millisecond(now)
    for (question_id, person), case in evidence.cases().items():
        if case.kind is CaseKind.CONTESTED:
            continue
        whole = case.kind is CaseKind.CO_OWNER_CONFLICT
        added = await insert_ignore(
            session,
            VoteCase,
            {
                "compound_id": vote.compound_id,
                "vote_number": vote.vote_number,
                "case_number": await next_number(session, vote.compound_id, f"case-{vote.vote_number}"),
                "kind": case.kind,
                "subject": person if whole else f"{person}:{question_id}",
                "person": person,
                "question_id": None if whole else question_id,
                "state": CaseState.OPEN,
                "opened_at": at,
            },
        )
        if added:
            leave(session, vote, "case", {"case": case.kind.value}, now)
