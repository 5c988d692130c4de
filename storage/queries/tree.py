"""Compounds, what lies above them and what lies in them."""

from collections.abc import Collection
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import RegionLevel
from storage.tables import Compound, Place, Region
from storage.upsert import insert_for


async def find_compound(session: AsyncSession, code: str) -> Compound | None:
    """A compound by its stable code."""
    statement = select(Compound).where(Compound.code == code)
    # Compounds are written at once, so nothing need be flushed to find them.
    return (await session.exec(statement.execution_options(autoflush=False))).one_or_none()


async def list_compounds_named(session: AsyncSession, names: Collection[str], limit: int) -> list[Compound]:
    """Compounds with exactly one of these names; there may be several in a city."""
    statement = (
        select(Compound).where(col(Compound.name).in_(names)).order_by(col(Compound.code)).limit(limit)
    )
    return list((await session.exec(statement)).all())


async def find_place(session: AsyncSession, compound_id: int, code: str) -> Place | None:
    """A place of a compound by its code."""
    return (
        await session.exec(select(Place).where(Place.compound_id == compound_id, Place.code == code))
    ).one_or_none()


async def list_places(session: AsyncSession, compound_id: int) -> list[Place]:
    """All places of a compound, parents before children."""
    statement = select(Place).where(Place.compound_id == compound_id).order_by(col(Place.code))
    return list((await session.exec(statement)).all())


async def list_places_coded(session: AsyncSession, compound_id: int, codes: Collection[str]) -> list[Place]:
    """Those places of a compound that have one of these codes, by code."""
    statement = select(Place).where(Place.compound_id == compound_id, col(Place.code).in_(codes))
    return list((await session.exec(statement.order_by(col(Place.code)))).all())


async def list_codes_among(session: AsyncSession, compound_id: int, codes: Collection[str]) -> list[str]:
    """Those of `codes` that are places of a compound."""
    statement = select(Place.code).where(Place.compound_id == compound_id, col(Place.code).in_(codes))
    # Places are imported, never written while messages are worked on.
    return list((await session.exec(statement.execution_options(autoflush=False))).all())


async def list_region_codes_above(session: AsyncSession, region_code: str | None) -> list[str]:
    """The codes of a region and of all above it, nearest first."""
    codes: list[str] = []
    while region_code is not None and region_code not in codes:
        codes.append(region_code)
        region_code = (await session.exec(select(Region.parent_code).where(Region.code == region_code))).one()
    return codes


async def list_region_levels(session: AsyncSession, codes: Collection[str]) -> dict[str, RegionLevel]:
    """The level of each of these regions."""
    statement = select(Region.code, Region.level).where(col(Region.code).in_(codes))
    return {code: RegionLevel(level) for code, level in await session.exec(statement)}


async def list_scopes_of(session: AsyncSession, compound: Compound) -> list[str]:
    """The codes of the nodes on which a role counts for this compound: itself and all above."""
    return [compound.code, *await list_region_codes_above(session, compound.region_code)]


async def put_region(session: AsyncSession, values: dict[str, Any]) -> None:
    """Add a region or change its name and parent; its code stays."""
    changed = {key: value for key, value in values.items() if key != "code"}
    await session.exec(
        insert_for(session, Region)
        .values(**values)
        .on_conflict_do_update(index_elements=["code"], set_=changed)
    )


async def put_compound(session: AsyncSession, values: dict[str, Any]) -> Compound:
    """Add a compound or change its profile; its code and id stay."""
    changed = {key: value for key, value in values.items() if key != "code"}
    await session.exec(
        insert_for(session, Compound)
        .values(**values)
        .on_conflict_do_update(index_elements=["code"], set_=changed)
    )
    compound = await find_compound(session, values["code"])
    assert compound is not None
    await session.refresh(compound)
    return compound


async def put_place(session: AsyncSession, values: dict[str, Any]) -> None:
    """Add a place or change its name; its code, level and parent stay."""
    await session.exec(
        insert_for(session, Place)
        .values(**values)
        .on_conflict_do_update(index_elements=["compound_id", "code"], set_={"name": values["name"]})
    )
