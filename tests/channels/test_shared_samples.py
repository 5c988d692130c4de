"""Extra: vectors and sample events of public projects, in the team's data folder beside the checkout."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from bot.channels.msgcrypt import MsgCrypt, check_signature
from bot.channels.wire import parse, word_of
from handlers.inbound import InboundKind
from tests.channels.by_hand import account_of, encrypted_post, seal
from tests.channels.wecom_by_hand import app_of, app_post, opened, robot_of, robot_post

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "wechat"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason="the team's data folder is not beside this checkout"),
]


def vectors(*kinds: str) -> list[Any]:
    path = DATA / "crypto" / "msgcrypt_vectors.json"
    found = json.loads(path.read_text("utf-8")) if path.is_file() else []
    return [pytest.param(vector, id=vector["id"]) for vector in found if vector["kind"] in kinds]


def samples(pattern: str) -> list[Any]:
    return [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in sorted(DATA.glob(pattern))]


@pytest.mark.parametrize("vector", vectors("plain_signature"))
def test_signatures_of_urls(vector: dict[str, str]) -> None:
    check_signature(vector["url_signature"], vector["token"], vector["timestamp"], vector["nonce"])


@pytest.mark.parametrize("vector", vectors("signature"))
def test_signatures_of_messages(vector: dict[str, str]) -> None:
    parts = (vector["token"], vector["timestamp"], vector["nonce"], vector["encrypt"])
    check_signature(vector["msg_signature"], *parts)


@pytest.mark.parametrize("vector", vectors("verify_url", "decrypt_xml", "decrypt_json"))
def test_decryption(vector: dict[str, str]) -> None:
    crypt = MsgCrypt(vector["token"], vector["receive_id"], [vector["encoding_aes_key"]])
    opened = crypt.open(vector["encrypt"], vector["msg_signature"], vector["timestamp"], vector["nonce"])
    assert opened.message.decode() == vector["plaintext"]


@pytest.mark.parametrize("vector", vectors("encrypt_fixed_random"))
def test_encryption(vector: dict[str, str]) -> None:
    crypt = MsgCrypt(vector.get("token", ""), vector["receive_id"], [vector["encoding_aes_key"]])
    sealed = crypt.seal(vector["plaintext"].encode(), vector["random16"].encode())
    assert base64.b64decode(sealed) == base64.b64decode(vector["encrypt"])


@pytest.mark.parametrize(
    "path",
    samples("skit/mp_events/Mp[!R]*/*") + samples("werobot/*.xml") + samples("wechatpy/mp_xml/*.xml"),
)
def test_sample_events_open(path: Path) -> None:
    raw = path.read_bytes().strip().replace(b"*", b"x")  # one project masked its ids
    if b"<ToUserName>" not in raw and b'"ToUserName"' not in raw:
        pytest.skip("not a message to an account")
    inbound = encrypted_post(seal(raw)).open(account_of()).inbound
    fields = parse(raw)[1]
    assert inbound.sender == word_of(fields, "FromUserName")
    assert (inbound.key[:2] == "e:") is (word_of(fields, "MsgType") == "event")
    known = {"TextMessage": InboundKind.TEXT, "Subscribe": InboundKind.FOLLOW, "ClickPush": InboundKind.CLICK}
    for start, kind in known.items():
        if path.parent.name in ("MpPush", "MpMessage") and path.name.startswith(start):
            assert inbound.kind is kind


@pytest.mark.parametrize("path", samples("skit/wecom_events/*/*.xml"))
def test_sample_events_of_wecom_open(path: Path) -> None:
    raw = path.read_text("utf-8").strip()
    if "<FromUserName>" not in raw or "<MsgType>" not in raw or path.stem.endswith("Reply"):
        pytest.skip("not a message to an app of the corp")
    inbound = opened(app_post(raw), app_of()).inbound
    fields = parse(raw.encode())[1]
    assert inbound.sender == word_of(fields, "FromUserName")
    assert (inbound.key[:2] == "e:") is (word_of(fields, "MsgType") == "event")


@pytest.mark.parametrize("path", samples("aibot/callback/*.json"))
def test_sample_callbacks_of_the_robot_open(path: Path) -> None:
    fields = json.loads(path.read_text("utf-8"))
    if "msgid" not in fields:
        pytest.skip("not a whole message")
    inbound = opened(robot_post(fields), robot_of()).inbound
    assert (inbound.sender, inbound.room) == ("USERID", fields.get("chatid", ""))
    assert (inbound.key[:2] == "e:") is (fields["msgtype"] == "event")
