"""Use case: what was filed before there were matters is put with one, a few at a time."""

from datetime import datetime
from itertools import groupby
from operator import itemgetter

from handlers.context import Services
from handlers.matters.join import join_matter
from handlers.matters.rules import WINDOW
from storage.database import Database
from storage.queries.matters import find_unmattered, list_unmattered, lock_matters
from storage.states import GroupKind, OpinionState
from storage.tables import ChatGroup, Compound

ROUND = 100  # at one tick: half a minute later the next ones follow
CHUNK = 25  # in one transaction: callbacks must not wait long behind it


async def gather_unmattered(database: Database, services: Services, now: datetime) -> int:
    """Put opinions without a matter with one, by compound and number; returns how many. Any replica may call it.

    What was said within the last two weeks is treated like something said now. What is older only gets its matter: a
    candidate that nobody is sent to, since nobody waits for a flood of old orders.
    """
    async with database.read() as session:
        found = await list_unmattered(session, ROUND)
    done = 0
    for compound_id, entries in groupby(found, key=itemgetter(0)):
        numbers = [number for _compound, number in entries]
        for start in range(0, len(numbers), CHUNK):
            done += await _gather(database, services, compound_id, numbers[start : start + CHUNK], now)
    return done


async def _gather(
    database: Database, services: Services, compound_id: int, numbers: list[int], now: datetime
) -> int:
    async with database.write() as session:
        await lock_matters(session, compound_id)
        compound = await session.get_one(Compound, compound_id)
        opinions = await find_unmattered(session, compound_id, numbers)
        for opinion in opinions:
            group = await session.get(ChatGroup, opinion.group_id) if opinion.group_id else None
            await join_matter(
                session,
                services,
                compound,
                opinion,
                now,
                overheard=group is not None and group.kind is GroupKind.CUSTOMER,
                late=now - opinion.said_at > WINDOW or opinion.state is not OpinionState.FILED,
            )
        return len(opinions)
