"""The people an account has met: who follows, what their chats show, and when they may be written to."""

from collections.abc import Callable
from datetime import datetime

from bot.playground.conversation import Conversation, Direction, Entry
from bot.playground.errors import ApiError
from bot.playground.windows import Opening, Window, Windows


class Audience:
    """Everyone who follows or once followed. last_seq: of the newest line in any chat, 0 before the first."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.last_seq = 0
        self._clock = clock
        self._followers: set[str] = set()
        self._conversations: dict[str, Conversation] = {}
        self._windows: dict[str, Windows] = {}

    def add(self, openid: str) -> None:
        """Make someone a follower."""
        self._followers.add(openid)
        self.conversation(openid)

    def remove(self, openid: str) -> None:
        """Let someone go: their windows close, their chat stays."""
        self._followers.discard(openid)
        self._windows.pop(openid, None)

    def knows(self, openid: str) -> bool:
        """Whether the openid belongs to this account: they follow or once followed."""
        return openid in self._conversations

    def known(self) -> list[str]:
        """List everyone whom the account has met."""
        return list(self._conversations)

    def is_following(self, openid: str) -> bool:
        """Whether they follow now."""
        return openid in self._followers

    def conversation(self, openid: str) -> Conversation:
        """Give the person's chat; it lives on when they unfollow."""
        return self._conversations.setdefault(openid, Conversation(openid))

    def write(
        self, openid: str, direction: Direction, via: str, text: str, msg_id: str = "", media_id: str = ""
    ) -> None:
        """Add a line to the person's chat."""
        self.last_seq += 1
        # Half of a surrogate pair can come in through a JSON escape; nothing could print it.
        printable = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        entry = Entry(self.last_seq, openid, self._clock(), direction, via, printable, msg_id, media_id)
        self.conversation(openid).entries.append(entry)

    def entries_since(self, seq: int) -> list[Entry]:
        """List the lines of all chats after `seq`, in order."""
        found = [entry for chat in self._conversations.values() for entry in chat.entries if entry.seq > seq]
        return sorted(found, key=lambda entry: entry.seq)

    def windows(self, openid: str) -> list[Window]:
        """List the person's open customer service windows, the first to close first."""
        return self._windows.get(openid, Windows()).current(self._clock())

    def opened(self, openid: str, by: Opening) -> None:
        """Note that they did something which opens a window."""
        self._windows.setdefault(openid, Windows()).opened(by, self._clock())

    def spend(self, openid: str) -> None:
        """Count a customer service message to them; raises ApiError 45015 and 45047."""
        if not self.is_following(openid):
            raise ApiError(45015)
        self._windows.setdefault(openid, Windows()).spend(self._clock())
