from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.official_account import OfficialAccount
from handlers.inbound import Inbound, InboundKind
from tests.channels.by_hand import (
    HOUSE,
    NOW,
    NOW_SECONDS,
    OLD_KEY,
    SENDER,
    TOKEN,
    Post,
    account_of,
    as_json,
    as_xml,
    encrypted_post,
    event,
    plain_settings,
    post,
    refusal,
    seal,
    settings,
    sha1_of,
    signed_query,
    text_message,
)

STYLES = ["xml", "json"]


def opened(fields: dict[str, Any], style: str = "xml") -> Inbound:
    return post(fields, style=style).open(account_of()).inbound


def account_for(mode: str) -> OfficialAccount:
    return account_of(plain_settings() if mode == "plain" else settings())


# The address


def test_the_address_is_verified_by_echoing() -> None:
    assert (
        account_of().verify_address(signed_query() | {"echostr": "5927782489442352469"}, NOW)
        == "5927782489442352469"
    )


@pytest.mark.parametrize("echo", ["", "<script>", "a b", "1" * 129, "电", '"x"', "1\n"])
def test_an_echo_that_is_no_echo_is_not_reflected(echo: str) -> None:
    assert refusal(lambda: account_of().verify_address(signed_query() | {"echostr": echo}, NOW)) == "echostr"


@pytest.mark.parametrize("change", [{"signature": "0" * 40}, {"nonce": "x"}, {"timestamp": "1"}])
def test_an_address_check_that_is_not_signed_is_refused(change: dict[str, str]) -> None:
    query = signed_query() | {"echostr": "1"} | change
    assert refusal(lambda: account_of().verify_address(query, NOW)) == "signature"


def test_an_old_address_check_is_refused() -> None:
    query = signed_query() | {"echostr": "1"}
    assert refusal(lambda: account_of().verify_address(query, NOW + timedelta(minutes=11))) == "stale"
    assert refusal(lambda: account_of().verify_address({}, NOW)) == "signature"


# Modes and formats


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_a_text_message_opens_in_every_mode_and_format(mode: str, style: str) -> None:
    inbound = post(text_message(), style=style, mode=mode).open(account_for(mode)).inbound
    assert inbound == Inbound(
        account="main",
        kind=InboundKind.TEXT,
        key="m:1234567890123456",
        sender=SENDER,
        sent_at=NOW,
        text="3号楼2单元电梯坏了",
    )


@pytest.mark.parametrize("style", STYLES)
def test_the_clear_part_of_compatible_mode_is_not_looked_at(style: str) -> None:
    forged = text_message(FromUserName="somebody-else", Content="我同意", MsgId=1)
    sent = encrypted_post(seal(as_xml(text_message())), style=style, clear=forged)
    assert sent.open(account_of()).inbound.sender == SENDER


@pytest.mark.parametrize("style", STYLES)
def test_with_a_key_configured_a_clear_message_is_refused_whatever_its_signature(style: str) -> None:
    sent = post(text_message(), style=style, mode="plain")
    assert refusal(lambda: sent.open(account_of())) == "not_encrypted"
    sent.query["msg_signature"] = sent.query["signature"]
    assert refusal(lambda: sent.open(account_of())) == "not_encrypted"


@pytest.mark.parametrize("style", STYLES)
def test_the_signature_that_does_not_cover_the_body_proves_nothing(style: str) -> None:
    sent = post(text_message(), style=style)
    del sent.query["msg_signature"]
    assert refusal(lambda: sent.open(account_of())) == "signature"
    sent.query["msg_signature"] = sent.query["signature"]
    assert refusal(lambda: sent.open(account_of())) == "signature"


def test_the_clear_part_of_compatible_mode_is_read_without_a_key() -> None:
    sent = post(text_message(), mode="compatible")
    assert sent.open(account_of(plain_settings())).inbound.text == "3号楼2单元电梯坏了"


def test_an_encrypted_message_without_a_key_is_refused() -> None:
    assert refusal(lambda: post(text_message()).open(account_of(plain_settings()))) == "no_key"


def test_plain_mode_needs_its_signature() -> None:
    sent = post(text_message(), mode="plain")
    sent.query["signature"] = "0" * 40
    assert refusal(lambda: sent.open(account_of(plain_settings()))) == "signature"


def test_without_a_key_and_without_the_permission_nothing_opens() -> None:
    unsafe = plain_settings().model_copy(update={"allow_plain": False})
    assert refusal(lambda: post(text_message(), mode="plain").open(account_of(unsafe))) == "plain_not_allowed"


@pytest.mark.parametrize("mode", ["plain", "safe"])
@pytest.mark.parametrize("seconds", [-601, 601])
def test_an_old_or_early_callback_is_refused(mode: str, seconds: int) -> None:
    sent = post(text_message(), mode=mode, timestamp=NOW_SECONDS + seconds)
    assert refusal(lambda: sent.open(account_for(mode))) == "stale"


@pytest.mark.parametrize("mode", ["plain", "safe"])
def test_a_callback_without_a_query_is_refused(mode: str) -> None:
    body = post(text_message(), mode=mode).body
    assert refusal(lambda: Post({}, body).open(account_for(mode))) in {"timestamp", "signature"}


def test_a_message_for_another_app_is_refused() -> None:
    sent = encrypted_post(seal(as_xml(text_message()), app_id="wx0000000000000000"))
    assert refusal(lambda: sent.open(account_of())) == "receive_id"


def test_during_a_rotation_messages_under_both_keys_open() -> None:
    rotating = account_of(settings(previous_encoding_aes_key=OLD_KEY))
    assert post(text_message(), key=OLD_KEY).open(rotating).reply_to.key_index == 1
    assert post(text_message()).open(rotating).reply_to.key_index == 0


def test_white_space_around_the_ciphertext_does_not_matter() -> None:
    sent = post(text_message())
    sent.body = sent.body.replace(b"<Encrypt>", b"<Encrypt>\n  ").replace(b"</Encrypt>", b"\n</Encrypt>")
    assert sent.open(account_of()).inbound.key == "m:1234567890123456"


# Messages


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("fields", "kind", "text", "media_id"),
    [
        ({"MsgType": "image", "PicUrl": "http://x", "MediaId": "M1"}, InboundKind.IMAGE, "", "M1"),
        ({"MsgType": "voice", "MediaId": "M2", "Format": "amr"}, InboundKind.VOICE, "", "M2"),
        (
            {"MsgType": "voice", "MediaId": "M2", "Recognition": "电梯坏了"},
            InboundKind.VOICE,
            "电梯坏了",
            "M2",
        ),
        ({"MsgType": "video", "MediaId": "M3", "ThumbMediaId": "T"}, InboundKind.VIDEO, "", "M3"),
        ({"MsgType": "shortvideo", "MediaId": "M4", "ThumbMediaId": "T"}, InboundKind.VIDEO, "", "M4"),
        (
            {"MsgType": "location", "Location_X": "23.13", "Location_Y": "113.35", "Label": "3号楼"},
            InboundKind.LOCATION,
            "3号楼",
            "",
        ),
        (
            {"MsgType": "location", "Location_X": "23.13", "Location_Y": "113.35", "Label": ""},
            InboundKind.LOCATION,
            "23.13,113.35",
            "",
        ),
        ({"MsgType": "link", "Title": "通知", "Url": "http://x"}, InboundKind.LINK, "通知\nhttp://x", ""),
        ({"MsgType": "file", "MediaId": "M5"}, InboundKind.OTHER, "", ""),
        ({"MsgType": "something_new"}, InboundKind.OTHER, "", ""),
    ],
)
def test_messages_that_are_not_text(
    fields: dict[str, Any], kind: InboundKind, text: str, media_id: str, style: str
) -> None:
    message = text_message(**fields)
    del message["Content"]
    inbound = opened(message, style)
    assert (inbound.kind, inbound.text, inbound.media_id) == (kind, text, media_id)
    assert inbound.key == "m:1234567890123456"


def test_numbers_may_come_as_strings_in_json() -> None:
    assert opened(text_message(MsgId="42", CreateTime=str(NOW_SECONDS)), "json").key == "m:42"


def test_white_space_around_identifiers_does_not_matter_but_words_keep_theirs() -> None:
    message = text_message(FromUserName=f" {SENDER} ", MsgType=" text\n", MsgId=" 7 ", Content=" 电梯 ")
    inbound = opened(message)
    assert (inbound.sender, inbound.kind, inbound.key, inbound.text) == (
        SENDER,
        InboundKind.TEXT,
        "m:7",
        " 电梯 ",
    )


def test_a_text_without_words_is_a_text() -> None:
    message = text_message()
    del message["Content"]
    assert opened(message).text == ""


def test_a_handle_too_long_for_its_column_is_left_out() -> None:
    assert opened(text_message(MsgType="image", MediaId="M" * 256)).media_id == ""


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"FromUserName": ""}, "from_user"),
        ({"FromUserName": None}, "from_user"),
        ({"FromUserName": "o" * 65}, "from_user"),
        ({"FromUserName": "o o"}, "from_user"),
        ({"FromUserName": "o'--"}, "from_user"),
        ({"FromUserName": "o\no"}, "from_user"),
        ({"ToUserName": ""}, "to_user"),
        ({"ToUserName": "x" * 65}, "to_user"),
        ({"ToUserName": "a]]><b>"}, "to_user"),
        ({"CreateTime": ""}, "create_time"),
        ({"CreateTime": 0}, "create_time"),
        ({"CreateTime": -5}, "create_time"),
        ({"CreateTime": "12e3"}, "create_time"),
        ({"CreateTime": 10**11 * 9}, "create_time"),
        ({"CreateTime": 10**30}, "create_time"),
        ({"MsgType": ""}, "msg_type"),
        ({"MsgId": ""}, "msg_id"),
        ({"MsgId": None}, "msg_id"),
        ({"MsgId": "1 2"}, "msg_id"),
        ({"MsgId": "1" * 65}, "msg_id"),
    ],
)
def test_a_message_that_lacks_what_every_message_has_is_refused(
    change: dict[str, Any], reason: str, style: str
) -> None:
    message = {name: value for name, value in text_message(**change).items() if value is not None}
    assert refusal(lambda: opened(message, style)) == reason


@pytest.mark.parametrize("name", ["FromUserName", "ToUserName", "CreateTime", "MsgType", "MsgId", "Content"])
@pytest.mark.parametrize("value", [True, [], ["x"], {"x": "y"}])
def test_a_field_of_the_wrong_type_is_refused(name: str, value: object) -> None:
    assert refusal(lambda: opened(text_message(**{name: value}), "json")) == "type"


# Events


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("fields", "kind", "text", "scene"),
    [
        (event("subscribe"), InboundKind.FOLLOW, "", ""),
        (event("subscribe", EventKey=""), InboundKind.FOLLOW, "", ""),
        (event("subscribe", EventKey="qrscene_b3-u2", Ticket="T"), InboundKind.FOLLOW, "", "b3-u2"),
        (event("subscribe", EventKey="last_trade_no_4005"), InboundKind.FOLLOW, "", ""),
        (event("subscribe", EventKey="qrscene_" + "x" * 129), InboundKind.FOLLOW, "", ""),
        (event("unsubscribe", EventKey=""), InboundKind.UNFOLLOW, "", ""),
        (event("SCAN", EventKey="b3-u2", Ticket="T"), InboundKind.SCAN, "", "b3-u2"),
        (event("CLICK", EventKey="MENU_REPORT"), InboundKind.CLICK, "MENU_REPORT", ""),
        (event("VIEW", EventKey="https://example.com/?a=1:2", MenuId="1"), InboundKind.OTHER, "", ""),
        (event("view_miniprogram", EventKey="pages/index"), InboundKind.OTHER, "", ""),
        (event("LOCATION", Latitude="23.1", Longitude="113.3", Precision="1"), InboundKind.OTHER, "", ""),
        (
            event("scancode_waitmsg", EventKey="6", ScanCodeInfo={"ScanType": "qrcode"}),
            InboundKind.OTHER,
            "",
            "",
        ),
        (event("TEMPLATESENDJOBFINISH", MsgID=200163836, Status="success"), InboundKind.OTHER, "", ""),
        (event("MASSSENDJOBFINISH", MsgID=1000001625, Status="err(30003)"), InboundKind.OTHER, "", ""),
        (event("user_authorization_revoke", OpenID="x", RevokeInfo="1"), InboundKind.OTHER, "", ""),
        (event("next_years_event", Anything={"a": {"b": "c"}}), InboundKind.OTHER, "", ""),
    ],
)
def test_events(fields: dict[str, Any], kind: InboundKind, text: str, scene: str, style: str) -> None:
    inbound = opened(fields, style)
    assert (inbound.kind, inbound.text, inbound.scene) == (kind, text, scene)
    assert inbound.key.startswith("e:") and len(inbound.key) <= 190


SUBSCRIBED = {"TemplateId": "T1", "SubscribeStatusString": "accept", "PopupScene": "2"}


@pytest.mark.parametrize(
    ("name", "wrapper"),
    [
        ("subscribe_msg_popup_event", "SubscribeMsgPopupEvent"),
        ("subscribe_msg_change_event", "SubscribeMsgChangeEvent"),
        ("subscribe_msg_sent_event", "SubscribeMsgSentEvent"),
    ],
)
def test_subscribe_notify_events_come_as_an_object_or_as_an_array(name: str, wrapper: str) -> None:
    entries = [SUBSCRIBED, SUBSCRIBED | {"TemplateId": "T2"}]
    forms = [
        opened(event(name, **{wrapper: {"List": SUBSCRIBED}}), "xml"),
        opened(event(name, List=SUBSCRIBED), "json"),
        opened(event(name, List=[SUBSCRIBED]), "json"),
    ]
    assert {form.key for form in forms} == {forms[0].key}
    several = [
        opened(event(name, **{wrapper: {"List": entries}}), "xml"),
        opened(event(name, List=entries), "json"),
    ]
    assert {form.key for form in several} == {several[0].key}
    assert forms[0].key != several[0].key
    assert forms[0].kind is several[0].kind is InboundKind.OTHER


@pytest.mark.parametrize("odd", ["", [], {}, [None], [[]], {"List": "x"}, 7])
def test_an_odd_list_is_no_reason_to_refuse_an_event(odd: object) -> None:
    assert opened(event("subscribe_msg_popup_event", List=odd), "json").kind is InboundKind.OTHER


def test_an_events_key_is_equal_for_a_retry_and_different_for_another() -> None:
    click = event("CLICK", EventKey="A")
    same = post(click, nonce="2", timestamp=NOW_SECONDS + 5).open(account_of()).inbound.key
    assert opened(click).key == same == f"e:{SENDER}:{NOW_SECONDS}:CLICK:A"
    others = [
        event("CLICK", EventKey="B"),
        event("SCAN", EventKey="A"),
        event("CLICK", EventKey="A", CreateTime=NOW_SECONDS + 1),
        event("CLICK", EventKey="A", FromUserName="another"),
        event("CLICK", EventKey="A", TaskId="7"),
        event("CLICK", EventKey="A", MsgID="7" * 2),
    ]
    assert len({opened(other).key for other in (click, *others)}) == 7


def test_a_long_event_key_is_hashed() -> None:
    keys = {
        opened(event("VIEW", EventKey="https://example.com/" + "x" * length)).key
        for length in range(150, 400)
    }
    assert len(keys) == 250
    assert max(map(len, keys)) <= 190


def test_a_scene_may_be_a_number_in_json() -> None:
    assert opened(event("SCAN", EventKey=123), "json").scene == "123"


def test_an_event_without_a_name_is_refused() -> None:
    assert refusal(lambda: opened(event(""))) == "event"


def test_the_platforms_time_is_aware_utc() -> None:
    assert opened(text_message(CreateTime=1395658920)).sent_at == datetime(2014, 3, 24, 11, 2, tzinfo=UTC)


def test_an_envelope_in_the_other_format_still_opens() -> None:
    encrypted = seal(as_json(text_message()))
    assert encrypted_post(encrypted, style="xml").open(account_of()).inbound.sender == SENDER


def test_the_reply_goes_to_the_sender_from_the_account() -> None:
    reply_to = post(text_message()).open(account_of()).reply_to
    assert (reply_to.to_user, reply_to.from_user) == (SENDER, HOUSE)


def test_the_signature_has_the_ciphertext_in_it() -> None:
    sent = post(text_message())
    other = seal(as_xml(text_message(Content="别的话")))
    query = sent.query | {"msg_signature": sha1_of(TOKEN, sent.query["timestamp"], sent.query["nonce"], "x")}
    assert refusal(lambda: Post(query, sent.body).open(account_of())) == "signature"
    swapped = encrypted_post(other)
    assert refusal(lambda: Post(sent.query, swapped.body).open(account_of())) == "signature"
