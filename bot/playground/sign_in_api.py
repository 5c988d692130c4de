"""The sign-in that a site sends a browser to, and the exchange of its code (sns/* of the service account).

The real authorize page knows whose phone it is. Here it asks, unless the desk was told beforehand.
"""

import asyncio
import re
import secrets
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from aiohttp import web
from yarl import URL

from bot.playground.errors import ApiError
from bot.playground.gate import answer
from bot.playground.loopback import NotLoopback, require_loopback_url
from bot.playground.sign_in import SCOPES

if TYPE_CHECKING:
    from bot.playground.platform import Platform

AUTHORIZE = "/connect/oauth2/authorize"
_STATE = re.compile(r"[A-Za-z0-9]{0,128}")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def add_routes(app: web.Application, platform: "Platform") -> None:
    """Serve the authorize page of all accounts and the exchange of the service account."""
    api = _SignInApi(platform)
    app.router.add_get(AUTHORIZE, api.authorize)
    app.router.add_get("/connect/sign-in.css", api.style)
    app.router.add_route("*", "/sns/oauth2/access_token", api.access_token)
    app.router.add_route("*", "/sns/userinfo", api.user_info)


class _SignInApi:
    """The calls themselves."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform
        self._tokens: dict[str, tuple[str, str]] = {}

    async def style(self, _: web.Request) -> web.Response:
        file = files("bot.playground") / "static" / "sign_in.css"
        return web.Response(
            body=await asyncio.to_thread(file.read_bytes), content_type="text/css", headers=_HEADERS
        )

    async def authorize(self, request: web.Request) -> web.Response:
        query = request.query
        app_id, wanted = query.get("appid", ""), query.get("redirect_uri", "")
        people = self._people(app_id)
        if people is None:
            return _page("AppID 参数错误", [])
        try:
            target = URL(require_loopback_url(wanted))
        except (NotLoopback, ValueError):
            return _page("redirect_uri 域名与后台配置不一致（10003）", [])
        if query.get("response_type") != "code" or query.get("scope") not in SCOPES:
            return _page("Scope 参数错误或没有 Scope 权限（10005）", [])
        if not _STATE.fullmatch(query.get("state", "")):
            return _page("state 只能是 128 个以内的字母和数字", [])
        person = query.get("as") or self._platform.sign_in.as_person.get(app_id, "")
        if not person:
            return self._ask(request, people)
        if person not in people:
            return _page("没有这个人", [])
        code = self._platform.sign_in.issue(
            app_id, person, query["scope"], self._platform.clock(), snapshot=query.get("snapshot") == "1"
        )
        place = target.update_query({"code": code, "state": query.get("state", "")})
        return web.Response(status=302, headers={**_HEADERS, "Location": str(place)})

    def _ask(self, request: web.Request, people: dict[str, str]) -> web.Response:
        links = []
        for person, name in people.items():
            links.append((str(request.rel_url.update_query({"as": person})), name))
            if request.query["appid"] == self._platform.account.app_id:
                snapshot = request.rel_url.update_query({"as": person, "snapshot": "1"})
                links.append((str(snapshot), f"{name}（快照页）"))
        return _page("用谁的手机打开？", links)

    def _people(self, app_id: str) -> dict[str, str] | None:
        """Who may open a page of this account, with their names; None for an unknown account."""
        platform = self._platform
        if app_id == platform.account.app_id:
            return {openid: openid for openid in platform.audience.known()} | platform.names
        wecom = platform.find_wecom()
        if wecom is None or app_id != wecom.corp.corp_id:
            return None
        return {person: wecom.name_of(person) for person in (*wecom.members, *wecom.customers)}

    async def access_token(self, request: web.Request) -> web.Response:
        query, account = request.query, self._platform.account
        if query.get("grant_type") != "authorization_code":
            raise ApiError(40002)
        for key, missing, wrong, right in (
            ("appid", 41002, 40013, account.app_id),
            ("secret", 41004, 40125, account.app_secret),
        ):
            if not query.get(key):
                raise ApiError(missing)
            if query[key] != right:
                raise ApiError(wrong)
        if not query.get("code"):
            raise ApiError(41008)
        grant = self._platform.sign_in.redeem(account.app_id, query["code"], self._platform.clock())
        token = secrets.token_urlsafe(64)
        self._tokens[token] = (grant.person, grant.scope)
        data = {
            "access_token": token,
            "expires_in": 7200,
            "refresh_token": secrets.token_urlsafe(64),
            "openid": grant.person,
            "scope": grant.scope,
        }
        if grant.scope == "snsapi_userinfo" and (union_id := self._platform.union_ids.get(grant.person)):
            data["unionid"] = union_id
        if grant.snapshot:
            data["is_snapshotuser"] = 1
        return answer(data)

    async def user_info(self, request: web.Request) -> web.Response:
        """Tell who someone is; a token of this kind is no API token, and the other way round."""
        person, scope = self._tokens.get(request.query.get("access_token", ""), ("", ""))
        if not person:
            raise ApiError(40001)
        if person != request.query.get("openid"):
            raise ApiError(40003)
        if scope != "snsapi_userinfo":
            raise ApiError(48001)
        union_id = self._platform.union_ids.get(person)
        return answer(
            {
                "openid": person,
                "nickname": self._platform.names.get(person, ""),
                "sex": 0,
                "headimgurl": "",
                "privilege": [],
            }
            | ({"unionid": union_id} if union_id else {})
        )


def _page(title: str, links: list[tuple[str, str]]) -> web.Response:
    items = "".join(f'<li><a href="{escape(href)}">{escape(name)}</a></li>' for href, name in links)
    body = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>微信登录（模拟）</title>"
        '<link rel="stylesheet" href="/connect/sign-in.css"></head>'
        f"<body><h1>{escape(title)}</h1><ul>{items}</ul><p>这是演练用的模拟微信，不是真的登录。</p></body></html>"
    )
    return web.Response(status=200 if links else 400, text=body, content_type="text/html", headers=_HEADERS)
