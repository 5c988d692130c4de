import json
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto
from wechatpy.parser import parse_message

from bot.channels.base import Rendered
from bot.channels.official_account import OfficialAccount
from bot.channels.text import clean
from tests.channels.by_hand import (
    APP_ID,
    HOUSE,
    KEY,
    NOW,
    NOW_SECONDS,
    OLD_KEY,
    SENDER,
    TOKEN,
    account_of,
    decrypt,
    plain_settings,
    post,
    settings,
    sha1_of,
    text_message,
)

SAFE = account_of()
PLAIN = account_of(plain_settings())


def render(
    text: str, *, mode: str = "safe", style: str = "xml", account: OfficialAccount | None = None
) -> Rendered:
    account = account or (PLAIN if mode == "plain" else SAFE)
    return account.render_reply(post(text_message(), mode=mode, style=style).open(account), text, NOW)


def read(rendered: Rendered, *, mode: str, style: str) -> dict[str, str]:
    """The reply as the platform reads it."""
    body = rendered.body.decode()
    if mode != "plain":
        outer = _fields(body, style)
        assert set(outer) == {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}
        assert outer["TimeStamp"] == str(NOW_SECONDS)
        assert outer["MsgSignature"] == sha1_of(TOKEN, outer["TimeStamp"], outer["Nonce"], outer["Encrypt"])
        body = decrypt(outer["Encrypt"]).decode()
    return _fields(body, style)


def _fields(body: str, style: str) -> dict[str, str]:
    if style == "json":
        return {name: str(value) for name, value in json.loads(body).items()}
    root = ElementTree.fromstring(body)
    assert all(len(child) == 0 for child in root)
    return {child.tag: child.text or "" for child in root}


@pytest.mark.parametrize("style", ["xml", "json"])
@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_a_reply_comes_back_as_the_callback_came(mode: str, style: str) -> None:
    rendered = render("收到：电梯", mode=mode, style=style)
    assert rendered.content_type == f"application/{style}"
    assert read(rendered, mode=mode, style=style) == {
        "ToUserName": SENDER,
        "FromUserName": HOUSE,
        "CreateTime": str(NOW_SECONDS),
        "MsgType": "text",
        "Content": "收到：电梯",
    }


@pytest.mark.parametrize("style", ["xml", "json"])
@pytest.mark.parametrize("mode", ["plain", "safe"])
def test_the_same_reply_to_a_retry_has_the_same_bytes(mode: str, style: str) -> None:
    account = PLAIN if mode == "plain" else SAFE
    first = post(text_message(), mode=mode, style=style).open(account)
    retry = post(text_message(), mode=mode, style=style, nonce="9", timestamp=NOW_SECONDS + 5).open(account)
    one, two = account.render_reply(first, "收到", NOW), account.render_reply(retry, "收到", NOW)
    assert one == two
    assert one != account.render_reply(first, "收到。", NOW)
    assert one != account.render_reply(first, "收到", NOW + timedelta(seconds=1))


def test_the_reply_is_sealed_with_the_key_that_opened_the_message() -> None:
    account = account_of(settings(previous_encoding_aes_key=OLD_KEY))
    for key in (KEY, OLD_KEY):
        callback = post(text_message(), key=key).open(account)
        encrypted = _fields(account.render_reply(callback, "收到", NOW).body.decode(), "xml")["Encrypt"]
        assert b"<Content><![CDATA[\xe6\x94\xb6" in decrypt(encrypted, key)


@given(text=st.text(max_size=300))
def test_any_text_arrives_as_it_is_and_as_one_element(text: str) -> None:
    expected = clean(text).replace("\r\n", "\n").replace("\r", "\n")
    for mode in ("plain", "safe"):
        rendered = render(text, mode=mode)
        if not expected.strip():
            assert rendered == Rendered(b"", "text/plain")
        else:
            assert read(rendered, mode=mode, style="xml")["Content"] == expected


@pytest.mark.parametrize("text", ["]]>", "a]]>b", "]]]]>>", "]]><Evil>1</Evil><![CDATA[", "]]>" * 50])
def test_a_section_end_in_the_text_makes_no_element(text: str) -> None:
    assert read(render(text, mode="plain"), mode="plain", style="xml")["Content"] == text


def test_wechatpy_reads_the_reply() -> None:
    fields = _fields(render("]]><Evil/> 收到").body.decode(), "xml")
    oracle = WeChatCrypto(TOKEN, KEY, APP_ID)
    body = oracle.decrypt_message(fields, fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"])
    message = parse_message(body)
    assert (message.content, message.source, message.target) == ("]]><Evil/> 收到", HOUSE, SENDER)


@pytest.mark.parametrize("style", ["xml", "json"])
def test_a_long_text_is_cut_on_a_code_point(style: str) -> None:
    content = read(render("电" * 3000, style=style), mode="safe", style=style)["Content"]
    assert content == "电" * 682


@pytest.mark.parametrize("text", ["", "  \n", "\x00\x01"])
def test_nothing_to_say_is_an_empty_answer(text: str) -> None:
    assert render(text) == Rendered(b"", "text/plain")


def test_json_has_raw_utf8_and_a_number_for_the_time() -> None:
    body = render("收到", mode="plain", style="json").body
    assert "收到".encode() in body
    assert json.loads(body)["CreateTime"] == NOW_SECONDS
    assert isinstance(json.loads(render("收到", style="json").body)["TimeStamp"], int)


def test_no_key_is_in_what_a_callback_shows() -> None:
    shown = repr(post(text_message()).open(SAFE))
    assert KEY not in shown and TOKEN not in shown
