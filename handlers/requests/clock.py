"""Use case: what the clock has to do about requests: remind, warn, send up the ladder, close what nobody rated.

Called by every replica at each tick, as often as it likes. A request is locked before it is looked at, and what is due
follows from its row (rules.due): the second replica finds nothing left to do.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.apart import each_apart
from handlers.context import Services
from handlers.requests.carry_out import carry_out
from handlers.requests.record import facts_of
from handlers.requests.rules import due
from storage.database import Database
from storage.queries.requests import list_due_requests, lock_request
from storage.tables import Compound, Matter

LIMIT = 200  # in one call: a tick stays short, the next one goes on


async def advance_requests(database: Database, services: Services, now: datetime) -> int:
    """Do what is due, each request in a transaction of its own; returns how many things were done.

    A request that fails does not hold up the others; its error is raised when they are done.
    """
    async with database.read() as session:
        found = await list_due_requests(session, now, LIMIT)
    return await each_apart(database, found, lambda session, key: _advance(session, services, *key, now))


async def _advance(
    session: AsyncSession, services: Services, compound_id: int, number: int, now: datetime
) -> int:
    request = await lock_request(session, compound_id, number)
    if request is None:
        return 0
    compound = await session.get_one(Compound, compound_id)
    matter = await session.get_one(Matter, (compound_id, number))
    commands = due(facts_of(request), now)
    for command in commands:
        key = f"clock:{number}:{type(command).__name__.lower()}:{now:%y%m%d%H%M%S%f}"
        await carry_out(session, services, compound, matter, command, now, key=key)
    return len(commands)
