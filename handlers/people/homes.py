"""Which places are somebody's home."""

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.bindings import list_units_bound
from storage.queries.polls import list_homes_in


async def list_home_places(session: AsyncSession, person_id: int) -> set[tuple[int, str]]:
    """(compound_id, code) of where they live and of what they own, and of the places that these lie in.

    Of a household within a flat, the flat is what lists of homes have.
    """
    homes = [(of, code) for of, code in (await list_homes_in(session, person_id)).items() if code]
    homes += await list_units_bound(session, person_id)
    return {(of, part) for of, code in homes for part in _around(code)}


def _around(code: str) -> list[str]:
    parts = code.split("-")
    return ["-".join(parts[:end]) for end in range(1, len(parts) + 1)]
