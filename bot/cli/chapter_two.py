"""The second chapter: a week in the chat groups, from its opening on Monday to the committee's digest on Sunday."""

import sys
from datetime import time, timedelta

from sqlmodel import col, func, select

from bot.cli.story import Story, local, next_monday
from bot.cli.world import World
from bot.playground import cast_corp
from bot.playground.cast import CHEN, LIU, WANG, ZHANG, ZHAO
from bot.playground.cast_corp import external_id
from storage.states import OpinionState
from storage.tables import (
    AlertEpisode,
    ArchiveTombstone,
    InboxMessage,
    Opinion,
    WeeklyCycle,
)


async def play(world: World) -> int:
    """Play it, print it; returns 1 when it did not come out whole."""
    story = Story(world)
    print("\n第二章 · 居民群里的一周\n")
    print("居民在居民群里照常聊天，机器人经会话存档听见；工作人员在工作群里 @ 它；时钟由故事拨快。\n")
    monday = next_monday(world.clock())
    await story.at(local(monday, time(9, 40)), "周一，新一周的收集开始")
    await story.at(local(monday + timedelta(days=1), time(19, 5)), "周二晚上，3栋业主群")
    await story.say(cast_corp.BUILDING_3, external_id(WANG), "3栋2单元楼道灯坏了一个星期了，黑得看不见")
    await story.say(cast_corp.BUILDING_3, external_id(CHEN), "大家早点休息")
    print("  （闲聊不登记）")
    bins = await story.say(cast_corp.BUILDING_3, external_id(ZHAO), "垃圾桶满了三天没人清")
    await story.settle()
    await world.platform.wecom.user_revokes(cast_corp.BUILDING_3, external_id(ZHAO), bins)
    print("  （撤回的话，库里也不留）")
    await story.settle()
    await story.at(local(monday + timedelta(days=2), time(22, 30)), "周三夜里，5栋业主群里有人说闻到煤气")
    await story.say(cast_corp.BUILDING_5, external_id(LIU), "5栋楼道里煤气味很重，谁家漏气了")
    await story.settle()
    await story.ask(cast_corp.STAFF_ROOM, cast_corp.DUTY.userid, f"@议事 收到 {await story.latest_alert()}")
    await story.at(
        local(monday + timedelta(days=3), time(19, 10)), "周四，群里不热闹，提醒一次；群主点了才发得出去"
    )
    await _tap(story)
    await story.say(cast_corp.BUILDING_5, external_id(ZHANG), "小区门口的车乱停，消防车都进不来")
    await story.settle()
    await story.ask(cast_corp.STAFF_ROOM, cast_corp.SECRETARY.userid, "@议事 本周")
    await story.at(local(monday + timedelta(days=6), time(20, 35)), "周日晚上，本周收集结束，每周摘要送到")
    return await _conclude(story, monday.date().isoformat())


async def _tap(story: Story) -> None:
    """The owners of the groups tap what waits for them."""
    wecom = story.world.platform.wecom
    waiting = wecom.tasks.waiting()
    print(f"  （{len(waiting)} 条群发等群主点发送；现在都点了）")
    for task in waiting:
        wecom.owner_taps(task.msgid)
    story.world.clock.forward_to(story.world.clock() + timedelta(minutes=5))
    await story.settle()


async def _conclude(story: Story, week: str) -> int:
    """Count what came of the week."""
    async with story.world.application.database.read() as session:
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
