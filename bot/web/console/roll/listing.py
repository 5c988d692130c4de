"""The roll with masked names, and what somebody says is wrong in it."""

from math import ceil

from aiohttp import web

from bot.web.console.alerts import NUMBER
from bot.web.console.board import page_of
from bot.web.console.compounds import CODE
from bot.web.console.tabs import count_waiting
from bot.web.visit import Visit, see_other
from handlers.access import Opened, Right, access_compound
from handlers.roll.columns import Field
from handlers.roll.objections import (
    Correction,
    ObjectionError,
    decide_objection,
    object_to_roll,
    words_of,
)
from handlers.roll.present import list_unit_lines, load_overview
from handlers.voting import words
from handlers.voting.terms import AreaError, area_of
from storage.queries.roll import list_objections
from storage.states import ObjectionState

PAGE = 50
PROBLEMS = 20


async def access_roll(visit: Visit) -> Opened:
    """The compound, for whoever keeps its roll."""
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, Right.KEEP_ROLL)


async def show_roll(visit: Visit) -> web.Response:
    """Figures, a form for a sheet, open objections, units a page at a time; `building` for those of one."""
    opened = await access_roll(visit)
    sealer, compound_id = visit.site.services.sealer, opened.compound_id
    overview = await load_overview(visit.session, compound_id)
    building = visit.request.query.get("building", "")
    building = building if building in overview.buildings else ""
    page = page_of(visit.request.query.get("page", ""))
    of = overview.buildings[building] if building else overview.units
    objections = await list_objections(visit.session, compound_id, ObjectionState.OPEN)
    return visit.page(
        "console/roll/list.html",
        opened=opened,
        waiting=await count_waiting(visit, opened),
        overview=overview,
        problems=overview.problems[:PROBLEMS],
        building=building,
        page=page,
        pages=max(1, ceil(of / PAGE)),
        lines=await list_unit_lines(visit.session, sealer, compound_id, building, PAGE, (page - 1) * PAGE),
        objections=[(each, words_of(sealer, each)) for each in objections],
        words=words,
        told=visit.request.query.get("told", ""),
    )


async def enter_objection(visit: Visit) -> web.Response:
    """What came on paper or by phone; the same words again are one objection."""
    opened = await access_roll(visit)
    form = visit.form
    try:
        await object_to_roll(
            visit.session,
            visit.site.services.sealer,
            opened.compound_id,
            form.get("unit", "").strip()[:60],
            form.get("text", ""),
            visit.now,
            entered_by=visit.signed_in.viewer.person_id,
        )
    except ObjectionError as error:
        return roll_back(opened, error.code)
    return roll_back(opened, "objection_kept")


async def decide(visit: Visit) -> web.Response:
    """Accept, with the right area where one is wrong, or decline; with an answer."""
    opened = await access_roll(visit)
    form = visit.form
    accepted = form.get("decision") == "accept"
    correction = None
    if accepted and (text := form.get("area", "").strip()):
        try:
            correction = Correction({Field.AREA_REGISTER: area_of(text)})
        except AreaError:
            return roll_back(opened, "roll.area")
    try:
        await decide_objection(
            visit.session,
            opened.compound_id,
            int(visit.part("number", NUMBER)),
            ObjectionState.ACCEPTED if accepted else ObjectionState.DECLINED,
            form.get("answer", ""),
            visit.now,
            decided_by=visit.signed_in.viewer.person_id,
            correction=correction,
        )
    except ObjectionError as error:
        return roll_back(opened, error.code)
    return roll_back(opened, "roll_objection_decided")


def roll_back(opened: Opened, told: str) -> web.Response:
    """The roll as it is now, with what came of a button."""
    return see_other(f"/console/{opened.compound.code}/roll?told={told}")
