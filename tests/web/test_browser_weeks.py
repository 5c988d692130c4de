"""The week's pages in a real browser, on a phone and on a desk."""

from playwright.async_api import Page as Tab
from playwright.async_api import expect

from tests.web.chromium import (  # noqa: F401  fixtures
    database_url,
    fits,
    public_url,
    pytestmark,
    running_chromium,
    shot,
    sign_in,
    tab_of_each_width,
)
from tests.web.test_weeks import COUNTED
from tests.web.town import HERE, WEEK, Town, here_id, week_row


async def test_the_week_and_its_trends_fit_a_phone(town: Town, tab: Tab) -> None:
    kinds = [{**kind, "trend": [None, 3, 4, 0, 1, 9, 12, kind["count"]]} for kind in COUNTED["categories"]]
    async with town.site.database.write() as session:
        session.add(week_row(await here_id(town), town.clock.now, **{**COUNTED, "categories": kinds}))
    await tab.goto(f"/h5/weeks/{HERE}/{WEEK}")
    await fits(tab)
    await shot(tab, "week")
    trend = tab.get_by_role("img", name="从早到晚每周的件数")
    await expect(trend).to_be_visible()
    # The bars stand side by side on one ground.
    box = await trend.bounding_box()
    assert box is not None
    assert box["height"] < 80 < box["width"]
    await sign_in(tab, town, (await town.as_staff("secretary")).cookies)
    await tab.goto(f"/console/{HERE}/digest/{WEEK}")
    await fits(tab)
    await shot(tab, "digest-trends")
    await expect(tab.get_by_role("img", name="从早到晚每周的件数")).to_have_count(4)


async def test_a_subdistricts_week_fits_a_phone(town: Town, tab: Tab) -> None:
    kinds = [{**kind, "trend": [None, 3, 4, 0, 1, 9, 12, kind["count"]]} for kind in COUNTED["categories"]]
    async with town.site.database.write() as session:
        session.add(week_row(await here_id(town), town.clock.now, **{**COUNTED, "categories": kinds}))
    await sign_in(tab, town, (await town.as_staff("subdistrict_secretary")).cookies)
    await tab.goto(f"/console/weeks/4401990/{WEEK}")
    await fits(tab)
    await shot(tab, "region-week")
    await expect(tab.get_by_role("heading", name="请先看看")).to_be_visible()
