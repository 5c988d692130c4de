"""Early warnings on a database: a week is counted once, an episode told once, and nobody is named."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from handlers.local_time import LOCAL
from handlers.oversight.settings import switch_warnings
from handlers.oversight.warn import COMMUNITIES, COMMUNITY_JOB, advance_warnings
from handlers.people.enrol import RegionEntry
from nlp.reader import Reader
from storage.database import Database
from storage.sealing import Sealer
from storage.states import MatterState, MessageClass, RegionLevel, Role
from storage.tables import (
    AuditEvent,
    Claim,
    CommunityWarning,
    EarlyWarning,
    Matter,
    Region,
    WeeklyCycle,
    WeekTally,
)
from tests.handlers.weeks import City, city_services

REGIONS = (
    RegionEntry(RegionLevel.SUBDISTRICT, "S-1", "河沿街道"),
    RegionEntry(RegionLevel.COMMUNITY, "C-1", "河沿社区"),
)
MONDAY = date(2026, 6, 1)  # of the week that closes
CLOSE = datetime(2026, 6, 7, 20, tzinfo=LOCAL)
NOW = CLOSE + timedelta(minutes=40)
WEEK = timedelta(days=7)
LEAF = "dianti.kunren"


@pytest.fixture
async def city(database: Database, tagger: Reader, sealer: Sealer) -> City:
    """Three compounds of a community, each with a secretary."""
    city = City(database, city_services(tagger, sealer, "https://yishi.example"), CLOSE - 30 * WEEK)
    await city.enrol(["XH-1", "XH-2", "XH-3"], REGIONS)
    for name, role, scope in (
        ("u-one", Role.SECRETARY, "XH-1"),
        ("u-two", Role.SECRETARY, "XH-2"),
        ("u-committee", Role.COMMITTEE, "XH-1"),
        ("u-property", Role.PROPERTY, "XH-1"),
        ("u-community", Role.COMMUNITY_WORKER, "C-1"),
    ):
        await city.grant(await city.person(name), role, scope)
    return city


async def say(city: City, code: str, at: datetime, people: int, first: int, leaf: str = LEAF) -> None:
    """So many people say something of a leaf, the first of them twice."""
    persons = [await city.person(f"o-{code}-{first + each}", "main") for each in range(people)]
    opinions: list[dict[str, Any]] = [
        {
            "compound_id": city.id_of(code),
            "number": first + place,
            "filed_at": at,
            "person_id": person,
            "categories": [{"id": leaf, "score": 1.0}],
            "text": "王大爷家电梯又坏了",
        }
        for place, person in enumerate([*persons, *persons[:1]])
    ]
    await city.file(opinions)


async def close(city: City, code: str, monday: date = MONDAY, digested_at: datetime = NOW) -> None:
    until = CLOSE + (monday - MONDAY)
    async with city.database.write() as session:
        session.add(
            WeeklyCycle(
                compound_id=city.id_of(code),
                week=monday.isoformat(),
                closed_at=until,
                digested_at=digested_at,
                digest={"from": (until - WEEK).isoformat(), "to": until.isoformat(), "has_words": False},
            )
        )


async def advance(city: City, now: datetime = NOW) -> int:
    return await advance_warnings(city.database, city.services, now)


async def rows(city: City, table: Any) -> list[Any]:
    async with city.database.read() as session:
        return list(await session.exec(select(table)))


async def quiet_past(city: City, code: str = "XH-1", back: int = 0) -> None:
    """Twelve weeks in which hardly anybody said anything."""
    await say(city, code, CLOSE - 13 * WEEK + timedelta(hours=1), 1, 2001, "lvhua.xiujian")
    await say(city, code, CLOSE - (12 - back) * WEEK + timedelta(hours=1), 1, 2101)


async def test_a_rise_is_counted_from_the_past_told_once_and_names_nobody(city: City) -> None:
    await quiet_past(city)
    await say(city, "XH-1", CLOSE - timedelta(days=1), 6, 1001)
    async with city.database.write() as session:
        session.add(
            Matter(
                compound_id=city.id_of("XH-1"), number=1001, leaf=LEAF, urgency=2, building="3",
                opened_at=CLOSE - timedelta(days=1), heard_at=CLOSE - timedelta(days=1),
                state=MatterState.CONFIRMED, speakers=6,
            )
        )  # fmt: skip
    await close(city, "XH-1")
    assert [await advance(city), await advance(city)] == [1, 0]
    [warning] = await rows(city, EarlyWarning)
    assert (warning.category, warning.week, warning.people, warning.weeks) == ("dianti", "2026-06-01", 6, 1)
    assert (warning.matters, warning.ended_week) == ([1001], None)
    tallies = {tally.week: tally.people for tally in await rows(city, WeekTally)}
    assert len(tallies) == 13
    assert (tallies["2026-06-01"], tallies["2026-03-16"]) == ({"dianti": 6}, {"dianti": 1})
    told = await city.outbox()
    assert sorted(message.recipient for message in told) == ["u-community", "u-one"]
    text = told[0].text
    assert told[0].message_class is MessageClass.NOTICE
    assert "【XH-1号院】苗头提醒" in text
    assert "这周有 6 户（人）说起，往常不到 1 户（人）" in text
    assert "编号 1001 3栋" in text
    assert "王大爷" not in text
    assert text.endswith("https://yishi.example/console/XH-1/oversight")
    audited = [event.subject for event in await rows(city, AuditEvent) if event.verb == "warning.raised"]
    assert audited == ["warning:dianti:2026-06-01"]
    # The week after is as bad: nothing new is said. Then it is quiet, and quiet again.
    for number, people in ((1, 6), (2, 0), (3, 0)):
        if people:
            await say(city, "XH-1", CLOSE + number * WEEK - timedelta(days=1), people, 3001)
        await close(city, "XH-1", MONDAY + number * WEEK, NOW + number * WEEK)
        await advance(city, NOW + number * WEEK)
    [warning] = await rows(city, EarlyWarning)
    assert warning.ended_week == "2026-06-22"
    assert len(await city.outbox()) == 2


async def test_switched_off_or_late_nobody_is_told(city: City) -> None:
    for code in ("XH-1", "XH-2"):
        await quiet_past(city, code)
        await say(city, code, CLOSE - timedelta(days=1), 6, 1001)
        await close(city, code)
    async with city.database.write() as session:
        for _ in range(2):
            await switch_warnings(session, city.services, city.id_of("XH-1"), False, NOW, actor_id=1)
    assert await advance(city, NOW + timedelta(days=4)) == 2
    [warning] = await rows(city, EarlyWarning)
    assert warning.compound_id == city.id_of("XH-2")
    assert await city.outbox() == []
    assert len(await rows(city, WeekTally)) == 26
    switched = [event.details for event in await rows(city, AuditEvent) if event.verb == "oversight.switched"]
    assert switched == [{"on": False}]


async def test_a_tick_looks_at_some_communities_and_the_next_ones_go_on(city: City) -> None:
    async with city.database.write() as session:
        for number in range(COMMUNITIES + 1):
            code, level = f"C-{number + 100}", RegionLevel.COMMUNITY
            session.add(Region(code=code, level=level, name="社区", parent_code="S-1"))
    monday, looked_at = datetime(2026, 6, 8, 8, 1, tzinfo=LOCAL), []
    for _ in range(3):
        await advance(city, monday)
        async with city.database.read() as session:
            looked_at.append(len(list(await session.exec(select(Claim).where(Claim.job == COMMUNITY_JOB)))))
    assert looked_at == [COMMUNITIES, COMMUNITIES + 2, COMMUNITIES + 2]


async def test_a_compound_that_has_just_come_does_not_silence_its_community(city: City) -> None:
    for back, code in enumerate(("XH-1", "XH-2")):
        await quiet_past(city, code, 3 * back)
        await say(city, code, CLOSE - timedelta(days=1), 5, 1001)
        await close(city, code)
    await close(city, "XH-3")  # its first week: nobody has ever said anything there
    await advance(city, NOW)
    assert await advance(city, datetime(2026, 6, 8, 8, 1, tzinfo=LOCAL)) == 1
    [warning] = await rows(city, CommunityWarning)
    assert (warning.category, warning.people, warning.compounds) == ("dianti", 10, ["XH-1", "XH-2"])


async def test_a_community_is_told_what_no_compound_shows_by_itself(city: City) -> None:
    for back, code in enumerate(("XH-1", "XH-2", "XH-3")):
        await quiet_past(city, code, 3 * back)
        await say(city, code, CLOSE - timedelta(days=1), 3, 1001)
        await close(city, code)
    monday = datetime(2026, 6, 8, 8, 1, tzinfo=LOCAL)
    assert await advance(city, NOW) == 3
    assert await rows(city, CommunityWarning) == []
    assert await advance(city, monday) == 1
    assert await advance(city, monday) == 0
    [warning] = await rows(city, CommunityWarning)
    assert (warning.region_code, warning.category, warning.people) == ("C-1", "dianti", 9)
    assert await rows(city, EarlyWarning) == []
    [told] = await city.outbox()
    assert told.recipient == "u-community"
    assert "【河沿社区】苗头提醒" in told.text
    assert "XH-1号院、XH-2号院、XH-3号院" in told.text
