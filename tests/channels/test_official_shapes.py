"""What is read by shape is what the general way reads; the general way is in test_official_open.py and test_wire.py."""

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from bot.channels.base import BadCallback
from bot.channels.official_inbound import inbound_of
from bot.channels.official_shapes import encrypted_of, text_message_of
from bot.channels.wire import parse, word_of
from tests.channels.by_hand import HOUSE, NOW_SECONDS, SENDER, as_xml, text_message

ODD_VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["]]>", "]", "<a/>", "&amp;", " x ", "\r\n", "\x00", "\x0b", "\ufffe", "😀", "0", "9" * 12, ""]
    ),
)
MARKUP = st.sampled_from(
    [*"<>[]&;/ \n\t\r=0aA-", "<![CDATA[", "]]>", "<!--", "-->", "<a/>", "<xml>", "\u3000", "\x0b"]
)


def general(message: bytes) -> object:
    fields = parse(message)[1]
    return inbound_of("main", fields), word_of(fields, "ToUserName")


def agree(message: bytes) -> None:
    by_shape = text_message_of("main", message)
    if by_shape is not None:
        assert by_shape == general(message)


@pytest.mark.parametrize("words", ["3栋的灯坏了", "", "一行\n二行", "价格<5元 & 不涨", "😀", " 前后有空格 "])
def test_an_ordinary_text_message_is_read_by_its_shape(words: str) -> None:
    message = as_xml(text_message(Content=words)).encode()
    assert text_message_of("main", message) == general(message)


@given(st.sampled_from(list(text_message())), ODD_VALUES)
@effort(max_examples=400)
def test_odd_values_are_read_alike(name: str, value: str) -> None:
    document = "".join(
        f"<{n}>{v}</{n}>" if n in ("CreateTime", "MsgId") else f"<{n}><![CDATA[{v}]]></{n}>"
        for n, v in text_message(**{name: value}).items()
    )
    agree(f"<xml>{document}</xml>".encode("utf-8", "surrogatepass"))


@given(st.data())
@effort(max_examples=600)
def test_edited_documents_are_read_alike(data: st.DataObject) -> None:
    message = as_xml(text_message())
    start = data.draw(st.integers(0, len(message)))
    end = data.draw(st.integers(start, min(len(message), start + 3)))
    agree((message[:start] + data.draw(MARKUP) + message[end:]).encode())


@given(st.integers(0, 10**6), st.binary(max_size=3))
@effort(max_examples=300)
def test_edited_bytes_are_read_alike(where: int, inserted: bytes) -> None:
    message = as_xml(text_message()).encode()
    where %= len(message)
    agree(message[:where] + inserted + message[where + 1 :])


def envelope(inside: str) -> bytes:
    return f"<xml><ToUserName><![CDATA[{HOUSE}]]></ToUserName>\n{inside}\n</xml>".encode()


def test_an_encrypted_body_is_read_by_its_shape() -> None:
    assert encrypted_of(envelope("<Encrypt><![CDATA[AbC+/9==]]></Encrypt>")) == "AbC+/9=="


@given(st.data())
@effort(max_examples=600)
def test_edited_bodies_are_read_alike(data: st.DataObject) -> None:
    body = envelope("<Encrypt><![CDATA[AbC+/9==]]></Encrypt>").decode()
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 3)))
    edited = (body[:start] + data.draw(MARKUP) + body[end:]).encode()
    by_shape = encrypted_of(edited)
    if by_shape is not None:
        assert by_shape == word_of(parse(edited)[1], "Encrypt")


@pytest.mark.parametrize(
    "body",
    [b"", b"<xml>", b"\xff", b"{}", as_xml({"Encrypt": "A"}).encode(), envelope("<Encrypt>AbC=</Encrypt>")],
)
def test_another_shape_is_left_to_the_general_way(body: bytes) -> None:
    assert encrypted_of(body) is None
    assert text_message_of("main", body) is None


def test_a_time_beyond_the_calendar_is_left_to_the_general_way() -> None:
    late = as_xml(text_message(CreateTime=999999999999)).encode()
    assert text_message_of("main", late) is None
    with pytest.raises(BadCallback):
        general(late)
    assert text_message(FromUserName=SENDER)["CreateTime"] == NOW_SECONDS
