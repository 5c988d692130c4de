"""The second chapter: a week in the chat groups, from its opening on Monday to the committee's digest on Sunday."""

import asyncio
import sys
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import col, func, select

from bot.cli.world import World
from bot.playground import cast_corp
from bot.playground.cast import CHEN, LIU, WANG, ZHANG, ZHAO
from storage.states import InboxState, OpinionState, OutboxState
from storage.tables import (
    AlertEpisode,
    ArchiveCursor,
    ArchiveTombstone,
    InboxMessage,
    Opinion,
    OutboxMessage,
    WeeklyCycle,
)

LOCAL = ZoneInfo("Asia/Shanghai")
PATIENCE_SECONDS = 10.0
SOON = timedelta(hours=1)  # what is queued for later than this is for later in the story, too


async def play(world: World) -> int:
    """Play it, print it; returns 1 when it did not come out whole."""
    story = _Story(world)
    print("\n第二章 · 居民群里的一周\n")
    print("居民在居民群里照常聊天，机器人经会话存档听见；工作人员在工作群里 @ 它；时钟由故事拨快。\n")
    monday = _next_monday(world.clock())
    await story.at(_local(monday, time(9, 40)), "周一，新一周的收集开始")
    await story.at(_local(monday + timedelta(days=1), time(19, 5)), "周二晚上，3栋业主群")
    await story.say(cast_corp.BUILDING_3, WANG.openid, "3栋2单元楼道灯坏了一个星期了，黑得看不见")
    await story.say(cast_corp.BUILDING_3, CHEN.openid, "大家早点休息", "闲聊不登记")
    await story.say(cast_corp.BUILDING_3, ZHAO.openid, "垃圾桶满了三天没人清")
    await story.revoke_last()
    await story.settle()
    await story.at(_local(monday + timedelta(days=2), time(22, 30)), "周三夜里，5栋业主群里有人说闻到煤气")
    await story.say(cast_corp.BUILDING_5, LIU.openid, "5栋楼道里煤气味很重，谁家漏气了")
    await story.settle()
    await story.ask(cast_corp.STAFF_ROOM, cast_corp.DUTY.userid, f"@议事 收到 {await story.latest_alert()}")
    await story.at(
        _local(monday + timedelta(days=3), time(19, 10)), "周四，群里不热闹，提醒一次；群主点了才发得出去"
    )
    await story.tap()
    await story.say(cast_corp.BUILDING_5, ZHANG.openid, "小区门口的车乱停，消防车都进不来")
    await story.settle()
    await story.ask(cast_corp.STAFF_ROOM, cast_corp.SECRETARY.userid, "@议事 本周")
    await story.at(_local(monday + timedelta(days=6), time(20, 35)), "周日晚上，本周收集结束，每周摘要送到")
    return await story.conclude(monday.date().isoformat())


class _Story:
    def __init__(self, world: World) -> None:
        self._world = world
        self._rooms = world.platform.wecom.rooms
        self._printed = max((line.seq for line in self._rooms.lines_since(0)), default=0)
        self._last: tuple[str, str, str] = ("", "", "")

    async def at(self, moment: datetime, what: str) -> None:
        """Set the clock forward and let the bot do what is due."""
        self._world.clock.forward_to(moment)
        print(f"── {what}（{self._world.clock().astimezone(LOCAL):%m月%d日 %H:%M}）")
        await self.settle()

    async def say(self, room: str, openid: str, text: str, note: str = "") -> None:
        """A resident writes in a customer group."""
        person = f"wm{openid[1:]}"
        await self._world.platform.wecom.user_says(room, person, text)
        found = self._rooms.find(room)
        assert found is not None
        self._last = (room, person, found.lines[-1].msg_id)
        if note:
            print(f"  （{note}）")

    async def revoke_last(self) -> None:
        """Who spoke last takes it back, once the bot has heard it."""
        await self.settle()
        await self._world.platform.wecom.user_revokes(*self._last)
        print("  （撤回的话，库里也不留）")

    async def ask(self, room: str, userid: str, text: str) -> None:
        """A member of staff speaks to the bot in the internal group."""
        await self._world.platform.wecom.user_says(room, userid, text)
        await self.settle()

    async def tap(self) -> None:
        """The owners of the groups tap what waits for them."""
        waiting = self._world.platform.wecom.tasks.waiting()
        print(f"  （{len(waiting)} 条群发等群主点发送；现在都点了）")
        for task in waiting:
            self._world.platform.wecom.owner_taps(task.msgid)
        self._world.clock.forward_to(self._world.clock() + timedelta(minutes=5))
        await self.settle()

    async def settle(self) -> None:
        """Let the bot hear, work and send until nothing is left to do now; print what came of it."""
        until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            await self._world.application.catch_up()
            await asyncio.sleep(0.1)
            waits_until = await self._busy()
            if waits_until is None:
                break
            if asyncio.get_running_loop().time() > until:
                print("yishi: the bot has not finished", file=sys.stderr)
                break
            self._world.clock.forward_to(waits_until)
        self._print_new()

    async def _busy(self) -> datetime | None:
        """None when nothing is left to do soon, else the time at which the next thing is due."""
        now = self._world.clock()
        async with self._world.application.database.read() as session:
            unread = select(func.count()).where(InboxMessage.state == InboxState.NEW)
            if (await session.exec(unread)).one():
                return now
            due = select(func.min(OutboxMessage.not_before)).where(
                col(OutboxMessage.state).in_((OutboxState.PENDING, OutboxState.SENDING)),
                OutboxMessage.not_before <= now + SOON,
            )
            at: datetime | None = (await session.exec(due)).one()
        feed = self._world.platform.archive
        if at is None and feed is not None and await self._unheard():
            return now
        return at

    async def _unheard(self) -> bool:
        """Whether the archive has more than the bot has read."""
        feed = self._world.platform.archive
        assert feed is not None
        async with self._world.application.database.read() as session:
            read = (await session.exec(select(ArchiveCursor.seq))).first() or 0
        return bool(feed.items) and feed.seq > read

    def _print_new(self) -> None:
        before = ""
        for line in self._rooms.lines_since(self._printed):
            self._printed = line.seq
            room = self._rooms.find(line.room)
            if room is None or line.direction == "system":
                continue
            who = "机器人" if line.direction == "bot" else self._world.platform.wecom.name_of(line.sender)
            print(f"● [{room.name}] {who}：")
            for part in ("（同上）" if line.text == before else line.text).splitlines():
                print(f"  │ {part}")
            before = line.text
        print()

    async def latest_alert(self) -> int:
        """The number that staff answer with."""
        async with self._world.application.database.read() as session:
            return (await session.exec(select(func.max(AlertEpisode.number)))).one() or 0

    async def conclude(self, week: str) -> int:
        """Count what came of the week."""
        async with self._world.application.database.read() as session:
            cycle = (await session.exec(select(WeeklyCycle).where(WeeklyCycle.week == week))).first()
            # What was taken back counts for nothing.
            standing = (col(Opinion.group_id).is_not(None), Opinion.state == OpinionState.FILED)
            heard = (await session.exec(select(func.count()).where(*standing))).one()
            episodes = (await session.exec(select(AlertEpisode))).all()
            tombstones = (await session.exec(select(func.count()).select_from(ArchiveTombstone))).one()
            revoked = (
                await session.exec(
                    select(func.count())
                    .select_from(InboxMessage)
                    .where(col(InboxMessage.text).contains("三天没人清"))
                )
            ).one()
        digest = (cycle.digest or {}) if cycle else {}
        acknowledged = sum(episode.acknowledged_at is not None for episode in episodes)
        print("—— 这一章的账 ——")
        print(
            f"群里听见并登记 {heard} 件，安全告警 {len(episodes)} 起（已有人确认 {acknowledged} 起），"
            f"存档里不留内容的 {tombstones} 条；"
            f"本周摘要 {digest.get('total', 0)} 件，上周 {digest.get('last_total', 0)} 件。"
        )
        whole = digest.get("total", 0) == heard > 0 and acknowledged >= 1 and revoked == 1
        if not whole:
            print("yishi: the week did not come out whole", file=sys.stderr)
        return 0 if whole else 1


def _next_monday(now: datetime) -> datetime:
    local = now.astimezone(LOCAL)
    return local + timedelta(days=7 - local.weekday())


def _local(day: datetime, at: time) -> datetime:
    return datetime.combine(day.date(), at, LOCAL)
