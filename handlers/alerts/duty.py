"""Whether there is somebody whom an alert would reach."""

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.alerts.raise_ import CIRCLES, circle
from storage.queries.people import list_identities
from storage.queries.tree import list_compounds


async def list_without_duty(session: AsyncSession) -> tuple[list[str], int]:
    """The codes of compounds with nobody on duty who has an account to be told on, and how many compounds there are."""
    compounds = await list_compounds(session)
    without = []
    for compound in compounds:
        for person_id in await circle(session, compound, CIRCLES[0]):
            if await list_identities(session, person_id):
                break
        else:
            without.append(compound.code)
    return without, len(compounds)
