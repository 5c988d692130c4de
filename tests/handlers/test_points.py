"""Points on real databases: from the records, once, back when the source goes; chat; who is forgotten."""

import asyncio
from datetime import timedelta

from handlers.points.sweep import EVERY, advance_points
from handlers.points.switch import switch_points
from storage.queries.points import sum_points
from storage.states import MeetingForm, PointKind
from storage.tables import AuditEvent, Consultation, ConsultationSeat, Matter, PointEntry
from tests.handlers.neighbours import identity
from tests.handlers.talk import Talk


async def sweep(talk: Talk) -> int:
    """Two replicas at once, when it is time again."""
    talk.now += EVERY + timedelta(seconds=1)
    return sum(await asyncio.gather(*(advance_points(talk.database, talk.now) for _ in range(2))))


async def switch(talk: Talk, *, on: bool) -> None:
    async with talk.database.write() as session:
        await switch_points(session, 1, talk.now, on=on, actor_id=1)


async def total(talk: Talk) -> int:
    async with talk.database.read() as session:
        return sum(one.points for one in await sum_points(session, 1))


async def test_points_come_from_the_records_and_go_with_them(talk: Talk) -> None:
    await talk.bind("o-a")
    await talk.say("o-a", "3栋2单元楼道灯坏了")
    assert await sweep(talk) == 0
    assert "没有开积分" in await talk.say("o-a", "我的积分")
    await switch(talk, on=True)
    assert await sweep(talk) == 0  # what was said before earns nothing
    assert "还没有得分" in await talk.say("o-a", "我的积分")

    await talk.say("o-a", "3栋2单元电梯又坏了，老人下不来楼")
    assert await sweep(talk) == 1
    assert await sweep(talk) == 0
    shown = await talk.say("o-a", "积分")
    assert "有 5 分" in shown
    assert "跟积分没有关系" in shown
    await talk.bind("o-b")
    await talk.say("o-b", "我家也是，电梯坏了")
    await sweep(talk)

    matters = await talk.rows(Matter)
    await talk.say("o-a", f"撤回 {matters[-1].number}")
    await sweep(talk)
    assert "还没有得分" in await talk.say("o-a", "我的积分")
    entries = [entry for entry in await talk.rows(PointEntry) if entry.taken_back_at is not None]
    assert [entry.kind for entry in entries] == [PointKind.REPORT]


async def test_who_is_forgotten_leaves_the_totals_and_off_is_off(talk: Talk) -> None:
    await talk.bind("o-a")
    for on in (True, True):
        await switch(talk, on=on)
    await talk.say("o-a", "3栋2单元电梯又坏了，老人下不来楼")
    assert await sweep(talk) == 1
    await talk.say("o-a", "删除我的资料")
    await talk.say("o-a", "确认删除")
    assert await sweep(talk) == 0
    assert await total(talk) == 5
    [entry] = await talk.rows(PointEntry)
    assert entry.person_id < 0

    await switch(talk, on=False)
    await talk.bind("o-b")
    await talk.say("o-b", "3栋2单元楼道灯坏了")
    assert await sweep(talk) == 0
    assert await total(talk) == 5
    switched = [event for event in await talk.rows(AuditEvent) if event.verb == "points.switched"]
    assert [event.details["on"] for event in sorted(switched, key=lambda event: event.at)] == [True, False]


async def test_who_came_to_a_consultation_gets_points_and_who_only_signed_up_none(talk: Talk) -> None:
    for openid in ("o-a", "o-b"):
        await talk.bind(openid)
    await switch(talk, on=True)
    talk.now += timedelta(hours=1)
    people = [(await identity(talk, "main", openid)).person_id for openid in ("o-a", "o-b")]
    async with talk.database.write() as session:
        held = Consultation(
            compound_id=1, month="2026-03", meets_at=talk.now, form=MeetingForm.COURTYARD, opened_at=talk.now
        )
        session.add(held)
        await session.flush()
        for person_id, came in zip(people, (True, False), strict=True):
            session.add(
                ConsultationSeat(
                    compound_id=1, month="2026-03", person_id=person_id, signed_at=talk.now, came=came
                )
            )
    assert await sweep(talk) == 0  # nobody has recorded it
    async with talk.database.write() as session:
        held = await session.get_one(Consultation, (1, "2026-03"))
        held.recorded_at = talk.now
        session.add(held)
    assert await sweep(talk) == 1
    assert "参加议事：1 次，10 分" in await talk.say("o-a", "我的积分")
    assert "还没有得分" in await talk.say("o-b", "我的积分")
