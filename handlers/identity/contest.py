"""Use case: "不是我": an owner says that somebody else's binding to their unit is not theirs.

The binding stops at once, and its ballots in votes that are not published become cases: their owners are left out of
the sums until two deciders have ruled. Whether the binding holds again is for two operators (register.py).
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.identity.announce import Told, announce
from handlers.identity.bind import audit_binding
from handlers.identity.errors import Code, IdentityError
from handlers.roll.import_roll import LOCK
from handlers.voting.contested import contest_ballots
from storage.queries.bindings import find_binding, list_bound_owners, list_units_of_owners
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
    if binding is None or binding.ended_at is not None or binding.person_id == actor_id:
        raise IdentityError(Code.UNKNOWN_BINDING)
    own = await list_bound_owners(session, compound_id, actor_id)
    units = await list_units_of_owners(session, compound_id, {*own, binding.owner_number})
    mine = {unit.unit_code for number in own for unit in units.get(number, ())}
    if not mine & {unit.unit_code for unit in units.get(binding.owner_number, ())}:
        raise IdentityError(Code.UNKNOWN_BINDING)
    if binding.state is BindingState.CONTESTED:
        return binding
    was_bound = binding.state is BindingState.BOUND
    binding.state, binding.contested_by, binding.contested_at = BindingState.CONTESTED, actor_id, now
    session.add(binding)
    await session.flush()
    ballots = 0
    if was_bound:
        ballots = await contest_ballots(session, compound_id, binding.person_id, binding.owner_number, now)
    audit_binding(session, binding, "binding.contested", now, actor_id, ballots=ballots)
    key = f"{binding_number}:contested:{int(now.timestamp())}"
    await announce(
        session, services, compound, binding.owner_number, key, Told.CONTESTED, now, also=[binding.person_id]
    )
    return binding
