"""Use cases: somebody who was overheard says whether it was meant."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.context import Services
from handlers.matters.confirm import confirm_matter
from handlers.opinions.withdraw import withdraw_opinion
from storage.queries.matters import find_matter, find_matter_number, lock_matters
from storage.states import MatterState, OpinionState
from storage.tables import Compound, Matter, Opinion


async def confirm_own(
    session: AsyncSession,
    services: Services,
    compound: Compound,
    opinion: Opinion,
    now: datetime,
    *,
    actor_id: int,
) -> bool:
    """It was meant: the matter is to be seen to. False when there is nothing to confirm, or others decided otherwise.

    The caller has checked that the opinion is the actor's own. Doing it twice changes nothing.
    """
    matter = await _hold(session, opinion)
    if matter is not None and matter.state is MatterState.CANDIDATE:
        await confirm_matter(session, services, compound, matter, now, actor_id=actor_id)
    return matter is not None and matter.state is MatterState.CONFIRMED


async def disclaim_own(
    session: AsyncSession, services: Services, opinion: Opinion, now: datetime, *, actor_id: int
) -> bool:
    """It was only talk: the opinion counts as withdrawn, what neighbours said stands. False when it is no candidate.

    Once somebody sees to a matter, taking one's own voice back is 撤回. The same is asked of the caller.
    """
    matter = await _hold(session, opinion)
    if matter is None or matter.state is not MatterState.CANDIDATE:
        return False
    await withdraw_opinion(session, services, opinion, now, actor_id=actor_id)
    return True


async def _hold(session: AsyncSession, opinion: Opinion) -> Matter | None:
    """The matter of an opinion that stands; nobody else decides about it until the transaction ends."""
    await lock_matters(session, opinion.compound_id)
    await session.refresh(opinion, ["state", "matter_number"])
    if opinion.state is not OpinionState.FILED:
        return None
    found = await find_matter_number(session, opinion.compound_id, opinion.number)
    return await find_matter(session, opinion.compound_id, found) if found is not None else None
