"""What a server costs that has nothing to do, how soon it is there, and which door shows what."""

import asyncio

import aiohttp
import psutil

from bot.playground.platform import Platform
from tests.system.fleet import Fleet, Setup
from tests.system.residents import PEOPLE, seal, write_messages

MEGABYTE = 2**20
READY_SECONDS = 3.0
PATIENCE = 4  # other tests load this machine; the figure itself is printed
# A short word at the edge of longer ones: only the dictionary tells whether it stands there.
NEEDS_WORD_BOUNDARIES = "老鼠从垃圾房跑到地下室，胆子大得很"


async def test_an_idle_server_is_small_and_soon_ready(fleet: Fleet, founded_sqlite: str) -> None:
    server = await fleet.start(Setup(founded_sqlite), as_command=True)
    process = psutil.Process(server.process.pid)
    await asyncio.sleep(2)
    idle = process.memory_info().rss / MEGABYTE
    cpu_before = process.cpu_times()
    await asyncio.sleep(1)
    cpu = process.cpu_times()
    message = write_messages(1)[0]
    async with aiohttp.ClientSession() as session:
        path, body = seal(message.plaintext().replace(message.text, NEEDS_WORD_BOUNDARIES + "琥珀"))
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        async with session.post(server.address + path, data=body) as response:
            assert response.status == 200
            assert await response.read()
        first_seconds = loop.time() - asked_at
    used = process.memory_info().rss / MEGABYTE
    busy = cpu.user + cpu.system - cpu_before.user - cpu_before.system
    print(
        f"ready after {server.ready_seconds:.2f} s; RSS idle {idle:.0f} MB, after the first message {used:.0f} MB; "
        f"first answer after {first_seconds * 1000:.0f} ms; CPU idle {busy:.2f} of 1 s"
    )
    assert (
        max(idle, used) < 230
    )  # 196 before the pages and papers of votes, 211 before topics, visits and the rest
    assert server.ready_seconds < READY_SECONDS * PATIENCE
    assert first_seconds < 0.5


async def test_admin_pages_are_on_the_admin_address_only(fleet: Fleet, founded_sqlite: str) -> None:
    server = await fleet.start(Setup(founded_sqlite))
    assert [await server.get(path) for path in ("/metrics", "/readyz", "/healthz")] == [200, 200, 200]
    metrics = await server.metrics()
    for name in ("callbacks_stored", "callbacks_refused", "inbox_commit_messages", "messages", "sends"):
        assert f"yishi_{name}" in metrics
    async with aiohttp.ClientSession() as session:
        statuses = {}
        for path in ("/healthz", "/metrics", "/readyz"):
            async with session.get(server.address + path) as response:
                statuses[path] = response.status
    assert statuses == {"/healthz": 200, "/metrics": 404, "/readyz": 404}


async def test_counters_follow_what_happens(fleet: Fleet, platform: Platform, founded_sqlite: str) -> None:
    server = await fleet.start(Setup(founded_sqlite, platform.base_url))
    platform.callback_url = server.callback_url
    await platform.user_sends(PEOPLE[0], "3栋2单元电梯又坏了，老人下不来楼。琥珀")
    async with aiohttp.ClientSession() as session, session.post(server.callback_url, data=b"") as refused:
        assert refused.status == 403
    metrics = await server.metrics()
    assert "yishi_callbacks_stored_total 1.0" in metrics
    assert 'yishi_messages_total{outcome="opinion.filed"} 1.0' in metrics
    assert 'yishi_callbacks_refused_total{account="main",reason=' in metrics
