"""Who owns which unit now, and when somebody ceased to."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import RegistrationKind, RegistrationState
from storage.tables import OwnerRegistration, RollTitle

_AT_ONCE = 2000  # codes in one statement; both databases take 32,000 parameters


async def list_titled_units(
    session: AsyncSession, compound_id: int, owner_number: int, *, hold: bool = False
) -> set[str]:
    """The codes of all that an owner owns now. hold: no import ends a title of theirs before the transaction does."""
    statement = select(RollTitle).where(
        RollTitle.compound_id == compound_id,
        RollTitle.owner_number == owner_number,
        col(RollTitle.ended_at).is_(None),
    )
    if hold:
        statement = statement.with_for_update(read=True).execution_options(populate_existing=True)
    return {title.unit_code for title in await session.exec(statement)}


async def list_titles_ever(
    session: AsyncSession, compound_id: int, unit_codes: Collection[str]
) -> list[RollTitle]:
    """All titles of some units, those that have ended too."""
    statement = select(RollTitle).where(
        RollTitle.compound_id == compound_id, col(RollTitle.unit_code).in_(unit_codes)
    )
    return list(await session.exec(statement))


async def end_representatives(
    session: AsyncSession, compound_id: int, unit_codes: Collection[str], now: datetime
) -> list[OwnerRegistration]:
    """Let nobody be the one whom the co-owners of these units named; returns the letters that held or waited."""
    wanted, ended = sorted(unit_codes), []
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        await session.exec(
            update(RollTitle)
            .where(
                col(RollTitle.compound_id) == compound_id,
                col(RollTitle.unit_code).in_(some),
                col(RollTitle.ended_at).is_(None),
                col(RollTitle.representative),
            )
            .values(representative=False)
            .execution_options(synchronize_session=False)
        )
        statement = select(OwnerRegistration).where(
            OwnerRegistration.compound_id == compound_id,
            OwnerRegistration.kind == RegistrationKind.REPRESENTATIVE,
            col(OwnerRegistration.state).in_((RegistrationState.ENTERED, RegistrationState.CONFIRMED)),
            col(OwnerRegistration.unit_code).in_(some),
        )
        ended += list(await session.exec(statement))
    for registration in ended:
        registration.state, registration.ended_at = RegistrationState.ENDED, now
        session.add(registration)
    return ended
