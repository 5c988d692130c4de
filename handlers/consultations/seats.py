"""Use cases: a resident comes to the meeting, or does not after all."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.access import NotFound
from handlers.consultations.outcomes import Code, Refused
from handlers.consultations.rules import is_signing_up
from handlers.consultations.state import facts_of
from storage.queries.consultations import (
    count_seats,
    find_consultation,
    find_seat,
    leave_seat,
    lock_consultation,
    take_seat,
)
from storage.queries.polls import list_homes_in
from storage.queries.tree import find_compound
from storage.sealing import Sealer
from storage.tables import Compound, Consultation, ConsultationSeat

NAME = "consultation_seats.name"  # the sealing context
NAME_LENGTH = 20


async def access_consultation(
    session: AsyncSession, person_id: int, code: str, month: str
) -> tuple[Compound, Consultation]:
    """A month of a compound where somebody lives or owns, once people were told of it; raises NotFound."""
    compound = await access_home(session, person_id, code)
    assert compound.compound_id is not None
    row = await find_consultation(session, compound.compound_id, month)
    if row is None or (row.noticed_at is None and not row.moved):
        raise NotFound
    return compound, row


async def access_home(session: AsyncSession, person_id: int, code: str) -> Compound:
    """A compound where somebody lives or owns; raises NotFound for any other."""
    compound = await find_compound(session, code)
    if compound is None or compound.compound_id not in await list_homes_in(session, person_id):
        raise NotFound
    return compound


async def sign_up(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    month: str,
    person_id: int,
    name: str,
    now: datetime,
) -> None:
    """Somebody comes. name: what the minutes may call them, "" for nothing. Raises Refused.

    Again, it changes nothing but the name, and that only for another one.
    """
    row = await lock_consultation(session, compound_id, month)
    if row is None or not is_signing_up(facts_of(row), now):
        raise Refused(Code.CLOSED)
    is_new = await find_seat(session, compound_id, month, person_id) is None
    if row.seats is not None and is_new and await count_seats(session, compound_id, month) >= row.seats:
        raise Refused(Code.FULL)
    name = " ".join(name.split())[:NAME_LENGTH]
    if not is_new and not name:
        return  # they come already, under the name they gave
    seat = ConsultationSeat(
        compound_id=compound_id,
        month=month,
        person_id=person_id,
        signed_at=now,
        name_sealed=sealer.seal(name.encode(), NAME) if name else None,
    )
    await take_seat(session, seat)


async def leave(session: AsyncSession, compound_id: int, month: str, person_id: int, now: datetime) -> bool:
    """Somebody does not come; False when they had not said so. Raises Refused when it is too late to count."""
    row = await lock_consultation(session, compound_id, month)
    if row is None or row.recorded_at is not None:
        raise Refused(Code.CLOSED)
    return await leave_seat(session, compound_id, month, person_id)


def name_of(sealer: Sealer, seat: ConsultationSeat) -> str:
    """What the minutes may call somebody; "" for nothing."""
    return sealer.open(seat.name_sealed, NAME).decode() if seat.name_sealed else ""
