"""Use case: "不是我": an owner says that somebody else's binding to their unit is not theirs.

The binding stops at once, and its ballots in votes that are not published become cases: their owners are left out of
the sums until two deciders have ruled. Whether the binding holds again is for two operators (register.py). A binding
that has ended does not begin again, but who leaves after having voted leaves the ballots: these are contested alike.
"""

from collections.abc import Collection
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.identity.announce import Told, announce
from handlers.identity.bind import audit_binding
from handlers.identity.errors import Code, IdentityError
from handlers.roll.import_roll import LOCK
from handlers.voting.contested import contest_ballots, has_open_ballots
from storage.queries.bindings import (
    find_binding,
    list_bound_owners,
    list_ended_bindings,
    list_units_of_owners,
)
from storage.queries.opinions import lock_counter
from storage.states import BindingState
from storage.tables import Compound, OwnerBinding


async def contest_binding(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    binding_number: int,
    now: datetime,
    *,
    actor_id: int,
) -> OwnerBinding:
    """Contest a binding to an owner of a unit that one owns too, in the caller's transaction.

    Again, it changes nothing. Raises IdentityError: UNKNOWN_BINDING also for one that is none of their business.
    """
    compound_id = compound.compound_id
    assert compound_id is not None
    await lock_counter(session, compound_id, LOCK)
    binding = await find_binding(session, compound_id, binding_number)
    if binding is None or binding.person_id == actor_id:
        raise IdentityError(Code.UNKNOWN_BINDING)
    if binding.ended_at is not None and binding.bound_at is None:
        raise IdentityError(Code.UNKNOWN_BINDING)
    own = await list_bound_owners(session, compound_id, actor_id)
    units = await list_units_of_owners(session, compound_id, {*own, binding.owner_number})
    mine = {unit.unit_code for number in own for unit in units.get(number, ())}
    if not mine & {unit.unit_code for unit in units.get(binding.owner_number, ())}:
        raise IdentityError(Code.UNKNOWN_BINDING)
    if binding.state is BindingState.CONTESTED or is_contested_since(binding):
        return binding
    if binding.ended_at is None:
        binding.state = BindingState.CONTESTED
    binding.contested_by, binding.contested_at = actor_id, now
    session.add(binding)
    await session.flush()
    ballots = await contest_ballots(session, compound_id, binding.person_id, binding.owner_number, now)
    audit_binding(session, binding, "binding.contested", now, actor_id, ballots=ballots)
    key = f"{binding_number}:contested:{int(now.timestamp())}"
    told = Told.CONTESTED if binding.ended_at is None else Told.CONTESTED_LATE
    await announce(
        session, services, compound, binding.owner_number, key, told, now, also=[binding.person_id]
    )
    return binding


def is_contested_since(binding: OwnerBinding) -> bool:
    """Whether somebody contested a binding after it had ended."""
    return (
        binding.ended_at is not None
        and binding.contested_at is not None
        and binding.contested_at >= binding.ended_at
    )


async def list_ended(
    session: AsyncSession, compound_id: int, owner_numbers: Collection[int]
) -> list[OwnerBinding]:
    """Bindings to some owners that counted once, have ended, and were not contested since; with ballots or without,
    so that whoever looks does not learn who has voted."""
    ended = await list_ended_bindings(session, compound_id, owner_numbers)
    return [binding for binding in ended if not is_contested_since(binding)]


async def list_left_behind(
    session: AsyncSession, compound_id: int, owner_numbers: Collection[int]
) -> list[OwnerBinding]:
    """Those of them whose ballots may still be contested; for the owners, who are told of each ballot."""
    return [
        binding
        for binding in await list_ended(session, compound_id, owner_numbers)
        if await has_open_ballots(session, compound_id, binding.person_id, binding.owner_number)
    ]
