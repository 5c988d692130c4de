"""The playground page's server: its API, and what keeps other sites out."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.playground.account import Persona
from bot.playground.faults import ALWAYS, COUNTED, Faults
from bot.playground.knobs import KNOBS, turn
from bot.playground.loopback import NotLoopback
from bot.playground.media import plain_picture
from bot.playground.page import Page
from bot.playground.platform import Platform
from tests.playground.calls import OPENID
from tests.playground.conftest import FakeBot

NEIGHBOUR = "oYishi0000000000000000000002"
HOSTILE = "<img src=x onerror=window.pwned=1>\"'&]]>"


class FakeBackstage:
    """Knows one message at most."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}

    async def explain(self, msg_id: str) -> dict[str, Any] | None:
        return self.known.get(msg_id)


class PageApi:
    """Calls of the page's API, with the headers that a browser sends."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self.session = session
        self.base_url = base_url

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        sent = {"Origin": self.base_url, **{key.replace("_", "-"): value for key, value in headers.items()}}
        async with self.session.post(self.base_url + path, json=body, headers=sent) as response:
            return response.status, await response.json()

    async def get(self, path: str, **query: str) -> tuple[int, dict[str, Any]]:
        async with self.session.get(self.base_url + path, params=query) as response:
            return response.status, await response.json()

    async def state(self, since: int = 0) -> dict[str, Any]:
        return (await self.get("/api/state", since=str(since)))[1]

    async def settled(self, since: int = 0) -> dict[str, Any]:
        """The state once nothing is on its way."""
        async with asyncio.timeout(2):
            while (state := await self.state(since))["pending"]:  # noqa: ASYNC110  it is in another server
                await asyncio.sleep(0.01)
        return state


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"type": "image/png", "content": base64.b64encode(plain_picture()).decode()}, 200),
        ({}, 200),
        ({"type": "text/html", "content": "aGk="}, 400),
        ({"type": "image/png", "content": "not base64"}, 400),
        ({"type": "image/png", "content": ""}, 400),
        ({"type": "image/png", "content": 7}, 400),
    ],
)
async def test_sending_a_photo(
    page: PageApi, platform: Platform, bot: FakeBot, body: dict[str, Any], status: int
) -> None:
    assert (await page.post("/api/photo", {"openid": OPENID, **body}))[0] == status
    entries = [entry for entry in (await page.settled())["entries"] if entry["media_id"]]
    assert len(entries) == len(bot.seen) == (status == 200)
    for entry in entries:
        async with page.session.get(f"{page.base_url}/api/photo/{entry['media_id']}") as answer:
            assert (answer.status, answer.content_type) == (200, "image/png")
            assert await answer.read() == platform.media.get(entry["media_id"]).content
    assert (await page.get("/api/photo/none"))[0] == 404


@pytest.fixture
def backstage() -> FakeBackstage:
    return FakeBackstage()


@pytest.fixture
async def page(platform: Platform, backstage: FakeBackstage) -> AsyncIterator[PageApi]:
    people = [Persona(OPENID, "林阿姨", "3栋2单元", "b3-u2"), Persona(NEIGHBOUR, HOSTILE, "5栋")]
    served = Page(platform, people, backstage, scenes={"b3-u2": "3栋2单元"}, phrases=["电梯坏了"])
    base_url = await served.start()
    async with aiohttp.ClientSession() as session:
        yield PageApi(session, base_url)
    await served.stop()


async def test_saying_something_shows_it_and_the_answer(page: PageApi, bot: FakeBot) -> None:
    bot.will_reply("收到")
    assert await page.post("/api/say", {"openid": OPENID, "text": HOSTILE}) == (200, {})
    state = await page.settled()
    assert [(entry["direction"], entry["via"], entry["text"]) for entry in state["entries"]] == [
        ("user", "text", HOSTILE),
        ("bot", "passive", "收到"),
    ]
    assert state["entries"][0]["at"] == "2026-03-02T01:00:00+00:00"
    assert state["residents"][0]["window"] == {"until": "2026-03-04T01:00:00+00:00", "left": 5}
    later = await page.state(since=state["seq"])
    assert later["entries"] == []
    assert later["run"] == state["run"]


async def test_half_a_character_breaks_nothing(page: PageApi) -> None:
    assert (await page.post("/api/say", {"openid": OPENID, "text": "坏\ud83d了"}))[0] == 200
    assert (await page.settled())["entries"][0]["text"] == "坏\ufffd了"


async def test_following_scanning_and_leaving(page: PageApi) -> None:
    assert await page.post("/api/say", {"openid": NEIGHBOUR, "text": "你好"}) == (
        409,
        {"error": "还没有关注服务号"},
    )
    assert (await page.post("/api/scan", {"openid": NEIGHBOUR, "scene": "b3-u2"}))[0] == 200
    state = await page.settled()
    assert state["entries"][-1]["text"] == "扫码“3栋2单元”后关注了服务号"
    assert state["residents"][1]["following"] is True
    assert (await page.post("/api/follow", {"openid": NEIGHBOUR}))[0] == 409
    assert (await page.post("/api/unfollow", {"openid": NEIGHBOUR}))[0] == 200
    assert (await page.settled())["residents"][1]["following"] is False
    assert (await page.post("/api/follow", {"openid": NEIGHBOUR}))[0] == 200
    assert (await page.settled())["residents"][1]["following"] is True


async def test_explain_joins_the_delivery_and_the_bots_view(
    page: PageApi, bot: FakeBot, backstage: FakeBackstage
) -> None:
    bot.answers = [web.Response(status=503)]
    await page.post("/api/say", {"openid": OPENID, "text": "电梯坏了"})
    msg_id = (await page.settled())["entries"][0]["msg_id"]
    backstage.known[msg_id] = {"verdict": "matter"}
    status, explained = await page.get("/api/explain", msg_id=msg_id)
    assert status == 200
    assert explained["finished"] is True
    assert [(made["status"], made["problem"]) for made in explained["tries"]] == [
        (503, "status 503"),
        (200, ""),
    ]
    assert explained["facts"] == {"verdict": "matter"}
    assert (await page.get("/api/explain", msg_id="0"))[0] == 404


async def test_a_delivery_under_way_is_pending(page: PageApi, platform: Platform, bot: FakeBot) -> None:
    platform.faults.reorder = 1
    await page.post("/api/say", {"openid": OPENID, "text": "一"})
    state = await page.state()
    assert state["pending"] == [state["entries"][0]["msg_id"]]
    assert (await page.post("/api/faults", {"name": "reorder", "on": False}))[0] == 200
    assert (await page.settled())["pending"] == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/say", {"openid": "someone-else", "text": "x"}, 404),
        ("/api/say", {"openid": OPENID, "text": " "}, 400),
        ("/api/say", {"openid": OPENID, "text": "x" * 2001}, 400),
        ("/api/say", {"openid": OPENID, "text": 7}, 400),
        ("/api/say", [], 400),
        ("/api/scan", {"openid": OPENID, "scene": "b9-u9"}, 400),
        ("/api/scan", {"openid": OPENID, "scene": ["b3-u2"]}, 400),
        ("/api/faults", {"name": "api_path", "on": True}, 400),
        ("/api/nothing", {}, 404),
    ],
)
async def test_requests_that_make_no_sense(
    page: PageApi, bot: FakeBot, path: str, body: Any, status: int
) -> None:
    assert (await page.post(path, body))[0] == status
    assert bot.seen == []


class TestFaultSwitches:
    """The knobs as switches."""

    async def test_a_switch_turns_a_fault_on_and_off(self, page: PageApi, platform: Platform) -> None:
        await page.post("/api/faults", {"name": "busy", "on": True})
        await page.post("/api/faults", {"name": "out_of_window", "on": True})
        await page.post("/api/faults", {"name": "slow_seconds", "on": True})
        assert (platform.faults.busy, platform.faults.out_of_window) == (1, ALWAYS)
        assert platform.faults.slow_seconds == 2.0
        shown = {knob["name"] for knob in (await page.state())["faults"] if knob["on"]}
        assert shown == {"busy", "out_of_window", "slow_seconds"}
        for name in shown:
            await page.post("/api/faults", {"name": name, "on": False})
        assert platform.faults == Faults()

    def test_every_fault_has_a_switch_with_an_explanation(self) -> None:
        assert {knob.name for knob in KNOBS} == {*COUNTED, "slow_seconds"}
        assert all(knob.title and knob.help for knob in KNOBS)

    def test_unknown_switch(self) -> None:
        with pytest.raises(KeyError):
            turn(Faults(), "clear", on=True)


class TestOtherSites:
    """Any page in the same browser may try to reach the playground."""

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:1"},
            {"Content_Type": "text/plain"},
            {"Content_Type": "application/x-www-form-urlencoded"},
            {"Host": "evil.example"},
            {"Host": "127.0.0.1.evil.example"},
            {"Host": "192.168.1.5:80"},
            {"Host": "]["},
        ],
    )
    async def test_cannot_drive_it(self, page: PageApi, bot: FakeBot, headers: dict[str, str]) -> None:
        status, answer = await page.post("/api/say", {"openid": OPENID, "text": "x"}, **headers)
        assert status in (403, 415, 421)
        assert answer["error"]
        assert (await page.state())["entries"] == []

    async def test_cannot_drive_it_without_an_origin(self, page: PageApi) -> None:
        async with page.session.post(
            page.base_url + "/api/say", json={"openid": OPENID, "text": "x"}
        ) as response:
            assert response.status == 403

    async def test_cannot_read_it_through_another_name(self, page: PageApi) -> None:
        for path in ("/", "/api/state"):
            async with page.session.get(page.base_url + path, headers={"Host": "evil.example"}) as response:
                assert response.status == 421

    async def test_localhost_is_this_machine(self, page: PageApi) -> None:
        async with page.session.get(page.base_url + "/", headers={"Host": "localhost:8080"}) as response:
            assert response.status == 200

    async def test_page_listens_on_this_machine_only(
        self, platform: Platform, backstage: FakeBackstage
    ) -> None:
        with pytest.raises(NotLoopback):
            await Page(platform, [], backstage).start("0.0.0.0")


class TestAssets:
    """Everything comes from this server, and nothing is inline."""

    async def test_headers(self, page: PageApi) -> None:
        for path in ("/", "/static/playground.js", "/static/playground.css", "/api/state", "/nothing"):
            async with page.session.get(page.base_url + path) as response:
                policy = response.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
                assert "unsafe" not in policy
                assert response.headers["X-Content-Type-Options"] == "nosniff"

    async def test_html_has_nothing_inline_and_loads_only_what_exists(self, page: PageApi) -> None:
        async with page.session.get(page.base_url + "/") as response:
            assert response.content_type == "text/html"
            html = await response.text()
        assert "style=" not in html
        assert "<style" not in html
        assert not re.search(r"\son\w+=", html)
        assert re.findall(r"<script[^>]*>([^<]*)</script>", html) == [""]
        for path in re.findall(r'(?:src|href)="([^"]+)"', html):
            async with page.session.get(page.base_url + path) as response:
                assert response.status == 200

    def test_nothing_points_elsewhere_or_parses_html(self) -> None:
        for file in Path("bot/playground/static").iterdir():
            source = file.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
            assert "://" not in source
            assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", source)
