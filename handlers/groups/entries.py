"""What the chat archive hands over, free of its wire format."""

from dataclasses import dataclass
from datetime import datetime

from handlers.inbound import InboundKind
from storage.states import Tombstone


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the archive. `key` is its inbox key; `room` is empty for a chat between two people.

    kind None: a type that carries nothing for us. sent_at None: the platform named no time. media: the platform's
    handles of the pictures in it.
    """

    seq: int
    key: str
    room: str
    sender: str
    sent_at: datetime | None
    kind: InboundKind | None
    text: str = ""
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revoked:
    """Someone took a message back; `key` is the inbox key of that message."""

    seq: int
    key: str
    room: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """An entry of which nothing can be told but why."""

    seq: int
    reason: Tombstone


Entry = Said | Revoked | Dropped
