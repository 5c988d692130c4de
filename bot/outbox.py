"""Sending what is queued: take under a lease, count against the quota, send, record.

Nothing is sent inside a transaction. What nobody knows the fate of is sent again or shown to staff, as the class of
the message promises (storage.states.POLICIES). What cannot go one way goes the next one it has (its fallbacks).
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias
from zlib import crc32

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.channels.base import Channel, Outgoing, SendResult, Verdict
from bot.delivery import URGENT_ATTEMPTS, Quiet, held_until, is_reply_too_late, month_of, retry_at
from bot.telemetry import Metrics
from handlers.reach.notify import PICTURE
from storage.blobs import find_blob
from storage.database import Database
from storage.outbox import add_to_history, fall_back, has_due, hold_back, settle, take_due
from storage.queries.group_tasks import count_tasks_since
from storage.queries.people import find_identity
from storage.sealing import Sealer
from storage.send_windows import close_windows, give_back, take_pace, use_window
from storage.states import POLICIES, ChannelKind, Form, OutboxState, Promise
from storage.supersede import SUPERSEDED
from storage.tables import OutboxMessage

BATCH = 20
MOST_UNDER_WAY = 40
REFILL_SECONDS = 5.0  # so long one step takes more while slow answers are still out
TASK_PACE_SECONDS = 1.0  # two tasks for one group are counted one after the other
TASK_KEPT_FOR = timedelta(days=3)  # what its owner has not tapped by then is given up
FIRST_LOOK = timedelta(minutes=1)
LEASE_SECONDS = 60.0  # much longer than a channel's own time-out
RECORD_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)  # well within the lease
BLOCKED_SECONDS = 600.0  # how long an account is left alone when only an operator can help

log = structlog.get_logger()

# The message, what came of it, when the attempt began and when it ended.
_Outcome: TypeAlias = tuple[OutboxMessage, SendResult, datetime, datetime]


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
        sealer: Sealer | None = None,
    ) -> None:
        """sealer: opens the pictures that messages refer to; without it none is sent."""
        self._database = database
        self._sealer = sealer
        self._channels = channels
        self._metrics = metrics
        self._replica = replica
        self._quiet = quiet
        self._clock = clock
        self._blocked: dict[str, datetime] = {}
        self._closing = False

    async def has_work(self) -> bool:
        """A look that takes no lock."""
        async with self._database.read() as session:
            return await has_due(session, self._clock())

    async def has_urgent_work(self) -> bool:
        """The same for what is urgent."""
        async with self._database.read() as session:
            return await has_due(session, self._clock(), only_urgent=True)

    def close(self) -> None:
        """Take nothing more; the step under way ends with what it has."""
        self._closing = True

    async def step_urgent(self) -> bool:
        """Send what is urgent, also while a step waits for a platform that is slow to take all else."""
        return await self.has_urgent_work() and await self.step(only_urgent=True)

    async def step(self, *, only_urgent: bool = False) -> bool:
        """Send what is due; returns whether there may be more.

        A slow answer keeps nobody else waiting: while it is out, a step takes more.
        """
        refill_until = time.monotonic() + REFILL_SECONDS
        async with self._database.write() as session:
            found, ready = await self._take(session, only_urgent)
        under_way = self._start(ready)
        while under_way:
            # What came back while the last outcomes were written down shares the next commit.
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            outcomes = sorted((task.result() for task in done), key=lambda outcome: _recipient(outcome[0]))
            await self._write_down(outcomes)
            has_room = len(under_way) <= MOST_UNDER_WAY - BATCH
            ready = []
            if has_room and not self._closing and time.monotonic() < refill_until:
                # Not in the same transaction: that would take windows in an order of its own.
                async with self._database.write() as session:
                    _, ready = await self._take(session, only_urgent)
            under_way |= self._start(ready)
        return found  # also when none was ready: behind those that must wait others may be due

    async def _write_down(self, outcomes: list[_Outcome]) -> None:
        """Record what is known, again when the database was away: forgotten, it would be sent once more."""
        for pause in (*RECORD_PAUSES, None):
            try:
                async with self._database.write() as session:
                    for outcome in outcomes:
                        await self._record(session, *outcome)
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                if pause is None:
                    raise
                log.warning("outbox.not_recorded", messages=len(outcomes), error=type(error).__name__)
                await asyncio.sleep(pause)
            else:
                return

    async def _take(self, session: AsyncSession, only_urgent: bool) -> tuple[bool, list[OutboxMessage]]:
        """Take a batch; returns whether there was any, and what of it goes out now."""
        now = self._clock()
        skip = [name for name, until in self._blocked.items() if until > now]
        taken = await take_due(
            session, self._replica, now, LEASE_SECONDS, BATCH, skip, only_urgent=only_urgent
        )
        # By recipient, as everybody takes windows: two replicas must not wait for each other's rows.
        asked = sorted(taken, key=_recipient)
        ready = {message.outbox_id for message in asked if await self._may_go(session, message, now)}
        return bool(taken), [message for message in taken if message.outbox_id in ready]

    def _start(self, ready: list[OutboxMessage]) -> set[asyncio.Task[_Outcome]]:
        return {asyncio.create_task(self._send(message)) for message in ready}

    async def _may_go(self, session: AsyncSession, message: OutboxMessage, now: datetime) -> bool:
        """Whether a taken message goes out now; otherwise puts it where it belongs."""
        policy = POLICIES[message.message_class]
        channel = self._channels.get(message.account)
        blocked_until = self._blocked.get(message.account, now)
        if message.topic == SUPERSEDED:
            _put(message, OutboxState.CANCELLED, SUPERSEDED, now)
        elif message.expires_at <= now:
            _put(message, OutboxState.DEAD, "expired", now)
        elif not (policy.solicited or policy.urgent) and await self._opted_out(session, message):
            _put(message, OutboxState.CANCELLED, "opted out", now)
        elif channel is None:
            if not await self._go_another_way(session, message, "no such channel account", now):
                _put(message, OutboxState.DEAD, "no such channel account", now)
        elif channel.kind is ChannelKind.AIBOT and not message.reply_address:
            _put(message, OutboxState.DEAD, "no reply address", now)
        elif channel.kind is ChannelKind.AIBOT and is_reply_too_late(message.created_at, now):
            _put(message, OutboxState.DEAD, "reply address too old", now)
        elif quiet_end := held_until(message.message_class, message.created_at, now, self._quiet):
            _put(message, OutboxState.PENDING, "quiet hours", now)
            # Not all in the first second of the morning; what waits for one person stays in its order.
            message.not_before = quiet_end + timedelta(seconds=crc32(message.recipient.encode()) % 900)
        elif blocked_until > now:  # an urgent one, which need not wait for an operator
            if not await self._go_another_way(session, message, "account blocked", now):
                _put(message, OutboxState.PENDING, "account blocked", now)
                message.not_before = blocked_until
        else:
            return await self._has_room(session, channel, message, now)
        return False

    async def _has_room(
        self, session: AsyncSession, channel: Channel, message: OutboxMessage, now: datetime
    ) -> bool:
        """Whether distance, quota and window let a message go now; counts it when they do."""
        if pace := max(
            channel.pace_seconds(message.form), TASK_PACE_SECONDS if message.form is Form.GROUP_TASK else 0
        ):
            held = await take_pace(session, message.account, message.recipient, pace, now)
            until = held or now + timedelta(seconds=pace)
            await hold_back(session, message.account, message.recipient, message.outbox_id, until)
            if held:
                _put(message, OutboxState.PENDING, "keeping the distance", now)
                message.not_before = held
                return False
        if message.form is Form.GROUP_TASK and await self._is_month_full(session, message, now):
            _put(message, OutboxState.DEAD, "monthly quota", now)
            return False
        if channel.needs_window(message.form) and not await use_window(
            session, message.account, message.recipient, now, message.form
        ):
            if not await self._go_another_way(session, message, "no window", now):
                _put(message, OutboxState.WAITING, "no window", now)
            return False
        message.attempts += 1
        return True

    @staticmethod
    async def _is_month_full(session: AsyncSession, message: OutboxMessage, now: datetime) -> bool:
        month = month_of(now)
        sent = await count_tasks_since(
            session, message.account, message.recipient, month.began_at, message.outbox_id
        )
        return sent >= month.days

    async def _go_another_way(
        self, session: AsyncSession, message: OutboxMessage, reason: str, now: datetime
    ) -> bool:
        way = f"{message.form}@{message.account}: {reason}"
        moved = bool(message.fallbacks) and await fall_back(
            session, message, self._channels.keys(), now=now, reason=way
        )
        if moved:
            log.info("outbox.fell_back", outbox_id=message.outbox_id, form=message.form, reason=reason)
        return moved

    @staticmethod
    async def _opted_out(session: AsyncSession, message: OutboxMessage) -> bool:
        identity = await find_identity(session, message.account, message.recipient)
        return identity is not None and identity.opted_out_at is not None

    async def _send(self, message: OutboxMessage) -> _Outcome:
        """Hand a message to its channel; returns the outcome, when the attempt began and when it ended."""
        channel = self._channels[message.account]
        key = f"{message.account}-{message.outbox_id}"
        began_at = self._clock()
        unsent = Verdict.RETRY  # as long as nothing has left the house
        try:
            picture = await self._picture(message)
            unsent = Verdict.UNKNOWN
            if picture is None:
                result = SendResult(Verdict.REFUSED, detail="图片已经不在了")
            else:
                result = await channel.send(
                    Outgoing(
                        message.recipient,
                        message.text,
                        key,
                        message.form,
                        message.payload,
                        message.reply_address,
                        picture,
                    )
                )
        except Exception as error:  # a fault of ours must not stop what goes to everybody else
            result = SendResult(unsent, detail=type(error).__name__)
        self._metrics.sends.labels(message.account, result.verdict).inc()
        now = self._clock()
        if result.verdict is Verdict.ACCOUNT_BLOCKED:
            self._blocked[message.account] = now + timedelta(seconds=result.wait_seconds or BLOCKED_SECONDS)
            log.error("channel.blocked", account=message.account, errcode=result.errcode, hint=result.detail)
        elif result.verdict not in (Verdict.SENT, Verdict.TAKEN):
            log.warning(
                "outbox.not_sent", outbox_id=message.outbox_id, verdict=result.verdict, errcode=result.errcode
            )
        return message, result, began_at, now

    async def _picture(self, message: OutboxMessage) -> bytes | None:
        """The picture that goes in place of the text, b"" for a message without; None when it is gone."""
        if not (wanted := (message.payload or {}).get(PICTURE)):
            return b""
        if self._sealer is None:
            return None
        async with self._database.read() as session:
            found = await find_blob(session, self._sealer, *wanted)
        return found[0] if found else None

    async def _record(
        self,
        session: AsyncSession,
        message: OutboxMessage,
        result: SendResult,
        began_at: datetime,
        now: datetime,
    ) -> None:
        reason = f"{result.verdict} {result.errcode or ''}".strip()
        policy = POLICIES[message.message_class]
        counted = self._channels[message.account].needs_window(message.form)
        person = (session, message.account, message.recipient)
        match result.verdict:
            case Verdict.SENT:
                await settle(session, message, OutboxState.SENT, now=now)
            case Verdict.TAKEN:
                await settle(
                    session,
                    message,
                    OutboxState.AWAITING_OWNER,
                    now=now,
                    not_before=now + FIRST_LOOK,
                    expires_at=now + TASK_KEPT_FOR,
                    platform_id=result.platform_id,
                )
            case Verdict.REFUSED | Verdict.NO_WINDOW | Verdict.QUOTA_USED:
                if counted and result.verdict is not Verdict.REFUSED:
                    await close_windows(*person, began_at, message.form)
                if not await self._go_another_way(session, message, reason, now):
                    # Without a window to open, nothing the person does would wake it.
                    waits = counted and result.verdict is not Verdict.REFUSED
                    state = OutboxState.WAITING if waits else OutboxState.DEAD
                    await settle(session, message, state, now=now, reason=reason)
            case Verdict.ACCOUNT_BLOCKED:
                if counted:
                    await give_back(*person, now, message.form)
                if policy.urgent and await self._go_another_way(session, message, reason, now):
                    return
                await settle(
                    session,
                    message,
                    OutboxState.PENDING,
                    now=now,
                    reason=reason,
                    not_before=self._blocked[message.account],
                    count_attempt=False,
                )
            case Verdict.UNKNOWN if policy.promise is Promise.AT_MOST_ONCE:
                await settle(session, message, OutboxState.UNCERTAIN, now=now, reason=reason)
            case Verdict.RETRY | Verdict.UNKNOWN:
                if counted and result.verdict is Verdict.RETRY:
                    await give_back(*person, now, message.form)
                await self._try_again(session, message, reason, result.wait_seconds, now)

    async def _try_again(
        self, session: AsyncSession, message: OutboxMessage, reason: str, wait_seconds: float, now: datetime
    ) -> None:
        again = retry_at(message.attempts, now, random.random())
        impatient = POLICIES[message.message_class].urgent and message.attempts >= URGENT_ATTEMPTS
        if (again is None or impatient) and await self._go_another_way(session, message, reason, now):
            return
        if again is None:
            await settle(session, message, OutboxState.DEAD, now=now, reason=f"gave up: {reason}")
            return
        again = max(again, now + timedelta(seconds=wait_seconds))
        await settle(session, message, OutboxState.PENDING, now=now, reason=reason, not_before=again)


def _recipient(message: OutboxMessage) -> tuple[str, str]:
    return message.account, message.recipient


def _put(message: OutboxMessage, state: OutboxState, reason: str, now: datetime) -> None:
    message.state, message.lease_until = state, None
    message.reason = add_to_history(message.reason, reason)
    if state not in (OutboxState.PENDING, OutboxState.WAITING):
        message.done_at = now
