"""Campaigns where a resident lives: how much was said before and after, how many places in each building."""

from datetime import timedelta

from aiohttp import web

from bot.web.visit import Visit
from handlers.digests.build import category_name
from handlers.digests.public import FEWEST
from handlers.local_time import local_date
from handlers.opinions.rules import place_name
from handlers.oversight.campaigns import load_progress
from handlers.oversight.places import by_building
from storage.queries.campaigns import list_campaigns, list_places_of
from storage.queries.polls import list_homes_in
from storage.tables import Compound

SHOWN = 10
AGE = timedelta(days=366)  # what ended longer ago is nobody's news


async def show_campaigns(visit: Visit) -> web.Response:
    """The campaigns of a year, the latest first. Nobody is named, and no place is nearer than a building."""
    session, lexicon = visit.session, visit.site.services.tagger.lexicon
    shown = []
    for compound_id in sorted(await list_homes_in(session, visit.signed_in.viewer.person_id)):
        compound = await session.get_one(Compound, compound_id)
        for campaign in await list_campaigns(session, compound_id, SHOWN):
            if campaign.ends_on < local_date(visit.now) - AGE:
                continue
            progress = await load_progress(session, campaign, visit.now)
            places = await list_places_of(session, compound_id, campaign.number)
            shown.append(
                {
                    "compound": compound,
                    "campaign": campaign,
                    "progress": progress,
                    "about": [category_name(lexicon, leaf) for leaf in campaign.leaves],
                    "buildings": [
                        (place_name(each.code, None, None) if each.code else "不在楼里的", each)
                        for each in by_building(places)
                    ],
                }
            )
    return visit.page("h5/campaigns.html", shown=shown, today=local_date(visit.now), fewest=FEWEST)
