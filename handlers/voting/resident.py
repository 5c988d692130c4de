"""What a resident may see of votes, and what they may do in one. A vote does not exist for them before its notice."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from handlers.identity.entitled import Entitlement, list_entitlements
from handlers.voting.announced import facts_of
from handlers.voting.fate import foresee
from handlers.voting.rules import in_window
from handlers.voting.terms import Rejection
from storage.queries.ballots import list_papers_in_the_box
from storage.queries.voters import (
    find_ballot,
    list_compounds_of_person,
    list_slots,
    list_votes_in_states,
)
from storage.queries.votes import find_vote
from storage.sealing import Sealer
from storage.states import BallotChannel, VoteMode, VoteState
from storage.tables import Ballot, Compound, Vote, VoteUnit

PUBLIC_STATES = frozenset(VoteState) - {VoteState.DRAFT, VoteState.LINTED}
_SHOWN = 50


class Stage(StrEnum):
    """Where a vote stands for a resident, by the time and not by the stored state, which follows later."""

    COMING = "coming"
    OPEN = "open"
    COUNTING = "counting"  # closed, and nothing is published
    PUBLISHED = "published"
    FINAL = "final"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class OpenVote:
    """A vote that a resident was let in to."""

    compound: Compound
    vote: Vote

    @property
    def key(self) -> tuple[int, int]:
        """(compound_id, vote_number)."""
        return self.vote.compound_id, self.vote.vote_number

    @property
    def has_result(self) -> bool:
        """Whether there is a result that everybody may read."""
        return self.vote.result is not None and self.vote.published_at is not None

    @property
    def is_here(self) -> bool:
        """Whether ballots are cast here, and not on the government's platform."""
        return self.vote.mode is not VoteMode.OFFICIAL_PLATFORM

    def stage(self, now: datetime) -> Stage:
        """Where it stands."""
        vote = self.vote
        if vote.state is VoteState.REVOKED:
            return Stage.REVOKED
        if vote.state is VoteState.FINAL:
            return Stage.FINAL
        if vote.state is VoteState.PUBLISHED:
            return Stage.PUBLISHED
        if vote.opens_at is not None and now < vote.opens_at:
            return Stage.COMING
        return Stage.OPEN if in_window(facts_of(vote), now) else Stage.COUNTING


@dataclass(frozen=True, slots=True)
class Held:
    """One unit of an entitlement, as it is now: that a ballot is there, by which way and when, never how.

    refused: why a ballot that is cast now would not count for it. in_box: a paper was received that is not keyed in.
    """

    unit: VoteUnit
    channel: BallotChannel | None = None
    cast_at: datetime | None = None
    is_mine: bool = False
    contested: bool = False
    in_box: bool = False
    refused: Rejection | None = None

    @property
    def has_ballot(self) -> bool:
        """Whether somebody has voted for it."""
        return self.channel is not None or self.contested


@dataclass(frozen=True, slots=True)
class Standing:
    """An entitlement of somebody's, with what is there for its units. would_contest: a ballot cast now makes a case."""

    entitlement: Entitlement
    units: tuple[Held, ...]
    would_contest: bool = False

    @property
    def ref(self) -> str:
        """What a page calls it by; the same as long as it is the same entitlement."""
        return ref_of(self.entitlement)

    @property
    def may_cast(self) -> bool:
        """Whether a ballot that is cast now would count for any unit."""
        return any(held.refused is None for held in self.units)

    @property
    def only_box(self) -> bool:
        """Whether nothing but a paper that nobody has keyed in keeps a ballot out. One person alone takes a paper in,
        so who did not hand it in may cast a ballot all the same: it counts when two have voided the paper."""
        in_box = bool(self.units) and self.units[0].in_box and not self.has_ballot
        return in_box and self.refusals == (Rejection.DUPLICATE_OTHER_CHANNEL,)

    @property
    def has_ballot(self) -> bool:
        """Whether somebody has voted for any of the units."""
        return any(held.has_ballot for held in self.units)

    @property
    def refusals(self) -> tuple[Rejection, ...]:
        """Why a ballot cast now would not count, each reason once."""
        return tuple(dict.fromkeys(held.refused for held in self.units if held.refused is not None))


def ref_of(entitlement: Entitlement) -> str:
    """A name for an entitlement that tells nothing to others: 16 hex digits."""
    named = repr((entitlement.owner_key, entitlement.voter))
    if entitlement.is_successor:
        named += repr([unit.unit_code for unit in entitlement.units])
    return sha256(named.encode()).hexdigest()[:16]


async def access_vote_as_resident(session: AsyncSession, person_id: int, code: str, number: int) -> OpenVote:
    """A vote of a compound in which the person lives, or is an owner; raises NotFound for any other."""
    compounds = await list_compounds_of_person(session, person_id)
    compound = next((each for each in compounds if each.code == code), None)
    if compound is None:
        raise NotFound
    return await _open(session, compound, number)


async def access_public_vote(session: AsyncSession, compound: Compound | None, number: int) -> OpenVote:
    """A vote for its public evidence, which is anybody's; raises NotFound before its notice."""
    if compound is None:
        raise NotFound
    return await _open(session, compound, number)


async def _open(session: AsyncSession, compound: Compound, number: int) -> OpenVote:
    assert compound.compound_id is not None
    vote = await find_vote(session, compound.compound_id, number)
    if vote is None or vote.state not in PUBLIC_STATES:
        raise NotFound
    return OpenVote(compound, vote)


async def list_votes_for_resident(session: AsyncSession, person_id: int) -> list[OpenVote]:
    """The votes of all their compounds, the newest first."""
    compounds = {each.compound_id: each for each in await list_compounds_of_person(session, person_id)}
    known = {number: each for number, each in compounds.items() if number is not None}
    votes = await list_votes_in_states(session, known, PUBLIC_STATES, _SHOWN)
    return [OpenVote(known[vote.compound_id], vote) for vote in votes]


async def access_ballot_of(session: AsyncSession, person_id: int, opened: OpenVote, ballot_id: str) -> Ballot:
    """A ballot, for the person who cast it; raises NotFound for everybody else."""
    ballot = await find_ballot(session, *opened.key, ballot_id)
    if ballot is None or ballot.person_id != person_id:
        raise NotFound
    return ballot


async def list_standings(
    session: AsyncSession, sealer: Sealer, opened: OpenVote, person_id: int, now: datetime
) -> list[Standing]:
    """All that somebody may cast in a vote, as it is now. Reads only."""
    return [
        await _standing(session, sealer, opened, each, person_id, now)
        for each in await list_entitlements(session, opened.vote, person_id)
    ]


async def _standing(
    session: AsyncSession,
    sealer: Sealer,
    opened: OpenVote,
    entitlement: Entitlement,
    person_id: int,
    now: datetime,
) -> Standing:
    codes = [unit.unit_code for unit in entitlement.units]
    refused, would_contest = await foresee(session, sealer, opened.vote, entitlement, now)
    slots = await list_slots(session, *opened.key, codes)
    ballots: dict[str, Ballot | None] = {}
    for slot in slots.values():
        if slot.ballot_id and slot.ballot_id not in ballots:
            ballots[slot.ballot_id] = await find_ballot(session, *opened.key, slot.ballot_id)
    in_box = bool(await list_papers_in_the_box(session, *opened.key, [entitlement.owner_key]))
    units = []
    for unit in entitlement.units:
        held = Held(unit, in_box=in_box, refused=refused.get(unit.unit_code))
        there = slots.get(unit.unit_code)
        if there is not None:
            held = replace(held, contested=there.contested)
            ballot = ballots.get(there.ballot_id)
            if ballot is not None and not there.contested:
                held = replace(
                    held,
                    channel=ballot.channel,
                    cast_at=ballot.cast_at,
                    is_mine=ballot.person_id == person_id,
                )
        units.append(held)
    return Standing(entitlement, tuple(units), would_contest)
