"""The playground page in a real browser."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import FilePayload, async_playwright, expect
from playwright.async_api import Page as Tab

from bot.playground.account import Persona
from bot.playground.media import plain_picture
from bot.playground.page import Page
from bot.playground.platform import Platform
from tests.playground.calls import OPENID, Api
from tests.playground.conftest import FakeBot
from tests.playground.test_page import HOSTILE, NEIGHBOUR, FakeBackstage

CHROMIUM = "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not Path(CHROMIUM).exists() and "CI" not in os.environ,
        reason=f"{CHROMIUM} is missing (Debian: apt-get install chromium)",
    ),
]


@pytest.fixture
def backstage() -> FakeBackstage:
    return FakeBackstage()


@pytest.fixture
async def tab(platform: Platform, backstage: FakeBackstage, tmp_path: Path) -> AsyncIterator[Tab]:
    """The page, open; a script error or a refused resource fails the test."""
    people = [Persona(OPENID, "林阿姨", "3栋2单元 501", "b3-u2"), Persona(NEIGHBOUR, HOSTILE, HOSTILE)]
    served = Page(platform, people, backstage, scenes={"b3-u2": "3栋2单元"}, phrases=["电梯坏了"])
    complaints: list[str] = []
    expect.set_options(timeout=15_000)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(served.stop)
        address = await served.start()
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
        await opened.locator("#residents button").first.wait_for()
        yield opened
    assert complaints == []


async def test_a_photo_is_sent_and_shown(
    tab: Tab, platform: Platform, bot: FakeBot, backstage: FakeBackstage
) -> None:
    bot.will_reply("照片收到")
    picture = plain_picture(40, 30)
    file: FilePayload = {"name": "a.png", "mimeType": "image/png", "buffer": picture}
    await tab.set_input_files("#photo", [file])
    await expect(tab.locator(".line.bot .bubble")).to_have_text("照片收到")
    shown = tab.locator(".line.user .bubble img")
    await expect(shown).to_have_js_property("naturalWidth", 40)
    sent = platform.deliveries[0].fields
    assert (sent["MsgType"], platform.media.get(str(sent["MediaId"])).content) == ("image", picture)
    backstage.known[platform.deliveries[0].msg_id] = {"photos": [{"number": 1001, "state": "kept"}]}
    await expect(tab.locator("#facts")).to_contain_text("取到了，附在 1001 里")


async def test_typing_a_message_shows_the_answer(
    tab: Tab, platform: Platform, api: Api, bot: FakeBot, backstage: FakeBackstage
) -> None:
    bot.will_reply("收到，已经记为 1001 号")
    await tab.fill("#text", "👵3栋2单元电梯坏了")
    await tab.press("#text", "Enter")
    await expect(tab.locator(".line.bot .bubble")).to_have_text("收到，已经记为 1001 号")
    await expect(tab.locator(".line.bot .mark")).to_contain_text("被动回复")
    await expect(tab.locator("#text")).to_have_value("")

    assert await api.send("师傅已经出发") == 0
    await expect(tab.locator(".line.bot .bubble")).to_have_text(["收到，已经记为 1001 号", "师傅已经出发"])
    await expect(tab.locator(".line.bot .mark").last).to_contain_text("以客服消息送达")

    backstage.known[platform.deliveries[0].msg_id] = explanation()
    await expect(tab.locator("mark")).to_have_text("电梯坏了")
    facts = tab.locator("#facts")
    for text in (
        "是一件要办的事",
        "电梯故障",
        "涉及安全，马上处理",
        "3栋2单元",
        "1001",
        "处理完了",
        "回执 · 被动回复",
    ):
        await expect(facts).to_contain_text(text)


def explanation() -> dict[str, Any]:
    return {
        "inbox": {"state": "done"},
        "verdict": "matter",
        "number": "1001",
        "categories": [{"id": "dianti.guzhang", "name": "电梯故障", "score": 0.9}],
        "urgency": 3,
        "place": "3栋2单元",
        "hits": [{"term": "电梯坏了", "rule": "strong", "name": "电梯故障", "start": 6, "end": 10}],
        "outbox": [{"class": "receipt", "state": "offered", "text": "收到", "via": "passive"}],
    }


async def test_html_stays_text_everywhere(
    tab: Tab, bot: FakeBot, backstage: FakeBackstage, platform: Platform
) -> None:
    bot.will_reply("<b>粗</b><script>window.pwned=1</script>")
    await tab.fill("#text", HOSTILE)
    await tab.press("#text", "Enter")
    await expect(tab.locator(".line.user .bubble")).to_have_text(HOSTILE)
    await expect(tab.locator(".line.bot .bubble")).to_contain_text("<b>粗</b>")
    backstage.known[platform.deliveries[0].msg_id] = {
        "verdict": HOSTILE,
        "place": HOSTILE,
        "number": HOSTILE,
        "urgency": HOSTILE,
        "inbox": {"state": HOSTILE},
        "categories": [{"id": HOSTILE, "name": HOSTILE, "score": HOSTILE}],
        "hits": [{"term": HOSTILE, "rule": HOSTILE, "name": HOSTILE, "start": 0, "end": 4}],
        "outbox": [{"class": HOSTILE, "state": HOSTILE, "text": HOSTILE, "via": HOSTILE}],
    }
    await expect(tab.locator(".outgoing .bubble")).to_have_text(HOSTILE)
    assert await tab.evaluate("window.pwned") is None
    assert await tab.locator("main img, main script, main b:has(*)").count() == 0


async def test_following_by_scanning_with_the_keyboard(tab: Tab, bot: FakeBot) -> None:
    bot.will_reply("您好，我是议事小助手。", NEIGHBOUR)
    await tab.locator("#residents button").nth(1).focus()
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#text")).to_be_disabled()
    await tab.locator("#scan").focus()
    await tab.keyboard.press("Enter")
    await expect(tab.locator("#scenes button")).to_be_focused()
    await tab.keyboard.press("Enter")
    await expect(tab.locator(".line.system")).to_have_text("扫码“3栋2单元”后关注了服务号")
    await expect(tab.locator(".line.bot .bubble")).to_have_text("您好，我是议事小助手。")
    await expect(tab.locator("#text")).to_be_enabled()


async def test_switches_show_when_a_fault_was_used_up(tab: Tab, platform: Platform) -> None:
    switch = tab.get_by_role("switch").first
    async with tab.expect_response("**/api/faults"):
        await switch.check()
    assert platform.faults.take("token_expired")
    await expect(switch).not_to_be_checked()


async def test_phone_width_shows_one_panel_at_a_time(tab: Tab) -> None:
    await tab.set_viewport_size({"width": 390, "height": 844})
    panels = {"people": ".people", "chat": "#phone", "backstage": ".backstage"}
    for chosen in ("people", "backstage", "chat"):
        await tab.click(f".tabs [data-tab={chosen}]")
        for name, selector in panels.items():
            await expect(tab.locator(selector)).to_be_visible(visible=name == chosen)
        assert await tab.evaluate("document.documentElement.scrollWidth") <= 390
