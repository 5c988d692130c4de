"""The robot's callbacks, and its answers on them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.base import Callback, Rendered
from handlers.inbound import Inbound, InboundKind
from tests.channels.by_hand import KEY, NOW, NOW_SECONDS, OLD_KEY, as_xml, refusal
from tests.channels.wecom_by_hand import (
    MSG_ID,
    NONCE,
    RESPONSE_URL,
    USERID,
    opened,
    read_answer,
    robot_event,
    robot_of,
    robot_post,
    robot_settings,
    robot_single,
    robot_text,
)

ROBOT = robot_of()
POSTED_AT = datetime.fromtimestamp(NOW_SECONDS, UTC)


def callback(fields: dict[str, Any], **more: Any) -> Callback:
    return opened(robot_post(fields, **more), ROBOT)


def heard(fields: dict[str, Any]) -> Inbound:
    return callback(fields).inbound


def test_what_is_said_in_a_group_is_heard_as_it_was_written() -> None:
    assert heard(robot_text()) == Inbound(
        "helper",
        f"m:{MSG_ID}",
        InboundKind.TEXT,
        USERID,
        POSTED_AT,
        "@议事 3号楼电梯又坏了",
        room="wrGroup-1",
        reply_address=RESPONSE_URL,
    )


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ({"msgtype": "text", "text": {"content": "停水了"}}, "停水了"),
        ({"msgtype": "voice", "voice": {"content": "停水了"}}, "停水了"),
        ({"msgtype": "image", "image": {"url": "u"}}, ""),
        ({"msgtype": "file", "file": {"url": "u"}}, ""),
        (
            {
                "msgtype": "mixed",
                "mixed": {
                    "msg_item": [
                        {"msgtype": "text", "text": {"content": "一"}},
                        {"msgtype": "image", "image": {"url": "u"}},
                        {"msgtype": "text", "text": {"content": "二"}},
                    ]
                },
            },
            "一\n二",
        ),
    ],
)
def test_a_quote_is_kept_apart(quote: dict[str, Any], words: str) -> None:
    message = heard(robot_text("@议事 什么时候好", quote=quote))
    assert (message.text, message.quoted) == ("@议事 什么时候好", words)


def test_a_mixed_message_has_the_words_of_its_parts() -> None:
    parts = [
        {"msgtype": "text", "text": {"content": "@议事 这里漏水"}},
        {"msgtype": "image", "image": {"url": "https://x/1"}},
    ]
    message = heard(robot_text(msgtype="mixed", mixed={"msg_item": parts}))
    assert (message.kind, message.text) == (InboundKind.TEXT, "@议事 这里漏水")
    message = heard(robot_text(msgtype="mixed", mixed={"msg_item": parts[1:]}))
    assert (message.kind, message.text) == (InboundKind.IMAGE, "")


@pytest.mark.parametrize(
    ("kind", "inner", "known_as", "text"),
    [
        ("text", {"content": "本周"}, InboundKind.TEXT, "本周"),
        ("voice", {"content": "电梯坏了"}, InboundKind.VOICE, "电梯坏了"),
        ("image", {"url": "https://x"}, InboundKind.IMAGE, ""),
        ("video", {"url": "https://x"}, InboundKind.VIDEO, ""),
        ("file", {"url": "https://x"}, InboundKind.OTHER, ""),
        ("something_new", {"url": "https://x"}, InboundKind.OTHER, ""),
    ],
)
def test_what_is_sent_to_the_robot_alone_has_no_room(
    kind: str, inner: dict[str, str], known_as: InboundKind, text: str
) -> None:
    message = heard(robot_single(kind, **inner))
    assert (message.kind, message.text, message.room) == (known_as, text, "")


def test_an_event_has_its_own_time_and_key() -> None:
    for name, kind in (("enter_chat", InboundKind.FOLLOW), ("feedback_event", InboundKind.OTHER)):
        message = heard(robot_event(name))
        assert (message.kind, message.key) == (kind, f"e:{MSG_ID}")
        assert message.sent_at == POSTED_AT - timedelta(seconds=2)


def test_a_click_on_a_card_is_let_in_at_its_full_depth() -> None:
    items = [{"question_key": "q", "option_ids": {"option_id": ["one", "two"]}}]
    card = {"card_type": "vote_interaction", "selected_items": {"selected_item": items}}
    message = heard(
        robot_event("template_card_event", template_card_event=card)
        | {"chatid": "wrGroup-1", "chattype": "group"}
    )
    assert (message.kind, message.room) == (InboundKind.OTHER, "wrGroup-1")


def test_a_question_after_a_stream_is_not_taken_for_the_message() -> None:
    poll = robot_text(msgtype="stream", stream={"id": "STREAM-1"})
    assert heard(poll).key == "s:STREAM-1"
    assert heard(poll).kind is InboundKind.OTHER
    assert heard(poll)[5:] == ("", "", "", "wrGroup-1", "", "")
    assert len(heard(robot_text(msgtype="stream", stream={"id": "x" * 500})).key) < 190


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (robot_text(msgid=""), "msg_id"),
        (robot_text(msgid="x" * 129), "msg_id"),
        (robot_text(msgtype=""), "msg_type"),
        (robot_text() | {"from": {}}, "from"),
        (robot_text() | {"from": "zhang"}, "from"),
        (robot_text() | {"from": {"userid": "a|b"}}, "from"),
        (robot_text(chatid=""), "chat_id"),
        (robot_text(chatid="a/b"), "chat_id"),
        (robot_text(chatid="", chattype="tribe"), "chat_id"),
        (robot_text(text={"content": ["x"]}), "type"),
        (robot_event(""), "event"),
        (robot_event("enter_chat") | {"create_time": "soon"}, "create_time"),
        (robot_event("enter_chat") | {"create_time": -1}, "create_time"),
    ],
)
def test_messages_that_lack_something_are_refused(fields: dict[str, Any], reason: str) -> None:
    assert refusal(lambda: callback(fields)) == reason


def test_what_is_not_encrypted_or_not_json_is_refused() -> None:
    sent = robot_post(robot_text())
    for body in (b"{}", b'{"encrypt": ""}', b'{"Encrypt": "x"}', as_xml({"encrypt": "x"}).encode()):
        assert refusal(lambda: ROBOT.open(sent.query, body, NOW)) == "not_encrypted"  # noqa: B023
    assert refusal(lambda: opened(robot_post(as_xml({"a": "b"})), ROBOT)) == "format"
    assert refusal(lambda: opened(robot_post(robot_text(), receive_id="ww1"), ROBOT)) == "receive_id"


@pytest.mark.parametrize(
    "address",
    [
        "http://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=CODE",
        "https://evil.example.org/?qyapi.weixin.qq.com",
        "https://qyapi.weixin.qq.com.example.org/",
        "https://qyapi.weixin.qq.com@example.org/",
        "https://a@qyapi.weixin.qq.com/",
        "https://notweixin.qq.com/",
        "https://127.0.0.1/",
        "https://[::1",
        "ftp://qyapi.weixin.qq.com/",
        "x",
        RESPONSE_URL + "x" * 2048,
    ],
)
def test_an_address_that_is_not_the_platforms_is_not_kept(address: str) -> None:
    assert heard(robot_text(response_url=address)).reply_address == ""


# Answers


def rendered(called: Callback, text: str, at: datetime = NOW) -> dict[str, Any]:
    answer = ROBOT.render_reply(called, text, at)
    assert answer.content_type == "application/json"
    return read_answer(answer.body)


def test_an_answer_is_a_finished_stream() -> None:
    message = rendered(callback(robot_text()), "已登记\n编号 1001")
    assert message["msgtype"] == "stream"
    assert message["stream"]["finish"] is True
    assert message["stream"]["content"] == "已登记\n编号 1001"
    assert 0 < len(message["stream"]["id"]) <= 64


def test_a_retry_is_told_of_the_same_stream_with_the_same_bytes() -> None:
    first, again = callback(robot_text()), callback(robot_text())
    assert ROBOT.render_reply(first, "好", NOW) == ROBOT.render_reply(again, "好", NOW)
    later = callback(robot_text(), nonce="777")
    answer = read_answer(ROBOT.render_reply(later, "好", NOW).body, nonce="777")
    assert answer == rendered(first, "好")
    other = callback(robot_text(msgid="another"))
    assert rendered(other, "好")["stream"]["id"] != answer["stream"]["id"]


def test_a_greeting_is_answered_with_a_text_and_other_events_not_at_all() -> None:
    assert rendered(callback(robot_event("enter_chat")), "您好") == {
        "msgtype": "text",
        "text": {"content": "您好"},
    }
    for silent in (robot_event("feedback_event"), robot_text(msgtype="stream", stream={"id": "S"})):
        assert ROBOT.render_reply(callback(silent), "您好", NOW) == Rendered(b"", "text/plain")
    assert ROBOT.render_reply(callback(robot_text()), " \n", NOW) == Rendered(b"", "text/plain")


def test_an_answer_is_cut_to_what_the_platform_takes() -> None:
    content = rendered(callback(robot_text()), "电" * 10000)["stream"]["content"]
    assert len(content.encode()) == 20478 and set(content) == {"电"}


def test_the_words_of_people_become_no_markup() -> None:
    said = "<@all> <think>x</think> [点我](http://evil.example) 3<5 <font color=red>"
    content = rendered(callback(robot_text()), said)["stream"]["content"]
    assert content == "＜@all> ＜think>x＜/think> [点我] (http://evil.example) 3<5 ＜font color=red>"


def test_an_answer_is_under_the_key_that_opened_the_question() -> None:
    rotating = robot_of(robot_settings(previous_encoding_aes_key=OLD_KEY))
    for key in (KEY, OLD_KEY):
        called = opened(robot_post(robot_text(), key=key), rotating)
        assert (
            read_answer(rotating.render_reply(called, "好", NOW).body, NONCE, key)["stream"]["content"]
            == "好"
        )


def test_passive_replies_can_be_turned_off() -> None:
    assert robot_of(robot_settings(passive_reply_seconds=2.0)).passive_reply_seconds == 2.0
    assert robot_of(robot_settings(passive_reply=False)).passive_reply_seconds == 0
