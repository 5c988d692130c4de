"""The composition root: settings in, a running application out. The only place that wires, and that reads the clock."""

import asyncio
import contextlib
import ctypes
import gc
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial

import aiohttp
import structlog
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot.archive import Archive, ArchiveMetrics, ArchivePoller, open_archive
from bot.channels.base import Channel, MediaSource
from bot.channels.factory import facts_of, open_channel
from bot.config import ChatArchiveSettings, ConfigError, OfficialAccountSettings, Settings
from bot.delivery import Quiet
from bot.followers import UnionIds
from bot.helper import Asker, Helper, HelperMetrics
from bot.intake import Intake
from bot.jobs import EachTick, Jobs
from bot.members import MemberLists
from bot.outbox import Sender
from bot.photos import PhotoFetcher
from bot.pump import Pump
from bot.replies import ReplyDesk
from bot.tagging import TaggerSource
from bot.tasks import follow_up
from bot.telemetry import Metrics
from bot.vote_documents import VoteDocuments
from bot.web.admin import admin_routes, healthz
from bot.web.callbacks import CallbackEndpoint
from bot.web.listener import Runner
from bot.web.pages import pages_middlewares, pages_routes
from bot.web.site import MemberSignIn, ResidentSignIn, Site
from bot.web.templating import Templates
from bot.week_charts import WeekCharts
from bot.worker import Worker
from handlers.alerts.escalate import escalate_due
from handlers.clock import cycles_of
from handlers.context import Services
from handlers.learning.suggest import Suggestions
from handlers.matters.gather import gather_unmattered
from handlers.requests.deadlines import Deadlines, DeadlinesError, load_deadlines
from handlers.voting.clock import advance_votes
from handlers.voting.log import seal_all
from handlers.voting.outreach import advance_outreach
from handlers.voting.paper_news import announce_papers
from handlers.voting.receipts import announce_ballots
from handlers.voting.signing import Signer
from nlp import segment
from nlp.lexicon import Lexicon
from storage.claims import try_claim
from storage.database import Database
from storage.inbox import open_writer
from storage.migrate import prepare
from storage.outbox import release_outbox_leases
from storage.queries.inbox import release_leases
from storage.sealing import Sealer

READY_SECONDS = 2.0  # how long /readyz waits for the database
RELEASE_SECONDS = 2.0

log = structlog.get_logger()


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def open_sealer(settings: Settings) -> Sealer:
    """The keys for personal data at rest."""
    security = settings.security
    return Sealer(
        [key.get_secret_value() for key in security.column_keys], security.lookup_key.get_secret_value()
    )


def open_signer(settings: Settings) -> Signer | None:
    """The key that signs the logs of votes; None when there is none."""
    key = settings.security.signing_key
    return Signer(key.get_secret_value()) if key is not None else None


def deadlines_of(settings: Settings, lexicon: Lexicon) -> Deadlines:
    """How long requests may take here; raises ConfigError that names the key."""
    try:
        return load_deadlines(settings.requests.overrides(), {*lexicon.tops, *lexicon.leaves})
    except DeadlinesError as error:
        raise ConfigError(f"requests.{error}") from error


class Application:
    """One replica."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self.replica = secrets.token_hex(8)
        self.metrics = Metrics()
        self.database = Database(settings.database.url.get_secret_value())
        self.channels: dict[str, Channel] = {}
        self.services: Services | None = None
        self._stopping = False
        self._stop_by = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._look: asyncio.Task[bool] | None = None
        self._runners: list[Runner] = []
        self._pollers: list[ArchivePoller] = []
        self._asker: Asker | None = None
        # What was opened, to be closed in the opposite order, also when the start failed half-way.
        self._opened = AsyncExitStack()

    async def start(self) -> None:
        """Prepare the database, then listen; raises DatabaseError, or OSError when a port is taken."""
        try:
            await self._start()
        except BaseException:
            await self._opened.aclose()
            raise

    async def _start(self) -> None:
        settings = self.settings
        self._opened.push_async_callback(self.database.close)
        await prepare(self.database)
        durability = await self.database.assert_durable()
        # An idle connection that the platform has just closed would leave a send's outcome unknown.
        http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=10))
        self._opened.push_async_callback(http.close)
        archives: list[Archive] = []
        for name, account in settings.channels.items():
            if isinstance(account, ChatArchiveSettings):
                archives += await asyncio.to_thread(open_archive, name, account, http)
            else:
                self.channels[name] = open_channel(name, account, http, time.monotonic)
        tagging = settings.tagging
        source = TaggerSource(self.database, tagging.lexicon)
        helper = None
        if tagging.helper is not None:
            helper = Helper(tagging.helper, HelperMetrics(self.metrics.registry), self.clock)
            self._opened.push_async_callback(helper.close)
        taggers = await source.open()
        services = self.services = Services(
            tagger=taggers,
            sealer=open_sealer(settings),
            raw_text_days=settings.privacy.raw_text_days,
            default_compounds={
                name: account.compound
                for name, account in settings.channels.items()
                if isinstance(account, OfficialAccountSettings) and account.compound
            },
            accounts=facts_of(settings.channels),
            public_url=settings.server.public_url,
            deadlines=await asyncio.to_thread(deadlines_of, settings, taggers.lexicon),
            rates_over=settings.requests.rates_over,
            on_unheard=self._note_unheard,
            signer=open_signer(settings),
            suggestions=Suggestions(helper, tagging.helper.batch) if helper and tagging.helper else None,
        )
        desk = self._desk = ReplyDesk(self.database, self.replica)
        self._intake = Intake(open_writer(self.database), self.replica, self.metrics, self.clock)
        worker = Worker(
            self.database,
            services,
            self.channels,
            desk,
            self.metrics,
            self.replica,
            self.clock,
            arrivals=lambda: self._intake.commits,
        )
        quiet = Quiet(settings.quiet_hours.start, settings.quiet_hours.end)
        sender = self._sender = Sender(
            self.database, self.channels, self.metrics, self.replica, quiet, self.clock, services.sealer
        )
        self._inbox_pump = Pump("inbox", worker.step, worker.has_work)
        self._outbox_pump = Pump("outbox", sender.step, sender.has_work)
        self._alerts_pump = Pump("alerts", sender.step_urgent, sender.has_urgent_work)
        self._intake.on_stored = self._inbox_pump.wake
        unions = UnionIds(self.database, services, self.channels, self.clock)
        self._followers_pump = Pump("followers", unions.step, unions.has_work)
        self._photos_pump = self._pump_photos(archives, services)
        worker.on_queued = self._wake_after_work
        self._tasks = [
            asyncio.create_task(self._work_when_warm()),
            asyncio.create_task(self._outbox_pump.run()),
            asyncio.create_task(self._alerts_pump.run()),
            asyncio.create_task(self._followers_pump.run()),
            asyncio.create_task(self._photos_pump.run()),
        ]
        if helper is not None:
            self._asker = Asker(self.database, services, helper, self.clock)
            self._tasks.append(asyncio.create_task(self._asker.run()))
        self._opened.push_async_callback(self._stop_work)
        self._opened.push_async_callback(self._intake.close)
        members = MemberLists(self.database, self.channels, services, self.replica)
        self._read(archives, members, services)
        self._intake.on_archive_grew = self._read_now
        jobs = self._jobs = self._make_jobs(services, source, members)
        jobs.start()
        self._opened.push_async_callback(jobs.stop)
        site = Site(
            self.database,
            services,
            self.clock,
            await asyncio.to_thread(Templates),
            members={n: c for n, c in self.channels.items() if isinstance(c, MemberSignIn)},
            residents={n: c for n, c in self.channels.items() if isinstance(c, ResidentSignIn)},
            on_queued=self._wake_outbox,
        )
        await self._listen(
            CallbackEndpoint(self.channels, self._intake, desk, self.metrics, self.clock), site
        )
        # What start-up built stays: the collector need not look through the dictionaries again and again.
        gc.collect()
        gc.freeze()
        _give_back()
        log.info(
            "server.started",
            replica=self.replica,
            durability=durability,
            address=self.address,
            admin=self.admin_address,
            environment=settings.environment,
        )

    def _make_jobs(self, services: Services, source: TaggerSource, members: MemberLists) -> Jobs:
        """What the clock does; about votes only with a key to sign their logs."""
        each_tick: dict[str, EachTick] = {
            "tagger": source.refresh,
            "alerts": partial(self._escalate, services),
            "group_tasks": partial(follow_up, self.database, self.channels),
            "matters": partial(self._gather, services),
            "members": members.refresh,
            **cycles_of(self.database, services),
            "week_charts": WeekCharts(self.database, services).step,
        }
        often: dict[str, EachTick] = {}
        if services.signer is not None:
            each_tick["votes"] = partial(advance_votes, self.database, services.signer)
            papers = VoteDocuments(
                self.database, services.sealer, services.signer.key_id, services.public_url
            )
            each_tick["vote_documents"] = papers.step
            often["sealing"] = partial(seal_all, self.database, services.signer)
            each_tick["outreach"] = partial(self._tell_of_votes, services)
            often["receipts"] = partial(self._tell_of_ballots, services)
        raw_text_days = self.settings.privacy.raw_text_days
        return Jobs(self.database, self.metrics, self.replica, raw_text_days, self.clock, each_tick, often)

    def _pump_photos(self, archives: Sequence[Archive], services: Services) -> Pump:
        """Fetches photos from every platform that keeps some."""
        sources: dict[str, MediaSource] = {
            n: c for n, c in self.channels.items() if isinstance(c, MediaSource)
        }
        sources |= {a.account: a.source for a in archives if isinstance(a.source, MediaSource)}
        photos = PhotoFetcher(self.database, services.sealer, sources, self.metrics, self.clock)
        return Pump("photos", photos.step, photos.has_work)

    def _read(self, archives: Sequence[Archive], members: MemberLists, services: Services) -> None:
        """Begin to read the chat archives."""
        metrics = ArchiveMetrics(self.metrics.registry)
        for archive in archives:
            poller = ArchivePoller(archive, self.database, services, metrics, self.replica, self.clock)
            poller.on_stored = self._inbox_pump.wake
            poller.on_unmet = members.want(archive.account)
            self._pollers.append(poller)
            self._tasks.append(asyncio.create_task(poller.run()))

    def _wake_after_work(self) -> None:
        """There may be something to send, and somebody new."""
        self._wake_outbox()
        self._followers_pump.wake()
        self._photos_pump.wake()

    def _note_unheard(self, compound: str, number: int, done: str) -> None:
        log.warning("alert.unheard", compound=compound, number=number, done=done)
        self.metrics.unheard.labels(done).inc()

    def _wake_outbox(self) -> None:
        self._alerts_pump.wake()
        self._outbox_pump.wake()

    def _read_now(self, corp: str) -> None:
        for poller in self._pollers:
            if poller.people == corp:
                poller.wake()

    async def _escalate(self, services: Services, now: datetime) -> None:
        async with self.database.write() as session:
            escalated = await escalate_due(session, services, now)
        if escalated:
            self._wake_outbox()

    async def _tell_of_votes(self, services: Services, now: datetime) -> None:
        if await advance_outreach(self.database, services, self.settings.votes.remind_days, now):
            self._wake_outbox()

    async def _tell_of_ballots(self, services: Services, now: datetime) -> None:
        told = await announce_papers(self.database, services, now)
        if told + await announce_ballots(self.database, services, now):
            self._wake_outbox()

    async def _work_when_warm(self) -> None:
        # About a second, in a thread: messages are taken in meanwhile, and none of them blocks the loop for it.
        try:
            await asyncio.to_thread(segment.warm)
        except Exception as error:  # it will be loaded by the first message that needs it
            log.error("segmenter.not_warm", error=type(error).__name__)
        await self._inbox_pump.run()

    async def _gather(self, services: Services, now: datetime) -> None:
        await asyncio.to_thread(segment.warm)  # already done, but for a tick right after the start
        await gather_unmattered(self.database, services, now)

    async def _listen(self, callbacks: CallbackEndpoint, site: Site) -> None:
        server = self.settings.server
        public = web.Application(client_max_size=server.body_limit_bytes, middlewares=pages_middlewares(site))
        public.add_routes([web.get("/healthz", healthz), *callbacks.routes(), *pages_routes(site)])
        admin = web.Application()
        admin.add_routes(admin_routes(self.metrics.registry, self.is_ready))
        self._runners = [
            Runner(public, server.stop_seconds, callbacks.receivers()),
            Runner(admin, server.stop_seconds),
        ]
        for runner in self._runners:
            await runner.setup()
            self._opened.push_async_callback(runner.cleanup)
        await web.TCPSite(self._runners[0], server.host, server.port).start()
        await web.TCPSite(self._runners[1], server.admin_host, server.admin_port).start()

    @property
    def address(self) -> str:
        """Where callbacks arrive, with the port that was really taken."""
        return _address(self._runners[0])

    @property
    def admin_address(self) -> str:
        """Where /metrics and /readyz are."""
        return _address(self._runners[1])

    @property
    def served(self) -> list[set[tuple[str, str]]]:
        """(method, path) of everything that can be asked for, a set for each listener: the public one, the admin's."""
        return [runner.served for runner in self._runners]

    def pause(self, *, work: bool, sending: bool) -> None:
        """Go on taking messages in, leave the work on them, or the sending, to other replicas."""
        if work:
            self._inbox_pump.stop()
            self._followers_pump.stop()
            self._photos_pump.stop()
        if sending:
            self._outbox_pump.stop()
            self._alerts_pump.stop()
            self._sender.close()

    async def catch_up(self) -> None:
        """Do now what the clock would do at its next tick, and read what the archives have."""
        for poller in self._pollers:
            poller.wake()
        await self._jobs.advance(self.clock())
        self._wake_outbox()

    def wake(self) -> None:
        """Look for work now instead of within a second: somebody has set the clock forward."""
        self._inbox_pump.wake()
        self._wake_outbox()

    async def is_ready(self) -> bool:
        """Whether messages sent here now would be stored and worked on."""
        if self._stopping or any(task.done() for task in self._tasks):
            return False
        # One look at a time: a database that hangs must not fill its pool with looks.
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(
                self._can_write() if self._intake.failing else self.database.is_up()
            )
        await asyncio.wait({self._look}, timeout=READY_SECONDS)
        return self._look.done() and self._look.exception() is None and self._look.result()

    async def _can_write(self) -> bool:
        """After a commit that failed a mere read proves nothing: the disk may be full."""
        try:
            async with self.database.write() as session:
                await try_claim(session, "probe", secrets.token_hex(8), self.replica, self.clock())
        except (SQLAlchemyError, OSError):
            return False
        self._intake.failing = False
        return True

    async def stop(self) -> None:
        """Take nothing new, answer what waits, finish commits and sends, give back leases."""
        self._stopping = True
        self._stop_by = time.monotonic() + self.settings.server.stop_seconds
        await self._opened.aclose()
        log.info("server.stopped", replica=self.replica)

    async def _stop_work(self) -> None:
        self._inbox_pump.stop()
        self._outbox_pump.stop()
        self._alerts_pump.stop()
        self._followers_pump.stop()
        self._photos_pump.stop()
        self._sender.close()
        if self._asker is not None:
            self._asker.stop()
        for poller in self._pollers:
            poller.stop()
        _done, late = await asyncio.wait(
            self._tasks, timeout=max(1.0, self._stop_by - RELEASE_SECONDS - time.monotonic())
        )
        for task in late:
            task.cancel()
        releasing = asyncio.create_task(self._release_leases())
        await asyncio.wait({*late, releasing}, timeout=RELEASE_SECONDS)
        if not releasing.done() or releasing.exception() is not None:
            # Nothing is lost: they run out by themselves.
            log.warning("server.leases_kept", replica=self.replica)

    async def _release_leases(self) -> None:
        async with self.database.write() as session:
            # First what has been read already: without its lease it would be sent again.
            await self._desk.write_marks(session, self._desk.take_marks(), self.clock())
            await release_leases(session, self.replica, self.clock())
            await release_outbox_leases(session, self.replica)


def _give_back() -> None:
    """Let go of the memory that only building the lexicon and the model took; glibc keeps it otherwise."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _address(runner: Runner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://{host}:{port}"
