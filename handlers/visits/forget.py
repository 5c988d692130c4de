"""Somebody asks to be forgotten: what is written about their home goes, though it may still be visited."""

from collections.abc import Collection

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.visits.sealed import lookup_of
from storage.queries.visits import forget_words_about
from storage.sealing import Sealer


async def forget_visits_about(
    session: AsyncSession, sealer: Sealer, places: Collection[tuple[int, str]]
) -> None:
    """Take away why these places (compound_id, code) are visited and what was noted there."""
    await forget_words_about(session, sorted((of, lookup_of(sealer, of, code)) for of, code in places))
