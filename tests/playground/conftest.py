"""A platform with a clock that the test turns, and a bot whose every answer the test decides."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.playground.account import Account
from bot.playground.loopback import LoopbackServer
from bot.playground.platform import Platform
from tests.playground import by_hand

OPENID = "oYishi0000000000000000000001"


@dataclass
class Clock:
    """Time that only the test moves."""

    now: datetime = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass(frozen=True)
class Seen:
    """One request that reached the bot."""

    query: dict[str, str]
    body: str
    content_type: str


Answer = Callable[[Seen], Awaitable[web.Response]]


@dataclass
class FakeBot:
    """A bot at the callback address. `answer` decides each response; answers are used up first."""

    account: Account
    seen: list[Seen] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    hang_first: int = 0
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.Response(text=request.query.get("echostr", ""))
        self.seen.append(Seen(dict(request.query), (await request.text()), request.content_type))
        if len(self.seen) <= self.hang_first:
            await asyncio.sleep(30)
        return self.answers.pop(0) if self.answers else web.Response(text="success")

    def will_reply(self, text: str, openid: str = OPENID) -> None:
        """Answer the next request with an encrypted passive reply made by hand."""
        sealed = by_hand.encrypt(self.account, by_hand.text_reply(self.account, openid, text))
        self.answers.append(
            web.Response(text=by_hand.envelope(self.account, sealed), content_type="text/xml")
        )

    def messages(self) -> list[str]:
        """What arrived, decrypted by hand."""
        return [
            by_hand.decrypt(self.account, by_hand.xml_value(seen.body, "Encrypt"))[0] for seen in self.seen
        ]


@pytest.fixture
def account() -> Account:
    return Account(
        app_id="wx5823bf96d3bd56c7",
        app_secret="the-simulated-account-secret",
        token="QDG6eK",
        encoding_aes_key="jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        gh_id="gh_7f083739789a",
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def bot(account: Account) -> AsyncIterator[FakeBot]:
    fake = FakeBot(account)
    app = web.Application(handler_args={"handler_cancellation": True})
    app.router.add_route("*", "/callback", fake.handle)
    server = LoopbackServer(app)
    fake.url = await server.start("127.0.0.1", 0) + "/callback"
    yield fake
    await server.stop()


@pytest.fixture
async def platform(account: Account, clock: Clock, bot: FakeBot) -> AsyncIterator[Platform]:
    simulated = Platform(account, bot.url, clock=clock, followers=[OPENID])
    await simulated.start()
    yield simulated
    await simulated.stop()


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


@pytest.fixture
async def api(platform: Platform, account: Account) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        yield Api(session, account, platform.base_url)
