"""The documented wire format written out by hand: the check on the simulator (and on wechatpy under it)."""

import base64
import hashlib
import re
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.playground.account import Account


def sha1_of_sorted(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def _cipher(account: Account) -> Cipher[modes.CBC]:
    key = base64.b64decode(account.encoding_aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def decrypt(account: Account, encrypted: str) -> tuple[str, str]:
    """The message and the appid in it."""
    decryptor = _cipher(account).decryptor()
    padded = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
    pad = padded[-1]
    assert len(padded) % 32 == 0
    assert 1 <= pad <= 32
    assert padded.endswith(bytes([pad]) * pad)
    plain = padded[16:-pad]
    (length,) = struct.unpack(">I", plain[:4])
    return plain[4 : 4 + length].decode(), plain[4 + length :].decode()


def encrypt(account: Account, message: str, app_id: str | None = None, *, block: int = 32) -> str:
    """Seal a message; another appid or block size makes a wrong one."""
    raw = message.encode()
    plain = b"0123456789abcdef" + struct.pack(">I", len(raw)) + raw + (app_id or account.app_id).encode()
    pad = block - len(plain) % block
    encryptor = _cipher(account).encryptor()
    return base64.b64encode(
        encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize(),
    ).decode()


def text_reply(account: Account, openid: str, text: str) -> str:
    return (
        f"<xml><ToUserName><![CDATA[{openid}]]></ToUserName><FromUserName><![CDATA[{account.gh_id}]]></FromUserName>"
        f"<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{text}]]></Content></xml>"
    )


def envelope(account: Account, encrypted: str, timestamp: str = "1700000000", nonce: str = "n0nce") -> str:
    signed = sha1_of_sorted(account.token, timestamp, nonce, encrypted)
    return (
        f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signed}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    )


def xml_value(xml: str, key: str) -> str:
    """The value of an element of the flat XML that the platform sends."""
    found = re.search(rf"<{key}>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))</{key}>", xml, re.DOTALL)
    assert found is not None, f"no {key} in {xml}"
    return found[1] if found[1] is not None else found[2]
