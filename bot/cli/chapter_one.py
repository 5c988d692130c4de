"""The first chapter: residents write to the service account."""

import sys
import time
from collections import Counter
from typing import Any

from sqlmodel import select

from bot.channels.official_account import OfficialAccount
from bot.cli.world import ACCOUNT, World
from bot.playground.cast import CHAPTER_ONE, COMPOUND_CODE, Step
from bot.playground.delivery import Delivery
from bot.playground.platform import Platform
from handlers.people.rules import scene_of
from storage.states import InboxState
from storage.tables import InboxMessage, Opinion


async def play(world: World) -> int:
    """The first chapter, printed; returns 1 when a message was refused, lost or left unanswered."""
    started = time.perf_counter()
    print(f"第一章 · {world.compound.name}的居民给服务号发消息\n")
    print("真实的加密回调（安全模式，XML）经 HTTP 送达，先存进 SQLite 再应答。\n")
    channel = world.application.channels[ACCOUNT]
    assert isinstance(channel, OfficialAccount)
    code = await channel.create_qr(scene_of(COMPOUND_CODE, "3-2"), None)
    print(f"3栋2单元门口的二维码：{code.url}\n")
    deliveries = []
    for step in CHAPTER_ONE:
        delivery = await _take(world.platform, step)
        deliveries.append(delivery)
        await _print_step(world, step, delivery)
    return await _conclude(world, deliveries, time.perf_counter() - started)


async def _take(platform: Platform, step: Step) -> Delivery:
    match step.action:
        case "follow":
            return await platform.user_follows(step.who.openid, step.text or None)
        case "scan":
            return await platform.user_scans(step.who.openid, step.text)
        case "speak":
            return await platform.user_sends_voice(step.who.openid, step.text)
        case "say_twice":
            platform.faults.duplicate = 1
            return await platform.user_sends(step.who.openid, step.text)
        case "say":
            return await platform.user_sends(step.who.openid, step.text)


async def _print_step(world: World, step: Step, delivery: Delivery) -> None:
    did = {"follow": "关注", "scan": "扫码", "speak": "语音", "say": "说", "say_twice": "说"}[step.action]
    what = f"（{step.text}）" if step.action in ("follow", "scan") and step.text else f"：{step.text}"
    print(f"● {step.who.nickname}{did}{what if step.text else ''}")
    if step.note:
        print(f"  （{step.note}）")
    facts = await world.backstage.explain(delivery.msg_id) or {}
    if tags := _tag_line(facts):
        print(f"  {tags}")
    for line in (delivery.reply or "（没有回答）").splitlines():
        print(f"  │ {line}")
    print()


def _tag_line(facts: dict[str, Any]) -> str:
    if not facts.get("categories"):
        return ""
    names = "、".join(category["name"] for category in facts["categories"])
    terms = "、".join(dict.fromkeys(f"“{hit['term']}”" for hit in facts["hits"]))
    urgency = {1: "不急", 2: "一般", 3: "涉及安全"}[facts["urgency"]]
    place = f"｜地点 {facts['place']}" if facts["place"] else ""
    return f"标签 {names}｜依据 {terms}｜{urgency}{place}"


async def _conclude(world: World, deliveries: list[Delivery], seconds: float) -> int:
    async with world.application.database.read() as session:
        inbox = (await session.exec(select(InboxMessage))).all()
        opinions = (await session.exec(select(Opinion))).all()
    accepted = sum(delivery.accepted for delivery in deliveries)
    done = sum(message.state is InboxState.DONE for message in inbox)
    tops = Counter(
        world.backstage.top_name(opinion.categories[0]["id"]) for opinion in opinions if opinion.categories
    )
    print("—— 这一章的账 ——")
    print(
        f"投递 {len(deliveries)} 件，应答 {accepted} 件，存下 {len(inbox)} 件，处理完 {done} 件，用时 {seconds:.1f} 秒"
    )
    print(f"登记 {len(opinions)} 件：" + "、".join(f"{name} {count}" for name, count in tops.most_common()))
    urgent = sum(opinion.urgency == 3 for opinion in opinions)
    print(f"其中涉及安全 {urgent} 件。数据在 {world.application.database.path}，运行 ./run demo 自己试试。")
    complete = accepted == len(deliveries) == len(inbox) == done
    if not complete:
        print("yishi: the story did not come out whole", file=sys.stderr)
    return 0 if complete else 1
