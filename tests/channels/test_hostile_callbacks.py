"""Mutated callbacks: whatever arrives, open() answers with a message that was meant for us or with BadCallback."""

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import BadCallback
from handlers.inbound import Inbound
from tests.channels.by_hand import (
    KEY,
    NOW_SECONDS,
    SENDER,
    TOKEN,
    Post,
    account_of,
    as_json,
    as_xml,
    encrypt_raw,
    encrypted_post,
    event,
    frame,
    pad,
    plain_settings,
    post,
    seal,
    settings,
    sha1_of,
    text_message,
)

SAFE = account_of(settings(subscribe_template_id="T"))
ROTATING = account_of(settings(previous_encoding_aes_key=KEY[::-1], subscribe_template_id="T"))
PLAIN = account_of(plain_settings())
MESSAGES = [
    text_message(),
    text_message(MsgType="voice", MediaId="M", Recognition="电梯坏了"),
    event("subscribe", EventKey="qrscene_b3"),
    event("CLICK", EventKey="MENU"),
    event("subscribe_msg_popup_event", List=[{"TemplateId": "T", "SubscribeStatusString": "accept"}]),
]
ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 1e400, 10**40, "", " ", "x" * 300, "\x00", "\ud800", "\u202e", "]]>", "<a/>", [],
    [[]], {}, {"a": {"b": []}}, ["x", 1], {"List": {"MsgID": []}}, "9" * 400, "２", "e:e:e", "'; --", "😀" * 200,
]  # fmt: skip
TAMPERED = "tampered"
ILL_FORMED = "ill-formed"


def _style(dice: random.Random) -> str:
    return dice.choice(["xml", "json"])


def _good(dice: random.Random) -> Post:
    mode = dice.choice(["safe", "safe", "compatible"])
    return post(dice.choice(MESSAGES), style=_style(dice), mode=mode)


def _flip(dice: random.Random, raw: bytes) -> bytes:
    where = dice.randrange(len(raw))
    return raw[:where] + bytes([raw[where] ^ (1 << dice.randrange(8))]) + raw[where + 1 :]


def flipped_body(dice: random.Random) -> Post:
    sent = _good(dice)
    return Post(sent.query, _flip(dice, sent.body))


def flipped_query(dice: random.Random) -> Post:
    sent = _good(dice)
    name = dice.choice(["msg_signature", "timestamp", "nonce"])
    return Post(sent.query | {name: _flip(dice, sent.query[name].encode()).decode("latin-1")}, sent.body)


def odd_query(dice: random.Random) -> Post:
    sent = _good(dice)
    name = dice.choice(["msg_signature", "timestamp", "nonce"])
    value = dice.choice([odd for odd in ODD if isinstance(odd, str)])
    return Post(sent.query | {name: value}, sent.body)


def missing_query(dice: random.Random) -> Post:
    sent = _good(dice)
    gone = dice.choice(["msg_signature", "timestamp", "nonce"])
    return Post({name: value for name, value in sent.query.items() if name != gone}, sent.body)


def truncated(dice: random.Random) -> Post:
    sent = _good(dice)
    return Post(sent.query, sent.body[: dice.randrange(len(sent.body) - 1)])


def old(dice: random.Random) -> Post:
    seconds = dice.choice([-1, 1]) * dice.randrange(601, 10**9)
    return post(dice.choice(MESSAGES), style=_style(dice), timestamp=NOW_SECONDS + seconds)


def another_app(dice: random.Random) -> Post:
    app_id = dice.choice(["", "wx", "wx5823bf96d3bd56c", "wx5823bf96d3bd56c7x", "wx0000000000000000"])
    return encrypted_post(seal(as_xml(dice.choice(MESSAGES)), app_id=app_id), style=_style(dice))


def another_key(dice: random.Random) -> Post:
    key = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=42)) + "A"
    return post(dice.choice(MESSAGES), key=key, style=_style(dice))


def another_token(dice: random.Random) -> Post:
    sent = _good(dice)
    forged = sha1_of(dice.choice(["", "token", TOKEN.lower()]), sent.query["timestamp"], sent.query["nonce"])
    return Post(sent.query | {"msg_signature": forged}, sent.body)


def clear_with_its_own_signature(dice: random.Random) -> Post:
    sent = post(dice.choice(MESSAGES), style=_style(dice), mode="plain")
    if dice.random() < 0.5:
        sent.query["msg_signature"] = sent.query["signature"]
    if dice.random() < 0.3:
        sent.query["encrypt_type"] = dice.choice(["raw", "aes", ""])
    return sent


def empty_ciphertext(dice: random.Random) -> Post:
    sent = encrypted_post(dice.choice(["", " ", "A", "AAAA", "====", "é", "-" * 64]), style=_style(dice))
    if dice.random() < 0.3:
        sent.body = b'{"Encrypt": %s}' % dice.choice([b"null", b"1", b"[]", b"{}", b"true", b'["x"]'])
    return sent


def bomb(dice: random.Random) -> Post:
    entity = '<!DOCTYPE xml [<!ENTITY a "%s">]>' % ("&#97;" * dice.randrange(1, 50))
    body = entity + as_xml(text_message()).replace("<Content>", "<Content>&a;")
    return (
        encrypted_post(seal(body)) if dice.random() < 0.5 else Post(post(text_message()).query, body.encode())
    )


def noise_in_the_cipher(dice: random.Random) -> Post:
    blocks = dice.randbytes(16 * dice.randrange(1, 30))
    if dice.random() < 0.5:
        blocks = (
            dice.randbytes(16) + dice.randrange(2**32).to_bytes(4, "big") + dice.randbytes(12) + b"\x01" * 32
        )
    return encrypted_post(encrypt_raw(blocks))


def broken_inside(dice: random.Random) -> Post:
    """Signed and sealed as it should be, with a message inside that is cut or has a bit turned."""
    inner = (as_xml if dice.random() < 0.5 else as_json)(dice.choice(MESSAGES)).encode()
    inner = _flip(dice, inner) if dice.random() < 0.7 else inner[: dice.randrange(len(inner))]
    return encrypted_post(encrypt_raw(pad(frame(inner))), style=_style(dice))


def odd_inside(dice: random.Random) -> Post:
    """Sealed JSON with values of any type; XML with any text."""
    message = dict(dice.choice(MESSAGES))
    for _ in range(dice.randrange(1, 4)):
        name = dice.choice([*message, "EventKey", "TaskId", "MsgID", "List", "Recognition"])
        message[name] = dice.choice(ODD)
        if dice.random() < 0.2:
            del message[name]
    if dice.random() < 0.7:
        return encrypted_post(seal(json.dumps(message)), style=_style(dice))
    simple = {name: value for name, value in message.items() if type(value) in (str, int)}
    return encrypted_post(seal(as_xml(simple).encode("utf-8", "surrogatepass")), style=_style(dice))


def odd_plain(dice: random.Random) -> Post:
    message = dict(dice.choice(MESSAGES)) | {
        dice.choice(["MsgId", "Event", "FromUserName"]): dice.choice(ODD)
    }
    return Post(post(text_message(), mode="plain").query, json.dumps(message).encode())


HOSTILE: list[tuple[Callable[[random.Random], Post], str]] = [
    (flipped_body, TAMPERED),
    (flipped_query, TAMPERED),
    (odd_query, TAMPERED),
    (missing_query, TAMPERED),
    (truncated, TAMPERED),
    (old, TAMPERED),
    (another_app, TAMPERED),
    (another_key, TAMPERED),
    (another_token, TAMPERED),
    (clear_with_its_own_signature, TAMPERED),
    (empty_ciphertext, TAMPERED),
    (bomb, TAMPERED),
    (noise_in_the_cipher, TAMPERED),
    (broken_inside, ILL_FORMED),
    (odd_inside, ILL_FORMED),
    (odd_plain, ILL_FORMED),
]
ROUNDS = 640  # for each of the 16 ways: 10240 callbacks
EXPECTED = [post(message, style="json").open(SAFE).inbound for message in MESSAGES] + [
    post(message, style="xml").open(SAFE).inbound for message in MESSAGES
]


def _is_storable(inbound: Inbound) -> bool:
    texts = (inbound.account, inbound.key, inbound.sender, inbound.text, inbound.scene, inbound.media_id)
    for text in texts:
        text.encode()
        assert "\0" not in text
    return len(inbound.key) <= 190 and len(inbound.scene) <= 128 and len(inbound.media_id) <= 255


@pytest.mark.parametrize(("mutate", "sort"), HOSTILE, ids=[mutate.__name__ for mutate, _ in HOSTILE])
def test_hostile_callbacks(mutate: Callable[[random.Random], Post], sort: str) -> None:
    dice = random.Random(mutate.__name__)
    reasons: Counter[str] = Counter()
    accounts = [PLAIN] if mutate is odd_plain else [SAFE, ROTATING]
    for _ in range(ROUNDS):
        sent = mutate(dice)
        try:
            inbound = sent.open(dice.choice(accounts)).inbound
        except BadCallback as refused:
            reasons[refused.reason] += 1
            assert refused.reason.isascii() and len(refused.reason) <= 32
            continue
        # A bit outside ciphertext and signature may be turned without harm; then the message is the one sent.
        assert _is_storable(inbound)
        assert sort == ILL_FORMED or (mutate is flipped_body and inbound in EXPECTED)
    assert sum(reasons.values()) > ROUNDS / 10, reasons


@given(body=st.binary(max_size=400))
def test_any_bytes(body: bytes) -> None:
    for account, query in (
        (SAFE, post(text_message()).query),
        (PLAIN, post(text_message(), mode="plain").query),
    ):
        with pytest.raises(BadCallback):
            Post(query, body).open(account)


@given(
    query=st.dictionaries(st.sampled_from(["signature", "timestamp", "nonce", "msg_signature"]), st.text())
)
def test_any_query(query: dict[str, str]) -> None:
    for account, mode in ((SAFE, "safe"), (PLAIN, "plain")):
        with pytest.raises(BadCallback):
            Post(query, post(text_message(), mode=mode).body).open(account)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["FromUserName", "CreateTime", "MsgType", "MsgId", "Event", "EventKey", "List", "MsgID"]
)


@given(changes=st.dictionaries(names, json_values, max_size=3), base=st.sampled_from(MESSAGES))
def test_any_sealed_json(changes: dict[str, Any], base: dict[str, Any]) -> None:
    sent = encrypted_post(seal(json.dumps(base | changes)))
    try:
        inbound = sent.open(SAFE).inbound
    except BadCallback:
        return
    assert _is_storable(inbound)
    assert inbound.sender == SENDER or "FromUserName" in changes


@given(content=st.text())
def test_any_words_in_a_sealed_message(content: str) -> None:
    sent = encrypted_post(seal(json.dumps(text_message(Content=content))))
    assert _is_storable(sent.open(SAFE).inbound)
