"""The page's windows on groups: its API, and the page itself in a real browser."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page as Tab
from playwright.async_api import async_playwright, expect

from bot.playground.account import Persona
from bot.playground.page import Page
from bot.playground.platform import Platform
from bot.playground.wecom.platform import Wecom, app_chat
from bot.playground.wecom.rooms import RoomKind
from tests.playground.calls import OPENID
from tests.playground.conftest import Clock
from tests.playground.corp import (
    AUNT,
    BUILDING,
    LODGER,
    SECRETARY,
    STAFF,
    CorpApi,
    CorpBot,
    FakeArchive,
)
from tests.playground.test_page import HOSTILE, FakeBackstage, PageApi

CHROMIUM = "/usr/bin/chromium"
PHRASES = {RoomKind.INTERNAL: ("@议事 本周汇总",)}


def served(platform: Platform, backstage: FakeBackstage) -> Page:
    return Page(platform, [Persona(OPENID, "林阿姨")], backstage, room_phrases=PHRASES)


@pytest.fixture
def backstage() -> FakeBackstage:
    return FakeBackstage()


@pytest.fixture
async def page(platform: Platform, wecom: Wecom, backstage: FakeBackstage) -> AsyncIterator[PageApi]:
    site = served(platform, backstage)
    base_url = await site.start()
    async with aiohttp.ClientSession() as session:
        yield PageApi(session, base_url)
    await site.stop()


async def rooms(page: PageApi, since: int = 0) -> dict[str, Any]:
    return (await page.get("/api/rooms", since=str(since)))[1]


async def say(page: PageApi, room: str, person: str, text: str, **more: str) -> int:
    return (await page.post("/api/rooms/say", {"room": room, "person": person, "text": text, **more}))[0]


class TestApi:
    """/api/rooms."""

    async def test_state(self, page: PageApi) -> None:
        state = await rooms(page)
        kinds = {room["id"]: room["kind"] for room in state["rooms"]}
        assert kinds[BUILDING] == "customer"
        assert kinds[STAFF] == "internal"
        assert kinds[app_chat(SECRETARY)] == "app"
        building = next(room for room in state["rooms"] if room["id"] == BUILDING)
        assert [(person["name"], person["staff"]) for person in building["people"]] == [
            ("周书记", True),
            ("林阿姨", False),
            ("小李", False),
        ]
        assert next(room for room in state["rooms"] if room["id"] == STAFF)["phrases"] == ["@议事 本周汇总"]
        assert (await page.get("/api/rooms", since="x"))[0] == 400

    async def test_saying_quoting_and_revoking(
        self, page: PageApi, archive: FakeArchive, backstage: FakeBackstage
    ) -> None:
        assert await say(page, BUILDING, AUNT, HOSTILE, quote="早") == 200
        state = await rooms(page)
        (line,) = state["lines"]
        assert (line["text"], line["quote"], line["name"]) == (HOSTILE, "早", "林阿姨")
        assert archive.said == [(BUILDING, AUNT, HOSTILE, "早")]
        backstage.known["archived-1"] = {"verdict": "matter"}
        _, explained = await page.get("/api/explain", msg_id=line["msg_id"])
        assert (explained["archived"], explained["facts"]) == (True, {"verdict": "matter"})
        gone = {"room": BUILDING, "person": LODGER, "msg_id": line["msg_id"]}
        assert await page.post("/api/rooms/revoke", gone) == (409, {"error": "只能撤回自己的消息"})
        assert (await page.post("/api/rooms/revoke", gone | {"person": AUNT}))[0] == 200
        assert [new["via"] for new in (await rooms(page, state["seq"]))["lines"]] == ["revoke"]
        assert archive.revoked == [("archived-1", AUNT, BUILDING)]

    async def test_member_writes_to_the_app(self, page: PageApi, corp_bot: CorpBot) -> None:
        assert await say(page, app_chat(SECRETARY), SECRETARY, "本周汇总") == 200
        async with asyncio.timeout(2):
            while (await rooms(page))["pending"]:  # noqa: ASYNC110  it is in another server
                await asyncio.sleep(0.01)
        assert len(corp_bot.app_messages()) == 1

    async def test_tap(self, page: PageApi, corp_api: CorpApi, platform: Platform) -> None:
        msgid = (await corp_api.task("通知"))["msgid"]
        (task,) = (await rooms(page))["tasks"]
        assert (task["msgid"], task["rooms"], task["owner"]) == (msgid, [BUILDING], "周书记")
        assert (await page.post("/api/rooms/tap", {"msgid": msgid}))[0] == 200
        assert (await page.post("/api/rooms/tap", {"msgid": msgid}))[0] == 409
        assert (await rooms(page))["tasks"] == []
        assert platform.ledger.texts(BUILDING) == ["通知"]

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"room": "wrNothing", "person": AUNT, "text": "x"}, 404),
            ({"room": STAFF, "person": AUNT, "text": "x"}, 404),
            ({"room": [BUILDING], "person": AUNT, "text": "x"}, 404),
            ({"room": BUILDING, "person": AUNT, "text": " "}, 400),
            ({"room": BUILDING, "person": AUNT, "text": "x" * 2001}, 400),
            ([], 400),
        ],
    )
    async def test_requests_that_make_no_sense(
        self, page: PageApi, archive: FakeArchive, body: Any, status: int
    ) -> None:
        assert (await page.post("/api/rooms/say", body))[0] == status
        assert archive.said == []

    async def test_other_sites_cannot_drive_it(self, page: PageApi) -> None:
        body = {"room": BUILDING, "person": AUNT, "text": "x"}
        for headers in ({"Origin": "http://evil.example"}, {"Content_Type": "text/plain"}):
            assert (await page.post("/api/rooms/say", body, **headers))[0] in (403, 415)
        assert (await rooms(page))["lines"] == []


@pytest.mark.browser
@pytest.mark.skipif(
    not Path(CHROMIUM).exists() and "CI" not in os.environ,
    reason=f"{CHROMIUM} is missing (Debian: apt-get install chromium)",
)
class TestBrowser:
    """The windows themselves; a script error or a refused resource fails the test."""

    @pytest.fixture
    async def tab(
        self, platform: Platform, wecom: Wecom, backstage: FakeBackstage, clock: Clock, tmp_path: Path
    ) -> AsyncIterator[Tab]:
        clock.now = datetime.now(UTC)  # the page hides what is too old to be taken back
        site = served(platform, backstage)
        complaints: list[str] = []
        expect.set_options(timeout=15_000)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(site.stop)
            address = await site.start()
            playwright = await stack.enter_async_context(async_playwright())
            context = await playwright.chromium.launch_persistent_context(
                tmp_path / "profile",
                executable_path=CHROMIUM,
                args=["--no-sandbox", "--disable-gpu"],
                viewport={"width": 1280, "height": 800},
            )
            stack.push_async_callback(context.close)
            opened = context.pages[0]
            opened.on("pageerror", lambda error: complaints.append(str(error)))
            opened.on(
                "console",
                lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None,
            )
            await opened.goto(address)
            await opened.locator("#groups button").first.wait_for()
            yield opened
        assert complaints == []

    async def test_customer_group(self, tab: Tab, corp_api: CorpApi, archive: FakeArchive) -> None:
        await tab.click(f'[data-room="{BUILDING}"]')
        await tab.select_option("#speaker", LODGER)
        await tab.fill("#room-text", HOSTILE)
        await tab.press("#room-text", "Enter")
        mine = tab.locator("#room-log .line.user .bubble")
        await expect(mine).to_have_text(HOSTILE)
        await tab.select_option("#speaker", AUNT)
        await expect(tab.locator("#room-log .line.other .name")).to_have_text("小李")
        await tab.click("#room-log .tool")
        await tab.fill("#room-text", "我家也是")
        await tab.press("#room-text", "Enter")
        await expect(mine).to_have_text("我家也是")
        await expect(tab.locator("#room-log p.quoted")).to_have_text(HOSTILE)
        await tab.click("#room-log .line.user .tool:has-text('撤回')")
        await expect(tab.locator("#room-log .line.system")).to_have_text("林阿姨撤回了一条消息")
        await expect(mine).to_have_count(0)
        assert archive.revoked == [("archived-2", AUNT, BUILDING)]

        await corp_api.task("周日晚上截止")
        await expect(tab.locator("#tasks")).to_contain_text("等周书记发送")
        await tab.click("#tasks button")
        await expect(tab.locator("#room-log .line.bot .bubble")).to_have_text("周日晚上截止")
        await expect(tab.locator("#tasks button")).to_have_count(0)
        assert await tab.evaluate("window.pwned") is None

    async def test_staff_group(self, tab: Tab, corp_bot: CorpBot) -> None:
        corp_bot.answers = [
            {"msgtype": "stream", "stream": {"id": "1", "finish": True, "content": "本周 12 件"}}
        ]
        await tab.click(f'[data-room="{STAFF}"]')
        await tab.click("#room-phrases button")
        await expect(tab.locator("#room-log .line.bot .bubble")).to_have_text("本周 12 件")
        await expect(tab.locator("#facts")).to_contain_text("机器人收下了")
        await tab.locator("#residents button").first.click()
        await expect(tab.locator("#phone")).to_be_visible()
        await expect(tab.locator("#room-phone")).to_be_hidden()

    async def test_phone_width(self, tab: Tab, corp_api: CorpApi) -> None:
        await corp_api.task("很长的通知" * 60)
        await tab.set_viewport_size({"width": 390, "height": 844})
        await tab.click(".tabs [data-tab=people]")
        await tab.click(f'[data-room="{BUILDING}"]')
        await expect(tab.locator("#room-phone")).to_be_visible()
        await expect(tab.locator("#tasks button")).to_be_visible()
        assert await tab.evaluate("document.documentElement.scrollWidth") <= 390
        await tab.click(".tabs [data-tab=backstage]")
        await expect(tab.locator("#room-phone")).to_be_hidden()
