"""大字: all pages for residents in larger type, as long as this browser remembers."""

from datetime import timedelta

from aiohttp import web

from bot.web.cookies import LARGE, drop_cookie, is_large, write_cookie
from bot.web.visit import Visit, see_other

_REMEMBERED = timedelta(days=400)  # as long as browsers keep any cookie


async def switch_large(visit: Visit) -> web.Response:
    """On or off, and back to the page."""
    response = see_other(visit.destination(visit.form.get("back", "")))
    is_https = visit.site.is_https
    if is_large(visit.request, is_https):
        drop_cookie(response, LARGE, is_https)
    else:
        write_cookie(response, LARGE, "1", is_https, _REMEMBERED)
    return response
