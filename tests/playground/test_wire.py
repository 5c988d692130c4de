"""Callbacks on the wire, checked by hand-written code."""

import base64
import json
from pathlib import Path

import pytest

from bot.playground.account import Account, DataFormat, Mode
from bot.playground.platform import Platform
from bot.playground.wire import BadReply, Reply, Wire, signature
from tests.playground import by_hand
from tests.playground.calls import OPENID
from tests.playground.conftest import Clock, FakeBot


@pytest.mark.parametrize(
    ("timestamp", "nonce", "expected"),
    [
        ("1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        ("1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        ("1714112445", "415670741", "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
    ],
)
def test_signature_matches_the_documentation(timestamp: str, nonce: str, expected: str) -> None:
    assert signature("AAAAA", timestamp, nonce) == expected
    assert by_hand.sha1_of_sorted("AAAAA", timestamp, nonce) == expected


async def test_safe_callback_can_be_verified_and_opened_by_hand(
    platform: Platform, bot: FakeBot, account: Account
) -> None:
    delivery = await platform.user_sends(OPENID, "3栋2单元电梯坏了]]><Evil>1</Evil>")
    (seen,) = bot.seen
    encrypted = by_hand.xml_value(seen.body, "Encrypt")
    timestamp, nonce = seen.query["timestamp"], seen.query["nonce"]
    assert seen.query["signature"] == by_hand.sha1_of_sorted(account.token, timestamp, nonce)
    assert seen.query["msg_signature"] == by_hand.sha1_of_sorted(account.token, timestamp, nonce, encrypted)
    assert seen.query["encrypt_type"] == "aes"
    assert seen.query["openid"] == OPENID
    assert seen.content_type == "text/xml"
    assert by_hand.xml_value(seen.body, "ToUserName") == account.gh_id
    assert OPENID not in seen.body
    message, app_id = by_hand.decrypt(account, encrypted)
    assert app_id == account.app_id
    assert by_hand.xml_value(message, "FromUserName") == OPENID
    assert by_hand.xml_value(message, "MsgId") == delivery.msg_id
    assert by_hand.xml_value(message, "CreateTime") == timestamp
    assert "<Content><![CDATA[3栋2单元电梯坏了]]]]><![CDATA[><Evil>1</Evil>]]></Content>" in message


async def test_message_ids_of_a_restarted_platform_are_new(
    account: Account, bot: FakeBot, clock: Clock
) -> None:
    """A bot keeps its inbox over restarts of the simulator: ids must not come again."""
    found = []
    for _ in range(2):
        platform = Platform(account, bot.url, clock=clock, followers=[OPENID])
        found += [int((await platform.user_sends(OPENID, text)).msg_id) for text in "一二三"]
        await platform.stop()
        clock.forward(seconds=1)
    assert found == sorted(set(found))
    assert found[0] > 2**53


@pytest.mark.parametrize("data_format", ["xml", "json"])
@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_each_mode_shows_what_it_should(account: Account, data_format: DataFormat, mode: Mode) -> None:
    wire = Wire(account, data_format, mode)
    plaintext = wire.render({"ToUserName": account.gh_id, "FromUserName": OPENID, "MsgId": 24000000000000001})
    query, raw = wire.sign_and_seal(plaintext, 1700000000, "n", OPENID)
    body = raw.decode()
    assert (OPENID in body) == (mode != "safe")
    assert ("Encrypt" in body) == ("msg_signature" in query) == (mode != "plain")
    if data_format == "json":
        data = json.loads(body)
        if mode != "safe":
            assert data["MsgId"] == 24000000000000001
        if mode != "plain":
            assert json.loads(by_hand.decrypt(account, data["Encrypt"])[0])["FromUserName"] == OPENID
    elif mode != "plain":
        assert by_hand.decrypt(account, by_hand.xml_value(body, "Encrypt"))[0] == plaintext


async def test_json_callback(account: Account, bot: FakeBot) -> None:
    platform = Platform(account, bot.url, data_format="json", followers=[OPENID])
    await platform.user_sends(OPENID, "你好")
    await platform.stop()
    (seen,) = bot.seen
    assert seen.content_type == "application/json"
    message = json.loads(by_hand.decrypt(account, json.loads(seen.body)["Encrypt"])[0])
    assert message["MsgType"] == "text"
    assert message["Content"] == "你好"
    assert isinstance(message["MsgId"], int)


class TestReplies:
    """What the platform takes as a passive reply."""

    @pytest.fixture
    def wire(self, account: Account) -> Wire:
        return Wire(account, "xml", "safe")

    def test_encrypted_reply_is_read(self, wire: Wire, account: Account) -> None:
        sealed = by_hand.encrypt(account, by_hand.text_reply(account, OPENID, "收到，编号1001"))
        assert wire.open_reply(by_hand.envelope(account, sealed).encode(), OPENID) == Reply("收到，编号1001")

    def test_json_reply_is_read(self, account: Account) -> None:
        reply = {
            "ToUserName": OPENID,
            "FromUserName": account.gh_id,
            "CreateTime": 1700000000,
            "MsgType": "text",
            "Content": "收到",
        }
        sealed = by_hand.encrypt(account, json.dumps(reply))
        body = {
            "Encrypt": sealed,
            "MsgSignature": by_hand.sha1_of_sorted(account.token, "1700000000", "n", sealed),
            "TimeStamp": 1700000000,
            "Nonce": "n",
        }
        assert Wire(account, "json", "safe").open_reply(json.dumps(body).encode(), OPENID) == Reply("收到")
        with pytest.raises(BadReply, match="not xml"):
            Wire(account, "xml", "safe").open_reply(json.dumps(body).encode(), OPENID)

    @pytest.mark.parametrize("body", [b"", b"success"])
    def test_nothing_to_say_needs_no_encryption(self, wire: Wire, body: bytes) -> None:
        assert wire.open_reply(body, OPENID) is None

    def test_plain_reply_is_taken_in_plain_and_compatible_mode_only(self, account: Account) -> None:
        body = by_hand.text_reply(account, OPENID, "好").encode()
        assert Wire(account, "xml", "plain").open_reply(body, OPENID) == Reply("好")
        assert Wire(account, "xml", "compatible").open_reply(body, OPENID) == Reply("好")
        with pytest.raises(BadReply, match="plain reply"):
            Wire(account, "xml", "safe").open_reply(body, OPENID)

    def test_damaged_envelopes_are_refused(self, wire: Wire, account: Account) -> None:
        reply = by_hand.text_reply(account, OPENID, "好")
        sealed = by_hand.encrypt(account, reply)
        good = by_hand.envelope(account, sealed)
        by_sixteen = (by_hand.encrypt(account, reply + " " * spaces, block=16) for spaces in (0, 16))
        padded_short = next(made for made in by_sixteen if len(base64.b64decode(made)) % 32)
        for body, why in (
            (good.replace("n0nce", "other"), "MsgSignature"),
            (
                by_hand.envelope(account, by_hand.encrypt(account, reply, "wx0000000000000000")),
                "another appid",
            ),
            (by_hand.envelope(account, sealed[:-8] + "AAAAAAA="), "padding|decrypted"),
            (by_hand.envelope(account, "not base64"), "decrypted"),
            (by_hand.envelope(account, padded_short), "padding"),
            (good.replace("<Nonce>", "<Extra>1</Extra><Nonce>"), "envelope"),
            ("ok", "not xml"),
            ("<xml>", "not xml"),
            ("<xml/>", "no fields"),
        ):
            with pytest.raises(BadReply, match=why):
                wire.open_reply(body.encode(), OPENID)
        with pytest.raises(BadReply, match="UTF-8"):
            wire.open_reply(b"\xff\xfe", OPENID)

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (("<Content>", "<Evil>1</Evil><Content>"), "fields"),
            ((OPENID, "someone-else"), "ToUserName"),
            (("<CreateTime>1700000000", "<CreateTime>now"), "CreateTime"),
            (("<![CDATA[好]]>", ""), "without its content"),
            (("好", "好" * 683), "2048"),
        ],
    )
    def test_replies_with_wrong_content_are_refused(
        self, account: Account, change: tuple[str, str], why: str
    ) -> None:
        reply = by_hand.text_reply(account, OPENID, "好").replace(*change)
        with pytest.raises(BadReply, match=why):
            Wire(account, "xml", "plain").open_reply(reply.encode(), OPENID)


def test_the_simulator_shares_no_code_with_the_bot() -> None:
    folder = Path("bot/playground")
    # These belong to the demo and its page: what the bot made of a message, and who says what.
    demo = {
        folder / name
        for name in ("backstage.py", "cast.py", "cast_chat.py", "cast_corp.py", "sample_roll.py")
    }
    simulator = sorted({*folder.rglob("*.py")} - demo)
    assert len(simulator) > 10
    for file in simulator:
        source = file.read_text("utf-8")
        for other in ("bot.channels", "bot.app", "bot.intake", "handlers", "storage", "from nlp"):
            assert f"import {other}" not in source
            assert f"from {other}" not in source
