"""Callbacks as the platform makes them, written from its documents and independent of bot.channels.

Sealing goes straight to AES here, so that a test may also seal what no platform would send.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

import aiohttp
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.base import BadCallback, Callback
from bot.channels.official_account import OfficialAccount
from bot.config import OfficialAccountSettings

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
NOW_SECONDS = int(NOW.timestamp())
APP_ID = "wx5823bf96d3bd56c7"
TOKEN = "QDG6eKtoken"
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"  # the official sample, with stray last bits
OLD_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SENDER = "oia2TjuEGTNoeX76QEjQNrcURxG8"
HOUSE = "gh_7f083739789a"

Fields = dict[str, Any]


def settings(**changes: Any) -> OfficialAccountSettings:
    values: dict[str, Any] = {
        "kind": "official_account",
        "app_id": APP_ID,
        "app_secret": "the-app-secret-of-tests",
        "token": TOKEN,
        "encoding_aes_key": KEY,
    }
    return OfficialAccountSettings.model_validate(values | changes)


def plain_settings() -> OfficialAccountSettings:
    return settings(encoding_aes_key=None, allow_plain=True)


def account_of(
    chosen: OfficialAccountSettings | None = None,
    http: Any = None,
    monotonic: Callable[[], float] = lambda: 0.0,
) -> OfficialAccount:
    """An account for callbacks only: without a session it cannot call."""
    session: aiohttp.ClientSession = http
    return OfficialAccount("main", chosen or settings(), session, monotonic)


def sha1_of(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def text_message(**changes: Any) -> Fields:
    message = {
        "ToUserName": HOUSE,
        "FromUserName": SENDER,
        "CreateTime": NOW_SECONDS,
        "MsgType": "text",
        "Content": "3号楼2单元电梯坏了",
        "MsgId": 1234567890123456,
    }
    return message | changes


def event(name: str, **more: Any) -> Fields:
    message = {"ToUserName": HOUSE, "FromUserName": SENDER, "CreateTime": NOW_SECONDS, "MsgType": "event"}
    return message | {"Event": name} | more


def as_xml(fields: Fields) -> str:
    return f"<xml>{_elements(fields)}</xml>"


def _elements(fields: Fields) -> str:
    out = []
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            inner = _elements(one) if isinstance(one, dict) else _character_data(one)
            out.append(f"<{name}>{inner}</{name}>\n")
    return "".join(out)


def _character_data(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    return escape(value) if "]]>" in value else f"<![CDATA[{value}]]>"


def as_json(fields: Fields) -> str:
    return json.dumps(fields, ensure_ascii=False)


def pad(plain: bytes) -> bytes:
    count = 32 - len(plain) % 32
    return plain + bytes([count]) * count


def frame(message: bytes, app_id: str = APP_ID) -> bytes:
    return b"0123456789abcdef" + len(message).to_bytes(4, "big") + message + app_id.encode()


def cipher(key: str) -> Cipher[modes.CBC]:
    raw = base64.b64decode(key + "=")
    return Cipher(algorithms.AES(raw), modes.CBC(raw[:16]))


def encrypt_raw(blocks: bytes, key: str = KEY) -> str:
    encryptor = cipher(key).encryptor()
    return base64.b64encode(encryptor.update(blocks) + encryptor.finalize()).decode()


def decrypt(encrypted: str, key: str = KEY) -> bytes:
    decryptor = cipher(key).decryptor()
    plain = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
    plain = plain[: -plain[-1]]
    length = int.from_bytes(plain[16:20], "big")
    assert plain[20 + length :].decode() == APP_ID
    return plain[20 : 20 + length]


def seal(message: str | bytes, key: str = KEY, app_id: str = APP_ID) -> str:
    raw = message.encode() if isinstance(message, str) else message
    return encrypt_raw(pad(frame(raw, app_id)), key)


@dataclass
class Post:
    """A request to the callback address."""

    query: dict[str, str]
    body: bytes

    def open(self, account: OfficialAccount, now: datetime = NOW) -> Callback:
        return account.open(self.query, self.body, now)


def signed_query(timestamp: int = NOW_SECONDS, nonce: str = "415670741") -> dict[str, str]:
    return {
        "signature": sha1_of(TOKEN, str(timestamp), nonce),
        "timestamp": str(timestamp),
        "nonce": nonce,
        "openid": SENDER,
    }


def encrypted_post(encrypted: str, *, style: str = "xml", clear: Fields | None = None, **query: Any) -> Post:
    """Safe mode; compatible mode when `clear` is given."""
    signed = signed_query(**query)
    signed["encrypt_type"] = "aes"
    signed["msg_signature"] = sha1_of(TOKEN, signed["timestamp"], signed["nonce"], encrypted)
    outer = (clear or {"ToUserName": HOUSE}) | {"Encrypt": encrypted}
    return Post(signed, (as_xml(outer) if style == "xml" else as_json(outer)).encode())


def post(fields: Fields, *, style: str = "xml", mode: str = "safe", key: str = KEY, **query: Any) -> Post:
    """`fields` as the platform would post them. style: xml or json. mode: plain, compatible or safe."""
    inner = as_xml(fields) if style == "xml" else as_json(fields)
    if mode == "plain":
        return Post(signed_query(**query), inner.encode())
    clear = fields if mode == "compatible" else None
    return encrypted_post(seal(inner, key), style=style, clear=clear, **query)


def refusal(action: Callable[[], object]) -> str:
    """The reason of the BadCallback that `action` must raise."""
    try:
        action()
    except BadCallback as refused:
        return refused.reason
    raise AssertionError("was not refused")
