"""The wire format of callbacks, built and opened with wechatpy so that it is no mirror of the bot's own code."""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any, Protocol

import xmltodict  # type: ignore[import-untyped]
from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException
from wechatpy.utils import WeChatSigner

from bot.playground.account import Account, DataFormat, Mode

# Values are text, numbers, and for a few events fields again or lists of them.
Fields = dict[str, Any]

REPLY_LIMIT_BYTES = 2048
_TEXT_KEYS = {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"}
_ENVELOPE_KEYS = {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}
_SHOWN = {"image": "[图片]", "voice": "[语音]", "video": "[视频]", "music": "[音乐]", "news": "[图文]"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class BadReply(Exception):  # noqa: N818  a fact about the bot's answer, not an error of the simulator
    """An answer to a callback that the platform would not take; the message says why, for the developer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A passive reply as the person would see it. stream: the id of one that is not finished yet, else empty."""

    text: str
    stream: str = ""


class CallbackWire(Protocol):
    """What the courier needs to know of a product's callbacks."""

    content_type: str

    def render(self, fields: Fields) -> str:
        """Write a message in clear."""

    def sign_and_seal(
        self, plaintext: str, timestamp: int, nonce: str, openid: str = ""
    ) -> tuple[dict[str, str], bytes]:
        """Make a callback of it: its query, and its body."""

    def open_reply(self, body: bytes, openid: str, nonce: str = "") -> Reply | None:
        """Read the answer to a callback with that nonce, None for an empty one. Raises BadReply."""


def signature(*parts: str) -> str:
    """SHA-1, in hex, of the sorted parts: the platform's signature."""
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


def check_padding(key: bytes, encrypted: str) -> None:
    """Raise BadReply for a padding that the platform refuses; wechatpy trusts the last byte."""
    padded: bytes = PrpCrypto(key).cipher.decrypt(base64.b64decode(encrypted, validate=True))
    size = padded[-1]
    if len(padded) % 32 or not 1 <= size <= 32 or padded[-size:] != bytes([size]) * size:
        raise BadReply("the padding is not PKCS#7 over 32 bytes")


def _element(key: str, value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(_element(key, item) for item in value)
    if isinstance(value, dict):
        return f"<{key}>{''.join(_element(name, item) for name, item in value.items())}</{key}>"
    return f"<{key}>{_cdata(value) if isinstance(value, str) else value}</{key}>"


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


class Wire:
    """Callbacks of one account in one data format and mode."""

    def __init__(self, account: Account, data_format: DataFormat, mode: Mode) -> None:
        self.account = account
        self.data_format = data_format
        self.mode = mode
        self.content_type = "text/xml" if data_format == "xml" else "application/json"
        self._crypto = WeChatCrypto(account.token, account.encoding_aes_key, account.app_id)

    def render(self, fields: Fields) -> str:
        """Write a message in clear, keys in the given order; characters that XML cannot carry are dropped."""
        clean = {
            key: _NOT_XML.sub("", value) if isinstance(value, str) else value for key, value in fields.items()
        }
        if self.data_format == "json":
            return json.dumps(clean, ensure_ascii=False)
        return "<xml>" + "\n".join(_element(key, value) for key, value in clean.items()) + "\n</xml>"

    def sign_query(self, timestamp: int, nonce: str) -> dict[str, str]:
        """Give the query that every callback has."""
        return {
            "signature": signature(self.account.token, str(timestamp), nonce),
            "timestamp": str(timestamp),
            "nonce": nonce,
        }

    def sign_and_seal(
        self, plaintext: str, timestamp: int, nonce: str, openid: str = ""
    ) -> tuple[dict[str, str], bytes]:
        """Make a callback of any text, in the account's mode: its query, and its body."""
        query = self.sign_query(timestamp, nonce)
        if openid:
            query["openid"] = openid
        if self.mode == "plain":
            return query, plaintext.encode()
        encrypted = PrpCrypto(self._crypto.key).encrypt(plaintext, self.account.app_id).decode()
        query["encrypt_type"] = "aes"
        query["msg_signature"] = signature(self.account.token, str(timestamp), nonce, encrypted)
        clear = plaintext if self.mode == "compatible" else self.render({"ToUserName": self.account.gh_id})
        if self.data_format == "json":
            return query, f'{clear.rstrip()[:-1]}, "Encrypt": {json.dumps(encrypted)}}}'.encode()
        head, end, tail = clear.rpartition("</xml>")
        return query, f"{head}<Encrypt>{_cdata(encrypted)}</Encrypt>\n{end}{tail}".encode()

    def open_reply(self, body: bytes, openid: str, nonce: str = "") -> Reply | None:
        """See CallbackWire; the nonce of an answer is the bot's own choice here."""
        text = _decode(body)
        if text.strip() in ("", "success"):
            return None
        data = self._parse(text)
        if "Encrypt" in data and self.mode != "plain":
            data = self._parse(self._unseal(data))
        elif self.mode == "safe":
            raise BadReply("a plain reply in safe mode")
        return self._read(data, openid)

    def _parse(self, text: str) -> dict[str, Any]:
        try:
            data = json.loads(text) if self.data_format == "json" else xmltodict.parse(text)["xml"]
        except Exception as error:  # the XML parser raises several unrelated kinds
            raise BadReply(f"the reply is not {self.data_format}") from error
        if not isinstance(data, dict):
            raise BadReply("the reply has no fields")
        return data

    def _unseal(self, envelope: dict[str, Any]) -> str:
        if set(envelope) != _ENVELOPE_KEYS:
            raise BadReply(f"the envelope has the fields {sorted(envelope)}")
        timestamp, nonce = str(envelope["TimeStamp"]), str(envelope["Nonce"])
        try:
            check_padding(self._crypto.key, str(envelope["Encrypt"]))
            return str(self._crypto.decrypt_message(envelope, envelope["MsgSignature"], timestamp, nonce))
        except InvalidSignatureException as error:
            raise BadReply("MsgSignature is wrong") from error
        except InvalidAppIdException as error:
            raise BadReply("encrypted for another appid") from error
        except BadReply:
            raise
        except Exception as error:  # wechatpy lets whatever the damage causes through
            raise BadReply("the reply cannot be decrypted") from error

    def _read(self, data: dict[str, Any], openid: str) -> Reply | None:
        if data.get("ToUserName") != openid or data.get("FromUserName") != self.account.gh_id:
            raise BadReply("ToUserName or FromUserName is wrong")
        if not str(data.get("CreateTime", "")).isdigit():
            raise BadReply("CreateTime is not a number")
        kind = str(data.get("MsgType"))
        if kind == "transfer_customer_service":
            return None
        if kind in _SHOWN:
            return Reply(_SHOWN[kind])
        content = data.get("Content")
        if kind != "text" or not isinstance(content, str) or not content:
            raise BadReply(f"MsgType {kind!r} without its content")
        if set(data) != _TEXT_KEYS:
            raise BadReply(f"the reply has the fields {sorted(data)}")
        if len(content.encode()) > REPLY_LIMIT_BYTES:
            raise BadReply(f"Content is over {REPLY_LIMIT_BYTES} bytes")
        return Reply(content)


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadReply("the reply is not UTF-8") from error
