"""Keeps other sites away from the playground: it drives a bot, and any page in the browser could try to reach it."""

import json
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from bot.playground.loopback import is_loopback

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def refuse(status: int, why: str) -> web.Response:
    """Answer {"error": why}; the page shows `why` to whoever clicked."""
    return web.Response(
        status=status,
        body=json.dumps({"error": why}, ensure_ascii=False).encode(),
        content_type="application/json",
    )


def guard() -> Middleware:
    """Let through only this machine's own names (against DNS rebinding) and POSTs of JSON from the page itself."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = _objection(request)
        if response is None:
            try:
                response = await handler(request)  # type: ignore[assignment]
            except web.HTTPException as error:
                response = refuse(error.status, error.reason)
        assert response is not None
        response.headers.update(_HEADERS)
        return response

    return check


def _objection(request: web.Request) -> web.Response | None:
    try:
        host = URL(f"http://{request.host}").host or ""
    except ValueError:
        host = ""
    if not is_loopback(host):
        return refuse(421, "只能在本机打开")
    if request.method in ("GET", "HEAD"):
        return None
    if request.headers.get("Origin") != f"http://{request.host}":
        return refuse(403, "只接受本页面发出的请求")
    if request.content_type != "application/json":
        return refuse(415, "请求必须是 JSON")
    return None


async def read_json(request: web.Request) -> dict[str, Any]:
    """Read a JSON object; anything else ends the request with 400."""
    try:
        body = json.loads(await request.read())
    except ValueError:
        raise web.HTTPBadRequest from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest
    return body
