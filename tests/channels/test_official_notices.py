"""The service account's notices (模板消息, 订阅通知), what residents answer to an offer, and signing in on pages."""

import logging
from typing import Any

import pytest
from aiohttp import web

from bot.channels.base import ChannelError, Outgoing, SendResult, Verdict
from bot.channels.official_account import Follower, Visitor
from handlers.inbound import Inbound, InboundKind
from storage.states import Form
from tests.channels.by_hand import APP_ID, SENDER, Fields, account_of, event, post, settings
from tests.channels.stub_platform import (
    INFO_PATH,
    SENT,
    SUBSCRIBE_PATH,
    TEMPLATE_PATH,
    TOKEN_PATH,
    VISITOR_PATH,
    Answer,
    failed,
    granted,
    scene,
)

OURS = {"template_id": "TEMPLATE-1", "subscribe_template_id": "SUBSCRIBE-1"}
FIELDS = {"thing1": "电梯故障", "character_string2": "1001"}
URL = "https://yishi.example.org/o/1001"


def notice(form: Form, **says: Any) -> Outgoing:
    """A notice as it was queued, with what another template says beside it."""
    ids = {Form.TEMPLATE: "TEMPLATE-1", Form.SUBSCRIBE: "SUBSCRIBE-1"}
    notices = {f"{form}@east": {"template_id": "T", "fields": {"thing1": "别处"}}}
    if form in ids:
        notices[f"{form}@main"] = {"template_id": ids[form], "fields": FIELDS} | says
    return Outgoing(SENDER, "电梯故障，编号 1001", "main-77", form, {"notices": notices})


async def test_a_template_message_is_sent_as_the_document_says() -> None:
    async with scene(configured=OURS) as stage:
        result = await stage.account.send(notice(Form.TEMPLATE, url=URL))
        assert result == SendResult(Verdict.SENT, 0, platform_id="200228332")
        assert stage.platform.asked(TEMPLATE_PATH)[0].body == {
            "touser": SENDER,
            "template_id": "TEMPLATE-1",
            "url": URL,
            "client_msg_id": "main-77",
            "data": {"thing1": {"value": "电梯故障"}, "character_string2": {"value": "1001"}},
        }


async def test_a_subscribe_message_is_sent_as_the_document_says() -> None:
    async with scene(configured=OURS) as stage:
        assert (await stage.account.send(notice(Form.SUBSCRIBE))).verdict is Verdict.SENT
        await stage.account.send(notice(Form.SUBSCRIBE, url=URL))
        first, second = stage.platform.asked(SUBSCRIBE_PATH)
        assert first.body == {
            "touser": SENDER,
            "template_id": "SUBSCRIBE-1",
            "data": {"thing1": {"value": "电梯故障"}, "character_string2": {"value": "1001"}},
        }
        assert second.body["page"] == URL


async def test_a_form_that_the_account_does_not_have_is_refused() -> None:
    async with scene() as stage:
        assert (await stage.account.send(notice(Form.GROUP_TASK))).verdict is Verdict.REFUSED
        assert not stage.platform.requests


@pytest.mark.parametrize(
    ("errcode", "verdict"),
    [
        (40037, Verdict.REFUSED),
        (43004, Verdict.NO_WINDOW),
        (43101, Verdict.NO_WINDOW),
        (45009, Verdict.RETRY),
        (47003, Verdict.REFUSED),
        (48001, Verdict.ACCOUNT_BLOCKED),
    ],
)
async def test_what_a_notice_comes_to(errcode: int, verdict: Verdict) -> None:
    async with scene(configured=OURS, template=[failed(errcode)], subscribe=[failed(errcode)]) as stage:
        for form in (Form.TEMPLATE, Form.SUBSCRIBE):
            assert (await stage.account.send(notice(form))).verdict is verdict


async def test_a_notice_is_sent_again_with_a_new_token() -> None:
    tokens: list[Answer] = [granted("A"), granted("B")]
    async with scene(configured=OURS, token=tokens, template=[failed(42001), SENT]) as stage:
        assert (await stage.account.send(notice(Form.TEMPLATE))).verdict is Verdict.SENT
        first, second = stage.platform.asked(TEMPLATE_PATH)
        assert first.body == second.body and first.query != second.query


def test_which_forms_need_a_window() -> None:
    account = account_of()
    assert [form for form in Form if account.needs_window(form)] == [Form.TEXT, Form.SUBSCRIBE]


@pytest.mark.parametrize("form", [Form.TEMPLATE, Form.SUBSCRIBE])
@pytest.mark.parametrize(
    "payload",
    [
        None,
        {},
        {"notices": {}},
        {"notices": {"template@east": OURS, "subscribe@east": OURS}},
        {"notices": {"template@main": "x", "subscribe@main": {"template_id": "T"}}},
        {"notices": ["template@main"]},
    ],
)
async def test_a_notice_that_says_nothing_here_is_refused(form: Form, payload: dict[str, Any] | None) -> None:
    async with scene() as stage:
        outgoing = Outgoing(SENDER, "电梯故障，编号 1001", "main-77", form, payload)
        assert (await stage.account.send(outgoing)).verdict is Verdict.REFUSED
        assert not stage.platform.requests


async def test_what_json_cannot_carry_is_left_out_of_a_notice() -> None:
    async with scene() as stage:
        await stage.account.send(notice(Form.TEMPLATE, fields={"first": "x\x00\ud800"}))
        assert stage.platform.asked(TEMPLATE_PATH)[0].body["data"] == {"first": {"value": "x"}}


# What residents say to an offer


def entry(status: str, template_id: str = "SUBSCRIBE-1", **more: str) -> Fields:
    return {"TemplateId": template_id, "SubscribeStatusString": status, "PopupScene": "1"} | more


POPUP, CHANGE = "subscribe_msg_popup_event", "subscribe_msg_change_event"


def heard(fields: Fields, style: str) -> Inbound:
    account = account_of(settings(**OURS))
    return post(fields, style=style).open(account).inbound


@pytest.mark.parametrize("style", ["xml", "json"])
@pytest.mark.parametrize("wrapper", ["SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", None])
@pytest.mark.parametrize(
    ("name", "entries", "kind"),
    [
        (POPUP, entry("accept"), InboundKind.NOTICE_ACCEPTED),
        (POPUP, [entry("accept")], InboundKind.NOTICE_ACCEPTED),
        (POPUP, [entry("reject", "ANOTHER"), entry("accept")], InboundKind.NOTICE_ACCEPTED),
        (POPUP, [entry("accept", "ANOTHER"), entry("reject")], InboundKind.NOTICE_REFUSED),
        (POPUP, entry("accept", "ANOTHER"), InboundKind.OTHER),
        (POPUP, entry("perhaps"), InboundKind.OTHER),
        (CHANGE, entry("reject"), InboundKind.NOTICE_REFUSED),
        ("subscribe_msg_sent_event", entry("accept"), InboundKind.OTHER),
    ],
)
def test_answers_to_an_offer_are_heard_be_it_one_or_a_list(
    style: str, wrapper: str | None, name: str, entries: Any, kind: InboundKind
) -> None:
    # JSON has the list at the top, XML inside a wrapper whose name differs from its documentation.
    inner = {"List": entries} if wrapper is None else {wrapper: {"List": entries}}
    message = heard(event(name, **inner), style)
    assert (message.kind, message.scene) == (kind, "" if kind is InboundKind.OTHER else "SUBSCRIBE-1")
    assert message.text == ""


def test_an_account_without_a_template_hears_no_answers() -> None:
    message = post(event(POPUP, List=entry("accept")), style="json").open(account_of()).inbound
    assert (message.kind, message.scene) == (InboundKind.OTHER, "")


def test_accepting_opens_no_window_of_its_own() -> None:
    assert account_of().window(InboundKind.NOTICE_ACCEPTED) is None


# Signing in


async def test_the_sign_in_address_is_the_platforms() -> None:
    query = (
        f"appid={APP_ID}&redirect_uri=https%3A%2F%2Fy.example.org%2Fin%3Fa%3D1&response_type=code"
        "&scope=snsapi_userinfo&state=STATE#wechat_redirect"
    )
    redirect = "https://y.example.org/in?a=1"
    url = account_of().sign_in_url(redirect, "STATE", "snsapi_userinfo")
    assert url == f"https://open.weixin.qq.com/connect/oauth2/authorize?{query}"
    async with scene() as stage:
        url = stage.account.sign_in_url(redirect, "STATE", "snsapi_userinfo")
        assert url == f"{stage.platform.base}/connect/oauth2/authorize?{query}"
        assert "scope=snsapi_base&" in stage.account.sign_in_url(redirect, "STATE")


@pytest.mark.parametrize(
    ("answer", "visitor"),
    [
        ({"openid": "o-zhao", "scope": "snsapi_base", "access_token": "W"}, Visitor("o-zhao", "", False)),
        ({"openid": "o-zhao", "unionid": "u-1"}, Visitor("o-zhao", "u-1", False)),
        ({"openid": "o-zhao", "is_snapshotuser": 1}, Visitor("o-zhao", "", True)),
        ({"openid": "o-zhao", "is_snapshotuser": 0}, Visitor("o-zhao", "", False)),
        ({"openid": "o-zhao", "is_snapshotuser": "1"}, Visitor("o-zhao", "", True)),
        ({"openid": "o-zhao", "unionid": 7, "is_snapshotuser": {}}, Visitor("o-zhao", "", True)),
    ],
)
async def test_who_signed_in(answer: Answer, visitor: Visitor) -> None:
    async with scene(visitor=[answer]) as stage:
        assert await stage.account.visitor_of("CODE") == visitor
        assert stage.platform.asked(VISITOR_PATH)[0].query == {
            "appid": APP_ID,
            "secret": "the-app-secret-of-tests",
            "code": "CODE",
            "grant_type": "authorization_code",
        }
        assert not stage.platform.asked(TOKEN_PATH)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (failed(40029), Verdict.REFUSED),
        (failed(40163), Verdict.REFUSED),
        (failed(-1), Verdict.RETRY),
        (failed(40001), Verdict.ACCOUNT_BLOCKED),
        (failed(40125), Verdict.ACCOUNT_BLOCKED),
        ({}, Verdict.UNKNOWN),
        ({"openid": ""}, Verdict.UNKNOWN),
        ({"openid": 5}, Verdict.UNKNOWN),
        ({"openid": "o zhao"}, Verdict.UNKNOWN),
        (lambda _: web.Response(status=502), Verdict.UNKNOWN),
    ],
)
async def test_a_code_that_is_not_good_is_an_error(answer: Answer, verdict: Verdict) -> None:
    async with scene(visitor=[answer]) as stage:
        with pytest.raises(ChannelError) as caught:
            await stage.account.visitor_of("CODE")
        assert caught.value.result.verdict is verdict
        assert len(stage.platform.requests) == 1


@pytest.mark.parametrize("code", ["", "a b", "电", "x" * 513, "a\n"])
async def test_what_cannot_be_a_code_is_not_asked_about(code: str) -> None:
    async with scene() as stage:
        with pytest.raises(ChannelError) as caught:
            await stage.account.visitor_of(code)
        assert caught.value.result.verdict is Verdict.REFUSED
        assert not stage.platform.requests


async def test_neither_code_nor_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with scene(visitor=[failed(40029, "invalid code CODE-OF-TESTS")]) as stage:
            with pytest.raises(ChannelError) as caught:
                await stage.account.visitor_of("CODE-OF-TESTS")
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("aiohttp.access")]
    for secret in ("CODE-OF-TESTS", "the-app-secret-of-tests"):
        assert secret not in str(caught.value) and not any(secret in line for line in ours)


# Who follows


@pytest.mark.parametrize(
    ("fields", "follower"),
    [
        ({"subscribe": 1, "openid": "o-zhao", "unionid": " o6_bmasdasdsad6_2sgVt7hMZOPfL"},
         Follower(True, "o6_bmasdasdsad6_2sgVt7hMZOPfL")),
        ({"subscribe": 1, "openid": "o-zhao", "subscribe_time": 1382694957}, Follower(True, "")),
        ({"subscribe": 1, "openid": "o-zhao", "unionid": ""}, Follower(True, "")),
        ({"subscribe": 0, "openid": "o-zhao", "tagid_list": []}, Follower(False, "")),
    ],
)  # fmt: skip
async def test_what_the_platform_knows_of_a_follower(fields: Fields, follower: Follower) -> None:
    async with scene(info=[fields]) as stage:
        assert await stage.account.follower_of("o-zhao") == follower
        [asked] = stage.platform.asked(INFO_PATH)
        assert (asked.query, asked.raw) == (
            {"access_token": "TOKEN-1", "openid": "o-zhao", "lang": "zh_CN"},
            b"",
        )


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (failed(40003), Verdict.REFUSED),
        (failed(45009), Verdict.RETRY),
        (failed(45011), Verdict.RETRY),
        (failed(-1), Verdict.RETRY),
        (failed(48001), Verdict.ACCOUNT_BLOCKED),
        (failed(50002), Verdict.REFUSED),
        ({"subscribe": 1, "openid": "o-somebody-else"}, Verdict.UNKNOWN),
        ({"openid": "o-zhao"}, Verdict.UNKNOWN),
        ({"subscribe": True, "openid": "o-zhao"}, Verdict.UNKNOWN),
        ({"subscribe": 1, "openid": "o-zhao", "unionid": 7}, Verdict.UNKNOWN),
        ({"subscribe": 1, "openid": "o-zhao", "unionid": "u" * 65}, Verdict.UNKNOWN),
    ],
)
async def test_a_follower_of_whom_nothing_good_is_told(answer: Answer, verdict: Verdict) -> None:
    async with scene(info=[answer]) as stage:
        with pytest.raises(ChannelError) as caught:
            await stage.account.follower_of("o-zhao")
        assert caught.value.result.verdict is verdict


async def test_a_follower_is_asked_for_again_with_a_new_token() -> None:
    good = {"subscribe": 1, "openid": "o-zhao"}
    async with scene(token=[granted("A"), granted("B")], info=[failed(42001), good]) as stage:
        assert (await stage.account.follower_of("o-zhao")).following
        assert [asked.query["access_token"] for asked in stage.platform.asked(INFO_PATH)] == ["A", "B"]
