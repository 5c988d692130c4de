"""Somebody asks to be forgotten: what is written about a home proven theirs goes, though it may still be visited."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.visits.sealed import lookup_of
from storage.audit import add_audit_event
from storage.queries.visits import forget_words_about
from storage.sealing import Sealer


async def forget_visits_about(
    session: AsyncSession, sealer: Sealer, places: Collection[tuple[int, str]], now: datetime
) -> None:
    """Take away why these places (compound_id, code) are visited and what was noted there.

    On record, because the visits go on, and whoever goes there finds no words any more.
    """
    keys = sorted((of, lookup_of(sealer, of, code)) for of, code in places)
    for compound_id, number in await forget_words_about(session, keys):
        add_audit_event(
            session, at=now, verb="visit.forgotten", compound_id=compound_id, subject=f"visit:{number}"
        )
