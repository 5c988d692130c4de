"""Residents' points for whoever may switch them: on or off, and totals. Who has how many is nobody's business."""

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.tabs import count_waiting
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import Opened, Right, access_compound
from handlers.points.scale import SCALE
from handlers.points.switch import switch_points
from storage.queries.points import find_point_settings, sum_points


async def show_points(visit: Visit) -> web.Response:
    """Whether the compound gives points, what for, and the totals."""
    opened = await _access(visit)
    settings = await find_point_settings(visit.session, opened.compound_id)
    return visit.page(
        "console/points.html",
        opened=opened,
        on_since=settings.on_since if settings else None,
        scale=SCALE,
        sums=await sum_points(visit.session, opened.compound_id),
        key=fresh_key(),
        waiting=await count_waiting(visit, opened),
        told=visit.request.query.get("told", ""),
    )


async def switch(visit: Visit) -> web.Response:
    """Switch them; doing it again changes nothing."""
    opened = await _access(visit)
    on = visit.form.get("on") == "yes"
    if await first_time(visit):
        actor_id = visit.signed_in.viewer.person_id
        await switch_points(visit.session, opened.compound_id, visit.now, on=on, actor_id=actor_id)
    told = "points_on" if on else "points_off"
    return see_other(f"/console/{opened.compound.code}/points?told={told}")


async def _access(visit: Visit) -> Opened:
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, Right.KEEP_POINTS)
