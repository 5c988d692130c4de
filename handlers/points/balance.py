"""How many points somebody has, for themselves alone: there is no list of who has most."""

from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.queries.points import Sum, list_givers, sum_points
from storage.queries.polls import list_homes_in
from storage.tables import Compound


@dataclass(frozen=True, slots=True)
class Balance:
    """In one compound."""

    compound: Compound
    sums: list[Sum]

    @property
    def total(self) -> int:
        """All together."""
        return sum(one.points for one in self.sums)


async def list_balances(session: AsyncSession, person_id: int) -> list[Balance]:
    """Of the compounds that give points and where somebody lives or owns."""
    homes = await list_homes_in(session, person_id)
    givers = await list_givers(session, homes) if homes else []
    return [
        Balance(
            await session.get_one(Compound, compound_id), await sum_points(session, compound_id, person_id)
        )
        for compound_id in givers
    ]
