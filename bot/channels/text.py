"""Text on its way out: what XML 1.0 allows, lengths in bytes of UTF-8 as the platforms count them, and no markup.

People's words go where some products read markup: what would become a link, a mention or a hidden part there is
changed so little that it is read as it was written.
"""

import re

REPLY_BYTES = 2048  # measured by github.com/MamaShip/Observer#77; the official page gives no figure
APP_BYTES = 2048  # a WeCom app's text (developer.work.weixin.qq.com/document/path/90236)
WEBHOOK_BYTES = 2048  # path/99110
WEBHOOK_MARKDOWN_BYTES = 4096
STREAM_BYTES = 20480  # an aibot's answer, on the callback or to its response_url (path/101031, path/101138)
TASK_BYTES = 4000  # 企业群发, unverified

_TAG = re.compile(r"<(?=[/!@A-Za-z])")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Without the characters XML 1.0 has no place for: controls, lone surrogates, U+FFFE and U+FFFF."""
    return _FORBIDDEN.sub("", text)


def without_tags(text: str) -> str:
    """With "<" full width where a tag or a mention would begin."""
    return _TAG.sub("＜", text)


def without_markdown(text: str) -> str:
    """For where markdown is read: without tags and mentions, and with nothing that is a link under other words."""
    return without_tags(text).replace("](", "] (")


def cut_bytes(text: str, limit_bytes: int) -> str:
    """The longest beginning that fits, cut between code points. `text` is clean."""
    raw = text.encode()
    return text if len(raw) <= limit_bytes else raw[:limit_bytes].decode("utf-8", "ignore")
