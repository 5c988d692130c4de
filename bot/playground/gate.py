"""What every call of the platform's API passes: counting, faults, and answers in the platform's form."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.playground.errors import ApiError
from bot.playground.wecom.errors import WecomError

if TYPE_CHECKING:
    from bot.playground.platform import Platform


def answer(data: dict[str, Any]) -> web.Response:
    """Make an answer as the platform writes them."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return web.Response(body=body, headers={"Content-Type": "application/json; encoding=utf-8"})


async def read_object(request: web.Request, platform: "Platform") -> dict[str, Any]:
    """Read the JSON object of a POST; raises ApiError 43002, 44002 and 47001."""
    if request.method != "POST":
        raise ApiError(43002)
    raw = await request.read()
    if not raw:
        raise ApiError(44002)
    if b"\\u" in raw:
        platform.counters.escaped_bodies += 1
    try:
        body = json.loads(raw)
    except ValueError:
        raise ApiError(47001) from None
    if not isinstance(body, dict):
        raise ApiError(47001)
    return body


def take_limits(request: web.Request, platform: "Platform", *, has_token: bool = True) -> None:
    """Let the faults of a call happen that come after its credentials were found good: ApiError 42001 and 45009."""
    faults = platform.faults
    if not request.path.startswith(faults.api_path):
        return
    if has_token and faults.take("token_expired"):
        raise ApiError(42001)
    if faults.take("rate_limited"):
        raise ApiError(45009)


class Gate:
    """Counts each call, lets faults happen and turns refusals into answers.

    wecom_paths: the calls whose refusals read as WeCom's do.
    """

    def __init__(self, platform: "Platform", wecom_paths: frozenset[str]) -> None:
        self._platform = platform
        self._wecom_paths = wecom_paths

    @property
    def middleware(self) -> Middleware:
        """The middleware to put around the application."""

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
            response = await self._answer(request, handler, faulty=faulty)
            if faulty and faults.take("timeout_after"):
                return await self._hang(request)
            return response

        return gate

    async def _answer(self, request: web.Request, handler: Handler, *, faulty: bool) -> web.StreamResponse:
        faults = self._platform.faults
        try:
            if faulty and faults.take("busy"):
                raise ApiError(-1)
            if faulty and faults.take("ip_not_whitelisted"):
                raise WecomError(60020) if request.path in self._wecom_paths else ApiError(40164)
            return await handler(request)
        except WecomError as error:
            return self._refuse(error)
        except ApiError as error:
            return self._refuse(WecomError(error.code) if request.path in self._wecom_paths else error)
        except web.HTTPNotFound:
            return self._refuse(ApiError(40066))

    def _refuse(self, error: ApiError) -> web.Response:
        self._platform.counters.errors[error.code] += 1
        return answer(error.body(self._platform.clock()))

    async def _hang(self, request: web.Request) -> web.Response:
        await self._platform.closing.wait()
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)
