"""The API's access token: one request for all who wait, one refresh a failure, no loop on a wrong secret.

Sources: developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken. Normal mode returns the same
token to every caller and renews it five minutes early, old and new both good meanwhile; forced mode voids the
old one, at most every 30 s and 20 times a day.
developer.work.weixin.qq.com/document/path/91039. WeCom returns the same token until it expires; it may void one
early and then hands out another, and there is no way to force it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import aiohttp
from pydantic import SecretStr

from bot.channels.base import ChannelError, SendResult, Verdict
from bot.channels.errcodes import OFFICIAL, WECOM, ErrcodeTable
from bot.channels.platform_api import TIMEOUT, Answer, call

MARGIN_SECONDS = 120.0
BLOCKED_SECONDS = 300.0
PAUSE_SECONDS = 2.0
FORCE_GAP_SECONDS = 30.0
FORCES_A_DAY = 10  # half of the platform's 20: other replicas force, too
_DAY_SECONDS = 86400.0

_STILL_BAD = SendResult(
    Verdict.RETRY, None, "凭证刚刚失效，正在等待换新；若反复出现，请检查是否有其他程序在用同一账号刷新凭证"
)
# Without a token nothing was sent: what is unknown about this call leaves no doubt about the message.
_NO_TOKEN = SendResult(Verdict.RETRY, None, "取凭证时微信平台没有正常应答，稍后自动重试")
_MALFORMED = SendResult(Verdict.RETRY, None, "取凭证的应答不完整，稍后自动重试")


@dataclass(frozen=True, slots=True)
class _Grant:
    token: str = field(repr=False)
    good_until: float


class TokenSource(Protocol):
    """Where a platform's tokens come from."""

    errcodes: ErrcodeTable
    can_force: bool

    async def fetch(self, *, force: bool) -> Answer | SendResult:
        """Ask for a token; `force` for another one than the last."""


class StableTokens:
    """The service account's POST /cgi-bin/stable_token."""

    errcodes = OFFICIAL
    can_force = True

    def __init__(
        self,
        http: aiohttp.ClientSession,
        api_base: str,
        app_id: str,
        app_secret: SecretStr,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self._http = http
        self._url = f"{api_base.rstrip('/')}/cgi-bin/stable_token"
        self._app_id = app_id
        self._app_secret = app_secret
        self._timeout = timeout

    async def fetch(self, *, force: bool) -> Answer | SendResult:
        """See TokenSource."""
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._app_secret.get_secret_value(),
            "force_refresh": force,
        }
        return await call(self._http, self._url, body, timeout=self._timeout)


class CorpTokens:
    """WeCom's GET /cgi-bin/gettoken, which wants the secret in the query."""

    errcodes = WECOM
    can_force = False

    def __init__(
        self,
        http: aiohttp.ClientSession,
        api_base: str,
        corp_id: str,
        secret: SecretStr,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self._http = http
        self._url = f"{api_base.rstrip('/')}/cgi-bin/gettoken"
        self._corp_id = corp_id
        self._secret = secret
        self._timeout = timeout

    async def fetch(self, *, force: bool) -> Answer | SendResult:
        """See TokenSource."""
        query = {"corpid": self._corp_id, "corpsecret": self._secret.get_secret_value()}
        return await call(self._http, self._url, query=query, timeout=self._timeout)


class AccessToken:
    """The token of one account, kept in memory. `monotonic` is a clock in seconds."""

    def __init__(self, source: TokenSource, monotonic: Callable[[], float]) -> None:
        self._source = source
        self._monotonic = monotonic
        self._grant: _Grant | None = None
        self._failed_token = ""
        self._refusal: SendResult | None = None
        self._refused_until = 0.0
        self._forced_at: deque[float] = deque(maxlen=FORCES_A_DAY)
        self._flight: asyncio.Task[_Grant | SendResult] | None = None

    async def get(self) -> str:
        """A token that should be good; raises ChannelError (RETRY or ACCOUNT_BLOCKED, with wait_seconds)."""
        now = self._monotonic()
        if self._grant is not None and now < self._grant.good_until:
            return self._grant.token
        if self._refusal is not None and now < self._refused_until:
            raise ChannelError(replace(self._refusal, wait_seconds=self._refused_until - now))
        if self._flight is None:
            self._flight = asyncio.create_task(self._fly())
            self._flight.add_done_callback(self._landed)
        # Shielded: who gives up waiting must not take the others' token along.
        outcome = await asyncio.shield(self._flight)
        if isinstance(outcome, SendResult):
            raise ChannelError(outcome)
        return outcome.token

    def invalidate(self, failed_token: str) -> None:
        """Say that the API refused `failed_token`. Only the first of many who say so has an effect."""
        if self._grant is not None and self._grant.token == failed_token:
            self._grant = None
            self._failed_token = failed_token

    def _landed(self, _: asyncio.Task[_Grant | SendResult]) -> None:
        self._flight = None

    async def _fly(self) -> _Grant | SendResult:
        outcome = await self._request(force=False)
        if self._is_known_bad(outcome):
            outcome = await self._force()
        now = self._monotonic()
        if isinstance(outcome, _Grant):
            self._grant, self._failed_token, self._refusal = outcome, "", None
            return outcome
        pause = BLOCKED_SECONDS if outcome.verdict is Verdict.ACCOUNT_BLOCKED else PAUSE_SECONDS
        self._refusal = replace(outcome, wait_seconds=max(pause, outcome.wait_seconds))
        self._refused_until = now + self._refusal.wait_seconds
        return self._refusal

    def _is_known_bad(self, outcome: _Grant | SendResult) -> bool:
        return isinstance(outcome, _Grant) and bool(outcome.token) and outcome.token == self._failed_token

    async def _force(self) -> _Grant | SendResult:
        now = self._monotonic()
        if not self._source.can_force:
            return replace(_STILL_BAD, wait_seconds=FORCE_GAP_SECONDS)
        if self._forced_at and now < self._forced_at[-1] + FORCE_GAP_SECONDS:
            return replace(_STILL_BAD, wait_seconds=self._forced_at[-1] + FORCE_GAP_SECONDS - now)
        if len(self._forced_at) == FORCES_A_DAY and now < self._forced_at[0] + _DAY_SECONDS:
            return replace(_STILL_BAD, wait_seconds=BLOCKED_SECONDS)
        self._forced_at.append(now)
        outcome = await self._request(force=True)
        return replace(_STILL_BAD, wait_seconds=FORCE_GAP_SECONDS) if self._is_known_bad(outcome) else outcome

    async def _request(self, *, force: bool) -> _Grant | SendResult:
        asked_at = self._monotonic()
        answer = await self._source.fetch(force=force)
        if isinstance(answer, SendResult):
            return answer if answer.verdict is Verdict.RETRY else _NO_TOKEN
        if answer.errcode:
            return _refusal(self._source.errcodes, answer.errcode, answer.errmsg)
        token, expires_in = answer.fields.get("access_token"), answer.fields.get("expires_in")
        if not isinstance(token, str) or not _looks_like_a_token(token):
            return _MALFORMED
        if type(expires_in) is not int or not 0 < expires_in <= _DAY_SECONDS:
            return _MALFORMED
        return _Grant(token, asked_at + max(expires_in - MARGIN_SECONDS, expires_in / 2))


def _looks_like_a_token(token: str) -> bool:
    return 0 < len(token) <= 2048 and token.isascii() and token.isprintable() and " " not in token


def _refusal(errcodes: ErrcodeTable, errcode: int, errmsg: str) -> SendResult:
    """What a code means at this endpoint: "token bad" is about the secret, and nobody's recipient is refused."""
    result = errcodes.result_of(errcode, errmsg)
    if errcodes.asks_for_new_token(errcode):
        return replace(result, verdict=Verdict.ACCOUNT_BLOCKED)
    if result.verdict is Verdict.ACCOUNT_BLOCKED:
        return result
    return replace(result, verdict=Verdict.RETRY)
