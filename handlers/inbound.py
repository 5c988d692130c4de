"""What a channel hands to the rest of the bot: one message or event, free of any wire format."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class InboundKind(StrEnum):
    """What happened on the platform."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    LOCATION = "location"
    LINK = "link"
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    SCAN = "scan"
    CLICK = "click"
    OTHER = "other"


class Inbound(NamedTuple):
    """One message or event; its fields in this order are a storage.inbox.InboxRow.

    account: the channel account's name in the configuration.
    key:     unique within the account; equal for the platform's retries of one message.
    sender:  the platform's id of the person (an openid).
    sent_at: the platform's time, aware UTC.
    text:    what the person wrote; for a voice message what the platform recognised; for a click the menu key.
    scene:   the scene of the QR code that was scanned, on FOLLOW and SCAN; empty when there was none.
    media_id: the platform's handle of an image, voice or video; empty otherwise.
    """

    account: str
    key: str
    kind: InboundKind
    sender: str
    sent_at: datetime
    text: str = ""
    scene: str = ""
    media_id: str = ""
