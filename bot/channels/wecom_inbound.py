"""The WeCom app's messages and events as Inbound.

Sources: developer.work.weixin.qq.com/document/path/90239 (messages), path/90240 (events), path/92130 (customer
groups), path/95039 (chat archive). What this file does not know is OTHER, never refused: the platform adds some
every year.
"""

import re

from bot.channels.base import BadCallback
from bot.channels.official_inbound import (
    Head,
    event_key_of,
    head_of,
    key_of_event,
    message_of,
    short,
)
from bot.channels.wire import Fields, word_of
from handlers.inbound import Inbound, InboundKind

USERID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_@.-]{0,63}")
CHAT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_@.-]{0,63}")
_CHANGE_LENGTH = 128

_EVENTS = {
    "subscribe": InboundKind.FOLLOW,
    "unsubscribe": InboundKind.UNFOLLOW,
    "click": InboundKind.CLICK,
    "msgaudit_notify": InboundKind.ARCHIVE_GREW,
}
# What tells two events of one sender in one second apart.
_IDS = ("TaskId", "ChangeType", "ChatId", "UpdateDetail", "CurMemVer", "UserID", "ExternalUserID", "JobId")


def inbound_of(account: str, fields: Fields) -> Inbound:
    """Map a parsed message; raises BadCallback when it lacks what every message has."""
    head = head_of(fields, USERID)
    kind = word_of(fields, "MsgType")
    if kind == "event":
        return _event(account, head, fields)
    if not kind:
        raise BadCallback("msg_type")
    return message_of(account, head, kind, fields)


def _event(account: str, head: Head, fields: Fields) -> Inbound:
    event = word_of(fields, "Event")
    if not event:
        raise BadCallback("event")
    event_key = event_key_of(fields)
    ids = [str(value) for name in _IDS if type(value := fields.get(name)) in (str, int) and value != ""]
    inbound = Inbound(
        account,
        key_of_event(head, event, event_key, ids),
        _EVENTS.get(event, InboundKind.OTHER),
        head.sender,
        head.sent_at,
    )
    if inbound.kind is InboundKind.CLICK:
        return inbound._replace(text=event_key)
    if event == "change_external_chat":
        return _group_changed(inbound, fields)
    return inbound


def _group_changed(inbound: Inbound, fields: Fields) -> Inbound:
    room = word_of(fields, "ChatId")
    if not CHAT_ID.fullmatch(room):
        raise BadCallback("chat_id")
    parts = (word_of(fields, "ChangeType"), word_of(fields, "UpdateDetail"))
    change = ":".join(part for part in parts if part)
    return inbound._replace(kind=InboundKind.GROUP_CHANGED, room=room, scene=short(change, _CHANGE_LENGTH))
