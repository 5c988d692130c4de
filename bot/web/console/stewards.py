"""Stewards on the spot (下沉): who was here this month, and for stewards a form."""

from datetime import date

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.console.tabs import count_waiting
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import Forbidden, Right, access_compound
from handlers.local_time import local_date
from handlers.visits.rules import OLDEST_ENTRY, STEWARD_DAYS, Refused
from handlers.visits.stewards import list_stewards_of, load_month, log_steward_visit
from storage.queries.tree import list_houses
from storage.states import PlaceLevel


async def show_stewards(visit: Visit) -> web.Response:
    """This month, by steward."""
    code, viewer = visit.part("compound", CODE), visit.signed_in.viewer
    opened = await access_compound(visit.session, viewer, code, Right.SEE_WEEK)
    today = local_date(visit.now)
    return visit.page(
        "console/stewards.html",
        opened=opened,
        month=await load_month(visit.session, visit.site.services, opened.compound, today),
        wanted=STEWARD_DAYS,
        me=viewer.person_id,
        buildings=await _buildings(visit, opened.compound_id),
        today=today.isoformat(),
        oldest=(today - OLDEST_ENTRY).isoformat(),
        key=fresh_key(),
        waiting=await count_waiting(visit, opened),
        told=visit.request.query.get("told", ""),
    )


async def log(visit: Visit) -> web.Response:
    """Keep a day, by one of the stewards; the same day again is one day."""
    code, viewer = visit.part("compound", CODE), visit.signed_in.viewer
    opened = await access_compound(visit.session, viewer, code, Right.SEE_WEEK)
    if viewer.person_id not in await list_stewards_of(visit.session, visit.site.services, opened.compound):
        raise Forbidden
    building = visit.form.get("building", "")
    told = "steward_kept"
    if building and building not in await _buildings(visit, opened.compound_id):
        told = "visit.day"
    else:
        try:
            on = date.fromisoformat(visit.form.get("on", ""))
            if await first_time(visit):
                await log_steward_visit(
                    visit.session,
                    opened.compound_id,
                    on,
                    building or None,
                    visit.now,
                    actor_id=viewer.person_id,
                )
        except (ValueError, Refused):
            told = "visit.day"
    return see_other(f"/console/{opened.compound.code}/stewards?told={told}")


async def _buildings(visit: Visit, compound_id: int) -> dict[str, str]:
    places = await list_houses(visit.session, compound_id)
    return {place.code: place.name for place in places if place.level is PlaceLevel.BUILDING}
