"""The app's callbacks: address check, messages, events; and what is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.base import CallbackChannel, Rendered
from handlers.inbound import Inbound, InboundKind
from tests.channels.by_hand import KEY, NOW, NOW_SECONDS, OLD_KEY, Fields, as_xml, refusal
from tests.channels.wecom_by_hand import (
    CORP_ID,
    USERID,
    app_event,
    app_of,
    app_post,
    app_settings,
    app_text,
    echo_query,
    opened,
    robot_of,
)

APP = app_of()
SENT_AT = datetime.fromtimestamp(NOW_SECONDS, UTC)


def heard(fields: Fields) -> Inbound:
    return opened(app_post(fields), APP).inbound


@pytest.mark.parametrize(("channel", "receive_id"), [(APP, CORP_ID), (robot_of(), "")])
def test_the_address_check_is_answered_with_the_opened_echo(
    channel: CallbackChannel, receive_id: str
) -> None:
    assert channel.verify_address(echo_query("1616140317555161061", receive_id), NOW) == "1616140317555161061"


@pytest.mark.parametrize(("channel", "receive_id"), [(APP, CORP_ID), (robot_of(), "")])
def test_an_address_check_that_is_not_the_platforms_is_refused(
    channel: CallbackChannel, receive_id: str
) -> None:
    def reason(query: dict[str, str], now: datetime = NOW) -> str:
        return refusal(lambda: channel.verify_address(query, now))

    good = echo_query("1616140317555161061", receive_id)
    assert reason(good | {"msg_signature": "0" * 40}) == "signature"
    assert reason(good | {"echostr": good["echostr"][:-4]}) == "signature"
    assert reason(good, NOW + timedelta(minutes=11)) == "stale"
    assert reason({}) == "timestamp"
    assert reason({name: good[name] for name in good if name != "echostr"}) == "signature"
    assert reason(echo_query("1", receive_id, key=OLD_KEY)) in ("padding", "length", "receive_id")
    assert reason(echo_query("1", receive_id + "x")) == "receive_id"
    assert reason(echo_query("1", receive_id, token="another")) == "signature"
    for echo in ("", "a b", "<a>\n", "电", "1" * 129, b"\xff"):
        assert reason(echo_query(echo, receive_id)) == "echostr"


def test_a_text_message_is_heard() -> None:
    message = heard(app_text())
    assert message == Inbound("corp", "m:1234567890123456", InboundKind.TEXT, USERID, SENT_AT, "本周")


@pytest.mark.parametrize(
    ("kind", "fields", "text", "media_id"),
    [
        (InboundKind.IMAGE, {"MsgType": "image", "PicUrl": "http://p", "MediaId": "M1"}, "", "M1"),
        (InboundKind.VOICE, {"MsgType": "voice", "Format": "amr", "MediaId": "M2"}, "", "M2"),
        (InboundKind.VIDEO, {"MsgType": "video", "MediaId": "M3", "ThumbMediaId": "T"}, "", "M3"),
        (
            InboundKind.LOCATION,
            {"MsgType": "location", "Location_X": "23.1", "Location_Y": "113.3", "Label": "东门"},
            "东门",
            "",
        ),
        (
            InboundKind.LINK,
            {"MsgType": "link", "Title": "通知", "Description": "停水", "Url": "u"},
            "通知\n停水\nu",
            "",
        ),
        (InboundKind.OTHER, {"MsgType": "something_new"}, "", ""),
    ],
)
def test_messages_of_all_kinds_are_heard(kind: InboundKind, fields: Fields, text: str, media_id: str) -> None:
    base = {name: value for name, value in app_text().items() if name != "Content"}
    message = heard(base | fields)
    assert (message.kind, message.text, message.media_id) == (kind, text, media_id)


@pytest.mark.parametrize(
    ("name", "more", "kind", "text"),
    [
        ("subscribe", {}, InboundKind.FOLLOW, ""),
        ("unsubscribe", {}, InboundKind.UNFOLLOW, ""),
        ("click", {"EventKey": "WEEK"}, InboundKind.CLICK, "WEEK"),
        ("enter_agent", {"EventKey": ""}, InboundKind.OTHER, ""),
        ("msgaudit_notify", {"AgentID": "2000004"}, InboundKind.ARCHIVE_GREW, ""),
        ("change_contact", {"ChangeType": "update_user", "UserID": "li"}, InboundKind.OTHER, ""),
        ("template_card_event", {"EventKey": "k", "TaskId": "t", "SelectedItems": {"SelectedItem": []}},
         InboundKind.OTHER, ""),
    ],
)  # fmt: skip
def test_events_are_heard(name: str, more: Fields, kind: InboundKind, text: str) -> None:
    message = heard(app_event(name, **more))
    assert (message.kind, message.text, message.sent_at, message.room) == (kind, text, SENT_AT, "")
    assert message.key.startswith(f"e:{USERID}:{NOW_SECONDS}:{name}:")


def group_event(change: str, sender: str = "sys", **more: str) -> Fields:
    return app_event("change_external_chat", sender) | {"ChatId": "wrGroup_1", "ChangeType": change} | more


def test_a_change_of_a_customer_group_names_the_group_and_the_change() -> None:
    joined = heard(
        group_event("update", UpdateDetail="add_member", JoinScene="3", MemChangeCnt="1", CurMemVer="v2")
    )
    assert (joined.kind, joined.room, joined.scene, joined.sender, joined.text) == (
        InboundKind.GROUP_CHANGED,
        "wrGroup_1",
        "update:add_member",
        "sys",
        "",
    )
    assert heard(group_event("dismiss")).scene == "dismiss"


def test_two_changes_of_one_second_are_two() -> None:
    keys = {
        heard(event).key
        for event in (
            group_event("update", UpdateDetail="add_member", CurMemVer="v2"),
            group_event("update", UpdateDetail="add_member", CurMemVer="v3"),
            group_event("update", UpdateDetail="change_owner"),
            group_event("create"),
            group_event("update", ChatId="wrGroup_2", UpdateDetail="change_owner"),
        )
    }
    assert len(keys) == 5
    assert heard(group_event("create")).key == heard(group_event("create")).key


def test_a_key_that_is_too_long_is_shortened_and_still_tells_apart() -> None:
    keys = [heard(app_event("click", EventKey="x" * 300 + end)).key for end in "ab"]
    assert len(set(keys)) == 2 and max(map(len, keys)) <= 190


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (app_text(FromUserName=""), "from_user"),
        (app_text(FromUserName="a|b"), "from_user"),
        (app_text(FromUserName="@all"), "from_user"),
        (app_text(FromUserName="x" * 65), "from_user"),
        (app_text(CreateTime="soon"), "create_time"),
        (app_text(CreateTime="0"), "create_time"),
        (app_text(MsgType=""), "msg_type"),
        (app_text(MsgId=""), "msg_id"),
        (app_event(""), "event"),
        (group_event("create") | {"ChatId": ""}, "chat_id"),
        (group_event("create") | {"ChatId": "a/b"}, "chat_id"),
    ],
)
def test_messages_that_lack_something_are_refused(fields: Fields, reason: str) -> None:
    assert refusal(lambda: opened(app_post(fields), APP)) == reason


def test_what_is_not_encrypted_is_refused() -> None:
    sent = app_post(app_text())
    assert refusal(lambda: APP.open(sent.query, as_xml(app_text()).encode(), NOW)) == "not_encrypted"
    assert refusal(lambda: APP.open(sent.query, b"", NOW)) == "format"


def test_both_keys_open_during_a_rotation() -> None:
    rotating = app_of(app_settings(previous_encoding_aes_key=OLD_KEY))
    for key in (KEY, OLD_KEY):
        assert opened(app_post(app_text(), key=key), rotating).inbound.text == "本周"
    assert refusal(lambda: opened(app_post(app_text(), key=OLD_KEY), APP))


@pytest.mark.parametrize("receive_id", ["", "ww", CORP_ID + "x", CORP_ID[:-1]])
def test_what_is_for_another_corp_is_refused(receive_id: str) -> None:
    assert refusal(lambda: opened(app_post(app_text(), receive_id=receive_id), APP)) == "receive_id"


def test_the_app_never_answers_on_the_callbacks_connection() -> None:
    assert APP.passive_reply_seconds == 0
    assert APP.render_reply(opened(app_post(app_text()), APP), "好的", NOW) == Rendered(b"", "text/plain")
