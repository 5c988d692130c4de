"""Residents whose messages the platform delivers: sealed by the simulator, carried by many connections at once."""

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp

from bot.playground.wire import Wire
from tests.system.fleet import ACCOUNT, CALLBACK_PATH, MARK, OPENID_PREFIX

COMPLAINTS = (
    "3栋2单元电梯又坏了，老人下不来楼",
    "楼上天天半夜装修，吵得睡不着",
    "垃圾桶满了三天没人清，臭得很",
    "小区大门口路灯坏了一个月没人修",
)
CHATTER = ("大家早上好", "谢谢物业，水管修好了")
PEOPLE = [f"{OPENID_PREFIX}{number:021d}" for number in range(600)]
WIRE = Wire(ACCOUNT, "xml", "safe")

_ids = itertools.count(int(time.time() * 1000) * 10_000)


@dataclass(frozen=True)
class Message:
    """One text of one resident; the platform gives it its id."""

    msg_id: str
    openid: str
    text: str
    complains: bool

    @property
    def key(self) -> str:
        """As the inbox knows it."""
        return f"m:{self.msg_id}"

    def plaintext(self) -> str:
        return WIRE.render(
            {
                "ToUserName": ACCOUNT.gh_id,
                "FromUserName": self.openid,
                "CreateTime": int(time.time()),
                "MsgType": "text",
                "Content": self.text,
                "MsgId": int(self.msg_id),
            }
        )


def seal(plaintext: str, timestamp: int | None = None) -> tuple[str, bytes]:
    """Path with query, and body, as the platform would send them now."""
    now = int(time.time()) if timestamp is None else timestamp
    query, body = WIRE.sign_and_seal(plaintext, now, str(random.randrange(10**10)))
    return f"{CALLBACK_PATH}?{urlencode(query)}", body


def write_messages(count: int) -> list[Message]:
    """Messages from a few hundred residents, half of them complaints."""
    people = itertools.cycle(PEOPLE)
    return [_message(next(people), number) for number in range(count)]


def _message(openid: str, number: int) -> Message:
    complains = number % 2 == 0
    text = random.choice(COMPLAINTS if complains else CHATTER)
    return Message(str(next(_ids)), openid, f"{text}。{MARK}", complains)


@dataclass(frozen=True)
class Answer:
    """What the platform got; status None: nothing in time."""

    status: int | None
    body: bytes
    seconds: float


@dataclass
class Postman:
    """Delivers messages as the platform does: gives up after five seconds, and remembers what was answered.

    acknowledged: messages answered 200, with every answer each of them got.
    """

    cut_seconds: float = 5.0
    acknowledged: dict[Message, list[Answer]] = field(default_factory=dict)
    statuses: Counter[int | None] = field(default_factory=Counter)
    slowest: float = 0.0

    async def deliver(
        self,
        addresses: Sequence[str],
        messages: Iterable[Message],
        *,
        connections: int = 32,
        on_answer: Callable[[], None] = lambda: None,
    ) -> dict[Message, Answer]:
        """Each message once, spread over the addresses."""
        queue, answers = iter(list(messages)), dict[Message, Answer]()
        targets = itertools.cycle(addresses)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections),
            timeout=aiohttp.ClientTimeout(total=self.cut_seconds),
        ) as session:
            await asyncio.gather(
                *(self._carry(session, next(targets), queue, answers, on_answer) for _ in range(connections))
            )
        return answers

    async def _carry(
        self,
        session: aiohttp.ClientSession,
        address: str,
        queue: Iterator[Message],
        answers: dict[Message, Answer],
        on_answer: Callable[[], None],
    ) -> None:
        for message in queue:
            answer = await post(session, address, message)
            answers[message] = answer
            self.statuses[answer.status] += 1
            if answer.status is not None:
                self.slowest = max(self.slowest, answer.seconds)
            if answer.status == 200:
                self.acknowledged.setdefault(message, []).append(answer)
                on_answer()


async def post(session: aiohttp.ClientSession, address: str, message: Message) -> Answer:
    """One delivery, sealed afresh as each of the platform's tries is."""
    path, body = seal(message.plaintext())
    started = time.monotonic()
    try:
        async with session.post(
            address + path, data=body, headers={"Content-Type": "text/xml"}, allow_redirects=False
        ) as response:
            return Answer(response.status, await response.read(), time.monotonic() - started)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return Answer(None, b"", time.monotonic() - started)
