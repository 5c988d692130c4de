"""People in office: known by name and phone together, because an office has one telephone and several people."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.people import list_persons_by_phone
from storage.sealing import Sealer
from storage.tables import Person


async def get_or_add_person(
    session: AsyncSession, sealer: Sealer, name: str, phone: str, now: datetime
) -> int:
    """The person with this name and phone, made when there is none; returns their id."""
    lookup = sealer.lookup(phone.encode(), "persons.phone")
    for person in await list_persons_by_phone(session, lookup):
        known = sealer.open(person.name_sealed, "persons.name") if person.name_sealed else b""
        if known.decode() == name and person.person_id is not None:
            return person.person_id
    person = Person(
        created_at=now,
        phone_lookup=lookup,
        name_sealed=sealer.seal(name.encode(), "persons.name"),
        phone_sealed=sealer.seal(phone.encode(), "persons.phone"),
    )
    session.add(person)
    await session.flush()
    assert person.person_id is not None
    return person.person_id
