"""What is kept of a resident, for how long, and how to have it deleted."""

from aiohttp import web

from bot.web.visit import Visit


async def show_privacy(visit: Visit) -> web.Response:
    """Open to everybody."""
    return visit.page("h5/privacy.html", days=visit.site.services.raw_text_days)
