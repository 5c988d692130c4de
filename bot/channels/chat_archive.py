"""会话内容存档: every message of the customer groups in which an archived member sits (wechat.md 2.7, D:91774).

The platform hands out sealed messages by sequence number. The outer seal is documented: RSA PKCS#1 v1.5 under the
public key of `publickey_ver`. The inner one is opened by the vendor's closed library only, which ends the process on
a damaged message: its implementation of these two protocols belongs into a child process, and comes later. The
simulator's is in archive_simulated.py. Here is what both share: the keys, and the plain messages as entries.

Forwarded chats (chatrecord) and quotes are the words of others, of whom nobody knows whether they were told: the
former carry nothing for us, the latter are cut off before storing (handlers.groups.rules.own_words).
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from handlers.groups.entries import Dropped, Entry, Revoked, Said
from handlers.inbound import InboundKind
from storage.states import Tombstone

PULL_LIMIT = 1000  # of GetChatData
MOST_PICTURES = 9  # in one message
KEPT_DAYS = 5  # what is older, the platform has thrown away
_KEY_LENGTH = 190
_LAST_MILLISECOND = 253402300799_999  # of the year 9999, the last a datetime has

_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_MSG_ID = re.compile(r"[!-~]{1,500}")
_FILE_ID = re.compile(r"[!-~]{1,2000}")  # the samples have some 450 characters
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Sealed(NamedTuple):
    """An item of GetChatData."""

    seq: int
    msgid: str
    publickey_ver: int
    encrypt_random_key: str
    encrypt_chat_msg: str


class ArchiveUnavailableError(Exception):
    """The feed cannot be read now. errcode: the platform's, None when there was no answer; the text is a hint."""

    def __init__(self, errcode: int | None, hint: str) -> None:
        super().__init__(hint)
        self.errcode = errcode


class ArchiveKeyError(Exception):
    """A private key file cannot be used; the message names the file."""


class UnreadableError(Exception):
    """A message cannot be opened. `reason` is for logs and metrics: no_key, random_key, seal, json or shape."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ArchiveSource(Protocol):
    """Where sealed messages come from."""

    async def pull(self, seq: int, limit: int) -> list[Sealed]:
        """Give messages after `seq` in their order, at most `limit`; [] when there are none.

        Numbers may be missing. Raises ArchiveUnavailableError.
        """


class ChatArchiveDecryptor(Protocol):
    """Opens the inner seal; called in a thread."""

    def open(self, random_key: bytes, encrypt_chat_msg: str) -> bytes:
        """Give the plain message in JSON; raises UnreadableError."""


class PrivateKeys:
    """Private keys by the version of their public keys. Old ones stay: messages of days ago need them."""

    def __init__(self, keys: Mapping[int, RSAPrivateKey]) -> None:
        self._keys = dict(keys)

    @classmethod
    def load(cls, files: Mapping[str, Path]) -> "PrivateKeys":
        """Read PEM files by version, as in the configuration; raises ArchiveKeyError."""
        keys = {}
        for version, path in files.items():
            try:
                key = load_pem_private_key(path.read_bytes(), password=None)
            except (OSError, ValueError, TypeError) as error:
                raise ArchiveKeyError(f"{path}: not a readable private key without password") from error
            if not isinstance(key, RSAPrivateKey) or not version.isdecimal():
                raise ArchiveKeyError(f"{path}: not an RSA key under the number of its version")
            keys[int(version)] = key
        return cls(keys)

    def open(self, version: int, encrypted: str) -> bytes:
        """Give the random key of a message; raises UnreadableError."""
        key = self._keys.get(version)
        if key is None:
            raise UnreadableError("no_key")
        try:
            return key.decrypt(base64.b64decode(encrypted), padding.PKCS1v15())
        except (binascii.Error, ValueError):
            raise UnreadableError("random_key") from None


class Unreadable(NamedTuple):
    """An item that could not be opened."""

    seq: int
    version: int
    reason: str


class Page(NamedTuple):
    """What a pull came to, in the order of sequence numbers; unreadable items are among the entries as Dropped."""

    entries: list[Entry]
    unreadable: list[Unreadable]


def read_page(items: Sequence[Sealed], keys: PrivateKeys, decryptor: ChatArchiveDecryptor) -> Page:
    """Open and parse items; whatever is wrong with one is said of that one. About 1 ms an item: not for the loop."""
    page = Page([], [])
    for item in sorted(items):
        try:
            plain = _plain(
                decryptor.open(keys.open(item.publickey_ver, item.encrypt_random_key), item.encrypt_chat_msg)
            )
            entry = parse(item.seq, item.msgid, plain)
        except (
            Exception
        ) as error:  # whatever a decryptor does with a damaged one: the same page would come for ever
            entry = Dropped(item.seq, Tombstone.UNREADABLE)
            reason = error.reason if isinstance(error, UnreadableError) else type(error).__name__
            page.unreadable.append(Unreadable(item.seq, item.publickey_ver, reason))
        page.entries.append(entry)
    return page


def _plain(raw: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(raw)
    except (ValueError, RecursionError):
        raise UnreadableError("json") from None
    if not isinstance(plain, dict):
        raise UnreadableError("shape")
    return plain


def key_of(msgid: str) -> str:
    """The inbox key of a message."""
    key = f"a:{msgid}"
    return key if len(key) <= _KEY_LENGTH else f"a:{sha256(msgid.encode()).hexdigest()}"


def parse(seq: int, msgid: str, plain: Mapping[str, Any]) -> Entry:
    """A plain message as an entry; types nobody has heard of carry nothing. Raises UnreadableError for no message."""
    if plain.get("action") == "switch":  # a member changed corp: no message, it has neither sender nor type
        return Dropped(seq, Tombstone.NOT_WORDS)
    room = _word(plain.get("roomid"))
    if room and not _NAME.fullmatch(room):
        raise UnreadableError("shape")
    if plain.get("action") == "recall" or plain.get("msgtype") == "revoke":
        revoked = _word(_object(plain.get("revoke")).get("pre_msgid"))
        if not _MSG_ID.fullmatch(revoked):
            raise UnreadableError("shape")
        return Revoked(seq, key_of(revoked), room)
    sender = _word(plain.get("from"))
    # Revocations name the id inside the seal.
    msgid = _word(plain.get("msgid")) or msgid
    if not _NAME.fullmatch(sender) or not _MSG_ID.fullmatch(msgid):
        raise UnreadableError("shape")
    msgtype = _word(plain.get("msgtype"))
    kind, text = _content(msgtype, plain)
    media = _media(msgtype, plain)
    if kind is None and media:  # several pictures in one message
        kind = InboundKind.IMAGE
    return Said(seq, key_of(msgid), room, sender, _time(plain.get("msgtime")), kind, text, media)


_WORDLESS = {
    "image": InboundKind.IMAGE,
    "voice": InboundKind.VOICE,
    "video": InboundKind.VIDEO,
    "file": InboundKind.OTHER,
}


def _content(msgtype: str, plain: Mapping[str, Any]) -> tuple[InboundKind | None, str]:
    if msgtype in _WORDLESS:
        return _WORDLESS[msgtype], ""
    # markdown and news lie under "info" (their samples), the others under their own name.
    body = _object(plain.get(msgtype)) or _object(plain.get("info"))
    kind, text = InboundKind.TEXT, ""
    match msgtype:
        case "text" | "markdown":
            text = _text(body.get("content"))
        case "mixed":
            text = "\n".join(_mixed(body))
        case "news":
            text = "\n".join(
                _lines(_object(item), "title", "description") for item in _list(body.get("item"))
            )
        case "link":
            kind, text = InboundKind.LINK, _lines(body, "title", "description", "link_url")
        case "location":
            kind, text = InboundKind.LOCATION, _lines(body, "title", "address")
    return (kind, text) if text.strip() else (None, "")


def _media(msgtype: str, plain: Mapping[str, Any]) -> tuple[str, ...]:
    """The handles of the pictures in a message; what is beyond the limits is left out."""
    body = _object(plain.get(msgtype))
    found = [body] if msgtype == "image" else []
    if msgtype == "mixed":
        parts = [_object(item) for item in _list(body.get("item"))]
        found = [_object(part.get("content")) for part in parts if _word(part.get("type")) == "image"]
    handles = [_word(each.get("sdkfileid")) for each in found]
    return tuple(handle for handle in handles if _FILE_ID.fullmatch(handle))[:MOST_PICTURES]


def _mixed(body: Mapping[str, Any]) -> list[str]:
    """The texts among the parts, whose contents are JSON in a string."""
    texts = []
    for item in _list(body.get("item")):
        part = _object(item)
        if _word(part.get("type")) == "text":
            texts.append(_text(_object(part.get("content")).get("content")))
    return [text for text in texts if text]


def _lines(body: Mapping[str, Any], *names: str) -> str:
    return "\n".join(line for name in names if (line := _text(body.get(name))))


def _object(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def _text(value: Any) -> str:
    """Without what a database cannot keep: the platform's JSON may escape anything."""
    return _UNSTORABLE.sub("", value) if isinstance(value, str) else ""


def _word(value: Any) -> str:
    return value.strip() if isinstance(value, str) else str(value) if type(value) is int else ""


def _time(value: Any) -> datetime | None:
    """Milliseconds since 1970, as a number or a string; an old sample has 0."""
    word = _word(value)
    if not (word.isascii() and word.isdecimal() and len(word) <= 18 and 0 < int(word) <= _LAST_MILLISECOND):
        return None
    seconds, rest = divmod(int(word), 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
