"""Working through the inbox: batches from the table, one transaction each.

The row lock (SKIP LOCKED on PostgreSQL, BEGIN IMMEDIATE on SQLite) is held until the commit, so a message is worked
on exactly once however many replicas there are, and a crash leaves it as it was.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

import structlog

from bot.channels.base import Channel
from bot.replies import Key, Reply, ReplyDesk
from bot.telemetry import Metrics
from handlers.context import Answer, Services
from handlers.inbound import InboundKind
from handlers.receive import Received, receive
from storage.database import Database, is_passing
from storage.queries.inbox import has_new, postpone, take_new
from storage.tables import InboxMessage

BATCH = 50
MAX_ATTEMPTS = 5
FIRST_DELAY_SECONDS = 2
LONGEST_REST_SECONDS = 1.0

log = structlog.get_logger()


class _Name(NamedTuple):
    """What is known of a message also when its transaction has failed, and the row cannot be asked any more."""

    inbox_id: int
    key: Key


def _name(message: InboxMessage) -> _Name:
    assert message.inbox_id is not None
    return _Name(message.inbox_id, (message.account, message.message_key))


class Worker:
    """One for each replica."""

    def __init__(
        self,
        database: Database,
        services: Services,
        channels: Mapping[str, Channel],
        desk: ReplyDesk,
        metrics: Metrics,
        replica: str,
        clock: Callable[[], datetime],
        arrivals: Callable[[], int],
    ) -> None:
        """`arrivals` counts the commits of new messages, so that the worker can see whether more are coming."""
        self._database = database
        self._services = services
        self._channels = channels
        self._desk = desk
        self._metrics = metrics
        self._replica = replica
        self._clock = clock
        self._arrivals = arrivals
        self._careful = 0
        self.on_queued: Callable[[], None] = lambda: None

    async def has_work(self) -> bool:
        """A look that takes no lock."""
        if self._desk.has_marks:
            return True
        async with self._database.read() as session:
            return await has_new(session, self._replica, self._clock())

    async def step(self) -> bool:
        """Work on one batch; returns whether there may be more.

        When a batch fails, its messages are taken one by one, so that only the culprit waits.
        """
        started, arrivals = time.monotonic(), self._arrivals()
        limit = 1 if self._careful else BATCH
        marks = self._desk.take_marks()
        batch: list[Received] = []
        names: list[_Name] = []
        try:
            async with self._database.write() as session:
                now = self._clock()
                await self._desk.write_marks(session, marks, now)
                messages = await take_new(session, self._replica, now, limit)
                names = [_name(message) for message in messages]
                batch = [self._received(message, now) for message in messages]
                answers = await receive(session, self._services, batch, now)
        except BaseException as error:
            self._desk.restore_marks(marks)
            if not names or not isinstance(error, Exception) or is_passing(error):
                raise
            if limit == 1:
                await self._postpone(names[0], error)
            else:
                self._careful = len(names)
            return True
        self._careful = max(0, self._careful - 1)
        for name, received, answer in zip(names, batch, answers, strict=True):
            self._conclude(name, answer, now, held=received.hold is not None)
        if batch:
            self.on_queued()
        if self._arrivals() != arrivals and not self._desk.anybody_waits:
            # Acknowledging comes first: in a rush, work takes a fifth of the time, and all of it afterwards.
            await asyncio.sleep(min(4 * (time.monotonic() - started), LONGEST_REST_SECONDS))
        return len(batch) == limit

    def _received(self, message: InboxMessage, now: datetime) -> Received:
        channel = self._channels.get(message.account)
        window = channel.window(InboundKind(message.kind)) if channel else None
        return Received(message, window, self._desk.hold((message.account, message.message_key), now))

    def _conclude(self, name: _Name, answer: Answer, now: datetime, *, held: bool) -> None:
        self._metrics.handled.labels(answer.outcome).inc()
        reply = Reply(name.inbox_id, answer.text, now) if answer.text else None
        self._desk.deliver(name.key, reply, held=held)

    async def _postpone(self, name: _Name, error: Exception) -> None:
        """Try again later, by any replica; give up after MAX_ATTEMPTS. The error's text may quote the message."""
        self._careful = max(0, self._careful - 1)
        async with self._database.write() as session:
            attempts = await postpone(
                session, name.inbox_id, self._clock(), FIRST_DELAY_SECONDS, MAX_ATTEMPTS
            )
        self._metrics.handled.labels("message.postponed").inc()
        self._desk.deliver(name.key, None, held=False)
        log.error(
            "message.handler_failed", inbox_id=name.inbox_id, attempts=attempts, error=type(error).__name__
        )
