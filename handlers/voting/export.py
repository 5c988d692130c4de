"""Use case: the evidence of a vote as a bundle that anybody can check with `./run verify`."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import is_outdated
from handlers.voting.bundle import PUBLIC, SEALED, TYPE, Bundle
from handlers.voting.cast import MARKS_CONTEXT, NONCE_CONTEXT
from handlers.voting.life import audit, hold_vote
from handlers.voting.log import origin_of
from handlers.voting.marks import ballot_content, commitment, read_marks
from handlers.voting.notice import words_of
from handlers.voting.proofs import head_json, line_of
from handlers.voting.rules import HIDES_RESULT, Code, Refused
from handlers.voting.ruling import CASE_NONCE_CONTEXT, ruling_content, rulings_in
from handlers.voting.signing import Signer
from storage.merkle import leaf_hash
from storage.queries.ballots import list_ballots
from storage.queries.vote_log import list_checkpoints, list_log
from storage.queries.votes import list_cases, list_questions, list_vote_units
from storage.sealing import Sealer
from storage.states import CaseState, VoteState
from storage.tables import Ballot, Compound, Vote, VoteCase

_UNPUBLISHED = frozenset({VoteState.DRAFT, VoteState.LINTED, VoteState.TALLIED})


async def export_vote(
    session: AsyncSession,
    sealer: Sealer,
    signer: Signer,
    compound: Compound,
    number: int,
    kind: str,
    now: datetime,
    *,
    actor_id: int | None,
) -> Bundle:
    """A bundle; who took a sealed one stands in the audit log. Raises Refused."""
    vote = await hold_vote(session, compound, number)
    bundle = await bundle_of(session, sealer, signer, compound, vote, kind)
    if kind == SEALED:
        audit(session, vote, "vote.exported", now, actor_id, {"kind": kind, "entries": len(bundle.log)})
    return bundle


async def bundle_of(
    session: AsyncSession, sealer: Sealer, signer: Signer, compound: Compound, vote: Vote, kind: str
) -> Bundle:
    """The evidence, as far as it is sealed in the log; raises Refused.

    A sealed bundle opens the ballots, so there is none before the count. A public one has the published result, so
    there is none between the count and its publication, and none of a vote that was revoked then has a result.
    """
    is_counted = vote.result is not None and vote.state not in HIDES_RESULT
    if (kind == SEALED and not is_counted) or (kind == PUBLIC and vote.state in _UNPUBLISHED):
        raise Refused(Code.WRONG_STATE)
    if is_outdated(vote) and vote.state is not VoteState.REVOKED:
        raise Refused(Code.TALLY_AGAIN)
    has_result = is_counted and not is_outdated(vote) and (kind == SEALED or vote.published_at is not None)
    key = (vote.compound_id, vote.vote_number)
    # Heads before entries: the sealer may be at work, and no head may count more than is there.
    heads = await list_checkpoints(session, *key)
    if any(head.key_id != signer.key_id for head in heads):
        raise Refused(Code.NO_SIGNING_KEY)
    log = [leaf.entry for leaf in await list_log(session, *key)][: heads[-1].size if heads else 0]
    units = await list_vote_units(session, *key)
    manifest = {
        "type": TYPE,
        "kind": kind,
        "origin": origin_of(compound.code, vote.vote_number),
        "public_key": signer.public_key.hex(),
    }
    rows = [
        {"index": place, "hash": leaf_hash(entry.encode()).hex(), "entry": entry}
        for place, entry in enumerate(log)
    ]
    result = vote.result if has_result else None
    notice = words_of(vote, await list_questions(session, *key))
    if kind == PUBLIC:
        roll = [{"hash": leaf_hash(line_of(unit).canonical()).hex()} for unit in units]
        return Bundle(manifest, tuple(rows), tuple(map(head_json, heads)), tuple(roll), notice, result=result)
    return Bundle(
        manifest,
        tuple(rows),
        tuple(map(head_json, heads)),
        tuple(
            {"line": json.loads(line_of(unit).canonical()), "delivered": unit.delivered_at is not None}
            for unit in units
        ),
        notice,
        ballots=tuple(_opened(sealer, await list_ballots(session, *key))),
        rulings=tuple(_rulings(sealer, await list_cases(session, *key), log)),
        result=result,
    )


def _opened(sealer: Sealer, found: Iterable[tuple[Ballot, str]]) -> list[Mapping[str, Any]]:
    """Each ballot with its nonce, in the order they took their places."""
    units: dict[str, tuple[Ballot, list[str]]] = {}
    for ballot, unit_code in found:
        units.setdefault(ballot.ballot_id, (ballot, []))[1].append(unit_code)
    return [
        {
            "ballot": ballot_id,
            "nonce": sealer.open(ballot.nonce_sealed, NONCE_CONTEXT).hex(),
            "content": ballot_content(
                codes,
                ballot.owner_key,
                ballot.voter,
                ballot.proxy,
                read_marks(sealer.open(ballot.choices_sealed, MARKS_CONTEXT)),
                ballot.cast_at,
                ballot.recorded_at,
            ),
        }
        for ballot_id, (ballot, codes) in units.items()
    ]


def _rulings(sealer: Sealer, cases: Iterable[VoteCase], log: Iterable[str]) -> list[Mapping[str, Any]]:
    """Each ruling with its nonce, in the order of the log."""
    opened: dict[str, Mapping[str, Any]] = {}
    for case in cases:
        if case.state is CaseState.RULED and case.nonce_sealed is not None:
            nonce = sealer.open(case.nonce_sealed, CASE_NONCE_CONTEXT)
            for ruling in rulings_in(sealer, [case]):
                content = ruling_content(ruling)
                opened[commitment(nonce, content)] = {**content, "nonce": nonce.hex()}
    entries = (json.loads(entry) for entry in log)
    return [opened[each["commitment"]] for each in entries if each["kind"] == "ruling"]
