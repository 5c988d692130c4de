"""A WeCom robot (智能机器人) by HTTP callback: it hears who mentions it in internal groups, and who writes to it.

It cannot speak first this way. What it is asked it answers on the callback's connection, or once within an hour at the
response_url that came with the question.
Sources: developer.work.weixin.qq.com/document/path/101039 (callbacks), path/101031 (answers), path/101033 (encryption),
path/101138 (response_url).
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp

from bot.channels.aibot_inbound import inbound_of, is_greeting
from bot.channels.base import BadCallback, Callback, Outgoing, Rendered, SendResult, Verdict
from bot.channels.errcodes import UNLISTED, WECOM
from bot.channels.msgcrypt import MsgCrypt
from bot.channels.platform_api import BAD_ANSWER, TIMEOUT, call
from bot.channels.text import STREAM_BYTES, clean, cut_bytes, without_markdown
from bot.channels.wire import WireFormat, parse, word_of
from bot.config import WECOM_API, AibotSettings, is_loopback
from handlers.inbound import Inbound, InboundKind
from storage.states import ChannelKind, Form, WindowRule

_CANNOT_SPEAK_FIRST = SendResult(Verdict.REFUSED, None, "智能机器人只能回答，不能主动发消息，请改用群机器人")
_USED_UP = "智能机器人的回复地址已用过，或已超过一小时"
_ABOUT_SIGN_IN = (40029, 41008, 42022)  # elsewhere; here the code is the address's


class _Manner(Enum):
    """How a callback may be answered."""

    STREAM = "stream"
    GREETING = "text"
    NOT = ""


class ReplyTo(NamedTuple):
    """How to answer a callback in kind: the key that opened it, the nonce it came with, what it may be."""

    key_index: int
    nonce: str
    manner: _Manner


class Aibot:
    """One robot. `http` stays the caller's to close."""

    def __init__(
        self,
        account: str,
        settings: AibotSettings,
        http: aiohttp.ClientSession,
        *,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self.account = account
        self.kind = ChannelKind.AIBOT
        self.passive_reply_seconds = settings.passive_reply_seconds if settings.passive_reply else 0.0
        keys = (settings.encoding_aes_key, settings.previous_encoding_aes_key)
        self._crypt = MsgCrypt(
            settings.token.get_secret_value(),
            "",
            [key.get_secret_value() for key in keys if key is not None],
        )
        self._http = http
        self._timeout = timeout
        self._at_platform = settings.api_base.rstrip("/") == WECOM_API

    def window(self, kind: InboundKind) -> WindowRule | None:
        """None: whether it can be answered depends on the address that came with the question."""
        return None

    def needs_window(self, form: Form) -> bool:
        """No windows, see window."""
        return False

    def pace_seconds(self, form: Form) -> float:
        """No limit that an answer a question could reach."""
        return 0.0

    # Callbacks

    def verify_address(self, query: Mapping[str, str], now: datetime) -> str:
        """The decrypted echostr, to answer as it is; raises BadCallback."""
        return self._crypt.open_echo(query, now)

    def open(self, query: Mapping[str, str], body: bytes, now: datetime) -> Callback:
        """Verify, decrypt and parse a POST; raises BadCallback for anything wrong, and nothing else."""
        wire_format, outer = parse(body)
        encrypted = word_of(outer, "encrypt")
        if wire_format is not WireFormat.JSON or not encrypted:
            raise BadCallback("not_encrypted")
        message, key_index = self._crypt.open_posted(query, encrypted, now)
        wire_format, fields = parse(message)
        if wire_format is not WireFormat.JSON:
            raise BadCallback("format")
        inbound = inbound_of(self.account, fields, datetime.fromtimestamp(int(query["timestamp"]), UTC))
        if inbound.reply_address and not self._is_the_platforms(inbound.reply_address):
            inbound = inbound._replace(reply_address="")
        manner = _Manner.GREETING if is_greeting(fields) else _manner_of(inbound)
        return Callback(inbound, ReplyTo(key_index, query.get("nonce", ""), manner))

    def render_reply(self, callback: Callback, text: str, at: datetime) -> Rendered:
        """A finished answer under the callback's key and nonce; no body where none may be.

        The stream's id follows from the message's key: a retry of the platform is told of the same stream.
        """
        reply_to: ReplyTo = callback.reply_to
        content = cut_bytes(without_markdown(clean(text)), STREAM_BYTES)
        if reply_to.manner is _Manner.NOT or not content.strip():
            return Rendered(b"", "text/plain")
        if reply_to.manner is _Manner.GREETING:
            message: dict[str, Any] = {"msgtype": "text", "text": {"content": content}}
        else:
            stream = {"id": _stream_id(callback.inbound), "finish": True, "content": content}
            message = {"msgtype": "stream", "stream": stream}
        envelope = self._crypt.envelope(
            _json_bytes(message), int(at.timestamp()), reply_to.key_index, reply_to.nonce
        )
        body = {
            "encrypt": envelope.encrypt,
            "msgsignature": envelope.signature,
            "timestamp": envelope.timestamp,
            "nonce": envelope.nonce,
        }
        return Rendered(_json_bytes(body), "application/json")

    # Messages

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Answer at the address that came with the question; never raises for what the platform does."""
        address = outgoing.reply_address
        if outgoing.form is not Form.TEXT or not address or not self._is_the_platforms(address):
            return _CANNOT_SPEAK_FIRST
        content = cut_bytes(without_markdown(clean(outgoing.text)), STREAM_BYTES)
        message = {"msgtype": "markdown", "markdown": {"content": content}}
        answer = await call(self._http, address, message, timeout=self._timeout)
        if isinstance(answer, SendResult):
            return answer
        if answer.errcode is None:
            return BAD_ANSWER
        result = WECOM.result_of(answer.errcode, answer.errmsg)
        if answer.errcode in _ABOUT_SIGN_IN or (WECOM.look_up(answer.errcode) is UNLISTED and answer.errcode):
            # The platform lists no codes for this. The address is good once, so a second try would change nothing.
            return replace(result, verdict=Verdict.REFUSED, detail=_USED_UP, wait_seconds=0.0)
        return result

    async def probe(self) -> SendResult:
        """SENT always: there is nothing to ask, the keys are tried by the first callback."""
        return SendResult(Verdict.SENT, None, "智能机器人没有可查询的接口，收到第一条回调时才能验证")

    def _is_the_platforms(self, address: str) -> bool:
        """Whether an address may be written to: what was said in a group goes nowhere else."""
        try:
            url = urlsplit(address)
            host = url.hostname or ""
        except ValueError:
            return False
        if not self._at_platform:
            return url.scheme in ("http", "https") and is_loopback(host)
        return url.scheme == "https" and host.endswith(".weixin.qq.com") and url.username is None


def _manner_of(inbound: Inbound) -> _Manner:
    """Messages may be answered, events may not, and neither is asked about a stream."""
    return _Manner.STREAM if inbound.key.startswith("m:") else _Manner.NOT


def _stream_id(inbound: Inbound) -> str:
    return sha256(f"{inbound.account}\0{inbound.key}".encode()).hexdigest()[:32]


def _json_bytes(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
