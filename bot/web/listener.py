"""aiohttp's server without its habit of telling every caller what it is and what exactly it did not like."""

import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import formatdate
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

import structlog
from aiohttp import HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter

HEADERS = {"Server": "yishi"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger()


class Runner(web.AppRunner):
    """Runs an application; no answer of it names a version or a reason, whoever wrote the answer.

    express: handlers of POST by path, which a plain request reaches without the application's routing. The
    application has the same routes, for what is not plain.
    Their answers are made by `answer` and `acknowledgement`.
    """

    def __init__(
        self, app: web.Application, stop_seconds: float, express: Mapping[str, Handler] = MappingProxyType({})
    ) -> None:
        # The platform never compresses: whoever does is not worth unpacking for.
        super().__init__(app, access_log=None, shutdown_timeout=stop_seconds, auto_decompress=False)
        app.on_response_prepare.append(_name_nothing)
        self._express = express

    @property
    def served(self) -> set[tuple[str, str]]:
        """(method, path) of everything there is behind it, by whichever way."""
        routes = self.app.router.routes()
        routed = {(route.method, route.resource.canonical) for route in routes if route.resource is not None}
        return routed | {(hdrs.METH_POST, path) for path in self._express}

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        express, routed = self._express, cast(Handler, made.request_handler)

        def handle(request: web.Request) -> Awaitable[web.StreamResponse]:
            handler = express.get(request.raw_path.partition("?")[0])
            if handler is None or request.method != hdrs.METH_POST or hdrs.EXPECT in request.headers:
                return routed(request)
            return handler(request)

        return _Server(
            cast(Any, handle), request_factory=made.request_factory, loop=made._loop, **made._kwargs
        )


def answer(**content: Any) -> web.Response:
    """A web.Response for what came by express, where no application names the server afterwards."""
    return web.Response(headers=HEADERS, **content)


def acknowledgement(request: web.Request) -> web.StreamResponse:
    """200 and nothing else: what nearly every answer is."""
    return _ACKNOWLEDGED if request.version == HttpVersion11 and request.keep_alive else answer()


class _Acknowledged(web.StreamResponse):
    """One object for all requests, without a state of its own; its bytes change with the second."""

    @property
    def keep_alive(self) -> bool:
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        await request.writer.write(_acknowledgement_at(int(time.time())))
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        pass


@lru_cache(maxsize=2)
def _acknowledgement_at(second: int) -> bytes:
    date = formatdate(second, usegmt=True)
    return f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: {date}\r\nServer: {HEADERS['Server']}\r\n\r\n".encode()


_ACKNOWLEDGED = _Acknowledged()


async def _name_nothing(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = HEADERS["Server"]
    if isinstance(response, web.HTTPException):  # some repeat what the caller sent
        response.body = b""
        response.headers["Content-Length"] = "0"


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Handler(self, loop=self._loop, **self._kwargs)


class _Handler(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What the parser could not read, and what no handler caught. Neither `exc` nor `message` is repeated."""
        # Whoever hangs up before the answer is there has not found a fault of ours.
        say = log.error if status >= 500 and not isinstance(exc, ConnectionError) else log.info
        say("http.error", status=status, error=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun")
        response = answer(status=status)
        response.force_close()
        return response
