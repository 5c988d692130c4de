"""Access tokens: stable ones that are handed out again, and classic ones that replace each other."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.playground.errors import ApiError

LIFE = timedelta(seconds=7200)
OVERLAP = timedelta(minutes=5)
FORCE_GAP = timedelta(seconds=30)
FORCE_PER_DAY = 20
CLASSIC_PER_DAY = 2000
_SHAPE = re.compile(r"[0-9]{2,3}_[A-Za-z0-9_-]{100,509}")
_CHINA = ZoneInfo("Asia/Shanghai")


@dataclass
class Issued:
    """A token and the moments it stops being good: by age, and because another one replaced it."""

    text: str
    expires_at: datetime
    retired_at: datetime | None = None


@dataclass
class TokenDesk:
    """Tokens of one kind. Stable and classic tokens do not touch each other."""

    _issued: dict[str, Issued] = field(default_factory=dict)
    _current: Issued | None = None
    _days: dict[str, int] = field(default_factory=dict)
    _forced_at: datetime | None = None

    def stable(self, now: datetime) -> tuple[str, int]:
        """Give the token and its remaining seconds (300 to 7200): the same one until 5 minutes before its end."""
        if self._current is None or self._current.expires_at - now < OVERLAP:
            self._issue(now)
        return self._answer(now)

    def forced(self, now: datetime) -> tuple[str, int]:
        """Give a new token; the old one is worthless at once.

        Raises ApiError 45011 within 30 s of the last time and 45009 over 20 a day.
        """
        if self._forced_at is not None and now - self._forced_at < FORCE_GAP:
            raise ApiError(45011)
        self._count_day("forced", now, FORCE_PER_DAY)
        self._forced_at = now
        if self._current is not None:
            self._current.retired_at = now
        self._issue(now)
        return self._answer(now)

    def classic(self, now: datetime) -> tuple[str, int]:
        """Give a new token; the old one lives on for 5 minutes. Raises ApiError 45009 over 2000 a day."""
        self._count_day("classic", now, CLASSIC_PER_DAY)
        if self._current is not None:
            self._current.retired_at = now + OVERLAP
        self._issue(now)
        return self._answer(now)

    def knows(self, text: str) -> bool:
        """Whether this desk issued the token."""
        return text in self._issued

    def check(self, text: str, now: datetime) -> None:
        """Raise ApiError 42001 for a token that is too old, 40001 for one that was replaced."""
        issued = self._issued[text]
        if issued.retired_at is not None and now >= issued.retired_at:
            raise ApiError(40001)
        if now >= issued.expires_at:
            raise ApiError(42001)

    def _issue(self, now: datetime) -> None:
        self._current = Issued(f"88_{secrets.token_urlsafe(112)}", now + LIFE)
        self._issued[self._current.text] = self._current

    def _answer(self, now: datetime) -> tuple[str, int]:
        assert self._current is not None
        return self._current.text, int((self._current.expires_at - now).total_seconds())

    def _count_day(self, kind: str, now: datetime, limit: int) -> None:
        day = f"{kind} {now.astimezone(_CHINA).date()}"
        if self._days.get(day, 0) >= limit:
            raise ApiError(45009)
        self._days[day] = self._days.get(day, 0) + 1


def check_token(text: str, desks: tuple[TokenDesk, ...], now: datetime) -> None:
    """Raise ApiError for a token that no call may use.

    41001 none given, 40014 not a token at all, 40001 never issued or replaced, 42001 too old.
    """
    if not text:
        raise ApiError(41001)
    for desk in desks:
        if desk.knows(text):
            desk.check(text, now)
            return
    raise ApiError(40001 if _SHAPE.fullmatch(text) else 40014)
