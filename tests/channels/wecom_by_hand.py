"""WeCom's callbacks and accounts, written from its documents and independent of bot.channels.

Sealing is by_hand's: the same cipher with the corp's id, or nothing, where the app id stands.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import aiohttp

from bot.channels.aibot import Aibot
from bot.channels.base import Callback, CallbackChannel
from bot.channels.group_webhook import GroupWebhook
from bot.channels.wecom_app import WecomApp
from bot.config import AibotSettings, GroupWebhookSettings, WecomAppSettings
from tests.channels.by_hand import (
    KEY,
    NOW,
    NOW_SECONDS,
    TOKEN,
    Fields,
    Post,
    as_xml,
    cipher,
    seal,
    sha1_of,
)

CORP_ID = "wx5823bf96d3bd56c7"
AGENT_ID = 1000002
SECRET = "the-app-secret-of-tests"
WEBHOOK_KEY = "693a91f6-7xxx-4bc4-97a0-of-tests"
USERID = "zhang.san@duty"
NONCE = "1372623149"
RESPONSE_URL = "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=CODE"


def app_settings(**changes: Any) -> WecomAppSettings:
    values: dict[str, Any] = {
        "kind": "wecom_app",
        "corp_id": CORP_ID,
        "agent_id": AGENT_ID,
        "secret": SECRET,
        "token": TOKEN,
        "encoding_aes_key": KEY,
    }
    return WecomAppSettings.model_validate(values | changes)


def robot_settings(**changes: Any) -> AibotSettings:
    values: dict[str, Any] = {"kind": "aibot", "token": TOKEN, "encoding_aes_key": KEY, "corp": "corp"}
    return AibotSettings.model_validate(values | changes)


def webhook_settings(**changes: Any) -> GroupWebhookSettings:
    values: dict[str, Any] = {"kind": "group_webhook", "key": WEBHOOK_KEY, "corp": "corp"}
    return GroupWebhookSettings.model_validate(values | changes)


def app_of(
    chosen: WecomAppSettings | None = None, http: Any = None, monotonic: Callable[[], float] = lambda: 0.0
) -> WecomApp:
    """An app; without a session for callbacks only."""
    session: aiohttp.ClientSession = http
    return WecomApp("corp", chosen or app_settings(), session, monotonic)


def robot_of(chosen: AibotSettings | None = None, http: Any = None) -> Aibot:
    session: aiohttp.ClientSession = http
    return Aibot("helper", chosen or robot_settings(), session)


def webhook_of(chosen: GroupWebhookSettings | None = None, http: Any = None) -> GroupWebhook:
    session: aiohttp.ClientSession = http
    return GroupWebhook("duty-group", chosen or webhook_settings(), session)


def signed(
    encrypted: str, timestamp: int = NOW_SECONDS, nonce: str = NONCE, token: str = TOKEN
) -> dict[str, str]:
    """The query of a callback."""
    signature = sha1_of(token, str(timestamp), nonce, encrypted)
    return {"msg_signature": signature, "timestamp": str(timestamp), "nonce": nonce}


def echo_query(echo: str | bytes, receive_id: str, *, key: str = KEY, **more: Any) -> dict[str, str]:
    """The query of an address check: the echo is sealed."""
    encrypted = seal(echo, key, receive_id)
    return signed(encrypted, **more) | {"echostr": encrypted}


def app_post(fields: Fields | str, *, key: str = KEY, receive_id: str = CORP_ID, **more: Any) -> Post:
    """A callback to the app."""
    encrypted = seal(fields if isinstance(fields, str) else as_xml(fields), key, receive_id)
    return sealed_app_post(encrypted, **more)


def sealed_app_post(encrypted: str, **more: Any) -> Post:
    outer = {"ToUserName": CORP_ID, "AgentID": str(AGENT_ID), "Encrypt": encrypted}
    return Post(signed(encrypted, **more), as_xml(outer).encode())


def robot_post(fields: Mapping[str, Any] | str, *, key: str = KEY, receive_id: str = "", **more: Any) -> Post:
    """A callback to the robot."""
    inner = fields if isinstance(fields, str) else json.dumps(fields, ensure_ascii=False)
    return sealed_robot_post(seal(inner, key, receive_id), **more)


def sealed_robot_post(encrypted: str, **more: Any) -> Post:
    return Post(signed(encrypted, **more), json.dumps({"encrypt": encrypted}).encode())


def opened(sent: Post, channel: CallbackChannel, now: datetime = NOW) -> Callback:
    return channel.open(sent.query, sent.body, now)


def app_text(**changes: Any) -> Fields:
    message = {
        "ToUserName": CORP_ID,
        "FromUserName": USERID,
        "CreateTime": NOW_SECONDS,
        "MsgType": "text",
        "Content": "本周",
        "MsgId": 1234567890123456,
        "AgentID": AGENT_ID,
    }
    return message | changes


def app_event(name: str, sender: str = USERID, **more: Any) -> Fields:
    message = {"ToUserName": CORP_ID, "FromUserName": sender, "CreateTime": NOW_SECONDS, "MsgType": "event"}
    return message | {"Event": name} | more


MSG_ID = "CAIQ16HMjQYY/NGagIOAgAMgq4KM0AI="


def robot_text(content: str = "@议事 3号楼电梯又坏了", **changes: Any) -> dict[str, Any]:
    """What somebody said to the robot in a group."""
    message = {
        "msgid": MSG_ID,
        "aibotid": "AIBOTID",
        "chatid": "wrGroup-1",
        "chattype": "group",
        "from": {"userid": USERID},
        "response_url": RESPONSE_URL,
        "msgtype": "text",
        "text": {"content": content},
    }
    return message | changes


def robot_single(kind: str, **inner: Any) -> dict[str, Any]:
    """What somebody sent to the robot alone."""
    message = robot_text(chattype="single", msgtype=kind)
    for name in ("chatid", "text"):
        del message[name]
    return message | {kind: inner}


def robot_event(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "msgid": MSG_ID,
        "create_time": NOW_SECONDS - 2,
        "aibotid": "AIBOTID",
        "msgtype": "event",
        "event": {"eventtype": kind} | more,
        "from": {"corpid": "wpxxxx", "userid": USERID},
    }


def unseal(encrypted: str, receive_id: str, key: str = KEY) -> bytes:
    """The message in an answer of ours, as the platform would open it."""
    import base64

    decryptor = cipher(key).decryptor()
    plain = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
    assert 1 <= plain[-1] <= 32 and plain.endswith(bytes([plain[-1]]) * plain[-1])
    plain = plain[: -plain[-1]]
    length = int.from_bytes(plain[16:20], "big")
    assert plain[20 + length :].decode() == receive_id
    return plain[20 : 20 + length]


def read_answer(body: bytes, nonce: str = NONCE, key: str = KEY) -> dict[str, Any]:
    """What a robot's answer says; its envelope must be the documented one."""
    outer = json.loads(body)
    assert set(outer) == {"encrypt", "msgsignature", "timestamp", "nonce"}
    assert type(outer["timestamp"]) is int and outer["nonce"] == nonce
    assert outer["msgsignature"] == sha1_of(TOKEN, str(outer["timestamp"]), nonce, outer["encrypt"])
    inner: dict[str, Any] = json.loads(unseal(outer["encrypt"], "", key))
    return inner
