"""Compounds, what lies above them and what lies in them."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import PlaceLevel, RegionLevel
from storage.tables import (
    ChatGroup,
    Compound,
    GridPlace,
    Opinion,
    Place,
    Region,
    Residency,
    RoleGrant,
    RollUnit,
)
from storage.upsert import insert_for

HOUSES = (PlaceLevel.BUILDING, PlaceLevel.ENTRANCE)
_AT_ONCE = 2000  # rows in one go; both databases take 32,000 parameters


async def find_compound(session: AsyncSession, code: str) -> Compound | None:
    """A compound by its stable code."""
    statement = select(Compound).where(Compound.code == code)
    # Compounds are written at once, so nothing need be flushed to find them.
    return (await session.exec(statement.execution_options(autoflush=False))).one_or_none()


async def list_compounds(session: AsyncSession) -> list[Compound]:
    """All of them, by code."""
    return list((await session.exec(select(Compound).order_by(col(Compound.code)))).all())


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


async def list_houses(session: AsyncSession, compound_id: int) -> list[Place]:
    """All buildings and entrances of a compound, parents before children; flats would be thousands."""
    statement = select(Place).where(Place.compound_id == compound_id, col(Place.level).in_(HOUSES))
    return list((await session.exec(statement.order_by(col(Place.code)))).all())


async def list_houses_listed(session: AsyncSession, compound_id: int) -> dict[str, bool]:
    """The codes of a compound's buildings and entrances, with whether the flats right behind each are known."""
    flat = aliased(Place)
    behind = select(flat.code).where(
        flat.compound_id == Place.compound_id,
        col(flat.parent_code) == Place.code,
        flat.level == PlaceLevel.UNIT,
    )
    statement = select(Place.code, behind.exists()).where(
        Place.compound_id == compound_id, col(Place.level).in_(HOUSES)
    )
    # Places are imported, never written while messages are worked on.
    return dict((await session.exec(statement.execution_options(autoflush=False))).all())


async def list_places_coded(session: AsyncSession, compound_id: int, codes: Collection[str]) -> list[Place]:
    """Those places of a compound that have one of these codes, by code."""
    statement = select(Place).where(Place.compound_id == compound_id, col(Place.code).in_(codes))
    return list((await session.exec(statement.order_by(col(Place.code)))).all())


async def list_codes_among(session: AsyncSession, compound_id: int, codes: Collection[str]) -> list[str]:
    """Those of `codes` that are places of a compound."""
    statement = select(Place.code).where(Place.compound_id == compound_id, col(Place.code).in_(codes))
    # Places are imported, never written while messages are worked on.
    return list((await session.exec(statement.execution_options(autoflush=False))).all())


async def find_region(session: AsyncSession, code: str) -> Region | None:
    """A region by its stable code."""
    return (await session.exec(select(Region).where(Region.code == code))).one_or_none()


async def list_regions_coded(session: AsyncSession, codes: Collection[str]) -> list[Region]:
    """Those regions that have one of these codes, the highest first, then by name."""
    found = (await session.exec(select(Region).where(col(Region.code).in_(codes)))).all()
    levels = list(RegionLevel)
    return sorted(found, key=lambda region: (levels.index(region.level), region.name, region.code))


async def list_regions_right_below(session: AsyncSession, code: str) -> list[Region]:
    """The regions whose parent this one is, by name."""
    statement = select(Region).where(Region.parent_code == code).order_by(col(Region.name), col(Region.code))
    return list((await session.exec(statement)).all())


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


async def find_region_level(session: AsyncSession, code: str) -> RegionLevel | None:
    """The level of a region; None when there is none with this code."""
    return (await list_region_levels(session, [code])).get(code)


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


async def put_places(session: AsyncSession, compound_id: int, places: Iterable[dict[str, Any]]) -> None:
    """Add places {code, level, name, parent_code}, parents first, or change their names; the rest of each stays."""
    statement = select(Place.code, Place.name).where(Place.compound_id == compound_id)
    names = dict((await session.exec(statement)).all())
    changed = [
        {"compound_id": compound_id, **place} for place in places if names.get(place["code"]) != place["name"]
    ]
    insert = insert_for(session, Place)
    put = insert.on_conflict_do_update(
        index_elements=["compound_id", "code"], set_={"name": insert.excluded.name}
    )
    for start in range(0, len(changed), _AT_ONCE):
        await session.exec(put, params=changed[start : start + _AT_ONCE])
        if start == 0 and len(changed) > _AT_ONCE and session.get_bind().dialect.name == "postgresql":
            # It looks for each row's parent as was best when the table was small: by reading all of it.
            await (await session.connection()).exec_driver_sql("ANALYZE places")


async def list_flat_codes(session: AsyncSession, compound_id: int) -> set[str]:
    """The codes of all flats of a compound."""
    statement = select(Place.code).where(Place.compound_id == compound_id, Place.level == PlaceLevel.UNIT)
    return set((await session.exec(statement)).all())


async def list_codes_in_use(session: AsyncSession, compound: Compound) -> set[str]:
    """Which places of a compound something refers to: a home, a household, a group, an office, an opinion, the roll."""
    inside = f"{compound.code}/"
    of = compound.compound_id
    found: set[str | None] = set()
    for statement in (
        select(Residency.place_code).where(Residency.compound_id == of),
        select(Place.parent_code).where(Place.compound_id == of),
        select(ChatGroup.place_code).where(ChatGroup.compound_id == of),
        select(func.substr(RoleGrant.scope_code, len(inside) + 1)).where(
            func.substr(RoleGrant.scope_code, 1, len(inside)) == inside
        ),
        select(Opinion.home_code).where(Opinion.compound_id == of),
        select(RollUnit.unit_code).where(RollUnit.compound_id == of, col(RollUnit.ended_at).is_(None)),
    ):
        found.update((await session.exec(statement.distinct())).all())
    return {code for code in found if code is not None}


async def delete_places(session: AsyncSession, compound_id: int, codes: Collection[str]) -> None:
    """Take places away that nothing refers to but their grid cells."""
    gone = sorted(codes)
    for start in range(0, len(gone), _AT_ONCE):
        some = col(Place.code).in_(gone[start : start + _AT_ONCE])
        cells = col(GridPlace.place_code).in_(gone[start : start + _AT_ONCE])
        await session.exec(delete(GridPlace).where(col(GridPlace.compound_id) == compound_id, cells))
        await session.exec(delete(Place).where(col(Place.compound_id) == compound_id, some))
