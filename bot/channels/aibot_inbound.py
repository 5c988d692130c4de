"""What a WeCom robot (智能机器人) is told, as Inbound.

Sources: developer.work.weixin.qq.com/document/path/100719 (messages), path/101027 (events). Messages have no time of
their own: theirs is that of the callback.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from bot.channels.base import BadCallback
from bot.channels.official_inbound import KEY_LENGTH, time_of
from bot.channels.wecom_inbound import CHAT_ID, USERID
from bot.channels.wire import Fields, text_of, word_of
from handlers.inbound import Inbound, InboundKind

ADDRESS_LENGTH = 2048
_MSG_ID = re.compile(r"[A-Za-z0-9+/=_.-]{1,128}")

_MEDIA = {"image": InboundKind.IMAGE, "video": InboundKind.VIDEO}


def inbound_of(account: str, fields: Fields, posted_at: datetime) -> Inbound:
    """Map a parsed message; raises BadCallback when it lacks what every message has."""
    sender = word_of(_inner(fields, "from"), "userid")
    if not USERID.fullmatch(sender):
        raise BadCallback("from")
    msg_id = word_of(fields, "msgid")
    if not _MSG_ID.fullmatch(msg_id):
        raise BadCallback("msg_id")
    msg_type = word_of(fields, "msgtype")
    inbound = Inbound(account, "m:" + msg_id, InboundKind.OTHER, sender, posted_at, room=_room(fields))
    if msg_type == "event":
        return _event(inbound._replace(key="e:" + msg_id), fields)
    if msg_type == "stream":
        # The platform asks how an answer goes on, which it need not do: ours are finished.
        return inbound._replace(key=_stream_key(word_of(_inner(fields, "stream"), "id")))
    if not msg_type:
        raise BadCallback("msg_type")
    address = word_of(fields, "response_url")
    kind, text = _words(fields)
    return inbound._replace(
        kind=kind,
        text=text,
        quoted=_words(_inner(fields, "quote"))[1],
        reply_address=address if len(address) <= ADDRESS_LENGTH else "",
    )


def is_greeting(fields: Fields) -> bool:
    """Whether this is the first time today that somebody opened the chat: it may be answered with a text."""
    return (
        word_of(fields, "msgtype") == "event"
        and word_of(_inner(fields, "event"), "eventtype") == "enter_chat"
    )


def _room(fields: Fields) -> str:
    """The group's id. What was said in a group must never be taken for 1:1, so a group without an id is refused."""
    chat_id, chat_type = word_of(fields, "chatid"), word_of(fields, "chattype")
    if chat_type == "single" or (not chat_type and not chat_id):
        return ""
    if not CHAT_ID.fullmatch(chat_id):
        raise BadCallback("chat_id")
    return chat_id


def _event(inbound: Inbound, fields: Fields) -> Inbound:
    event = word_of(_inner(fields, "event"), "eventtype")
    if not event:
        raise BadCallback("event")
    kind = InboundKind.FOLLOW if event == "enter_chat" else InboundKind.OTHER
    sent_at = time_of(word_of(fields, "create_time")) if "create_time" in fields else inbound.sent_at
    return inbound._replace(kind=kind, sent_at=sent_at)


def _words(fields: Mapping[str, Any]) -> tuple[InboundKind, str]:
    """What a message, or a quoted one, is and says."""
    kind = word_of(dict(fields), "msgtype")
    inner = _inner(fields, kind)
    if kind in ("text", "voice"):
        return (InboundKind.TEXT if kind == "text" else InboundKind.VOICE), text_of(inner, "content")
    if kind == "mixed":
        items = inner.get("msg_item")
        parts = [_words(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        text = "\n".join(part for _, part in parts if part)
        return (InboundKind.TEXT if text else InboundKind.IMAGE), text
    return _MEDIA.get(kind, InboundKind.OTHER), ""


def _inner(fields: Mapping[str, Any], name: str) -> Fields:
    inner = fields.get(name)
    return inner if isinstance(inner, dict) else {}


def _stream_key(stream_id: str) -> str:
    key = "s:" + stream_id
    return key if len(key) <= KEY_LENGTH and key.isprintable() else "s:" + sha256(key.encode()).hexdigest()
