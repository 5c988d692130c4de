"""The only doors to rows. What a person may not see does not exist for them."""

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.opinions import list_opinions_by_number, list_opinions_of
from storage.tables import Opinion


class NotFound(Exception):  # noqa: N818  an answer, not an error
    """There is no such row for this person."""


async def access_own_opinion(session: AsyncSession, person_id: int, number: int) -> Opinion:
    """The opinion that this person raised under this number; raises NotFound for anybody else's."""
    found = await list_opinions_by_number(session, person_id, number)
    if not found:
        raise NotFound
    return found[0]


async def access_own_opinions(session: AsyncSession, person_id: int, limit: int) -> list[Opinion]:
    """What this person raised, newest first."""
    return await list_opinions_of(session, person_id, limit)
