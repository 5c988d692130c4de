"""Visits to the units of a vote."""

from datetime import datetime

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import ContactState
from storage.tables import BallotSlot, CanvassContact, VoteUnit
from storage.upsert import insert_for


async def list_unvoted(
    session: AsyncSession, compound_id: int, vote_number: int
) -> list[tuple[VoteUnit, CanvassContact | None]]:
    """Units for which no ballot is there, with their last visit, by building, entrance and place in the roll."""
    has_voted = (
        select(BallotSlot.unit_code)
        .where(
            BallotSlot.compound_id == VoteUnit.compound_id,
            BallotSlot.vote_number == VoteUnit.vote_number,
            BallotSlot.unit_code == VoteUnit.unit_code,
            or_(col(BallotSlot.ballot_id) != "", col(BallotSlot.contested)),
        )
        .exists()
    )
    statement = (
        select(VoteUnit, CanvassContact)
        .outerjoin(
            CanvassContact,
            (col(CanvassContact.compound_id) == VoteUnit.compound_id)
            & (col(CanvassContact.vote_number) == VoteUnit.vote_number)
            & (col(CanvassContact.unit_code) == VoteUnit.unit_code),
        )
        .where(VoteUnit.compound_id == compound_id, VoteUnit.vote_number == vote_number, ~has_voted)
        .order_by(col(VoteUnit.building), col(VoteUnit.entrance), col(VoteUnit.position))
    )
    return list((await session.exec(statement)).all())


async def put_contact(
    session: AsyncSession,
    compound_id: int,
    vote_number: int,
    unit_code: str,
    state: ContactState,
    noted_by: int,
    now: datetime,
) -> None:
    """Keep what came of the last visit to a unit."""
    values = {"state": state, "noted_by": noted_by, "noted_at": now}
    await session.exec(
        insert_for(session, CanvassContact)
        .values(compound_id=compound_id, vote_number=vote_number, unit_code=unit_code, **values)
        .on_conflict_do_update(index_elements=["compound_id", "vote_number", "unit_code"], set_=values)
    )
