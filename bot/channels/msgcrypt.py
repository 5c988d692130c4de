"""The platform's message crypto, shared by the service account and WeCom.

sha1 over sorted parts authenticates; AES-256-CBC (iv = key[:16], PKCS#7 with a block of 32) hides:
    random16 + uint32_be(len(message)) + message + receive_id
Source: developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.html and
developer.work.weixin.qq.com/document/path/90968.
"""

import hmac
import re
from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha1
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from bot.channels.base import BadCallback

FRESH_SECONDS = 600
PAD_BLOCK = 32
_PADS = tuple(bytes([n]) * n for n in range(PAD_BLOCK + 1))
_HEAD = 20  # random16 and the length
_KEY = re.compile(r"[A-Za-z0-9+/]{43}")
_ECHO = re.compile(rb"[\x21-\x7e]{1,128}")


def signature(*parts: str) -> str:
    """The platform's signature: hex sha1 of the sorted parts run together."""
    joined = "".join(sorted(parts)).encode("utf-8", "surrogatepass")
    return sha1(joined, usedforsecurity=False).hexdigest()


def check_signature(given: str, *parts: str) -> None:
    """Compare in constant time; raises BadCallback."""
    if not hmac.compare_digest(signature(*parts).encode(), given.encode("utf-8", "surrogatepass")):
        raise BadCallback("signature")


def check_fresh(timestamp: str, now: datetime) -> None:
    """The query's `timestamp` (seconds) must be within ten minutes of `now`; raises BadCallback."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise BadCallback("timestamp")
    if abs(now.timestamp() - int(timestamp)) > FRESH_SECONDS:
        raise BadCallback("stale")


def decode_key(encoding_aes_key: str) -> bytes:
    """The 32 bytes of a 43-character EncodingAESKey; raises ValueError without showing the key.

    Not a strict decoder: the official sample key has stray bits behind its last byte.
    """
    if not _KEY.fullmatch(encoding_aes_key):
        raise ValueError("an EncodingAESKey has 43 base64 characters")
    return a2b_base64(encoding_aes_key + "=")


class Opened(NamedTuple):
    """A decrypted message and which of the keys opened it."""

    message: bytes
    key_index: int


class Envelope(NamedTuple):
    """The four values of an encrypted reply."""

    encrypt: str
    signature: str
    timestamp: int
    nonce: str


class MsgCrypt:
    """Opens and seals for one callback address.

    keys: EncodingAESKeys, the current one first; a second one is the key before a rotation.
    receive_id: the app id of an official account, the corp id in WeCom, "" for a WeCom robot.
    For one thread at a time.
    """

    __slots__ = ("_ciphers", "_decryptors", "_keys", "_receive_id", "_token")

    def __init__(self, token: str, receive_id: str, keys: Sequence[str]) -> None:
        self._token = token
        self._receive_id = receive_id.encode()
        self._keys = tuple(decode_key(key) for key in keys)
        self._ciphers = tuple(Cipher(AES(key), CBC(key[:16])) for key in self._keys)
        # Made once for all messages, which costs a tenth: in CBC the state that one message leaves behind changes
        # the first block of the next, and nothing else. That block is the random one that nobody reads.
        self._decryptors = tuple(cipher.decryptor() for cipher in self._ciphers)

    def open(self, encrypted: str, msg_signature: str, timestamp: str, nonce: str) -> Opened:
        """Verify, then decrypt with the first key that fits; raises BadCallback for anything wrong."""
        check_signature(msg_signature, self._token, timestamp, nonce, encrypted)
        try:
            sealed = a2b_base64(encrypted)
        except (Base64Error, ValueError):
            raise BadCallback("base64") from None
        if not sealed or len(sealed) % 16:
            raise BadCallback("ciphertext_length")
        reason = ""
        for index, decryptor in enumerate(self._decryptors):
            message = self._unwrap(decryptor.update(sealed))
            if isinstance(message, bytes):
                return Opened(message, index)
            reason = reason or message
        raise BadCallback(reason or "no_key")

    def open_posted(self, query: Mapping[str, str], encrypted: str, now: datetime) -> Opened:
        """Open what came with the callback's `query`, which must be fresh; raises BadCallback."""
        timestamp = query.get("timestamp", "")
        check_fresh(timestamp, now)
        return self.open(encrypted, query.get("msg_signature", ""), timestamp, query.get("nonce", ""))

    def open_echo(self, query: Mapping[str, str], now: datetime) -> str:
        """What WeCom wants to read when it checks a callback address; raises BadCallback."""
        message = self.open_posted(query, query.get("echostr", ""), now).message
        if not _ECHO.fullmatch(message):
            raise BadCallback("echostr")
        return message.decode("ascii")

    def _unwrap(self, plain: bytes) -> bytes | str:
        """The message, or the reason why this is not a message for us."""
        pad = plain[-1]
        if not 1 <= pad <= PAD_BLOCK or not plain.endswith(_PADS[pad]):
            return "padding"
        end = len(plain) - pad
        start_of_id = _HEAD + int.from_bytes(plain[16:_HEAD], "big")
        if start_of_id > end:
            return "length"
        if not hmac.compare_digest(plain[start_of_id:end], self._receive_id):
            return "receive_id"
        return plain[_HEAD:start_of_id]

    def seal(self, message: bytes, prefix: bytes, key_index: int = 0) -> str:
        """Base64 of the encrypted message. `prefix` is the 16 bytes that stand where the random ones go."""
        if len(prefix) != 16:
            raise ValueError("the prefix has 16 bytes")
        plain = b"".join((prefix, len(message).to_bytes(4, "big"), message, self._receive_id))
        plain += _PADS[PAD_BLOCK - len(plain) % PAD_BLOCK]
        return b2a_base64(self._ciphers[key_index].encryptor().update(plain), newline=False).decode("ascii")

    def envelope(self, message: bytes, timestamp: int, key_index: int = 0, nonce: str = "") -> Envelope:
        """A signed and sealed reply; the same arguments give the same one.

        Prefix and nonce come from an HMAC under the key instead of a random source: the platform's retry
        must get the bytes its first try got, and different messages still get different prefixes. The
        prefix is printable because the official samples' is.
        """
        seed = hmac.digest(
            self._keys[key_index], b"reply\0%d\0%s\0%s" % (timestamp, nonce.encode(), message), "sha256"
        )
        encrypt = self.seal(message, b64encode(seed[:12]), key_index)
        nonce = nonce or str(int.from_bytes(seed[12:20], "big"))
        return Envelope(encrypt, signature(self._token, str(timestamp), nonce, encrypt), timestamp, nonce)
