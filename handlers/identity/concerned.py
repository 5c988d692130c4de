"""Whom a decision of operators concerns: those do not make it, whichever of their accounts they use."""

from collections.abc import Collection

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.identity.mandates import holder_of
from handlers.people.same import is_one_human, mobile_of, mobile_of_person
from handlers.roll.sealed import PHONE
from storage.queries.bindings import (
    find_binding,
    find_owner,
    list_owners_of_unit,
    list_persons_bound_to,
    list_units_of_owners,
)
from storage.sealing import Sealer
from storage.tables import OwnerBinding, OwnerRegistration


async def is_concerned_by_binding(
    session: AsyncSession, sealer: Sealer, binding: OwnerBinding, actor_id: int
) -> bool:
    """Whether an operator is who has a binding, whom it is said to be, or who contested it."""
    persons = {binding.person_id, binding.contested_by}
    owners = [binding.owner_number]
    return await _is_one_of(session, sealer, binding.compound_id, actor_id, persons, owners)


async def is_concerned(
    session: AsyncSession, sealer: Sealer, registration: OwnerRegistration, actor_id: int
) -> bool:
    """Whether a registration gives or takes something from an operator, or is about units that they own."""
    compound_id, number = registration.compound_id, registration.owner_number
    if registration.binding_number is not None:
        binding = await find_binding(session, compound_id, registration.binding_number)
        return binding is not None and await is_concerned_by_binding(session, sealer, binding, actor_id)
    owners, codes = [number], [registration.unit_code]
    if registration.unit_code:
        there = await list_owners_of_unit(session, compound_id, registration.unit_code)
        owners = [owner.owner_number for _title, owner in there]
    else:
        units = await list_units_of_owners(session, compound_id, [number])
        codes = [unit.unit_code for unit in units.get(number, ())]
    bound = await list_persons_bound_to(session, compound_id, codes)
    _name, phone = holder_of(sealer, registration)
    persons = {registration.holder_id, *bound}
    return await _is_one_of(session, sealer, compound_id, actor_id, persons, owners, phone)


async def _is_one_of(
    session: AsyncSession,
    sealer: Sealer,
    compound_id: int,
    actor_id: int,
    persons: Collection[int | None],
    owner_numbers: Collection[int],
    phone: str = "",
) -> bool:
    """Whether somebody is one of these persons, one of these owners by the roll's phone, or has this phone."""
    if actor_id in persons:
        return True
    mobile = await mobile_of_person(session, sealer, actor_id)
    if mobile and mobile == mobile_of(phone):
        return True
    for number in owner_numbers if mobile else ():
        owner = await find_owner(session, compound_id, number)
        sealed = owner.phone_sealed if owner is not None else None
        if sealed is not None and mobile == mobile_of(sealer.open(sealed, PHONE).decode()):
            return True
    for person_id in persons:
        if await is_one_human(session, sealer, actor_id, person_id):
            return True
    return False
