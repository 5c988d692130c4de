"""Text on its way out: what XML 1.0 allows, lengths in bytes of UTF-8 as the platforms count them, and no markup.

People's words go where some products read markup: what would become a link, a mention or a hidden part there is
changed so little that it is read as it was written.
"""

import re
import unicodedata

REPLY_BYTES = 2048  # measured by github.com/MamaShip/Observer#77; the official page gives no figure
APP_BYTES = 2048  # a WeCom app's text (developer.work.weixin.qq.com/document/path/90236)
WEBHOOK_BYTES = 2048  # path/99110
WEBHOOK_MARKDOWN_BYTES = 4096
STREAM_BYTES = 20480  # an aibot's answer, on the callback or to its response_url (path/101031, path/101138)
TASK_BYTES = 4000  # 企业群发, unverified

_TAG = re.compile(r"<(?=[/!@A-Za-z])")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SENTENCE_END = re.compile("[。！？；](?=[^。！？；”’」』）])")
_JOINER = "\u200d"
_LONGEST_CLUSTER = 32


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


def split_text(text: str, limit_bytes: int = REPLY_BYTES) -> list[str]:
    """Parts of at most `limit_bytes` (4 or more) each, none blank; the newline at a seam is dropped.

    A seam is put after a line, else after a sentence, when that leaves the part at least half full; else
    between two characters as a reader sees them, so an emoji of several code points stays whole.
    """
    if limit_bytes < 4:
        raise ValueError("a code point may take 4 bytes")
    rest = clean(text)
    parts = []
    while len(head := cut_bytes(rest[:limit_bytes], limit_bytes)) < len(rest):
        seam = _seam(rest, len(head))
        part, rest = rest[:seam], rest[seam:]
        if part.endswith("\n"):
            part = part[:-1]
        else:
            rest = rest.removeprefix("\n")
        parts.append(part)
    return [part for part in (*parts, rest) if part.strip()]


def _seam(text: str, limit: int) -> int:
    """Where to cut: 1 to `limit` characters, `limit` < len(text)."""
    line_end = text.rfind("\n", 0, limit + 1)
    if line_end == limit:
        return limit
    if line_end >= limit // 2:
        return line_end + 1
    ends = [end.end() for end in _SENTENCE_END.finditer(text, limit // 2, limit + 1)]
    if ends:
        return ends[-1]
    for cut in range(limit, max(0, limit - _LONGEST_CLUSTER), -1):
        if not _joined(text, cut):
            return cut
    return limit


def _joined(text: str, cut: int) -> bool:
    """Whether the characters around `cut` are seen as one."""
    before, after = text[cut - 1], text[cut]
    if _JOINER in (before, after) or unicodedata.category(after).startswith("M"):
        return True
    if _is_flag_letter(before) and _is_flag_letter(after):
        start = cut
        while start > 0 and _is_flag_letter(text[start - 1]):
            start -= 1
        return (cut - start) % 2 == 1
    return "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f"


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
