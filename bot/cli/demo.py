"""./run demo: the sample compound, played once as a story, or open for anybody to play in."""

import asyncio
import fcntl
import signal
import sys
from pathlib import Path
from typing import TextIO

from bot.cli import chapter_four, chapter_one, chapter_three, chapter_two
from bot.cli.world import World, running_world
from bot.playground import cast_corp
from bot.playground.cast import CAST, COMPOUND_CODE, PHRASES
from bot.playground.page import Page
from bot.telemetry import configure_logs
from handlers.people.rules import scene_of
from storage.states import PlaceLevel

FOLDER = Path(".demo")


async def run(*, once: bool, port: int) -> int:
    """Play the story and end (1 when something in it went wrong), or serve the playground until Ctrl-C."""
    configure_logs("error")
    database = FOLDER / ("once.db" if once else "playground.db")
    lock = _lock(database)
    if lock is None:
        print("yishi: a demo is already running here", file=sys.stderr)
        return 1
    with lock:
        return await _run(database, once=once, port=port)


def _lock(database: Path) -> TextIO | None:
    """Held for as long as it is open; None when another demo has it: starting would take its database away."""
    FOLDER.mkdir(exist_ok=True)
    lock = database.with_suffix(".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


async def _run(database: Path, *, once: bool, port: int) -> int:
    if once:
        return await _tell(database)
    async with running_world(database) as world:
        try:
            await serve_playground(world, port)
        except OSError as error:
            print(f"yishi: cannot open port {port}: {error.strerror} (try --port)", file=sys.stderr)
            return 1
    return 0


async def _tell(database: Path) -> int:
    """The chapters; from the third on each plays in a compound of its own, where nothing of the others is open."""
    async with running_world(database) as world:
        failed = await chapter_one.play(world) or await chapter_two.play(world)
    if failed:
        return failed
    async with running_world(FOLDER / "chat.db") as world:
        failed = await chapter_three.play(world)
    if failed:
        return failed
    async with running_world(FOLDER / "vote.db") as world:
        return await chapter_four.play(world, FOLDER)


async def serve_playground(world: World, port: int) -> None:
    """The page, until Ctrl-C."""
    walls = [place for place in world.compound.places if place.level is not PlaceLevel.UNIT]
    scenes = {scene_of(COMPOUND_CODE, place.code): place.name for place in walls}
    page = Page(
        world.platform,
        CAST,
        world.backstage,
        scenes=scenes,
        phrases=PHRASES,
        room_phrases=cast_corp.ROOM_PHRASES,
    )
    address = await page.start(port=port)
    try:
        print(
            f"{world.compound.name}已经搭好，打开这个网页，扮演任何一位居民和机器人说话：\n\n    {address}/\n"
        )
        print(
            f"居民的网页 {world.application.address}/h5，工作人员的网页 {world.application.address}/console"
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
