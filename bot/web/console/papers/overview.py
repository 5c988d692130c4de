"""How far the papers are, and what waits for a second person."""

from aiohttp import web

from bot.web.console.papers.door import address_of, open_papers
from bot.web.visit import Visit
from handlers.voting.progress import load_progress


async def show_overview(visit: Visit) -> web.Response:
    """Figures by building, and the ways to the three desks: printing, taking in, keying in."""
    found = await open_papers(visit)
    return visit.page(
        "console/papers/overview.html",
        found=found,
        here=address_of(found),
        progress=await load_progress(visit.session, found.vote),
        told=visit.request.query.get("told", ""),
    )
