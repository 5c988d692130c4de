"""What could not be sent, for the operator: which account, what kind, why; neither words nor recipients."""

from aiohttp import web

from bot.web.visit import Visit
from handlers.access import Right, access_platform
from storage.queries.console import list_unsent

SHOWN = 100


async def show_unsent(visit: Visit) -> web.Response:
    """The newest dead and uncertain messages of all accounts."""
    await access_platform(visit.session, visit.signed_in.viewer, Right.SEE_OUTBOX)
    return visit.page("console/outbox.html", messages=await list_unsent(visit.session, SHOWN), shown=SHOWN)
