"""The weekly round for hazards, on a phone: tick off what is in order, report what is not, with photos."""

from collections.abc import Mapping

from aiohttp import web

from bot.pictures import MEDIA_TYPE
from bot.web.console.compounds import CODE
from bot.web.console.tabs import count_waiting
from bot.web.once import command_key, first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened, Right, access_compound
from handlers.hazards.items import ITEMS
from handlers.hazards.remind import switch_weekly
from handlers.hazards.round import WORDS_LENGTH, items_of, report_hazard, tick
from handlers.hazards.rules import Item, week_of
from handlers.requests.commands import OPEN
from storage.queries.hazards import WeekHazards, count_hazards, find_hazard_list, is_weekly, list_findings
from storage.queries.tree import list_houses
from storage.states import PlaceLevel
from storage.tables import Place

ITEM = r"[a-z]{1,40}"


async def show_round(visit: Visit) -> web.Response:
    """This week's list, and what has been found."""
    opened = await _access(visit)
    week = week_of(visit.now)
    own = await find_hazard_list(visit.session, opened.compound_id, week, visit.signed_in.viewer.person_id)
    items = [ITEMS[each] for each in own.items if each in ITEMS] if own else items_of(opened.compound)
    counted = await count_hazards(visit.session, [(opened.compound_id, week)], OPEN)
    return visit.page(
        "console/hazards.html",
        opened=opened,
        week=week,
        items=items,
        seen=set(own.seen) if own else set(),
        done=own is not None and own.finished_at is not None,
        findings=await list_findings(visit.session, opened.compound_id, week)
        if opened.places is None
        else [],
        asks={item.item_id: item.ask for item in ITEMS.values()},
        figures=counted.get(opened.compound_id, WeekHazards(0, 0, 0)),
        weekly=await is_weekly(visit.session, opened.compound_id),
        key=fresh_key(),
        waiting=await count_waiting(visit, opened),
        told=visit.request.query.get("told", ""),
    )


async def tick_off(visit: Visit) -> web.Response:
    """Keep what was looked at and is in order; doing it again changes nothing."""
    opened = await _access(visit)
    seen = [item for item in ITEMS if visit.form.get(item) == "yes"]
    actor_id = visit.signed_in.viewer.person_id
    row = await tick(visit.session, opened.compound, seen, visit.now, actor_id=actor_id)
    return _back(opened, "hazards_done" if row.finished_at else "hazards_kept")


async def show_item(visit: Visit) -> web.Response:
    """The form for one hazard."""
    return await _item_page(visit, await _access(visit), _item(visit), visit.request.query.get("told", ""))


async def _item_page(visit: Visit, opened: Opened, item: Item, told: str) -> web.Response:
    return visit.page(
        "console/hazard.html",
        opened=opened,
        item=item,
        buildings=await buildings_of(visit, opened),
        words_length=WORDS_LENGTH,
        typed=visit.form,
        key=fresh_key(),
        told=told,
    )


async def report(visit: Visit) -> web.Response:
    """File a hazard; a second click does nothing. What is refused comes back as typed, but for the photos."""
    opened, item = await _access(visit), _item(visit)
    buildings = await buildings_of(visit, opened)
    building, words = visit.form.get("building", ""), visit.form.get("words", "").strip()
    if visit.refused_photos:
        return await _item_page(visit, opened, item, visit.refused_photos)
    # Whoever is steward of a part finds hazards there.
    if not words or (building not in buildings and (building or opened.places is not None)):
        return await _item_page(visit, opened, item, "hazard_odd")
    await report_hazard(
        visit.session,
        visit.site.services,
        opened.compound,
        item,
        buildings.get(building),
        words,
        visit.photos,
        MEDIA_TYPE,
        visit.now,
        danger=visit.form.get("danger") == "yes",
        key=command_key(visit),
        actor_id=visit.signed_in.viewer.person_id,
    )
    return _back(opened, "hazard_filed")


async def switch(visit: Visit) -> web.Response:
    """Remind grid workers every week, or stop."""
    code = visit.part("compound", CODE)
    opened = await access_compound(visit.session, visit.signed_in.viewer, code, Right.SET_HAZARDS)
    weekly = visit.form.get("weekly") == "yes"
    if await first_time(visit):
        actor_id = visit.signed_in.viewer.person_id
        await switch_weekly(visit.session, opened.compound_id, visit.now, weekly=weekly, actor_id=actor_id)
    return _back(opened, "hazards_weekly" if weekly else "hazards_quiet")


async def _access(visit: Visit) -> Opened:
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, Right.CHECK_HAZARDS)


def _item(visit: Visit) -> Item:
    item = ITEMS.get(visit.part("item", ITEM))
    if item is None:
        raise NotFound
    return item


async def buildings_of(visit: Visit, opened: Opened) -> Mapping[str, Place]:
    """By code: all, or those in which the viewer's part lies."""
    part = None if opened.codes is None else {code.partition("-")[0] for code in opened.codes}
    return {
        place.code: place
        for place in sorted(
            await list_houses(visit.session, opened.compound_id),
            key=lambda place: (len(place.code), place.code),
        )
        if place.level is PlaceLevel.BUILDING and (part is None or place.code in part)
    }


def _back(opened: Opened, told: str) -> web.Response:
    return see_other(f"/console/{opened.compound.code}/hazards?told={told}")
