"""Taking messages in: a message is acknowledged when its inbox row is durable, and many share one commit."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl

import structlog

from bot.channels.base import Callback, CallbackChannel
from bot.telemetry import Metrics
from handlers.inbound import InboundKind
from storage.inbox import InboxWriter, Lease, Stored

LEASE_SECONDS = 10.0  # this replica works on what it took first; its waiting request is answered within five
COMMIT_SECONDS = 4.0  # the platform hangs up after five
BATCH = 512

log = structlog.get_logger()


class StorageUnavailableError(Exception):
    """The message could not be made durable in time; the platform should try again."""


class Accepted(NamedTuple):
    """A verified callback and where its message lies."""

    callback: Callback
    stored: Stored


OnOpened = Callable[[Callback], None]


class _Posted(NamedTuple):
    channel: CallbackChannel
    query: str
    body: bytes
    on_opened: OnOpened | None
    until: float
    future: asyncio.Future[Accepted]


class Intake:
    """Group commit: while one commit waits for the disk, the next messages gather.

    They are verified together as well, just before their commit: the same code over many messages in a row runs
    from the processor's cache, which took a quarter off the cost of a callback.
    """

    def __init__(
        self, writer: InboxWriter, replica: str, metrics: Metrics, clock: Callable[[], datetime]
    ) -> None:
        self._writer = writer
        self._replica = replica
        self._metrics = metrics
        self._clock = clock
        self._pending: list[_Posted] = []
        self._flushing: asyncio.Task[None] | None = None
        self.commits = 0
        self.failing = False  # the last commit did not succeed
        self.on_stored: Callable[[], None] = lambda: None
        # Called with the account whose platform says that the chat archive has something new.
        self.on_archive_grew: Callable[[str], None] = lambda _account: None

    def accept(
        self, channel: CallbackChannel, query: str, body: bytes, on_opened: OnOpened | None = None
    ) -> asyncio.Future[Accepted]:
        """A future that is done when the message is durable; raises BadCallback or StorageUnavailableError.

        `on_opened` is called with the callback before it is stored.
        """
        if self._flushing is None:
            self._loop = asyncio.get_running_loop()
            self._flushing = self._loop.create_task(self._flush())
        future: asyncio.Future[Accepted] = self._loop.create_future()
        until = self._loop.time() + COMMIT_SECONDS
        self._pending.append(_Posted(channel, query, body, on_opened, until, future))
        return future

    async def _flush(self) -> None:
        try:
            while self._pending:
                await self._gather()
                batch, self._pending = self._pending[:BATCH], self._pending[BATCH:]
                opened = self._open(batch)
                # The first has waited longest, perhaps for a commit before this one as well.
                if opened and not await self._commit(opened, batch[0].until):
                    # Those that came meanwhile have waited as long: tell them now, not after another time-out.
                    late, self._pending = self._pending, []
                    _fail(posted.future for posted in late)
        finally:
            self._flushing = None

    async def _gather(self) -> None:
        """Wait while the loop still brings messages: fewer and larger commits cost less than they delay."""
        gathered = 0
        while gathered < len(self._pending) < BATCH:
            gathered = len(self._pending)
            await asyncio.sleep(0)

    def _open(self, batch: list[_Posted]) -> list[tuple[Callback, asyncio.Future[Accepted]]]:
        now = self._clock()
        opened = []
        for channel, query, body, on_opened, _until, future in batch:
            try:
                callback = channel.open(_fields(query), body, now)
                if on_opened is not None:
                    on_opened(callback)
            except (
                Exception
            ) as error:  # BadCallback; anything else must not take the others of the batch with it
                if not future.done():
                    future.set_exception(error)
                continue
            opened.append((callback, future))
        return opened

    async def _commit(self, batch: list[tuple[Callback, asyncio.Future[Accepted]]], until: float) -> bool:
        now = self._clock()
        lease = Lease(self._replica, now, now + timedelta(seconds=LEASE_SECONDS))
        try:
            async with asyncio.timeout_at(until):
                stored = await self._writer.write([callback.inbound for callback, _ in batch], lease)
        except Exception as error:  # every driver has its own
            log.error("inbox.commit_failed", messages=len(batch), error=type(error).__name__)
            _fail(future for _, future in batch)
            self.failing = True
            return False
        self.failing = False
        for (callback, future), place in zip(batch, stored, strict=True):
            if not future.done():
                future.set_result(Accepted(callback, place))
            if callback.inbound.kind is InboundKind.ARCHIVE_GREW:
                self.on_archive_grew(callback.inbound.account)
        self.commits += 1
        self._metrics.commits.observe(len(batch))
        self._metrics.stored.inc(len(batch))
        self.on_stored()
        return True

    async def close(self) -> None:
        """Finish the commits under way."""
        if self._flushing is not None:
            await self._flushing
        await self._writer.close()


def _fail(futures: Iterable[asyncio.Future[Accepted]]) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(StorageUnavailableError())


def _fields(query: str) -> Mapping[str, str]:
    if "%" in query or "+" in query:
        return dict(parse_qsl(query, keep_blank_values=True))
    # What the platform sends needs no decoding, and every part of it has a value.
    try:
        return dict([part.split("=", 1) for part in query.split("&")])
    except ValueError:
        return dict(parse_qsl(query, keep_blank_values=True))
