"""Which identity is which owner of the roll, and who else may act for an owner."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import BindingState, Capacity, RegistrationKind, RegistrationState
from storage.tables import (
    BindingAttempt,
    OwnerBinding,
    OwnerRegistration,
    RollOwner,
    RollTitle,
    RollUnit,
    UnitCode,
)

_AT_ONCE = 2000  # codes of units in one statement; both databases take 32,000 parameters


async def list_bound_owners(session: AsyncSession, compound_id: int, person_id: int) -> list[int]:
    """Numbers of the owners that somebody is bound to now."""
    return sorted({each.owner_number for each in await list_bound(session, compound_id, person_id)})


async def list_bound(
    session: AsyncSession, compound_id: int, person_id: int, *, hold: bool = False
) -> list[OwnerBinding]:
    """The bindings of somebody that count now: to owners who own something.

    hold: until the transaction ends nobody contests or ends them; for who casts a ballot on them.
    """
    statement = (
        select(OwnerBinding)
        .where(
            OwnerBinding.compound_id == compound_id,
            OwnerBinding.person_id == person_id,
            OwnerBinding.state == BindingState.BOUND,
            col(OwnerBinding.ended_at).is_(None),
            _owns(),
        )
        .order_by(col(OwnerBinding.binding_number))
    )
    if hold:
        statement = statement.with_for_update(read=True).execution_options(populate_existing=True)
    return list(await session.exec(statement))


async def list_units_bound(session: AsyncSession, person_id: int) -> list[tuple[int, str]]:
    """The units (compound_id, code) that are proven to be somebody's own: not asked for, contested, or another's."""
    statement = (
        select(RollTitle.compound_id, RollTitle.unit_code)
        .join(
            OwnerBinding,
            (col(OwnerBinding.compound_id) == RollTitle.compound_id)
            & (col(OwnerBinding.owner_number) == RollTitle.owner_number),
        )
        .where(
            OwnerBinding.person_id == person_id,
            OwnerBinding.state == BindingState.BOUND,
            OwnerBinding.capacity == Capacity.OWNER,
            col(OwnerBinding.ended_at).is_(None),
            col(RollTitle.ended_at).is_(None),
        )
        .distinct()
    )
    return list(await session.exec(statement))


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


async def find_binding(session: AsyncSession, compound_id: int, binding_number: int) -> OwnerBinding | None:
    """A binding, locked until the transaction ends."""
    statement = (
        select(OwnerBinding)
        .where(OwnerBinding.compound_id == compound_id, OwnerBinding.binding_number == binding_number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_standing_bindings(
    session: AsyncSession,
    compound_id: int,
    *,
    person_id: int | None = None,
    owner_numbers: Collection[int] | None = None,
    states: Collection[BindingState] | None = None,
) -> list[OwnerBinding]:
    """Bindings that have not ended, in the order they were made: of a person, to some owners, in some states."""
    statement = (
        select(OwnerBinding)
        .where(OwnerBinding.compound_id == compound_id, col(OwnerBinding.ended_at).is_(None))
        .order_by(col(OwnerBinding.binding_number))
    )
    if person_id is not None:
        statement = statement.where(OwnerBinding.person_id == person_id)
    if owner_numbers is not None:
        statement = statement.where(col(OwnerBinding.owner_number).in_(owner_numbers))
    if states is not None:
        statement = statement.where(col(OwnerBinding.state).in_(states))
    return list(await session.exec(statement))


async def list_ended_bindings(
    session: AsyncSession, compound_id: int, owner_numbers: Collection[int]
) -> list[OwnerBinding]:
    """Bindings to some owners that counted once and have ended, in the order they were made."""
    statement = (
        select(OwnerBinding)
        .where(
            OwnerBinding.compound_id == compound_id,
            col(OwnerBinding.owner_number).in_(owner_numbers),
            col(OwnerBinding.bound_at).is_not(None),
            col(OwnerBinding.ended_at).is_not(None),
        )
        .order_by(col(OwnerBinding.binding_number))
    )
    return list(await session.exec(statement))


async def list_compounds_bound(session: AsyncSession, person_id: int) -> list[int]:
    """Numbers of the compounds in which somebody has a binding that has not ended."""
    statement = select(OwnerBinding.compound_id).where(
        OwnerBinding.person_id == person_id, col(OwnerBinding.ended_at).is_(None)
    )
    return sorted(set(await session.exec(statement)))


async def list_approved(
    session: AsyncSession, compound_id: int, since: datetime, until: datetime
) -> list[OwnerBinding]:
    """Bindings that two operators approved in person and that held at some time between."""
    statement = select(OwnerBinding).where(
        OwnerBinding.compound_id == compound_id,
        col(OwnerBinding.seconded_by).is_not(None),
        col(OwnerBinding.bound_at) <= until,
        col(OwnerBinding.ended_at).is_(None) | (col(OwnerBinding.ended_at) >= since),
    )
    return list(await session.exec(statement))


async def list_bindings_without_title(session: AsyncSession) -> list[tuple[int, int]]:
    """(compound_id, binding_number) of bindings that have not ended, to owners who own nothing there any more."""
    statement = select(OwnerBinding.compound_id, OwnerBinding.binding_number).where(
        col(OwnerBinding.ended_at).is_(None), ~_owns()
    )
    return sorted((await session.exec(statement)).all())


def _owns() -> ColumnElement[bool]:
    """Whether the owner of a binding owns anything now."""
    return (
        select(RollTitle.unit_code)
        .where(
            RollTitle.compound_id == OwnerBinding.compound_id,
            RollTitle.owner_number == OwnerBinding.owner_number,
            col(RollTitle.ended_at).is_(None),
        )
        .exists()
    )


async def list_owners_of_unit(
    session: AsyncSession, compound_id: int, unit_code: str
) -> list[tuple[RollTitle, RollOwner]]:
    """The present owners of a unit with their titles, by number."""
    statement = (
        select(RollTitle, RollOwner)
        .join(
            RollOwner,
            (col(RollOwner.compound_id) == RollTitle.compound_id)
            & (col(RollOwner.owner_number) == RollTitle.owner_number),
        )
        .where(
            RollTitle.compound_id == compound_id,
            RollTitle.unit_code == unit_code,
            col(RollTitle.ended_at).is_(None),
        )
        .order_by(col(RollOwner.owner_number))
    )
    return list(await session.exec(statement))


async def list_units_of_owners(
    session: AsyncSession, compound_id: int, owner_numbers: Collection[int]
) -> dict[int, list[RollUnit]]:
    """The present units of each owner, by their codes; owners without any are left out."""
    statement = (
        select(RollTitle.owner_number, RollUnit)
        .join(
            RollUnit,
            (col(RollUnit.compound_id) == RollTitle.compound_id)
            & (col(RollUnit.unit_code) == RollTitle.unit_code),
        )
        .where(
            RollTitle.compound_id == compound_id,
            col(RollTitle.owner_number).in_(owner_numbers),
            col(RollTitle.ended_at).is_(None),
            col(RollUnit.ended_at).is_(None),
        )
        .order_by(col(RollUnit.unit_code))
    )
    units: dict[int, list[RollUnit]] = {}
    for number, unit in await session.exec(statement):
        units.setdefault(number, []).append(unit)
    return units


async def find_owner(session: AsyncSession, compound_id: int, owner_number: int) -> RollOwner | None:
    """An owner of the roll."""
    return await session.get(RollOwner, (compound_id, owner_number))


async def find_unit_code(session: AsyncSession, compound_id: int, code_lookup: bytes) -> UnitCode | None:
    """A code by its keyed hash, used or not."""
    return await session.get(UnitCode, (compound_id, code_lookup), populate_existing=True)


async def void_unit_codes(
    session: AsyncSession, compound_id: int, unit_codes: Collection[str], now: datetime
) -> None:
    """Let the codes of some units that nobody has used count no more."""
    wanted = sorted(unit_codes)
    for start in range(0, len(wanted), _AT_ONCE):
        await session.exec(
            update(UnitCode)
            .where(
                col(UnitCode.compound_id) == compound_id,
                col(UnitCode.unit_code).in_(wanted[start : start + _AT_ONCE]),
                col(UnitCode.used_at).is_(None),
                col(UnitCode.voided_at).is_(None),
            )
            .values(voided_at=now)
            .execution_options(synchronize_session=False)
        )


async def count_attempts(
    session: AsyncSession, compound_id: int, person_id: int, unit_code: str, since: datetime
) -> tuple[int, int]:
    """How often a person was wrong since, and how often anybody was about a unit."""
    found = []
    for wanted in (BindingAttempt.person_id == person_id, BindingAttempt.unit_code == unit_code):
        statement = select(func.count()).where(
            BindingAttempt.compound_id == compound_id, BindingAttempt.at > since, wanted
        )
        found.append(int((await session.exec(statement)).one()))
    return found[0], found[1]


async def forget_attempts(session: AsyncSession, before: datetime) -> int:
    """Drop attempts of long ago; returns how many."""
    result = await session.exec(delete(BindingAttempt).where(col(BindingAttempt.at) < before))
    return int(result.rowcount)


async def find_registration(session: AsyncSession, compound_id: int, number: int) -> OwnerRegistration | None:
    """A registration, locked until the transaction ends."""
    statement = (
        select(OwnerRegistration)
        .where(OwnerRegistration.compound_id == compound_id, OwnerRegistration.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_registrations(
    session: AsyncSession,
    compound_id: int,
    states: Collection[RegistrationState],
    *,
    kind: RegistrationKind | None = None,
    vote_number: int | None = None,
    holder_id: int | None = None,
    hold: bool = False,
) -> list[OwnerRegistration]:
    """What operators registered, in the order it was entered. hold: nobody ends it before the transaction does."""
    statement = (
        select(OwnerRegistration)
        .where(OwnerRegistration.compound_id == compound_id, col(OwnerRegistration.state).in_(states))
        .order_by(col(OwnerRegistration.number))
    )
    if kind is not None:
        statement = statement.where(OwnerRegistration.kind == kind)
    if vote_number is not None:
        statement = statement.where(OwnerRegistration.vote_number == vote_number)
    if holder_id is not None:
        statement = statement.where(OwnerRegistration.holder_id == holder_id)
    if hold:
        statement = statement.with_for_update(read=True).execution_options(populate_existing=True)
    return list(await session.exec(statement))
