"""A resident's own points."""

from aiohttp import web

from bot.web.visit import Visit
from handlers.points.balance import list_balances
from handlers.points.scale import SCALE


async def show_points(visit: Visit) -> web.Response:
    """How many, and what for."""
    balances = await list_balances(visit.session, visit.signed_in.viewer.person_id)
    return visit.page("h5/points.html", balances=balances, scale=SCALE)
