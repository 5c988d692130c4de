"""Reading the chat archive: pages from the feed, each stored in one transaction with the cursor.

Of several replicas one reads, under a lease in the cursor's row. A lease that ran out while its holder was stuck is
no danger: a page is stored only if the cursor still stands where it was when the page was asked for.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError

from bot.channels.archive_simulated import SimulatedSeal, SimulatedSource
from bot.channels.chat_archive import (
    PULL_LIMIT,
    ArchiveSource,
    ArchiveUnavailableError,
    ChatArchiveDecryptor,
    Page,
    PrivateKeys,
    read_page,
)
from bot.config import ChatArchiveSettings
from handlers.context import Services
from handlers.groups.listen import Listened, listen
from storage.database import Database
from storage.inbox import Lease
from storage.queries.archive import find_cursor, move_cursor, release_cursors, take_cursor

# The platform allows 10 a second. Its notice (msgaudit_notify) wakes the replica that gets it, and comes 15 seconds
# apart; a matter of safety should not wait for that.
POLL_SECONDS = 5.0
LEASE_SECONDS = 90.0  # longer than a pull, a page and its transaction take at their limits
PULL_SECONDS = 30.0
DATABASE_SECONDS = 20.0
INBOX_LEASE_SECONDS = 10.0  # as for callbacks: this replica works on what it took first
LONGEST_BACKOFF_SECONDS = 300.0
QUIET_NOTE = timedelta(seconds=60)
ALARM = timedelta(days=4)  # the platform throws messages away after five

_AWAY = (ArchiveUnavailableError, SQLAlchemyError, OSError, TimeoutError)

log = structlog.get_logger()


class ArchiveMetrics:
    """One for all archives of an application."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lag = Gauge(
            "yishi_archive_lag_seconds",
            "How long ago the chat archive was last read",
            ["account"],
            registry=registry,
        )
        self.entries = Counter(
            "yishi_archive_entries",
            "Entries of the chat archive, by what became of them: stored, or why not",
            ["account", "outcome"],
            registry=registry,
        )


class LostLeaseError(Exception):
    """Another replica reads on; what this one has pulled is not stored."""


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive account. people: the account under which the corp's people are known."""

    account: str
    people: str
    source: ArchiveSource
    decryptor: ChatArchiveDecryptor
    keys: PrivateKeys


def open_archive(account: str, settings: ChatArchiveSettings, http: aiohttp.ClientSession) -> list[Archive]:
    """The archive of an account; none where nothing can open its messages. Raises ArchiveKeyError."""
    if settings.decryptor != "simulator":
        log.warning("archive.no_decryptor", account=account)
        return []
    keys = PrivateKeys.load(settings.private_keys)
    return [Archive(account, settings.corp, SimulatedSource(settings.api_base, http), SimulatedSeal(), keys)]


class ArchivePoller:
    """Reads one archive; one for each replica."""

    def __init__(
        self,
        archive: Archive,
        database: Database,
        services: Services,
        metrics: ArchiveMetrics,
        replica: str,
        clock: Callable[[], datetime],
        *,
        page: int = PULL_LIMIT,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._archive = archive
        self._database = database
        self._services = services
        self._metrics = metrics
        self._replica = replica
        self._clock = clock
        self._page = page
        self._poll_seconds = poll_seconds
        self._woken = asyncio.Event()
        self._stopping = False
        self._failures = 0
        self._alarmed = False
        self._noted_at: datetime | None = None
        # A predecessor may have died between blanking words and emptying the log.
        self._unscrubbed = True
        self.on_stored: Callable[[], None] = lambda: None
        self.on_unmet: Callable[[Collection[str]], None] = lambda _rooms: None

    @property
    def people(self) -> str:
        """The account of the corp whose archive this is."""
        return self._archive.people

    def wake(self) -> None:
        """Read now rather than at the next poll."""
        self._woken.set()

    def stop(self) -> None:
        """Return from `run` after the page under way."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Read until stopped. A feed or database that is away is logged once, and once when it is back.

        Whatever else goes wrong is treated alike: a poller that ended would take its replica out of service with it.
        """
        while not self._stopping:
            began_at = self._clock()
            try:
                while await self.step() and not self._stopping:
                    pass
            except Exception as error:
                self._failed(error)
            else:
                if self._failures:
                    log.info("archive.back", account=self._archive.account)
                self._failures = 0
            await self._check_lag(began_at)
            if not self._stopping:
                await self._rest()
        await self._release()

    async def step(self) -> bool:
        """Read one page; returns whether there may be more. False also while another replica reads."""
        seq = await self._take_lease()
        if seq is None:
            return False
        async with asyncio.timeout(PULL_SECONDS):
            items = await self._archive.source.pull(seq, self._page)
        items = [item for item in items if item.seq > seq]
        page = await asyncio.to_thread(read_page, items, self._archive.keys, self._archive.decryptor)
        try:
            listened = await self._store(seq, max((item.seq for item in items), default=seq), page)
        except LostLeaseError:
            log.info("archive.lease_lost", account=self._archive.account)
            return False
        self._note(page, listened)
        await self._scrub()
        return bool(items)

    async def _take_lease(self) -> int | None:
        """The seq to read from; None while another replica has the lease."""
        account, now = self._archive.account, self._clock()
        async with asyncio.timeout(DATABASE_SECONDS):
            async with self._database.read() as session:
                cursor = await find_cursor(session, account)
            if cursor is not None and cursor.lease_until is not None and cursor.lease_until > now:
                if cursor.lease_owner != self._replica:
                    return None
                if cursor.lease_until > now + timedelta(seconds=LEASE_SECONDS * 2 / 3):
                    return cursor.seq
            async with self._database.write() as session:
                until = now + timedelta(seconds=LEASE_SECONDS)
                return await take_cursor(session, account, self._replica, now, until)

    async def _store(self, seq: int, to_seq: int, page: Page) -> Listened | None:
        """One transaction for the cursor and everything the page leaves; raises LostLeaseError."""
        account, now = self._archive.account, self._clock()
        if not page.entries and self._noted_at is not None and now - self._noted_at < QUIET_NOTE:
            return None  # a commit every few seconds, to say that nothing was said
        until = now + timedelta(seconds=LEASE_SECONDS)
        async with asyncio.timeout(DATABASE_SECONDS), self._database.write() as session:
            if not await move_cursor(session, account, self._replica, seq, to_seq, now, until):
                raise LostLeaseError
            listened = None
            if page.entries:
                listened = await listen(
                    session,
                    self._services,
                    account=account,
                    people=self._archive.people,
                    entries=page.entries,
                    lease=Lease(self._replica, now, now + timedelta(seconds=INBOX_LEASE_SECONDS)),
                )
        self._noted_at = now
        return listened

    def _note(self, page: Page, listened: Listened | None) -> None:
        account = self._archive.account
        for item in page.unreadable:
            log.warning(
                "archive.unreadable", account=account, seq=item.seq, version=item.version, reason=item.reason
            )
        if listened is None:
            return
        for outcome, count in listened.counts.items():
            self._metrics.entries.labels(account, outcome).inc(count)
        self._unscrubbed |= listened.blanked
        if listened.counts["stored"]:
            self.on_stored()
        if listened.unmet:
            self.on_unmet(listened.unmet)

    async def _scrub(self) -> None:
        if self._unscrubbed:
            async with asyncio.timeout(DATABASE_SECONDS):
                self._unscrubbed = not await self._database.scrub()

    def _failed(self, error: Exception) -> None:
        if not self._failures:
            log.error(
                "archive.away" if isinstance(error, _AWAY) else "archive.failed",
                account=self._archive.account,
                error=type(error).__name__,
                errcode=getattr(error, "errcode", None),
            )
        self._failures += 1

    async def _check_lag(self, now: datetime) -> None:
        """Every replica watches, whoever reads: the one that should may be the one that is broken.

        now: when this round of reading began. A clock that was set forward meanwhile makes no reading late.
        """
        try:
            async with asyncio.timeout(DATABASE_SECONDS), self._database.read() as session:
                cursor = await find_cursor(session, self._archive.account)
        except (SQLAlchemyError, OSError, TimeoutError):
            return
        if cursor is None or cursor.moved_at is None:
            return
        lag = max(now - cursor.moved_at, timedelta())
        self._metrics.lag.labels(self._archive.account).set(lag.total_seconds())
        if lag >= ALARM and not self._alarmed:
            log.error(
                "archive.not_read", account=self._archive.account, hours=int(lag.total_seconds() // 3600)
            )
        self._alarmed = lag >= ALARM

    async def _rest(self) -> None:
        seconds = self._poll_seconds
        if self._failures:
            longest = min(LONGEST_BACKOFF_SECONDS, 2.0 ** min(self._failures, 10))
            seconds = random.uniform(longest / 2, longest)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), seconds)
        self._woken.clear()

    async def _release(self) -> None:
        try:
            async with asyncio.timeout(2), self._database.write() as session:
                await release_cursors(session, self._replica)
        except (SQLAlchemyError, OSError, TimeoutError):
            log.warning("archive.lease_kept", account=self._archive.account)
