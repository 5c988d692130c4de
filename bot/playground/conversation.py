"""What a person sees in the chat with the account."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Direction = Literal["user", "bot", "system"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a chat.

    seq:    order over all chats of the platform, from 1.
    via:    user: text, image, voice, location; bot: passive, kf, template, subscribe;
            system: follow, unfollow, scan, click, fault, and the names of other events.
    msg_id: of what the person sent or did, and on the passive reply (or fault) that answers it; else empty.
    media_id: of a picture.
    """

    seq: int
    openid: str
    at: datetime
    direction: Direction
    via: str
    text: str
    msg_id: str = ""
    media_id: str = ""


@dataclass
class Conversation:
    """One person's chat, oldest first."""

    openid: str
    entries: list[Entry] = field(default_factory=list)

    def from_bot(self) -> list[str]:
        """Texts that the account sent, oldest first."""
        return [entry.text for entry in self.entries if entry.direction == "bot"]
