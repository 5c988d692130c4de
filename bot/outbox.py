"""Sending what is queued: take under a lease, count against the quota, send, record.

Nothing is sent inside a transaction. What nobody knows the fate of is sent again or shown to staff, as the class of
the message promises (storage.states.POLICIES).
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.channels.base import Channel, Outgoing, SendResult, Verdict
from bot.delivery import Quiet, held_until, retry_at
from bot.telemetry import Metrics
from storage.database import Database
from storage.outbox import close_windows, give_back, has_due, settle, take_due, use_window
from storage.queries.people import find_identity
from storage.states import POLICIES, OutboxState, Promise
from storage.tables import OutboxMessage

BATCH = 20
LEASE_SECONDS = 60.0  # much longer than a channel's own time-out
BLOCKED_SECONDS = 600.0  # how long an account is left alone when only an operator can help

log = structlog.get_logger()


class Sender:
    """One for each replica."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        metrics: Metrics,
        replica: str,
        quiet: Quiet,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._channels = channels
        self._metrics = metrics
        self._replica = replica
        self._quiet = quiet
        self._clock = clock
        self._blocked: dict[str, datetime] = {}

    async def has_work(self) -> bool:
        """A look that takes no lock."""
        async with self._database.read() as session:
            return await has_due(session, self._clock())

    async def step(self) -> bool:
        """Take one batch and send it; returns whether there may be more."""
        now = self._clock()
        skip = [name for name, until in self._blocked.items() if until > now]
        async with self._database.write() as session:
            taken = await take_due(session, self._replica, now, LEASE_SECONDS, BATCH, skip)
            ready = [message for message in taken if await self._may_go(session, message, now)]
        under_way = {asyncio.create_task(self._send(message)) for message in ready}
        while under_way:
            # What came back while the last outcomes were written down shares the next commit.
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            async with self._database.write() as session:
                for task in done:
                    await self._record(session, *task.result())
        return bool(taken)  # also when none was ready: behind those that must wait others may be due

    async def _may_go(self, session: AsyncSession, message: OutboxMessage, now: datetime) -> bool:
        """Whether a taken message goes out now; otherwise puts it where it belongs."""
        policy = POLICIES[message.message_class]
        if message.account not in self._channels:
            _put(message, OutboxState.DEAD, "no such channel account", now)
        elif message.expires_at <= now:
            _put(message, OutboxState.DEAD, "expired", now)
        elif not (policy.solicited or policy.urgent) and await self._opted_out(session, message):
            _put(message, OutboxState.CANCELLED, "opted out", now)
        elif quiet_end := held_until(message.message_class, message.created_at, now, self._quiet):
            _put(message, OutboxState.PENDING, "quiet hours", now)
            # Not all in the first second of the morning.
            message.not_before = quiet_end + timedelta(seconds=random.uniform(0, 900))
        elif not await use_window(session, message.account, message.recipient, now):
            _put(message, OutboxState.WAITING, "no window", now)
        else:
            message.attempts += 1
            return True
        return False

    @staticmethod
    async def _opted_out(session: AsyncSession, message: OutboxMessage) -> bool:
        identity = await find_identity(session, message.account, message.recipient)
        return identity is not None and identity.opted_out_at is not None

    async def _send(self, message: OutboxMessage) -> tuple[OutboxMessage, SendResult, datetime, datetime]:
        """Hand a message to its channel; returns the outcome, when the attempt began and when it ended."""
        channel = self._channels[message.account]
        key = f"{message.account}-{message.outbox_id}"
        began_at = self._clock()
        try:
            result = await channel.send(Outgoing(message.recipient, message.text, key))
        except Exception as error:  # a fault of ours must not stop what goes to everybody else
            result = SendResult(Verdict.UNKNOWN, detail=type(error).__name__)
        self._metrics.sends.labels(message.account, result.verdict).inc()
        now = self._clock()
        if result.verdict is Verdict.ACCOUNT_BLOCKED:
            self._blocked[message.account] = now + timedelta(seconds=result.wait_seconds or BLOCKED_SECONDS)
            log.error("channel.blocked", account=message.account, errcode=result.errcode, hint=result.detail)
        elif result.verdict is not Verdict.SENT:
            log.warning(
                "outbox.not_sent", outbox_id=message.outbox_id, verdict=result.verdict, errcode=result.errcode
            )
        return message, result, began_at, now

    async def _record(
        self,
        session: AsyncSession,
        message: OutboxMessage,
        result: SendResult,
        began_at: datetime,
        now: datetime,
    ) -> None:
        reason = f"{result.verdict} {result.errcode or ''}".strip()
        again = retry_at(message.attempts, now, random.random())
        if again is not None:
            again = max(again, now + timedelta(seconds=result.wait_seconds))
        match result.verdict:
            case Verdict.SENT:
                await settle(session, message, OutboxState.SENT, now=now)
            case Verdict.REFUSED:
                await settle(session, message, OutboxState.DEAD, now=now, reason=reason)
            case Verdict.NO_WINDOW | Verdict.QUOTA_USED:
                await close_windows(session, message.account, message.recipient, began_at)
                await settle(session, message, OutboxState.WAITING, now=now, reason=reason)
            case Verdict.ACCOUNT_BLOCKED:
                await give_back(session, message.account, message.recipient, now)
                await settle(
                    session,
                    message,
                    OutboxState.PENDING,
                    now=now,
                    reason=reason,
                    not_before=self._blocked[message.account],
                    count_attempt=False,
                )
            case Verdict.UNKNOWN if POLICIES[message.message_class].promise is Promise.AT_MOST_ONCE:
                await settle(session, message, OutboxState.UNCERTAIN, now=now, reason=reason)
            case Verdict.RETRY | Verdict.UNKNOWN:
                if result.verdict is Verdict.RETRY:
                    await give_back(session, message.account, message.recipient, now)
                if again is None:
                    await settle(session, message, OutboxState.DEAD, now=now, reason=f"gave up: {reason}")
                else:
                    await settle(
                        session, message, OutboxState.PENDING, now=now, reason=reason, not_before=again
                    )


def _put(message: OutboxMessage, state: OutboxState, reason: str, now: datetime) -> None:
    message.state, message.reason, message.lease_until = state, reason, None
    if state not in (OutboxState.PENDING, OutboxState.WAITING):
        message.done_at = now
