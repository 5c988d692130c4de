"""Somebody asks to be forgotten: what is written about their home goes, though it may still be visited."""

from collections.abc import Collection

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.visits.sealed import lookup_of
from storage.queries.bindings import list_units_bound
from storage.queries.polls import list_homes_in
from storage.queries.visits import forget_words_about
from storage.sealing import Sealer

HomeKeys = Collection[tuple[int, bytes]]


async def list_home_keys(session: AsyncSession, sealer: Sealer, person_id: int) -> HomeKeys:
    """Under which plans about somebody's homes are found (compound_id, lookup): where they live, and what they own.

    Before bindings end and their home is forgotten: afterwards nobody knows which plan it is.
    """
    homes = [(of, code) for of, code in (await list_homes_in(session, person_id)).items() if code]
    homes += await list_units_bound(session, person_id)
    return {(of, lookup_of(sealer, of, part)) for of, code in homes for part in _around(code)}


async def forget_visits_about(session: AsyncSession, keys: HomeKeys) -> None:
    """Take away why these homes are visited and what was noted there."""
    await forget_words_about(session, sorted(keys))


def _around(code: str) -> list[str]:
    """A place and those it lies in: of a household within a flat the flat is what is on the list."""
    parts = code.split("-")
    return ["-".join(parts[:end]) for end in range(1, len(parts) + 1)]
