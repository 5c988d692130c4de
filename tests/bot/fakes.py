"""A channel, a clock and a writer that do what a test tells them."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.channels.base import BadCallback, Callback, Outgoing, Rendered, SendResult, Verdict
from handlers.inbound import Inbound, InboundKind
from storage.inbox import InboxRow, Lease, Stored
from storage.states import ChannelKind, Form, WindowKind, WindowRule

NOON = datetime(2026, 3, 12, 4, 0, tzinfo=UTC)  # in Shanghai
WINDOW = WindowRule(WindowKind.MESSAGE, 48 * 3600, 5)


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class ScriptedChannel:
    """Answers each send with the next of `script`, and with SENT when that is used up."""

    passive_reply_seconds = 0.0

    def __init__(self, account: str = "main", *script: SendResult | Verdict | Exception) -> None:
        self.account = account
        self.script = deque(script)
        self.sent: list[Outgoing] = []
        self.meanwhile: Callable[[], Any] | None = None  # awaited while a send is under way

    @property
    def texts(self) -> list[str]:
        return [outgoing.text for outgoing in self.sent]

    def window(self, kind: InboundKind) -> WindowRule | None:
        return WINDOW if kind is not InboundKind.UNFOLLOW else None

    kind = ChannelKind.OFFICIAL_ACCOUNT

    def needs_window(self, form: Form) -> bool:
        return form is Form.TEXT

    def pace_seconds(self, form: Form) -> float:
        return 0.0

    def verify_address(self, query: Mapping[str, str], now: datetime) -> str:
        return query["echostr"]

    def open(self, query: Mapping[str, str], body: bytes, now: datetime) -> Callback:
        if body == b"bad":
            raise BadCallback("bad")
        if body == b"bug":
            raise ZeroDivisionError
        fields = json.loads(body)
        inbound = Inbound(
            self.account, fields["key"], InboundKind.TEXT, "o-zhao", now, fields.get("text", "")
        )
        return Callback(inbound, query)

    def render_reply(self, callback: Callback, text: str, at: datetime) -> Rendered:
        return Rendered(text.encode(), "text/plain")

    async def send(self, outgoing: Outgoing) -> SendResult:
        self.sent.append(outgoing)
        if self.meanwhile is not None:
            await self.meanwhile()
        answer = self.script.popleft() if self.script else Verdict.SENT
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, SendResult) else SendResult(answer)

    async def probe(self) -> SendResult:
        return SendResult(Verdict.SENT)


class ScriptedWriter:
    """An inbox in memory. `troubles`: raised, or for None hung on, one for each write."""

    def __init__(self, *troubles: Exception | None) -> None:
        self.troubles = deque(troubles)
        self.batches: list[list[InboxRow]] = []
        self.leases: list[Lease] = []
        self.slow_seconds = 0.0
        self.closed = False

    async def write(self, rows: Sequence[InboxRow], lease: Lease) -> list[Stored]:
        await asyncio.sleep(self.slow_seconds)
        if self.troubles:
            if trouble := self.troubles.popleft():
                raise trouble
            await asyncio.Event().wait()
        first = sum(len(batch) for batch in self.batches) + 1
        self.batches.append(list(rows))
        self.leases.append(lease)
        return [Stored(first + index, True) for index in range(len(rows))]

    async def close(self) -> None:
        self.closed = True
