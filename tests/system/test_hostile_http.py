"""Ten thousand requests that no platform sends, at one running server."""

import asyncio
import itertools
import random
from collections import Counter

from bot.playground.platform import Platform
from tests.system.books import open_books
from tests.system.fleet import Fleet, Server, Setup
from tests.system.hostile import Answer, Mutations, Peer
from tests.system.residents import Postman, write_messages

REQUESTS = 10_000
GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)),
    b"\x00" * 300,
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST /wechat/main/callback HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    b"POST /wechat/main/callback HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
    b"POST /wechat/main/callback HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
    b"POST /wechat/main/callback HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"a" * 20_000,
    b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 1000 + b"\r\n",
    b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"POST /wechat/main/callback HTTP/1.1\r\nHost: a\r\nExpect: the best\r\nContent-Length: 1\r\n\r\na",
    b"\r\n\r\n\r\n\r\n",
)


def _verdict(answer: Answer) -> str:
    server = next((line for line in answer.headers.split("\r\n") if line.lower().startswith("server:")), "")
    return f"{answer.status} {server} {answer.body[:40]!r}"


async def _attack(server: Server, requests: list[bytes], connections: int) -> list[Answer]:
    queue, answers = iter(requests), list[Answer]()

    async def one() -> None:
        peer = Peer(server.address)
        for raw in queue:
            answers.append(await peer.ask(raw))
        await peer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return answers


async def _alone(server: Server, raw: bytes) -> Answer:
    """On a connection of its own. One that waits for the rest gives none."""
    peer = Peer(server.address)
    answer = await peer.ask(raw, seconds=0.5)
    await peer.close()
    return answer


async def test_ten_thousand_wrong_callbacks_store_nothing_and_learn_nothing(
    fleet: Fleet, platform: Platform, founded_sqlite: str
) -> None:
    server = await fleet.start(Setup(founded_sqlite, platform.base_url))
    seed = random.randrange(2**32)
    requests = list(itertools.islice(Mutations(random.Random(seed)), REQUESTS))
    async with open_books(founded_sqlite) as books:
        before = await books.counts()
        answers = await _attack(server, requests, 16)
        assert len(answers) == REQUESTS
        verdicts = Counter(_verdict(answer) for answer in answers)
        print(f"seed {seed}: {dict(verdicts)}")
        assert {answer.status for answer in answers} <= {403, 404, 405}, verdicts
        assert {answer.body for answer in answers} == {b""}, verdicts
        assert all("server: yishi\r\n" in answer.headers.lower() for answer in answers), verdicts
        assert await books.counts() == before

        messages, postman = write_messages(20), Postman()
        await postman.deliver([server.address], messages)
        assert postman.statuses == {200: 20}
        await books.wait_until_worked(10)
        await books.check(messages, messages)


async def test_what_is_not_even_http_gets_a_short_answer_or_none(
    fleet: Fleet, platform: Platform, founded_sqlite: str
) -> None:
    server = await fleet.start(Setup(founded_sqlite, platform.base_url))
    rng = random.Random(1)
    noise = [rng.randbytes(rng.randrange(1, 3000)) + b"\r\n\r\n" for _ in range(200)]
    answers = list[Answer]()
    requests = [*GARBAGE, *noise]
    for start in range(0, len(requests), 20):
        answers += await asyncio.gather(*(_alone(server, raw) for raw in requests[start : start + 20]))
    verdicts = Counter(_verdict(answer) for answer in answers)
    print(dict(verdicts))
    assert {answer.status for answer in answers} <= {0, 400, 403, 404, 417}, verdicts
    assert {answer.body for answer in answers} == {b""}, verdicts
    assert all("server: yishi\r\n" in answer.headers.lower() for answer in answers if answer.status), verdicts
    messages, postman = write_messages(5), Postman()
    await postman.deliver([server.address], messages)
    assert postman.statuses == {200: 5}
    async with open_books(founded_sqlite) as books:
        await books.wait_until_worked(10)
        await books.check(messages, messages)
