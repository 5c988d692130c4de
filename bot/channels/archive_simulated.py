"""The simulator's chat archive: a feed over HTTP in the shape of GetChatData, and its own inner seal.

The inner seal is ours, not the vendor's (theirs is not published): base64 of IV (16 bytes), AES-256-CBC with PKCS#7
padding, and HMAC-SHA256 over both; the keys are SHA-256 of "aes:" and of "mac:" before the random key. Everything
around it, the JSON of the feed, the RSA seal of the random key and the plain messages, is as the platform documents.
"""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from bot.channels.base import ChannelError, MediaTooLarge, SendResult, Verdict
from bot.channels.chat_archive import KEPT_DAYS, ArchiveUnavailableError, Sealed, UnreadableError

PATH = "/archive/chatdata"
MEDIA_PATH = "/archive/media"
NOT_THERE = (10005, 10010)  # of the vendor's library: the file id is wrong, or too old
TIMEOUT = aiohttp.ClientTimeout(total=20, connect=5, sock_connect=4)
_NO_ANSWER = SendResult(Verdict.RETRY, None, "会话存档没有应答，请检查网络")
_IV, _MAC, _BLOCK = 16, 32, 16


class SimulatedSource:
    """ArchiveSource and MediaSource for bot/playground."""

    def __init__(self, api_base: str, http: aiohttp.ClientSession) -> None:
        self._url = api_base.rstrip("/") + PATH
        self._media_url = api_base.rstrip("/") + MEDIA_PATH
        self.media_kept = timedelta(days=KEPT_DAYS)
        self._http = http

    async def pull(self, seq: int, limit: int) -> list[Sealed]:
        """See ArchiveSource."""
        try:
            async with self._http.get(
                self._url,
                params={"seq": str(seq), "limit": str(limit)},
                timeout=TIMEOUT,
                allow_redirects=False,
            ) as response:
                answer = json.loads(await response.read()) if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError):
            raise ArchiveUnavailableError(None, "会话存档没有应答，请检查网络") from None
        if not isinstance(answer, dict) or not isinstance(answer.get("errcode"), int):
            raise ArchiveUnavailableError(None, "应答不是会话存档的格式，请检查出口代理")
        if answer["errcode"]:
            raise ArchiveUnavailableError(answer["errcode"], "会话存档拒绝了请求")
        items = [_item(item) for item in answer.get("chatdata") or ()]
        if None in items:
            raise ArchiveUnavailableError(None, "会话存档的条目缺少 seq")
        return [item for item in items if item is not None]

    async def fetch_media(self, media_id: str, limit_bytes: int) -> bytes:
        """See MediaSource. In slices of 512 KB, each of which says where the next one begins, as GetMediaData."""
        content, index = bytearray(), ""
        while True:
            answer = await self._ask(self._media_url, {"sdkfileid": media_id, "indexbuf": index})
            if answer["errcode"]:
                gone = answer["errcode"] in NOT_THERE
                verdict = Verdict.REFUSED if gone else Verdict.RETRY
                raise ChannelError(SendResult(verdict, answer["errcode"], "会话存档没有给这张图片"))
            try:
                content += base64.b64decode(str(answer.get("data") or ""), validate=True)
            except (binascii.Error, ValueError):
                raise ChannelError(_NO_ANSWER) from None
            if len(content) > limit_bytes:
                raise MediaTooLarge
            index, before = str(answer.get("outindexbuf") or ""), index
            if answer.get("is_finish"):
                return bytes(content)
            if index in ("", before):  # it would go round for ever
                raise ChannelError(_NO_ANSWER)

    async def _ask(self, url: str, query: dict[str, str]) -> dict[str, Any]:
        try:
            async with self._http.get(url, params=query, timeout=TIMEOUT, allow_redirects=False) as response:
                answer = json.loads(await response.read()) if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError):
            raise ChannelError(_NO_ANSWER) from None
        if not isinstance(answer, dict) or not isinstance(answer.get("errcode"), int):
            raise ChannelError(_NO_ANSWER)
        return answer


class SimulatedSeal:
    """ChatArchiveDecryptor for bot/playground."""

    def open(self, random_key: bytes, encrypt_chat_msg: str) -> bytes:
        """See ChatArchiveDecryptor."""
        try:
            raw = base64.b64decode(encrypt_chat_msg, validate=True)
        except (binascii.Error, ValueError):
            raise UnreadableError("seal") from None
        sealed, mac = raw[:-_MAC], raw[-_MAC:]
        expected = hmac.digest(hashlib.sha256(b"mac:" + random_key).digest(), sealed, "sha256")
        if len(sealed) < _IV + _BLOCK or not hmac.compare_digest(mac, expected):
            raise UnreadableError("seal")
        key = hashlib.sha256(b"aes:" + random_key).digest()
        decryptor = Cipher(algorithms.AES(key), modes.CBC(sealed[:_IV])).decryptor()
        unpadder = PKCS7(_BLOCK * 8).unpadder()
        try:
            padded = decryptor.update(sealed[_IV:]) + decryptor.finalize()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            raise UnreadableError("seal") from None


def _item(item: Any) -> Sealed | None:
    """Numbers as numbers or strings; what else is missing makes the item unreadable, not the page."""
    if not isinstance(item, dict):
        return None
    seq = _number(item.get("seq"))
    if seq is None:
        return None
    return Sealed(
        seq,
        str(item.get("msgid") or ""),
        _number(item.get("publickey_ver")) or 0,
        str(item.get("encrypt_random_key") or ""),
        str(item.get("encrypt_chat_msg") or ""),
    )


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18:
        return int(value)
    return value if type(value) is int and 0 <= value < 2**63 else None
