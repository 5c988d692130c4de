"""How many people a matter is to, counted anew whenever a voice comes, goes or moves."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.matters.rules import Counts, Said, count, folded
from handlers.requests.commands import Why
from handlers.requests.raise_ import cancel_request
from storage.audit import add_audit_event
from storage.queries.matters import (
    find_matter,
    list_matters_of_person,
    list_opinions_in,
    list_said,
    lock_matters,
)
from storage.states import MatterState
from storage.tables import Compound, Matter


async def load_voices(session: AsyncSession, matter: Matter) -> list[Said]:
    """The voices of a matter as the rules count them."""
    rows = await list_said(session, matter.compound_id, matter.number)
    return [Said(*row) for row in rows]


async def recount(session: AsyncSession, matter: Matter) -> list[Said]:
    """Write down how many people a matter is to; returns its voices. The caller holds the compound's matters."""
    voices = await load_voices(session, matter)
    counts = count(voices)
    matter.households, matter.speakers = counts.households, counts.speakers
    return voices


async def lose_voices(
    session: AsyncSession,
    services: Services,
    compound_id: int,
    number: int | None,
    now: datetime,
    *,
    actor_id: int | None = None,
) -> Counts:
    """Voices of a matter were withdrawn: count again, and let its request go when nobody is left who says it.

    The caller called `lock_matters` before it touched an opinion. number None: of no matter yet.
    """
    matter = await find_matter(session, compound_id, number) if number is not None else None
    if matter is None:
        return Counts()
    counts = count(await recount(session, matter))
    if not counts.total and matter.state is not MatterState.MERGED:
        compound = await session.get_one(Compound, compound_id)
        await cancel_request(session, services, compound, matter, Why.WITHDRAWN, now, actor_id=actor_id)
        add_audit_event(
            session,
            at=now,
            verb="matter.emptied",
            compound_id=compound_id,
            actor_id=actor_id,
            subject=f"matter:{matter.number}",
        )
    return counts


async def lock_matters_of(session: AsyncSession, person_id: int) -> None:
    """Hold the matters of every compound in which a person has a voice."""
    for compound_id in sorted({compound for compound, _ in await list_matters_of_person(session, person_id)}):
        await lock_matters(session, compound_id)


async def fold_voices_of(session: AsyncSession, person_id: int) -> None:
    """Before somebody is forgotten: their voices count afterwards for as many people as they do now.

    Nobody can tell afterwards whose two voices without a name are; so the second one is noted as a copy of the first.
    The caller called `lock_matters_of`.
    """
    for compound_id, number in await list_matters_of_person(session, person_id):
        opinions = await list_opinions_in(session, compound_id, number)
        rows = [Said(*row) for row in await list_said(session, compound_id, number)]
        twice = folded(rows, person_id)
        for opinion in opinions:
            if opinion.number in twice:
                opinion.repost_of = twice[opinion.number]
    await session.flush()
