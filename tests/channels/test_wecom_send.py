"""What goes out to WeCom, against a stub that really listens: members, 企业群发, webhooks, answers of the robot."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from bot.channels.aibot import Aibot
from bot.channels.base import Channel, ChannelError, Outgoing, SendResult, Verdict
from bot.channels.group_webhook import GroupWebhook
from bot.channels.wecom_app import CustomerGroup, Member, TaskState, WecomApp
from handlers.inbound import InboundKind
from storage.states import Form
from tests.channels.stub_platform import SENT, Answer, Clock, Request, StubPlatform, failed, granted, serving
from tests.channels.wecom_by_hand import (
    AGENT_ID,
    CORP_ID,
    SECRET,
    USERID,
    WEBHOOK_KEY,
    app_settings,
    robot_settings,
    webhook_settings,
)

TOKEN = "/cgi-bin/gettoken"
SEND = "/cgi-bin/message/send"
TASK = "/cgi-bin/externalcontact/add_msg_template"
RESULT = "/cgi-bin/externalcontact/get_groupmsg_send_result"
GROUP = "/cgi-bin/externalcontact/groupchat/get"
AGENT = "/cgi-bin/agent/get"
USER = "/cgi-bin/auth/getuserinfo"
WEBHOOK = "/cgi-bin/webhook/send"
RESPONSE = "/cgi-bin/aibot/response"

WORDS = "3号楼电梯困人，请马上处理"
OK = {"errcode": 0, "errmsg": "ok"}
TAKEN = OK | {"fail_list": [], "msgid": "msgGCAAAX"}


@dataclass
class Scene:
    platform: StubPlatform
    clock: Clock
    app: WecomApp
    webhook: GroupWebhook
    robot: Aibot

    def asked(self, path: str) -> list[Request]:
        return self.platform.asked(path)

    @property
    def address(self) -> str:
        return f"{self.platform.base}{RESPONSE}?response_code=CODE-OF-TESTS"


@asynccontextmanager
async def scene(
    answers: dict[str, list[Answer]] | None = None, timeout_seconds: float = 8.0
) -> AsyncIterator[Scene]:
    good: dict[str, list[Answer]] = {
        TOKEN: [OK | granted_fields("TOKEN-1")],
        SEND: [OK | {"invaliduser": "", "msgid": "MSG-1"}],
        TASK: [TAKEN],
        AGENT: [OK | {"agentid": AGENT_ID, "name": "议事"}],
        WEBHOOK: [SENT],
        RESPONSE: [SENT],
    }
    async with serving(good | (answers or {})) as (platform, http, _):
        clock = Clock()
        timeout = aiohttp.ClientTimeout(total=timeout_seconds, connect=5, sock_connect=4)
        yield Scene(
            platform,
            clock,
            WecomApp("corp", app_settings(api_base=platform.base), http, clock, timeout=timeout),
            GroupWebhook("duty", webhook_settings(api_base=platform.base), http, timeout=timeout),
            Aibot("helper", robot_settings(api_base=platform.base), http, timeout=timeout),
        )


def granted_fields(token: str) -> dict[str, Any]:
    fields = granted(token)
    assert isinstance(fields, dict)
    return fields


def lose_the_connection(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def to_member(**changes: Any) -> Outgoing:
    values: dict[str, Any] = {"recipient": USERID, "text": WORDS, "key": "corp-1"}
    return Outgoing(**(values | changes))


def to_group(**changes: Any) -> Outgoing:
    values: dict[str, Any] = {
        "recipient": "wrGroup_1",
        "text": WORDS,
        "key": "corp-2",
        "form": Form.GROUP_TASK,
        "payload": {"owner": USERID},
    }
    return Outgoing(**(values | changes))


# To a member


async def test_a_message_to_a_member_is_sent_as_the_document_says() -> None:
    async with scene() as stage:
        result = await stage.app.send(to_member())
        assert result == SendResult(Verdict.SENT, 0, platform_id="MSG-1")
        request = stage.asked(SEND)[0]
        assert request.query == {"access_token": "TOKEN-1"}
        assert request.body == {
            "touser": USERID,
            "msgtype": "text",
            "agentid": AGENT_ID,
            "text": {"content": WORDS},
            "enable_duplicate_check": 1,
            "duplicate_check_interval": 120,
        }
        assert stage.asked(TOKEN)[0].query == {"corpid": CORP_ID, "corpsecret": SECRET}
        assert stage.asked(TOKEN)[0].raw == b""


async def test_many_messages_share_one_token() -> None:
    async with scene() as stage:
        stage.platform.delay_seconds = 0.01
        results = await asyncio.gather(*(stage.app.send(to_member()) for _ in range(20)))
        assert {result.verdict for result in results} == {Verdict.SENT}
        assert len(stage.asked(TOKEN)) == 1


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_stale_token_is_renewed_once(errcode: int) -> None:
    tokens: list[Answer] = [granted("A"), granted("B")]
    async with scene({TOKEN: tokens, SEND: [failed(errcode), SENT]}) as stage:
        assert (await stage.app.send(to_member())).verdict is Verdict.SENT
        assert [request.query["access_token"] for request in stage.asked(SEND)] == ["A", "B"]


async def test_a_token_that_comes_again_although_it_failed_is_not_asked_for_in_a_loop() -> None:
    async with scene({SEND: [failed(42001)]}) as stage:
        result = await stage.app.send(to_member())
        assert (result.verdict, result.wait_seconds) == (Verdict.RETRY, 30)
        assert len(stage.asked(SEND)) == 1 and len(stage.asked(TOKEN)) == 2
        assert (await stage.app.send(to_member())).verdict is Verdict.RETRY
        assert len(stage.asked(TOKEN)) == 2
        stage.clock.seconds += 31
        stage.platform.answers[TOKEN] = [granted("B")]
        stage.platform.answers[SEND] = [SENT]
        assert (await stage.app.send(to_member())).verdict is Verdict.SENT


async def test_a_wrong_secret_blocks_the_account_and_is_asked_about_once() -> None:
    async with scene({TOKEN: [failed(40001, f"invalid credential {SECRET}")]}) as stage:
        for _ in range(3):
            result = await stage.app.send(to_member())
            assert (result.verdict, result.errcode) == (Verdict.ACCOUNT_BLOCKED, 40001)
            assert SECRET not in repr(result)
        assert len(stage.asked(TOKEN)) == 1 and not stage.asked(SEND)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (OK | {"invaliduser": USERID}, Verdict.REFUSED),
        (OK | {"invaliduser": f"li|{USERID.upper()}"}, Verdict.REFUSED),
        (OK | {"unlicenseduser": USERID, "msgid": "M"}, Verdict.REFUSED),
        (OK | {"invaliduser": f"{USERID}x"}, Verdict.SENT),
        (failed(-1), Verdict.RETRY),
        (failed(45009), Verdict.RETRY),
        (failed(60011), Verdict.REFUSED),
        (failed(60020, "not allow to access from your ip, from ip: 203.0.113.9"), Verdict.ACCOUNT_BLOCKED),
        (failed(48002), Verdict.ACCOUNT_BLOCKED),
        (failed(81013), Verdict.REFUSED),
        (failed(99999), Verdict.RETRY),
        ({"msgid": "M"}, Verdict.UNKNOWN),
        (lambda _: web.Response(status=502, text="<html>"), Verdict.UNKNOWN),
        (lose_the_connection, Verdict.UNKNOWN),
    ],
)
async def test_what_a_message_to_a_member_comes_to(answer: Answer, verdict: Verdict) -> None:
    async with scene({SEND: [answer]}) as stage:
        result = await stage.app.send(to_member())
        assert result.verdict is verdict
        assert WORDS not in repr(result) and "TOKEN-1" not in repr(result)
        assert len(stage.asked(SEND)) == 1


async def test_the_hint_names_the_address_and_the_number_the_platform_asks_for() -> None:
    errmsg = "not allow to access from your ip, hint: [1700000000_12_ab34], from ip: 203.0.113.9, more info at https://x"
    async with scene({SEND: [failed(60020, errmsg)]}) as stage:
        detail = (await stage.app.send(to_member())).detail
        assert "203.0.113.9" in detail and "1700000000_12_ab34" in detail and "https" not in detail


@pytest.mark.parametrize("recipient", ["", "@all", "a|b", "王", "x" * 65])
async def test_nothing_is_sent_to_what_is_not_one_member(recipient: str) -> None:
    async with scene() as stage:
        assert (await stage.app.send(to_member(recipient=recipient))).verdict is Verdict.REFUSED
        assert not stage.platform.requests


async def test_the_words_of_people_become_no_link_and_fit() -> None:
    async with scene() as stage:
        await stage.app.send(to_member(text='点<a href="http://evil.example">这里</a> 3<5 \ud800'))
        await stage.app.send(to_member(text="电" * 2000))
        first, second = (request.body["text"]["content"] for request in stage.asked(SEND))
        assert first == '点＜a href="http://evil.example">这里＜/a> 3<5 '
        assert len(second.encode()) <= 2048


@pytest.mark.parametrize("form", [Form.TEMPLATE, Form.SUBSCRIBE])
async def test_forms_of_another_product_are_refused(form: Form) -> None:
    async with scene() as stage:
        for channel in (stage.app, stage.webhook, stage.robot):
            result = await channel.send(to_member(form=form, reply_address=stage.address))
            assert result.verdict is Verdict.REFUSED
        assert not stage.platform.requests


async def test_paces_and_windows() -> None:
    async with scene() as stage:
        channels: list[Channel] = [stage.app, stage.webhook, stage.robot]
        assert [channel.pace_seconds(Form.TEXT) for channel in channels] == [3.6, 3.05, 0.0]
        assert stage.app.pace_seconds(Form.GROUP_TASK) == 0
        assert not any(channel.needs_window(form) for channel in channels for form in Form)
        assert not any(channel.window(kind) for channel in channels for kind in InboundKind)


# To a customer group


async def test_a_task_is_set_as_the_document_says_and_waits_for_its_owner() -> None:
    async with scene() as stage:
        result = await stage.app.send(to_group())
        assert result == SendResult(Verdict.TAKEN, 0, platform_id="msgGCAAAX")
        assert stage.asked(TASK)[0].body == {
            "chat_type": "group",
            "chat_id_list": ["wrGroup_1"],
            "sender": USERID,
            "text": {"content": WORDS},
        }


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (TAKEN | {"fail_list": ["wrGroup_1"]}, Verdict.REFUSED),
        (TAKEN | {"fail_list": ["wrGroup_2"]}, Verdict.TAKEN),
        (OK, Verdict.UNKNOWN),
        (failed(41048), Verdict.REFUSED),
        (failed(45009), Verdict.RETRY),
        (failed(48002), Verdict.ACCOUNT_BLOCKED),
        (lose_the_connection, Verdict.UNKNOWN),
    ],
)
async def test_what_a_task_comes_to(answer: Answer, verdict: Verdict) -> None:
    async with scene({TASK: [answer]}) as stage:
        assert (await stage.app.send(to_group())).verdict is verdict


@pytest.mark.parametrize("payload", [None, {}, {"owner": ""}, {"owner": 1}, {"owner": "a|b"}])
async def test_a_task_without_an_owner_is_not_set(payload: dict[str, Any] | None) -> None:
    async with scene() as stage:
        assert (await stage.app.send(to_group(payload=payload))).verdict is Verdict.REFUSED
        assert not stage.platform.requests


def sending(status: Any) -> dict[str, Any]:
    return {"chat_id": "wrGroup_1", "userid": USERID, "status": status}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (OK | {"send_list": []}, TaskState.WAITING),
        (OK, TaskState.WAITING),
        (OK | {"send_list": [sending(0)]}, TaskState.WAITING),
        (OK | {"send_list": [sending(1)]}, TaskState.SENT),
        (OK | {"send_list": [sending(2)]}, TaskState.FAILED),
        (OK | {"send_list": [sending(3)]}, TaskState.FAILED),
        (OK | {"send_list": [sending(0), sending(2)]}, TaskState.WAITING),
        (OK | {"send_list": [sending("1"), sending(None), sending(True), "x"]}, TaskState.WAITING),
    ],
)
async def test_what_became_of_a_task(answer: Answer, state: TaskState) -> None:
    async with scene({RESULT: [answer]}) as stage:
        assert await stage.app.task_state("msgGCAAAX", USERID) is state
        assert stage.asked(RESULT)[0].body == {"msgid": "msgGCAAAX", "userid": USERID, "limit": 500}


async def test_all_pages_of_a_result_are_read_and_no_more_than_ten() -> None:
    pages: list[Answer] = [OK | {"send_list": [], "next_cursor": "C1"}, OK | {"send_list": [sending(1)]}]
    async with scene({RESULT: pages}) as stage:
        assert await stage.app.task_state("m", USERID) is TaskState.SENT
        assert stage.asked(RESULT)[1].body["cursor"] == "C1"
    async with scene({RESULT: [OK | {"send_list": [], "next_cursor": "C1"}]}) as stage:
        assert await stage.app.task_state("m", USERID) is TaskState.WAITING
        assert len(stage.asked(RESULT)) == 10


@pytest.mark.parametrize("answer", [failed(41047), failed(-1), lose_the_connection])
async def test_a_task_that_cannot_be_asked_about_is_an_error(answer: Answer) -> None:
    async with scene({RESULT: [answer]}) as stage:
        with pytest.raises(ChannelError):
            await stage.app.task_state("m", USERID)


# Groups and sign-in


def group_answer(members: Any) -> dict[str, Any]:
    group = {
        "chat_id": "wrGroup_1",
        "name": "幸福家园3号楼",
        "owner": "li",
        "create_time": 1,
        "member_list": members,
    }
    return OK | {"group_chat": group}


async def test_a_customer_group_is_read_without_the_names_of_people() -> None:
    members = [
        {"userid": "li", "type": 1, "join_time": 1572505491, "join_scene": 1},
        {"userid": "wmA", "type": 2, "unionid": "oz", "join_time": 1572505492, "name": "王"},
        {"userid": "wmB", "type": 2, "join_time": 1572505493},
        {"userid": "", "type": 2, "join_time": 1},
        {"userid": "wmC", "type": 2, "join_time": "1"},
        {"userid": "wmD", "type": 2, "join_time": 10**15},
        "x",
    ]
    async with scene({GROUP: [group_answer(members)]}) as stage:
        assert await stage.app.get_group("wrGroup_1") == CustomerGroup(
            "wrGroup_1",
            "幸福家园3号楼",
            "li",
            (
                Member("li", True, "", datetime.fromtimestamp(1572505491, UTC)),
                Member("wmA", False, "oz", datetime.fromtimestamp(1572505492, UTC)),
                Member("wmB", False, "", datetime.fromtimestamp(1572505493, UTC)),
            ),
        )
        assert stage.asked(GROUP)[0].body == {"chat_id": "wrGroup_1", "need_name": 0}


async def test_a_large_group_is_read_whole() -> None:
    members = [
        {"userid": f"wm{index}", "type": 2, "join_time": 1, "unionid": "o" * 28, "group_nickname": "x" * 200}
        for index in range(500)
    ]
    async with scene({GROUP: [group_answer(members)]}) as stage:
        assert len((await stage.app.get_group("wrGroup_1")).members) == 500


@pytest.mark.parametrize("answer", [failed(86003), OK, group_answer(None), OK | {"group_chat": []}, SENT])
async def test_a_group_that_cannot_be_read_is_an_error(answer: Answer) -> None:
    async with scene({GROUP: [answer]}) as stage:
        with pytest.raises(ChannelError):
            await stage.app.get_group("wrGroup_1")
        with pytest.raises(ChannelError):
            await stage.app.get_group("a/b")
        assert len(stage.asked(GROUP)) == 1


async def test_the_sign_in_address_is_the_platforms() -> None:
    async with scene() as stage:
        query = (
            f"appid={CORP_ID}&redirect_uri=https%3A%2F%2Fy.example.org%2Fs%3Fa%3D1&response_type=code"
            f"&scope=snsapi_base&state=STATE&agentid={AGENT_ID}#wechat_redirect"
        )
        url = stage.app.sign_in_url("https://y.example.org/s?a=1", "STATE")
        assert url == f"{stage.platform.base}/connect/oauth2/authorize?{query}"
    async with aiohttp.ClientSession() as http:
        app = WecomApp("corp", app_settings(), http, Clock())
        assert app.sign_in_url("https://y.example.org/s?a=1", "STATE") == (
            f"https://open.weixin.qq.com/connect/oauth2/authorize?{query}"
        )
        elsewhere = app_settings(authorize_base="http://127.0.0.1:9/")
        app = WecomApp("corp", elsewhere, http, Clock())
        assert app.sign_in_url("r", "s").startswith("http://127.0.0.1:9/connect/")


@pytest.mark.parametrize(
    ("answer", "userid"),
    [
        (OK | {"userid": USERID, "user_ticket": "T"}, USERID),
        (OK | {"UserId": USERID, "DeviceId": "D"}, USERID),
        (OK | {"openid": "o1", "external_userid": "wmA"}, ""),
        (OK | {"userid": None}, ""),
    ],
)
async def test_who_signed_in(answer: Answer, userid: str) -> None:
    async with scene({USER: [answer]}) as stage:
        assert await stage.app.member_of("CODE") == userid
        assert stage.asked(USER)[0].query == {"access_token": "TOKEN-1", "code": "CODE"}


@pytest.mark.parametrize("answer", [failed(40029), failed(-1), OK | {"userid": "a|b"}, lose_the_connection])
async def test_a_code_that_is_not_good_is_an_error(answer: Answer) -> None:
    async with scene({USER: [answer]}) as stage:
        with pytest.raises(ChannelError):
            await stage.app.member_of("CODE")


@pytest.mark.parametrize("code", ["", " ", "a b", "电", "x" * 513, "a\n"])
async def test_what_cannot_be_a_code_is_not_asked_about(code: str) -> None:
    async with scene() as stage:
        with pytest.raises(ChannelError):
            await stage.app.member_of(code)
        assert not stage.platform.requests


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ({}, Verdict.SENT),
        ({TOKEN: [failed(40013)]}, Verdict.ACCOUNT_BLOCKED),
        ({AGENT: [failed(60020)]}, Verdict.ACCOUNT_BLOCKED),
        ({AGENT: [failed(301002)]}, Verdict.ACCOUNT_BLOCKED),
        ({AGENT: [OK | {"agentid": 1}]}, Verdict.UNKNOWN),
    ],
)
async def test_the_probe_of_the_app(answers: dict[str, list[Answer]], verdict: Verdict) -> None:
    async with scene(answers) as stage:
        assert (await stage.app.probe()).verdict is verdict
        assert {request.path for request in stage.platform.requests} <= {TOKEN, AGENT}


# Webhook


async def test_the_webhook_sends_text_and_markdown() -> None:
    async with scene() as stage:
        assert await stage.webhook.send(to_member(text="值班群好")) == SendResult(Verdict.SENT, 0)
        marked = to_member(text='**周报** <font color="info">12</font> <@li>', payload={"markdown": True})
        assert (await stage.webhook.send(marked)).verdict is Verdict.SENT
        text, markdown = stage.asked(WEBHOOK)
        assert text.query == {"key": WEBHOOK_KEY}
        assert text.body == {"msgtype": "text", "text": {"content": "值班群好"}}
        assert markdown.body == {
            "msgtype": "markdown",
            "markdown": {"content": '**周报** <font color="info">12</font> ＜@li>'},
        }


async def test_the_webhook_sends_a_picture_in_place_of_the_text() -> None:
    async with scene() as stage:
        assert (await stage.webhook.send(to_member(picture=b"\x89PNG"))).verdict is Verdict.SENT
        assert (await stage.webhook.send(to_member(picture=b"x" * (2**21 + 1)))).verdict is Verdict.REFUSED
        [sent] = stage.asked(WEBHOOK)
        assert sent.body == {
            "msgtype": "image",
            "image": {"base64": "iVBORw==", "md5": "3bdaf5969285188ac756c339f69f5c79"},
        }


@pytest.mark.parametrize(
    ("payload", "limit"), [(None, 2048), ({"markdown": True}, 4096), ({"markdown": 1}, 2048)]
)
async def test_the_webhook_keeps_within_the_platforms_bytes(
    payload: dict[str, Any] | None, limit: int
) -> None:
    async with scene() as stage:
        await stage.webhook.send(to_member(text="a" + "😀" * 2000, payload=payload))
        body = stage.asked(WEBHOOK)[0].body
        content = body[body["msgtype"]]["content"]
        assert limit - 4 < len(content.encode()) <= limit and "\ufffd" not in content


@pytest.mark.parametrize(
    ("answer", "verdict", "wait_seconds"),
    [
        (failed(45009, "api freq out of limit"), Verdict.RETRY, 60),
        (failed(93000), Verdict.ACCOUNT_BLOCKED, 0),
        (failed(45002), Verdict.REFUSED, 0),
        ({}, Verdict.UNKNOWN, 0),
        (lose_the_connection, Verdict.UNKNOWN, 0),
    ],
)
async def test_what_a_webhook_message_comes_to(answer: Answer, verdict: Verdict, wait_seconds: float) -> None:
    async with scene({WEBHOOK: [answer]}) as stage:
        result = await stage.webhook.send(to_member())
        assert (result.verdict, result.wait_seconds) == (verdict, wait_seconds)


async def test_a_webhook_that_cannot_be_reached_took_nothing() -> None:
    async with aiohttp.ClientSession() as http:
        base = f"http://127.0.0.1:{unused_port()}"
        result = await GroupWebhook("duty", webhook_settings(api_base=base), http).send(to_member())
        assert result.verdict is Verdict.RETRY and WEBHOOK_KEY not in repr(result)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (failed(44004), Verdict.SENT),
        (failed(40058), Verdict.SENT),
        (failed(93000), Verdict.ACCOUNT_BLOCKED),
        (failed(45009), Verdict.RETRY),
    ],
)
async def test_the_probe_of_the_webhook_writes_nothing(answer: Answer, verdict: Verdict) -> None:
    async with scene({WEBHOOK: [answer]}) as stage:
        assert (await stage.webhook.probe()).verdict is verdict
        assert stage.asked(WEBHOOK)[0].body == {"msgtype": "text", "text": {"content": ""}}


# Answers of the robot


async def test_the_robot_answers_where_it_was_asked() -> None:
    async with scene() as stage:
        assert await stage.robot.send(to_member(reply_address=stage.address)) == SendResult(Verdict.SENT, 0)
        request = stage.asked(RESPONSE)[0]
        assert request.query == {"response_code": "CODE-OF-TESTS"}
        assert request.body == {"msgtype": "markdown", "markdown": {"content": WORDS}}


async def test_the_robot_cannot_speak_first_nor_elsewhere() -> None:
    async with scene() as stage:
        for address in ("", "https://example.org/x", "http://10.0.0.1/x", "file:///etc/passwd"):
            result = await stage.robot.send(to_member(reply_address=address))
            assert result.verdict is Verdict.REFUSED and result.detail
        assert not stage.platform.requests


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (failed(40029), Verdict.REFUSED),
        (failed(42022), Verdict.REFUSED),
        (failed(123456), Verdict.REFUSED),
        (failed(45002), Verdict.REFUSED),
        (failed(-1), Verdict.RETRY),
        (failed(45009), Verdict.RETRY),
        ({}, Verdict.UNKNOWN),
        (lose_the_connection, Verdict.UNKNOWN),
    ],
)
async def test_what_an_answer_of_the_robot_comes_to(answer: Answer, verdict: Verdict) -> None:
    async with scene({RESPONSE: [answer]}) as stage:
        result = await stage.robot.send(to_member(reply_address=stage.address))
        assert result.verdict is verdict
        assert "CODE-OF-TESTS" not in repr(result) and WORDS not in repr(result)


async def test_the_robot_has_nothing_to_probe() -> None:
    async with scene() as stage:
        result = await stage.robot.probe()
        assert result.verdict is Verdict.SENT and result.detail
        assert not stage.platform.requests


# Secrets


async def test_nothing_secret_is_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    broken: dict[str, list[Answer]] = {
        SEND: [failed(42001), lose_the_connection],
        TOKEN: [granted("T-A"), granted("T-B")],
        WEBHOOK: [lose_the_connection],
        RESPONSE: [lose_the_connection],
    }
    with caplog.at_level(logging.DEBUG):
        async with scene(broken) as stage:
            channels: list[Channel] = [stage.app, stage.webhook, stage.robot]
            for channel in channels:
                await channel.send(to_member(reply_address=stage.address))
            shown = repr([vars(channel) for channel in channels])
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("aiohttp.access")]
    for secret in ("T-A", "T-B", SECRET, WEBHOOK_KEY, "CODE-OF-TESTS", WORDS):
        assert not any(secret in line for line in ours)
        assert secret not in shown


async def test_a_time_out_after_the_request_is_unknown() -> None:
    async with scene(timeout_seconds=0.3) as stage:
        await stage.app.probe()
        stage.platform.delay_seconds = 1
        results = [
            await channel.send(to_member(reply_address=stage.address))
            for channel in (stage.app, stage.webhook, stage.robot)
        ]
        assert {result.verdict for result in results} == {Verdict.UNKNOWN}
