"""The grid cells of a compound: how many households each has, whose it is, what is odd; a sheet for all of it."""

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.grid.profile import access_kept
from bot.web.console.tabs import count_waiting
from bot.web.visit import Visit, see_other
from handlers.access import Opened, Right, access_compound
from handlers.grid.cells import give_cell, grid_of
from handlers.grid.import_tree import find_workers
from handlers.grid.keep_profile import profile_of
from handlers.grid.rules import LEAST, MOST
from handlers.grid.upload import find_grid_sheet
from storage.queries.tree import list_houses

NOBODY = "nobody"
PLACES_SHOWN = 6


async def show_grid(visit: Visit) -> web.Response:
    """All cells; for whoever keeps the compound also the forms."""
    code = visit.part("compound", CODE)
    opened = await access_compound(visit.session, visit.signed_in.viewer, code, Right.SEE_GRID)
    session, sealer = visit.session, visit.site.services.sealer
    grid = await grid_of(session, opened.compound_id)
    workers = await find_workers(session, sealer, opened.compound)
    names = {person_id: name for name, people in workers.items() for person_id in people}
    houses = {place.code: place.name for place in await list_houses(session, opened.compound_id)}
    return visit.page(
        "console/grid/cells.html",
        opened=opened,
        grid=grid,
        odd=sum(bool(cell.faults) for cell in grid.cells),
        names=names,
        places={
            cell.code: [houses.get(place, place) for place in cell.places[:PLACES_SHOWN]]
            for cell in grid.cells
        },
        shown=PLACES_SHOWN,
        mine=visit.signed_in.viewer.person_id,
        least=LEAST,
        most=MOST,
        keeps=Right.KEEP_COMPOUND in opened.rights,
        profile=await profile_of(session, opened.compound),
        upload=await find_grid_sheet(session, sealer, opened.compound_id),
        waiting=await count_waiting(visit, opened),
        told=visit.request.query.get("told", ""),
    )


async def give(visit: Visit) -> web.Response:
    """Make a cell somebody's, or nobody's; doing it again changes nothing."""
    opened = await access_kept(visit)
    wanted = visit.form.get("worker", "")
    if wanted != NOBODY and not (wanted.isascii() and wanted.isdecimal() and len(wanted) < 16):
        return grid_back(opened, "cell_odd")
    given = await give_cell(
        visit.session,
        visit.site.services.sealer,
        opened.compound,
        visit.form.get("cell", "")[:40],
        None if wanted == NOBODY else int(wanted),
        visit.now,
        actor_id=visit.signed_in.viewer.person_id,
    )
    return grid_back(opened, "cell_given" if given else "cell_odd")


def grid_back(opened: Opened, told: str) -> web.Response:
    """On to the page of the cells."""
    return see_other(f"/console/{opened.compound.code}/grid?told={told}")
