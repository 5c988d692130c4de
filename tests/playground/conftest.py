"""A platform with a clock that the test turns, and a bot whose every answer the test decides."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web

from bot.playground.account import Account
from bot.playground.loopback import LoopbackServer
from bot.playground.platform import Platform
from bot.playground.wecom.platform import Wecom
from tests.playground import by_hand
from tests.playground.calls import OPENID, Api, Seen
from tests.playground.corp import AIBOT, CORP, CorpApi, CorpBot, FakeArchive, furnish


@dataclass
class Clock:
    """Time that only the test moves."""

    now: datetime = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


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
    simulated = Platform(account, bot.url, clock=clock, followers=[OPENID], corp=CORP, aibot=AIBOT)
    await simulated.start()
    yield simulated
    await simulated.stop()


@pytest.fixture
async def api(platform: Platform, account: Account) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        yield Api(session, account, platform.base_url)


@pytest.fixture
async def archive(platform: Platform) -> FakeArchive:
    return furnish(platform.wecom)


@pytest.fixture
async def wecom(platform: Platform, archive: FakeArchive, corp_bot: CorpBot) -> AsyncIterator[Wecom]:
    app = web.Application(handler_args={"handler_cancellation": True})
    app.router.add_route("*", "/app", corp_bot.app)
    app.router.add_route("*", "/aibot", corp_bot.aibot)
    server = LoopbackServer(app)
    address = await server.start("127.0.0.1", 0)
    platform.wecom.app_callback_url = f"{address}/app"
    platform.wecom.bot_callback_url = f"{address}/aibot"
    platform.wecom.stream_seconds = 0.01
    yield platform.wecom
    await server.stop()


@pytest.fixture
def corp_bot() -> CorpBot:
    return CorpBot()


@pytest.fixture
def corp_api(api: Api, platform: Platform, archive: FakeArchive) -> CorpApi:
    return CorpApi(api, platform)
