"""The HTTP edge of callback channels: /wechat/{account}/callback."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import structlog
from aiohttp import web

from bot.channels.base import BadCallback, Callback, Channel, Rendered
from bot.intake import Intake, StorageUnavailableError
from bot.replies import Key, Reply, ReplyDesk
from bot.telemetry import Metrics

# Callers need not know what runs here.
HEADERS = {"Server": "yishi"}

log = structlog.get_logger()


class CallbackEndpoint:
    """Verify, store, acknowledge; answer on the same connection when there is an answer in time."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        intake: Intake,
        desk: ReplyDesk,
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._channels = channels
        self._intake = intake
        self._desk = desk
        self._clock = clock
        self._metrics = metrics

    def routes(self) -> list[web.RouteDef]:
        """To be added to the public application: a plain path an account, the cheapest to find."""
        routes: list[web.RouteDef] = []
        for name, channel in self._channels.items():
            path = f"/wechat/{name}/callback"
            routes += [
                web.get(path, partial(self.verify, channel)),
                web.post(path, partial(self.receive, channel)),
            ]
        return routes

    async def verify(self, channel: Channel, request: web.Request) -> web.Response:
        """The platform checks the address."""
        try:
            echo = channel.verify_address(request.query, self._clock())
        except BadCallback as error:
            return self._refused(channel, error.reason)
        return web.Response(text=echo, headers=HEADERS)

    async def receive(self, channel: Channel, request: web.Request) -> web.StreamResponse:
        """The platform delivers a message or an event."""
        try:
            body = await request.read()
            if channel.passive_reply_seconds > 0:
                return await self._converse(request, channel, body)
            await self._intake.accept(channel, request.rel_url.raw_query_string, body)
        except BadCallback as error:
            return self._refused(channel, error.reason)
        except web.HTTPRequestEntityTooLarge:
            return self._refused(channel, "too_large")
        except StorageUnavailableError:
            return web.Response(status=503, headers=HEADERS)
        return web.Response(headers=HEADERS)

    async def _converse(self, request: web.Request, channel: Channel, body: bytes) -> web.StreamResponse:
        future: asyncio.Future[Reply | None] | None = None
        key: Key = ("", "")

        def expect(callback: Callback) -> None:
            nonlocal future, key
            key = (channel.account, callback.inbound.key)
            future = self._desk.expect(key)

        seconds = channel.passive_reply_seconds
        try:
            callback, stored = await self._intake.accept(
                channel, request.rel_url.raw_query_string, body, expect
            )
            if stored.is_new and future is not None:
                reply = await asyncio.wait_for(asyncio.shield(future), seconds)
            else:
                reply = await self._desk.find_earlier(stored.inbox_id, self._clock(), seconds)
        except TimeoutError:
            # The platform must not ask again: the outbox will send the answer.
            return web.Response(headers=HEADERS)
        finally:
            if future is not None:
                self._desk.forget(key)
        if reply is None:
            return web.Response(headers=HEADERS)
        return await self._write(request, channel.render_reply(callback, reply.text, reply.at), reply)

    async def _write(self, request: web.Request, rendered: Rendered, reply: Reply) -> web.StreamResponse:
        response = web.Response(
            body=rendered.body, content_type=rendered.content_type, charset="utf-8", headers=HEADERS
        )
        try:
            await response.prepare(request)
            await response.write_eof()
        except BaseException:
            self._desk.released(reply.inbox_id)
            raise
        self._desk.offered(reply.inbox_id)
        return response

    def _refused(self, channel: Channel, reason: str) -> web.Response:
        self._metrics.refused.labels(channel.account, reason).inc()
        log.info("callback.refused", account=channel.account, reason=reason)
        # The same for everything that is wrong: a prober learns nothing.
        return web.Response(status=403, headers=HEADERS)
