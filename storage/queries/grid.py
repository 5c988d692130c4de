"""Grid cells, which places are theirs, and a sheet of the tree between upload and import."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from storage.states import PlaceLevel
from storage.tables import (
    ChatGroup,
    Compound,
    DispatchRule,
    GridCell,
    GridPlace,
    GridUpload,
    Opinion,
    Place,
    Residency,
    RoleGrant,
    RollUnit,
)
from storage.upsert import insert_for

_AT_ONCE = 2000  # rows in one go; both databases take 32,000 parameters
_HOMES = (PlaceLevel.UNIT, PlaceLevel.HOUSEHOLD)


async def lock_compound(session: AsyncSession, compound_id: int) -> None:
    """Nobody else changes a compound's tree or cells until the transaction ends."""
    await session.exec(
        select(Compound.compound_id).where(Compound.compound_id == compound_id).with_for_update()
    )


async def list_nodes(
    session: AsyncSession, compound_id: int
) -> dict[str, tuple[PlaceLevel, str, str | None]]:
    """All places of a compound: by code the level, the name and the parent's code."""
    statement = select(Place.code, Place.level, Place.name, Place.parent_code).where(
        Place.compound_id == compound_id
    )
    return {
        code: (PlaceLevel(level), name, parent) for code, level, name, parent in await session.exec(statement)
    }


async def list_uses(session: AsyncSession, compound: Compound) -> dict[str, str]:
    """By place why it cannot go, as a code ("use.lives"), of those that something refers to."""
    of, inside = compound.compound_id, f"{compound.code}/"
    in_roll = (RollUnit.compound_id == of, col(RollUnit.ended_at).is_(None))
    found: dict[str, str] = {}
    for reason, statement in (
        ("use.rule", select(DispatchRule.building).where(DispatchRule.compound_id == of)),
        ("use.roll", select(RollUnit.unit_code).where(*in_roll)),
        ("use.roll", select(RollUnit.building).where(*in_roll)),
        ("use.opinion", select(Opinion.home_code).where(Opinion.compound_id == of)),
        ("use.opinion", select(Opinion.building).where(Opinion.compound_id == of)),
        ("use.group", select(ChatGroup.place_code).where(ChatGroup.compound_id == of)),
        ("use.lives", select(Residency.place_code).where(Residency.compound_id == of)),
        (
            "use.office",
            select(func.substr(RoleGrant.scope_code, len(inside) + 1)).where(
                func.substr(RoleGrant.scope_code, 1, len(inside)) == inside, col(RoleGrant.ended_at).is_(None)
            ),
        ),
    ):
        found |= {code: reason for code in (await session.exec(statement.distinct())).all() if code}
    return found


async def list_homes_of(session: AsyncSession, compound_id: int) -> tuple[list[str], list[str]]:
    """The codes of a compound's flats, and of the households that share one."""
    statement = select(Place.code, Place.level).where(
        Place.compound_id == compound_id, col(Place.level).in_(_HOMES)
    )
    found = (await session.exec(statement)).all()
    return (
        [code for code, level in found if level is PlaceLevel.UNIT],
        [code for code, level in found if level is PlaceLevel.HOUSEHOLD],
    )


async def list_cells(session: AsyncSession, compound_id: int) -> list[GridCell]:
    """The cells of a compound, by code."""
    statement = select(GridCell).where(GridCell.compound_id == compound_id).order_by(col(GridCell.code))
    return list((await session.exec(statement)).all())


async def find_cell(session: AsyncSession, compound_id: int, code: str) -> GridCell | None:
    """A cell by its code."""
    return await session.get(GridCell, (compound_id, code))


async def list_cell_places(session: AsyncSession, compound_id: int) -> dict[str, str]:
    """By place its cell; what lies inside has the same one unless it has its own."""
    statement = select(GridPlace.place_code, GridPlace.cell_code).where(GridPlace.compound_id == compound_id)
    return dict((await session.exec(statement)).all())


async def list_compounds_with_cells(session: AsyncSession) -> list[tuple[int, str]]:
    """(compound_id, code) of the compounds that are parted into cells, by code."""
    statement = (
        select(Compound.compound_id, Compound.code)
        .where(col(Compound.compound_id).in_(select(GridCell.compound_id)))
        .order_by(col(Compound.code))
    )
    return [(compound_id or 0, code) for compound_id, code in (await session.exec(statement)).all()]


async def replace_cells(
    session: AsyncSession, compound_id: int, places: Mapping[str, str], codes: Collection[str]
) -> None:
    """These cells with these places, and no others; a cell that was there keeps its worker."""
    await session.exec(delete(GridPlace).where(col(GridPlace.compound_id) == compound_id))
    known = {cell.code for cell in await list_cells(session, compound_id)}
    gone = sorted(known - set(codes))
    for start in range(0, len(gone), _AT_ONCE):
        some = col(GridCell.code).in_(gone[start : start + _AT_ONCE])
        await session.exec(delete(GridCell).where(col(GridCell.compound_id) == compound_id, some))
    fresh = [{"compound_id": compound_id, "code": code} for code in sorted(set(codes) - known)]
    rows = [
        {"compound_id": compound_id, "place_code": place, "cell_code": cell} for place, cell in places.items()
    ]
    for table, values in ((GridCell, fresh), (GridPlace, rows)):
        for start in range(0, len(values), _AT_ONCE):
            await session.exec(insert_for(session, table), params=values[start : start + _AT_ONCE])


async def put_cell_worker(session: AsyncSession, compound_id: int, code: str, worker_id: int | None) -> None:
    """Whose a cell is from now on."""
    await session.exec(
        update(GridCell)
        .where(col(GridCell.compound_id) == compound_id, col(GridCell.code) == code)
        .values(worker_id=worker_id)
        .execution_options(synchronize_session="fetch")
    )


async def put_grid_upload(session: AsyncSession, values: dict[str, Any]) -> None:
    """Keep a sheet, in the place of the one before."""
    changed = {key: value for key, value in values.items() if key != "compound_id"}
    await session.exec(
        insert_for(session, GridUpload)
        .values(**values)
        .on_conflict_do_update(index_elements=["compound_id"], set_=changed)
    )


async def find_grid_upload(session: AsyncSession, compound_id: int) -> GridUpload | None:
    """The sheet that waits to be imported."""
    statement = select(GridUpload).where(GridUpload.compound_id == compound_id)
    return (await session.exec(statement)).one_or_none()


async def drop_grid_upload(session: AsyncSession, compound_id: int) -> None:
    """Forget the sheet that waits."""
    await session.exec(delete(GridUpload).where(col(GridUpload.compound_id) == compound_id))


async def forget_grid_uploads(session: AsyncSession, before: datetime) -> None:
    """Forget every sheet that was brought before then."""
    await session.exec(delete(GridUpload).where(col(GridUpload.uploaded_at) < before))
