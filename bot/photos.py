"""Fetching the pictures that people sent, before the platform forgets them.

Taken under a lease, fetched and decoded outside of any transaction, kept in one: the blob and the state of its photo
stand or fall together. Who died in between is made up for when the lease has run out; who was only slow finds that
somebody took it after them, and keeps nothing.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from bot.channels.base import ChannelError, MediaSource, MediaTooLarge, SendResult, Verdict
from bot.pictures import LIMIT_BYTES, MEDIA_TYPE, PictureError, Refusal, clean_picture
from bot.telemetry import Metrics
from storage.blobs import put_blob
from storage.database import Database
from storage.queries.photos import Wanted, has_wanted, lock_photos, lock_wanted, take_wanted
from storage.sealing import Sealer
from storage.states import PhotoState

BATCH = 3  # each may be 10 MB
LEASE = timedelta(minutes=5)  # much longer than the time-outs of a batch together with its decoding
# How long to wait after each attempt that came to nothing, the last one again and again until the platform has
# forgotten the picture.
AGAIN_AFTER = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600))
PAUSE = timedelta(minutes=1)
BLOCKED = timedelta(minutes=30)  # an operator must act first

log = structlog.get_logger()


class _Outcome(NamedTuple):
    """state: what became of it, None for another attempt. content: of one that is kept."""

    state: PhotoState | None
    content: bytes = b""
    wait: timedelta = timedelta()


class PhotoFetcher:
    """One for each replica. sources: who has the pictures, by channel account."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        sources: Mapping[str, MediaSource],
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._sources = dict(sources)
        self._metrics = metrics
        self._clock = clock
        self._paused: dict[str, datetime] = {}

    async def has_work(self) -> bool:
        """A look that takes no lock."""
        accounts = self._accounts()
        if not accounts:
            return False
        async with self._database.read() as session:
            return await has_wanted(session, accounts, self._clock())

    async def step(self) -> bool:
        """Fetch a few; returns whether there may be more."""
        if not await self.has_work():
            return False
        now = self._clock()
        async with self._database.write() as session:
            taken = await take_wanted(session, self._accounts(), now, now + LEASE, BATCH)
        await asyncio.gather(*(self._fetch_and_keep(wanted) for wanted in taken))
        return len(taken) == BATCH

    def _accounts(self) -> list[str]:
        now = self._clock()
        return [name for name in self._sources if self._paused.get(name, now) <= now]

    async def _fetch_and_keep(self, wanted: Wanted) -> None:
        outcome = await self._fetch(wanted)
        if await self._keep(wanted, outcome):
            word = outcome.state or "again"
            self._metrics.photos.labels(wanted.account, word).inc()

    async def _fetch(self, wanted: Wanted) -> _Outcome:
        source = self._sources[wanted.account]
        if self._clock() - wanted.said_at > source.media_kept:
            return self._gone(wanted, None)
        try:
            content = await source.fetch_media(wanted.media_id, LIMIT_BYTES)
            return _Outcome(PhotoState.KEPT, await clean_picture(content))
        except MediaTooLarge:
            return self._refused(wanted, Refusal.TOO_LARGE)
        except PictureError as error:
            return self._refused(wanted, error.reason)
        except ChannelError as error:
            return self._not_now(wanted, error.result)

    def _not_now(self, wanted: Wanted, result: SendResult) -> _Outcome:
        """Another attempt, unless the platform says that there will never be anything."""
        if result.verdict is Verdict.REFUSED:
            return self._gone(wanted, result.errcode)
        wait = AGAIN_AFTER[min(wanted.attempts, len(AGAIN_AFTER)) - 1]
        blocked = result.verdict is Verdict.ACCOUNT_BLOCKED
        if blocked or result.wait_seconds:  # it is not about this picture
            now, pause = self._clock(), BLOCKED if blocked else PAUSE
            pause = max(pause, timedelta(seconds=result.wait_seconds))
            if self._paused.get(wanted.account, now) <= now:
                log.warning(
                    "photos.not_told", account=wanted.account, errcode=result.errcode, hint=result.detail
                )
            self._paused[wanted.account] = now + pause
            wait = max(wait, pause)
        return _Outcome(None, wait=wait)

    def _gone(self, wanted: Wanted, errcode: int | None) -> _Outcome:
        log.warning("photos.gone", photo=wanted.number, attempts=wanted.attempts, errcode=errcode)
        return _Outcome(PhotoState.GONE)

    def _refused(self, wanted: Wanted, reason: Refusal) -> _Outcome:
        log.info("photos.refused", photo=wanted.number, reason=reason)
        return _Outcome(PhotoState.REFUSED)

    async def _keep(self, wanted: Wanted, outcome: _Outcome) -> bool:
        """Write down what became of it; False when it is not this replica's any more, or was taken back meanwhile."""
        now = self._clock()
        async with self._database.write() as session:
            if outcome.content:
                await lock_photos(session, wanted.compound_id)
            photo = await lock_wanted(session, wanted)
            if photo is None:
                return False
            if outcome.state is None:
                photo.next_at = now + outcome.wait
                return True
            photo.state, photo.media_id = outcome.state, ""
            if outcome.content:
                photo.address = await put_blob(
                    session, self._sealer, wanted.compound_id, outcome.content, MEDIA_TYPE, now
                )
        return True
