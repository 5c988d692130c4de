"""How far the papers of a vote are: out, in the box, keyed in; by building, and never how they are marked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.voting.result import FEWEST_OWNERS
from storage.queries.papers import list_first_units, list_papers
from storage.states import BallotChannel, PaperState
from storage.tables import BallotPaper, Vote


@dataclass(frozen=True, slots=True)
class Counted:
    """Papers by what is to be done with them. out: printed and not handed in. once: keyed in by one."""

    out: int = 0
    received: int = 0
    once: int = 0
    mismatched: int = 0
    matched: int = 0
    voided: int = 0

    @property
    def open(self) -> int:
        """What the count of the vote waits for."""
        return self.received + self.once + self.mismatched


@dataclass(frozen=True, slots=True)
class Progress:
    """owners: without a paper of their own yet, by building. by_building: "" for those with too few owners to be
    shown alone. mismatched, to_void: what waits for a second person."""

    whole: Counted
    by_building: Mapping[str, Counted]
    owners: Mapping[str, int]
    mismatched: tuple[BallotPaper, ...]
    to_void: tuple[BallotPaper, ...]


_COLUMNS = {
    PaperState.PRINTED: "out",
    PaperState.RECEIVED: "received",
    PaperState.ENTERED: "once",
    PaperState.MISMATCHED: "mismatched",
    PaperState.MATCHED: "matched",
    PaperState.VOIDED: "voided",
}


async def load_progress(session: AsyncSession, vote: Vote) -> Progress:
    """Of a vote with a frozen roll; an owner belongs to the building of their first unit."""
    where = dict(await list_first_units(session, vote.compound_id, vote.vote_number))
    papers = await list_papers(session, vote.compound_id, vote.vote_number)
    owners: dict[str, int] = {}
    for building in where.values():
        owners[building] = owners.get(building, 0) + 1
    has_paper = {
        paper.owner_key
        for paper in papers
        if paper.channel is BallotChannel.PAPER and paper.state is not PaperState.VOIDED
    }
    without: dict[str, int] = dict.fromkeys(owners, 0)
    for owner_key, building in where.items():
        without[building] += owner_key not in has_paper
    groups: dict[str, list[BallotPaper]] = {}
    for paper in papers:
        building = where[paper.owner_key]
        groups.setdefault(building if owners[building] >= FEWEST_OWNERS else "", []).append(paper)
    return Progress(
        count(papers),
        {building: count(groups[building]) for building in sorted(groups, key=_as_counted)},
        {building: without[building] for building in sorted(without, key=_as_counted)},
        tuple(paper for paper in papers if paper.state is PaperState.MISMATCHED),
        tuple(
            paper
            for paper in papers
            if paper.voided_by is not None and paper.state not in (PaperState.VOIDED, PaperState.MATCHED)
        ),
    )


def _as_counted(building: str) -> tuple[bool, int, str]:
    """Building 3 before building 13; what has none comes last."""
    return not building, len(building), building


def count(papers: Iterable[BallotPaper]) -> Counted:
    """Papers by their state."""
    sums = dict.fromkeys(_COLUMNS.values(), 0)
    for paper in papers:
        sums[_COLUMNS[paper.state]] += 1
    return Counted(**sums)
