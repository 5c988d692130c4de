"""The letter by which co-owners named who votes for them lapses when others own the unit."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from storage.audit import add_audit_event
from storage.queries.titles import end_representatives


async def lapse_representatives(
    session: AsyncSession,
    compound_id: int,
    unit_codes: Collection[str],
    now: datetime,
    *,
    actor_id: int | None,
) -> None:
    """Nobody is named for units whose owners have changed, until all of them sign again.

    In the transaction that changed the titles. The roll of a vote that was announced stays as it is.
    """
    for registration in await end_representatives(session, compound_id, unit_codes, now):
        add_audit_event(
            session,
            at=now,
            verb="registration.lapsed",
            subject=f"registration:{registration.number}",
            compound_id=compound_id,
            actor_id=actor_id,
            details={"owner": registration.owner_number, "unit": registration.unit_code},
        )
