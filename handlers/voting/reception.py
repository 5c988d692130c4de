"""Use cases: papers are taken in. What counts is when: a serial that is scanned, or a box that two have counted and
signed, before the close. All else is late: refused, kept, and in the log.

A scanned paper holds its owner's place from then on, though nobody has keyed it in: what comes afterwards by another
channel does not take it.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.announced import facts_of
from handlers.voting.cast import codes_of, last_place, refill_slots, stand_together
from handlers.voting.life import audit, leave
from handlers.voting.paper_rules import LATE, PaperCode, PaperRefused
from handlers.voting.papers import paper_vote, refuse_one_human
from handlers.voting.rules import in_window
from handlers.voting.serials import mint_serial
from handlers.voting.signing import to_the_millisecond, utc_text
from storage.queries.ballots import lock_slots
from storage.queries.papers import (
    count_papers_in_batch,
    list_calls_of,
    lock_batch,
    lock_papers,
    note_unannounced_paper,
)
from storage.queries.votes import list_vote_units, list_vote_units_coded
from storage.sealing import Sealer
from storage.states import BallotChannel, PaperAct, PaperState, VoteState
from storage.tables import BallotPaper, Compound, PaperBatch, Vote, VoteUnit
from storage.upsert import insert_ignore

RECORDING_CONTEXT = "ballot_papers.recording"
MOST_AT_ONCE = 500
MOST_RECORDING = 200
_LONGEST_BATCH = 32


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one serial. refused: why it was not taken; None when it was, now or (repeated) before.

    other: the owner has handed in another paper, or voted otherwise; the announced rule decides which counts.
    """

    serial: str
    refused: PaperCode | None = None
    repeated: bool = False
    other: bool = False


async def receive_papers(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    serials: Sequence[str],
    now: datetime,
    *,
    actor_id: int,
    batch: str = "",
) -> list[Received]:
    """Take papers in, one answer for each serial; from a signed box they count as received when it was signed.

    Raises NoVote, and PaperRefused when there is no such box.
    """
    vote = await paper_vote(session, compound, number)
    if vote.state is VoteState.REVOKED:
        raise PaperRefused(PaperCode.NOT_NOW)  # not late: nobody's paper is
    box = None
    if batch:
        box = await lock_batch(session, vote.compound_id, number, read_batch(batch))
        if box is None:
            raise PaperRefused(PaperCode.NO_BATCH)
    wanted = list(dict.fromkeys(serials))[:MOST_AT_ONCE]
    papers = await lock_papers(session, vote.compound_id, number, wanted)
    units: dict[str, list[VoteUnit]] = {}
    owners = {paper.owner_key for paper in papers.values()}
    everything = await list_vote_units(session, vote.compound_id, number, owners)
    for unit in everything:
        units.setdefault(unit.owner_key, []).append(unit)
    # All at once, so that two who take papers in do not wait for each other.
    together = await stand_together(session, vote, everything)
    await lock_slots(session, vote.compound_id, number, codes_of(together))
    reception = _Reception(session, sealer, vote, box, units, actor_id, now)
    return [await reception.take(serial, papers.get(serial)) for serial in wanted]


@dataclass(slots=True)
class _Reception:
    session: AsyncSession
    sealer: Sealer
    vote: Vote
    box: PaperBatch | None
    units: Mapping[str, list[VoteUnit]]
    actor_id: int
    now: datetime
    taken: int = 0

    async def take(self, serial: str, paper: BallotPaper | None) -> Received:
        if paper is None:
            return Received(serial, PaperCode.NO_PAPER)
        was_late = paper.state is PaperState.VOIDED and paper.void_reason == LATE
        if paper.state is PaperState.VOIDED and not was_late:
            if paper.received_at is None:  # once, however often it is scanned
                paper.received_at, paper.received_by = to_the_millisecond(self.now), self.actor_id
                self.session.add(paper)
                await self._note_refusal(paper, PaperCode.VOIDED)
            return Received(serial, PaperCode.VOIDED)
        if paper.state is not PaperState.PRINTED and not was_late:
            return Received(serial, repeated=True)
        now = to_the_millisecond(self.now)
        received_at = now
        if self.box is not None and self.box.signed_at is not None:
            received_at = min(now, self.box.signed_at)
        facts = facts_of(self.vote)
        if facts.opens_at is not None and received_at < facts.opens_at:
            return Received(serial, PaperCode.EARLY)
        if not in_window(facts, received_at):
            if not was_late:
                await self._refuse_late(paper)
            return Received(serial, PaperCode.LATE)
        if self.box is not None and await self._is_full(self.box):
            return Received(serial, PaperCode.BATCH_FULL)
        return await self.register(paper, received_at)

    async def register(self, paper: BallotPaper, received_at: datetime) -> Received:
        session, vote = self.session, self.vote
        units = self.units[paper.owner_key]
        before = await last_place(session, self.sealer, vote, units)
        # One after the other, also where many come at once: luck does not say which mandate a cap refuses.
        now = to_the_millisecond(self.now) + timedelta(milliseconds=self.taken)
        self.taken += 1
        paper.state, paper.received_at, paper.received_by = (
            PaperState.RECEIVED,
            received_at,
            self.actor_id,
        )
        # Whoever was told that their ballot counts keeps the place, whichever replica's clock is ahead.
        paper.registered_at = now if before is None else max(now, before + timedelta(milliseconds=1))
        paper.void_reason = paper.voided_by = paper.voided_at = None
        paper.batch = None if self.box is None else self.box.batch
        session.add(paper)
        await session.flush()
        await refill_slots(session, self.sealer, vote, units, self.now)
        told: dict[str, str | None] = {
            "act": "received",
            "serial": paper.serial,
            "received": utc_text(received_at),
            "channel": paper.channel.value,
        }
        if paper.batch is not None:
            told["batch"] = paper.batch
        leave(session, vote, "paper", told, self.now)
        details = {"serial": paper.serial, "batch": paper.batch}
        audit(session, vote, "paper.received", self.now, self.actor_id, details)
        await note_unannounced_paper(session, paper, PaperAct.RECEIVED)
        return Received(paper.serial, other=before is not None)

    async def _is_full(self, box: PaperBatch) -> bool:
        if box.signed_at is None:
            return False
        key = (self.vote.compound_id, self.vote.vote_number, box.batch)
        return await count_papers_in_batch(self.session, *key) >= box.papers

    async def _refuse_late(self, paper: BallotPaper) -> None:
        paper.state, paper.void_reason = PaperState.VOIDED, LATE
        paper.voided_by, paper.voided_at = self.actor_id, to_the_millisecond(self.now)
        paper.received_at, paper.received_by = paper.voided_at, self.actor_id
        self.session.add(paper)
        await self._note_refusal(paper, PaperCode.LATE)

    async def _note_refusal(self, paper: BallotPaper, code: PaperCode) -> None:
        told = {"act": "refused", "serial": paper.serial, "reason": code.value}
        leave(self.session, self.vote, "paper", told, self.now)
        details = {"serial": paper.serial, "reason": code.value}
        audit(self.session, self.vote, "paper.refused", self.now, self.actor_id, details)
        await note_unannounced_paper(self.session, paper, PaperAct.REFUSED)


async def count_batch(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    batch: str,
    papers: int,
    now: datetime,
    *,
    actor_id: int,
) -> PaperBatch:
    """Say how many papers a box has; the second person who says the same number signs it, before the close.

    Whoever counted first may correct themselves until then. Raises NoVote and PaperRefused.
    """
    vote = await paper_vote(session, compound, number)
    name = read_batch(batch)
    if not name or not 0 < papers <= 100_000:
        raise PaperRefused(PaperCode.BATCH_ODD)
    key = (vote.compound_id, number, name)
    box = await lock_batch(session, *key)
    if box is not None and box.signed_at is not None:
        if box.papers == papers and actor_id in (box.counted_by, box.signed_by):
            return box
        raise PaperRefused(PaperCode.BATCH_SIGNED)
    facts = facts_of(vote)
    if not in_window(facts, to_the_millisecond(now)):
        early = facts.opens_at is None or now < facts.opens_at
        raise PaperRefused(PaperCode.EARLY if early else PaperCode.LATE)
    if papers < await count_papers_in_batch(session, *key):
        raise PaperRefused(PaperCode.BATCH_DIFFERS)
    details = {"batch": name, "papers": papers}
    if box is None:
        box = PaperBatch(
            compound_id=vote.compound_id,
            vote_number=number,
            batch=name,
            papers=papers,
            counted_by=actor_id,
            counted_at=now,
        )
        if await insert_ignore(session, PaperBatch, box.model_dump()):
            audit(session, vote, "batch.counted", now, actor_id, details)
            return box
        # Somebody else was first by a moment.
        return await count_batch(session, sealer, compound, number, batch, papers, now, actor_id=actor_id)
    if box.counted_by == actor_id:
        if box.papers == papers:
            return box
        box.papers, box.counted_at = papers, now
        session.add(box)
        audit(session, vote, "batch.counted", now, actor_id, details)
        return box
    await refuse_one_human(session, sealer, actor_id, [box.counted_by])
    if box.papers != papers:
        raise PaperRefused(PaperCode.BATCH_DIFFERS)
    box.signed_by, box.signed_at = actor_id, to_the_millisecond(now)
    session.add(box)
    leave(session, vote, "paper", {"act": "batch", **details, "by": [box.counted_by, actor_id]}, now)
    audit(session, vote, "batch.signed", now, actor_id, details)
    return box


async def register_call(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    unit_code: str,
    recording: str,
    now: datetime,
    *,
    actor_id: int,
) -> BallotPaper:
    """A ballot by phone or video: it has a serial and a recording, and is keyed in by two who listen to it.

    recording: where it is, in words; the same one twice is one ballot. Raises NoVote and PaperRefused.
    """
    vote = await paper_vote(session, compound, number)
    where = " ".join(recording.split())[:MOST_RECORDING]
    if not where:
        raise PaperRefused(PaperCode.NO_RECORDING)
    named = await list_vote_units_coded(session, vote.compound_id, number, [unit_code])
    if not named:
        raise PaperRefused(PaperCode.NO_UNIT)
    owner_key = named[0].owner_key
    units = await list_vote_units(session, vote.compound_id, number, [owner_key])
    together = await stand_together(session, vote, units)
    await lock_slots(session, vote.compound_id, number, codes_of(together))
    for call in await list_calls_of(session, vote.compound_id, number, owner_key):
        if call.recording_sealed is not None and where == recording_of(sealer, call):
            return call
    facts = facts_of(vote)
    if not in_window(facts, to_the_millisecond(now)):
        early = facts.opens_at is None or now < facts.opens_at
        raise PaperRefused(PaperCode.EARLY if early else PaperCode.LATE)
    call = BallotPaper(
        compound_id=vote.compound_id,
        serial=mint_serial(),
        vote_number=number,
        owner_key=owner_key,
        channel=BallotChannel.PHONE,
        printed_at=now,
        printed_by=actor_id,
        recording_sealed=sealer.seal(where.encode(), RECORDING_CONTEXT),
    )
    reception = _Reception(session, sealer, vote, None, {owner_key: units}, actor_id, now)
    await reception.register(call, to_the_millisecond(now))
    return call


def recording_of(sealer: Sealer, call: BallotPaper) -> str:
    """Where the recording of a call is; empty for a paper."""
    sealed = call.recording_sealed
    return "" if sealed is None else sealer.open(sealed, RECORDING_CONTEXT).decode()


def read_batch(typed: str) -> str:
    """What a box is called, however it was typed: 1号箱."""
    return "".join(unicodedata.normalize("NFKC", typed).split())[:_LONGEST_BATCH]
