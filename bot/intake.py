"""Taking messages in: a message is acknowledged when its inbox row is durable, and many share one commit."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.telemetry import Metrics
from handlers.inbound import Inbound
from storage.inbox import InboxRow, InboxWriter, Lease, Stored

LEASE_SECONDS = 10.0  # this replica works on what it took first; its waiting request is answered within five
COMMIT_SECONDS = 4.0  # the platform hangs up after five
BATCH = 512

log = structlog.get_logger()


class StorageUnavailableError(Exception):
    """The message could not be made durable in time; the platform should try again."""


class Intake:
    """Group commit: while one commit waits for the disk, the next messages gather."""

    def __init__(
        self, writer: InboxWriter, replica: str, metrics: Metrics, clock: Callable[[], datetime]
    ) -> None:
        self._writer = writer
        self._replica = replica
        self._metrics = metrics
        self._clock = clock
        self._pending: list[tuple[InboxRow, asyncio.Future[Stored]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self.commits = 0
        self.on_stored: Callable[[], None] = lambda: None

    def accept(self, inbound: Inbound) -> asyncio.Future[Stored]:
        """A future that is done when the message is durable; it raises StorageUnavailableError."""
        row = InboxRow(
            inbound.account,
            inbound.key,
            inbound.kind,
            inbound.sender,
            inbound.sent_at,
            inbound.text,
            inbound.scene,
            inbound.media_id,
        )
        if self._flushing is None:
            self._loop = asyncio.get_running_loop()
            self._flushing = self._loop.create_task(self._flush())
        future: asyncio.Future[Stored] = self._loop.create_future()
        self._pending.append((row, future))
        return future

    async def _flush(self) -> None:
        try:
            while self._pending:
                batch, self._pending = self._pending[:BATCH], self._pending[BATCH:]
                if not await self._commit(batch):
                    # Those that came meanwhile have waited as long: tell them now, not after another time-out.
                    late, self._pending = self._pending, []
                    _fail(late)
        finally:
            self._flushing = None

    async def _commit(self, batch: list[tuple[InboxRow, asyncio.Future[Stored]]]) -> bool:
        now = self._clock()
        lease = Lease(self._replica, now, now + timedelta(seconds=LEASE_SECONDS))
        try:
            stored = await asyncio.wait_for(
                self._writer.write([row for row, _ in batch], lease), COMMIT_SECONDS
            )
        except Exception as error:  # every driver has its own
            log.error("inbox.commit_failed", messages=len(batch), error=type(error).__name__)
            _fail(batch)
            return False
        for (_, future), place in zip(batch, stored, strict=True):
            if not future.done():
                future.set_result(place)
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


def _fail(batch: list[tuple[InboxRow, asyncio.Future[Stored]]]) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(StorageUnavailableError())
