"""A campaign on pages: begun once, counted before and after, with its places."""

import re
from datetime import timedelta

from sqlmodel import col, select

from handlers.local_time import local_date
from handlers.oversight.campaigns import DONE
from handlers.oversight.retention import reduce_raw_text
from storage.queries.campaigns import list_spots
from storage.queries.people import get_or_add_identities, put_residency
from storage.states import RequestState
from storage.tables import AuditEvent, Blob, Campaign, Request
from tests.bot.shots import shot
from tests.web.orders import fields_of, matter, text_of
from tests.web.test_photos import fetch, post
from tests.web.town import HERE, Town, here_id

PAGE = f"/console/{HERE}/campaigns"


def campaign_1001(town: Town, compound_id: int, title: str) -> Campaign:
    """A campaign against 毁绿种菜 whose last of five days is today."""
    today = local_date(town.clock.now)
    return Campaign(
        compound_id=compound_id,
        number=1001,
        title=title,
        leaves=["lvhua.huilv"],
        starts_on=today - timedelta(days=4),
        ends_on=today,
        created_by=town.people["secretary"],
        created_at=town.clock.now,
    )


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
            assert "没有开始" in odd.text
            assert f'value="{since}"' in odd.text
    links = re.findall(rf'href="({PAGE}/\d+)"', (await browser.get(PAGE)).text)
    assert len(links) == 1
    shown = await browser.get(links[0])
    assert "毁绿种菜整治" in shown.text
    counts = re.findall(
        r"<dt>(整治.)</dt><dd>(\d+)<small> 件</small></dd>(<dd class=\"of\">还没过完)?", shown.text
    )
    assert [(name, count, bool(going_on)) for name, count, going_on in counts] == [
        ("整治前", "2", False),
        ("整治中", "1", True),
        ("整治后", "0", True),
    ]
    assert shown.text.count("没办好") == 3
    assert "3栋" in shown.text


async def test_staff_add_places_and_residents_read_how_many_in_each_building(town: Town) -> None:
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add(campaign_1001(town, compound_id, "毁绿种菜整治"))
    at = town.clock.now - timedelta(days=1)
    await matter(town, "o-a", text="楼下种菜", leaf="lvhua.huilv", at=at, building="3")
    one, browser = f"{PAGE}/1001", await town.as_staff("secretary")
    form = fields_of(await browser.get(one), "places")
    odd = await post(browser, f"{one}/places", form | {"building": "3", "words": " "})
    assert (odd.status, "请写明是什么情况" in odd.text) == (200, True)
    elsewhere = await post(browser, f"{one}/places", form | {"building": "99", "words": "北门种菜"})
    assert 'value="北门种菜"' in elsewhere.text
    for _ in range(2):
        kept = await post(browser, f"{one}/places", form | {"building": "13", "words": "北门种菜"}, shot(61))
        assert kept.location == f"{one}?told=campaign_place_kept"
    await post(browser, f"{one}/places", form | {"building": "", "words": "花坛圈地"})
    for content in (shot(62), shot(63)):
        done = fields_of(await browser.get(one), "places/1001")
        assert (await post(browser, f"{one}/places/1001", done, content)).status == 303
    assert (await post(browser, f"{one}/places/1009", done)).status == 404
    shown = await browser.get(one)
    assert shown.text.count("北门种菜") == 1
    assert "3月12日办好" in shown.text
    pictures = [await fetch(browser, f"{one}/places/1001/{side}") for side in ("before", "after")]
    assert [status for status, _content, _headers in pictures] == [200, 200]
    assert (await browser.get(f"{one}/places/1002/before")).status == 404
    async with town.site.database.read() as session:
        assert len(list(await session.exec(select(Blob)))) == 2  # the photo that was replaced is gone

    resident = await town.as_resident()
    assert "这一年没有整治" in (await resident.get("/h5/campaigns")).text
    async with town.site.database.write() as session:
        people = await get_or_add_identities(session, [("main", "o-resident")], town.clock.now)
        await put_residency(session, compound_id, people["main", "o-resident"].person_id, "3", town.clock.now)
    text = text_of(await resident.get("/h5/campaigns"))
    for part in (
        "毁绿种菜整治",
        "整治前 不到 3 户说起",
        "整治中 不到 3 户说起",
        "13栋 1 处 都办好了",
        "不在楼里的 1 处 办好 0 处",
    ):
        assert part in text, (part, text)
    for part in ("3栋 1 处 办好 0 处 ", "北门", "花坛", "楼下", "整治后", "1单元"):
        assert part not in text


async def test_grid_workers_add_places_with_photos_while_a_campaign_runs(town: Town) -> None:
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add(campaign_1001(town, compound_id, "毁绿种菜整治"))
    one, worker = f"{PAGE}/1001", await town.as_staff("grid_worker")
    assert f'href="{PAGE}"' in (await worker.get(f"/console/{HERE}/hazards")).text
    listed = (await worker.get(PAGE)).text
    assert f'href="{one}"' in listed
    assert "开始一次整治" not in listed
    form = fields_of(await worker.get(one), "places") | {"building": "3", "words": "楼后圈地"}
    for _ in range(2):
        kept = await post(worker, f"{one}/places", form, shot(64))
        assert kept.location == f"{one}?told=campaign_place_kept"
    for content in (shot(65), shot(66)):
        after = fields_of(await worker.get(one), "places/1001")
        assert (await post(worker, f"{one}/places/1001", after, content)).status == 303
    for side in ("before", "after"):
        assert (await fetch(worker, f"{one}/places/1001/{side}"))[0] == 200
    async with town.site.database.read() as session:
        events = await session.exec(
            select(AuditEvent.verb, AuditEvent.actor_id, AuditEvent.details)
            .where(AuditEvent.subject == "campaign:1001")
            .order_by(col(AuditEvent.event_id))
        )
        found = {"place": 1001}
        assert sorted(events, key=str) == [
            (verb, town.people["grid_worker"], found)
            for verb in ("campaign.photo_replaced", "campaign.place_added", "campaign.place_done")
        ]
    town.clock.now += timedelta(days=1)  # the campaign is over
    later = await town.as_staff("grid_worker")
    assert "加一处" not in (await later.get(one)).text
    again = fields_of(await later.get(one), "places/1001") | {"building": "3", "words": "又来了"}
    refused = await post(later, f"{one}/places", again | {"key": form["key"]})
    assert "这次整治不在起止日期里" in refused.text
    assert 'value="又来了"' in refused.text
    done = fields_of(await later.get(one), "places/1001")
    assert (
        await post(later, f"{one}/places/1001", done, shot(67))
    ).status == 303  # it was put right too late
    secretary = await town.as_staff("secretary")
    late = fields_of(await secretary.get(one), "places") | {"words": "最后一天查到的"}
    assert (await post(secretary, f"{one}/places", late)).status == 303


async def test_residents_never_read_of_what_kind_and_where_a_neighbour_spoke(town: Town) -> None:
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add(campaign_1001(town, compound_id, "毁绿种菜整治"))
        people = await get_or_add_identities(session, [("main", "o-resident")], town.clock.now)
        await put_residency(session, compound_id, people["main", "o-resident"].person_id, "3", town.clock.now)
    resident, at = await town.as_resident(), town.clock.now - timedelta(days=1)
    for number in range(4):
        name = f"o-{number}"
        await matter(town, name, text=f"{number}楼下种菜", leaf="lvhua.huilv", at=at, building="7")
        text = text_of(await resident.get("/h5/campaigns"))
        assert "7栋" not in text
        assert ("不到 3 户说起" in text.partition("整治中")[2]) is (number < 2), text
    assert "整治中 4 件" in text


async def test_a_photo_that_replaces_another_has_another_address(town: Town) -> None:
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add(campaign_1001(town, compound_id, "毁绿种菜整治"))
    one, browser = f"{PAGE}/1001", await town.as_staff("secretary")
    form = fields_of(await browser.get(one), "places")
    await post(browser, f"{one}/places", form | {"building": "", "words": "花坛圈地"})
    seen = []
    for content in (shot(62), shot(63)):
        done = fields_of(await browser.get(one), "places/1001")
        await post(browser, f"{one}/places/1001", done, content)
        seen += re.findall(r'<img src="([^"]+)"', (await browser.get(one)).text)
    assert len(set(seen)) == 2  # a browser keeps each for an hour
    assert (await fetch(browser, seen[1]))[0] == 200


async def test_a_place_that_should_not_be_there_goes_with_its_photos(town: Town) -> None:
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add(campaign_1001(town, compound_id, "毁绿种菜整治"))
    one, browser = f"{PAGE}/1001", await town.as_staff("secretary")
    form = fields_of(await browser.get(one), "places")
    await post(browser, f"{one}/places", form | {"building": "", "words": "张三家圈地"}, shot(61))
    drop = fields_of(await browser.get(one), "places/1001/drop")
    for _ in range(2):
        gone = await browser.post(f"{one}/places/1001/drop", drop)
        assert gone.location == f"{one}?told=campaign_place_dropped"
    assert "张三" not in (await browser.get(one)).text
    async with town.site.database.read() as session:
        assert list(await session.exec(select(Blob))) == []


async def test_words_and_photos_of_places_go_when_their_time_is_over(town: Town) -> None:
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add(campaign_1001(town, compound_id, "毁绿种菜整治"))
    one, browser = f"{PAGE}/1001", await town.as_staff("secretary")
    form = fields_of(await browser.get(one), "places")
    await post(browser, f"{one}/places", form | {"building": "13", "words": "北门种菜"}, shot(61))
    await reduce_raw_text(town.site.database, town.clock.now)
    assert "北门种菜" in (await browser.get(one)).text
    assert await reduce_raw_text(town.site.database, town.clock.now + timedelta(days=2)) > 0
    text = (await browser.get(one)).text
    assert ("北门种菜" in text, "13栋" in text, "<img" in text) == (False, True, False)
    async with town.site.database.read() as session:
        assert list(await session.exec(select(Blob))) == []


async def test_what_is_not_done_is_listed_before_what_is(town: Town) -> None:
    compound_id, at = await here_id(town), town.clock.now - timedelta(days=1)
    async with town.site.database.write() as session:
        session.add(campaign_1001(town, compound_id, "毁绿种菜整治"))
    old = await matter(town, "o-old", text="种菜", leaf="lvhua.huilv", at=at - timedelta(hours=1))
    new = await matter(town, "o-new", text="又种菜", leaf="lvhua.huilv", at=at)
    async with town.site.database.write() as session:
        request = await session.get_one(Request, (compound_id, new))
        request.state = RequestState.CLOSED
        session.add(request)
        campaign = await session.get_one(Campaign, (compound_id, 1001))
        leaves, since = campaign.leaves, at - timedelta(days=2)
        [(first, _state)] = await list_spots(session, compound_id, leaves, since, town.clock.now, DONE, 1)
    assert first.number == old
