"""The pages about owners in a real browser: on a small phone, in large type, on a desk, and on paper."""

import re

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from handlers.voting.terms import area_of
from storage.tables import RollUnit
from tests.identity.world import PAIR
from tests.web.chromium import (  # noqa: F401  fixtures
    database_url,
    fits,
    open_tab,
    public_url,
    pytestmark,
    running_chromium,
    sign_in,
)
from tests.web.test_owner import CONSOLE, OWNER, settle
from tests.web.town import Town, here_id

SLIPS = 17


@pytest.mark.parametrize(("width", "large"), [(360, False), (360, True), (1280, False)])
async def test_an_owner_gets_back_what_they_typed(
    town: Town, chromium: Chromium, width: int, large: bool
) -> None:
    await settle(town)
    tab, _ = await open_tab(chromium, town, width, scripts=False)
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
    tab, _ = await open_tab(chromium, town, width, scripts=False)
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
