"""What may be sent without a tap: app messages to members, webhooks and response addresses of internal groups."""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.playground.ledger import Ledger, Quota, SlidingLimit
from bot.playground.wecom.errors import WecomError

APP_LIMIT_BYTES = 2048
_PICTURES = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPG"}
PER_MINUTE, PER_HOUR = 30, 1000
TOUSER_LIMIT = 1000
DUPLICATE_SECONDS, DUPLICATE_MAX_SECONDS = 1800, 4 * 3600
WEBHOOK_PER_MINUTE = 20
PICTURE_BYTES = 2 * 1024 * 1024
WEBHOOK_BYTES = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
ANSWER_LIMIT_BYTES = 20480
ADDRESS_LIFE = timedelta(hours=1)


def picture_of(body: dict[str, Any]) -> str:
    """A picture as people see it in the group; raises WecomError 40009, 44004 and 301019 (the checksum is wrong)."""
    part = body.get("image")
    encoded, checksum = (part.get("base64"), part.get("md5")) if isinstance(part, dict) else (None, None)
    if not isinstance(encoded, str) or not encoded:
        raise WecomError(44004)
    try:
        content = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise WecomError(40009) from None
    kind = next((name for head, name in _PICTURES.items() if content.startswith(head)), "")
    if not kind or len(content) > PICTURE_BYTES:
        raise WecomError(40009)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != checksum:
        raise WecomError(301019)
    return f"[图片 {kind}，{len(content)} 字节]"


def size(text: str) -> int:
    """Count bytes as the platform does."""
    return len(text.encode("utf-8", "surrogatepass"))


def content_of(body: dict[str, Any], kinds: tuple[str, ...]) -> str:
    """Give the text of a message; raises WecomError 40008 for another kind, 44004 for an empty one."""
    kind = body.get("msgtype")
    if kind not in kinds:
        raise WecomError(40008)
    part = body.get(str(kind))
    content = part.get("content") if isinstance(part, dict) else None
    if not isinstance(content, str) or not content:
        raise WecomError(44004)
    return content


@dataclass
class AppDesk:
    """message/send (path/90236): what the app says to members, one by one."""

    agent_id: int
    ledger: Ledger
    _minute: SlidingLimit = field(default_factory=lambda: SlidingLimit(PER_MINUTE, timedelta(minutes=1)))
    _hour: SlidingLimit = field(default_factory=lambda: SlidingLimit(PER_HOUR, timedelta(hours=1)))
    _known: dict[tuple[str, str], tuple[datetime, str]] = field(default_factory=dict)

    def take(
        self, body: dict[str, Any], staff: set[str], now: datetime
    ) -> tuple[dict[str, Any], list[str], str]:
        """Give the answer, the members it reaches now, and the text as they see it.

        Too many to one member are dropped without an error, too long a text is cut off without one; both are
        noted in the ledger. Raises WecomError 40056, 40032, 40008, 44004, and 81013 when nobody is known.
        """
        if str(body.get("agentid")) != str(self.agent_id):
            raise WecomError(40056)
        content = content_of(body, ("text", "markdown"))
        wanted = [name for name in str(body.get("touser", "")).split("|") if name]
        if len(wanted) > TOUSER_LIMIT:
            raise WecomError(40032)
        known = sorted(staff) if wanted == ["@all"] else [name for name in wanted if name in staff]
        unknown = [] if wanted == ["@all"] else [name for name in wanted if name not in staff]
        if not known:
            raise WecomError(81013, invaliduser="|".join(unknown))
        text = content
        if size(content) > APP_LIMIT_BYTES:
            self.ledger.exceed(Quota.APP_BYTES, known[0], now)
            text = content.encode("utf-8", "surrogatepass")[:APP_LIMIT_BYTES].decode("utf-8", "ignore")
        msgid = self._repeated(body, content, now)
        answer = {"msgid": msgid or secrets.token_urlsafe(40)}
        if unknown:
            answer["invaliduser"] = "|".join(unknown)
        if msgid:
            for name in known:
                self.ledger.repeat(name, "app", text, now)
            return answer, [], text
        self._remember(body, content, answer["msgid"], now)
        return answer, [name for name in dict.fromkeys(known) if self._within_limits(name, now)], text

    def _within_limits(self, name: str, now: datetime) -> bool:
        for limit, quota in ((self._minute, Quota.MEMBER_MINUTE), (self._hour, Quota.MEMBER_HOUR)):
            if not limit.has_room(name, now):
                self.ledger.exceed(quota, name, now)
                return False
        self._minute.count(name, now)
        self._hour.count(name, now)
        return True

    def _repeated(self, body: dict[str, Any], content: str, now: datetime) -> str:
        if body.get("enable_duplicate_check") != 1:
            return ""
        seconds = body.get("duplicate_check_interval", DUPLICATE_SECONDS)
        seconds = min(seconds, DUPLICATE_MAX_SECONDS) if isinstance(seconds, int) else DUPLICATE_SECONDS
        at, msgid = self._known.get((str(body.get("touser")), content), (None, ""))
        return msgid if at is not None and now - at < timedelta(seconds=seconds) else ""

    def _remember(self, body: dict[str, Any], content: str, msgid: str, now: datetime) -> None:
        self._known[str(body.get("touser")), content] = (now, msgid)


@dataclass
class Webhooks:
    """消息推送 (path/99110): keys that put a message into one internal group."""

    ledger: Ledger
    chats: dict[str, str] = field(default_factory=dict)
    _minute: SlidingLimit = field(
        default_factory=lambda: SlidingLimit(WEBHOOK_PER_MINUTE, timedelta(minutes=1))
    )

    def take(self, key: str, body: dict[str, Any], now: datetime) -> tuple[str, str]:
        """Give the group and the text of a message.

        Raises WecomError 93000 for an unknown key, 40008 and 44004, 45002 over 2048 bytes of text or 4096 of
        markdown, what `picture_of` raises, 45009 for the 21st in a minute.
        """
        if key not in self.chats:
            raise WecomError(93000)
        if body.get("msgtype") == "image":
            content = picture_of(body)
        else:
            content = content_of(body, tuple(WEBHOOK_BYTES))
            if size(content) > WEBHOOK_BYTES[str(body["msgtype"])]:
                raise WecomError(45002)
        if not self._minute.has_room(key, now):
            self.ledger.exceed(Quota.WEBHOOK_MINUTE, self.chats[key], now)
            raise WecomError(45009)
        self._minute.count(key, now)
        return self.chats[key], content


@dataclass
class _Address:
    chat_id: str
    msg_id: str
    question: str
    made_at: datetime
    used: bool = False


@dataclass
class Addresses:
    """The response_url of each message to an aibot: good for one answer within an hour (path/101138).

    The document names no codes for a bad address; 40029 and 42022 are the nearest in the common list.
    """

    ledger: Ledger
    _known: dict[str, _Address] = field(default_factory=dict)

    def make(self, chat_id: str, msg_id: str, question: str, now: datetime) -> str:
        """Make the response_code for a question."""
        code = secrets.token_urlsafe(24)
        self._known[code] = _Address(chat_id, msg_id, question, now)
        return code

    def take(self, code: str, body: dict[str, Any], now: datetime) -> tuple[_Address, str]:
        """Give the question and the text of its answer.

        Raises WecomError 40029 for an unknown or old code, 42022 for a used one, 40008, 44004, 45002.
        """
        address = self._known.get(code)
        if address is None:
            raise WecomError(40029)
        content = content_of(body, ("markdown",))
        if size(content) > ANSWER_LIMIT_BYTES:
            raise WecomError(45002)
        if address.used or now - address.made_at >= ADDRESS_LIFE:
            self.ledger.exceed(Quota.REPLY_ADDRESS, address.chat_id, now)
            raise WecomError(42022 if address.used else 40029)
        address.used = True
        return address, content
