"""Use cases: ballot papers are printed, printed anew, and voided."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.people.same import is_one_human
from handlers.voting.cast import refill_slots
from handlers.voting.life import NoVote, audit, hold_vote, leave
from handlers.voting.paper_rules import (
    BY_HAND,
    PaperCode,
    PaperRefused,
    Reading,
    Sheet,
    VoidReason,
    void,
)
from handlers.voting.serials import mint_serial
from handlers.voting.signing import to_the_millisecond
from storage.queries.papers import (
    IN_THE_BOX,
    list_first_units,
    list_papers,
    list_papers_of,
    lock_papers,
    note_unannounced_paper,
)
from storage.queries.vote_log import share_vote
from storage.queries.votes import list_vote_units, list_vote_units_coded
from storage.sealing import Sealer
from storage.states import BallotChannel, PaperAct, PaperState, VoteMode, VoteState
from storage.tables import BallotPaper, Compound, Vote
from storage.upsert import insert_ignore

SHEET_CONTEXT = "ballot_papers.entry"
_PRINTABLE = frozenset({VoteState.NOTICED, VoteState.OPEN})


async def print_papers(
    session: AsyncSession,
    compound: Compound,
    number: int,
    now: datetime,
    *,
    actor_id: int,
    building: str | None = None,
) -> list[BallotPaper]:
    """The papers of a building (None: of all) that nobody has handed in yet, in the order of the roll.

    Each owner has one, with the building of their first unit; who has none is given one. So asking twice prints the
    same serials. An owner whose paper came in already gets no other here. Raises NoVote and PaperRefused.
    """
    vote = await _printable(session, compound, number, now)
    owners = [
        key
        for key, where in await list_first_units(session, vote.compound_id, number)
        if building is None or where == building
    ]
    papers = await list_papers_of(session, vote.compound_id, number, owners)
    have = {
        paper.owner_key
        for paper in papers
        if paper.channel is BallotChannel.PAPER and paper.state is not PaperState.VOIDED
    }
    minted = await _mint(session, vote, [key for key in owners if key not in have], now, actor_id)
    by_owner = {paper.owner_key: paper for paper in (*papers, *minted) if paper.state is PaperState.PRINTED}
    return [by_owner[key] for key in owners if key in by_owner]


async def reprint_papers(
    session: AsyncSession,
    compound: Compound,
    number: int,
    unit_codes: Collection[str],
    now: datetime,
    *,
    actor_id: int,
) -> list[BallotPaper]:
    """A new paper for the owner of each unit, for one that is lost or spoiled: what they had and did not hand in is
    void. What they did hand in stays, and the announced rule about a second ballot decides. Raises PaperRefused.
    """
    vote = await _printable(session, compound, number, now)
    units = await list_vote_units_coded(session, vote.compound_id, number, unit_codes)
    if len(units) < len(set(unit_codes)):
        raise PaperRefused(PaperCode.NO_UNIT)
    owners = list(dict.fromkeys(unit.owner_key for unit in sorted(units, key=lambda unit: unit.position)))
    for paper in await list_papers_of(session, vote.compound_id, number, owners):
        if paper.state is PaperState.PRINTED:
            _void_now(session, vote, paper, VoidReason.REPRINTED, actor_id, now)
    return await _mint(session, vote, owners, now, actor_id)


async def void_paper(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    number: int,
    serial: str,
    reason: str,
    now: datetime,
    *,
    actor_id: int,
) -> BallotPaper:
    """Void a paper: one that nobody handed in at once; one in the box when a second person wants it, too.

    Its place goes with it: another ballot of the owner, which it kept out, may count now. Raises PaperRefused.
    """
    if reason not in BY_HAND:
        raise PaperRefused(PaperCode.ODD_REASON)
    vote, paper = await hold_paper(session, compound, number, serial)
    before = sheet_of(sealer, paper)
    if before.state is not PaperState.PRINTED and before.void is not None:
        await refuse_one_human(session, sealer, actor_id, [before.void[0]])
    after = void(before, actor_id, reason)
    if after == before:
        return paper
    if after.state is not PaperState.VOIDED:
        paper.void_reason, paper.voided_by = reason, actor_id
        session.add(paper)
        audit(session, vote, "paper.void_proposed", now, actor_id, {"serial": serial, "reason": reason})
        return paper
    assert after.void is not None
    first, why = after.void
    second = actor_id if first != actor_id else None
    was_in_the_box = before.state in IN_THE_BOX
    _void_now(session, vote, paper, why, first, now, second)
    if was_in_the_box:
        await note_unannounced_paper(session, paper, PaperAct.VOIDED)
        await session.flush()
        units = await list_vote_units(session, vote.compound_id, number, [paper.owner_key])
        await refill_slots(session, sealer, vote, units, now)
    return paper


async def refuse_one_human(
    session: AsyncSession, sealer: Sealer, actor_id: int, others: Iterable[int]
) -> None:
    """Raises PaperRefused for the second account of somebody who did the first half."""
    for other in others:
        if await is_one_human(session, sealer, actor_id, other):
            raise PaperRefused(PaperCode.ONE_HUMAN)


async def hold_paper(
    session: AsyncSession, compound: Compound, number: int, serial: str
) -> tuple[Vote, BallotPaper]:
    """The vote, which nobody counts meanwhile, and the paper, which nobody else changes; raises PaperRefused."""
    vote = await paper_vote(session, compound, number)
    paper = (await lock_papers(session, vote.compound_id, number, [serial])).get(serial)
    if paper is None:
        raise PaperRefused(PaperCode.NO_PAPER)
    return vote, paper


async def paper_vote(session: AsyncSession, compound: Compound, number: int) -> Vote:
    """A vote that papers are for, shared; raises NoVote, and PaperRefused for one that is held elsewhere."""
    assert compound.compound_id is not None
    vote = await share_vote(session, compound.compound_id, number)
    if vote is None:
        raise NoVote
    _held_here(vote)
    return vote


def sheet_of(sealer: Sealer, paper: BallotPaper) -> Sheet:
    """A paper as the rules look at it."""

    def reading(by: int | None, sealed: bytes | None) -> Reading | None:
        return None if by is None or sealed is None else Reading(by, sealer.open(sealed, SHEET_CONTEXT))

    return Sheet(
        paper.state,
        reading(paper.first_by, paper.first_sealed),
        reading(paper.second_by, paper.second_sealed),
        reading(paper.decided_by, paper.decided_sealed),
        None
        if paper.voided_by is None or paper.void_reason is None
        else (paper.voided_by, paper.void_reason),
    )


async def list_printed(
    session: AsyncSession, vote: Vote, building: str | None = None
) -> list[tuple[BallotPaper, list[tuple[str, int]]]]:
    """Papers that were printed and not handed in, each with its units and their areas, in the order of the roll."""
    papers = {
        paper.owner_key: paper
        for paper in await list_papers(session, vote.compound_id, vote.vote_number, [PaperState.PRINTED])
    }
    units: dict[str, list[tuple[str, int]]] = {}
    for row in await list_vote_units(session, vote.compound_id, vote.vote_number):
        units.setdefault(row.owner_key, []).append((row.unit_code, row.area))
    owners = await list_first_units(session, vote.compound_id, vote.vote_number)
    return [
        (papers[key], units[key])
        for key, where in owners
        if key in papers and (building is None or where == building)
    ]


async def _printable(session: AsyncSession, compound: Compound, number: int, now: datetime) -> Vote:
    """Held, so that two who print at once do not give somebody two papers."""
    vote = await hold_vote(session, compound, number)
    _held_here(vote)
    if vote.state not in _PRINTABLE or (vote.closes_at is not None and now > vote.closes_at):
        raise PaperRefused(PaperCode.NOT_NOW)
    return vote


def _held_here(vote: Vote) -> None:
    if vote.mode is VoteMode.OFFICIAL_PLATFORM:
        raise PaperRefused(PaperCode.NOT_NOW)


async def _mint(
    session: AsyncSession, vote: Vote, owner_keys: Sequence[str], now: datetime, actor_id: int
) -> list[BallotPaper]:
    papers = []
    for owner_key in owner_keys:
        paper = BallotPaper(
            compound_id=vote.compound_id,
            serial=mint_serial(),
            vote_number=vote.vote_number,
            owner_key=owner_key,
            printed_at=now,
            printed_by=actor_id,
        )
        while not await insert_ignore(session, BallotPaper, paper.model_dump()):
            paper.serial = mint_serial()  # by chance it was another's
        papers.append(paper)
    if papers:
        told = {"act": "printed", "papers": len(papers), "serials": digest(paper.serial for paper in papers)}
        leave(session, vote, "paper", told, now)
        audit(session, vote, "paper.printed", now, actor_id, {"papers": len(papers)})
    return papers


def digest(serials: Iterable[str]) -> str:
    """What the log says of serials that were printed: it can be checked, and tells none."""
    return sha256("\n".join(sorted(serials)).encode()).hexdigest()


def _void_now(
    session: AsyncSession,
    vote: Vote,
    paper: BallotPaper,
    reason: str,
    by: int,
    now: datetime,
    seconded_by: int | None = None,
) -> None:
    paper.state, paper.voided_at = PaperState.VOIDED, to_the_millisecond(now)
    paper.void_reason, paper.voided_by, paper.void_seconded_by = reason, by, seconded_by
    session.add(paper)
    by_whom = [each for each in (by, seconded_by) if each is not None]
    told = {"act": "voided", "serial": paper.serial, "reason": reason, "by": by_whom}
    leave(session, vote, "paper", told, now)
    last = by if seconded_by is None else seconded_by
    audit(session, vote, "paper.voided", now, last, {"serial": paper.serial, "reason": reason})
