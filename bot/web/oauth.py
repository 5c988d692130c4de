"""Being told by the platform who is at the browser (OAuth2 of the service account and of WeCom).

Before the browser leaves it gets a cookie; the state it takes along is a keyed hash of that cookie. Whoever comes back
with a state that does not fit the cookie has not left from here. Source of the flow:
developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html.
"""

import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from aiohttp import web

from bot.channels.base import ChannelError, Verdict
from bot.web.cookies import OAUTH, cookie_name, drop_cookie, write_cookie
from bot.web.visit import Visit, see_other
from handlers.access import NotFound
from handlers.people.sign_in import Refused, fresh_token

T = TypeVar("T")

LIFETIME = timedelta(minutes=10)
ACCOUNT = r"[a-z][a-z0-9_-]{0,31}"

_CODE = re.compile(r"[A-Za-z0-9_.~-]{1,512}")
_JOURNEY = re.compile(r"(?P<nonce>[A-Za-z0-9_-]{43})\.(?P<at>\d{1,12})\.(?P<destination>:[A-Za-z0-9:-]*)")


@dataclass(frozen=True, slots=True)
class Return:
    """A browser that has come back from where we sent it. code: tells the platform who it is about."""

    code: str
    state: str
    destination: str


def leave_for(visit: Visit, account: str, url_of: Callable[[str, str], str]) -> web.Response:
    """Send the browser to the platform, with a cookie to know it by when it comes back.

    url_of: the platform's address for a redirect and a state.
    """
    public_url = visit.site.services.public_url
    if not public_url:
        raise NotFound
    # A slash would have to be quoted in a cookie.
    destination = visit.destination(visit.request.query.get("next", "")).replace("/", ":")
    journey = f"{fresh_token()}.{int(visit.now.timestamp())}.{destination}"
    back = f"{public_url}{visit.area.sign_in}/{account}/back"
    response = see_other(url_of(back, _state(visit, account, journey)))
    write_cookie(response, OAUTH, journey, visit.site.is_https, LIFETIME)
    return response


def take_return(visit: Visit, account: str) -> Return:
    """Check who comes back; raises Refused for whoever did not leave from here a moment ago."""
    journey = visit.request.cookies.get(cookie_name(OAUTH, visit.site.is_https), "")
    parts = _JOURNEY.fullmatch(journey)
    code, state = (visit.request.query.get(name, "") for name in ("code", "state"))
    if parts is None or not _CODE.fullmatch(code):
        raise Refused
    if not hmac.compare_digest(state.encode("utf-8", "replace"), _state(visit, account, journey).encode()):
        raise Refused
    left_at = datetime.fromtimestamp(int(parts["at"]), UTC)
    if not timedelta() <= visit.now - left_at + timedelta(seconds=1) <= LIFETIME:
        raise Refused
    return Return(code, state, visit.destination(parts["destination"].replace(":", "/")))


async def ask(visit: Visit, question: Callable[[str], Awaitable[T]], code: str) -> T:
    """What the platform says about a code; raises Refused when it does not like it, ChannelError without an answer."""
    try:
        async with visit.site.asking.pass_through():
            return await question(code)
    except ChannelError as error:
        if error.result.verdict is Verdict.REFUSED:
            raise Refused from None
        raise


def forget_journey(visit: Visit, response: web.Response) -> web.Response:
    """Take the cookie back: one return is all it was for."""
    drop_cookie(response, OAUTH, visit.site.is_https)
    return response


def _state(visit: Visit, account: str, journey: str) -> str:
    # 64 letters and digits; the platform takes 128.
    sealer = visit.site.services.sealer
    return sealer.lookup(f"{visit.area.root} {account} {journey}".encode(), "web.oauth").hex()
