"""Callbacks as the platform sends them: safe mode, XML, unique messages, and the configuration that takes them."""

import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.load import post_bytes
from bot.channels.msgcrypt import MsgCrypt
from bot.cli.keys import fresh_security_table

TOKEN = "bench-token"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APP_ID = "wx0123456789abcdef"
PATH = "/wechat/main/callback"
TEXTS = (
    "3栋2单元电梯又坏了，老人下不来楼",
    "谢谢物业，水管修好了",
    "楼上天天半夜装修，吵得睡不着",
    "大家早上好",
    "垃圾桶满了三天没人清，臭得很",
    "小区大门口路灯坏了一个月没人修",
    "请问物业费在哪里交？",
    "收到",
)


def write_config(folder: Path, *, passive_reply: bool, database_url: str = "", more: str = "") -> Path:
    """A configuration with its compound chosen, so that every complaint is filed; on SQLite in `folder`, or on another
    database. more: further tables."""
    path = folder / f"bench-{passive_reply}.toml"
    url = database_url or f"sqlite:///{folder}/bench-{passive_reply}.db"
    path.write_text(
        f"""environment = "demo"
{fresh_security_table()}
[server]
port = 0
admin_port = 0
[database]
url = "{url}"
[channels.main]
kind = "official_account"
app_id = "{APP_ID}"
app_secret = "bench-secret"
token = "{TOKEN}"
encoding_aes_key = "{KEY}"
api_base = "http://127.0.0.1:9"
passive_reply = {str(passive_reply).lower()}
compound = "BENCH"
{more}""",
        "utf-8",
    )
    return path


class CallbackSource:
    """Encrypted callbacks with message ids that never repeat."""

    def __init__(self, seed: int) -> None:
        self._crypt = MsgCrypt(TOKEN, APP_ID, [KEY])
        self._ids = itertools.count(7_000_000_000_000_000_000)
        self._random = random.Random(seed)

    def make(self, address: str, count: int) -> list[bytes]:
        """`count` whole HTTP requests."""
        return list(itertools.islice(self._requests(address), count))

    def _requests(self, address: str) -> Iterator[bytes]:
        while True:
            sender = f"o{self._random.randrange(2000):027d}"
            yield self.text(address, sender, self._random.choice(TEXTS))

    def text(self, address: str, sender: str, text: str) -> bytes:
        """One HTTP request: somebody writes."""
        return self._request(
            address,
            sender,
            f"<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{text}]]></Content>"
            f"<MsgId>{next(self._ids)}</MsgId>",
        )

    def scan(self, address: str, sender: str, scene: str) -> bytes:
        """One HTTP request: a follower scans the QR code of a place."""
        return self._request(
            address,
            sender,
            "<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[SCAN]]></Event>"
            f"<EventKey><![CDATA[{scene}]]></EventKey>",
        )

    def _request(self, address: str, sender: str, what: str) -> bytes:
        now = int(time.time())
        message = (
            f"<xml><ToUserName><![CDATA[gh_bench]]></ToUserName><FromUserName><![CDATA[{sender}]]></FromUserName>"
            f"<CreateTime>{now}</CreateTime>{what}</xml>"
        )
        sealed = self._crypt.envelope(message.encode(), now, 0)
        query = urlencode(
            {
                "signature": "0" * 40,
                "timestamp": sealed.timestamp,
                "nonce": sealed.nonce,
                "openid": "o",
                "encrypt_type": "aes",
                "msg_signature": sealed.signature,
            }
        )
        body = (
            "<xml><ToUserName><![CDATA[gh_bench]]></ToUserName>"
            f"<Encrypt><![CDATA[{sealed.encrypt}]]></Encrypt></xml>"
        )
        return post_bytes(address, f"{PATH}?{query}", body.encode())
