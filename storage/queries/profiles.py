"""Profiles and cards of compounds."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import CardKind
from storage.tables import CardEntry, Compound, CompoundProfile
from storage.upsert import insert_for


async def find_profile(session: AsyncSession, compound_id: int) -> CompoundProfile | None:
    """What is known beside the compound's own row."""
    return (
        await session.exec(select(CompoundProfile).where(CompoundProfile.compound_id == compound_id))
    ).one_or_none()


async def put_profile(
    session: AsyncSession, compound_id: int, own: dict[str, Any], more: dict[str, Any], now: datetime
) -> None:
    """Change the compound's own row (`own`) and what stands beside it (`more`)."""
    if own:
        await session.exec(
            update(Compound)
            .where(col(Compound.compound_id) == compound_id)
            .values(**own)
            .execution_options(synchronize_session="fetch")
        )
    if more:
        new = {"kind": None, "convening": None, "property_company": "", "property_since": None, **more}
        await session.exec(
            insert_for(session, CompoundProfile)
            .values(compound_id=compound_id, changed_at=now, **new)
            .on_conflict_do_update(index_elements=["compound_id"], set_={**more, "changed_at": now})
        )


async def list_card(session: AsyncSession, compound_id: int) -> dict[CardKind, CardEntry]:
    """What stands on a compound's card."""
    found = await session.exec(select(CardEntry).where(CardEntry.compound_id == compound_id))
    return {CardKind(entry.kind): entry for entry in found}


async def put_card_entry(session: AsyncSession, values: dict[str, Any]) -> None:
    """Put an entry in the place of the one of its kind."""
    changed = {key: value for key, value in values.items() if key not in ("compound_id", "kind")}
    await session.exec(
        insert_for(session, CardEntry)
        .values(**values)
        .on_conflict_do_update(index_elements=["compound_id", "kind"], set_=changed)
    )


async def drop_card_entry(session: AsyncSession, compound_id: int, kind: CardKind) -> None:
    """Take an entry off a card."""
    await session.exec(
        delete(CardEntry).where(col(CardEntry.compound_id) == compound_id, col(CardEntry.kind) == kind)
    )
