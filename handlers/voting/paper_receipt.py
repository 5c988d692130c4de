"""What became of a paper: for the owners whose unit it is, and, after the close, for whoever holds its serial.

Neither reads what is marked on it. Who votes on paper may do so because somebody else uses their phone, so the marks
are never opened on one; the paper itself is kept.

Before the close only those see it who are told of it (paper_news.py): others who had the paper in their hands, to
print it or to bring it, have its serial too, and whether somebody has voted is none of their business. After the
close the public log names the serial, and no more is shown than that log has: not whose it is.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from handlers.voting.fate import Fate, fate_of
from handlers.voting.resident import OpenVote, Stage
from storage.queries.bindings import list_bound_owners
from storage.queries.papers import find_paper, list_papers_of
from storage.queries.titles import list_titled_units
from storage.queries.voters import find_ballot, find_leaf_written_at, list_units_of_ballot
from storage.queries.votes import list_vote_units_coded
from storage.sealing import Sealer
from storage.tables import Ballot, BallotPaper, VoteUnit

_NOT_KNOWN = frozenset({Stage.COMING, Stage.OPEN})  # while people are still asked for their vote


@dataclass(frozen=True, slots=True)
class PaperReceipt:
    """A paper that came in, as far as its reader may see it.

    units: those of the reader's; empty for who only holds the serial. ballot: what it became. fate: of that, for an
    owner. index: the ballot's place in the log, once it has one.
    """

    paper: BallotPaper
    units: tuple[VoteUnit, ...] = ()
    ballot: Ballot | None = None
    fate: Fate | None = None
    index: int | None = None

    @property
    def is_theirs(self) -> bool:
        """Whether the reader is bound to one of its units."""
        return bool(self.units)


async def list_own_papers(
    session: AsyncSession, opened: OpenVote, person_id: int
) -> list[tuple[BallotPaper, tuple[VoteUnit, ...]]]:
    """Papers that came in for units of which somebody is bound to a present owner, with those units."""
    compound_id, _number = opened.key
    codes: set[str] = set()
    for owner_number in await list_bound_owners(session, compound_id, person_id):
        codes |= await list_titled_units(session, compound_id, owner_number)
    by_key: dict[str, list[VoteUnit]] = {}
    for unit in await list_vote_units_coded(session, *opened.key, codes):
        by_key.setdefault(unit.owner_key, []).append(unit)
    papers = await list_papers_of(session, *opened.key, by_key)
    came = [(paper.received_at, paper) for paper in papers if paper.received_at is not None]
    came.sort(key=lambda each: (each[0], each[1].serial))
    return [(paper, tuple(by_key[paper.owner_key])) for _at, paper in came]


async def access_paper(
    session: AsyncSession, sealer: Sealer, opened: OpenVote, person_id: int, serial: str, now: datetime
) -> PaperReceipt:
    """A paper that came in; raises NotFound for one that did not, and before the close for who is not its owner."""
    for paper, units in await list_own_papers(session, opened, person_id):
        if paper.serial == serial:
            return await _with_ballot(session, sealer, opened, PaperReceipt(paper, units))
    if not may_look_up(opened, now):
        raise NotFound
    found = await find_paper(session, *opened.key, serial)
    if found is None or found.received_at is None:
        raise NotFound
    return await _with_ballot(session, sealer, opened, PaperReceipt(found))


def may_look_up(opened: OpenVote, now: datetime) -> bool:
    """Whether a serial by itself is answered: when nobody is asked for their vote any more."""
    return opened.stage(now) not in _NOT_KNOWN


async def _with_ballot(
    session: AsyncSession, sealer: Sealer, opened: OpenVote, seen: PaperReceipt
) -> PaperReceipt:
    if seen.paper.ballot_id is None:
        return seen
    ballot = await find_ballot(session, *opened.key, seen.paper.ballot_id)
    assert ballot is not None
    leaf = await find_leaf_written_at(session, *opened.key, ballot.entered_at, ballot.leaf_hash)
    fate = None
    if seen.is_theirs:
        codes = await list_units_of_ballot(session, *opened.key, ballot.ballot_id)
        fate = await fate_of(session, sealer, opened.vote, ballot, codes)
    return PaperReceipt(seen.paper, seen.units, ballot, fate, leaf[1] if leaf is not None else None)
