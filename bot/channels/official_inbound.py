"""The service account's messages and events as Inbound.

Sources: developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html and
Receiving_event_pushes.html. Events this file does not know are OTHER, never refused: the platform adds some
every year.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from bot.channels.base import BadCallback
from bot.channels.wire import Fields, as_list, text_of, word_of
from handlers.inbound import Inbound, InboundKind

KEY_LENGTH = 190
_SCENE_LENGTH = 128
_MEDIA_ID_LENGTH = 255
_LAST_SECOND = 253402300799  # of the year 9999, the last a datetime has

OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")
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
_OFFERS = ("subscribe_msg_popup_event", "subscribe_msg_change_event")
_ANSWERS = {"accept": InboundKind.NOTICE_ACCEPTED, "reject": InboundKind.NOTICE_REFUSED}
_WITH_MEDIA = (InboundKind.IMAGE, InboundKind.VOICE, InboundKind.VIDEO)


def inbound_of(account: str, fields: Fields, subscribe_template_id: str = "") -> Inbound:
    """Map a parsed message; raises BadCallback when it lacks what every message has.

    subscribe_template_id: answers to an offer of this 订阅通知 are told, those to others are OTHER.
    """
    head = head_of(fields, OPENID)
    kind = word_of(fields, "MsgType")
    if kind == "event":
        return _event(account, head, fields, subscribe_template_id)
    if not kind:
        raise BadCallback("msg_type")
    return message_of(account, head, kind, fields)


class Head(NamedTuple):
    """What every message has. created: as it was written, in seconds."""

    sender: str
    created: str
    sent_at: datetime


def head_of(fields: Fields, sender_shape: re.Pattern[str]) -> Head:
    """Read who sent it and when; raises BadCallback."""
    sender = word_of(fields, "FromUserName")
    if not sender_shape.fullmatch(sender):
        raise BadCallback("from_user")
    created = word_of(fields, "CreateTime")
    return Head(sender, created, time_of(created))


def time_of(seconds: str) -> datetime:
    """A time in seconds as aware UTC; raises BadCallback."""
    if not (
        seconds.isascii() and seconds.isdigit() and len(seconds) <= 12 and 0 < int(seconds) <= _LAST_SECOND
    ):
        raise BadCallback("create_time")
    return datetime.fromtimestamp(int(seconds), UTC)


def message_of(account: str, head: Head, msg_type: str, fields: Fields) -> Inbound:
    """Map a message that is not an event; raises BadCallback."""
    kind = _MESSAGES.get(msg_type, InboundKind.OTHER)
    sender, _, sent_at = head
    msg_id = word_of(fields, "MsgId")
    if not _MSG_ID.fullmatch(msg_id):
        raise BadCallback("msg_id")
    key = "m:" + msg_id
    if kind is InboundKind.TEXT:
        return Inbound(account, key, kind, sender, sent_at, text_of(fields, "Content"))
    media_id = short(word_of(fields, "MediaId"), _MEDIA_ID_LENGTH) if kind in _WITH_MEDIA else ""
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


def _event(account: str, head: Head, fields: Fields, subscribe_template_id: str) -> Inbound:
    event = word_of(fields, "Event")
    if not event:
        raise BadCallback("event")
    kind = _EVENTS.get(event, InboundKind.OTHER)
    event_key = event_key_of(fields)
    key = key_of_event(head, event, event_key, _ids(fields))
    text = event_key if kind is InboundKind.CLICK else ""
    scene = ""
    if kind is InboundKind.SCAN:
        scene = event_key
    elif kind is InboundKind.FOLLOW and event_key.startswith(_QR_PREFIX):
        scene = event_key[len(_QR_PREFIX) :]
    elif event in _OFFERS and subscribe_template_id:
        kind = _answer_to_offer(fields, subscribe_template_id)
        scene = "" if kind is InboundKind.OTHER else subscribe_template_id
    return Inbound(account, key, kind, head.sender, head.sent_at, text, short(scene, _SCENE_LENGTH))


def _answer_to_offer(fields: Fields, template_id: str) -> InboundKind:
    """What the person said to one 订阅通知 of those that were offered together."""
    kind = InboundKind.OTHER
    for entry in _entries(fields):
        if entry.get("TemplateId") == template_id:
            status = entry.get("SubscribeStatusString")
            kind = _ANSWERS.get(status, kind) if isinstance(status, str) else kind
    return kind


def event_key_of(fields: Fields) -> str:
    """The EventKey as text; empty when there is none."""
    value = fields.get("EventKey")
    return str(value).strip() if type(value) in (str, int) else ""


def short(value: str, length: int) -> str:
    """A scene or handle that is too long for its column is none of ours; half of one would be a wrong one."""
    return value if len(value) <= length else ""


def key_of_event(head: Head, event: str, event_key: str, ids: Iterable[str]) -> str:
    """The official pair (sender, second) and more: two clicks can happen in one second."""
    key = ":".join(("e", head.sender, head.created, event, event_key, *ids))
    if len(key) <= KEY_LENGTH and key.isprintable():
        return key
    return f"e:{head.sender}:{head.created}:{sha256(key.encode()).hexdigest()}"


def _ids(fields: Fields) -> list[str]:
    """What else tells two events apart, also one level down, where subscribe-notify events have a List."""
    ids = [value for name in ("TaskId", "MsgID", "MsgId") if type(value := fields.get(name)) in (str, int)]
    for entry in _entries(fields):
        ids += [
            value
            for name in ("TemplateId", "MsgID", "SubscribeStatusString")
            if type(value := entry.get(name)) in (str, int)
        ]
    return [str(value) for value in ids]


def _entries(fields: Fields) -> Iterator[Fields]:
    """What lies one level down, be it one or several: in JSON directly in `List`, in XML within a wrapper."""
    for outer in fields.values():
        if type(outer) is dict or type(outer) is list:
            within = as_list(outer["List"]) if isinstance(outer, dict) and "List" in outer else as_list(outer)
            yield from (entry for entry in within if isinstance(entry, dict))
