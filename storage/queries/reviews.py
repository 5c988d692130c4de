"""Where residents are still to be asked about their committee."""

from collections.abc import Mapping

from sqlalchemy import String, and_, cast, exists, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import ReviewRhythm
from storage.tables import Claim, OversightSettings


async def list_unasked(
    session: AsyncSession, job: str, due: Mapping[ReviewRhythm, str], limit: int
) -> list[OversightSettings]:
    """Compounds that want to be asked about the period due for their rhythm, and that nobody has claimed."""
    wanted = [
        and_(
            col(OversightSettings.review) == rhythm,
            ~exists().where(
                col(Claim.job) == job,
                col(Claim.period) == cast(col(OversightSettings.compound_id), String) + f":{period}",
            ),
        )
        for rhythm, period in due.items()
    ]
    statement = (
        select(OversightSettings)
        .where(or_(*wanted), col(OversightSettings.review_by).is_not(None))
        .order_by(col(OversightSettings.compound_id))
        .limit(limit)
    )
    return list((await session.exec(statement)).all())
