"""The service account's messages and events as Inbound.

Sources: developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html and
Receiving_event_pushes.html. Events this file does not know are OTHER, never refused: the platform adds some
every year.
"""

import re
from datetime import UTC, datetime
from hashlib import sha256

from bot.channels.base import BadCallback
from bot.channels.wire import Fields, as_list, text_of, word_of
from handlers.inbound import Inbound, InboundKind

KEY_LENGTH = 190
_SCENE_LENGTH = 128
_MEDIA_ID_LENGTH = 255
_LAST_SECOND = 253402300799  # of the year 9999, the last a datetime has

_OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MSG_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_QR_PREFIX = "qrscene_"

_MESSAGES = {
    "text": InboundKind.TEXT,
    "image": InboundKind.IMAGE,
    "voice": InboundKind.VOICE,
    "video": InboundKind.VIDEO,
    "shortvideo": InboundKind.VIDEO,
    "location": InboundKind.LOCATION,
    "link": InboundKind.LINK,
}
_EVENTS = {
    "subscribe": InboundKind.FOLLOW,
    "unsubscribe": InboundKind.UNFOLLOW,
    "SCAN": InboundKind.SCAN,
    "CLICK": InboundKind.CLICK,
}
_WITH_MEDIA = (InboundKind.IMAGE, InboundKind.VOICE, InboundKind.VIDEO)


def inbound_of(account: str, fields: Fields) -> Inbound:
    """Map a parsed message; raises BadCallback when it lacks what every message has."""
    sender = word_of(fields, "FromUserName")
    if not _OPENID.fullmatch(sender):
        raise BadCallback("from_user")
    created = word_of(fields, "CreateTime")
    if not (
        created.isascii() and created.isdigit() and len(created) <= 12 and 0 < int(created) <= _LAST_SECOND
    ):
        raise BadCallback("create_time")
    sent_at = datetime.fromtimestamp(int(created), UTC)
    kind = word_of(fields, "MsgType")
    if kind == "event":
        return _event(account, sender, created, sent_at, fields)
    if not kind:
        raise BadCallback("msg_type")
    return _message(account, sender, sent_at, _MESSAGES.get(kind, InboundKind.OTHER), fields)


def _message(account: str, sender: str, sent_at: datetime, kind: InboundKind, fields: Fields) -> Inbound:
    msg_id = word_of(fields, "MsgId")
    if not _MSG_ID.fullmatch(msg_id):
        raise BadCallback("msg_id")
    key = "m:" + msg_id
    if kind is InboundKind.TEXT:
        return Inbound(account, key, kind, sender, sent_at, text_of(fields, "Content"))
    media_id = _short(word_of(fields, "MediaId"), _MEDIA_ID_LENGTH) if kind in _WITH_MEDIA else ""
    return Inbound(account, key, kind, sender, sent_at, _words(kind, fields), "", media_id)


def _words(kind: InboundKind, fields: Fields) -> str:
    if kind is InboundKind.VOICE:
        return text_of(fields, "Recognition")
    if kind is InboundKind.LOCATION:
        point = f"{text_of(fields, 'Location_X')},{text_of(fields, 'Location_Y')}"
        return text_of(fields, "Label") or point.strip(",")
    if kind is InboundKind.LINK:
        return "\n".join(part for name in ("Title", "Description", "Url") if (part := text_of(fields, name)))
    return ""


def _event(account: str, sender: str, created: str, sent_at: datetime, fields: Fields) -> Inbound:
    event = word_of(fields, "Event")
    if not event:
        raise BadCallback("event")
    kind = _EVENTS.get(event, InboundKind.OTHER)
    value = fields.get("EventKey")
    event_key = str(value).strip() if type(value) in (str, int) else ""
    key = _event_key(sender, created, event, event_key, fields)
    text = event_key if kind is InboundKind.CLICK else ""
    scene = ""
    if kind is InboundKind.SCAN:
        scene = event_key
    elif kind is InboundKind.FOLLOW and event_key.startswith(_QR_PREFIX):
        scene = event_key[len(_QR_PREFIX) :]
    return Inbound(account, key, kind, sender, sent_at, text, _short(scene, _SCENE_LENGTH))


def _short(value: str, length: int) -> str:
    """A scene or handle that is too long for its column is none of ours; half of one would be a wrong one."""
    return value if len(value) <= length else ""


def _event_key(sender: str, created: str, event: str, event_key: str, fields: Fields) -> str:
    """The official pair (sender, second) and more: two clicks can happen in one second."""
    key = ":".join(("e", sender, created, event, event_key, *_ids(fields)))
    if len(key) <= KEY_LENGTH and key.isprintable():
        return key
    return f"e:{sender}:{created}:{sha256(key.encode()).hexdigest()}"


def _ids(fields: Fields) -> list[str]:
    """What else tells two events apart, also one level down, where subscribe-notify events have a List."""
    ids = [value for name in ("TaskId", "MsgID", "MsgId") if type(value := fields.get(name)) in (str, int)]
    nested = [value for value in fields.values() if type(value) is dict or type(value) is list]
    for outer in nested:
        lists = as_list(outer["List"]) if isinstance(outer, dict) and "List" in outer else as_list(outer)
        for entry in lists:
            if isinstance(entry, dict):
                ids += [
                    value
                    for name in ("TemplateId", "MsgID", "SubscribeStatusString")
                    if type(value := entry.get(name)) in (str, int)
                ]
    return [str(value) for value in ids]
