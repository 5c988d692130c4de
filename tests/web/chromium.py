"""A real browser for tests of pages: Debian's chromium, on SQLite, since what browsers see is the same on both."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page as Tab
from playwright.async_api import async_playwright, expect

from tests.web.town import Town

CHROMIUM = "/usr/bin/chromium"
WIDTHS = {"phone": (390, 844), "desk": (1280, 800)}
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


@pytest.fixture(name="chromium")
async def running_chromium() -> AsyncIterator[Chromium]:
    expect.set_options(timeout=15_000)
    async with AsyncExitStack() as stack:
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        stack.push_async_callback(browser.close)
        yield browser


async def open_tab(
    chromium: Chromium, town: Town, width: int, height: int = 740, *, scripts: bool
) -> tuple[Tab, list[str]]:
    """A tab, and what the browser complains about in it, such as a refused style."""
    context = await chromium.new_context(
        viewport={"width": width, "height": height}, java_script_enabled=scripts, base_url=town.base
    )
    opened, complaints = await context.new_page(), []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda line: (
            complaints.append(line.text)
            # A status that is meant shows up as a failed resource.
            if line.type in ("error", "warning") and "the server responded with a status of" not in line.text
            else None
        ),
    )
    return opened, complaints


@pytest.fixture(name="tab", params=WIDTHS)
async def tab_of_each_width(
    request: pytest.FixtureRequest, chromium: Chromium, town: Town
) -> AsyncIterator[Tab]:
    """A page on a phone and on a desk; a complaint of the browser fails the test."""
    width, height = WIDTHS[request.param]
    opened, complaints = await open_tab(chromium, town, width, height, scripts=True)
    yield opened
    await opened.context.close()
    assert complaints == []


async def fits(tab: Tab) -> None:
    """Nothing sticks out at the side, and what is to be tapped is large enough."""
    width = tab.viewport_size["width"] if tab.viewport_size else 0
    assert await tab.evaluate("document.documentElement.scrollWidth") <= width
    for box in await tab.locator("button:visible, .button:visible").all():
        found = await box.bounding_box()
        assert found is not None
        assert found["height"] >= 44
    size = await tab.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    assert size >= 18


async def shot(tab: Tab, name: str) -> None:
    """Kept where $YISHI_SHOTS says, for people to look at."""
    if folder := os.environ.get("YISHI_SHOTS"):
        width = tab.viewport_size["width"] if tab.viewport_size else 0
        await tab.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)


async def sign_in(tab: Tab, town: Town, cookies: dict[str, str]) -> None:
    await tab.context.add_cookies(
        [{"name": name, "value": value, "url": town.base} for name, value in cookies.items()]
    )
