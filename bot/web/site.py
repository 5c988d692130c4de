"""What all pages need from the application."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from bot.channels.official_account import Visitor
from bot.web.limits import Turnstile
from bot.web.templating import Templates
from handlers.context import Services
from storage.database import Database


@runtime_checkable
class MemberSignIn(Protocol):
    """A channel that can say which member of the corp is at the browser (企业微信网页授权)."""

    def sign_in_url(self, redirect: str, state: str) -> str:
        """Where to send the browser; it comes back to `redirect` with a code and the state."""

    async def member_of(self, code: str) -> str:
        """The userid, empty for somebody who is not of the corp; raises ChannelError."""


@runtime_checkable
class ResidentSignIn(Protocol):
    """A channel that can say which resident is at the phone (公众号网页授权, snsapi_base)."""

    def sign_in_url(self, redirect: str, state: str) -> str:
        """Where to send the browser; it comes back to `redirect` with a code and the state."""

    async def visitor_of(self, code: str) -> Visitor:
        """Who it is; raises ChannelError."""


@dataclass(slots=True)
class Site:
    """The pages of one replica.

    members, residents: who can say who somebody is, by channel account. on_queued: something to send was committed.
    refusal_seconds: how long a wrong password takes at least, so that its time tells nothing. read_seconds: how long
    a form may take to arrive.
    """

    database: Database
    services: Services
    clock: Callable[[], datetime]
    templates: Templates
    members: Mapping[str, MemberSignIn] = field(default_factory=dict)
    residents: Mapping[str, ResidentSignIn] = field(default_factory=dict)
    on_queued: Callable[[], None] = lambda: None
    refusal_seconds: float = 0.6
    read_seconds: float = 10.0
    hashing: Turnstile = field(default_factory=lambda: Turnstile(inside=2, waiting=6))
    uploading: Turnstile = field(default_factory=lambda: Turnstile(inside=2, waiting=10))
    bundling: Turnstile = field(default_factory=lambda: Turnstile(inside=1, waiting=5))
    asking: Turnstile = field(default_factory=lambda: Turnstile(inside=20, waiting=20))

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the pages through TLS."""
        return self.services.public_url.startswith("https://")

    @property
    def origin(self) -> str:
        """Scheme and host of the pages; empty when the configuration does not say."""
        parts = urlsplit(self.services.public_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
