"""One spelling for every text before it is matched, and the way back to the original.

NFKC, lower case and simplified characters are applied character by character, so every character of the
result has exactly one source. White space goes, except one blank between two Latin letters or digits, where
it is all that keeps two numbers apart. Full-width punctuation stays: it bounds clauses, and leaving it alone
keeps most chat on the path that changes nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Collection
from functools import cache
from typing import NamedTuple

import opencc

_KEPT = frozenset("，。！？：；（）【】～…％、“”‘’《》「」")
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f")
_PLANES = (
    range(0x20, 0xD800),
    range(0xE000, 0x10000),
    range(0x1D400, 0x1D800),  # mathematical letters and digits
    range(0x1F100, 0x1F300),  # enclosed letters
    range(0x2F800, 0x2FA20),  # compatibility ideographs
)
# All but one between two of [0-9a-z]; begins with the blank itself, so that a search passes over all else at once.
_LOOSE_BLANK = re.compile(r" (?:(?<![0-9a-z ] ) *| *(?![0-9a-z ])|(?<=  ) *)")


class _Spelling(NamedTuple):
    table: dict[int, str]
    changes: re.Pattern[str]


def normalise(text: str) -> str:
    """The spelling the lexicon is matched on; applying it twice changes nothing more."""
    table, changes = _spelling()
    if changes.search(text) is None:
        return text
    return _LOOSE_BLANK.sub("", text.translate(table))


def changing(others: str) -> Callable[[str], re.Match[str] | None]:
    """A test that finds nothing in a text that normalising leaves alone and that has none of `others` in it."""
    table, _changes = _spelling()
    return _any_of({*table, *map(ord, others)}).search


def offsets(text: str) -> list[int] | None:
    """For every character of `normalise(text)` the index of its source in `text`, then len(text).

    None means that every index is its own source.
    """
    table, changes = _spelling()
    if changes.search(text) is None:
        return None
    spelled: list[str] = []
    sources: list[int] = []
    for index, char in enumerate(text):
        new = table.get(ord(char), char)
        spelled.append(new)
        sources.extend([index] * len(new))
    for gap in reversed(list(_LOOSE_BLANK.finditer("".join(spelled)))):
        del sources[gap.start() : gap.end()]
    sources.append(len(text))
    return sources


@cache
def _spelling() -> _Spelling:
    """The characters that change, built once: asking OpenCC about every message costs more than tagging it."""
    characters = [chr(code) for plane in _PLANES for code in plane]
    table = {ord(char): " " for char in map(chr, range(0x21)) if char.isspace()}
    table.update(dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))  # half a character: no encoder takes it
    for char, new in zip(characters, _spell(characters), strict=True):
        if new != char:
            table[ord(char)] = new
    return _Spelling(table, _any_of(table))


def _any_of(codes: Collection[int]) -> re.Pattern[str]:
    """One test for many characters: what has none of them can skip looking at each.

    The class is of all others, turned round: an ordinary character is then told by the table of the basic plane,
    before what lies beyond it is searched item by item. There whole planes stand for their few characters.
    """
    basic = "".join(re.escape(chr(code)) for code in range(0x10000) if code not in codes)
    ends = [0x10000, *(end for plane in _PLANES[2:] for end in (plane.start, plane.stop)), 0x110000]
    beyond = "".join(
        f"{chr(start)}-{chr(stop - 1)}" for start, stop in zip(ends[::2], ends[1::2], strict=True)
    )
    return re.compile(f"[^{basic}{beyond}]")


def _spell(characters: list[str]) -> list[str]:
    """Each character's spelling, followed until it no longer moves (薴 needs two steps)."""
    simplify = opencc.OpenCC("t2s").convert
    spelled = characters
    while True:
        folded = [_fold(text) for text in spelled]
        # one call for all: the separator keeps OpenCC from seeing words
        simple = simplify("\n".join(folded)).split("\n")
        if simple == spelled:
            return spelled
        spelled = simple


def _fold(text: str) -> str:
    if text in _KEPT:
        return text
    if text in _INVISIBLE:
        return ""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(" " if char.isspace() else char for char in folded)
