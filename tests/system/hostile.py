"""Callbacks that no platform sends, as bytes on the wire, and a client that takes whatever comes back."""

import asyncio
import contextlib
import random
import string
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from bot.playground.account import Account
from bot.playground.wire import Wire
from tests.system.fleet import ACCOUNT, CALLBACK_PATH
from tests.system.residents import Message, seal, write_messages

LIMIT = 65536
STRANGER = Wire(
    Account("wx0000000000000000", "", ACCOUNT.token, ACCOUNT.encoding_aes_key, ACCOUNT.gh_id), "xml", "safe"
)
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{("&" + a + ";") * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><xml><Encrypt>&i;</Encrypt></xml>"
)
READER = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><xml><Encrypt>&f;</Encrypt></xml>'


@dataclass(frozen=True)
class Answer:
    """status 0: the connection was closed without one."""

    status: int
    headers: str
    body: bytes


def request(
    path: str,
    body: bytes,
    *,
    method: str = "POST",
    content_type: str = "text/xml",
    headers: str = "",
) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode("utf-8", "surrogateescape") + body


class Mutations:
    """Endless wrong requests, each kind in turn; none of them is a callback of the platform."""

    def __init__(self, rng: random.Random) -> None:
        self._random = rng
        self._messages = write_messages(50)
        self.kinds: tuple[Callable[[], bytes], ...] = (
            self.bad_signature,
            self.no_signature,
            self.signature_of_the_query_only,
            self.bad_base64,
            self.truncated_cipher,
            self.truncated_body,
            self.flipped_bits,
            self.flipped_everything,
            self.other_app,
            self.old,
            self.from_the_future,
            self.odd_timestamp,
            self.bomb,
            self.entity_reading_a_file,
            self.sealed_bomb,
            self.sealed_nonsense,
            self.sealed_wrong_types,
            self.too_large,
            self.plain,
            self.plain_signed,
            self.wrong_types,
            self.deep,
            self.wrong_content_type,
            self.noise,
            self.odd_query,
            self.wrong_path,
            self.wrong_method,
            self.wrong_echo,
        )

    def __iter__(self) -> Iterator[bytes]:
        while True:
            for kind in self.kinds:
                yield kind()

    def _message(self) -> Message:
        return self._random.choice(self._messages)

    def _sealed(self, timestamp: int | None = None) -> tuple[str, bytes]:
        return seal(self._message().plaintext(), timestamp)

    def _noise(self, length: int) -> bytes:
        return self._random.randbytes(length)

    def _with(self, path: str, **changes: str) -> str:
        """The path with some of its query's values replaced; an empty value takes the name away."""
        pairs = dict(part.split("=", 1) for part in urlsplit(path).query.split("&")) | changes
        return f"{CALLBACK_PATH}?{urlencode({name: value for name, value in pairs.items() if value})}"

    def bad_signature(self) -> bytes:
        path, body = self._sealed()
        return request(self._with(path, msg_signature=self._noise(20).hex()), body)

    def no_signature(self) -> bytes:
        path, body = self._sealed()
        return request(self._with(path, msg_signature=""), body)

    def signature_of_the_query_only(self) -> bytes:
        path, body = self._sealed()
        plain = dict(part.split("=", 1) for part in urlsplit(path).query.split("&"))["signature"]
        return request(self._with(path, msg_signature=plain), body)

    def bad_base64(self) -> bytes:
        path, body = self._sealed()
        at = body.index(b"CDATA[", body.index(b"<Encrypt>")) + 7 + self._random.randrange(40)
        return request(path, body[:at] + self._random.choice((b"!", b"%", b"\xff", b" ", b"=")) + body[at:])

    def truncated_cipher(self) -> bytes:
        path, body = self._sealed()
        at = body.index(b"]]></Encrypt>")
        return request(path, body[: at - self._random.randint(1, 100)] + body[at:])

    def truncated_body(self) -> bytes:
        path, body = self._sealed()
        return request(path, body[: self._random.randrange(body.index(b"]]></Encrypt>"))])

    def flipped_bits(self) -> bytes:
        """In the ciphertext: every bit of it is signed."""
        path, body = self._sealed()
        changed = bytearray(body)
        first, last = body.index(b"CDATA[", body.index(b"<Encrypt>")) + 6, body.index(b"]]></Encrypt>")
        for _ in range(self._random.randint(1, 4)):
            changed[self._random.randrange(first, last)] ^= 1 << self._random.randrange(8)
        if bytes(changed) == body:
            return self.bad_signature()
        return request(path, bytes(changed))

    def flipped_everything(self) -> bytes:
        """Anywhere, under a signature that is wrong anyway."""
        path, body = self._sealed()
        changed = bytearray(body)
        for _ in range(self._random.randint(1, 30)):
            changed[self._random.randrange(len(changed))] ^= 1 << self._random.randrange(8)
        return request(self._with(path, msg_signature="0" * 40), bytes(changed))

    def other_app(self) -> bytes:
        query, body = STRANGER.sign_and_seal(self._message().plaintext(), int(time.time()), "1")
        return request(f"{CALLBACK_PATH}?{urlencode(query)}", body)

    def old(self) -> bytes:
        return request(*self._sealed(int(time.time()) - self._random.randint(660, 10**9)))

    def from_the_future(self) -> bytes:
        return request(*self._sealed(int(time.time()) + self._random.randint(660, 10**9)))

    def odd_timestamp(self) -> bytes:
        path, body = self._sealed()
        odd = ("-1", "0", "9" * 400, "1e9", "NaN", "١٢٣", " ", "0x10", "1700000000.5", "\x00")
        return request(self._with(path, timestamp=self._random.choice(odd)), body)

    def bomb(self) -> bytes:
        return request(self._sealed()[0], BOMB.encode())

    def entity_reading_a_file(self) -> bytes:
        return request(self._sealed()[0], READER.encode())

    def sealed_bomb(self) -> bytes:
        return request(*seal(self._random.choice((BOMB, READER))))

    def sealed_nonsense(self) -> bytes:
        texts = ("", "x", "<xml>", "{}", "[]", "null", "\x00" * 50, "<xml></xml>", "<a/>", "{" * 3000, "]]>")
        return request(*seal(self._random.choice(texts)))

    def sealed_wrong_types(self) -> bytes:
        """Genuine to the last bit, but not a message."""
        plain = self._message().plaintext()
        mutated = self._random.choice(
            (
                plain.replace("<MsgId>", "<MsgId><a>").replace("</MsgId>", "</a></MsgId>"),
                plain.replace("<MsgId>", "<Msgid>").replace("</MsgId>", "</Msgid>"),
                plain.replace("<CreateTime>", "<CreateTime>-"),
                plain.replace("<CreateTime>", "<CreateTime>99999999999999999999"),
                plain.replace("FromUserName", "FormUserName"),
                plain.replace("<![CDATA[oSystem", "<![CDATA[o S'; DROP TABLE inbox--"),
                plain.replace("<![CDATA[text]]>", "<b>text</b>"),
                plain.replace("<![CDATA[text]]>", ""),
                plain[: self._random.randrange(20, 60)],
            )
        )
        return request(*seal(mutated))

    def too_large(self) -> bytes:
        path, body = self._sealed()
        if self._random.random() < 0.5:
            return request(path, body.replace(b"<xml>", b"<xml><P>" + b"a" * LIMIT + b"</P>", 1))
        # Only announced: nobody waits for gigabytes that never come.
        return request(path, b"", headers="Connection: close\r\n").replace(
            b"Content-Length: 0", b"Content-Length: 1073741824"
        )

    def plain(self) -> bytes:
        return request(CALLBACK_PATH, self._message().plaintext().encode())

    def plain_signed(self) -> bytes:
        """Signed as in plain mode, while a key is set."""
        query = Wire(ACCOUNT, "xml", "plain").sign_query(int(time.time()), "5")
        return request(f"{CALLBACK_PATH}?{urlencode(query)}", self._message().plaintext().encode())

    def wrong_types(self) -> bytes:
        bodies = (
            b"[]", b"null", b"1", b'""', b'{"Encrypt": 1}', b'{"Encrypt": null}', b'{"Encrypt": []}',
            b'{"Encrypt": {"a": 1}}', b'{"Encrypt": ""}', b"<xml><Encrypt/></xml>",
            b"<xml><Encrypt><a>1</a></Encrypt></xml>", b"<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>",
            b"<xml/>", b"<Encrypt>a</Encrypt>", b"", b"\xef\xbb\xbf", b'{"Encrypt": "\\ud800"}', b"NaN",
        )  # fmt: skip
        return request(self._sealed()[0], self._random.choice(bodies))

    def deep(self) -> bytes:
        depth = self._random.choice((100, 5000))
        deep = self._random.choice(
            (b"<a>" * depth, b"[" * depth, b'{"a":' * depth, b"<xml>" + b"<a>" * depth)
        )
        return request(self._sealed()[0], deep)

    def wrong_content_type(self) -> bytes:
        kinds = (
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
            "a/b; charset=utf-7",
        )
        encodings = ("gzip", "deflate", "br", "zstd", "nonsense")
        path, body = self._sealed()
        return request(
            self._with(path, msg_signature="0" * 40),
            body,
            content_type=self._random.choice(kinds),
            headers=f"Content-Encoding: {self._random.choice(encodings)}\r\nConnection: close\r\n",
        )

    def noise(self) -> bytes:
        return request(self._sealed()[0], self._noise(self._random.randrange(2000)))

    def odd_query(self) -> bytes:
        _, body = self._sealed()
        letters = string.ascii_letters + "&=?#%+;[]{}\x00\n" + "议"
        queries = (
            "", "&&&&", "=", "timestamp", "timestamp=1&timestamp=2", "msg_signature[]=1", "%", "%00", "%zz",
            "a=%ff%fe", "nonce=" + "x" * 5000, "&".join(f"k{n}=v" for n in range(500)), "+", "signature=%E8%AE",
            quote("".join(self._random.choices(letters, k=60)), safe="&=%+;[]"),
        )  # fmt: skip
        return request(f"{CALLBACK_PATH}?{self._random.choice(queries)}", body)

    def wrong_path(self) -> bytes:
        paths = (
            "/", "//", "/wechat", "/wechat/main", "/wechat/other/callback", "/wechat/main/callback/",
            "/wechat/main/callback/..", "/wechat/%6dain/callback%00", "/metrics", "/readyz", "/.env",
            "/../../etc/passwd",
            "/wechat/MAIN/callback", "/" + "a" * 3000,
        )  # fmt: skip
        path, body = self._sealed()
        return request(f"{self._random.choice(paths)}?{urlsplit(path).query}", body)

    def wrong_method(self) -> bytes:
        method = self._random.choice(("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"))
        return request(*self._sealed(), method=method)

    def wrong_echo(self) -> bytes:
        path, _ = self._sealed()
        echo = self._random.choice(("<script>alert(1)</script>", "1" * 300, "", "a b", "12345"))
        right = {"<script>alert(1)</script>", "1" * 300, "", "a b"}
        changes = {"echostr": echo} if echo in right else {"echostr": echo, "signature": "0" * 40}
        return request(self._with(path, **changes), b"", method="GET")


class Peer:
    """One connection that is opened again when the server had enough of it."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, raw: bytes, seconds: float = 10.0) -> Answer:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        try:
            async with asyncio.timeout(seconds):
                self._writer.write(raw)
                await self._writer.drain()
                return await self._answer()
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            await self.close()
            return Answer(0, "", b"")

    async def _answer(self) -> Answer:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lowered = head.lower()
        length = int(lowered.partition("content-length:")[2].partition("\r\n")[0] or 0)
        body = await self._reader.readexactly(length)
        if "connection: close" in lowered:
            await self.close()
        return Answer(int(head.split(" ", 2)[1]), head, body)

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
            self._writer = None
