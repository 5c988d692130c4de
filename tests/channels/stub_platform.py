"""A platform that says what the test wrote down: a list of answers for each path, the last one repeated."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from bot.channels.official_account import OfficialAccount
from tests.channels.by_hand import settings

TOKEN_PATH = "/cgi-bin/stable_token"
SEND_PATH = "/cgi-bin/message/custom/send"
TEMPLATE_PATH = "/cgi-bin/message/template/send"
SUBSCRIBE_PATH = "/cgi-bin/message/subscribe/bizsend"
VISITOR_PATH = "/sns/oauth2/access_token"
QR_PATH = "/cgi-bin/qrcode/create"
INFO_PATH = "/cgi-bin/user/info"
PROBE_PATH = "/cgi-bin/get_api_domain_ip"

Answer = dict[str, Any] | Callable[[web.Request], Any]


def granted(token: str, expires_in: Any = 7200) -> Answer:
    return {"access_token": token, "expires_in": expires_in}


def failed(errcode: int, errmsg: str = "some error") -> Answer:
    return {"errcode": errcode, "errmsg": errmsg}


SENT = failed(0, "ok")


@dataclass
class Clock:
    """Monotonic seconds that pass when the test says so."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Request:
    path: str
    query: dict[str, str]
    raw: bytes
    body: Any


@dataclass
class StubPlatform:
    """`answers` may be changed at any time; `requests` is all that arrived."""

    answers: dict[str, list[Answer]]
    delay_seconds: float = 0.0
    base: str = ""
    requests: list[Request] = field(default_factory=list)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def forced(self) -> list[bool]:
        return [request.body["force_refresh"] for request in self.asked(TOKEN_PATH)]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.requests.append(
            Request(request.path, dict(request.query), raw, json.loads(raw) if raw else None)
        )
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        answers = self.answers[request.path]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            response: web.StreamResponse = answer(request)
            return response
        return web.Response(text=json.dumps(answer), content_type="text/plain")  # as the platform labels some


@dataclass
class Scene:
    """The stub, a clock and an account that talks to the stub."""

    platform: StubPlatform
    clock: Clock
    account: OfficialAccount
    http: aiohttp.ClientSession
    server: BaseTestServer


@asynccontextmanager
async def serving(
    answers: dict[str, list[Answer]],
) -> AsyncIterator[tuple[StubPlatform, aiohttp.ClientSession, BaseTestServer]]:
    """A stub that listens, and a session to call it with."""
    platform = StubPlatform(answers)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", platform.handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        platform.base = str(server.make_url("")).rstrip("/")
        yield platform, http, server


@asynccontextmanager
async def scene(
    timeout_seconds: float = 8.0, configured: dict[str, Any] | None = None, **answers: list[Answer]
) -> AsyncIterator[Scene]:
    """answers: token, send, template, subscribe, visitor, info, qr and probe; the default is that all goes well."""
    paths = {
        TOKEN_PATH: answers.get("token", [granted("TOKEN-1")]),
        SEND_PATH: answers.get("send", [SENT]),
        TEMPLATE_PATH: answers.get("template", [{"errcode": 0, "errmsg": "ok", "msgid": 200228332}]),
        SUBSCRIBE_PATH: answers.get("subscribe", [SENT]),
        VISITOR_PATH: answers.get("visitor", [{"openid": "o-zhao"}]),
        INFO_PATH: answers.get("info", [{"subscribe": 1, "openid": "o-zhao", "unionid": "u-zhao"}]),
        QR_PATH: answers.get("qr", [SENT]),
        PROBE_PATH: answers.get("probe", [{"ip_list": ["203.0.113.1"]}]),
    }
    async with serving(paths) as (platform, http, server):
        clock = Clock()
        timeout = aiohttp.ClientTimeout(total=timeout_seconds, connect=5, sock_connect=4)
        chosen = settings(api_base=platform.base, **(configured or {}))
        account = OfficialAccount("main", chosen, http, clock, timeout=timeout)
        yield Scene(platform, clock, account, http, server)
