"""Calls of the platform's API, and what a bot saw of a callback."""

from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.playground.account import Account

OPENID = "oYishi0000000000000000000001"


@dataclass(frozen=True)
class Seen:
    """One request that reached the bot."""

    query: dict[str, str]
    body: str
    content_type: str


@dataclass
class Api:
    """Calls of the platform's API, as a bot would make them."""

    session: aiohttp.ClientSession
    account: Account
    base_url: str

    async def post(self, path: str, body: Any, **query: str) -> dict[str, Any]:
        async with self.session.post(self.base_url + path, json=body, params=query) as response:
            data: dict[str, Any] = await response.json()
            return data

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        async with self.session.get(self.base_url + path, params=query) as response:
            data: dict[str, Any] = await response.json()
            return data

    async def stable_token(self, *, force: bool = False) -> dict[str, Any]:
        return await self.post(
            "/cgi-bin/stable_token",
            {
                "grant_type": "client_credential",
                "appid": self.account.app_id,
                "secret": self.account.app_secret,
                "force_refresh": force,
            },
        )

    async def send(self, text: str, openid: str = OPENID, token: str | None = None) -> int:
        """Send a customer service message and give the errcode."""
        if token is None:
            token = (await self.stable_token())["access_token"]
        body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        code: int = (await self.post("/cgi-bin/message/custom/send", body, access_token=token))["errcode"]
        return code
