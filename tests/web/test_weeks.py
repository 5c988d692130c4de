"""The week as everybody may read it."""

from typing import Any

import pytest

from storage.states import RegionLevel
from storage.tables import Region
from tests.web.town import HERE, WEEK, Town, digest, here_id, week_row

COUNTED: dict[str, Any] = {
    "trend": [30, None, 12, 0, 41, 22, 29, 37],
    "from": "2026-03-01T20:00:00+08:00",
    "to": "2026-03-08T20:00:00+08:00",
    "categories": [
        {"id": "dianti", "name": "电梯", "count": 14, "last": 6, "people": 9},
        {"id": "huanjing", "name": "环境卫生", "count": 9, "last": 12, "people": 3},
        {"id": "tingche", "name": "停车秩序", "count": 1, "last": 0, "people": 1},
    ],
    "places": [{"name": "3栋", "count": 11, "people": 7}, {"name": "12栋", "count": 4, "people": 1}],
    "became": {
        "ordered": 8,
        "answered": 5,
        "done": 6,
        "late": 2,
        "kinds": [{"id": "dianti", "name": "电梯", "count": 6, "people": 8}],
    },
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_page_that_catches_up_says_from_when_on(town: Town) -> None:
    more = {
        **COUNTED,
        "told_since": "2026-02-22T20:00:00+08:00",
        "told": {"ordered": 9, "answered": 5, "done": 17, "kinds": []},
    }
    async with town.site.database.write() as session:
        session.add(week_row(await here_id(town), town.clock.now, **more))
    page = await town.browser().get(f"/h5/weeks/{HERE}/{WEEK}")
    assert "从2月22日算起，上次回音以后办的都在里面。" in page.text
    assert "<dd>17<small> 件</small></dd>" in page.text
    board = await (await town.as_staff("secretary")).get(f"/console/{HERE}/digest/{WEEK}/board")
    assert (board.status, board.text[:4]) == (200, "%PDF")


# What it shows is a pure function of a stored digest.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_everybody_reads_counts_and_nobody_is_in_them(town: Town) -> None:
    async with town.site.database.write() as session:
        session.add(week_row(await here_id(town), town.clock.now, **COUNTED))
    page = await town.browser().get(f"/h5/weeks/{HERE}/{WEEK}")
    assert page.status == 200
    for shown in ("新禾苑", "3月1日 至 3月8日", "电梯", "环境卫生", "其他", "3栋"):
        assert shown in page.text
    # Of people whose home is not known, three may be one family.
    assert "不到三户（不知道住哪家的按人算）" in page.text
    assert "看不出是谁说的" not in page.text
    hidden = [one["text"] for one in digest()["quotes"]]  # type: ignore[attr-defined]
    for word in ("停车秩序", "12栋", "1012", "1003", "燃气异味", *hidden):
        assert word not in page.text
    for nowhere in (f"NO-9/{WEEK}", f"{HERE}/2026-02-02", f"{HERE}/2026-99-99"):
        assert (await town.browser().get(f"/h5/weeks/{nowhere}")).status == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_staff_see_trends_and_print_what_everybody_may_read(town: Town) -> None:
    kinds = [{**kind, "trend": [None, 3, 4, kind["count"]]} for kind in COUNTED["categories"]]
    async with town.site.database.write() as session:
        session.add(week_row(await here_id(town), town.clock.now, **{**COUNTED, "categories": kinds}))
    browser = await town.as_staff("secretary")
    page = await browser.get(f"/console/{HERE}/digest/{WEEK}")
    assert "从早到晚每周的件数：没有记录、3、4、14" in page.text
    assert "办好 6 件，派单 8 件，回复 5 件，超时没办好的 2 件。" in page.text
    assert f'href="/console/{HERE}/digest/{WEEK}/board"' in page.text
    board = await browser.get(f"/console/{HERE}/digest/{WEEK}/board")
    assert (board.status, board.headers["Content-Type"]) == (200, "application/pdf")
    assert board.text.startswith("%PDF")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_those_above_see_their_compounds_added_up_and_no_words(town: Town) -> None:
    async with town.site.database.write() as session:
        session.add(week_row(await here_id(town), town.clock.now, **COUNTED))
    async with town.site.database.write() as session:
        empty = Region(code="440199002", level=RegionLevel.COMMUNITY, name="新社区", parent_code="4401990")
        session.add(empty)
    browser = await town.as_staff("subdistrict_secretary")
    listed = await browser.get("/console/weeks")
    assert f'href="/console/weeks/4401990/{WEEK}"' in listed.text
    assert 'href="/console/weeks"' in (await browser.get("/console")).text
    page = await browser.get(f"/console/weeks/4401990/{WEEK}")
    assert page.status == 200
    for shown in ("柳荫街道", "新禾苑", "1 个小区合在一起", "停车秩序", "河沿社区"):
        assert shown in page.text
    assert f'href="/console/weeks/440199001/{WEEK}"' in page.text
    assert "新社区" not in page.text  # nobody there has a digest
    hidden = [one["text"] for one in digest()["quotes"]]  # type: ignore[attr-defined]
    for word in ("1012", *hidden):
        assert word not in page.text
    # Another's region, one that is not there, one above one's own, and a week without digests.
    for nowhere in (f"440198/{WEEK}", f"NO-9/{WEEK}", f"440199/{WEEK}", "4401990/2026-02-02"):
        assert (await browser.get(f"/console/weeks/{nowhere}")).status == 404
