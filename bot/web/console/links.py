"""Links that act once. Previews and scanners follow links, so opening one does nothing; only the button acts."""

from http import HTTPStatus

from aiohttp import web

from bot.web.visit import CONSOLE, Visit
from handlers.access import NotFound
from handlers.people.sign_in import SIGN_IN_LINK, Refused, is_link_open, sign_in_staff, take_link

TOKEN = r"[A-Za-z0-9_-]{43}"  # noqa: S105  its shape


async def show_link(visit: Visit) -> web.Response:
    """What the link is for, with the button."""
    token = _token(visit)
    async with visit.site.database.read() as session:
        is_open = bool(token) and await is_link_open(
            session, visit.site.services.sealer, token, visit.now, SIGN_IN_LINK
        )
    return _page(visit, is_open)


async def use_link(visit: Visit) -> web.Response:
    """Sign in whoever it was made for, if nobody has used it yet."""
    token, sealer = _token(visit), visit.site.services.sealer
    try:
        async with visit.site.database.write() as session:
            link = await take_link(session, sealer, token, visit.now, SIGN_IN_LINK)
            opened = await sign_in_staff(session, sealer, link.person_id, "link", visit.now, visit.token)
    except Refused:
        return _page(visit, is_open=False)
    return visit.sign_in_browser(opened, CONSOLE.root)


def _token(visit: Visit) -> str:
    try:
        return visit.part("token", TOKEN)
    except NotFound:
        return ""


def _page(visit: Visit, is_open: bool) -> web.Response:
    status = HTTPStatus.OK if is_open else HTTPStatus.NOT_FOUND
    return visit.page("console/link.html", status, is_open=is_open, path=visit.request.path)
