"""What becomes of a ballot that is there, or would be cast now: asked of the judge that also counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.identity.entitled import Entitlement
from handlers.voting.cast import Order, judge_record, load_record, place_of, stand_together
from handlers.voting.judge import Judged
from handlers.voting.terms import Ballot as Cast
from handlers.voting.terms import Rejection
from storage.queries.votes import list_cases_about, list_vote_units
from storage.sealing import Sealer
from storage.states import BallotChannel, CaseState
from storage.tables import Ballot, Vote

_TRIAL = "trial"  # a ballot that nobody cast


@dataclass(frozen=True, slots=True)
class Fate:
    """counts: units for which it counts now. rejected: why it does not, by unit. replaced: units for which a later
    ballot took its place. contested: it contradicts a co-owner's, and two deciders have to rule. disputed: they have to
    rule about its owner for another reason. ruled: they have.
    """

    counts: tuple[str, ...]
    rejected: Mapping[str, Rejection]
    replaced: tuple[str, ...]
    contested: bool
    disputed: bool = False
    ruled: bool = False


async def fate_of(
    session: AsyncSession, sealer: Sealer, vote: Vote, ballot: Ballot, codes: Sequence[str]
) -> Fate:
    """What has become of a recorded ballot for its units, as of now."""
    units = await list_vote_units(session, vote.compound_id, vote.vote_number, [ballot.owner_key])
    together = await stand_together(session, vote, units, ballot.proxy)
    record = await load_record(session, sealer, vote, together, ballot.serial)
    judged = await judge_record(session, vote, record)
    rejected, contested = _of(judged, ballot.ballot_id)
    cases = await list_cases_about(session, vote.compound_id, vote.vote_number, ballot.owner_key)
    ruled = bool(cases) and all(case.state is CaseState.RULED for case in cases)
    contested = contested and not ruled
    disputed = bool(cases) and not ruled and not contested
    held = [code for code in codes if _holder(judged, code) == ballot.ballot_id]
    gone = [code for code in codes if code not in held and code not in rejected and not (contested or ruled)]
    return Fate(tuple(held), rejected, tuple(gone), contested, disputed, ruled)


async def foresee(
    session: AsyncSession, sealer: Sealer, vote: Vote, entitlement: Entitlement, now: datetime
) -> tuple[Mapping[str, Rejection], bool]:
    """Why a ballot that is cast now would not count, by unit; and whether it would make a case."""
    order = order_of(vote, entitlement, now)
    codes = [unit.unit_code for unit in entitlement.units]
    together = await stand_together(session, vote, entitlement.units, order.proxy)
    record = await load_record(session, sealer, vote, together)
    place = place_of(order, record, now)
    trial = [
        Cast(
            unit_id=code,
            choices={},
            channel=order.channel,
            cast_at=order.cast_at,
            by=order.voter,
            proxy=order.proxy,
            recorded_at=place,
            ballot_id=_TRIAL,
        )
        for code in codes
    ]
    return _of(await judge_record(session, vote, [*record, *trial]), _TRIAL)


def order_of(vote: Vote, entitlement: Entitlement, now: datetime) -> Order:
    """A ballot of this entitlement without marks, as if the window were open: whether it is, is said elsewhere."""
    at = now
    if vote.opens_at is not None and vote.closes_at is not None:
        at = min(max(now, vote.opens_at), vote.closes_at)
    return Order(
        compound_id=vote.compound_id,
        vote_number=vote.vote_number,
        owner_key=entitlement.owner_key,
        marks={},
        channel=BallotChannel.ONLINE,
        cast_key="",
        cast_at=at,
        voter=entitlement.voter,
        proxy=entitlement.proxy,
        units=frozenset(unit.unit_code for unit in entitlement.units),
    )


def _of(judged: Judged, ballot_id: str) -> tuple[dict[str, Rejection], bool]:
    rejected = {each.unit_id: reason for each, reason in judged.rejected if each.ballot_id == ballot_id}
    contested = any(each.ballot_id == ballot_id for all_of in judged.contested.values() for each in all_of)
    return rejected, contested


def _holder(judged: Judged, code: str) -> str | None:
    held = judged.slots.get(code)
    return held.ballot_id if held is not None else None
