"""Mutated callbacks of the app and the robot: open() answers with a message meant for us or with BadCallback."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import BadCallback, CallbackChannel
from handlers.inbound import Inbound
from tests.channels.by_hand import (
    KEY,
    NOW,
    NOW_SECONDS,
    TOKEN,
    Post,
    as_json,
    as_xml,
    encrypt_raw,
    frame,
    pad,
    seal,
    sha1_of,
)
from tests.channels.wecom_by_hand import (
    CORP_ID,
    app_event,
    app_of,
    app_post,
    app_settings,
    app_text,
    opened,
    robot_event,
    robot_of,
    robot_post,
    robot_settings,
    robot_single,
    robot_text,
    sealed_app_post,
    sealed_robot_post,
)

ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 1e400, 10**40, "", " ", "x" * 300, "\x00", "\ud800", "\u202e", "]]>", "<a/>", [],
    [[]], {}, {"a": {"b": []}}, ["x", 1], {"msgtype": "text", "text": {"content": []}}, "9" * 400, "２", "e:e:e",
    {"userid": {}}, {"msg_item": {"msgtype": "mixed"}}, {"msgtype": "mixed", "mixed": {"msg_item": [1, {}]}},
    "https://[", "'; --", "😀" * 200,
]  # fmt: skip
TAMPERED, ILL_FORMED = "tampered", "ill-formed"


@dataclass(frozen=True)
class Target:
    """A channel, the good messages it knows, and how they are sealed."""

    channels: list[CallbackChannel]
    messages: list[dict[str, Any]]
    receive_id: str
    post: Callable[..., Post]
    sealed: Callable[..., Post]
    names: list[str]

    def good(self, dice: random.Random) -> Post:
        return self.post(dice.choice(self.messages))

    def write(self, message: dict[str, Any]) -> str:
        return as_xml(message) if self.post is app_post else as_json(message)


APP = Target(
    [app_of(), app_of(app_settings(previous_encoding_aes_key=KEY[::-1]))],
    [
        app_text(),
        app_text(MsgType="voice", MediaId="M"),
        app_event("click", EventKey="WEEK"),
        app_event(
            "change_external_chat", "sys", ChatId="wr1", ChangeType="update", UpdateDetail="add_member"
        ),
        app_event("template_card_event", TaskId="t", EventKey="k"),
    ],
    CORP_ID,
    app_post,
    sealed_app_post,
    ["FromUserName", "CreateTime", "MsgType", "MsgId", "Event", "EventKey", "TaskId", "ChatId", "ChangeType"],
)
ROBOT = Target(
    [robot_of(), robot_of(robot_settings(previous_encoding_aes_key=KEY[::-1]))],
    [
        robot_text(),
        robot_text(quote={"msgtype": "text", "text": {"content": "停水"}}),
        robot_text(msgtype="mixed", mixed={"msg_item": [{"msgtype": "text", "text": {"content": "漏水"}}]}),
        robot_text(msgtype="stream", stream={"id": "S"}),
        robot_single("voice", content="漏水"),
        robot_event("enter_chat"),
        robot_event("feedback_event", feedback_event={"id": "F", "type": 2}),
    ],
    "",
    robot_post,
    sealed_robot_post,
    ["msgid", "chatid", "chattype", "from", "response_url", "msgtype", "text", "mixed", "quote", "event",
     "create_time", "stream"],
)  # fmt: skip


def _flip(dice: random.Random, raw: bytes) -> bytes:
    where = dice.randrange(len(raw))
    return raw[:where] + bytes([raw[where] ^ (1 << dice.randrange(8))]) + raw[where + 1 :]


def flipped_body(target: Target, dice: random.Random) -> Post:
    sent = target.good(dice)
    return Post(sent.query, _flip(dice, sent.body))


def flipped_query(target: Target, dice: random.Random) -> Post:
    sent = target.good(dice)
    name = dice.choice(["msg_signature", "timestamp", "nonce"])
    return Post(sent.query | {name: _flip(dice, sent.query[name].encode()).decode("latin-1")}, sent.body)


def odd_query(target: Target, dice: random.Random) -> Post:
    sent = target.good(dice)
    value = dice.choice([odd for odd in ODD if isinstance(odd, str)])
    return Post(sent.query | {dice.choice(["msg_signature", "timestamp", "nonce"]): value}, sent.body)


def missing_query(target: Target, dice: random.Random) -> Post:
    sent = target.good(dice)
    gone = dice.choice(["msg_signature", "timestamp", "nonce"])
    return Post({name: value for name, value in sent.query.items() if name != gone}, sent.body)


def truncated(target: Target, dice: random.Random) -> Post:
    sent = target.good(dice)
    return Post(sent.query, sent.body[: dice.randrange(len(sent.body) - 1)])


def old(target: Target, dice: random.Random) -> Post:
    seconds = dice.choice([-1, 1]) * dice.randrange(601, 10**9)
    return target.post(dice.choice(target.messages), timestamp=NOW_SECONDS + seconds)


def for_another(target: Target, dice: random.Random) -> Post:
    others = [name for name in ("", "wx", CORP_ID[:-1], CORP_ID + "x", CORP_ID) if name != target.receive_id]
    return target.post(dice.choice(target.messages), receive_id=dice.choice(others))


def another_key(target: Target, dice: random.Random) -> Post:
    key = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=42)) + "A"
    return target.post(dice.choice(target.messages), key=key)


def another_token(target: Target, dice: random.Random) -> Post:
    return target.post(dice.choice(target.messages), token=dice.choice(["", "token", TOKEN.lower()]))


def in_clear(target: Target, dice: random.Random) -> Post:
    sent, message = target.good(dice), dice.choice(target.messages)
    body = (as_xml if dice.random() < 0.5 else as_json)(
        {name: value for name, value in message.items() if type(value) in (str, int)}
    )
    if dice.random() < 0.5:
        sent.query["signature"] = sha1_of(TOKEN, sent.query["timestamp"], sent.query["nonce"])
    return Post(sent.query, body.encode())


def empty_ciphertext(target: Target, dice: random.Random) -> Post:
    sent = target.sealed(dice.choice(["", " ", "A", "AAAA", "====", "é", "-" * 64]))
    if dice.random() < 0.3:
        value = dice.choice([b"null", b"1", b"[]", b"{}", b"true", b'["x"]'])
        sent.body = b'{"encrypt": %s, "Encrypt": %s}' % (value, value)
    return sent


def noise_in_the_cipher(target: Target, dice: random.Random) -> Post:
    blocks = dice.randbytes(16 * dice.randrange(1, 30))
    if dice.random() < 0.5:
        length = dice.randrange(2**32).to_bytes(4, "big")
        blocks = dice.randbytes(16) + length + dice.randbytes(12) + b"\x01" * 32
    return target.sealed(encrypt_raw(blocks))


def broken_inside(target: Target, dice: random.Random) -> Post:
    """Signed and sealed as it should be, with a message inside that is cut or has a bit turned."""
    inner = target.write(dice.choice(target.messages)).encode()
    inner = _flip(dice, inner) if dice.random() < 0.7 else inner[: dice.randrange(len(inner))]
    return target.sealed(encrypt_raw(pad(frame(inner, target.receive_id))))


def odd_inside(target: Target, dice: random.Random) -> Post:
    """Sealed JSON with values of any type."""
    message = dict(dice.choice(target.messages))
    for _ in range(dice.randrange(1, 4)):
        name = dice.choice([*message, *target.names])
        message[name] = dice.choice(ODD)
        if dice.random() < 0.2:
            del message[name]
    return target.sealed(seal(json.dumps(message), KEY, target.receive_id))


def odd_deep_inside(target: Target, dice: random.Random) -> Post:
    """As above, one level down."""
    message = json.loads(json.dumps(dice.choice(target.messages)))
    nested = [value for value in message.values() if isinstance(value, dict)] or [message]
    inner = dice.choice(nested)
    inner[dice.choice([*inner, "msgtype", "content", "msg_item", "userid", "id"])] = dice.choice(ODD)
    return target.sealed(seal(json.dumps(message), KEY, target.receive_id))


HOSTILE: list[tuple[Callable[[Target, random.Random], Post], str]] = [
    (flipped_body, TAMPERED),
    (flipped_query, TAMPERED),
    (odd_query, TAMPERED),
    (missing_query, TAMPERED),
    (truncated, TAMPERED),
    (old, TAMPERED),
    (for_another, TAMPERED),
    (another_key, TAMPERED),
    (another_token, TAMPERED),
    (in_clear, TAMPERED),
    (empty_ciphertext, TAMPERED),
    (noise_in_the_cipher, TAMPERED),
    (broken_inside, ILL_FORMED),
    (odd_inside, ILL_FORMED),
    (odd_deep_inside, ILL_FORMED),
]
ROUNDS = 300  # for each of the 15 ways and both channels: 9000 callbacks


def _is_storable(inbound: Inbound) -> bool:
    for value in inbound:
        if isinstance(value, str):
            value.encode()
            assert "\0" not in value
    assert inbound.sent_at.tzinfo is not None
    return (
        len(inbound.key) <= 190
        and 0 < len(inbound.sender) <= 64
        and len(inbound.room) <= 64
        and len(inbound.scene) <= 128
        and len(inbound.media_id) <= 255
        and len(inbound.kind) <= 16
        and len(inbound.reply_address) <= 2048
    )


@pytest.mark.parametrize("target", [APP, ROBOT], ids=["app", "robot"])
@pytest.mark.parametrize(("mutate", "sort"), HOSTILE, ids=[mutate.__name__ for mutate, _ in HOSTILE])
def test_hostile_callbacks(
    target: Target, mutate: Callable[[Target, random.Random], Post], sort: str
) -> None:
    dice = random.Random(mutate.__name__)
    reasons: Counter[str] = Counter()
    expected = [opened(target.post(message), target.channels[0]).inbound for message in target.messages]
    for _ in range(ROUNDS):
        sent = mutate(target, dice)
        channel = dice.choice(target.channels)
        try:
            callback = channel.open(sent.query, sent.body, NOW)
        except BadCallback as refused:
            reasons[refused.reason] += 1
            assert refused.reason.isascii() and len(refused.reason) <= 32
            continue
        assert _is_storable(callback.inbound)
        # Whatever was let in can be answered.
        channel.render_reply(callback, "好的", NOW)
        # A bit outside ciphertext and signature may be turned without harm; then the message is the one sent.
        assert sort == ILL_FORMED or (mutate is flipped_body and callback.inbound in expected)
    assert sum(reasons.values()) > ROUNDS / 20, reasons


@given(body=st.binary(max_size=400))
def test_any_bytes(body: bytes) -> None:
    for target in (APP, ROBOT):
        with pytest.raises(BadCallback):
            target.channels[0].open(target.post(target.messages[0]).query, body, NOW)


@given(query=st.dictionaries(st.sampled_from(["timestamp", "nonce", "msg_signature", "echostr"]), st.text()))
def test_any_query(query: dict[str, str]) -> None:
    for target in (APP, ROBOT):
        with pytest.raises(BadCallback):
            target.channels[0].open(query, target.post(target.messages[0]).body, NOW)
        with pytest.raises(BadCallback):
            target.channels[0].verify_address(query, NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(changes=st.dictionaries(st.sampled_from(ROBOT.names), json_values, max_size=3), data=st.data())
def test_any_sealed_json_for_the_robot(changes: dict[str, Any], data: st.DataObject) -> None:
    message = data.draw(st.sampled_from(ROBOT.messages))
    sent = sealed_robot_post(seal(json.dumps(message | changes), KEY, ""))
    try:
        inbound = opened(sent, ROBOT.channels[0]).inbound
    except BadCallback:
        return
    assert _is_storable(inbound)


@given(content=st.text(), quoted=st.text())
def test_any_words_for_the_robot(content: str, quoted: str) -> None:
    message = robot_text(content, quote={"msgtype": "text", "text": {"content": quoted}})
    inbound = opened(sealed_robot_post(seal(json.dumps(message), KEY, "")), ROBOT.channels[0]).inbound
    assert _is_storable(inbound)
