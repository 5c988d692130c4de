"""The week of a region: added up from stored digests, and told once to those who answer for it."""

import asyncio
from typing import Any

import pytest
from sqlmodel import select

from handlers.digests.cycle import advance
from handlers.digests.regions import advance_regions, sum_week
from handlers.digests.rules import DEFAULT_PLAN, RegionsDue, regions_told_of
from handlers.digests.sums import add_up
from handlers.people.enrol import RegionEntry
from nlp.reader import Reader
from storage.database import Database
from storage.queries.cycles import put_settings
from storage.sealing import Sealer
from storage.states import MessageClass, RegionLevel, Role
from storage.tables import OutboxMessage, WeeklyCycle
from tests.handlers.test_digest_render import digest
from tests.handlers.test_week_feedback import at
from tests.handlers.weeks import City, city_services

WEEK = "2026-03-09"
MONDAY = "03-16 08:40"
LIFT = "dianti.guzhang"
PLAN_FIELDS = [f"{step}_{part}" for step in ("open", "prompt", "close") for part in ("weekday", "minute")]


def above(community: str) -> tuple[RegionEntry, ...]:
    return (
        RegionEntry(RegionLevel.DISTRICT, "D-1", "清平区"),
        RegionEntry(RegionLevel.SUBDISTRICT, "S-1", "河沿街道"),
        RegionEntry(RegionLevel.COMMUNITY, community, f"{community}社区"),
    )


@pytest.fixture
async def city(database: Database, tagger: Reader, sealer: Sealer) -> City:
    """Three compounds of two communities; in one something was said, with a danger."""
    city = City(database, city_services(tagger, sealer, "https://yishi.example"), at("03-01 00:00"))
    await city.enrol(["XH-1", "XH-2"], above("C-1"))
    await city.enrol(["QS-1"], above("C-2"))
    person = await city.person("p-1")
    await city.file(
        [
            {
                "compound_id": city.id_of("XH-1"),
                "number": 1001 + number,
                "filed_at": at("03-10 12:00"),
                "categories": [{"id": LIFT, "score": 0.9}],
                "person_id": person,
                "urgency": urgency,
            }
            for number, urgency in enumerate((2, 3))
        ]
    )
    return city


async def live_through(city: City, *moments: str) -> None:
    for moment in moments or ("03-09 09:40", "03-15 20:00", "03-15 20:40"):
        await advance(city.database, city.services, at(moment))


async def told(city: City) -> list[OutboxMessage]:
    return [message for message in await city.outbox() if message.dedupe_key.startswith("region_week")]


async def test_those_above_are_told_once_of_what_they_may_see(city: City) -> None:
    for name, role, scope in (
        ("u-community", Role.COMMUNITY_WORKER, "C-1"),
        ("u-other", Role.SECRETARY, "C-2"),
        ("u-street", Role.SECRETARY, "S-1"),
        ("u-company", Role.PROPERTY, "S-1"),
        ("u-compound", Role.SECRETARY, "XH-1"),
    ):
        await city.grant(await city.person(name), role, scope)
    both = await city.person("u-both")
    for scope in ("C-1", "D-1"):
        await city.grant(both, Role.SECRETARY, scope)
    await live_through(city)
    counts = await asyncio.gather(
        *(advance_regions(city.database, city.services, at(MONDAY)) for _ in range(2))
    )
    assert sum(counts) == 4
    assert await advance_regions(city.database, city.services, at("03-17 09:00")) == 0
    messages = {message.recipient: message for message in await told(city)}
    assert sorted(messages) == ["u-both", "u-community", "u-other", "u-street"]
    street = messages["u-street"]
    assert street.message_class is MessageClass.DIGEST
    assert street.text == (
        "【河沿街道】各小区一周汇总（3月9日那一周）\n"
        "3 个小区一共说了 2 件事，再上一周 0 件。\n"
        "要紧 1 件，三天没回音 2 件，超时没办好 0 件。\n"
        "请先看看：XH-1号院。\n"
        "没有人说话的小区 2 个。\n"
        f"看全部：https://yishi.example/console/weeks/S-1/{WEEK}"
    )
    assert "XH-1号院" not in messages["u-other"].text
    assert "您还有 1 处的汇总" in messages["u-both"].text


async def test_it_waits_for_late_digests_until_tuesday(city: City) -> None:
    await city.grant(await city.person("u-street"), Role.SECRETARY, "S-1")
    await live_through(city, "03-09 09:40", "03-15 20:00")
    assert await advance_regions(city.database, city.services, at(MONDAY)) == 0
    await live_through(city, "03-16 08:41")
    assert await advance_regions(city.database, city.services, at("03-16 08:42")) == 1


async def test_nobody_waits_for_compounds_that_are_not_theirs_or_switched_off(city: City) -> None:
    for name, scope in (("u-one", "C-1"), ("u-other", "C-2"), ("u-street", "S-1")):
        await city.grant(await city.person(name), Role.SECRETARY, scope)
    await live_through(city)
    async with city.database.write() as session:
        left = select(WeeklyCycle).where(WeeklyCycle.compound_id == city.id_of("QS-1"))
        for week in await session.exec(left):
            week.digested_at = week.digest = None
    assert await advance_regions(city.database, city.services, at(MONDAY)) == 1
    assert [message.recipient for message in await told(city)] == ["u-one"]
    async with city.database.write() as session:
        for week in await session.exec(left):
            await session.delete(week)  # the clock has not come to it yet
    assert await advance_regions(city.database, city.services, at(MONDAY)) == 0
    plan = {name: getattr(DEFAULT_PLAN, name) for name in PLAN_FIELDS}
    async with city.database.write() as session:
        await put_settings(session, {"compound_id": city.id_of("QS-1"), "enabled": False, **plan})
    assert await advance_regions(city.database, city.services, at(MONDAY)) == 1
    assert sorted(message.recipient for message in await told(city)) == ["u-one", "u-street"]


async def test_a_week_without_any_digest_is_told_to_nobody(city: City) -> None:
    await city.grant(await city.person("u-street"), Role.SECRETARY, "S-1")
    assert await advance_regions(city.database, city.services, at("03-17 08:40")) == 0
    assert await told(city) == []


async def test_a_region_has_what_lies_in_it(city: City) -> None:
    await live_through(city)
    async with city.database.read() as session:
        sums = {code: await sum_week(session, code, WEEK) for code in ("D-1", "C-1", "C-2")}
        later = await sum_week(session, "D-1", "2026-03-16")
    assert {code: (total.compounds, total.total) for code, total in sums.items()} == {
        "D-1": (3, 2),
        "C-1": (2, 2),
        "C-2": (1, 0),
    }
    assert not later.has_digests


async def test_a_kind_that_a_compound_is_silent_of_now_counts_in_the_weeks_before(city: City) -> None:
    person = await city.person("p-2")
    await city.file(
        [
            {
                "compound_id": city.id_of("XH-2"),
                "number": 2001,
                "filed_at": at("03-17 12:00"),
                "categories": [{"id": LIFT, "score": 0.9}],
                "person_id": person,
            }
        ]
    )
    await live_through(city)  # two of XH-1 speak of lifts
    await live_through(city, "03-16 09:40", "03-22 20:00", "03-22 20:40")  # one of XH-2 does
    async with city.database.read() as session:
        total = await sum_week(session, "C-1", "2026-03-16")
    assert [(kind.id, kind.count, kind.last, kind.trend[-3:]) for kind in total.kinds] == [
        ("dianti", 1, 2, (None, 2, 1))
    ]
    assert total.trend[-2:] == (2, 1)


def test_when_it_is_told() -> None:
    assert regions_told_of(at("03-16 08:36")) is None
    assert regions_told_of(at(MONDAY)) == RegionsDue(WEEK, may_wait=True)
    assert regions_told_of(at("03-17 08:40")) == RegionsDue(WEEK, may_wait=False)
    assert regions_told_of(at("03-18 00:00")) is None
    assert regions_told_of(at("03-22 20:00")) is None


def test_figures_and_trends_add_up_and_the_most_pressing_comes_first() -> None:
    def week(total: int, urgent: int, late: int, trend: list[int | None], **changes: Any) -> dict[str, Any]:
        kind = {"id": "dianti", "name": "电梯", "count": total, "last": 1, "people": 3}
        became = {"ordered": 1, "answered": 1, "done": 2, "late": late, "kinds": []}
        return digest(
            total=total,
            urgent_total=urgent,
            categories=[kind] if total else [],
            trend=trend,
            became=became,
            **changes,
        )

    old = digest()  # from before there were trends
    compounds = [(number, f"XH-{number}", f"{number}号院") for number in range(1, 6)]
    total = add_up(
        WEEK,
        compounds,
        {
            1: week(5, 0, 1, [None, None, 5]),
            2: week(7, 2, 0, [3, None, 7]),
            3: old,
            4: week(0, 0, 0, [1, None, 0], unanswered_total=0),
        },
        past=[{2: {"dianti": 3}, 4: {"dianti": 1}}, {}],
    )
    assert (total.compounds, total.total, total.last, total.urgent, total.late, total.done) == (
        5,
        21,
        16,
        3,
        1,
        6,
    )
    assert total.trend == (4, None, 12)
    assert [(kind.id, kind.count, kind.last, kind.trend) for kind in total.kinds] == [
        ("dianti", 17, 4, (4, None, 17)),
        ("tingche", 4, 0, (0, None, 4)),
    ]
    assert [line.code for line in total.worst] == ["XH-2", "XH-3", "XH-1"]
    assert ([line.code for line in total.silent], [line.code for line in total.missing]) == (
        ["XH-4"],
        ["XH-5"],
    )
