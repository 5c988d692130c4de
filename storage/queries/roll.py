"""The present roll: units, owners, titles."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, update
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import BindingState, ObjectionState, OwnerKind
from storage.tables import (
    AuditEvent,
    OwnerBinding,
    RollObjection,
    RollOwner,
    RollTitle,
    RollUnit,
    RollUpload,
    UnitCode,
)

_AT_ONCE = 2000  # rows in one go; both databases take 32,000 parameters


async def list_roll_units(session: AsyncSession, compound_id: int) -> list[RollUnit]:
    """Units that have not ended, by their codes."""
    statement = (
        select(RollUnit)
        .where(RollUnit.compound_id == compound_id, col(RollUnit.ended_at).is_(None))
        .order_by(col(RollUnit.unit_code))
    )
    return list(await session.exec(statement))


async def list_titles(session: AsyncSession, compound_id: int) -> list[tuple[RollTitle, bool, OwnerKind]]:
    """Titles that have not ended, with whether their owner is a minor, and what the owner is."""
    statement = (
        select(RollTitle, RollOwner.minor, RollOwner.kind)
        .join(
            RollOwner,
            (col(RollOwner.compound_id) == RollTitle.compound_id)
            & (col(RollOwner.owner_number) == RollTitle.owner_number),
        )
        .where(RollTitle.compound_id == compound_id, col(RollTitle.ended_at).is_(None))
    )
    return [(title, minor, OwnerKind(kind)) for title, minor, kind in await session.exec(statement)]


async def list_all_roll_units(session: AsyncSession, compound_id: int) -> list[RollUnit]:
    """Every unit there ever was, ended ones too."""
    return list(await session.exec(select(RollUnit).where(RollUnit.compound_id == compound_id)))


async def list_roll_owners(session: AsyncSession, compound_id: int) -> list[RollOwner]:
    """Every owner there ever was: who sold all may buy again."""
    return list(await session.exec(select(RollOwner).where(RollOwner.compound_id == compound_id)))


async def put_roll_rows(session: AsyncSession, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> None:
    """Add many rows of one of the roll's tables; all with the same columns."""
    for start in range(0, len(rows), _AT_ONCE):
        await session.exec(insert(table), params=rows[start : start + _AT_ONCE])


async def end_titles(
    session: AsyncSession, compound_id: int, titles: Sequence[tuple[str, int]], now: datetime
) -> None:
    """End standing titles, each a unit's code and an owner's number. They stay in the record."""
    statement = (
        update(RollTitle)
        .where(
            col(RollTitle.compound_id) == compound_id,
            col(RollTitle.unit_code) == bindparam("of_unit"),
            col(RollTitle.owner_number) == bindparam("of_owner"),
            col(RollTitle.ended_at).is_(None),
        )
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
    for start in range(0, len(titles), _AT_ONCE):
        some = titles[start : start + _AT_ONCE]
        connection = await session.connection()
        await connection.execute(statement, [{"of_unit": code, "of_owner": owner} for code, owner in some])


async def find_roll_unit(session: AsyncSession, compound_id: int, unit_code: str) -> RollUnit | None:
    """A unit that has not ended."""
    unit = await session.get(RollUnit, (compound_id, unit_code))
    return unit if unit is not None and unit.ended_at is None else None


async def find_objection(session: AsyncSession, compound_id: int, number: int) -> RollObjection | None:
    """An objection, locked until the transaction ends."""
    statement = (
        select(RollObjection)
        .where(RollObjection.compound_id == compound_id, RollObjection.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one_or_none()


async def list_objections(
    session: AsyncSession, compound_id: int, state: ObjectionState | None = None
) -> list[RollObjection]:
    """Objections in the order they were made."""
    statement = select(RollObjection).where(RollObjection.compound_id == compound_id)
    if state is not None:
        statement = statement.where(RollObjection.state == state)
    return list(await session.exec(statement.order_by(col(RollObjection.number))))


async def list_contactable(session: AsyncSession, compound_id: int) -> set[int]:
    """The numbers of owners with a phone, or with somebody on WeChat who proved to be them."""
    with_phone = select(RollOwner.owner_number).where(
        RollOwner.compound_id == compound_id, col(RollOwner.phone_sealed).is_not(None)
    )
    bound = select(OwnerBinding.owner_number).where(
        OwnerBinding.compound_id == compound_id,
        OwnerBinding.state == BindingState.BOUND,
        col(OwnerBinding.ended_at).is_(None),
    )
    return {*(await session.exec(with_phone)), *(await session.exec(bound))}


async def find_upload(
    session: AsyncSession, compound_id: int, *, number: int = 0, digest: str = ""
) -> RollUpload | None:
    """A sheet that waits to be imported, by its number or by its content."""
    statement = select(RollUpload).where(
        RollUpload.compound_id == compound_id,
        RollUpload.digest == digest if digest else RollUpload.upload_number == number,
    )
    return (await session.exec(statement)).one_or_none()


async def delete_upload(session: AsyncSession, compound_id: int, number: int) -> None:
    """Take a sheet away."""
    await session.exec(
        delete(RollUpload).where(
            col(RollUpload.compound_id) == compound_id, col(RollUpload.upload_number) == number
        )
    )


async def forget_uploads(session: AsyncSession, before: datetime) -> None:
    """Take away the sheets that came before then."""
    await session.exec(delete(RollUpload).where(col(RollUpload.uploaded_at) < before))


async def list_owners_of(
    session: AsyncSession, compound_id: int, unit_codes: Sequence[str]
) -> list[tuple[str, RollOwner]]:
    """(unit, owner) of the standing titles of these units."""
    statement = (
        select(RollTitle.unit_code, RollOwner)
        .join(
            RollOwner,
            (col(RollOwner.compound_id) == RollTitle.compound_id)
            & (col(RollOwner.owner_number) == RollTitle.owner_number),
        )
        .where(
            RollTitle.compound_id == compound_id,
            col(RollTitle.ended_at).is_(None),
            col(RollTitle.unit_code).in_(unit_codes),
        )
        .order_by(col(RollTitle.unit_code), col(RollTitle.owner_number))
    )
    return list(await session.exec(statement))


async def list_sheet_readers(session: AsyncSession, compound_id: int) -> set[int]:
    """Who uploaded or imported a sheet of the roll, and so has seen the owners' documents; from the audit log."""
    statement = select(AuditEvent.actor_id).where(
        AuditEvent.compound_id == compound_id, col(AuditEvent.verb).in_(("roll.uploaded", "roll.imported"))
    )
    return {actor_id for actor_id in await session.exec(statement) if actor_id is not None}


async def list_issuers(session: AsyncSession, compound_id: int) -> set[int]:
    """Who printed codes that nobody has used and that still count."""
    statement = select(UnitCode.issued_by).where(
        UnitCode.compound_id == compound_id,
        col(UnitCode.used_at).is_(None),
        col(UnitCode.voided_at).is_(None),
    )
    return {issuer for issuer in await session.exec(statement.distinct()) if issuer is not None}


async def void_codes_by(session: AsyncSession, compound_id: int, issuer: int, now: datetime) -> None:
    """Let the codes that somebody printed and nobody has used count no more."""
    await session.exec(
        update(UnitCode)
        .where(
            col(UnitCode.compound_id) == compound_id,
            col(UnitCode.issued_by) == issuer,
            col(UnitCode.used_at).is_(None),
            col(UnitCode.voided_at).is_(None),
        )
        .values(voided_at=now)
        .execution_options(synchronize_session=False)
    )
