"""One call of the platform's JSON API, and what may be said of it when no answer comes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import aiohttp

from bot.channels.base import MediaTooLarge, SendResult, Verdict

# The connecting part ends before the whole does, so that its time-out is told apart: nothing was sent yet.
TIMEOUT = aiohttp.ClientTimeout(total=8, connect=5, sock_connect=4)
MEDIA_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=5, sock_connect=4, sock_read=10)
ANSWER_LIMIT_BYTES = 65536  # longer than any answer but lists

NOT_DELIVERED = SendResult(Verdict.RETRY, None, "连不上微信平台，请检查服务器的网络和域名解析", 2.0)
NO_ANSWER = SendResult(Verdict.UNKNOWN, None, "微信平台没有应答，结果未知")
BAD_ANSWER = SendResult(Verdict.UNKNOWN, None, "应答不是微信平台的格式，请检查出口代理，结果未知")


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON object. errcode: None when the object has none, as the successes of many endpoints."""

    fields: dict[str, Any]
    errcode: int | None
    errmsg: str


LARGE_BYTES = 2**20  # a body of more is read and sent piece by piece, so that the loop goes on


async def call(
    http: aiohttp.ClientSession,
    url: str,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
    timeout: aiohttp.ClientTimeout = TIMEOUT,  # noqa: ASYNC109  aiohttp's own, told apart by phase
    limit_bytes: int = ANSWER_LIMIT_BYTES,
) -> Answer | SendResult:
    """POST `body` as JSON, or GET without one. Returns a SendResult when there is no answer to read.

    Never raises for what the network does. No redirect is followed, nothing is logged: the query has secrets.
    """
    data = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    try:
        async with http.request(
            "GET" if data is None else "POST",
            url,
            params=query,
            data=BytesIO(data) if data and len(data) > LARGE_BYTES else data,
            headers={"Content-Type": "application/json; charset=utf-8"} if data else None,
            timeout=timeout,
            allow_redirects=False,
        ) as response:
            status = response.status
            raw = await _read(response.content, limit_bytes)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL):
        return NOT_DELIVERED
    except (aiohttp.ClientError, TimeoutError, OSError):
        return NO_ANSWER
    # A gateway's 5xx may come after the message was taken, whatever its body says.
    return NO_ANSWER if status >= 500 else _answer(raw)


async def download(
    http: aiohttp.ClientSession, url: str, query: Mapping[str, str], limit_bytes: int
) -> bytes | Answer | SendResult:
    """GET a medium. Returns its bytes, the JSON object that says why there is none, or when no answer came what is
    known of that. Raises MediaTooLarge; otherwise as `call`.

    A refusal is told by its type, which the platform has changed over the years (text/plain, application/json), and by
    its first character: no picture begins with a brace.
    """
    try:
        async with http.get(url, params=query, timeout=MEDIA_TIMEOUT, allow_redirects=False) as response:
            if response.status != 200:
                return NO_ANSWER
            if (response.content_length or 0) > limit_bytes:
                raise MediaTooLarge
            raw = bytearray()
            async for chunk in response.content.iter_chunked(65536):
                raw += chunk
                if len(raw) > limit_bytes:
                    raise MediaTooLarge
            kind = response.content_type
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL):
        return NOT_DELIVERED
    except (aiohttp.ClientError, TimeoutError, OSError):
        return NO_ANSWER
    content = bytes(raw)
    if "json" in kind or kind.startswith("text/") or content[:1] == b"{":
        return _answer(content) if len(content) <= ANSWER_LIMIT_BYTES else BAD_ANSWER
    return content


async def _read(content: aiohttp.StreamReader, limit_bytes: int) -> bytes:
    """The body; empty when it is longer."""
    raw = bytearray()
    async for chunk in content.iter_chunked(16384):
        raw += chunk
        if len(raw) > limit_bytes:
            return b""
    return bytes(raw)


def _answer(raw: bytes) -> Answer | SendResult:
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        return BAD_ANSWER
    if not isinstance(fields, dict):
        return BAD_ANSWER
    errcode, errmsg = fields.get("errcode"), fields.get("errmsg")
    if errcode is not None and type(errcode) is not int:
        return BAD_ANSWER
    return Answer(fields, errcode, errmsg if isinstance(errmsg, str) else "")
