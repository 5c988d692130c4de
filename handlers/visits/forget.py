"""Somebody asks to be forgotten: what is written about their home goes, though it may still be visited."""

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.visits.sealed import lookup_of
from storage.queries.polls import list_homes_in
from storage.queries.visits import forget_words_about
from storage.sealing import Sealer


async def forget_visits_of(session: AsyncSession, sealer: Sealer, person_id: int) -> None:
    """Before their home is forgotten: without it nobody knows which plan it is."""
    homes = await list_homes_in(session, person_id)
    keys = [
        (compound_id, lookup_of(sealer, compound_id, part))
        for compound_id, code in homes.items()
        if code
        for part in _around(code)
    ]
    await forget_words_about(session, keys)


def _around(code: str) -> list[str]:
    """A place and those it lies in: of a household within a flat the flat is what is on the list."""
    parts = code.split("-")
    return ["-".join(parts[:end]) for end in range(1, len(parts) + 1)]
