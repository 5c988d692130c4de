"""Use case: two operators see the papers of somebody who asked to be bound, and say so, each on their own.

For those whose document the roll does not have, for guardians and companies, who have a letter besides.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.identity.announce import Told, announce
from handlers.identity.bind import IN_PERSON, audit_binding
from handlers.identity.concerned import is_concerned_by_binding
from handlers.identity.errors import Code, IdentityError
from handlers.identity.rules import LETTER, may_decide
from handlers.people.same import is_one_human
from handlers.roll.import_roll import LOCK
from storage.queries.bindings import find_binding, list_approved
from storage.queries.opinions import lock_counter
from storage.states import BindingState, Capacity
from storage.tables import Compound, OwnerBinding

_TOLD = {
    Capacity.OWNER: Told.OWNER,
    Capacity.GUARDIAN: Told.GUARDIAN,
    Capacity.COMPANY: Told.COMPANY,
}


async def approve_binding(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    binding_number: int,
    letter: str,
    now: datetime,
    *,
    actor_id: int,
) -> OwnerBinding:
    """Say that the papers were seen: the first time of two, or the second, which binds. Raises IdentityError.

    letter: which paper it was (证明编号、授权书日期); guardians and companies need one. The second has to see it again,
    and need not repeat it. Saying it again changes nothing.
    """
    binding = await _asked(session, compound, binding_number)
    if binding.state is BindingState.BOUND and actor_id in (binding.approved_by, binding.seconded_by):
        return binding
    if binding.state is not BindingState.PENDING:
        raise IdentityError(Code.DECIDED)
    if binding.approved_by == actor_id:
        return binding
    sealer = services.sealer
    if not may_decide(actor_id, binding.person_id, binding.approved_by) or await is_concerned_by_binding(
        session, sealer, binding, actor_id
    ):
        raise IdentityError(Code.ABOUT_YOURSELF)
    if await is_one_human(session, sealer, actor_id, binding.approved_by):
        raise IdentityError(Code.ONE_HUMAN)
    shown = letter.strip()[:LETTER] or binding.letter
    if binding.capacity is not Capacity.OWNER and not shown:
        raise IdentityError(Code.NO_LETTER)
    binding.letter = shown
    session.add(binding)
    if binding.approved_by is None:
        binding.approved_by = actor_id
        audit_binding(session, binding, "binding.approved", now, actor_id)
        await session.flush()
        return binding
    binding.seconded_by, binding.bound_at = actor_id, now
    binding.state, binding.knowledge = BindingState.BOUND, IN_PERSON
    audit_binding(session, binding, "binding.bound", now, actor_id, first=binding.approved_by)
    await session.flush()
    key = f"{binding_number}:bound"
    told = _TOLD[binding.capacity]
    await announce(
        session, services, compound, binding.owner_number, key, told, now, also=[binding.person_id]
    )
    return binding


async def decline_binding(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    binding_number: int,
    now: datetime,
    *,
    actor_id: int,
) -> OwnerBinding:
    """Say that the papers do not show it; one is enough for a no. Again, it changes nothing. Raises IdentityError."""
    binding = await _asked(session, compound, binding_number)
    if binding.state is BindingState.REVOKED:
        return binding
    if binding.state is not BindingState.PENDING:
        raise IdentityError(Code.DECIDED)
    if actor_id == binding.person_id:
        raise IdentityError(Code.ABOUT_YOURSELF)
    binding.state, binding.ended_at = BindingState.REVOKED, now
    session.add(binding)
    audit_binding(session, binding, "binding.declined", now, actor_id)
    await session.flush()
    key = f"{binding_number}:declined"
    await announce(
        session, services, compound, binding.owner_number, key, Told.DECLINED, now, also=[binding.person_id]
    )
    return binding


async def approvals_by_operator(
    session: AsyncSession, compound_id: int, since: datetime, until: datetime
) -> dict[int, int]:
    """How many bindings each operator approved in person, of those that held at some time between; by person.

    Part of a vote's public result (voting.md, issue 5): since its opening, until its close. Each approval has two
    operators, so the numbers add up to twice the bindings.
    """
    counts: dict[int, int] = {}
    for binding in await list_approved(session, compound_id, since, until):
        for operator in (binding.approved_by, binding.seconded_by):
            if operator is not None:
                counts[operator] = counts.get(operator, 0) + 1
    return dict(sorted(counts.items()))


async def _asked(session: AsyncSession, compound: Compound, binding_number: int) -> OwnerBinding:
    assert compound.compound_id is not None
    await lock_counter(session, compound.compound_id, LOCK)
    binding = await find_binding(session, compound.compound_id, binding_number)
    if binding is None:
        raise IdentityError(Code.UNKNOWN_BINDING)
    return binding
