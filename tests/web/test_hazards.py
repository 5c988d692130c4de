"""The weekly round on pages: what is found becomes a matter at once, dangers are told at once, lists are counted."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

from sqlmodel import select

from bot.pictures import cleaned
from handlers.digests.build import Wanted, build_digests
from handlers.digests.render import digest_text
from handlers.digests.rules import DEFAULT_PLAN, monday_of, timetable
from handlers.hazards.items import ITEMS
from handlers.hazards.remind import advance_hazards
from handlers.hazards.round import items_of
from storage.states import MatterState, PhotoState
from storage.tables import (
    AlertEpisode,
    Compound,
    HazardFinding,
    HazardList,
    Matter,
    Opinion,
    OutboxMessage,
    Photo,
    Request,
)
from tests.bot.shots import HTML, phone_shot
from tests.handlers.talk import ACCOUNTS
from tests.web.orders import fields_of, text_of
from tests.web.test_photos import post
from tests.web.town import HERE, Town, here_id

ROUND = f"/console/{HERE}/hazards"


async def rows(town: Town, table: type) -> list:  # type: ignore[type-arg]
    async with town.site.database.read() as session:
        return list(await session.exec(select(table)))


async def test_a_round_with_a_hazard_a_danger_and_a_finished_list(town: Town) -> None:
    worker = await town.as_staff("grid_worker")
    page = await worker.get(ROUND)
    assert "消防通道" in text_of(page)
    await worker.post(ROUND, {"csrf": page.csrf, "clutter": "yes", "drains": "yes", "nothing": "yes"})
    assert text_of(await worker.get(ROUND)).count("查过了") == 2

    form = fields_of(await worker.get(f"{ROUND}/passage"), "passage")
    said = {"building": "13", "words": "东侧停了三辆车"}
    for wrong in ({"words": " "}, {"building": "99"}):
        odd = await post(worker, f"{ROUND}/passage", form | said | wrong)
        assert "请写一句什么情况" in odd.text
        assert ("东侧停了三辆车" in odd.text) is ("words" not in wrong)
    refused = await post(worker, f"{ROUND}/passage", form | said, HTML)
    assert "这不是能用的照片" in refused.text
    assert "东侧停了三辆车" in refused.text
    assert '<option value="13" selected>' in refused.text
    for _ in range(2):
        filed = await post(worker, f"{ROUND}/passage", form | said, phone_shot())
        assert filed.location == f"{ROUND}?told=hazard_filed"
    [opinion] = await rows(town, Opinion)
    [matter] = await rows(town, Matter)
    [request] = await rows(town, Request)
    [photo] = await rows(town, Photo)
    assert (opinion.building, opinion.categories[0]["id"], opinion.urgency) == ("13", "xiaofang.tongdao", 2)
    assert (matter.state, request.number, photo.opinion_number) == (MatterState.CONFIRMED, 1001, 1001)
    assert photo.state is PhotoState.KEPT
    assert len(cleaned(phone_shot())) > 0
    assert await rows(town, AlertEpisode) == []

    form = fields_of(await worker.get(f"{ROUND}/gas"), "gas")
    await post(worker, f"{ROUND}/gas", form | {"building": "3", "words": "楼道里有味", "danger": "yes"})
    [episode] = await rows(town, AlertEpisode)
    assert episode.opinion_number == 1002

    page = await worker.get(ROUND)
    assert "发现隐患 2 处，还有 2 处没办好" in text_of(page)
    done = await worker.post(ROUND, {"csrf": page.csrf, **dict.fromkeys(ITEMS, "yes")})
    assert done.location == f"{ROUND}?told=hazards_done"
    assert "查完 1 份" in text_of(await worker.get(ROUND))

    steward = await town.as_staff("building_steward")
    form = fields_of(await steward.get(f"{ROUND}/drains"), "drains")
    for building in ("13", ""):
        elsewhere = await post(steward, f"{ROUND}/drains", form | {"building": building, "words": "堵了"})
        assert "请写一句什么情况" in elsewhere.text
    await post(steward, f"{ROUND}/drains", form | {"building": "3", "words": "堵了"})
    assert len(await rows(town, HazardFinding)) == 3

    compound_id = await here_id(town)
    async with town.site.database.read() as session:
        compound = await session.get_one(Compound, compound_id)
        week = monday_of(town.clock.now)
        moments = timetable(DEFAULT_PLAN, HERE, week.isoformat())
        wanted = Wanted(compound_id, HERE, compound.name, week.isoformat(), moments, moments.opens_at)
        [digest] = (await build_digests(session, town.site.services, [wanted])).values()
    assert digest["hazards"] == {"done": 1, "found": 3, "open": 3}
    assert "查完 1 份，发现 3 处，还有 3 处没办好" in digest_text(digest)
    assert digest_text({key: value for key, value in digest.items() if key != "hazards"})


async def test_who_has_not_finished_is_reminded_once_where_it_is_switched_on(town: Town) -> None:
    services = replace(town.site.services, accounts=ACCOUNTS)
    friday = datetime(2026, 3, 13, 7, 0, tzinfo=UTC)

    async def remind() -> int:
        return sum(
            await asyncio.gather(*(advance_hazards(town.site.database, services, friday) for _ in range(3)))
        )

    assert await remind() == 0
    secretary = await town.as_staff("secretary")
    form = fields_of(await secretary.get(ROUND), "weekly")
    assert (await secretary.post(f"{ROUND}/weekly", form)).location == f"{ROUND}?told=hazards_weekly"
    worker = await town.as_staff("grid_worker")
    async with town.site.database.read() as session:
        compound = await session.get_one(Compound, await here_id(town))
    everything = {item.item_id: "yes" for item in items_of(compound)}
    await worker.post(ROUND, {"csrf": (await worker.get(ROUND)).csrf, **everything})
    [done] = await rows(town, HazardList)
    assert done.finished_at is not None
    stewards = {"building_steward", "entrance_steward", "next_building_steward", "lost_building_steward"}
    assert [await remind(), await remind()] == [len(stewards), 0]
    told = [row.recipient for row in await rows(town, OutboxMessage)]
    assert sorted(told) == sorted(f"u-{who}" for who in stewards)
