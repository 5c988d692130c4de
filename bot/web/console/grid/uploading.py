"""A sheet for the tree: brought, tried row by row, and then imported, all of it or nothing."""

import asyncio

from aiohttp import web

from bot.web.console.grid.cells import grid_back
from bot.web.console.grid.profile import access_kept
from bot.web.visit import Visit, see_other
from handlers.access import Opened
from handlers.grid.import_tree import Imported, import_tree, of_one, reason_words, report
from handlers.grid.sheet import TreeSheet, read_tree
from handlers.grid.upload import drop_grid_sheet, find_grid_sheet, keep_grid_upload
from handlers.roll.report import sheet_words
from handlers.roll.sheet import SheetError, read_book

SHOWN = 100
_TREE = "tree."


async def upload(visit: Visit) -> web.Response:
    """Keep the file; the next page says what it would do."""
    opened = await access_kept(visit)
    content, name = visit.sheet
    if visit.refused_photos or not content:
        return grid_back(opened, visit.refused_photos or "sheet_missing")
    await keep_grid_upload(
        visit.session,
        visit.site.services.sealer,
        opened.compound_id,
        content,
        name,
        visit.now,
        actor_id=visit.signed_in.viewer.person_id,
    )
    return _to_upload(opened)


async def show_upload(visit: Visit) -> web.Response:
    """What an import would do with every row."""
    opened = await access_kept(visit)
    kept = await find_grid_sheet(visit.session, visit.site.services.sealer, opened.compound_id)
    if kept is None:
        return grid_back(opened, "sheet_gone")
    tried, problem = None, ""
    try:
        tried = await _import(visit, opened, await _read(kept[1]), dry_run=True)
    except SheetError as error:
        problem = reason_words(error.code) if error.code.startswith(_TREE) else sheet_words(error.code)
    lines = report(tried) if tried else []
    refused = [line for line in lines if line.get("decision") == "refuse"]
    others = [line for line in lines if line.get("decision") != "refuse" and line.get("text")]
    return visit.page(
        "console/grid/upload.html",
        opened=opened,
        upload=kept[0],
        problem=problem,
        tried=tried,
        counts=tried.plan.counts if tried else {},
        cells=sorted(set((tried.plan.cells or {}).values())) if tried else [],
        refused=refused[:SHOWN],
        others=others[:SHOWN],
        gone=[line["place"] for line in lines if line.get("decision") == "gone"][:SHOWN],
        sums=(len(refused), len(others)),
        shown=SHOWN,
        told=visit.request.query.get("told", ""),
    )


async def bring_in(visit: Visit) -> web.Response:
    """Import it, if that does what was shown; the sheet is gone then. Pressing it twice imports once."""
    opened = await access_kept(visit)
    kept = await find_grid_sheet(visit.session, visit.site.services.sealer, opened.compound_id)
    if kept is None:
        return grid_back(opened, "sheet_gone")
    try:
        imported = await _import(visit, opened, await _read(kept[1]), seen=visit.form.get("seen", ""))
    except SheetError:
        return _to_upload(opened)
    if not imported.written:
        return _to_upload(opened, "tree_refused" if imported.plan.is_refused else "tree_changed_meanwhile")
    await drop_grid_sheet(visit.session, opened.compound_id)
    return grid_back(opened, "tree_imported")


async def drop(visit: Visit) -> web.Response:
    """Forget the sheet."""
    opened = await access_kept(visit)
    await drop_grid_sheet(visit.session, opened.compound_id)
    return grid_back(opened, "roll_dropped")


async def _read(content: bytes) -> TreeSheet:
    return await asyncio.to_thread(lambda: read_tree(read_book(content)))


async def _import(
    visit: Visit, opened: Opened, sheet: TreeSheet, *, dry_run: bool = False, seen: str | None = None
) -> Imported:
    return await import_tree(
        visit.session,
        visit.site.services.sealer,
        opened.compound,
        sheet,
        of_one(sheet.rows, opened.compound),
        visit.now,
        actor_id=visit.signed_in.viewer.person_id,
        dry_run=dry_run,
        seen=seen,
    )


def _to_upload(opened: Opened, told: str = "") -> web.Response:
    query = f"?told={told}" if told else ""
    return see_other(f"/console/{opened.compound.code}/grid/upload{query}")
