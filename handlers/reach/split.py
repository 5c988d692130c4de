"""Long texts in parts that a platform takes, cut where a reader would pause."""

import re
import unicodedata

_SENTENCE_END = re.compile("[。！？；](?=[^。！？；”’」』）])")
_JOINER = "\u200d"
_LONGEST_CLUSTER = 32
_LONGEST_NUMBER = len("(99/99)")


def split_numbered(text: str, limit_bytes: int) -> list[str]:
    """Parts of at most `limit_bytes` of UTF-8; "(1/2)" stands in front of each when there are several."""
    if len(text.encode()) <= limit_bytes:
        return [text] if text.strip() else []
    parts = split_text(text, limit_bytes - _LONGEST_NUMBER)
    return [f"({number}/{len(parts)}){part}" for number, part in enumerate(parts, 1)]


def split_text(text: str, limit_bytes: int) -> list[str]:
    """Parts of at most `limit_bytes` (4 or more) each, none blank; the newline at a seam is dropped.

    A seam is put after a line, else after a sentence, when that leaves the part at least half full; else
    between two characters as a reader sees them, so an emoji of several code points stays whole.
    """
    if limit_bytes < 4:
        raise ValueError("a code point may take 4 bytes")
    rest = text
    parts = []
    while (fitting := _count_fitting(rest, limit_bytes)) < len(rest):
        seam = _seam(rest, fitting)
        part, rest = rest[:seam], rest[seam:]
        if part.endswith("\n"):
            part = part[:-1]
        else:
            rest = rest.removeprefix("\n")
        parts.append(part)
    return [part for part in (*parts, rest) if part.strip()]


def _count_fitting(text: str, limit_bytes: int) -> int:
    """How many characters from the beginning fit."""
    raw = text[:limit_bytes].encode()
    return len(raw[:limit_bytes].decode("utf-8", "ignore"))


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
