"""All months of a compound, what was promised, and when it sits together."""

import re

from aiohttp import web

from bot.web.console.consultations.door import (
    ITEM,
    act,
    moment_of,
    number_of,
    open_list,
    root_of,
)
from bot.web.console.tabs import count_waiting
from bot.web.once import fresh_key
from bot.web.returned import NOTHING, Returned
from bot.web.visit import Visit
from handlers.access import Opened, Right
from handlers.consultations.meeting import save_plan
from handlers.consultations.open import open_month
from handlers.consultations.outcomes import Code, Refused
from handlers.consultations.promises import load_follow_ups, settle_promise
from handlers.consultations.rules import Plan, may_meet_at, meets_at, month_after
from handlers.consultations.state import load_plan, plan_of
from handlers.local_time import month_of
from storage.queries.consultations import find_plan, list_consultations
from storage.states import MeetingBy, MeetingForm

SHOWN = 24


async def show_consultations(visit: Visit) -> web.Response:
    """The months, the newest first, and who is holding what was promised."""
    return await _list_page(visit, visit.request.query.get("told", ""))


async def _list_page(visit: Visit, told: str, back: Returned = NOTHING) -> web.Response:
    opened = await open_list(visit, Right.SEE_CONSULTATIONS)
    own = await find_plan(visit.session, opened.compound_id)
    plan = plan_of(own)
    rows = await list_consultations(visit.session, [opened.compound_id], SHOWN)
    known = {row.month for row in rows}
    this = month_of(visit.now)
    free = [month for month in (this, month_after(this)) if month not in known]
    ahead = next((at for month in free if (at := meets_at(plan, month)) > visit.now), None)
    return visit.page(
        "console/consultations.html",
        opened=opened,
        rows=rows,
        promises=await load_follow_ups(visit.session, opened.compound_id),
        plan=plan,
        enabled=own is None or own.enabled,
        ahead=ahead,
        may=Right.RUN_CONSULTATIONS in opened.rights,
        forms=visit.site.templates.words("meeting_forms"),
        now=visit.now,
        key=fresh_key(),
        waiting=await count_waiting(visit, opened),
        told=told,
        back=back,
    )


async def command(visit: Visit) -> web.Response:
    """What the form's button says: a meeting by hand, another plan, a promise that is kept."""
    opened = await open_list(visit)
    asked = visit.form.get("do", "")

    async def do() -> None:
        match asked:
            case "start":
                await _start(visit, opened)
            case "plan":
                enabled = visit.form.get("enabled") == "yes"
                await visit.act(save_plan, opened.compound, _plan(visit), enabled)
            case "keep":
                number = number_of(visit, "item") or 0
                words = visit.form.get("words", "")
                await visit.act(settle_promise, opened.compound_id, number, words)
            case _:
                raise Refused(Code.ODD)

    async def again(told: str) -> web.Response:
        item = visit.form.get("item", "") if asked == "keep" else ""
        which = int(item) if re.fullmatch(ITEM, item) else 0
        return await _list_page(visit, told, Returned(asked, which, visit.form))

    return await act(visit, root_of(opened), f"consultation_{asked}", do, again)


async def _start(visit: Visit, opened: Opened) -> None:
    at = moment_of(visit)
    month = month_of(at)
    if not may_meet_at(month, at, visit.now):
        raise Refused(Code.BAD_TIME)
    plan = await load_plan(visit.session, opened.compound_id)
    if not await visit.act(open_month, opened.compound, month, plan, at):
        raise Refused(Code.OVER)


def _plan(visit: Visit) -> Plan:
    form = visit.form
    hours, _, minutes = form.get("time", "").partition(":")
    if not (hours.isdecimal() and minutes[:2].isdecimal()):
        raise Refused(Code.BAD_TIME)
    ways, forms = {each.value for each in MeetingBy}, {each.value for each in MeetingForm}
    if form.get("meets_by") not in ways or form.get("form") not in forms:
        raise Refused(Code.ODD)
    return Plan(
        MeetingBy(form["meets_by"]),
        number_of(visit, "day") or 0,
        number_of(visit, "nth") or 0,
        number_of(visit, "weekday") or 0,
        int(hours) * 60 + int(minutes[:2]),
        MeetingForm(form["form"]),
        " ".join(form.get("place", "").split()),
        number_of(visit, "seats"),
    )
