"""Ballots of a vote, and the slots they fill."""

from collections.abc import Collection, Iterable

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import BallotChannel, PaperState
from storage.tables import Ballot, BallotPaper, BallotSlot, BallotUnit, RollTitle, VoteOwner
from storage.upsert import insert_ignore


async def find_ballot_by_key(
    session: AsyncSession, compound_id: int, vote_number: int, cast_key: str
) -> Ballot | None:
    """The ballot that was cast with this idempotency key."""
    statement = select(Ballot).where(
        Ballot.compound_id == compound_id, Ballot.vote_number == vote_number, Ballot.cast_key == cast_key
    )
    return (await session.exec(statement)).one_or_none()


async def lock_slots(
    session: AsyncSession, compound_id: int, vote_number: int, unit_codes: Iterable[str]
) -> dict[str, BallotSlot]:
    """The slots of units, made where there were none, locked until the transaction ends.

    Taken in the order of their codes, so that two who want the same ones do not wait for each other.
    """
    codes = sorted(unit_codes)
    for code in codes:
        values = {"compound_id": compound_id, "vote_number": vote_number, "unit_code": code, "ballot_id": ""}
        await insert_ignore(
            session, BallotSlot, {**values, "channel": BallotChannel.ONLINE, "changes": 0, "contested": False}
        )
    statement = (
        select(BallotSlot)
        .where(
            BallotSlot.compound_id == compound_id,
            BallotSlot.vote_number == vote_number,
            col(BallotSlot.unit_code).in_(codes),
        )
        .order_by(col(BallotSlot.unit_code))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {slot.unit_code: slot for slot in await session.exec(statement)}


async def list_ballots_touching(
    session: AsyncSession, compound_id: int, vote_number: int, unit_codes: Collection[str]
) -> list[tuple[Ballot, str]]:
    """(ballot, unit) of every ballot for one of the units."""
    return await _ballots(session, compound_id, vote_number, col(BallotUnit.unit_code).in_(unit_codes))


async def list_proxies(
    session: AsyncSession, compound_id: int, vote_number: int, owner_keys: Collection[str]
) -> set[str]:
    """The marks of proxies who cast a ballot for any of these owners."""
    statement = select(Ballot.proxy).where(
        Ballot.compound_id == compound_id,
        Ballot.vote_number == vote_number,
        col(Ballot.owner_key).in_(owner_keys),
        col(Ballot.proxy).is_not(None),
    )
    return {proxy for proxy in await session.exec(statement) if proxy is not None}


async def list_owners_by_proxy(
    session: AsyncSession, compound_id: int, vote_number: int, proxies: Collection[str]
) -> set[str]:
    """The keys of owners for whom any of these proxies cast a ballot."""
    statement = select(Ballot.owner_key).where(
        Ballot.compound_id == compound_id,
        Ballot.vote_number == vote_number,
        col(Ballot.proxy).in_(proxies),
    )
    return set(await session.exec(statement))


async def list_ballots(session: AsyncSession, compound_id: int, vote_number: int) -> list[tuple[Ballot, str]]:
    """(ballot, unit) of every ballot of a vote."""
    return await _ballots(session, compound_id, vote_number)


async def list_votes_cast_in(session: AsyncSession, compound_id: int, person_id: int) -> list[int]:
    """Numbers of the votes in which an identity cast a ballot."""
    statement = select(Ballot.vote_number).where(
        Ballot.compound_id == compound_id, Ballot.person_id == person_id
    )
    return sorted(set(await session.exec(statement)))


async def list_ballots_of_person(
    session: AsyncSession, compound_id: int, vote_number: int, person_id: int, owner_number: int
) -> list[Ballot]:
    """The ballots that an identity cast for an owner, alone or with others, and that hold the place of a unit.

    Also those for what the owner bought: of the seller's key, for units that the owner has a title to.
    """
    of_vote = (col(Ballot.compound_id) == compound_id, col(Ballot.vote_number) == vote_number)
    keys = select(VoteOwner.owner_key).where(
        VoteOwner.compound_id == compound_id,
        VoteOwner.vote_number == vote_number,
        VoteOwner.owner_number == owner_number,
    )
    placed = (
        select(BallotUnit.ballot_id)
        .join(
            BallotSlot,
            (col(BallotSlot.compound_id) == BallotUnit.compound_id)
            & (col(BallotSlot.vote_number) == BallotUnit.vote_number)
            & (col(BallotSlot.unit_code) == BallotUnit.unit_code),
        )
        .where(
            BallotUnit.compound_id == compound_id,
            BallotUnit.vote_number == vote_number,
            or_(col(BallotSlot.ballot_id) == BallotUnit.ballot_id, col(BallotSlot.contested)),
        )
    )
    bought = (
        select(BallotUnit.ballot_id)
        .join(
            RollTitle,
            (col(RollTitle.compound_id) == BallotUnit.compound_id)
            & (col(RollTitle.unit_code) == BallotUnit.unit_code),
        )
        .where(
            BallotUnit.compound_id == compound_id,
            BallotUnit.vote_number == vote_number,
            RollTitle.owner_number == owner_number,
        )
    )
    as_buyer = col(Ballot.voter).is_(None) & col(Ballot.proxy).is_(None) & col(Ballot.ballot_id).in_(bought)
    statement = (
        select(Ballot)
        .where(
            *of_vote,
            Ballot.person_id == person_id,
            or_(col(Ballot.owner_key).in_(keys), as_buyer),
            col(Ballot.ballot_id).in_(placed),
        )
        .order_by(col(Ballot.recorded_at), col(Ballot.ballot_id))
    )
    return list(await session.exec(statement))


async def _ballots(
    session: AsyncSession, compound_id: int, vote_number: int, *wanted: object
) -> list[tuple[Ballot, str]]:
    statement = (
        select(Ballot, BallotUnit.unit_code)
        .join(
            BallotUnit,
            (col(BallotUnit.compound_id) == Ballot.compound_id)
            & (col(BallotUnit.vote_number) == Ballot.vote_number)
            & (col(BallotUnit.ballot_id) == Ballot.ballot_id),
        )
        .where(Ballot.compound_id == compound_id, Ballot.vote_number == vote_number, *wanted)  # type: ignore[arg-type]
        .order_by(col(Ballot.recorded_at), col(Ballot.ballot_id), col(BallotUnit.unit_code))
    )
    return list(await session.exec(statement))


async def list_papers_in_the_box(
    session: AsyncSession, compound_id: int, vote_number: int, owner_keys: Collection[str]
) -> list[BallotPaper]:
    """Papers of these owners that were received and are not ballots yet."""
    statement = select(BallotPaper).where(
        BallotPaper.compound_id == compound_id,
        BallotPaper.vote_number == vote_number,
        col(BallotPaper.owner_key).in_(owner_keys),
        col(BallotPaper.state).in_((PaperState.RECEIVED, PaperState.ENTERED, PaperState.MISMATCHED)),
    )
    return list(await session.exec(statement))
