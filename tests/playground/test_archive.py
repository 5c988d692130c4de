"""The simulator's chat archive: its feed over HTTP, and its seals opened by hand."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.channels.archive_simulated import SimulatedSeal, SimulatedSource
from bot.channels.chat_archive import ArchiveUnavailableError
from bot.playground.archive import LIMIT, PATH, ArchiveFeed, new_key
from bot.playground.loopback import LoopbackServer

ROOM, ZHAO = "wrVcDaCwAA7TgGvxHyNpz0o1Qm2", "wmVcDaCwAA7TgGvxHyNpz0o1Qm2"


class Clock:
    now = datetime(2026, 3, 12, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return new_key()


@pytest.fixture
def feed(key: rsa.RSAPrivateKey) -> ArchiveFeed:
    return ArchiveFeed({1: key}, clock=Clock())


@pytest.fixture
async def address(feed: ArchiveFeed) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(feed.routes())
    server = LoopbackServer(app)
    yield await server.start("127.0.0.1", 0)
    await server.stop()


@pytest.fixture
async def archive(address: str) -> AsyncIterator[SimulatedSource]:
    async with aiohttp.ClientSession() as http:
        yield SimulatedSource(address, http)


def open_by_hand(feed: ArchiveFeed, fields: dict[str, Any]) -> dict[str, Any]:
    random_key = feed.keys[fields["publickey_ver"]].decrypt(
        base64.b64decode(fields["encrypt_random_key"]), padding.PKCS1v15()
    )
    raw = base64.b64decode(fields["encrypt_chat_msg"])
    assert hmac.new(hashlib.sha256(b"mac:" + random_key).digest(), raw[:-32], "sha256").digest() == raw[-32:]
    cipher = Cipher(algorithms.AES(hashlib.sha256(b"aes:" + random_key).digest()), modes.CBC(raw[:16]))
    decryptor = cipher.decryptor()
    padded = decryptor.update(raw[16:-32]) + decryptor.finalize()
    return dict(json.loads(padded[: -padded[-1]]))


def test_a_message_is_sealed_as_documented(feed: ArchiveFeed) -> None:
    msgid = feed.text(ROOM, ZHAO, "楼道灯坏了")
    fields = feed.items[0].fields
    assert (fields["seq"], fields["msgid"], fields["publickey_ver"]) == (1, msgid, 1)
    plain = open_by_hand(feed, fields)
    assert plain["text"] == {"content": "楼道灯坏了"}
    assert (plain["from"], plain["roomid"], plain["action"]) == (ZHAO, ROOM, "send")
    assert "楼道灯" not in json.dumps(fields, ensure_ascii=False)


def test_what_people_do_has_the_platforms_shapes(feed: ArchiveFeed) -> None:
    msgid = feed.mixed(ROOM, ZHAO, ("text", {"content": "门口"}), ("image", {"md5sum": ""}))
    feed.revoke(msgid, ZHAO, ROOM)
    feed.switch("wangjing")
    feed.answer(ROOM, ZHAO, "谁家的", "我家的")
    mixed, revoke, switch, answer = [open_by_hand(feed, item.fields) for item in feed.items]
    assert [json.loads(item["content"]) for item in mixed["mixed"]["item"]] == [
        {"content": "门口"},
        {"md5sum": ""},
    ]
    assert (revoke["action"], revoke["revoke"]) == ("recall", {"pre_msgid": msgid})
    assert switch.keys() == {"msgid", "action", "time", "user"}
    assert answer["text"]["content"] == '这是一条引用/回复消息："谁家的"\n------\n我家的'


async def test_pages_start_after_seq_and_pass_over_holes(feed: ArchiveFeed, archive: SimulatedSource) -> None:
    for number in range(5):
        feed.text(ROOM, ZHAO, f"第{number}句")
        feed.hole(number)
    assert [item.seq for item in await archive.pull(0, 3)] == [1, 2, 4]
    assert [item.seq for item in await archive.pull(4, 3)] == [7, 11]
    assert await archive.pull(11, LIMIT) == []
    assert feed.pulls == 3


async def test_the_bots_half_opens_what_this_one_sealed(
    feed: ArchiveFeed, archive: SimulatedSource, key: rsa.RSAPrivateKey
) -> None:
    feed.text(ROOM, ZHAO, "楼道灯坏了")
    [item] = await archive.pull(0, 10)
    random_key = key.decrypt(base64.b64decode(item.encrypt_random_key), padding.PKCS1v15())
    assert (
        json.loads(SimulatedSeal().open(random_key, item.encrypt_chat_msg))["text"]["content"] == "楼道灯坏了"
    )


async def test_messages_are_gone_after_five_days(key: rsa.RSAPrivateKey) -> None:
    clock = Clock()
    feed = ArchiveFeed({1: key}, clock=clock)
    feed.text(ROOM, ZHAO, "旧话")
    clock.now += timedelta(days=5)
    feed.text(ROOM, ZHAO, "新话")
    assert [item["seq"] for item in feed.pull(0, 10)["chatdata"]] == [2]


async def test_failures_come_as_asked_and_bad_questions_are_refused(
    feed: ArchiveFeed, archive: SimulatedSource, address: str
) -> None:
    feed.fail_next(10001, 10003)
    for code in (10001, 10003):
        with pytest.raises(ArchiveUnavailableError) as caught:
            await archive.pull(0, 10)
        assert caught.value.errcode == code
    assert await archive.pull(0, 10) == []
    for limit in (0, LIMIT + 1):
        with pytest.raises(ArchiveUnavailableError):
            await archive.pull(0, limit)
    async with aiohttp.ClientSession() as http, http.get(address + PATH) as response:
        assert (await response.json())["errcode"] == 10000


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "{}",
        '{"errcode": "0"}',
        '{"errcode":0,"chatdata":[{"msgid":"x"}]}',
        '{"errcode":0,"chatdata":[1]}',
    ],
)
async def test_an_answer_that_is_not_the_platforms_is_no_page(answer: str) -> None:
    async def odd(_request: web.Request) -> web.Response:
        return web.Response(text=answer, content_type="application/json")

    app = web.Application()
    app.add_routes([web.get(PATH, odd)])
    server = LoopbackServer(app)
    address = await server.start("127.0.0.1", 0)
    async with aiohttp.ClientSession() as http:
        with pytest.raises(ArchiveUnavailableError):
            await SimulatedSource(address, http).pull(0, 10)
    await server.stop()
    async with aiohttp.ClientSession() as http:
        with pytest.raises(ArchiveUnavailableError):  # nobody there
            await SimulatedSource(address, http).pull(0, 10)
