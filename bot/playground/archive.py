"""The chat archive's feed: what was said in groups, sealed as the platform seals it, kept five days.

The inner seal is the simulator's own; its other half is written anew in the bot. Sealing costs a public-key
operation a message, so that it is done when a message is said.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.playground.media import plain_picture

PATH = "/archive/chatdata"
MEDIA_PATH = "/archive/media"
SLICE = 512 * 1024
LIMIT = 1000
KEPT = timedelta(days=5)
FILE_ID_ERROR = 10005
PARAMETER_ERROR = 10000  # of the vendor's library, as are the codes that `fail_next` takes


def _utc_now() -> datetime:
    return datetime.now(UTC)


def new_key() -> rsa.RSAPrivateKey:
    """Make a key pair of the size the platform asks for; about 0.1 s."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class Item:
    """A sealed message as GetChatData gives it, and when it was said."""

    fields: dict[str, Any]
    said_at: datetime


@dataclass
class ArchiveFeed:
    """One corp's archive. `keys`: by version, the highest seals; they are also what the bot is given."""

    keys: dict[int, rsa.RSAPrivateKey]
    clock: Callable[[], datetime] = _utc_now
    seq: int = 0
    pulls: int = 0
    items: list[Item] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)  # by sdkfileid
    _failures: list[int] = field(default_factory=list)
    on_pull: Callable[[], None] = lambda: None

    # What happens in groups; each returns the msgid

    def text(self, room: str, sender: str, content: str, **also: Any) -> str:
        """A text; `room` "" for a chat between two people."""
        return self.say(room, sender, "text", {"content": content}, **also)

    def answer(self, room: str, sender: str, quoted: str, content: str) -> str:
        """A text that quotes another, in the shape of the archive's sample."""
        return self.text(room, sender, f'这是一条引用/回复消息："{quoted}"\n------\n{content}')

    def mixed(self, room: str, sender: str, *parts: tuple[str, Mapping[str, Any]]) -> str:
        """Texts and pictures in one message; each part is (type, content)."""
        items = [
            {"type": kind, "content": json.dumps(content, ensure_ascii=False)} for kind, content in parts
        ]
        return self.say(room, sender, "mixed", {"item": items})

    def picture(self, room: str, sender: str, content: bytes | None = None) -> str:
        """A picture; a small one of our own for None."""
        return self.say(room, sender, "image", self.image(content))

    def image(self, content: bytes | None = None) -> dict[str, Any]:
        """The body of a picture, also as a part of a mixed message. Its handle is as long as real ones are."""
        content = plain_picture() if content is None else content
        sdkfileid = secrets.token_urlsafe(330)
        self.pictures[sdkfileid] = content
        return {"md5sum": secrets.token_hex(16), "filesize": len(content), "sdkfileid": sdkfileid}

    def say(self, room: str, sender: str, msgtype: str, body: Mapping[str, Any], **also: Any) -> str:
        """A message of any type; `also` overrides fields of the plain message."""
        plain = self._plain(sender, room) | {"msgtype": msgtype, msgtype: dict(body)} | also
        self.append(plain)
        return str(plain["msgid"])

    def revoke(self, msgid: str, sender: str, room: str) -> str:
        """Somebody takes a message back."""
        plain = self._plain(sender, room) | {
            "action": "recall",
            "msgtype": "revoke",
            "revoke": {"pre_msgid": msgid},
        }
        self.append(plain)
        return str(plain["msgid"])

    def switch(self, userid: str) -> None:
        """A member of staff changes corp: an entry without sender and type."""
        now = int(self.clock().timestamp() * 1000)
        self.append({"msgid": self._msgid(), "action": "switch", "time": now, "user": userid})

    def hole(self, width: int = 1) -> None:
        """Numbers that never come: messages of people who did not agree to the archive."""
        self.seq += width

    def rotate(self, key: rsa.RSAPrivateKey | None = None) -> int:
        """The operator put a new public key into the console; returns its version."""
        version = max(self.keys) + 1
        self.keys[version] = key or new_key()
        return version

    def append(self, plain: Mapping[str, Any] | Sequence[Any], **fields: Any) -> int:
        """Seal anything and return its number; `fields` override what GetChatData says of it."""
        self.seq += 1
        version = max(self.keys)
        random_key = secrets.token_urlsafe(24).encode()
        sealed_key = self.keys[version].public_key().encrypt(random_key, padding.PKCS1v15())
        msgid = plain.get("msgid") if isinstance(plain, Mapping) else None
        item = {
            "seq": self.seq,
            "msgid": msgid or self._msgid(),
            "publickey_ver": version,
            "encrypt_random_key": base64.b64encode(sealed_key).decode(),
            "encrypt_chat_msg": seal(random_key, json.dumps(plain, ensure_ascii=False).encode()),
        }
        self.items.append(Item(item | fields, self.clock()))
        return self.seq

    def _plain(self, sender: str, room: str) -> dict[str, Any]:
        return {
            "msgid": self._msgid(),
            "action": "send",
            "from": sender,
            "tolist": [],
            "roomid": room,
            "msgtime": int(self.clock().timestamp() * 1000),
        }

    def _msgid(self) -> str:
        return f"{secrets.randbits(63)}_{int(self.clock().timestamp())}_external"

    # What the bot asks

    def fail_next(self, *errcodes: int) -> None:
        """Answer the next pulls with these codes instead (10001 network, 10003 system, ...)."""
        self._failures += errcodes

    def pull(self, seq: int, limit: int) -> dict[str, Any]:
        """What GetChatData answers: messages after `seq` that are not too old."""
        self.pulls += 1
        if self._failures:
            return {"errcode": self._failures.pop(0), "errmsg": "failed as asked"}
        if seq < 0 or not 0 < limit <= LIMIT:
            return {"errcode": PARAMETER_ERROR, "errmsg": "seq or limit out of range"}
        oldest = self.clock() - KEPT
        found = [
            item.fields for item in self.items if int(item.fields["seq"]) > seq and item.said_at > oldest
        ]
        return {"errcode": 0, "errmsg": "ok", "chatdata": found[:limit]}

    def routes(self) -> list[web.RouteDef]:
        """The feed, for an application that may have other routes."""
        return [web.get(PATH, self._handle), web.get(MEDIA_PATH, self._handle_media)]

    def media(self, sdkfileid: str, index: str) -> dict[str, Any]:
        """What GetMediaData answers: a slice, and where the next one begins."""
        content = self.pictures.get(sdkfileid)
        if content is None:
            return {"errcode": FILE_ID_ERROR, "errmsg": "file id error"}
        start = int(index or "0")
        end = start + SLICE
        return {
            "errcode": 0,
            "errmsg": "ok",
            "data": base64.b64encode(content[start:end]).decode(),
            "outindexbuf": str(end),
            "is_finish": end >= len(content),
        }

    async def _handle_media(self, request: web.Request) -> web.Response:
        return web.json_response(
            self.media(request.query.get("sdkfileid", ""), request.query.get("indexbuf", ""))
        )

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            seq, limit = int(request.query["seq"]), int(request.query["limit"])
        except (KeyError, ValueError):
            return web.json_response({"errcode": PARAMETER_ERROR, "errmsg": "seq or limit missing"})
        answer = self.pull(seq, limit)
        self.on_pull()
        return web.json_response(answer)

    def write_keys(self, folder: Path) -> dict[str, Path]:
        """Write the private keys as PEM files and return them by version, as the bot's configuration has them."""
        files = {}
        for version, key in self.keys.items():
            files[str(version)] = folder / f"archive-{version}.pem"
            files[str(version)].touch(mode=0o600)
            files[str(version)].write_bytes(
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            )
        return files


def seal(random_key: bytes, plain: bytes) -> str:
    """Close the inner seal: base64 of IV, AES-256-CBC with PKCS#7, HMAC-SHA256 over both; see the bot's other half."""
    iv = secrets.token_bytes(16)
    padder = PKCS7(128).padder()
    encryptor = Cipher(
        algorithms.AES(hashlib.sha256(b"aes:" + random_key).digest()), modes.CBC(iv)
    ).encryptor()
    body = iv + encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    mac = hmac.digest(hashlib.sha256(b"mac:" + random_key).digest(), body, "sha256")
    return base64.b64encode(body + mac).decode()
