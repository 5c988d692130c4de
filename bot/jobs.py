"""The clock: APScheduler only wakes; what is due follows from the time, and a claim says which replica does it.

A tick that is missed, doubled or late changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from bot.telemetry import Metrics
from handlers.oversight.retention import reduce_raw_text
from storage.claims import forget_claims, try_claim
from storage.database import Database
from storage.outbox import count_by_state as count_outbox
from storage.outbox import expire_messages, forget_closed_windows, wake_waiting
from storage.queries.inbox import count_by_state as count_inbox
from storage.states import InboxState, OutboxState

LOCAL = ZoneInfo("Asia/Shanghai")
TICK_SECONDS = 30
RETENTION_AT = time(3, 20)
CLAIMS_KEPT = timedelta(days=400)

log = structlog.get_logger()


def due_periods(now: datetime) -> list[tuple[str, str]]:
    """Pure: the (job, period) pairs that should have been done by `now`; only the latest of each job."""
    local = now.astimezone(LOCAL)
    day = local.date() if local.time() >= RETENTION_AT else local.date() - timedelta(days=1)
    return [("retention", day.isoformat())]


class Jobs:
    """Periodic work of one replica."""

    def __init__(
        self,
        database: Database,
        metrics: Metrics,
        replica: str,
        raw_text_days: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._replica = replica
        self._raw_text_days = raw_text_days
        self._clock = clock
        self._work: dict[str, Callable[[datetime], Awaitable[None]]] = {"retention": self._retention}
        self._ticking = asyncio.Lock()
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.add_job(
            self._tick,
            IntervalTrigger(seconds=TICK_SECONDS, timezone=UTC),
            max_instances=1,
            coalesce=True,
            next_run_time=self._clock(),
        )
        self._scheduler.start()

    async def stop(self) -> None:
        """Tick no more; the tick under way is finished."""
        self._scheduler.pause()
        async with self._ticking:
            self._scheduler.shutdown(wait=False)

    async def _tick(self) -> None:
        async with self._ticking:
            try:
                await self.advance(self._clock())
            except (SQLAlchemyError, OSError) as error:
                log.error("jobs.tick_failed", error=type(error).__name__)

    async def advance(self, now: datetime) -> None:
        """Do what is due and nobody has done; refresh the gauges."""
        for job, period in due_periods(now):
            async with self._database.write() as session:
                mine = await try_claim(session, job, period, self._replica, now)
            if mine:
                await self._work[job](now)
        async with self._database.write() as session:
            await expire_messages(session, now)
            await wake_waiting(session, now)
        await self._refresh_gauges()

    async def _retention(self, now: datetime) -> None:
        # Claimed before it is done: a crash half-way leaves the rest for tomorrow, which finds it by its age.
        blanked = await reduce_raw_text(self._database, now - timedelta(days=self._raw_text_days))
        async with self._database.write() as session:
            await forget_claims(session, now - CLAIMS_KEPT)
            await forget_closed_windows(session, now)
        log.info("retention.done", rows=blanked)

    async def _refresh_gauges(self) -> None:
        async with self._database.read() as session:
            inbox = await count_inbox(session, [InboxState.NEW, InboxState.FAILED])
            outbox = await count_outbox(session)
        for inbox_state in (InboxState.NEW, InboxState.FAILED):
            self._metrics.inbox.labels(inbox_state).set(inbox.get(inbox_state, 0))
        for outbox_state in OutboxState:
            self._metrics.outbox.labels(outbox_state).set(outbox.get(outbox_state, 0))
