"""The present roll: units, owners, titles."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.tables import RollOwner, RollTitle, RollUnit


async def list_roll_units(session: AsyncSession, compound_id: int) -> list[RollUnit]:
    """Units that have not ended, by their codes."""
    statement = (
        select(RollUnit)
        .where(RollUnit.compound_id == compound_id, col(RollUnit.ended_at).is_(None))
        .order_by(col(RollUnit.unit_code))
    )
    return list(await session.exec(statement))


async def list_titles(session: AsyncSession, compound_id: int) -> list[tuple[RollTitle, bool]]:
    """Titles that have not ended, with whether their owner is a minor."""
    statement = (
        select(RollTitle, RollOwner.minor)
        .join(
            RollOwner,
            (col(RollOwner.compound_id) == RollTitle.compound_id)
            & (col(RollOwner.owner_number) == RollTitle.owner_number),
        )
        .where(RollTitle.compound_id == compound_id, col(RollTitle.ended_at).is_(None))
    )
    return list(await session.exec(statement))
