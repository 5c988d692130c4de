"""The pages about owners in a real browser: on a small phone, in large type, on a desk, and on paper."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page as Tab
from playwright.async_api import async_playwright, expect

from handlers.voting.terms import area_of
from storage.tables import RollUnit
from tests.identity.world import PAIR
from tests.web.test_browser import CHROMIUM, fits, sign_in
from tests.web.test_owner import CONSOLE, OWNER, settle
from tests.web.town import Town, here_id

SLIPS = 17
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not Path(CHROMIUM).exists() and "CI" not in os.environ,
        reason=f"{CHROMIUM} is missing (Debian: apt-get install chromium)",
    ),
]


@pytest.fixture(params=["sqlite"])
def database_url(tmp_path: Path) -> str:
    """What browsers see does not depend on the database."""
    return f"sqlite:///{tmp_path}/yishi.db"


@pytest.fixture
def public_url() -> str:
    """A browser on this machine needs no certificate; the origin is then taken from the request."""
    return ""


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    expect.set_options(timeout=15_000)
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        stack.push_async_callback(browser.close)
        yield browser


async def tab_of(chromium: Chromium, town: Town, width: int) -> Tab:
    context = await chromium.new_context(
        viewport={"width": width, "height": 740}, java_script_enabled=False, base_url=town.base
    )
    return await context.new_page()


@pytest.mark.parametrize(("width", "large"), [(360, False), (360, True), (1280, False)])
async def test_an_owner_gets_back_what_they_typed(
    town: Town, chromium: Chromium, width: int, large: bool
) -> None:
    await settle(town)
    tab = await tab_of(chromium, town, width)
    await sign_in(tab, town, (await town.as_resident()).cookies)
    await tab.goto(OWNER)
    if large:
        await tab.click("text=大字")
    await tab.fill("#unit", "1栋1单元101")
    await tab.fill("#code", "22222-22222")
    await tab.fill("#tail", "999999")
    await fits(tab)
    await tab.click("text=提交")
    await expect(tab.locator("[role=alert]")).to_contain_text("对不上")
    for name, typed in (("unit", "1栋1单元101"), ("code", "22222-22222"), ("tail", "999999")):
        await expect(tab.locator(f"#{name}")).to_have_value(typed)
    await fits(tab)


@pytest.mark.parametrize("width", [360, 1280])
async def test_slips_are_printed_eight_a_page(town: Town, chromium: Chromium, width: int) -> None:
    await settle(town)
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add_all(
            RollUnit(
                compound_id=compound_id,
                unit_code=f"2-1-{room}",
                building="2",
                entrance="1",
                room=str(room),
                area_register=area_of("88"),
                entered_at=town.clock.now,
            )
            for room in range(101, 101 + SLIPS)
        )
    tab = await tab_of(chromium, town, width)
    await sign_in(tab, town, (await town.as_staff("secretary")).cookies)
    await tab.goto(f"{CONSOLE}?unit={PAIR}")
    for summary in await tab.locator("summary").all():
        await summary.click()
    await fits(tab)
    await tab.select_option("#building", "2")
    await tab.click("text=发整栋的码")
    await expect(tab.locator(".slip")).to_have_count(SLIPS)
    await fits(tab)
    printed = await tab.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == -(-SLIPS // 8)
    await tab.emulate_media(media="print")
    for hidden in ("header", "footer", ".notice"):
        await expect(tab.locator(hidden).first).to_be_hidden()
