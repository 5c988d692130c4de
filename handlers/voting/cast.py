"""Use case: cast a ballot. One transaction: the ballot, its slots, its leaf in the log.

The slots show at once what the tally will count, because both ask `judge`. What is refused here for being a second
ballot is kept in the record; what is not of this vote, or not in its window, is not a ballot at all.
"""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.identity.sold import list_sold
from handlers.voting.announced import announced_of, facts_of, question_of, rules_of, unit_of
from handlers.voting.judge import Judged, judge
from handlers.voting.log import write_leaf
from handlers.voting.marks import ballot_content, check_marks, commitment, marks_bytes, read_marks
from handlers.voting.outreach import drop_reminders
from handlers.voting.rules import in_window
from handlers.voting.signing import to_the_millisecond, utc_text
from handlers.voting.terms import Ballot as Cast
from handlers.voting.terms import CaseKind, Choice, Rejection
from storage.queries.ballots import (
    find_ballot_by_key,
    list_ballots_touching,
    list_owners_by_proxy,
    list_papers_in_the_box,
    list_proxies,
    lock_slots,
)
from storage.queries.opinions import next_number
from storage.queries.vote_log import lock_vote, share_vote
from storage.queries.vote_reach import list_persons_of_owner_key
from storage.queries.votes import list_questions, list_vote_units, list_vote_units_coded
from storage.sealing import Sealer
from storage.states import BallotChannel, CaseState, VoteMode, VoteState
from storage.tables import Ballot, BallotSlot, BallotUnit, UnannouncedBallot, Vote, VoteCase, VoteUnit
from storage.upsert import insert_ignore

MARKS_CONTEXT = "ballots.choices"
NONCE_CONTEXT = "ballots.nonce"
NONCE_BYTES = 32
_IN_THE_BOX = "paper:"  # and its serial: what holds a slot until it is keyed in
MOST_BALLOTS = 20  # of one owner in one vote: more than that is no longer somebody voting


class Code(StrEnum):
    """Why there is no ballot; stable, for pages and scripts."""

    NO_VOTE = "vote.not_found"
    ELSEWHERE = "vote.official_platform_only"
    CLOSED = "vote.closed"
    REVOKED = "vote.revoked"
    NOT_OPEN = "vote.not_open"
    NOT_ELIGIBLE = "vote.not_eligible"
    TOO_MANY = "vote.too_many_ballots"
    SLOT_TAKEN = "vote.slot_taken"


class NoBallot(Exception):  # noqa: N818  an answer, not an error
    """Nothing was recorded. `code` is stable."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Order:
    """A ballot that somebody wants to cast.

    cast_key: made with the form, so that a double tap is one ballot. cast_at: when it arrived; for paper when it was
    received. registered_at: when a paper's serial was scanned, which holds its place; None: now. voter, proxy: see
    storage.tables.Ballot. units: codes of those it covers, where others of the owner's were sold; None: all of them.
    """

    compound_id: int
    vote_number: int
    owner_key: str
    marks: Mapping[str, Choice]
    channel: BallotChannel
    cast_key: str
    cast_at: datetime
    voter: str | None = None
    person_id: int | None = None
    proxy: str | None = None
    serial: str | None = None
    registered_at: datetime | None = None
    units: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A ballot in the record.

    rejected: why it does not count, by unit; empty when it counts for all its units. contested: a case was made of
    it. repeated: the same form came before, and this is what it was answered.
    """

    ballot: Ballot
    units: tuple[VoteUnit, ...]
    rejected: Mapping[str, Rejection]
    contested: bool = False
    repeated: bool = False


async def cast_ballot(session: AsyncSession, sealer: Sealer, order: Order, now: datetime) -> Recorded:
    """Record a ballot in the caller's transaction; raises NoBallot, and MarkError for marks the paper does not have.

    It is durable, and may be called recorded, when the transaction has committed.
    """
    order = replace(order, cast_at=to_the_millisecond(order.cast_at))
    # What a proxy holds is counted over many slots.
    hold = lock_vote if order.proxy is not None else share_vote
    vote = await hold(session, order.compound_id, order.vote_number)
    if vote is None:
        raise NoBallot(Code.NO_VOTE)
    if vote.mode is VoteMode.OFFICIAL_PLATFORM:
        raise NoBallot(Code.ELSEWHERE)
    owned = await list_vote_units(session, order.compound_id, order.vote_number, [order.owner_key])
    units = [unit for unit in owned if order.units is None or unit.unit_code in order.units]
    if not units:
        raise NoBallot(Code.NOT_ELIGIBLE)
    covered = codes_of(units)
    together = await stand_together(session, vote, owned, order.proxy)
    slots = await lock_slots(session, order.compound_id, order.vote_number, codes_of(together))
    record = await load_record(session, sealer, vote, together, order.serial)
    ballot = await find_ballot_by_key(session, order.compound_id, order.vote_number, order.cast_key)
    if ballot is not None:
        if ballot.owner_key != order.owner_key:
            raise NoBallot(Code.NOT_ELIGIBLE)
        return _recorded(ballot, units, await judge_record(session, vote, record), repeated=True)
    if vote.state is VoteState.REVOKED:
        raise NoBallot(Code.REVOKED)
    facts = facts_of(vote)
    if not in_window(facts, order.cast_at):
        early = facts.opens_at is None or order.cast_at < facts.opens_at
        raise NoBallot(Code.NOT_OPEN if early else Code.CLOSED)
    if order.channel is BallotChannel.ONLINE and _cast_online(record, covered, order.voter) >= MOST_BALLOTS:
        raise NoBallot(Code.TOO_MANY)
    questions = [
        question_of(row) for row in await list_questions(session, order.compound_id, order.vote_number)
    ]
    marks = check_marks(
        questions,
        order.marks,
        on_paper=order.channel is BallotChannel.PAPER,
        may_follow=announced_of(vote).deemed_follow,
    )
    ballot = await write_ballot(session, sealer, order, covered, marks, place_of(order, record, now), now)
    judged = await judge_record(session, vote, [*record, *(_cast(ballot, code, marks) for code in covered)])
    _fill(slots, judged)
    await _drop_reminders(session, vote, order.owner_key, now)
    recorded = _recorded(ballot, units, judged)
    if recorded.contested:
        await open_case(session, order, CaseKind.CO_OWNER_CONFLICT, order.owner_key, now)
    return recorded


async def refill_slots(
    session: AsyncSession, sealer: Sealer, vote: Vote, units: Sequence[VoteUnit], now: datetime
) -> None:
    """Judge the ballots for some units again, after a paper came into the box or is void.

    units: all that their owners have. Nobody whose paper is in the box is reminded.
    """
    together = await stand_together(session, vote, units)
    slots = await lock_slots(session, vote.compound_id, vote.vote_number, codes_of(together))
    _fill(slots, await judge_record(session, vote, await load_record(session, sealer, vote, together)))
    for owner_key in sorted({unit.owner_key for unit in together}):
        await _drop_reminders(session, vote, owner_key, now)


async def stand_together(
    session: AsyncSession, vote: Vote, units: Sequence[VoteUnit], proxy: str | None = None
) -> Sequence[VoteUnit]:
    """These units, and all of which it hangs together what counts: a cap joins everybody whom a proxy acts for.

    units: all that their owners have. proxy: who is about to act for them, too. As long as the vote is shared nobody
    joins, since a ballot by a proxy holds it.
    """
    if rules_of(vote).proxy_cap is None:
        return units
    key = (vote.compound_id, vote.vote_number)
    own = {unit.owner_key for unit in units}
    owners, proxies = set(own), {proxy} if proxy is not None else set()
    known: set[str] = set()
    while proxies := proxies | await list_proxies(session, *key, owners):
        if proxies == known:
            break
        owners |= await list_owners_by_proxy(session, *key, proxies)
        known = proxies
    return units if owners == own else await list_vote_units(session, *key, owners)


def codes_of(units: Iterable[VoteUnit]) -> list[str]:
    """The codes of units."""
    return [unit.unit_code for unit in units]


async def last_place(
    session: AsyncSession, sealer: Sealer, vote: Vote, units: Sequence[VoteUnit]
) -> datetime | None:
    """When the newest ballot of an owner took its place, papers in the box included; None without one."""
    record = await load_record(session, sealer, vote, units)
    return max((each.recorded_at for each in record if each.recorded_at is not None), default=None)


async def load_record(
    session: AsyncSession, sealer: Sealer, vote: Vote, units: Sequence[VoteUnit], serial: str | None = None
) -> list[Cast]:
    """What came for these units before; a paper in the box holds its place.

    units: all that their owners have. serial: of the paper that is becoming a ballot now.
    """
    key = (vote.compound_id, vote.vote_number)
    codes: dict[str, list[str]] = {}
    for unit in units:
        codes.setdefault(unit.owner_key, []).append(unit.unit_code)
    found = await list_ballots_touching(session, *key, codes_of(units))
    record = [as_cast(sealer, ballot, unit_code) for ballot, unit_code in found]
    papers = await list_papers_in_the_box(session, *key, codes)
    sold = await list_sold(session, vote, {paper.owner_key for paper in papers})
    for paper in papers:
        if paper.serial != serial:
            record += [
                Cast(
                    unit_id=code,
                    choices={},
                    channel=paper.channel,
                    cast_at=paper.received_at,
                    recorded_at=paper.registered_at,
                    ballot_id=f"{_IN_THE_BOX}{paper.serial}",
                )
                for code in codes[paper.owner_key]
                if not (code in sold and paper.received_at is not None and sold[code] <= paper.received_at)
            ]
    return record


def as_cast(sealer: Sealer, ballot: Ballot, unit_code: str, contested: Collection[str] = ()) -> Cast:
    """A stored ballot as the tally knows it, for one of its units. contested: numbers of ballots that are."""
    cast = _cast(ballot, unit_code, read_marks(sealer.open(ballot.choices_sealed, MARKS_CONTEXT)))
    return cast._replace(contested=ballot.ballot_id in contested)


def _cast(ballot: Ballot, unit_code: str, marks: Mapping[str, Choice]) -> Cast:
    return Cast(
        unit_id=unit_code,
        choices=marks,
        channel=ballot.channel,
        cast_at=ballot.cast_at,
        by=ballot.voter,
        proxy=ballot.proxy,
        recorded_at=ballot.recorded_at,
        ballot_id=ballot.ballot_id,
    )


async def judge_record(session: AsyncSession, vote: Vote, record: Sequence[Cast]) -> Judged:
    """Which of these ballots count, and why others do not; those of one moment in the order that the count takes."""
    codes = {each.unit_id for each in record}
    rows = await list_vote_units_coded(session, vote.compound_id, vote.vote_number, codes)
    roll = {row.unit_code: unit_of(row) for row in rows}
    return judge(rules_of(vote), roll, sorted(record, key=lambda each: (each.ballot_id, each.unit_id)))


def place_of(order: Order, record: Iterable[Cast], now: datetime) -> datetime:
    """When a ballot takes its place: after all that are there, whoever arrived first and waited longer.

    So nobody who was told that their ballot counts loses the slot to one that was on its way at the same time.
    """
    if order.registered_at is not None:
        return to_the_millisecond(order.registered_at)
    taken = [each.recorded_at for each in record if each.recorded_at is not None]
    return max([to_the_millisecond(now), *(at + timedelta(milliseconds=1) for at in taken)])


async def write_ballot(
    session: AsyncSession,
    sealer: Sealer,
    order: Order,
    codes: Sequence[str],
    marks: Mapping[str, Choice],
    recorded_at: datetime,
    now: datetime,
) -> Ballot:
    """The ballot with its leaf. The log learns its number, its way and a commitment: not who, not what."""
    ballot_id, nonce = secrets.token_hex(16), secrets.token_bytes(NONCE_BYTES)
    content = ballot_content(
        codes, order.owner_key, order.voter, order.proxy, marks, order.cast_at, recorded_at
    )
    entered_at = to_the_millisecond(now)
    body: dict[str, str | None] = {
        "ballot": ballot_id,
        "channel": order.channel.value,
        "commitment": commitment(nonce, content),
    }
    if order.channel is not BallotChannel.ONLINE:
        body |= {"received": utc_text(order.cast_at), "serial": order.serial}
    leaf = write_leaf(session, order.compound_id, order.vote_number, "ballot", body, entered_at)
    ballot = Ballot(
        compound_id=order.compound_id,
        vote_number=order.vote_number,
        ballot_id=ballot_id,
        cast_key=order.cast_key,
        channel=order.channel,
        cast_at=order.cast_at,
        recorded_at=recorded_at,
        entered_at=entered_at,
        owner_key=order.owner_key,
        voter=order.voter,
        person_id=order.person_id,
        proxy=order.proxy,
        serial=order.serial,
        choices_sealed=sealer.seal(marks_bytes(marks), MARKS_CONTEXT),
        nonce_sealed=sealer.seal(nonce, NONCE_CONTEXT),
        leaf_hash=leaf.leaf_hash,
    )
    session.add(ballot)
    await session.flush()  # its units refer to it
    session.add(
        UnannouncedBallot(compound_id=order.compound_id, vote_number=order.vote_number, ballot_id=ballot_id)
    )
    session.add_all(
        BallotUnit(
            compound_id=order.compound_id, vote_number=order.vote_number, ballot_id=ballot_id, unit_code=code
        )
        for code in codes
    )
    return ballot


async def open_case(session: AsyncSession, order: Order, kind: CaseKind, subject: str, now: datetime) -> None:
    """Make a case of a ballot, once for each kind and subject."""
    await make_case(session, order, kind, subject, order.owner_key, now)


async def make_case(
    session: AsyncSession,
    of: Order | Vote,
    kind: CaseKind,
    subject: str,
    owner_key: str,
    now: datetime,
    told: Mapping[str, str] | None = None,
) -> bool:
    """Make a case about an owner, once for each kind and subject; returns whether it is new.

    told: what the log says of it besides the kind.
    """
    added = await insert_ignore(
        session,
        VoteCase,
        {
            "compound_id": of.compound_id,
            "vote_number": of.vote_number,
            "case_number": await next_number(session, of.compound_id, f"case-{of.vote_number}"),
            "kind": kind,
            "subject": subject,
            "person": owner_key,
            "state": CaseState.OPEN,
            "opened_at": now,
        },
    )
    if added:
        at = to_the_millisecond(now)
        write_leaf(session, of.compound_id, of.vote_number, "case", {"case": kind.value, **(told or {})}, at)
    return added


def _cast_online(record: Iterable[Cast], codes: Collection[str], voter: str | None) -> int:
    """How many ballots one voter cast for these units. Another's are not theirs: a co-owner keeps nobody out."""
    mine = (each for each in record if each.unit_id in codes and each.by == voter)
    return len({each.ballot_id for each in mine if each.channel == BallotChannel.ONLINE})


def _fill(slots: Mapping[str, BallotSlot], judged: Judged) -> None:
    """Write down which ballot of each unit counts now."""
    for code, slot in slots.items():
        slot.contested = code in judged.contested
        held = judged.slots.get(code)
        if held is None:
            if not slot.contested:
                slot.ballot_id = ""
        elif held.ballot_id != slot.ballot_id:
            slot.changes += bool(slot.ballot_id) and not slot.ballot_id.startswith(_IN_THE_BOX)
            slot.ballot_id, slot.channel = held.ballot_id, BallotChannel(held.channel)


async def _drop_reminders(session: AsyncSession, vote: Vote, owner_key: str, now: datetime) -> None:
    """Nobody who has voted is reminded."""
    await session.flush()
    persons = await list_persons_of_owner_key(session, vote.compound_id, vote.vote_number, owner_key)
    await drop_reminders(session, vote.compound_id, vote.vote_number, persons, now)


def _recorded(
    ballot: Ballot, units: Sequence[VoteUnit], judged: Judged, *, repeated: bool = False
) -> Recorded:
    rejected = {
        each.unit_id: reason for each, reason in judged.rejected if each.ballot_id == ballot.ballot_id
    }
    contested = any(
        each.ballot_id == ballot.ballot_id for all_of in judged.contested.values() for each in all_of
    )
    return Recorded(ballot, tuple(units), rejected, contested, repeated)
