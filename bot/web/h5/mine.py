"""What a resident has raised."""

from aiohttp import web

from bot.web.visit import Visit
from handlers.access import access_own_opinions

SHOWN = 50


async def show_mine(visit: Visit) -> web.Response:
    """Newest first, with the number to ask about."""
    opinions = await access_own_opinions(visit.session, visit.signed_in.viewer.person_id, SHOWN)
    lexicon = visit.site.services.tagger.lexicon
    known = lexicon.leaves
    rows = [
        (opinion, [lexicon.name(one["id"]) for one in opinion.categories[:2] if one["id"] in known])
        for opinion in opinions
    ]
    return visit.page("h5/mine.html", rows=rows, shown=SHOWN)
