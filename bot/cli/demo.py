"""./run demo: a whole world on this machine, the simulated platform, the bot, and a sample compound.

Nothing in it can reach a real account: keys are made anew at each start, the platform is a loopback address, and
settings with environment = "demo" refuse anything else.
"""

import asyncio
import secrets
import signal
import string
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import select

from bot.app import Application, open_sealer, utc_now
from bot.channels.official_account import OfficialAccount
from bot.cli.compound import read_compound
from bot.cli.keys import fresh_key
from bot.config import Settings
from bot.playground.account import Account
from bot.playground.backstage import DatabaseBackstage
from bot.playground.cast import CAST, CHAPTER_ONE, COMPOUND_CODE, PHRASES, Step
from bot.playground.delivery import Delivery
from bot.playground.page import Page
from bot.playground.platform import Platform
from bot.telemetry import configure_logs
from handlers.people.enrol import CompoundEntry, enrol_compound
from handlers.people.rules import scene_of
from nlp.tagger import Tagger
from storage.database import Database
from storage.migrate import prepare
from storage.states import InboxState
from storage.tables import InboxMessage, Opinion

FOLDER = Path(".demo")
SAMPLE = Path(__file__).parents[1] / "playground" / "sample_compound.toml"
ACCOUNT = "demo"


@dataclass(frozen=True, slots=True)
class World:
    """What runs in a demo."""

    platform: Platform
    application: Application
    backstage: DatabaseBackstage
    compound: CompoundEntry


async def run(*, once: bool, port: int) -> int:
    """Play the story and end (1 when something in it went wrong), or serve the playground until Ctrl-C."""
    configure_logs("error")
    database = FOLDER / ("once.db" if once else "playground.db")
    async with running_world(database) as world:
        if once:
            return await play(world)
        try:
            await serve_playground(world, port)
        except OSError as error:
            print(f"yishi: cannot open port {port}: {error.strerror} (try --port)", file=sys.stderr)
            return 1
    return 0


@asynccontextmanager
async def running_world(database: Path) -> AsyncIterator[World]:
    """Start everything on a fresh database file, and stop it at the end."""
    await asyncio.to_thread(_start_over, database)
    account = Account(
        app_id=f"wx{secrets.token_hex(8)}",
        app_secret=secrets.token_hex(16),
        token=secrets.token_hex(8),
        encoding_aes_key="".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(43)),
        gh_id="gh_yishidemo",
    )
    platform = Platform(account)
    settings = _settings(account, await platform.start(), database)
    compound = await asyncio.to_thread(read_compound, SAMPLE)
    await _enrol(settings, compound)
    application = Application(settings)
    await application.start()
    try:
        platform.callback_url = f"{application.address}/wechat/{ACCOUNT}/callback"
        await platform.verify_callback()
        tagger = await asyncio.to_thread(Tagger.load)
        yield World(platform, application, DatabaseBackstage(application.database, ACCOUNT, tagger), compound)
    finally:
        await application.stop()
        await platform.stop()


def _start_over(database: Path) -> None:
    database.parent.mkdir(exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _settings(account: Account, api_base: str, database: Path) -> Settings:
    return Settings.model_validate(
        {
            "environment": "demo",
            "server": {"port": 0, "admin_port": 0},
            "database": {"url": f"sqlite:///{database}"},
            "security": {"column_keys": [f"demo:{fresh_key()}"], "lookup_key": fresh_key()},
            "channels": {
                ACCOUNT: {
                    "kind": "official_account",
                    "app_id": account.app_id,
                    "app_secret": account.app_secret,
                    "token": account.token,
                    "encoding_aes_key": account.encoding_aes_key,
                    "api_base": api_base,
                }
            },
        }
    )


async def _enrol(settings: Settings, compound: CompoundEntry) -> None:
    database = Database(settings.database.url.get_secret_value())
    try:
        await prepare(database)
        async with database.write() as session:
            await enrol_compound(session, open_sealer(settings), compound, utc_now())
    finally:
        await database.close()


async def serve_playground(world: World, port: int) -> None:
    """The page, until Ctrl-C."""
    scenes = {scene_of(COMPOUND_CODE, place.code): place.name for place in world.compound.places}
    page = Page(world.platform, CAST, world.backstage, scenes=scenes, phrases=PHRASES)
    address = await page.start(port=port)
    try:
        print(
            f"{world.compound.name}已经搭好，打开这个网页，扮演任何一位居民和机器人说话：\n\n    {address}/\n"
        )
        print(f"机器人的回调地址 {world.platform.callback_url}")
        print(f"机器人的运行指标 {world.application.admin_address}/metrics")
        print("按 Ctrl-C 结束。", flush=True)
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        await stop.wait()
    finally:
        await page.stop()


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
