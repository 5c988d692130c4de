"""How residents sign in: as the WeChat user that the service account's platform says they are."""

from http import HTTPStatus

from aiohttp import web

from bot.web.cookies import drop_cookie
from bot.web.oauth import ACCOUNT, ask, forget_journey, leave_for, take_return
from bot.web.visit import H5, Visit, see_other
from handlers.access import NotFound
from handlers.people.sign_in import (
    Refused,
    sign_in_resident,
    sign_out,
    sign_out_everywhere,
)


async def show_sign_in(visit: Visit) -> web.Response:
    """To the platform at once, without a question: it asks nobody for their openid alone."""
    account = next(iter(visit.site.residents), "")
    if not account or not visit.site.services.public_url:
        return visit.page("h5/sign_in.html", is_possible=False)
    if visit.request.query.get("left"):
        return visit.page("h5/sign_in.html", is_possible=True)
    return leave_for(visit, account, visit.site.residents[account].sign_in_url)


async def go_to_platform(visit: Visit) -> web.Response:
    """The same for one of several service accounts."""
    account = visit.part("account", ACCOUNT)
    channel = visit.site.residents.get(account)
    if channel is None:
        raise NotFound
    return leave_for(visit, account, channel.sign_in_url)


async def come_back(visit: Visit) -> web.Response:
    """From the platform, with a code that says who it is. Whatever else the query claims is not looked at."""
    account = visit.part("account", ACCOUNT)
    channel = visit.site.residents.get(account)
    if channel is None:
        raise NotFound
    site = visit.site
    try:
        back = take_return(visit, account)
        visitor = await ask(visit, channel.visitor_of, back.code)
        async with site.database.write() as session:
            sealer = site.services.sealer
            token = await sign_in_resident(
                session,
                sealer,
                site.services.people_of(account),
                visitor.openid,
                back.state,
                visit.now,
                read_only=visitor.is_snapshot,
                before=visit.token,
            )
    except Refused:
        page = visit.page("h5/sign_in.html", HTTPStatus.FORBIDDEN, is_possible=True)
        return forget_journey(visit, page)
    return forget_journey(visit, visit.sign_in_browser(token, back.destination))


async def leave(visit: Visit) -> web.Response:
    """End the session of this browser."""
    await sign_out(visit.session, visit.site.services.sealer, visit.token, visit.now)
    return _gone(visit)


async def leave_everywhere(visit: Visit) -> web.Response:
    """End the sessions of this person in all browsers."""
    await sign_out_everywhere(visit.session, visit.signed_in.viewer.person_id, visit.area.kind, visit.now)
    return _gone(visit)


def _gone(visit: Visit) -> web.Response:
    # Straight to the sign-in would be in again at once.
    response = see_other(f"{H5.sign_in}?left=1")
    drop_cookie(response, H5.cookie, visit.site.is_https)
    return response
