"""The HTTP edge of callback channels: /wechat/{account}/callback."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.base import BadCallback, Callback, CallbackChannel, Channel, Rendered
from bot.intake import Intake, StorageUnavailableError
from bot.replies import Key, Reply, ReplyDesk
from bot.telemetry import Metrics
from bot.web.listener import Handler, acknowledgement, answer

READ_SECONDS = 5.0  # the platform hangs up by then

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
        self._channels = {name: c for name, c in channels.items() if isinstance(c, CallbackChannel)}
        self._intake = intake
        self._desk = desk
        self._clock = clock
        self._metrics = metrics

    def receivers(self) -> dict[str, Handler]:
        """Handlers of the platform's POST, by path."""
        return {_path(name): partial(self.receive, channel) for name, channel in self._channels.items()}

    def routes(self) -> list[web.RouteDef]:
        """To be added to the public application."""
        return [
            *(
                web.get(_path(name), partial(self.verify, channel))
                for name, channel in self._channels.items()
            ),
            *(web.post(path, receive) for path, receive in self.receivers().items()),
        ]

    async def verify(self, channel: CallbackChannel, request: web.Request) -> web.Response:
        """The platform checks the address."""
        try:
            echo = channel.verify_address(request.query, self._clock())
        except BadCallback as error:
            return self._refused(channel, error.reason)
        return answer(text=echo)

    async def receive(self, channel: CallbackChannel, request: web.Request) -> web.StreamResponse:
        """The platform delivers a message or an event."""
        try:
            body = await _read(request)
            if channel.passive_reply_seconds > 0:
                return await self._converse(request, channel, body)
            await self._intake.accept(channel, _query(request), body)
        except BadCallback as error:
            return self._refused(channel, error.reason)
        except StorageUnavailableError:
            return answer(status=503)
        return acknowledgement(request)

    async def _converse(
        self, request: web.Request, channel: CallbackChannel, body: bytes
    ) -> web.StreamResponse:
        future: asyncio.Future[Reply | None] | None = None
        key: Key = ("", "")

        def expect(callback: Callback) -> None:
            nonlocal future, key
            key = (channel.account, callback.inbound.key)
            future = self._desk.expect(key)

        loop = asyncio.get_running_loop()
        until = loop.time() + channel.passive_reply_seconds  # also when the commit took part of it
        try:
            callback, stored = await self._intake.accept(channel, _query(request), body, expect)
            async with asyncio.timeout_at(until):
                if stored.is_new and future is not None:
                    reply = await asyncio.shield(future)
                else:
                    left = max(0.0, until - loop.time())
                    # Shielded: to give up in the middle of a database call takes as long as the call.
                    reply = await asyncio.shield(
                        self._desk.find_earlier(stored.inbox_id, self._clock(), left)
                    )
        except TimeoutError:
            # The platform must not ask again: the outbox will send the answer.
            return acknowledgement(request)
        except (SQLAlchemyError, OSError) as error:
            # Stored all the same, and whoever works on it will answer.
            log.error("reply.lookup_failed", account=channel.account, error=type(error).__name__)
            return acknowledgement(request)
        finally:
            if future is not None:
                self._desk.forget(key)
        if reply is None:
            return acknowledgement(request)
        return await self._write(request, channel.render_reply(callback, reply.text, reply.at), reply)

    async def _write(self, request: web.Request, rendered: Rendered, reply: Reply) -> web.StreamResponse:
        response = answer(body=rendered.body, content_type=rendered.content_type, charset="utf-8")
        try:
            await response.prepare(request)
            await response.write_eof()
        except BaseException:
            self._desk.released(reply.inbox_id)
            raise
        self._desk.offered(reply.inbox_id)
        return response

    def _refused(self, channel: CallbackChannel, reason: str) -> web.Response:
        self._metrics.refused.labels(channel.account, reason).inc()
        log.info("callback.refused", account=channel.account, reason=reason)
        # The same for everything that is wrong: a prober learns nothing.
        return answer(status=403)


def _path(account: str) -> str:
    return f"/wechat/{account}/callback"


def _query(request: web.Request) -> str:
    return request.raw_path.partition("?")[2]


async def _read(request: web.Request) -> bytes:
    """The body; raises BadCallback for one that is too large, malformed or does not come."""
    try:
        if request.content.is_eof():  # it came with its head, as most do
            body = request.content.read_nowait()
            if len(body) > request.client_max_size:
                raise BadCallback("too_large")
            return body
        if (request.content_length or 0) > request.client_max_size:
            raise BadCallback("too_large")
        return await asyncio.wait_for(request.read(), READ_SECONDS)
    except web.HTTPRequestEntityTooLarge:
        raise BadCallback("too_large") from None
    except web.RequestPayloadError:
        raise BadCallback("payload") from None
    except TimeoutError:
        raise BadCallback("slow") from None
