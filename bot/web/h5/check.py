"""查我的回执: a receipt is checked in the browser, by a script of ours. The only page that may run one."""

from aiohttp import web

from bot.web.visit import Visit


async def show_check(visit: Visit) -> web.Response:
    """Open to everybody: a receipt proves itself, whoever holds it."""
    return visit.page("h5/check.html")
