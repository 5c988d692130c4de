"""Use cases: the grid cells of a compound with their sizes, whose they are, and what is odd about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from handlers.grid.import_tree import find_workers
from handlers.grid.rules import CellFault, cell_of, faults, household_codes, sizes
from storage.audit import add_audit_event
from storage.queries.grid import (
    find_cell,
    list_cell_places,
    list_cells,
    list_compounds_with_cells,
    list_homes_of,
    put_cell_worker,
)
from storage.sealing import Sealer
from storage.tables import Compound, GridCell


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it is shown. places: codes of what is its own."""

    code: str
    households: int
    worker_id: int | None
    places: tuple[str, ...]
    faults: tuple[CellFault, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """outside: households in no cell. total: all households that the tree knows."""

    cells: Sequence[Cell]
    outside: int
    total: int


async def grid_of(session: AsyncSession, compound_id: int) -> Grid:
    """The cells of a compound."""
    cells = await list_cells(session, compound_id)
    assigned = await list_cell_places(session, compound_id)
    flats, shared = await list_homes_of(session, compound_id)
    found = sizes(household_codes(flats, shared), assigned, [cell.code for cell in cells])
    return Grid(
        [
            Cell(
                cell.code,
                found.cells[cell.code],
                cell.worker_id,
                tuple(sorted(place for place, of in assigned.items() if of == cell.code)),
                faults(found.cells[cell.code], has_worker=cell.worker_id is not None),
            )
            for cell in cells
        ],
        found.outside,
        found.total,
    )


async def give_cell(
    session: AsyncSession,
    sealer: Sealer,
    compound: Compound,
    code: str,
    worker_id: int | None,
    now: datetime,
    *,
    actor_id: int,
) -> bool:
    """Make a cell somebody's, or nobody's; False for a cell that is not there or somebody who is no grid worker."""
    assert compound.compound_id is not None
    cell = await find_cell(session, compound.compound_id, code)
    workers = await find_workers(session, sealer, compound)
    if cell is None or (worker_id is not None and not any(worker_id in each for each in workers.values())):
        return False
    if cell.worker_id == worker_id:
        return True
    await put_cell_worker(session, compound.compound_id, code, worker_id)
    add_audit_event(
        session,
        at=now,
        verb="cell.given",
        compound_id=compound.compound_id,
        actor_id=actor_id,
        subject=f"cell:{code}",
        details={"worker": worker_id},
    )
    return True


async def find_cell_around(session: AsyncSession, compound_id: int, place_code: str) -> GridCell | None:
    """The cell that a place lies in, with its worker; None where there is none."""
    code = cell_of(place_code, await list_cell_places(session, compound_id))
    return await find_cell(session, compound_id, code) if code else None


async def list_odd_cells(session: AsyncSession) -> tuple[int, list[tuple[str, Cell]]]:
    """How many cells there are, and by compound's code those that are too small, too large or nobody's."""
    count, odd = 0, []
    for compound_id, code in await list_compounds_with_cells(session):
        grid = await grid_of(session, compound_id)
        count += len(grid.cells)
        odd += [(code, cell) for cell in grid.cells if cell.faults]
    return count, odd
