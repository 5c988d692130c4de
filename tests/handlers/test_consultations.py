"""The monthly consultation on real databases: two replicas, who is told what and how often, chat, who is forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from handlers.consultations.agenda import drop_item, edit_item
from handlers.consultations.clock import advance_consultations
from handlers.consultations.meeting import call_off, move_meeting, settle_agenda
from handlers.consultations.outcomes import Decision
from handlers.consultations.record import decide_item, publish_minutes, put_record
from storage.queries.tree import find_compound
from storage.states import ItemOutcome, ItemState, MeetingForm, Role
from storage.tables import AuditEvent, Consultation, ConsultationItem, ConsultationSeat, OutboxMessage
from tests.handlers.neighbours import appoint, open_groups
from tests.handlers.talk import Talk

MONTH = "2026-03"
DAY = timedelta(days=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of March, local."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


class Yard:
    """新禾苑 with a secretary, groups, and two residents."""

    def __init__(self, talk: Talk, secretary: int) -> None:
        self.talk = talk
        self.secretary = secretary

    async def tick(self, now: datetime, replicas: int = 2) -> int:
        """The clocks of two replicas at once, then once more."""
        self.talk.now = now
        clocks = [advance_consultations(self.talk.database, self.talk.services, now) for _ in range(replicas)]
        done = sum(await asyncio.gather(*clocks))
        assert await advance_consultations(self.talk.database, self.talk.services, now) == 0
        return done

    async def do(self, verb: object, *what: object) -> None:
        async with self.talk.database.write() as session:
            compound = await find_compound(session, "XH-1")
            await verb(  # type: ignore[operator]
                session, self.talk.services, compound, MONTH, *what, self.talk.now, actor_id=self.secretary
            )

    async def told(self) -> list[tuple[str, str]]:
        """Who was told what, by the key's last parts, each message once."""
        rows = [
            row for row in await self.talk.rows(OutboxMessage) if row.dedupe_key.startswith("consultation:")
        ]
        return [
            (row.recipient, row.dedupe_key.split(":", 3)[3].rpartition(":")[0].rpartition(":")[0])
            for row in rows
        ]

    async def item(self, title: str) -> ConsultationItem:
        [found] = [row for row in await self.talk.rows(ConsultationItem) if row.title == title]
        return found


@pytest.fixture
async def yard(talk: Talk) -> Yard:
    for name in ("a", "b"):
        await talk.bind(f"o-{name}", "XH-1/3-2")
    secretary = await appoint(talk, "shuji", Role.SECRETARY)
    async with talk.database.read() as session:
        compound = await find_compound(session, "XH-1")
    assert compound is not None and compound.compound_id is not None
    await open_groups(talk, compound.compound_id)
    return Yard(talk, secretary)


async def test_each_step_is_told_once_whoever_asks(yard: Yard) -> None:
    talk = yard.talk
    assert "不到" not in await talk.say("o-a", "提议 广场舞小点声")
    assert "记下了" in await talk.say("o-a", "提议 广场舞小点声")  # the same words are the same proposal
    assert "后面" in await talk.say("o-a", "提议")
    await yard.tick(at(12, 13))
    dance = await yard.item("广场舞小点声")
    assert (dance.month, dance.state) == (MONTH, ItemState.PROPOSED)
    assert "没有可以报名的议事" in await talk.say("o-a", "报名")
    await yard.do(edit_item, dance.item_number, "广场舞几点停", "")
    await yard.do(settle_agenda)
    await yard.tick(at(15, 10))
    shown = await talk.say("o-a", "议事")
    assert "1. 广场舞几点停" in shown
    assert "3月20日（周五）19:00" in shown
    assert "报上名了" in await talk.say("o-a", "报名")
    assert "报上名了" in await talk.say("o-a", "我要报名")
    assert "报上名了" in await talk.say("o-b", "报名")
    assert "已经取消" in await talk.say("o-b", "取消报名")
    assert "没有报名" in await talk.say("o-b", "取消报名")
    assert len(await talk.rows(ConsultationSeat)) == 1
    await yard.do(move_meeting, at(24, 19), MeetingForm.COURTYARD, "3栋楼下", None)
    await yard.tick(at(16, 10))
    await yard.tick(at(24, 17))
    await yard.tick(at(26, 10))
    await yard.do(put_record, 9, ["李书记"], [], "都说了话。")
    later = Decision(ItemOutcome.DEFERRED, "先谈时间", until=at(30, 9).date())
    await yard.do(decide_item, dance.item_number, later)
    await yard.do(publish_minutes)
    told = await yard.told()
    people = {("o-a", f"invited:{n}") for n in (0, 1)} | {("o-b", f"invited:{n}") for n in (0, 1)}
    assert people <= set(told)
    assert len(told) == len(set(told)), told
    assert {what for recipient, what in told if recipient == "shuji"} == {"proposed", "closed:1", "ask:1"}
    said = {what for recipient, what in told if recipient == "o-a"}
    assert {f"item:{dance.item_number}:on", f"item:{dance.item_number}:decided"} <= said
    assert {what for recipient, what in told if recipient == "group"} == {"notice:0", "notice:1", "minutes"}
    # Two weeks after: what is left of what was promised, and who is holding it.
    await yard.tick(at(26, 10) + 14 * DAY)
    [check] = [row for row in await talk.rows(OutboxMessage) if ":check:" in row.dedupe_key]
    assert "还有 1 件没办完" in check.text
    [row] = [row for row in await talk.rows(Consultation) if row.month == MONTH]
    assert row.next_at is None


async def test_a_week_of_downtime_is_one_catch_up(yard: Yard) -> None:
    await yard.talk.say("o-a", "提议 广场舞小点声")
    await yard.tick(at(12, 13))
    dance = await yard.item("广场舞小点声")
    await yard.do(edit_item, dance.item_number, "广场舞几点停", "")
    await yard.do(settle_agenda)
    before = len(await yard.told())
    await yard.tick(at(28, 12))
    after = await yard.told()
    # Nobody is invited to what is over; that there is no record is told to the community, which has nobody here.
    assert after[before:] == []
    steps = [
        event.verb for event in await yard.talk.rows(AuditEvent) if event.verb.startswith("consultation.")
    ]
    assert steps.count("consultation.notice") == steps.count("consultation.late") == 1


async def test_what_is_called_off_is_told_and_waits(yard: Yard) -> None:
    talk = yard.talk
    await talk.say("o-a", "提议 广场舞小点声")
    await talk.say("o-b", "提议 车棚漏雨")
    await yard.tick(at(12, 13))
    dance, shed = await yard.item("广场舞小点声"), await yard.item("车棚漏雨")
    await yard.do(edit_item, dance.item_number, "广场舞几点停", "")
    await yard.do(drop_item, shed.item_number, "已经在修")
    await yard.do(settle_agenda)
    await yard.tick(at(15, 10))
    await talk.say("o-a", "报名")
    await yard.do(call_off, "下大雨")
    told = await yard.told()
    assert ("o-a", "called_off") in told
    assert ("o-b", "called_off") not in told
    assert ("o-b", f"item:{shed.item_number}:dropped") in told
    assert (await yard.item("广场舞几点停")).month is None
    assert (await yard.item("车棚漏雨")).month == MONTH
    # Whoever asks to be forgotten leaves what the committee wrote, and nothing of theirs.
    await talk.say("o-a", "删除我的资料")
    await talk.say("o-a", "确认删除")
    left = await yard.item("广场舞几点停")
    assert (left.said, left.person_id) == (None, None)
    assert await talk.rows(ConsultationSeat) == []
