"""The one protocol every channel speaks. A channel knows its wire format and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, runtime_checkable

from handlers.inbound import Inbound, InboundKind
from storage.states import ChannelKind, Form, WindowRule


class BadCallback(Exception):  # noqa: N818  a peer's fault, not an error of ours
    """A callback that is refused. `reason` is for metrics and logs, never for the answer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Callback(NamedTuple):
    """A verified callback: the message, and what its channel needs to answer it in kind (opaque to others)."""

    inbound: Inbound
    reply_to: Any


@dataclass(frozen=True, slots=True)
class Rendered:
    """Bytes of an HTTP answer and their media type."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for one recipient. `key` is the same on every attempt, for platforms that check duplicates.

    payload: what the form needs beside the text. reply_address: see Inbound. picture: a PNG or JPEG that is sent in
    place of the text, by channels that can; empty for none.
    """

    recipient: str
    text: str
    key: str
    form: Form = Form.TEXT
    payload: Mapping[str, Any] | None = None
    reply_address: str = ""
    picture: bytes = b""


class Verdict(StrEnum):
    """What an attempt to send came to; the outbox decides by it what happens next."""

    SENT = "sent"
    TAKEN = "taken"  # the platform has it, and waits for a person to tap
    RETRY = "retry"  # the platform surely did not take it; try again later
    UNKNOWN = "unknown"  # no answer: it may or may not have been taken
    NO_WINDOW = "no_window"  # this person cannot be written to until they write again
    QUOTA_USED = "quota_used"  # the window is open but its count is used up
    REFUSED = "refused"  # never for this recipient or content
    ACCOUNT_BLOCKED = "account_blocked"  # nothing can be sent until an operator acts


@dataclass(frozen=True, slots=True)
class SendResult:
    """The verdict with the platform's error code (None when there was no answer) and an operator's hint.

    wait_seconds: how long the account had better be left alone before the next attempt; 0 when unknown.
    platform_id: the platform's name for what it took, where it gives one.
    """

    verdict: Verdict
    errcode: int | None = None
    detail: str = ""
    wait_seconds: float = 0.0
    platform_id: str = ""


class ChannelError(Exception):
    """A call to the platform failed; `result` says how, and its `detail` is the operator's hint."""

    def __init__(self, result: SendResult) -> None:
        super().__init__(f"{result.verdict} (errcode {result.errcode}): {result.detail}")
        self.result = result


class MediaTooLarge(Exception):  # noqa: N818  a peer's fault, not an error of ours
    """What people sent is larger than what is taken; nothing beyond the limit was read."""


@runtime_checkable
class MediaSource(Protocol):
    """Where a platform keeps pictures that people sent.

    media_kept: how long; what is older need not be asked for.
    """

    media_kept: timedelta

    async def fetch_media(self, media_id: str, limit_bytes: int) -> bytes:
        """The content behind a handle. Raises MediaTooLarge, and ChannelError: REFUSED for what is not there any more.

        Whether it is a picture, nobody has looked at.
        """


class Channel(Protocol):
    """A channel account. Adding a product means one file that has these methods; handlers do not change."""

    account: str
    kind: ChannelKind

    def window(self, kind: InboundKind) -> WindowRule | None:
        """How many messages the platform lets us send to someone who has just done this; None: no more than before."""

    def needs_window(self, form: Form) -> bool:
        """Whether a message of this form may only go to someone with an open window."""

    def pace_seconds(self, form: Form) -> float:
        """How far apart two messages to one recipient must be; 0: the platform has no such limit."""

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Send one message; never raises for what the platform or the network does."""

    async def probe(self) -> SendResult:
        """Check credentials against the platform without sending anything to anyone."""


@runtime_checkable
class CallbackChannel(Channel, Protocol):
    """A channel whose platform delivers messages to us by POST."""

    passive_reply_seconds: float  # how long a callback may wait for its answer; 0: answers go out another way

    def verify_address(self, query: Mapping[str, str], now: datetime) -> str:
        """Answer the platform's GET that checks the callback address; raises BadCallback."""

    def open(self, query: Mapping[str, str], body: bytes, now: datetime) -> Callback:
        """Verify, decrypt and parse a POST; raises BadCallback for anything wrong."""

    def render_reply(self, callback: Callback, text: str, at: datetime) -> Rendered:
        """Render a passive reply. The same arguments give the same bytes, so a retry can be answered alike."""
