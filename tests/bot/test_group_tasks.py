"""企业群发: taken by the platform is not sent; the owner must tap, and a group gets only so much a month."""

import asyncio
from datetime import datetime, timedelta
from typing import cast

import pytest
from sqlmodel import select

from bot.channels.base import Channel, ChannelError, Outgoing, SendResult, Verdict
from bot.outbox import FIRST_LOOK, TASK_KEPT_FOR
from bot.tasks import BATCH, LOOK_AGAIN, follow_up
from handlers.context import Services
from handlers.local_time import LOCAL
from storage.database import Database
from storage.queries.group_tasks import list_awaiting
from storage.states import ChannelKind, Form, GroupKind, MessageClass, OutboxState
from storage.tables import ChatGroup, Compound
from tests.bot.fakes import Clock, ScriptedChannel
from tests.bot.house import Replica, enrol, outbox
from tests.bot.post import Post

ROOM = "wrRoom1"


class Corp(ScriptedChannel):
    """Takes group tasks; `tapped` and `failed` are the ids of those that ended."""

    kind = ChannelKind.WECOM_APP

    def __init__(self) -> None:
        super().__init__("corp")
        self.tapped: set[str] = set()
        self.failed: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.silent = False

    def needs_window(self, form: Form) -> bool:
        return False

    async def send(self, outgoing: Outgoing) -> SendResult:
        await super().send(outgoing)
        return SendResult(Verdict.TAKEN, 0, platform_id=f"msg-{len(self.sent)}")

    async def task_state(self, platform_id: str, owner: str) -> str:
        self.asked.append((platform_id, owner))
        if self.silent:
            raise ChannelError(SendResult(Verdict.UNKNOWN))
        if platform_id in self.tapped:
            return "sent"
        return "failed" if platform_id in self.failed else "waiting"


class Hall(Post):
    """A compound with one customer group."""

    def __init__(self, database: Database, services: Services, clock: Clock) -> None:
        super().__init__(database, services, clock)
        self.corp = Corp()
        self.replica = self.another("replica-a", self.corp)
        self.compound_id = 0

    async def found(self, rooms: int = 1) -> None:
        await enrol(self.database, self.services, self.clock)
        async with self.database.write() as session:
            compound = (await session.exec(select(Compound))).one()
            self.compound_id = compound.compound_id or 0
            for number in range(1, rooms + 1):
                session.add(
                    ChatGroup(
                        compound_id=self.compound_id,
                        account="archive",
                        room=f"wrRoom{number}",
                        kind=GroupKind.CUSTOMER,
                        name="3栋业主群",
                        speaks_through="corp",
                        owner="li",
                        registered_at=self.clock.now,
                    )
                )

    async def task(self, text: str = "本周征集", room: str = ROOM) -> None:
        await self.queue(text, MessageClass.PROMPT, room, "corp", Form.GROUP_TASK, {"owner": "li"})

    async def look(self) -> int:
        return await follow_up(self.database, self.replica.channels, self.clock.now)


@pytest.fixture
async def hall(database: Database, services: Services, clock: Clock) -> Hall:
    hall = Hall(database, services, clock)
    await hall.found()
    return hall


async def test_what_the_platform_took_awaits_its_owner_and_is_shown_so(hall: Hall) -> None:
    await hall.task()
    await hall.replica.send()
    message = await hall.only()
    assert (message.state, message.platform_id, message.done_at) == (
        OutboxState.AWAITING_OWNER,
        "msg-1",
        None,
    )
    async with hall.database.read() as session:
        [shown] = await list_awaiting(session, hall.compound_id)
        assert await list_awaiting(session, hall.compound_id + 1) == []
    assert (shown.group_name, shown.owner, shown.text) == ("3栋业主群", "li", "本周征集")
    assert (shown.since, shown.until) == (hall.clock.now, hall.clock.now + TASK_KEPT_FOR)
    hall.clock.forward(600)
    await hall.replica.send()
    assert len(hall.corp.sent) == 1


async def test_a_tap_makes_it_sent(hall: Hall) -> None:
    await hall.task()
    await hall.replica.send()
    assert await hall.look() == 0
    assert hall.corp.asked == []  # nobody taps in the first second
    hall.clock.forward(FIRST_LOOK.total_seconds())
    assert await hall.look() == 0
    hall.corp.tapped.add("msg-1")
    hall.clock.forward(LOOK_AGAIN.total_seconds())
    assert await hall.look() == 1
    assert hall.corp.asked == [("msg-1", "li")] * 2
    message = await hall.only()
    assert (message.state, message.done_at) == (OutboxState.SENT, hall.clock.now)
    async with hall.database.read() as session:
        assert await list_awaiting(session, hall.compound_id) == []


async def test_nobody_taps_for_three_days(hall: Hall) -> None:
    await hall.task()
    await hall.replica.send()
    hall.clock.forward(TASK_KEPT_FOR.total_seconds() - 1)
    assert await hall.look() == 0
    hall.clock.forward(LOOK_AGAIN.total_seconds())
    assert await hall.look() == 1
    message = await hall.only()
    assert (message.state, message.reason) == (OutboxState.DEAD, "not tapped")


async def test_a_late_tap_is_believed_over_the_time_limit(hall: Hall) -> None:
    await hall.task()
    await hall.replica.send()
    hall.corp.tapped.add("msg-1")
    hall.clock.forward(TASK_KEPT_FOR.total_seconds() + 60)
    assert await hall.look() == 1
    assert (await hall.only()).state is OutboxState.SENT


async def test_a_task_the_platform_gave_up_is_dead(hall: Hall) -> None:
    await hall.task()
    await hall.replica.send()
    hall.corp.failed.add("msg-1")
    hall.clock.forward(60)
    assert await hall.look() == 1
    assert (await hall.only()).state is OutboxState.DEAD


async def test_a_platform_that_does_not_answer_is_asked_again(hall: Hall) -> None:
    await hall.task()
    await hall.replica.send()
    hall.corp.silent = True
    hall.clock.forward(60)
    assert await hall.look() == 0
    hall.corp.silent = False
    hall.corp.tapped.add("msg-1")
    hall.clock.forward(LOOK_AGAIN.total_seconds())
    assert await hall.look() == 1


async def test_the_longest_unasked_are_asked_first_and_a_few_at_a_time(
    database: Database, services: Services, clock: Clock
) -> None:
    hall = Hall(database, services, clock)
    await hall.found(rooms=BATCH + 5)
    for number in range(1, BATCH + 6):
        await hall.task(room=f"wrRoom{number}")
    await hall.replica.send()
    hall.clock.forward(60)
    await hall.look()
    assert len(hall.corp.asked) == BATCH
    await hall.look()
    assert len(set(hall.corp.asked)) == len(hall.corp.asked) == BATCH + 5


async def test_two_replicas_ask_once(hall: Hall, database_url: str) -> None:
    other_database = Database(database_url)
    await hall.task()
    await hall.replica.send()
    hall.corp.tapped.add("msg-1")
    hall.clock.forward(60)
    channels = cast(dict[str, Channel], {"corp": hall.corp})
    ended = await asyncio.gather(
        *(follow_up(each, channels, hall.clock.now) for each in (hall.database, other_database))
    )
    assert sorted(ended) == [0, 1]
    assert len(hall.corp.asked) == 1
    await other_database.close()


# The month


def shanghai(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=LOCAL)


async def fill(hall: Hall, count: int) -> None:
    """Send so many tasks, each tapped a few minutes later."""
    for number in range(count):
        await hall.task(f"第{number}条-{hall.clock.now.isoformat()}")
        await hall.replica.send()
        hall.corp.tapped.add(f"msg-{len(hall.corp.sent)}")
        hall.clock.forward(240)
        await hall.look()


async def test_a_group_gets_as_many_tasks_as_the_month_has_days(hall: Hall) -> None:
    hall.clock.now = shanghai(2, 27)
    await fill(hall, 28)
    await hall.task("第二十九条")
    await hall.replica.send()
    assert len(hall.corp.sent) == 28
    last = (await outbox(hall.database))[-1]
    assert (last.state, last.reason) == (OutboxState.DEAD, "monthly quota")
    # The month ends in Shanghai, eight hours before it does in UTC.
    hall.clock.now = shanghai(3, 1, 9)
    await hall.task("三月第一条")
    await hall.replica.send()
    assert hall.corp.texts[-1] == "三月第一条"


async def test_what_waits_for_a_tap_counts_and_other_groups_do_not(
    database: Database, services: Services, clock: Clock
) -> None:
    hall = Hall(database, services, clock)
    await hall.found(rooms=2)
    hall.clock.now = shanghai(2, 27)
    await fill(hall, 27)
    await hall.task("等着点")
    await hall.replica.send()
    await hall.task("超了")
    await hall.task("别的群", room="wrRoom2")
    hall.clock.forward(2)
    await hall.replica.send()
    states = {message.text: message.state for message in await outbox(hall.database)}
    assert states["等着点"] is states["别的群"] is OutboxState.AWAITING_OWNER
    assert states["超了"] is OutboxState.DEAD


async def test_two_replicas_do_not_exceed_the_month_together(hall: Hall, database_url: str) -> None:
    other_database = Database(database_url)
    other_corp = Corp()
    other = Replica(other_database, hall.services, hall.clock, "replica-b", [other_corp])
    hall.clock.now = shanghai(2, 27)
    await fill(hall, 27)
    for number in range(4):
        await hall.task(f"又{number}条")
    for _ in range(5):
        await asyncio.gather(hall.replica.send(), other.send())
        hall.clock.forward(timedelta(seconds=2).total_seconds())
    assert len(hall.corp.sent) + len(other_corp.sent) == 28
    await other_database.close()
