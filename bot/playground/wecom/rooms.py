"""The corp's chats: customer groups, internal groups, and each member's chat with the app."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import md5
from typing import Literal

Direction = Literal["user", "bot", "system"]


class RoomKind(StrEnum):
    """What can be done in a chat depends on it."""

    CUSTOMER = "customer"  # residents and staff; only a 企业群发 that its owner tapped gets in
    INTERNAL = "internal"  # staff only; aibot and webhook live here
    APP = "app"  # one member and the self-built app


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chat.

    seq:    order over all chats of the corp, from 1.
    sender: userid or external_userid; of a task its owner; empty for the bot and the system.
    via:    user: text; bot: app, webhook, passive, response_url, task; system: join, leave, revoke, fault.
    msg_id: of what the person sent, and on what answers it; of a revoke, what was revoked.
    """

    seq: int
    room: str
    at: datetime
    direction: Direction
    via: str
    sender: str
    text: str
    msg_id: str = ""
    quote: str = ""


@dataclass
class Room:
    """A chat. people: userids and external_userids, in order of joining, with the time."""

    chat_id: str
    kind: RoomKind
    name: str
    owner: str
    created_at: datetime
    people: dict[str, datetime] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    @property
    def version(self) -> str:
        """The platform's member_version: another one for every change of who is in."""
        return md5("\n".join([self.chat_id, *self.people]).encode(), usedforsecurity=False).hexdigest()

    def texts(self, direction: Direction = "bot") -> list[str]:
        """List what the bot (or the people) said here, oldest first."""
        return [line.text for line in self.lines if line.direction == direction]


class Rooms:
    """All chats of a corp. last_seq: of the newest line in any of them."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.last_seq = 0
        self._clock = clock
        self._rooms: dict[str, Room] = {}

    def add(self, room: Room) -> Room:
        """Open a chat."""
        self._rooms[room.chat_id] = room
        return room

    def find(self, chat_id: object) -> Room | None:
        """Find a chat."""
        return self._rooms.get(chat_id) if isinstance(chat_id, str) else None

    def all(self, kind: RoomKind | None = None) -> list[Room]:
        """List the chats, in the order in which they were opened."""
        return [room for room in self._rooms.values() if kind is None or room.kind is kind]

    def write(
        self,
        room: Room,
        direction: Direction,
        via: str,
        text: str,
        *,
        sender: str = "",
        msg_id: str = "",
        quote: str = "",
    ) -> Line:
        """Add a line to a chat."""
        self.last_seq += 1
        # Half of a surrogate pair can come in through a JSON escape; nothing could print it.
        printable = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        line = Line(
            self.last_seq, room.chat_id, self._clock(), direction, via, sender, printable, msg_id, quote
        )
        room.lines.append(line)
        return line

    def lines_since(self, seq: int) -> list[Line]:
        """List the lines of all chats after `seq`, in order."""
        found = [line for room in self._rooms.values() for line in room.lines if line.seq > seq]
        return sorted(found, key=lambda line: line.seq)
