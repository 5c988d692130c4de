"""What a resident has raised."""

from aiohttp import web

from bot.web.visit import Visit
from handlers.access import access_own_opinions
from handlers.requests.progress import states_of
from storage.tables import Compound

SHOWN = 50


async def show_mine(visit: Visit) -> web.Response:
    """Newest first, with the number to ask about and how far it is."""
    opinions = await access_own_opinions(visit.session, visit.signed_in.viewer.person_id, SHOWN)
    lexicon = visit.site.services.tagger.lexicon
    known = lexicon.leaves
    rows = [
        (opinion, [lexicon.name(one["id"]) for one in opinion.categories[:2] if one["id"] in known])
        for opinion in opinions
    ]
    states = await states_of(visit.session, opinions)
    codes = {}
    compound_ids = {opinion.compound_id for opinion in opinions}
    if len(compound_ids) > 1:  # the same number may be theirs twice
        codes = {each: (await visit.session.get_one(Compound, each)).code for each in compound_ids}
    return visit.page("h5/mine.html", rows=rows, states=states, codes=codes, shown=SHOWN)
