"""aiohttp's server without its habit of telling every caller what it is and what exactly it did not like."""

import structlog
from aiohttp import web

HEADERS = {"Server": "yishi"}

log = structlog.get_logger()


class Runner(web.AppRunner):
    """Runs an application; no answer of it names a version or a reason, whoever wrote the answer."""

    def __init__(self, app: web.Application, stop_seconds: float) -> None:
        # The platform never compresses: whoever does is not worth unpacking for.
        super().__init__(app, access_log=None, shutdown_timeout=stop_seconds, auto_decompress=False)
        app.on_response_prepare.append(_name_nothing)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(
            made.request_handler,
            request_factory=made.request_factory,
            loop=made._loop,
            **made._kwargs,
        )


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
        say = log.error if status >= 500 else log.info
        say("http.error", status=status, error=type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun")
        response = web.Response(status=status, headers=HEADERS)
        response.force_close()
        return response
