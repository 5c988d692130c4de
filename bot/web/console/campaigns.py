"""Campaigns of a compound: beginning one, and what it came to, with the places and their photos behind the links."""

from datetime import date

from aiohttp import web

from bot.pictures import MEDIA_TYPE
from bot.web.console.compounds import CODE
from bot.web.console.hazards import buildings_of
from bot.web.once import first_time, fresh_key
from bot.web.pictures import picture_at
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened, Right, access_compound
from handlers.digests.build import category_name
from handlers.opinions.rules import place_name
from handlers.oversight.campaigns import LISTED, PRESETS, begin_campaign, is_running, load_progress
from handlers.oversight.places import WORDS_LENGTH, add_place, drop_place, finish_place
from storage.queries.campaigns import find_campaign, list_campaigns, list_places_of
from storage.tables import Campaign

_SEES = (Right.SEE_OVERSIGHT, Right.ADD_PLACES)
NUMBER = r"[0-9]{1,15}"
SHOWN = 50


async def show_campaigns(visit: Visit) -> web.Response:
    """Those there were, and a form for one more."""
    opened = await _access(visit, *_SEES)
    return await _all(visit, opened, visit.request.query.get("told", ""))


async def _all(visit: Visit, opened: Opened, told: str) -> web.Response:
    lexicon = visit.site.services.tagger.lexicon
    return visit.page(
        "console/campaigns.html",
        opened=opened,
        campaigns=await list_campaigns(visit.session, opened.compound_id, SHOWN),
        presets=list(PRESETS),
        leaves={leaf: lexicon.name(leaf) for leaf in lexicon.leaves},
        typed={name: visit.form.get(name, "") for name in ("preset", "leaf", "title", "since", "until")},
        key=fresh_key(),
        told=told,
    )


async def begin(visit: Visit) -> web.Response:
    """Begin one; a second click does nothing. What does not fit comes back as it was typed."""
    opened = await _access(visit, Right.RUN_OVERSIGHT)
    form, lexicon = visit.form, visit.site.services.tagger.lexicon
    preset, leaf = form.get("preset", ""), form.get("leaf", "")
    leaves = PRESETS.get(preset, (leaf,) if leaf in lexicon.leaves else ())
    title = form.get("title", "").strip() or (f"{preset}整治" if preset in PRESETS else "")
    try:
        days = date.fromisoformat(form.get("since", "")), date.fromisoformat(form.get("until", ""))
    except ValueError:
        return await _all(visit, opened, "campaign_odd")
    async with visit.session.begin_nested() as attempt:
        if not await first_time(visit):
            return _back(opened, "campaign_begun")
        number = await begin_campaign(
            visit.session,
            opened.compound_id,
            title,
            leaves,
            days,
            visit.now,
            actor_id=visit.signed_in.viewer.person_id,
        )
        if number is None:
            await attempt.rollback()  # what is refused leaves no claim behind
    if number is None:
        return await _all(visit, await _access(visit, Right.RUN_OVERSIGHT), "campaign_odd")
    return _back(opened, "campaign_begun")


async def show_campaign(visit: Visit) -> web.Response:
    """One of them: before, during, after, and the places."""
    opened, campaign = await _campaign(visit, *_SEES)
    return await _one(visit, opened, campaign, visit.request.query.get("told", ""))


async def add(visit: Visit) -> web.Response:
    """A place that staff found; a second click does nothing. What does not fit comes back as it was typed."""
    opened, campaign = await _campaign(visit, Right.ADD_PLACES)
    building = visit.form.get("building", "")
    refused = visit.refused_photos
    if not _may_add(visit, opened, campaign):
        refused = "campaign_not_running"
    if not refused and building and building not in await buildings_of(visit, opened):
        refused = "campaign_place_odd"
    if not refused:
        async with visit.session.begin_nested() as attempt:
            if await first_time(visit):
                words, photo = visit.form.get("words", ""), next(iter(visit.photos), None)
                placed = await visit.act(add_place, campaign, building, words, photo, MEDIA_TYPE)
                if placed is None:
                    refused = "campaign_place_odd"
                    await attempt.rollback()  # what is refused leaves no claim behind
    if refused:
        return await _one(visit, *await _campaign(visit, Right.ADD_PLACES), refused)
    return _back_to(opened, campaign, "campaign_place_kept")


async def finish(visit: Visit) -> web.Response:
    """A place was put right; a second click does nothing. That may be after the last day, too."""
    opened, campaign = await _campaign(visit, Right.ADD_PLACES)
    place = int(visit.part("place", NUMBER))
    if visit.refused_photos:
        return _back_to(opened, campaign, visit.refused_photos)
    photo = next(iter(visit.photos), None)
    if not await visit.act(finish_place, campaign, place, photo, MEDIA_TYPE):
        raise NotFound
    return _back_to(opened, campaign, "campaign_place_kept")


async def drop(visit: Visit) -> web.Response:
    """A place that should not be there; a second click does nothing."""
    opened, campaign = await _campaign(visit, Right.RUN_OVERSIGHT)
    await visit.act(drop_place, campaign, int(visit.part("place", NUMBER)))
    return _back_to(opened, campaign, "campaign_place_dropped")


async def show_photo(visit: Visit) -> web.Response:
    """How a place looked before, or looks after."""
    opened, campaign = await _campaign(visit, *_SEES)
    wanted, side = int(visit.part("place", NUMBER)), visit.part("side", "before|after")
    for place in await list_places_of(visit.session, opened.compound_id, campaign.number):
        address = place.before_address if side == "before" else place.after_address
        if place.place_number == wanted and address is not None:
            return await picture_at(visit, opened.compound_id, address, f"place-{wanted}-{side}")
    raise NotFound


def _may_add(visit: Visit, opened: Opened, campaign: Campaign) -> bool:
    """Grid workers while it runs; who runs campaigns at any time, also what was found before or came in late."""
    held = opened.rights
    return Right.RUN_OVERSIGHT in held or (Right.ADD_PLACES in held and is_running(campaign, visit.now))


async def _campaign(visit: Visit, *rights: Right) -> tuple[Opened, Campaign]:
    opened = await _access(visit, *rights)
    campaign = await find_campaign(visit.session, opened.compound_id, int(visit.part("number", NUMBER)))
    if campaign is None:
        raise NotFound
    return opened, campaign


async def _one(visit: Visit, opened: Opened, campaign: Campaign, told: str) -> web.Response:
    progress = await load_progress(visit.session, campaign, visit.now)
    lexicon = visit.site.services.tagger.lexicon
    return visit.page(
        "console/campaign.html",
        opened=opened,
        campaign=campaign,
        progress=progress,
        may_add=_may_add(visit, opened, campaign),
        listed=LISTED,
        found=await list_places_of(visit.session, opened.compound_id, campaign.number),
        buildings=await buildings_of(visit, opened),
        words_length=WORDS_LENGTH,
        typed={name: visit.form.get(name, "") for name in ("building", "words")},
        names=[category_name(lexicon, leaf) for leaf in campaign.leaves],
        places={
            spot.matter.number: place_name(spot.matter.building, spot.matter.entrance, None)
            for spot in progress.spots
        },
        key=fresh_key(),
        told=told,
    )


def _back_to(opened: Opened, campaign: Campaign, told: str) -> web.Response:
    return see_other(f"/console/{opened.compound.code}/campaigns/{campaign.number}?told={told}")


async def _access(visit: Visit, *rights: Right) -> Opened:
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, *rights)


def _back(opened: Opened, told: str) -> web.Response:
    return see_other(f"/console/{opened.compound.code}/campaigns?told={told}")
