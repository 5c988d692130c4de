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
    NOTICE_ACCEPTED = "notice_accepted"  # agreed to get one 订阅通知
    NOTICE_REFUSED = "notice_refused"
    GROUP_CHANGED = "group_changed"  # who is in a customer group, who owns it, or that it is gone
    ARCHIVE_GREW = "archive_grew"  # the chat archive has something new
    OTHER = "other"


class Inbound(NamedTuple):
    """One message or event; its fields in this order are a storage.inbox.InboxRow.

    account: the channel account's name in the configuration.
    key:     unique within the account; equal for the platform's retries of one message.
    sender:  the platform's id of the person (an openid).
    sent_at: the platform's time, aware UTC.
    text:    what the person wrote; for a voice message what the platform recognised; for a click the menu key.
    scene:   the scene of the QR code that was scanned, on FOLLOW and SCAN; on NOTICE_ACCEPTED and NOTICE_REFUSED the
             template's id; on GROUP_CHANGED what changed, as "update:add_member"; empty when there is none.
    media_id: the platform's handle of an image, voice or video; empty otherwise.
    room:    the platform's id of the chat group it was said in; empty for 1:1.
    quoted:  the words it answers to, where the channel tells them; never part of `text`.
    reply_address: where the platform takes the one answer to it, for channels that answer that way.
    """

    account: str
    key: str
    kind: InboundKind
    sender: str
    sent_at: datetime
    text: str = ""
    scene: str = ""
    media_id: str = ""
    room: str = ""
    quoted: str = ""
    reply_address: str = ""
