"""Use cases: a binding ends, by whoever has it or asks to be forgotten, or because its owner owns nothing any more."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.context import Services
from handlers.identity.announce import Told, announce
from handlers.identity.bind import audit_binding
from handlers.identity.errors import Code, IdentityError
from handlers.roll.import_roll import LOCK
from storage.database import Database
from storage.queries.bindings import (
    find_binding,
    list_bindings_without_title,
    list_compounds_bound,
    list_standing_bindings,
)
from storage.queries.opinions import lock_counter
from storage.states import BindingState
from storage.tables import Compound, OwnerBinding


async def leave_binding(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    binding_number: int,
    now: datetime,
    *,
    actor_id: int,
) -> OwnerBinding:
    """End one's own binding. Ballots that were cast stand. Again, it changes nothing.

    Raises IdentityError: UNKNOWN_BINDING also for somebody else's.
    """
    assert compound.compound_id is not None
    await lock_counter(session, compound.compound_id, LOCK)
    binding = await find_binding(session, compound.compound_id, binding_number)
    if binding is None or binding.person_id != actor_id:
        raise IdentityError(Code.UNKNOWN_BINDING)
    if binding.ended_at is None:
        await _end(session, services, compound, binding, Told.LEFT, now, actor_id)
    return binding


async def leave_all(session: AsyncSession, services: Services, person_id: int, now: datetime) -> int:
    """End all bindings of somebody who asked to be forgotten; returns how many. Ballots that were cast stand.

    Others in their units are told; they themselves are about to be no more.
    """
    ended = 0
    for compound_id in await list_compounds_bound(session, person_id):
        await lock_counter(session, compound_id, LOCK)
        compound = await session.get_one(Compound, compound_id)
        for binding in await list_standing_bindings(session, compound_id, person_id=person_id):
            await _end(session, services, compound, binding, Told.LEFT, now, person_id, also=())
            ended += 1
    return ended


async def end_sold(database: Database, services: Services, now: datetime) -> int:
    """End the bindings to owners who own nothing in their compound any more; returns how many. For the clock.

    They open nothing from the moment the title ends; here they are closed and told.
    """

    async def do(session: AsyncSession, found: tuple[int, int]) -> int:
        compound_id, binding_number = found
        await lock_counter(session, compound_id, LOCK)
        if found not in await list_bindings_without_title(session):
            return 0
        compound = await session.get_one(Compound, compound_id)
        binding = await find_binding(session, compound_id, binding_number)
        assert binding is not None
        await _end(session, services, compound, binding, Told.SOLD, now, None)
        return 1

    async with database.read() as session:
        bindings = await list_bindings_without_title(session)
    return await each_apart(database, bindings, do)


async def _end(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    binding: OwnerBinding,
    told: Told,
    now: datetime,
    actor_id: int | None,
    also: Collection[int] | None = None,
) -> None:
    binding.state, binding.ended_at = BindingState.REVOKED, now
    session.add(binding)
    verb = "binding.left" if told is Told.LEFT else "binding.title_ended"
    audit_binding(session, binding, verb, now, actor_id)
    await session.flush()
    key = f"{binding.binding_number}:ended"
    also = [binding.person_id] if also is None else also
    await announce(session, services, compound, binding.owner_number, key, told, now, also=also)
