"""What a visitor reads when there is no page: plain words, and nothing of what went on inside."""

import asyncio

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.base import ChannelError
from bot.web.csrf import Forged
from bot.web.limits import TooMany
from bot.web.site import Site
from bot.web.visit import Area
from handlers.access import Forbidden, NotFound

_ANSWERS: tuple[tuple[type[Exception], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (TooMany, 429),
    (ChannelError, 503),
    (SQLAlchemyError, 503),
    (OSError, 503),
    (asyncio.TimeoutError, 503),
)
WORDS = {
    400: ("这个请求没看懂", "请回到上一页，再试一次。"),
    403: ("这里您不能看", "这一项没有对您开通。需要的话，请联系社区管理员。"),
    404: ("没有这个页面", "可能地址写错了，也可能它已经不在了。"),
    405: ("这个请求没看懂", "请回到上一页，再试一次。"),
    413: ("提交的内容太多", "请删短一些，或者换小一点的照片，再提交。"),
    429: ("现在人有点多", "请等一分钟再试。"),
    500: ("出了点问题", "我们已经记下来了，请过一会儿再试。"),
    503: ("暂时连不上", "请过一分钟再试，刚才的操作没有生效。"),
}
FORGED = ("这一页放得太久了", "请回到上一页，刷新以后再提交。")

log = structlog.get_logger()


def error_page(site: Site, area: Area, error: Exception, route: str) -> web.Response:
    """The page for whatever was raised. `route` is for the log: it has placeholders where the path has tokens."""
    status = error.status if isinstance(error, web.HTTPException) else _status(error)
    if status >= 500:
        log.error("page.failed", route=route, status=status, error=type(error).__name__)
    title, words = FORGED if isinstance(error, Forged) else WORDS.get(status, WORDS[400])
    text = site.templates.render(
        "error.html", area=area.root, signed_in=None, status=status, title=title, words=words
    )
    response = web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
    if status in (429, 503):
        response.headers["Retry-After"] = "60"
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
    return response


def _status(error: Exception) -> int:
    if isinstance(error, Forged):
        return 403
    return next((status for kind, status in _ANSWERS if isinstance(error, kind)), 500)
