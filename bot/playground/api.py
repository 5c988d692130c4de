"""The platform's HTTP interface: paths, JSON and error codes as the service account documentation has them."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.playground.errors import ApiError, error_body
from bot.playground.qrcodes import draw
from bot.playground.tokens import check_token

if TYPE_CHECKING:
    from bot.playground.platform import Platform

KF_LIMIT_BYTES = 2048
SEND_PATH = "/cgi-bin/message/custom/send"


def make_app(platform: "Platform") -> web.Application:
    """Make the application of one account; closing it ends what the platform has under way."""
    app = web.Application(middlewares=[_Gate(platform).middleware], client_max_size=2**20)
    api = _Api(platform)
    app.router.add_route("*", "/cgi-bin/stable_token", api.stable_token)
    app.router.add_route("*", "/cgi-bin/token", api.classic_token)
    app.router.add_route("*", SEND_PATH, api.send)
    app.router.add_route("*", "/cgi-bin/qrcode/create", api.create_qrcode)
    app.router.add_route("*", "/cgi-bin/showqrcode", api.show_qrcode)
    app.router.add_route("*", "/cgi-bin/get_api_domain_ip", api.domain_ip)

    async def release(_: web.Application) -> None:
        await platform.close()

    app.on_shutdown.append(release)
    return app


def answer(data: dict[str, Any]) -> web.Response:
    """Make an answer as the platform writes them."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return web.Response(body=body, headers={"Content-Type": "application/json; encoding=utf-8"})


class _Gate:
    """Counts each call, lets faults happen and turns refusals into answers."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._platform.counters.api_calls[request.path] += 1
            faults = self._platform.faults
            faulty = request.path.startswith(faults.api_path)
            await asyncio.sleep(faults.slow_seconds)
            if faulty and faults.take("timeout_before"):
                return await self._hang(request)
            if faulty and faults.take("http_500"):
                return web.Response(
                    status=500, text="<html><body>500</body></html>", content_type="text/html"
                )
            try:
                if faulty and faults.take("busy"):
                    raise ApiError(-1)
                if faulty and faults.take("ip_not_whitelisted"):
                    raise ApiError(40164)
                response = await handler(request)
            except ApiError as error:
                response = self._refuse(error.code)
            except web.HTTPNotFound:
                response = self._refuse(40066)
            if faulty and faults.take("timeout_after"):
                return await self._hang(request)
            return response

        return gate

    def _refuse(self, code: int) -> web.Response:
        self._platform.counters.errors[code] += 1
        return answer(error_body(code, self._platform.clock()))

    async def _hang(self, request: web.Request) -> web.Response:
        await self._platform.closing.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)


class _Api:
    """The calls themselves."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform

    async def stable_token(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        self._check_credentials(body)
        desk, now = self._platform.stable_tokens, self._platform.clock()
        if body.get("force_refresh") is True:
            answered = self._token(desk.forced(now))
            self._platform.counters.forced_refreshes += 1
            return answered
        return self._token(desk.stable(now))

    async def classic_token(self, request: web.Request) -> web.Response:
        self._check_credentials(dict(request.query))
        return self._token(self._platform.classic_tokens.classic(self._platform.clock()))

    async def send(self, request: web.Request) -> web.Response:
        self._check_token(request)
        body = await self._body(request)
        openid, kind, text = body.get("touser"), body.get("msgtype"), body.get("text")
        if not isinstance(openid, str) or not self._platform.audience.knows(openid):
            raise ApiError(40003)
        if kind != "text":
            raise ApiError(40008)
        content = text.get("content") if isinstance(text, dict) else None
        if not isinstance(content, str) or not content:
            raise ApiError(44004)
        if len(content.encode("utf-8", "surrogatepass")) > KF_LIMIT_BYTES:
            raise ApiError(45002)
        for name, code in (("out_of_window", 45015), ("over_quota", 45047)):
            if self._platform.faults.take(name):
                raise ApiError(code)
        self._platform.take_kf_message(openid, content)
        return answer(error_body(0, self._platform.clock()))

    async def create_qrcode(self, request: web.Request) -> web.Response:
        self._check_token(request)
        return answer(self._platform.qrcodes.create(await self._body(request), self._platform.clock()))

    async def show_qrcode(self, request: web.Request) -> web.Response:
        code = self._platform.qrcodes.find(request.query.get("ticket", ""))
        if code is None:
            return web.Response(status=404)
        return web.Response(body=draw(code), content_type="image/svg+xml")

    async def domain_ip(self, request: web.Request) -> web.Response:
        self._check_token(request)
        return answer({"ip_list": ["127.0.0.1"]})

    async def _body(self, request: web.Request) -> dict[str, Any]:
        if request.method != "POST":
            raise ApiError(43002)
        raw = await request.read()
        if not raw:
            raise ApiError(44002)
        if b"\\u" in raw:
            self._platform.counters.escaped_bodies += 1
        try:
            body = json.loads(raw)
        except ValueError:
            raise ApiError(47001) from None
        if not isinstance(body, dict):
            raise ApiError(47001)
        return body

    def _check_credentials(self, given: dict[str, Any]) -> None:
        account = self._platform.account
        if given.get("grant_type") != "client_credential":
            raise ApiError(40002)
        for key, missing, wrong, right in (
            ("appid", 41002, 40013, account.app_id),
            ("secret", 41004, 40125, account.app_secret),
        ):
            if not given.get(key):
                raise ApiError(missing)
            if given[key] != right:
                raise ApiError(wrong)

    def _check_token(self, request: web.Request) -> None:
        platform = self._platform
        token = request.query.get("access_token", "")
        check_token(token, (platform.stable_tokens, platform.classic_tokens), platform.clock())
        if request.path.startswith(platform.faults.api_path) and platform.faults.take("token_expired"):
            raise ApiError(42001)

    def _token(self, issued: tuple[str, int]) -> web.Response:
        self._platform.counters.token_fetches += 1
        return answer({"access_token": issued[0], "expires_in": issued[1]})
