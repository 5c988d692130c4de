"""A webhook (消息推送, once 群机器人) of one internal WeCom group: it speaks and hears nothing.

Source: developer.work.weixin.qq.com/document/path/99110. Whoever knows the key can write to the group, so it is in no
log and no error.
"""

import base64
import hashlib
from typing import Any

import aiohttp

from bot.channels.base import Outgoing, SendResult, Verdict
from bot.channels.errcodes import WECOM
from bot.channels.platform_api import BAD_ANSWER, TIMEOUT, call
from bot.channels.text import WEBHOOK_BYTES, WEBHOOK_MARKDOWN_BYTES, clean, cut_bytes
from bot.config import GroupWebhookSettings
from handlers.inbound import InboundKind
from storage.states import ChannelKind, Form, WindowRule

PICTURE_BYTES = 2 * 1024 * 1024
PACE_SECONDS = 3.05  # 20 in any minute, and a little for clocks that differ


class GroupWebhook:
    """One webhook. The recipient of its messages is the group it was added to. `http` stays the caller's to close."""

    def __init__(
        self,
        account: str,
        settings: GroupWebhookSettings,
        http: aiohttp.ClientSession,
        *,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self.account = account
        self.kind = ChannelKind.GROUP_WEBHOOK
        self._http = http
        self._timeout = timeout
        self._url = f"{settings.api_base.rstrip('/')}/cgi-bin/webhook/send"
        self._key = settings.key

    def window(self, kind: InboundKind) -> WindowRule | None:
        """None: it hears nobody."""
        return None

    def needs_window(self, form: Form) -> bool:
        """The group can be written to at any time."""
        return False

    def pace_seconds(self, form: Form) -> float:
        """20 messages a minute."""
        return PACE_SECONDS

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Send to the group; payload {"markdown": true} for text with markup. Never raises for what the platform does.

        Text beyond 2048 bytes (markdown: 4096) is cut off: whoever has more to say splits it first. A picture goes
        in place of the text, of at most 2 MB.
        """
        if outgoing.form is not Form.TEXT:
            return SendResult(Verdict.REFUSED, None, "群机器人不支持这种消息")
        if outgoing.picture:
            return await self._post_picture(outgoing.picture)
        text = clean(outgoing.text)
        if (outgoing.payload or {}).get("markdown") is True:
            # Nobody is mentioned by us, so a mention in it is somebody's words.
            marked = cut_bytes(text.replace("<@", "＜@"), WEBHOOK_MARKDOWN_BYTES)
            return await self._post("markdown", {"content": marked})
        return await self._post("text", {"content": cut_bytes(text, WEBHOOK_BYTES)})

    async def _post_picture(self, picture: bytes) -> SendResult:
        if len(picture) > PICTURE_BYTES:
            return SendResult(Verdict.REFUSED, None, "图片超过 2 MB")
        # The platform asks for MD5, as a checksum of what arrived.
        checksum = hashlib.md5(picture, usedforsecurity=False).hexdigest()
        return await self._post("image", {"base64": base64.b64encode(picture).decode(), "md5": checksum})

    async def probe(self) -> SendResult:
        """SENT when the key is good. An empty text is asked to be sent, which the platform refuses behind the key."""
        result = await self._post("text", {"content": ""})
        return SendResult(Verdict.SENT, 0) if result.verdict is Verdict.REFUSED else result

    async def _post(self, kind: str, content: dict[str, str]) -> SendResult:
        body: dict[str, Any] = {"msgtype": kind, kind: content}
        query = {"key": self._key.get_secret_value()}
        answer = await call(self._http, self._url, body, query, self._timeout)
        if isinstance(answer, SendResult):
            return answer
        if answer.errcode is None:
            return BAD_ANSWER
        return WECOM.result_of(answer.errcode, answer.errmsg)
