"""When an account may write to a person: the platform's customer service windows.

A message of the person opens 48 hours for 5 messages; following, scanning a code or tapping a menu entry
opens one minute for 3 (Customer_Service_Messages.html). What the document leaves open is decided strictly:
a new message starts a new 5, nothing adds up, and unfollowing closes everything.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.playground.errors import ApiError


class Opening(StrEnum):
    """What the person did."""

    MESSAGE = "message"
    EVENT = "event"


RULES = {Opening.MESSAGE: (timedelta(hours=48), 5), Opening.EVENT: (timedelta(minutes=1), 3)}


@dataclass
class Window:
    """Open until `until` (exclusive) for `left` more messages."""

    until: datetime
    left: int


@dataclass
class Windows:
    """The windows of one person."""

    _open: dict[Opening, Window] = field(default_factory=dict)

    def opened(self, by: Opening, now: datetime) -> None:
        """Note what the person did."""
        span, count = RULES[by]
        self._open[by] = Window(now + span, count)

    def close(self) -> None:
        """Forget everything: the person left."""
        self._open.clear()

    def current(self, now: datetime) -> list[Window]:
        """List the open windows, used up or not, the first to close first."""
        return sorted(
            (window for window in self._open.values() if now < window.until), key=lambda window: window.until
        )

    def spend(self, now: datetime) -> None:
        """Count one message, in the window that closes first.

        Raises ApiError 45015 when none is open and 45047 when all that are open are used up.
        """
        current = self.current(now)
        if not current:
            raise ApiError(45015)
        for window in current:
            if window.left:
                window.left -= 1
                return
        raise ApiError(45047)
