"""A platform's API as one account sees it: every call has the token, and a second try when that was refused."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import aiohttp

from bot.channels.access_token import AccessToken
from bot.channels.base import ChannelError, SendResult
from bot.channels.errcodes import ErrcodeTable
from bot.channels.platform_api import ANSWER_LIMIT_BYTES, BAD_ANSWER, TIMEOUT, Answer, call, download

T = TypeVar("T")


class Api:
    """Calls under one account's token. `http` stays the caller's to close."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        api_base: str,
        access_token: AccessToken,
        errcodes: ErrcodeTable,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self._http = http
        self._api_base = api_base.rstrip("/")
        self._access_token = access_token
        self._timeout = timeout
        self.errcodes = errcodes

    async def call(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        limit_bytes: int = ANSWER_LIMIT_BYTES,
    ) -> Answer:
        """POST `body`, or GET without one; raises ChannelError when there is no answer to read."""

        async def attempt(token: str) -> Answer | SendResult:
            full_query = {"access_token": token, **(query or {})}
            url = self._api_base + path
            return await call(self._http, url, body, full_query, self._timeout, limit_bytes)

        return await self._with_token(attempt)

    async def download(self, path: str, query: Mapping[str, str], limit_bytes: int) -> bytes:
        """GET a medium; raises MediaTooLarge, and ChannelError when the platform does not hand it out."""

        async def attempt(token: str) -> bytes | Answer | SendResult:
            url = self._api_base + path
            return await download(self._http, url, {"access_token": token, **query}, limit_bytes)

        answer = await self._with_token(attempt)
        if isinstance(answer, bytes):
            return answer
        if not answer.errcode:  # a video's address, or something else that is no picture
            raise ChannelError(BAD_ANSWER)
        raise ChannelError(self.errcodes.result_of(answer.errcode, answer.errmsg))

    async def _with_token(self, attempt: Callable[[str], Awaitable[T | Answer | SendResult]]) -> T | Answer:
        """What an attempt comes to, a second time with another token when that was refused."""
        token = await self._access_token.get()
        answer = await attempt(token)
        if isinstance(answer, Answer) and self.errcodes.asks_for_new_token(answer.errcode):
            self._access_token.invalidate(token)
            answer = await attempt(await self._access_token.get())
        if isinstance(answer, SendResult):
            raise ChannelError(answer)
        return answer

    async def ask(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        limit_bytes: int = ANSWER_LIMIT_BYTES,
    ) -> dict[str, Any]:
        """The fields of a good answer; raises ChannelError for any other."""
        answer = await self.call(path, body, query, limit_bytes)
        if answer.errcode:
            raise ChannelError(self.errcodes.result_of(answer.errcode, answer.errmsg))
        return answer.fields

    async def post(self, path: str, body: Mapping[str, Any]) -> tuple[SendResult, dict[str, Any]]:
        """Send something: what came of it, and the answer's fields; never raises for what the platform does."""
        try:
            answer = await self.call(path, body)
        except ChannelError as error:
            return error.result, {}
        # A success without errcode is not what these endpoints say: something else answered.
        if answer.errcode is None:
            return BAD_ANSWER, {}
        return self.errcodes.result_of(answer.errcode, answer.errmsg), answer.fields
