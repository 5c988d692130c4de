"""Use cases: a paper is keyed in by two who do not see each other's marks, and so becomes a ballot, once."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.identity.mandates import proxy_mark
from handlers.identity.rules import read_document
from handlers.identity.sold import list_bought_together, list_gone, list_sold
from handlers.roll.report import masked_name
from handlers.roll.sealed import NAME
from handlers.voting.announced import announced_of, question_of
from handlers.voting.cast import Order, Recorded, cast_ballot
from handlers.voting.life import audit, hold_vote, leave
from handlers.voting.marks import check_marks
from handlers.voting.paper_rules import (
    GUARDIAN,
    SUCCESSOR,
    TOGETHER,
    Entry,
    Holder,
    PaperCode,
    PaperRefused,
    Reading,
    Sheet,
    decide,
    enter,
    entry_of,
)
from handlers.voting.papers import SHEET_CONTEXT, hold_paper, refuse_one_human, sheet_of
from handlers.voting.signing import to_the_millisecond
from handlers.voting.successors import cast_as_successor
from storage.blobs import put_blob
from storage.queries.papers import list_owners_of_key
from storage.queries.votes import list_owner_keys, list_questions, list_vote_units
from storage.sealing import Sealer
from storage.states import BallotChannel, PaperState
from storage.tables import BallotPaper, Compound, RollOwner, Vote, VoteUnit

PROXY_CONTEXT = "ballot_papers.proxy"
_MOST_NAME, _MOST_DOCUMENT = 40, 30


@dataclass(frozen=True, slots=True)
class Keyed:
    """A paper after it was keyed in. recorded: the ballot that it became just now."""

    paper: BallotPaper
    recorded: Recorded | None = None
    repeated: bool = False


async def enter_paper(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    serial: str,
    entry: Entry,
    now: datetime,
    *,
    actor_id: int,
) -> Keyed:
    """Key a paper in; with the second who reads the same it is a ballot, as of when it was received.

    Raises NoVote, PaperRefused, MarkError for marks that the paper does not have, and NoBallot where the vote takes
    none any more.
    """
    return await _read(session, sealer, compound, number, serial, entry, now, actor_id, enter)


async def decide_paper(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    serial: str,
    entry: Entry,
    now: datetime,
    *,
    actor_id: int,
) -> Keyed:
    """Say what a paper says that two read differently; it holds, and is a ballot, when a second one says the same."""
    return await _read(session, sealer, compound, number, serial, entry, now, actor_id, decide)


async def _read(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    serial: str,
    entry: Entry,
    now: datetime,
    actor_id: int,
    rule: Callable[[Sheet, int, bytes], Sheet],
) -> Keyed:
    if entry.proxy is not None:
        await hold_vote(session, compound, number)  # what a proxy holds is counted over many slots
    vote, paper = await hold_paper(session, compound, number, serial)
    entry = await _checked(session, vote, paper, entry)
    before = sheet_of(sealer, paper)
    # Who decides may have keyed it in, since both readings are seen then.
    others = (before.proposed,) if rule is decide else (before.first, before.second)
    await refuse_one_human(session, sealer, actor_id, (each.by for each in others if each is not None))
    after = rule(before, actor_id, entry.canonical())
    if after == before:
        return Keyed(paper, repeated=True)
    recorded = None
    if after.state is PaperState.MATCHED:
        # Before anything is written: where the vote takes no ballot, the paper stays as it is.
        order = await _order(session, sealer, vote, paper, entry)
        if entry.signed_by == SUCCESSOR:
            recorded = await cast_as_successor(session, sealer, order, (), now)
        else:
            recorded = await cast_ballot(session, sealer, order, now)
    _write(sealer, paper, before, after, to_the_millisecond(now))
    session.add(paper)
    details: dict[str, Any] = {"serial": serial, "state": after.state.value}
    verb = "paper.decided" if rule is decide else "paper.entered"
    audit(session, vote, verb, now, actor_id, details)
    if after.state is PaperState.MISMATCHED and before.state is PaperState.ENTERED:
        told = {"act": "mismatched", "serial": serial, "by": _two(after.first, after.second)}
        leave(session, vote, "paper", told, now)
    if recorded is not None:
        if rule is decide:
            paper.seconded_by = actor_id
        _note_ballot(session, sealer, vote, paper, entry, recorded, after, now)
    return Keyed(paper, recorded)


async def _order(
    session: AsyncSession, sealer: Sealer, vote: Vote, paper: BallotPaper, entry: Entry
) -> Order:
    """The ballot; its key is the serial, so a paper is one ballot whatever happens."""
    assert paper.received_at is not None
    units = await list_vote_units(session, vote.compound_id, vote.vote_number, [paper.owner_key])
    sold = await list_sold(session, vote, [paper.owner_key])
    gone = {code for code, at in sold.items() if at <= paper.received_at}
    kept = {unit.unit_code for unit in units} - gone
    return Order(
        compound_id=vote.compound_id,
        vote_number=vote.vote_number,
        owner_key=paper.owner_key,
        marks=entry.marks,
        channel=paper.channel,
        cast_key=f"paper:{paper.serial}",
        cast_at=paper.received_at,
        voter=_voter(entry, units),
        proxy=_mark(sealer, vote, entry.proxy),
        serial=paper.serial,
        registered_at=paper.registered_at,
        units=frozenset(gone if entry.signed_by == SUCCESSOR else kept),
    )


def _note_ballot(
    session: AsyncSession,
    sealer: Sealer,
    vote: Vote,
    paper: BallotPaper,
    entry: Entry,
    recorded: Recorded,
    after: Sheet,
    now: datetime,
) -> None:
    paper.ballot_id = recorded.ballot.ballot_id
    # Nobody voids any more what is a ballot.
    paper.void_reason = paper.voided_by = None
    told: dict[str, Any] = {
        "act": "matched",
        "serial": paper.serial,
        "ballot": paper.ballot_id,
        "by": _two(after.first, after.second),
    }
    if after.proposed is not None and paper.seconded_by is not None:
        told["deciders"] = sorted({after.proposed.by, paper.seconded_by})
    if paper.scan_hash is not None:
        told["scan"] = paper.scan_hash.hex()
    leave(session, vote, "paper", told, now)
    if entry.proxy is not None:
        written = json.dumps(entry.proxy._asdict(), ensure_ascii=False).encode()
        paper.proxy_sealed = sealer.seal(written, PROXY_CONTEXT)
        leave(session, vote, "proxy", {"ballot": paper.ballot_id}, now)


def _write(sealer: Sealer, paper: BallotPaper, before: Sheet, after: Sheet, now: datetime) -> None:
    def seal(reading: Reading) -> bytes:
        return sealer.seal(reading.entry, SHEET_CONTEXT)

    paper.state = after.state
    if after.first is not None and after.first != before.first:
        paper.first_by, paper.first_sealed, paper.first_at = after.first.by, seal(after.first), now
    if after.second is not None and after.second != before.second:
        paper.second_by, paper.second_sealed, paper.second_at = after.second.by, seal(after.second), now
    if after.proposed is not None and after.proposed != before.proposed:
        paper.decided_by, paper.decided_sealed = after.proposed.by, seal(after.proposed)


async def _checked(session: AsyncSession, vote: Vote, paper: BallotPaper, entry: Entry) -> Entry:
    """What was keyed in as it is kept, so that two who type alike are alike."""
    rows = await list_questions(session, vote.compound_id, vote.vote_number)
    on_paper = paper.channel is BallotChannel.PAPER
    marks = check_marks(
        [question_of(row) for row in rows],
        entry.marks,
        on_paper=on_paper,
        may_follow=announced_of(vote).deemed_follow,
    )
    signers = (
        TOGETHER,
        GUARDIAN,
        *await _co_owner_keys(session, vote, paper),
    )
    if entry.signed_by == SUCCESSOR:
        if paper.received_at is None or entry.proxy is not None:
            raise PaperRefused(PaperCode.ODD_SIGNER)
        if not await list_bought_together(session, vote, paper.owner_key, paper.received_at):
            raise PaperRefused(PaperCode.ODD_SIGNER)
    elif entry.signed_by not in signers:
        raise PaperRefused(PaperCode.ODD_SIGNER)
    return replace(entry, marks=marks, proxy=None if entry.proxy is None else _tidy(entry.proxy))


def _tidy(holder: Holder) -> Holder:
    name = re.sub(r"\s+", "", unicodedata.normalize("NFKC", holder.name)).upper()
    document = read_document(holder.document)
    if not name or not document or len(name) > _MOST_NAME or len(document) > _MOST_DOCUMENT:
        raise PaperRefused(PaperCode.ODD_PROXY)
    return Holder(name, document)


def _mark(sealer: Sealer, vote: Vote, holder: Holder | None) -> str | None:
    return None if holder is None else proxy_mark(sealer, vote.compound_id, vote.vote_number, holder.document)


def _voter(entry: Entry, units: list[VoteUnit]) -> str | None:
    """Who cast it. Co-owners who sign together are nobody alone."""
    owner_key, co_owned = units[0].owner_key, any(unit.co_owned for unit in units)
    if entry.signed_by == SUCCESSOR:
        return None
    if entry.signed_by == GUARDIAN:
        return f"guardian:{owner_key}"[:40]
    if entry.signed_by != TOGETHER:
        return entry.signed_by
    return None if co_owned else owner_key


async def list_signers(
    session: AsyncSession, sealer: Sealer, vote: Vote, paper: BallotPaper
) -> Mapping[str, str]:
    """Co-owners who may have signed a paper alone: their own keys, with their names masked. Empty for one owner.

    SUCCESSOR besides, without a name, for units that were sold before the paper came in.
    """
    keys = await _co_owner_keys(session, vote, paper)
    names = {}
    for key, owner_number in keys.items():
        owner = await session.get_one(RollOwner, (vote.compound_id, owner_number))
        names[key] = masked_name(sealer.open(owner.name_sealed, NAME).decode())
    if paper.received_at is not None and await list_bought_together(
        session, vote, paper.owner_key, paper.received_at
    ):
        names[SUCCESSOR] = ""
    return names


async def _co_owner_keys(session: AsyncSession, vote: Vote, paper: BallotPaper) -> dict[str, int]:
    """Own keys of the co-owners, without those who had sold their share before the paper came in."""
    owners = await list_owners_of_key(session, vote.compound_id, vote.vote_number, paper.owner_key)
    if len(owners) < 2:
        return {}
    gone: set[int] = set()
    if paper.received_at is not None:
        gone = await list_gone(session, vote, paper.owner_key, paper.received_at)
    own: dict[str, int] = {}
    for owner_number in (each for each in owners if each not in gone):
        keys = await list_owner_keys(session, vote.compound_id, vote.vote_number, owner_number)
        own |= {key: owner_number for key, owners_of in keys.items() if owners_of == 1}
    return own


async def attach_scan(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    serial: str,
    content: bytes,
    media_type: str,
    now: datetime,
    *,
    actor_id: int,
) -> BallotPaper:
    """Keep a scan of a paper that came in; the log has its hash. A second one is in the log, too, and shown instead."""
    vote, paper = await hold_paper(session, compound, number, serial)
    if paper.received_at is None:
        raise PaperRefused(PaperCode.NOT_RECEIVED)
    digest = sha256(content).digest()
    if paper.scan_hash == digest:
        return paper
    paper.scan_address = await put_blob(session, sealer, vote.compound_id, content, media_type, now)
    paper.scan_hash = digest
    session.add(paper)
    leave(session, vote, "paper", {"act": "scanned", "serial": serial, "scan": digest.hex()}, now)
    audit(session, vote, "paper.scanned", now, actor_id, {"serial": serial})
    return paper


def readings_of(sealer: Sealer, paper: BallotPaper) -> list[tuple[int, Entry]]:
    """Who read what on a paper that two read differently; empty in any other state: nobody sees another's marks."""
    if paper.state is not PaperState.MISMATCHED:
        return []
    sheet = sheet_of(sealer, paper)
    return [
        (each.by, entry_of(json.loads(each.entry)))
        for each in (sheet.first, sheet.second)
        if each is not None
    ]


def proposal_of(sealer: Sealer, paper: BallotPaper) -> tuple[int, Entry] | None:
    """What one of two deciders said a paper says."""
    proposed = sheet_of(sealer, paper).proposed
    return None if proposed is None else (proposed.by, entry_of(json.loads(proposed.entry)))


def _two(*readings: Reading | None) -> list[int]:
    return sorted({each.by for each in readings if each is not None})
