"""What came of a week, for everybody: counts in which nobody can be told."""

from aiohttp import web

from bot.web.console.compounds import CODE, WEEK
from bot.web.visit import Visit
from handlers.digests.public import access_public_week


async def show_week(visit: Visit) -> web.Response:
    """What was said that week and what became of it. Open to everybody."""
    code, week = visit.part("compound", CODE), visit.part("week", WEEK)
    site = visit.site
    async with site.asking.pass_through(), site.database.read() as session:
        shown, weeks = await access_public_week(session, code, week)
    return visit.page("h5/week.html", code=code, week=shown, weeks=weeks)
