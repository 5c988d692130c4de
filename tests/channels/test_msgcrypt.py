import base64
import json
import struct
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from bot.channels.msgcrypt import MsgCrypt, check_fresh, check_signature, decode_key, signature
from tests.channels.by_hand import (
    APP_ID,
    KEY,
    NOW,
    NOW_SECONDS,
    OLD_KEY,
    TOKEN,
    encrypt_raw,
    frame,
    pad,
    refusal,
    seal,
    sha1_of,
)

ORACLE = WeChatCrypto(TOKEN, KEY, APP_ID)
NONCE = "415670741"
STAMP = str(NOW_SECONDS)


def crypt(*keys: str) -> MsgCrypt:
    return MsgCrypt(TOKEN, APP_ID, keys or (KEY,))


def open_sealed(encrypted: str, *keys: str) -> tuple[bytes, int]:
    return crypt(*keys).open(encrypted, sha1_of(TOKEN, STAMP, NONCE, encrypted), STAMP, NONCE)


@pytest.mark.parametrize(
    ("timestamp", "nonce", "expected"),
    [
        ("1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        ("1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        ("1714112445", "415670741", "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
    ],
)
def test_signature_is_the_one_of_the_official_worked_examples(
    timestamp: str, nonce: str, expected: str
) -> None:
    assert signature("AAAAA", timestamp, nonce) == expected
    check_signature(expected, "AAAAA", timestamp, nonce)


def test_the_official_echo_of_the_sample_program_opens() -> None:
    encrypted = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="
    sample = MsgCrypt("QDG6eK", "wx5823bf96d3bd56c7", [KEY])
    opened = sample.open(encrypted, "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "1409659589", "263014780")
    assert opened.message == b"1616140317555161061"


def test_sealing_with_a_known_prefix_gives_the_published_bytes() -> None:
    sealed = MsgCrypt("", "wxb11529c136998cb6", [OLD_KEY]).seal(
        "我是中文abcd123".encode(), b"aaaabbbbccccdddd"
    )
    assert (
        sealed == "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
    )


@pytest.mark.parametrize("given_signature", ["", "0" * 40, "é" * 40, "\ud800"])
def test_a_wrong_signature_is_refused(given_signature: str) -> None:
    assert refusal(lambda: check_signature(given_signature, TOKEN, "1", "2")) == "signature"


@pytest.mark.parametrize("encoded", ["", KEY[:-1], KEY + "=", KEY[:-1] + "-", KEY[:-1] + "é", KEY + "\n"])
def test_an_odd_key_is_an_error_that_does_not_show_it(encoded: str) -> None:
    with pytest.raises(ValueError, match="43 base64") as caught:
        decode_key(encoded)
    assert not encoded or encoded not in str(caught.value)


def test_key_material_is_in_no_repr() -> None:
    assert KEY not in repr(crypt()) and TOKEN not in repr(crypt())


@pytest.mark.parametrize("seconds", [-600, 0, 600])
def test_a_fresh_timestamp_is_good(seconds: int) -> None:
    check_fresh(STAMP, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-601, 601, 86400 * 365])
def test_a_timestamp_beyond_ten_minutes_is_stale(seconds: int) -> None:
    assert refusal(lambda: check_fresh(STAMP, NOW + timedelta(seconds=seconds))) == "stale"


@pytest.mark.parametrize("timestamp", ["", "-1", "1e9", " 1", "٣", "²", "9" * 13, "9" * 9999, "\ud800"])
def test_a_timestamp_is_a_short_row_of_digits(timestamp: str) -> None:
    assert refusal(lambda: check_fresh(timestamp, NOW)) == "timestamp"


@given(text=st.text(max_size=200))
def test_opens_what_wechatpy_seals(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    envelope = ORACLE.encrypt_message(text, NONCE, STAMP)
    encrypted = envelope.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    message, _ = open_sealed(encrypted)
    assert message == text.encode()


@given(text=st.text(max_size=200))
def test_wechatpy_opens_what_we_seal(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    envelope = crypt().envelope(text.encode(), NOW_SECONDS, 0)
    assert (
        ORACLE.decrypt_message({"Encrypt": envelope.encrypt}, envelope.signature, STAMP, envelope.nonce)
        == text
    )


@pytest.mark.parametrize("length", range(32))
def test_every_padding_from_1_to_32_goes_both_ways(length: int) -> None:
    text = "a" * length
    envelope = crypt().envelope(text.encode(), NOW_SECONDS)
    assert (
        ORACLE.decrypt_message({"Encrypt": envelope.encrypt}, envelope.signature, STAMP, envelope.nonce)
        == text
    )
    assert open_sealed(seal(text))[0] == text.encode()


def test_the_paddings_of_that_test_are_all_of_them() -> None:
    assert {pad(frame(b"a" * length))[-1] for length in range(32)} == set(range(1, 33))


def test_during_a_rotation_either_key_opens_and_is_named() -> None:
    assert open_sealed(seal("甲", KEY), KEY, OLD_KEY) == ("甲".encode(), 0)
    assert open_sealed(seal("乙", OLD_KEY), KEY, OLD_KEY) == ("乙".encode(), 1)


def test_after_a_rotation_the_old_key_opens_nothing() -> None:
    assert refusal(lambda: open_sealed(seal("乙", OLD_KEY))) in {"padding", "length", "receive_id"}


def test_the_same_reply_has_the_same_bytes_and_another_has_another_prefix() -> None:
    one, again = crypt().envelope(b"one", NOW_SECONDS), crypt().envelope(b"one", NOW_SECONDS)
    other, later = crypt().envelope(b"two", NOW_SECONDS), crypt().envelope(b"one", NOW_SECONDS + 1)
    assert one == again
    first_blocks = {base64.b64decode(sealed.encrypt)[:16] for sealed in (one, other, later)}
    assert len(first_blocks) == 3
    assert len({one.nonce, other.nonce, later.nonce}) == 3


def test_a_nonce_that_is_asked_for_is_used_and_signed() -> None:
    envelope = crypt().envelope(b"x", NOW_SECONDS, nonce="mine")
    assert envelope.nonce == "mine"
    assert envelope.signature == sha1_of(TOKEN, STAMP, "mine", envelope.encrypt)


@pytest.mark.parametrize("prefix", [b"", b"a" * 15, b"a" * 17])
def test_a_prefix_has_sixteen_bytes(prefix: bytes) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        crypt().seal(b"x", prefix)


def _with_length(length: int) -> bytes:
    return b"0" * 16 + struct.pack(">I", length) + b"hello" + APP_ID.encode()


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        (pad(_with_length(0xFFFFFFFF)), "length"),
        (pad(_with_length(0x7FFFFFFF)), "length"),
        (pad(_with_length(6 + len(APP_ID))), "length"),
        (pad(_with_length(4)), "receive_id"),
        (pad(_with_length(0)), "receive_id"),
        (pad(frame(b"x", "wx0000000000000000")), "receive_id"),
        (pad(frame(b"x", "")), "receive_id"),
        (b"a" * 31 + b"\0", "padding"),
        (b"a" * 31 + b"\x21", "padding"),
        (b"a" * 30 + b"\x03\x02", "padding"),
        (b"\x10" * 16, "length"),
        (pad(b""), "length"),
    ],
)
def test_a_signed_ciphertext_of_nonsense_is_refused(blocks: bytes, reason: str) -> None:
    assert refusal(lambda: open_sealed(encrypt_raw(blocks))) == reason


@pytest.mark.parametrize(
    ("encrypted", "reason"),
    [
        ("", "ciphertext_length"),
        ("A", "base64"),
        ("é", "base64"),
        ("====", "ciphertext_length"),
        (base64.b64encode(b"a" * 17).decode(), "ciphertext_length"),
    ],
)
def test_a_signed_value_that_is_no_ciphertext_is_refused(encrypted: str, reason: str) -> None:
    assert refusal(lambda: open_sealed(encrypted)) == reason


@given(raw=st.binary(max_size=256))
def test_whatever_a_signed_ciphertext_holds_only_badcallback_comes_out(raw: bytes) -> None:
    blocks = raw + bytes(-len(raw) % 16)
    assert refusal(lambda: open_sealed(encrypt_raw(blocks))) in {
        "padding",
        "length",
        "receive_id",
        "ciphertext_length",
    }


def test_a_sealed_json_reply_opens_again() -> None:
    envelope = crypt().envelope(json.dumps({"a": "好"}).encode(), NOW_SECONDS)
    assert json.loads(open_sealed(envelope.encrypt)[0]) == {"a": "好"}
