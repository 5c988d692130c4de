"""Which identity is which owner of the roll."""

from collections.abc import Iterable

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import BindingState
from storage.tables import OwnerBinding, RollTitle


async def list_bound_owners(session: AsyncSession, compound_id: int, person_id: int) -> list[int]:
    """Numbers of the owners that somebody is bound to now."""
    statement = select(OwnerBinding.owner_number).where(
        OwnerBinding.compound_id == compound_id,
        OwnerBinding.person_id == person_id,
        OwnerBinding.state == BindingState.BOUND,
        col(OwnerBinding.ended_at).is_(None),
    )
    return sorted(set(await session.exec(statement)))


async def list_persons_bound_to(
    session: AsyncSession, compound_id: int, unit_codes: Iterable[str]
) -> list[int]:
    """Persons bound to a present owner of any of the units."""
    statement = (
        select(OwnerBinding.person_id)
        .join(
            RollTitle,
            (col(RollTitle.compound_id) == OwnerBinding.compound_id)
            & (col(RollTitle.owner_number) == OwnerBinding.owner_number),
        )
        .where(
            OwnerBinding.compound_id == compound_id,
            OwnerBinding.state == BindingState.BOUND,
            col(OwnerBinding.ended_at).is_(None),
            col(RollTitle.ended_at).is_(None),
            col(RollTitle.unit_code).in_(list(unit_codes)),
        )
    )
    return sorted(set(await session.exec(statement)))


async def list_compounds_bound_in(session: AsyncSession, person_id: int) -> list[int]:
    """Compounds in which somebody is bound to an owner now."""
    statement = select(OwnerBinding.compound_id).where(
        OwnerBinding.person_id == person_id,
        OwnerBinding.state == BindingState.BOUND,
        col(OwnerBinding.ended_at).is_(None),
    )
    return sorted(set(await session.exec(statement)))
