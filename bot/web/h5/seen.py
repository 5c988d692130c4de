"""我看到了: somebody bound to an owner says that they have read the notice of a vote."""

from aiohttp import web

from bot.web.h5.votes import access, path_of
from bot.web.visit import Visit, see_other
from handlers.voting.delivery import confirm_notice


async def confirm_seen(visit: Visit) -> web.Response:
    """Keep it; doing it again changes nothing. What is over, or of no concern to them, is passed over."""
    opened = await access(visit)
    await confirm_notice(
        visit.session, visit.site.services, *opened.key, visit.signed_in.viewer.person_id, visit.now
    )
    return see_other(path_of(opened))
