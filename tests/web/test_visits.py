"""Homes to visit, on pages and by the clock: for whoever goes there and the community's head, and for nobody else."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlmodel import col, select

from handlers.batch import Batch
from handlers.context import Context, Services
from handlers.inbound import Inbound, InboundKind
from handlers.people.erase import erase_person
from handlers.visits.door import OpenedVisits, nodes_of
from handlers.visits.plans import add_plan
from handlers.visits.remind import advance_visits
from handlers.visits.sealed import note_of, reason_of
from handlers.visits.stewards import advance_stewards
from storage.database import Database
from storage.queries.people import get_or_add_identities, put_residency, put_role
from storage.queries.tree import put_places
from storage.states import BindingState, Capacity, PlaceLevel, Role, RoleSource, VisitLevel
from storage.tables import (
    AuditEvent,
    Compound,
    HomeVisit,
    OutboxMessage,
    OwnerBinding,
    Residency,
    RoleGrant,
    StewardVisit,
    VisitPlan,
)
from tests.handlers.talk import ACCOUNTS
from tests.web.orders import fields_of, text_of
from tests.web.test_topics import owner
from tests.web.town import HERE, THERE, Page, Town, here_id

LIST = f"/console/{HERE}/visits"
ONE = f"{LIST}/1001"
SECRET = "独居，腿脚不便"


async def plan(town: Town, worker: str = "grid_worker", home: str = "3栋1单元501") -> int:
    """A home that the grid worker visits weekly; its number."""
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        compound = await session.get_one(Compound, compound_id)
        opened = OpenedVisits(compound, await nodes_of(session, compound), (), is_head=True)
        added = await add_plan(
            session,
            town.site.services,
            opened,
            home,
            VisitLevel.WEEKLY,
            SECRET,
            town.people[worker],
            town.clock.now,
            actor_id=town.people[worker],
        )
        return added.number


async def make_head(town: Town, who: str = "duty") -> None:
    async with town.site.database.write() as session:
        role, community = Role.COMMUNITY_WORKER, "440199001"
        await put_role(
            session, town.people[who], role, community, "主任", False, RoleSource.STAFF, town.clock.now
        )


async def audited(town: Town, verb: str) -> list[AuditEvent]:
    async with town.site.database.read() as session:
        return list(await session.exec(select(AuditEvent).where(AuditEvent.verb == verb)))


async def words_sent(town: Town) -> list[str]:
    async with town.site.database.read() as session:
        return list(await session.exec(select(OutboxMessage.text).order_by(col(OutboxMessage.outbox_id))))


async def test_the_head_plans_a_worker_visits_and_each_look_is_on_record(town: Town) -> None:
    await make_head(town)
    head = await town.as_staff("duty")
    page = await head.get(LIST)
    assert "名单上还没有住户" in text_of(page)
    assert f'value="{town.people["next_building_steward"]}"' in page.text
    filled = {
        "home": "3栋1单元501",
        "level": "weekly",
        "reason": SECRET,
        "worker": str(town.people["grid_worker"]),
    }
    form = fields_of(page, "visits")
    for _ in range(2):
        assert (await head.post(LIST, form | filled)).location == f"{LIST}?told=visit_planned"
    for wrong, told in (
        ({"worker": str(town.people["building_steward"])}, "已经在名单上了"),
        ({"home": "3栋1单元502", "worker": str(town.people["next_building_steward"])}, "不管这一户"),
        ({"home": "3栋1单元502", "worker": str(town.people["neighbour_building_steward"])}, "不管这一户"),
        ({"home": "77栋1单元501"}, "请写清楚哪一户"),
        ({"home": "隔壁"}, "请写清楚哪一户"),
        ({"home": "3栋1单元502", "level": "daily"}, "请选多久去一次"),
    ):
        for _ in range(2):
            refused = await head.post(LIST, form | filled | wrong)
            assert told in refused.text
            assert f'value="{SECRET}"' in refused.text

    worker = await town.as_staff("grid_worker")
    week = await worker.get(f"/console/{HERE}")
    assert f'href="{LIST}"' in week.text
    shown = await worker.get(LIST)
    assert "3栋1单元501" in shown.text
    assert SECRET not in shown.text
    assert "加一户" not in shown.text
    one = await worker.get(ONE)
    assert SECRET in one.text
    assert "从名单上去掉" not in one.text
    town.clock.forward(timedelta(days=8))
    worker = await town.as_staff("grid_worker")
    assert "过了时间" in text_of(await worker.get(LIST))
    today = "2026-03-20"
    kept = fields_of(await worker.get(ONE), "visited")
    for met, day, told in (
        ("no", today, "visit_kept"),
        ("yes", "2026-03-21", "visit.day"),
        ("yes", "2026-01-01", "visit.day"),
        ("yes", today, "visit_kept"),
        ("yes", today, "visit_kept"),  # the same button again
    ):
        answer = await worker.post(f"{ONE}/visited", kept | {"met": met, "on": day, "note": "血压高"})
        if told == "visit.day":
            assert "请选最近一个月里的一天" in answer.text
            assert "血压高</textarea>" in answer.text
        else:
            assert answer.location == f"{ONE}?told={told}"
    assert text_of(await worker.get(ONE)).count("血压高") == 2
    assert "3月27日" in text_of(await worker.get(LIST))

    seen = [*await audited(town, "visits.seen"), *await audited(town, "visit.seen")]
    assert {event.actor_id for event in seen} == {town.people["duty"], town.people["grid_worker"]}
    assert len(await audited(town, "visit.recorded")) == 2
    async with town.site.database.read() as session:
        trail = [
            (event.verb, event.subject, event.details) for event in await session.exec(select(AuditEvent))
        ]
    for secret in (SECRET, "血压高", "501", "weekly"):
        assert secret not in repr(trail)


async def test_for_everybody_else_there_is_no_list(town: Town) -> None:
    await plan(town)
    none: list[Page] = []
    for who in (
        "secretary",
        "district_secretary",
        "community_worker",
        "building_steward",
        "neighbour_secretary",
    ):
        browser = await town.as_staff(who)
        none += [await browser.get(LIST), await browser.get(ONE)]
        week = await browser.get(f"/console/{HERE}")
        assert "走访" not in week.text
    assert {page.status for page in none} == {404}
    worker = await town.as_staff("grid_worker")
    assert (await worker.get(f"/console/{THERE}/visits")).status == 404
    async with town.site.database.write() as session:
        held = select(RoleGrant).where(RoleGrant.person_id == town.people["grid_worker"])
        for grant in await session.exec(held):
            grant.scope_code = f"{HERE}/13"
            session.add(grant)
    assert (await worker.get(LIST)).status == 404, "assigned, and holds no office there any more"


async def erase(town: Town, openid: str) -> None:
    """Somebody asks to be forgotten."""
    now = town.clock.now
    async with town.site.database.write() as session:
        identity = (await get_or_add_identities(session, [("main", openid)], now))["main", openid]
        inbound = Inbound("main", "m:1", InboundKind.TEXT, openid, now)
        context = Context(session, town.site.services, now, inbound, 0, identity, Batch(session, []))
        await erase_person(context)


async def test_an_owner_who_never_said_where_they_live_is_forgotten_with_their_home(town: Town) -> None:
    await plan(town)
    await owner(town, "o-owner", "王秀英", "3-1-501", 1)
    async with town.site.database.write() as session:
        for residency in await session.exec(select(Residency)):
            await session.delete(residency)
    await erase(town, "o-owner")
    async with town.site.database.read() as session:
        plan_row = await session.get_one(VisitPlan, (await here_id(town), 1001))
    assert reason_of(town.sealer, plan_row) == ""


@pytest.mark.parametrize(
    "values",
    [
        {"state": BindingState.PENDING},
        {"state": BindingState.CONTESTED},
        {"capacity": Capacity.COMPANY},
        {"capacity": Capacity.GUARDIAN},
    ],
    ids=lambda values: next(iter(values.values())).value,
)
async def test_who_is_not_proven_to_own_a_home_takes_no_words_about_it_away(
    town: Town, values: dict[str, Any]
) -> None:
    await plan(town)
    await owner(town, "o-owner", "王秀英", "3-1-501", 1)
    async with town.site.database.write() as session:
        await session.exec(delete(Residency))
        await session.exec(update(OwnerBinding).values(**values))
    await erase(town, "o-owner")
    async with town.site.database.read() as session:
        plan_row = await session.get_one(VisitPlan, (await here_id(town), 1001))
    assert reason_of(town.sealer, plan_row) == SECRET
    assert await audited(town, "visit.forgotten") == []


async def test_who_only_named_a_home_takes_no_words_about_it_away(town: Town) -> None:
    """Anybody may name any home, and have themselves forgotten as often as they like."""
    await plan(town)
    compound_id, now = await here_id(town), town.clock.now
    worker = await town.as_staff("grid_worker")
    kept = fields_of(await worker.get(ONE), "visited") | {"met": "yes", "on": "2026-03-12", "note": "血压高"}
    await worker.post(f"{ONE}/visited", kept)
    for code in ("3-1-501", "3-1", "3"):
        async with town.site.database.write() as session:
            row = {"code": "3-1-501", "level": PlaceLevel.UNIT, "name": "501", "parent_code": "3-1"}
            await put_places(session, compound_id, [row])
            people = await get_or_add_identities(session, [("main", "o-nosy")], now)
            await put_residency(session, compound_id, people["main", "o-nosy"].person_id, code, now)
        await erase(town, "o-nosy")
    async with town.site.database.read() as session:
        plan_row = await session.get_one(VisitPlan, (compound_id, 1001))
        [visit] = list(await session.exec(select(HomeVisit)))
    assert (reason_of(town.sealer, plan_row), note_of(town.sealer, visit)) == (SECRET, "血压高")
    assert await audited(town, "visit.forgotten") == []


async def test_being_forgotten_takes_the_words_away(town: Town) -> None:
    await plan(town)
    compound_id = await here_id(town)
    sealer = town.site.services.sealer
    worker = await town.as_staff("grid_worker")
    kept = fields_of(await worker.get(ONE), "visited") | {"met": "yes", "on": "2026-03-12", "note": "血压高"}
    await worker.post(f"{ONE}/visited", kept)
    await owner(town, "o-old", "王秀英", "3-1-501", 1)
    await erase(town, "o-old")
    async with town.site.database.read() as session:
        plan_row = await session.get_one(VisitPlan, (compound_id, 1001))
        [visit] = list(await session.exec(select(HomeVisit)))
    assert (reason_of(sealer, plan_row), note_of(sealer, visit)) == ("", "")
    assert plan_row.ended_at is None
    assert [event.subject for event in await audited(town, "visit.forgotten")] == ["visit:1001"]

    await make_head(town)
    head = await town.as_staff("duty")
    form = fields_of(await head.get(ONE), "end")
    assert (await head.post(f"{ONE}/end", form)).location.endswith("visit_not_sure")
    for _ in range(2):
        await head.post(f"{ONE}/end", form | {"sure": "yes"})
    assert (await head.get(ONE)).status == 404
    async with town.site.database.read() as session:
        plan_row = await session.get_one(VisitPlan, (compound_id, 1001))
    assert (plan_row.household_sealed, plan_row.household_lookup) == (None, None)
    assert await plan(town) == 1002  # the home may come back


def reaching(town: Town) -> Services:
    """With the corp's app to write through."""
    return replace(town.site.services, accounts=ACCOUNTS)


async def remind(town: Town, at: datetime) -> int:
    """Three replicas at once."""
    database: Database = town.site.database
    return sum(await asyncio.gather(*(advance_visits(database, reaching(town), at) for _ in range(3))))


async def test_one_message_a_week_without_home_or_level(town: Town) -> None:
    await plan(town)
    monday = datetime(2026, 3, 16, 1, 0, tzinfo=UTC)
    assert await remind(town, monday - timedelta(minutes=1)) == 0
    assert [await remind(town, at) for at in (monday, monday, monday + timedelta(days=3))] == [1, 0, 0]
    [text] = await words_sent(town)
    assert "走访 1 户" in text
    assert "1001" in text
    assert f"/console/{HERE}/visits" in text
    for secret in ("501", "3栋", "周必访", SECRET):
        assert secret not in text
    await make_head(town)
    async with town.site.database.write() as session:
        for grant in await session.exec(
            select(RoleGrant).where(RoleGrant.person_id == town.people["grid_worker"])
        ):
            await session.delete(grant)
    assert await remind(town, monday + timedelta(days=14)) == 1  # a week of downtime, one catch-up
    assert "不在岗" in (await words_sent(town))[-1]


async def test_stewards_log_their_days_and_hear_once_when_they_are_below(town: Town) -> None:
    async with town.site.database.write() as session:
        for who in ("building_steward", "precinct_secretary"):
            for grant in await session.exec(select(RoleGrant).where(RoleGrant.person_id == town.people[who])):
                grant.title = "小区院长"
                session.add(grant)
    page = f"/console/{HERE}/stewards"
    steward = await town.as_staff("building_steward")
    form = fields_of(await steward.get(page), "stewards")
    for on, told in (
        ("2026-03-02", "steward_kept"),
        ("2026-03-02", "steward_kept"),
        ("2026-03-13", "visit.day"),
        ("x", "visit.day"),
    ):
        answer = await steward.post(page, form | {"on": on, "building": "3"})
        assert answer.location == f"{page}?told={told}"
    for day in ("2026-03-03", "2026-03-04", "2026-03-05"):
        await steward.post(page, form | {"on": day, "building": ""})
    assert "这个月在这里记了 4 天" in text_of(await steward.get(page))
    secretary = await town.as_staff("secretary")
    assert (await secretary.post(page, {"csrf": (await secretary.get(page)).csrf})).status == 403
    async with town.site.database.read() as session:
        assert len(list(await session.exec(select(StewardVisit)))) == 4
    days = [datetime(2026, 3, day, hour, tzinfo=UTC) for day, hour in ((24, 4), (25, 1), (31, 4))]
    counts = [await advance_stewards(town.site.database, reaching(town), at) for at in days]
    assert counts == [0, 1, 0]
    [text] = await words_sent(town)
    assert "还差 4 天" in text
