"""The clock: APScheduler only wakes; what is due follows from the time, and a claim says which replica does it.

A tick that is missed, doubled or late changes nothing. What one piece of work runs into is noted and counted; the
others are done all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.telemetry import Metrics
from handlers.digests.charts import KEPT as CHARTS_KEPT
from handlers.digests.charts import forget_charts
from handlers.digests.forget import reduce_digests
from handlers.grid.upload import forget_old_grid_sheets
from handlers.identity.rules import WRONG_KEPT
from handlers.local_time import LOCAL
from handlers.oversight.retention import reduce_raw_text
from handlers.roll.upload import forget_old_uploads
from storage.claims import forget_claims, try_claim
from storage.database import Database
from storage.outbox import count_by_state as count_outbox
from storage.outbox import expire_messages
from storage.queries.accounts import forget_sign_ins
from storage.queries.archive import forget_tombstones
from storage.queries.bindings import forget_attempts
from storage.queries.consultations import reduce_proposals
from storage.queries.groups import forget_members_of_ended
from storage.queries.inbox import count_by_state as count_inbox
from storage.queries.survey_answers import reduce_surveys
from storage.queries.visits import forget_old_notes
from storage.send_windows import forget_closed_windows, wake_waiting
from storage.states import InboxState, OutboxState

TICK_SECONDS = 30
OFTEN_SECONDS = 5
RETENTION_AT = time(3, 20)
CLAIMS_KEPT = timedelta(days=400)
SIGN_INS_KEPT = timedelta(days=30)  # sessions and links that have ended

EachTick = Callable[[datetime], Awaitable[object]]

log = structlog.get_logger()


def due_periods(now: datetime) -> list[tuple[str, str]]:
    """Pure: the (job, period) pairs that should have been done by `now`; only the latest of each job."""
    local = now.astimezone(LOCAL)
    day = local.date() if local.time() >= RETENTION_AT else local.date() - timedelta(days=1)
    return [("retention", day.isoformat())]


class Jobs:
    """Periodic work of one replica.

    each_tick: by name, what every tick of every replica calls; it finds out for itself what is due and not done.
    often: the same, every few seconds.
    """

    def __init__(
        self,
        database: Database,
        metrics: Metrics,
        replica: str,
        raw_text_days: int,
        clock: Callable[[], datetime],
        each_tick: Mapping[str, EachTick] | None = None,
        often: Mapping[str, EachTick] | None = None,
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._replica = replica
        self._raw_text_days = raw_text_days
        self._clock = clock
        self._periodic: dict[str, EachTick] = {"retention": self._retention}
        self._each_tick: dict[str, EachTick] = {
            **(each_tick or {}),
            "outbox": self._sweep_outbox,
            "gauges": self._refresh_gauges,
        }
        self._often = dict(often or {})
        self._at_work = {work: asyncio.Lock() for work in ("tick", "periodic", "often")}
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin to tick. What takes minutes has ticks of its own: an alert does not wait for last year's words."""
        rounds = [("tick", self.tick, TICK_SECONDS), ("periodic", self.make_up, TICK_SECONDS)]
        if self._often:
            rounds.append(("often", self.tick_often, OFTEN_SECONDS))
        for work, do, seconds in rounds:
            self._scheduler.add_job(
                partial(self._wake, self._at_work[work], do),
                IntervalTrigger(seconds=seconds, timezone=UTC),
                max_instances=1,
                coalesce=True,
                next_run_time=datetime.now(UTC),  # the scheduler's own clock, whatever ours says
            )
        self._scheduler.start()

    async def stop(self) -> None:
        """Tick no more; the ticks under way are finished."""
        self._scheduler.pause()
        async with self._at_work["tick"], self._at_work["periodic"], self._at_work["often"]:
            self._scheduler.shutdown(wait=False)

    async def _wake(self, at_work: asyncio.Lock, do: EachTick) -> None:
        async with at_work:
            await do(self._clock())

    async def advance(self, now: datetime) -> None:
        """Do what is due and nobody has done; refresh the gauges. Never raises for what a piece of work ran into."""
        await self.make_up(now)
        await self.tick(now)
        await self.tick_often(now)

    async def tick(self, now: datetime) -> None:
        """What every tick does."""
        for work, do in self._each_tick.items():
            await self._attempt(work, do, now)

    async def tick_often(self, now: datetime) -> None:
        """What is done every few seconds."""
        for work, do in self._often.items():
            await self._attempt(work, do, now)

    async def make_up(self, now: datetime) -> None:
        """What is done once in a period, by one replica."""
        for job, period in due_periods(now):
            await self._attempt(job, partial(self._do_once, job, period), now)

    async def _attempt(self, work: str, do: EachTick, now: datetime) -> None:
        # No time limit: work that is cancelled inside a transaction may leave SQLite's lock behind.
        try:
            await do(now)
        except Exception as error:  # the next piece of work has nothing to do with it
            # Only the kind: a driver's text may quote the row it failed on.
            log.error("jobs.work_failed", work=work, error=type(error).__name__)
            self._metrics.clock_work.labels(work, "failed").inc()
        else:
            self._metrics.clock_work.labels(work, "done").inc()

    async def _do_once(self, job: str, period: str, now: datetime) -> None:
        async with self._database.write() as session:
            mine = await try_claim(session, job, period, self._replica, now)
        if mine:
            await self._periodic[job](now)

    async def _sweep_outbox(self, now: datetime) -> None:
        async with self._database.write() as session:
            await expire_messages(session, now)
            await wake_waiting(session, now)

    async def _retention(self, now: datetime) -> None:
        # Claimed before it is done: a crash half-way leaves the rest for tomorrow, which finds it by its age.
        before = now - timedelta(days=self._raw_text_days)
        blanked = await reduce_raw_text(self._database, before) + await reduce_digests(self._database, before)
        await forget_charts(self._database, now - CHARTS_KEPT)
        async with self._database.write() as session:
            await forget_claims(session, now - CLAIMS_KEPT)
            await forget_closed_windows(session, now)
            await forget_tombstones(session, before)
            await forget_members_of_ended(session)
            await forget_sign_ins(session, now - SIGN_INS_KEPT)
            await forget_old_uploads(session, now)
            await forget_old_grid_sheets(session, now)
            await forget_attempts(session, now - WRONG_KEPT)
            await forget_old_notes(session, before)
            blanked += await reduce_proposals(session, before)
            blanked += await reduce_surveys(session, before)
        # Every night, for what was revoked and erased by day as well.
        await self._database.compact()
        log.info("retention.done", rows=blanked)

    async def _refresh_gauges(self, _now: datetime) -> None:
        async with self._database.read() as session:
            inbox = await count_inbox(session, [InboxState.NEW, InboxState.FAILED])
            outbox = await count_outbox(session)
        for inbox_state in (InboxState.NEW, InboxState.FAILED):
            self._metrics.inbox.labels(inbox_state).set(inbox.get(inbox_state, 0))
        for outbox_state in OutboxState:
            self._metrics.outbox.labels(outbox_state).set(outbox.get(outbox_state, 0))
