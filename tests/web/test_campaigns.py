"""A campaign on pages: begun once, counted before and after, with its places."""

import re
from datetime import timedelta

from handlers.local_time import local_date
from tests.web.orders import matter
from tests.web.town import HERE, Town

PAGE = f"/console/{HERE}/campaigns"


async def test_a_campaign_counts_before_and_after_and_lists_its_places(town: Town) -> None:
    today = local_date(town.clock.now)
    for back, leaf in ((8, "lvhua.huilv"), (8, "lvhua.huilv"), (9, "xiaofang.tongdao"), (1, "lvhua.huilv")):
        at = town.clock.now - timedelta(days=back)
        await matter(town, f"o-{back}-{leaf}", text=f"{back}{leaf}有人种菜", leaf=leaf, at=at, building="3")
    browser = await town.as_staff("secretary")
    page = await browser.get(PAGE)
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key is not None
    fields = {
        "csrf": page.csrf,
        "key": key[1],
        "preset": "毁绿种菜",
        "since": (today - timedelta(days=4)).isoformat(),
        "until": today.isoformat(),
    }
    for _ in range(2):
        assert (await browser.post(PAGE, fields)).location == f"{PAGE}?told=campaign_begun"
    for since, until in ((fields["since"], "2020-01-01"), ("9999-12-01", "9999-12-31")):
        for _ in range(2):
            odd = await browser.post(PAGE, {**fields, "since": since, "until": until})
            assert odd.location == f"{PAGE}?told=campaign_odd"
    links = re.findall(rf'href="({PAGE}/\d+)"', (await browser.get(PAGE)).text)
    assert len(links) == 1
    shown = await browser.get(links[0])
    assert "毁绿种菜整治" in shown.text
    counts = re.findall(r"<dt>(整治.)</dt><dd>(\d+)<small> 件(，还没过完)?", shown.text)
    assert counts == [("整治前", "2", ""), ("整治中", "1", "，还没过完"), ("整治后", "0", "，还没过完")]
    assert shown.text.count("没办好") == 3
    assert "3栋" in shown.text
