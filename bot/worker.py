"""Working through the inbox: batches from the table, one transaction each.

The row lock (SKIP LOCKED on PostgreSQL, BEGIN IMMEDIATE on SQLite) is held until the commit, so a message is worked
on exactly once however many replicas there are, and a crash leaves it as it was. What sounds like danger is taken first
(bot/triage.py), and a batch is no longer than what that may wait for.
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
from bot.triage import Triage
from handlers.context import Answer, Services
from handlers.inbound import InboundKind
from handlers.receive import Received, receive
from storage.database import Database, is_crossing, is_passing
from storage.queries.inbox import has_new, postpone, take_new
from storage.tables import InboxMessage

BATCH = 50
LEAST = 5
LONGEST_STEP_SECONDS = 0.25  # danger that has just come waits for the step under way
LOOK_SECONDS = 0.1
URGENT_IN_A_ROW = 3  # batches of danger before an ordinary one, so that much danger does not stop all else
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
        self._triage = Triage(database, services, replica, clock)
        self._careful = 0
        self._size = BATCH
        self._is_behind = True  # a predecessor may have left a backlog
        self._urgent_in_a_row = 0
        self.on_queued: Callable[[], None] = lambda: None

    async def has_work(self) -> bool:
        """A look that takes no lock."""
        if self._desk.has_marks:
            return True
        async with self._database.read() as session:
            return await has_new(session, self._replica, self._clock())

    async def step(self) -> bool:
        """Work on one batch; returns whether there may be more.

        When a batch fails, its messages are taken one by one, so that only the culprit waits. So they are when another
        replica's batch holds what this one needs and the other way round: one message takes its locks in one order.
        """
        arrivals = self._arrivals()
        ahead = await self._look_ahead()
        started = time.monotonic()
        limit = 1 if self._careful else self._size
        marks = self._desk.take_marks()
        batch: list[Received] = []
        names: list[_Name] = []
        try:
            async with self._database.write() as session:
                now = self._clock()
                await self._desk.write_marks(session, marks, now)
                messages = await take_new(session, self._replica, now, limit, ahead)
                names = [_name(message) for message in messages]
                batch = [self._received(message, now) for message in messages]
                answers = await receive(session, self._services, batch, now)
        except BaseException as error:
            self._desk.restore_marks(marks)
            crossed = isinstance(error, Exception) and is_crossing(error) and limit > 1
            if not names or not isinstance(error, Exception) or (is_passing(error) and not crossed):
                raise
            if limit == 1:
                await self._postpone(names[0], error)
            else:
                self._careful = len(names)
            return True
        self._careful = max(0, self._careful - 1)
        # Those that were not found are another replica's; those that found no room come with the next batch.
        self._triage.forget(ahead if len(names) < limit else [name.inbox_id for name in names])
        for name, received, answer in zip(names, batch, answers, strict=True):
            self._conclude(name, answer, now, held=received.hold is not None)
        if batch:
            self.on_queued()
        took = time.monotonic() - started
        self._urgent_in_a_row = self._urgent_in_a_row + 1 if ahead else 0
        self._is_behind = bool(ahead) or len(batch) == limit
        if limit > 1:
            self._fit_size(took, len(batch))
        if self._arrivals() != arrivals and not self._desk.anybody_waits:
            # Acknowledging comes first: in a rush, work takes a fifth of the time, and all of it afterwards.
            await self._rest(min(4 * took, LONGEST_REST_SECONDS))
        return self._is_behind

    async def _look_ahead(self) -> list[int]:
        """What is to be taken first."""
        if self._urgent_in_a_row == URGENT_IN_A_ROW or not self._is_behind or not await self._triage.look():
            return []
        return self._triage.first(self._size)

    def _fit_size(self, took: float, messages: int) -> None:
        """So many in the next batch that it does not take too long."""
        if took > LONGEST_STEP_SECONDS:
            self._size = max(LEAST, int(self._size * LONGEST_STEP_SECONDS / took))
        elif messages == self._size and took < LONGEST_STEP_SECONDS / 2:
            self._size = min(BATCH, self._size * 2)

    async def _rest(self, seconds: float) -> None:
        """Let messages be taken in, unless one of them sounds like danger."""
        until, looked = time.monotonic() + seconds, 0.0
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, max(LOOK_SECONDS, 4 * looked)))
            began = time.monotonic()
            if await self._triage.look():
                self._is_behind = True
                return
            looked = time.monotonic() - began

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
        self._triage.forget([name.inbox_id])
        async with self._database.write() as session:
            attempts = await postpone(
                session, name.inbox_id, self._clock(), FIRST_DELAY_SECONDS, MAX_ATTEMPTS
            )
        self._metrics.handled.labels("message.postponed").inc()
        self._desk.deliver(name.key, None, held=False)
        log.error(
            "message.handler_failed", inbox_id=name.inbox_id, attempts=attempts, error=type(error).__name__
        )
