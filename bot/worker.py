"""Working through the inbox: batches from the table, one transaction each, a savepoint for every message.

The row lock (SKIP LOCKED on PostgreSQL, BEGIN IMMEDIATE on SQLite) is held until the commit, so a message is worked
on exactly once however many replicas there are, and a crash leaves it as it was.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from bot.channels.base import Channel
from bot.replies import Reply, ReplyDesk
from bot.telemetry import Metrics
from handlers.context import Answer, Services
from handlers.inbound import InboundKind
from handlers.receive import receive
from storage.database import Database
from storage.queries.inbox import has_new, take_new
from storage.states import InboxState, WindowRule
from storage.tables import InboxMessage

BATCH = 50
MAX_ATTEMPTS = 5
FIRST_DELAY_SECONDS = 2

log = structlog.get_logger()


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
    ) -> None:
        self._database = database
        self._services = services
        self._channels = channels
        self._desk = desk
        self._metrics = metrics
        self._replica = replica
        self._clock = clock
        self.on_queued: Callable[[], None] = lambda: None

    async def has_work(self) -> bool:
        """A look that takes no lock."""
        if self._desk.has_marks:
            return True
        async with self._database.read() as session:
            return await has_new(session, self._replica, self._clock())

    async def step(self) -> bool:
        """Work on one batch; returns whether there may be more."""
        marks = self._desk.take_marks()
        handled: list[tuple[InboxMessage, Answer | None]] = []
        try:
            async with self._database.write() as session:
                now = self._clock()
                await self._desk.write_marks(session, marks, now)
                messages = await take_new(session, self._replica, now, BATCH)
                for message in messages:
                    try:
                        async with session.begin_nested():
                            answer: Answer | None = await receive(
                                session,
                                self._services,
                                message,
                                now=now,
                                window=self._window(message),
                                hold=self._desk.hold((message.account, message.message_key), now),
                            )
                    except Exception as error:  # a fault in a handler must not stop the others
                        answer = None
                        _postpone(message, now, error)
                    handled.append((message, answer))
        except BaseException:
            self._desk.restore_marks(marks)
            raise
        for message, answer in handled:
            self._conclude(message, answer, now)
        if handled:
            self.on_queued()
        return len(handled) == BATCH

    def _window(self, message: InboxMessage) -> WindowRule | None:
        channel = self._channels.get(message.account)
        return channel.window(InboundKind(message.kind)) if channel else None

    def _conclude(self, message: InboxMessage, answer: Answer | None, now: datetime) -> None:
        assert message.inbox_id is not None
        self._metrics.handled.labels(answer.outcome if answer else "message.postponed").inc()
        reply = Reply(message.inbox_id, answer.text, now) if answer and answer.text else None
        self._desk.deliver((message.account, message.message_key), reply)


def _postpone(message: InboxMessage, now: datetime, error: Exception) -> None:
    """Try again later, by any replica; give up after MAX_ATTEMPTS. The exception's text may quote the message."""
    message.attempts += 1
    message.lease_owner = ""
    message.lease_until = now + timedelta(seconds=FIRST_DELAY_SECONDS * 2**message.attempts)
    if message.attempts >= MAX_ATTEMPTS:
        message.state = InboxState.FAILED
        message.outcome = "message.failed"
        message.done_at = now
    log.error(
        "message.handler_failed",
        inbox_id=message.inbox_id,
        attempts=message.attempts,
        error=type(error).__name__,
    )
