"""Whether two numbers of persons are one human being, as far as it is known here: what takes two takes two people."""

import re
import unicodedata

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.people import list_identities
from storage.sealing import Sealer
from storage.tables import Person

_MOBILE = re.compile(r"(?:0{0,2}86)?(1[3-9][0-9]{9})")


def mobile_of(phone: str) -> str:
    """The digits of a mobile phone of the mainland, without its country; empty for any other: an office has one
    telephone and several people."""
    found = _MOBILE.fullmatch(re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", phone)))
    return found[1] if found else ""


async def mobile_of_person(session: AsyncSession, sealer: Sealer, person_id: int) -> str:
    """The mobile phone of somebody in office; empty when none is known."""
    person = await session.get(Person, person_id)
    if person is None or person.phone_sealed is None:
        return ""
    return mobile_of(sealer.open(person.phone_sealed, "persons.phone").decode())


async def is_one_human(session: AsyncSession, sealer: Sealer, one: int, other: int | None) -> bool:
    """Whether two different persons have one mobile phone, or one union id of the platform."""
    if other is None or one == other:
        return False
    mobile = await mobile_of_person(session, sealer, one)
    if mobile and mobile == await mobile_of_person(session, sealer, other):
        return True
    unions = [{each.union_id for each in await list_identities(session, who)} - {""} for who in (one, other)]
    return bool(unions[0] & unions[1])
