import asyncio
import logging
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from bot.channels.base import ChannelError, Outgoing, SendResult, Verdict
from bot.channels.official_account import OfficialAccount, QrCode
from tests.channels.by_hand import SENDER, settings
from tests.channels.stub_platform import (
    PROBE_PATH,
    QR_PATH,
    SEND_PATH,
    SENT,
    TOKEN_PATH,
    Answer,
    Clock,
    Scene,
    failed,
    granted,
    scene,
)

WORDS = "您反映的电梯问题已派单😀"
MESSAGE = Outgoing(SENDER, WORDS, "outbox:1")


async def sent(stage: Scene) -> SendResult:
    result = await stage.account.send(MESSAGE)
    assert "TOKEN" not in repr(result) and WORDS not in repr(result)
    return result


def lose_the_connection(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def test_a_message_is_sent_as_the_document_says() -> None:
    async with scene() as stage:
        assert await sent(stage) == SendResult(Verdict.SENT, 0)
        request = stage.platform.asked(SEND_PATH)[0]
        assert request.query == {"access_token": "TOKEN-1"}
        assert request.body == {"touser": SENDER, "msgtype": "text", "text": {"content": WORDS}}
        assert WORDS.encode() in request.raw


async def test_one_token_serves_many_messages() -> None:
    async with scene() as stage:
        stage.platform.delay_seconds = 0.01
        results = await asyncio.gather(*(stage.account.send(MESSAGE) for _ in range(20)))
        assert {result.verdict for result in results} == {Verdict.SENT}
        assert len(stage.platform.asked(TOKEN_PATH)) == 1


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_stale_token_is_renewed_and_the_message_sent_once_more(errcode: int) -> None:
    async with scene(token=[granted("A"), granted("B")], send=[failed(errcode), SENT]) as stage:
        assert (await sent(stage)).verdict is Verdict.SENT
        assert [request.query["access_token"] for request in stage.platform.asked(SEND_PATH)] == ["A", "B"]
        assert stage.platform.forced() == [False, False]


async def test_a_token_that_stays_bad_costs_one_refresh_and_no_loop() -> None:
    async with scene(
        token=[granted("A"), granted("B")], send=[failed(40001, "rid: 66f3bd4d-25a283a9")]
    ) as stage:
        result = await sent(stage)
        assert (result.verdict, result.errcode) == (Verdict.RETRY, 40001)
        assert "66f3bd4d-25a283a9" in result.detail
        assert len(stage.platform.asked(SEND_PATH)) == len(stage.platform.asked(TOKEN_PATH)) == 2


async def test_many_messages_that_fail_with_one_token_cost_one_refresh() -> None:
    async with scene(token=[granted("A"), granted("B")]) as stage:
        stage.platform.delay_seconds = 0.01
        stage.platform.answers[SEND_PATH] = [failed(42001)] * 10 + [SENT]
        results = await asyncio.gather(*(stage.account.send(MESSAGE) for _ in range(10)))
        assert {result.verdict for result in results} == {Verdict.SENT}
        assert stage.platform.forced() == [False, False]


@pytest.mark.parametrize(
    ("errcode", "verdict"),
    [
        (-1, Verdict.RETRY),
        (40003, Verdict.REFUSED),
        (43004, Verdict.NO_WINDOW),
        (45002, Verdict.REFUSED),
        (45009, Verdict.RETRY),
        (45015, Verdict.NO_WINDOW),
        (45047, Verdict.QUOTA_USED),
        (48001, Verdict.ACCOUNT_BLOCKED),
        (99999, Verdict.RETRY),
    ],
)
async def test_the_platforms_no_is_told_by_the_table(errcode: int, verdict: Verdict) -> None:
    async with scene(send=[failed(errcode, f"{WORDS} TOKEN-1")]) as stage:
        result = await sent(stage)
        assert (result.verdict, result.errcode) == (verdict, errcode)
        assert result.detail
        assert len(stage.platform.asked(SEND_PATH)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lose_the_connection,
        lambda _: web.Response(status=500, text='{"errcode": 0}'),
        lambda _: web.Response(status=502, text="<html>"),
        lambda _: web.Response(status=403, text="<html>"),
        lambda _: web.Response(status=302, headers={"Location": "/elsewhere"}),
        lambda _: web.Response(text=""),
        lambda _: web.Response(text="ok"),
        lambda _: web.Response(text="[]"),
        lambda _: web.Response(text="{}"),
        lambda _: web.Response(text='{"errcode": "0"}'),
        lambda _: web.Response(text='{"errcode": true}'),
        lambda _: web.Response(text='{"errcode": null}'),
        lambda _: web.Response(body=b"\xff\xfe"),
        lambda _: web.Response(text="[" * 60000),
        lambda _: web.Response(text='{"errcode": 0, "x": "' + "x" * 70000 + '"}'),
        lambda _: web.Response(text='{"errcode": ' + "1" * 5000 + "}"),
    ],
)
async def test_without_a_clear_answer_the_outcome_is_unknown_and_nothing_is_sent_again(
    answer: Answer,
) -> None:
    async with scene(send=[answer]) as stage:
        result = await sent(stage)
        assert (result.verdict, result.errcode) == (Verdict.UNKNOWN, None)
        assert len(stage.platform.asked(SEND_PATH)) == 1


async def test_a_time_out_after_the_request_is_unknown() -> None:
    async with scene(timeout_seconds=0.2) as stage:
        await stage.account.probe()
        stage.platform.delay_seconds = 1
        assert (await sent(stage)).verdict is Verdict.UNKNOWN


async def test_a_time_out_while_asking_for_the_token_took_nothing() -> None:
    async with scene(timeout_seconds=0.2) as stage:
        stage.platform.delay_seconds = 1
        result = await sent(stage)
        assert (result.verdict, result.errcode) == (Verdict.RETRY, None)
        assert not stage.platform.asked(SEND_PATH)


async def test_a_platform_that_cannot_be_reached_took_nothing() -> None:
    async with aiohttp.ClientSession() as http:
        chosen = settings(api_base=f"http://127.0.0.1:{unused_port()}")
        result = await OfficialAccount("main", chosen, http, Clock()).send(MESSAGE)
        assert (result.verdict, result.errcode) == (Verdict.RETRY, None)


async def test_a_platform_that_went_away_after_the_token_came_took_nothing() -> None:
    async with scene() as stage:
        await stage.account.probe()
        await stage.server.close()
        await asyncio.sleep(0.05)
        assert (await sent(stage)).verdict is Verdict.RETRY
        assert not stage.platform.asked(SEND_PATH)


async def test_a_blocked_account_sends_nothing() -> None:
    async with scene(token=[failed(40164, "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9")]) as stage:
        result = await sent(stage)
        assert (result.verdict, result.errcode) == (Verdict.ACCOUNT_BLOCKED, 40164)
        assert "203.0.113.9" in result.detail
        assert not stage.platform.asked(SEND_PATH)


async def test_text_that_no_encoder_takes_is_cleaned() -> None:
    async with scene() as stage:
        result = await stage.account.send(Outgoing("o\ud800", "a\ud800\x00b", "k"))
        assert result.verdict is Verdict.SENT
        assert stage.platform.asked(SEND_PATH)[0].body["text"] == {"content": "ab"}


async def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with scene(
            send=[failed(40001), lose_the_connection], token=[granted("T-A"), granted("T-B")]
        ) as stage:
            await stage.account.send(MESSAGE)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("aiohttp.access")]
    assert not any(word in line for line in ours for word in ("T-A", "T-B", "the-app-secret-of-tests", WORDS))


async def test_the_probe_calls_something_harmless() -> None:
    async with scene() as stage:
        assert await stage.account.probe() == SendResult(Verdict.SENT, 0)
        assert [request.path for request in stage.platform.requests] == [TOKEN_PATH, PROBE_PATH]
        assert stage.platform.requests[1].raw == b""


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ({"token": [failed(40125)]}, Verdict.ACCOUNT_BLOCKED),
        ({"probe": [failed(48001)]}, Verdict.ACCOUNT_BLOCKED),
        ({"probe": [{}]}, Verdict.UNKNOWN),
        ({"probe": [lose_the_connection]}, Verdict.UNKNOWN),
    ],
)
async def test_the_probe_says_what_is_wrong(answers: dict[str, Any], verdict: Verdict) -> None:
    async with scene(**answers) as stage:
        assert (await stage.account.probe()).verdict is verdict


CODE = {"ticket": "gQH47", "url": "http://weixin.qq.com/q/kZgfw"}


@pytest.mark.parametrize(
    ("expire_seconds", "body"),
    [
        (None, {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": "b3-u2"}}}),
        (
            3600,
            {
                "action_name": "QR_STR_SCENE",
                "expire_seconds": 3600,
                "action_info": {"scene": {"scene_str": "b3-u2"}},
            },
        ),
    ],
)
async def test_a_qr_code_has_a_scene(expire_seconds: int | None, body: dict[str, Any]) -> None:
    async with scene(qr=[CODE]) as stage:
        assert await stage.account.create_qr("b3-u2", expire_seconds) == QrCode(**CODE)
        assert stage.platform.asked(QR_PATH)[0].body == body


@pytest.mark.parametrize(("name", "expire_seconds"), [("", None), ("x" * 65, None), ("x", 0), ("x", 2592001)])
async def test_a_qr_code_the_platform_would_not_take_is_not_asked_for(
    name: str, expire_seconds: int | None
) -> None:
    async with scene() as stage:
        with pytest.raises(ValueError, match=r"64 characters|30 days"):
            await stage.account.create_qr(name, expire_seconds)
        assert not stage.platform.requests


@pytest.mark.parametrize("answer", [failed(45009), {}, {"ticket": "", "url": "x"}, {"ticket": 1, "url": "x"}])
async def test_a_qr_code_that_was_not_made_is_an_error_with_a_hint(answer: Answer) -> None:
    async with scene(qr=[answer]) as stage:
        with pytest.raises(ChannelError) as caught:
            await stage.account.create_qr("b3-u2", None)
        assert caught.value.result.detail
