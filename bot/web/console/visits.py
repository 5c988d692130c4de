"""Homes to visit, for whoever goes there and for the community's head. Every look is on record before it is shown."""

from datetime import date

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.local_time import local_date
from handlers.visits.door import (
    OpenedPlan,
    OpenedVisits,
    access_as_head,
    access_plan,
    access_visits,
    list_fit,
    note_look,
)
from handlers.visits.listing import list_homes, listed
from handlers.visits.plans import REASON_LENGTH, add_plan, change_plan, end_plan
from handlers.visits.record import NOTE_LENGTH, record_visit
from handlers.visits.rules import OLDEST_ENTRY, Code, Refused, Turn
from handlers.visits.sealed import home_of, note_of, reason_of
from storage.queries.visits import list_visits
from storage.states import VisitLevel

NUMBER = r"[0-9]{1,15}"
SHOWN = 20  # visits of one home


async def show_visits(visit: Visit) -> web.Response:
    """The list, what is overdue first; for the head with a form for one more."""
    code = visit.part("compound", CODE)
    opened = await access_visits(visit.session, visit.site.services.sealer, visit.signed_in.viewer, code)
    await _look(visit, opened, None)
    return await _list_page(visit, opened, visit.request.query.get("told", ""))


async def _list_page(visit: Visit, opened: OpenedVisits, told: str) -> web.Response:
    homes = list_homes(visit.site.services.sealer, opened.plans, local_date(visit.now))
    return visit.page(
        "console/visits.html",
        compound=opened.compound,
        is_head=opened.is_head,
        homes=homes,
        count={one.value: sum(each.turn is one for each in homes) for one in Turn},
        workers=await _workers(visit, opened, ""),
        levels=[level.value for level in VisitLevel],
        reason_length=REASON_LENGTH,
        typed=visit.form,
        key=fresh_key(),
        told=told,
    )


async def add(visit: Visit) -> web.Response:
    """Put a home on the list; a second click does nothing. What is refused comes back as it was typed."""
    code = visit.part("compound", CODE)
    opened = await access_as_head(visit.session, visit.site.services.sealer, visit.signed_in.viewer, code)
    try:
        async with visit.session.begin_nested():  # what is refused leaves no claim behind
            if await first_time(visit):
                await visit.act(
                    add_plan,
                    opened,
                    visit.form.get("home", ""),
                    _level(visit),
                    visit.form.get("reason", ""),
                    _worker(visit),
                )
    except Refused as refused:
        note_look(
            visit.session, opened.compound_id, None, visit.now, actor_id=visit.signed_in.viewer.person_id
        )
        return await _list_page(visit, opened, refused.code.value)
    return see_other(f"/console/{opened.compound.code}/visits?told=visit_planned")


async def show_plan(visit: Visit) -> web.Response:
    """One home: why, when somebody has to be there, what was found, and a form to note a visit."""
    found = await _access(visit)
    await _look(visit, found.opened, found.plan.number)
    return await _plan_page(visit, found, visit.request.query.get("told", ""))


async def _plan_page(visit: Visit, found: OpenedPlan, told: str) -> web.Response:
    sealer = visit.site.services.sealer
    today = local_date(visit.now)
    home = listed(sealer, found.plan, today)
    visits = await list_visits(visit.session, found.opened.compound_id, found.plan.number, SHOWN)
    return visit.page(
        "console/visit.html",
        compound=found.opened.compound,
        is_head=found.opened.is_head,
        one=home,
        reason=reason_of(sealer, found.plan),
        visits=[(each, note_of(sealer, each)) for each in visits],
        workers=await _workers(visit, found.opened, home.home.code),
        levels=[level.value for level in VisitLevel],
        today=today.isoformat(),
        oldest=(today - OLDEST_ENTRY).isoformat(),
        note_length=NOTE_LENGTH,
        reason_length=REASON_LENGTH,
        noted=visit.form if "met" in visit.form or "on" in visit.form else {},
        changed=visit.form if "worker" in visit.form else {},
        key=fresh_key(),
        told=told,
    )


async def note(visit: Visit) -> web.Response:
    """Keep a visit; a second click does nothing. What is refused comes back as it was typed."""
    found = await _access(visit)
    try:
        on = _day(visit)
        if visit.form.get("met") not in ("yes", "no"):
            raise Refused(Code.DAY)
        met, words = visit.form["met"] == "yes", visit.form.get("note", "")
        async with visit.session.begin_nested():
            if await first_time(visit):
                await visit.act(record_visit, found.opened.compound_id, found.plan.number, on, met, words)
    except Refused as refused:
        return await _refused(visit, found, refused)
    return _back(found, "visit_kept")


async def change(visit: Visit) -> web.Response:
    """Another level, reason or worker, by the head."""
    found = await _access(visit, as_head=True)
    try:
        home = home_of(visit.site.services.sealer, found.plan).code
        reason = visit.form.get("reason", "")
        await visit.act(
            change_plan, found.opened, found.plan.number, home, _level(visit), reason, _worker(visit)
        )
    except Refused as refused:
        return await _refused(visit, found, refused)
    return _back(found, "visit_changed")


async def end(visit: Visit) -> web.Response:
    """They moved out, or need it no more."""
    found = await _access(visit, as_head=True)
    if visit.form.get("sure") != "yes":
        return _back(found, "visit_not_sure")
    actor_id = visit.signed_in.viewer.person_id
    await end_plan(visit.session, found.opened.compound_id, found.plan.number, visit.now, actor_id=actor_id)
    return see_other(f"/console/{found.opened.compound.code}/visits?told=visit_ended")


async def _access(visit: Visit, *, as_head: bool = False) -> OpenedPlan:
    code, number = visit.part("compound", CODE), int(visit.part("number", NUMBER))
    sealer, viewer = visit.site.services.sealer, visit.signed_in.viewer
    if as_head:
        await access_as_head(visit.session, sealer, viewer, code)
    return await access_plan(visit.session, sealer, viewer, code, number)


async def _refused(visit: Visit, found: OpenedPlan, refused: Refused) -> web.Response:
    note_look(
        visit.session,
        found.opened.compound_id,
        found.plan.number,
        visit.now,
        actor_id=visit.signed_in.viewer.person_id,
    )
    return await _plan_page(visit, found, refused.code.value)


async def _look(visit: Visit, opened: OpenedVisits, number: int | None) -> None:
    # In a transaction of its own, since this one only reads: whatever is shown, the look is on record.
    actor_id = visit.signed_in.viewer.person_id
    async with visit.site.database.write() as session:
        note_look(session, opened.compound_id, number, visit.now, actor_id=actor_id)


async def _workers(visit: Visit, opened: OpenedVisits, home: str) -> dict[int, str]:
    if not opened.is_head:
        return {}
    services = visit.site.services
    return dict(await list_fit(visit.session, services, opened.compound, opened.nodes, home))


def _level(visit: Visit) -> VisitLevel:
    try:
        return VisitLevel(visit.form.get("level", ""))
    except ValueError:
        raise Refused(Code.LEVEL) from None


def _worker(visit: Visit) -> int:
    words = visit.form.get("worker", "")
    if not (words.isascii() and words.isdecimal() and len(words) < 16):
        raise Refused(Code.WORKER)
    return int(words)


def _day(visit: Visit) -> date:
    try:
        return date.fromisoformat(visit.form.get("on", ""))
    except ValueError:
        raise Refused(Code.DAY) from None


def _back(found: OpenedPlan, told: str) -> web.Response:
    return see_other(f"/console/{found.opened.compound.code}/visits/{found.plan.number}?told={told}")
