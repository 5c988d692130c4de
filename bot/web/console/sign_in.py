"""How staff sign in and out: with a password, or as the member of the corp that they are."""

import asyncio
from http import HTTPStatus

from aiohttp import web

from bot.web.cookies import drop_cookie
from bot.web.oauth import ACCOUNT, ask, forget_journey, leave_for, take_return
from bot.web.visit import CONSOLE, Visit, see_other
from handlers.access import NotFound
from handlers.people.passwords import is_password
from handlers.people.sign_in import (
    FREE_FAILURES,
    Refused,
    count_attempt,
    note_lock,
    sign_in_member,
    sign_in_staff,
    sign_out,
    sign_out_everywhere,
)


async def show_sign_in(visit: Visit) -> web.Response:
    """The form, and the corps one may be a member of."""
    return _form(visit, visit.destination(visit.request.query.get("next", "")))


async def sign_in_by_password(visit: Visit) -> web.Response:
    """Whatever is wrong, username, password or a lock, the answer is the same and takes as long."""
    wanted = visit.destination(visit.form.get("next", ""))
    not_before = asyncio.get_running_loop().time() + visit.site.refusal_seconds
    try:
        async with visit.site.hashing.pass_through():
            token = await _try_password(visit)
    except Refused:
        await asyncio.sleep(not_before - asyncio.get_running_loop().time())
        return _form(visit, wanted, HTTPStatus.FORBIDDEN, username=visit.form.get("username", "")[:40])
    return visit.sign_in_browser(token, wanted)


async def go_to_platform(visit: Visit) -> web.Response:
    """To WeCom, to be told who it is."""
    account = visit.part("account", ACCOUNT)
    channel = visit.site.members.get(account)
    if channel is None:
        raise NotFound
    return leave_for(visit, account, channel.sign_in_url)


async def come_back(visit: Visit) -> web.Response:
    """From WeCom, with a code that says who it is."""
    account = visit.part("account", ACCOUNT)
    channel = visit.site.members.get(account)
    if channel is None:
        raise NotFound
    site = visit.site
    try:
        back = take_return(visit, account)
        userid = await ask(visit, channel.member_of, back.code)
        if not userid:
            raise Refused
        people = site.services.people_of(account)
        async with site.database.write() as session:
            sealer = site.services.sealer
            token = await sign_in_member(session, sealer, people, userid, back.state, visit.now, visit.token)
    except Refused:
        return forget_journey(visit, visit.page("console/not_known.html", HTTPStatus.FORBIDDEN))
    return forget_journey(visit, visit.sign_in_browser(token, back.destination))


async def leave(visit: Visit) -> web.Response:
    """End the session of this browser."""
    await sign_out(visit.session, visit.site.services.sealer, visit.token, visit.now)
    return _gone(visit)


async def leave_everywhere(visit: Visit) -> web.Response:
    """End the sessions of this person in all browsers."""
    await sign_out_everywhere(visit.session, visit.signed_in.viewer.person_id, visit.area.kind, visit.now)
    return _gone(visit)


async def _try_password(visit: Visit) -> str:
    database, sealer = visit.site.database, visit.site.services.sealer
    async with database.write() as session:
        attempt = await count_attempt(session, visit.form.get("username", ""), visit.now)
    password = visit.form.get("password", "")
    is_right = await asyncio.to_thread(is_password, attempt.password_hash, password)
    if not is_right or attempt.person_id is None:
        if attempt.failures > FREE_FAILURES:
            async with database.write() as session:
                await note_lock(session, attempt, visit.now)
        raise Refused
    async with database.write() as session:
        return await sign_in_staff(session, sealer, attempt.person_id, "password", visit.now, visit.token)


def _form(visit: Visit, wanted: str, status: HTTPStatus = HTTPStatus.OK, username: str = "") -> web.Response:
    offered = sorted(visit.site.members) if visit.site.services.public_url else []
    return visit.page(
        "console/sign_in.html",
        status,
        next=wanted,
        username=username,
        accounts=offered,
        is_refused=status is not HTTPStatus.OK,
    )


def _gone(visit: Visit) -> web.Response:
    response = see_other(CONSOLE.sign_in)
    drop_cookie(response, CONSOLE.cookie, visit.site.is_https)
    return response
