"""Campaigns of a compound: beginning one, and what it came to, with the places and their photos behind the links."""

from datetime import date

from aiohttp import web

from bot.web.console.compounds import CODE
from bot.web.once import first_time, fresh_key
from bot.web.visit import Visit, see_other
from handlers.access import NotFound, Opened, Right, access_compound
from handlers.digests.build import category_name
from handlers.opinions.rules import place_name
from handlers.oversight.campaigns import PRESETS, begin_campaign, load_progress
from storage.queries.campaigns import find_campaign, list_campaigns

NUMBER = r"[0-9]{1,15}"
SHOWN = 50


async def show_campaigns(visit: Visit) -> web.Response:
    """Those there were, and a form for one more."""
    opened = await _access(visit, Right.SEE_OVERSIGHT)
    lexicon = visit.site.services.tagger.lexicon
    return visit.page(
        "console/campaigns.html",
        opened=opened,
        campaigns=await list_campaigns(visit.session, opened.compound_id, SHOWN),
        presets=list(PRESETS),
        leaves={leaf: lexicon.name(leaf) for leaf in lexicon.leaves},
        key=fresh_key(),
        told=visit.request.query.get("told", ""),
    )


async def begin(visit: Visit) -> web.Response:
    """Begin one; a second click does nothing."""
    opened = await _access(visit, Right.RUN_OVERSIGHT)
    form, lexicon = visit.form, visit.site.services.tagger.lexicon
    preset, leaf = form.get("preset", ""), form.get("leaf", "")
    leaves = PRESETS.get(preset, (leaf,) if leaf in lexicon.leaves else ())
    title = form.get("title", "").strip() or (f"{preset}整治" if preset in PRESETS else "")
    try:
        days = date.fromisoformat(form.get("since", "")), date.fromisoformat(form.get("until", ""))
    except ValueError:
        return _back(opened, "campaign_odd")
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
    return _back(opened, "campaign_odd" if number is None else "campaign_begun")


async def show_campaign(visit: Visit) -> web.Response:
    """One of them: before, during, after, and the places."""
    opened = await _access(visit, Right.SEE_OVERSIGHT)
    number = int(visit.part("number", NUMBER))
    campaign = await find_campaign(visit.session, opened.compound_id, number)
    if campaign is None:
        raise NotFound
    progress = await load_progress(visit.session, campaign, visit.now)
    lexicon = visit.site.services.tagger.lexicon
    return visit.page(
        "console/campaign.html",
        opened=opened,
        campaign=campaign,
        progress=progress,
        names=[category_name(lexicon, leaf) for leaf in campaign.leaves],
        places={
            spot.matter.number: place_name(spot.matter.building, spot.matter.entrance, None)
            for spot in progress.spots
        },
    )


async def _access(visit: Visit, right: Right) -> Opened:
    code = visit.part("compound", CODE)
    return await access_compound(visit.session, visit.signed_in.viewer, code, right)


def _back(opened: Opened, told: str) -> web.Response:
    return see_other(f"/console/{opened.compound.code}/campaigns?told={told}")
