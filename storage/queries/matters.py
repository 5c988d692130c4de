"""Matters, and whose voices they are."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import OpinionState
from storage.tables import Opinion


async def list_reporters(session: AsyncSession, compound_id: int, number: int) -> list[int]:
    """Those (person_id) with a standing opinion in this matter; whoever was forgotten is left out."""
    statement = (
        select(Opinion.person_id)
        .where(
            Opinion.compound_id == compound_id,
            Opinion.matter_number == number,
            Opinion.state == OpinionState.FILED,
            col(Opinion.person_id).is_not(None),
        )
        .distinct()
        .order_by(col(Opinion.person_id))
    )
    return [person_id for person_id in (await session.exec(statement)).all() if person_id is not None]
