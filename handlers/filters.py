"""Filters over an inbound message, to build routes from."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal

from handlers.inbound import Inbound, InboundKind
from handlers.numerals import in_figures
from handlers.router import Arguments, Filter

# Voice comes with the text the platform recognised, a menu click with its key: both can be commands.
_SPOKEN = (InboundKind.TEXT, InboundKind.VOICE, InboundKind.CLICK)
# Possessive: three runs of spaces side by side would be tried in every division, for seconds on a long one.
COLON = r"\s*+(?:[:：]\s*+)?"
NUMBER = r"(?:(?:编号|号|#|no\.?)\s*+)?(?P<number>\d{1,15})\s*+号?"  # as people write the number of something
# Surely a receipt's: it has four digits from the start, and a house's number or a count has not.
RECEIPT = r"(?:(?:编号|号|#|no\.?)\s*+)?(?P<number>\d{4,15})\s*+(?:号|这件|那件)?"
_ENDINGS = " \t\r\n。.!！~～…，,、"
# At the end: emoji, and WeChat's own faces as it writes them ([强], [玫瑰]).
_FACES = re.compile(
    r"(?:\[[^\[\]\s]{1,6}\]|[\u2600-\u27bf\ufe0f\u200d\U0001f000-\U0001faff]|[\s。.!！~～])++$"
)
_FACES_WITHIN = 40  # characters


def kind(*kinds: InboundKind) -> Filter:
    """Messages of these kinds."""

    def matches(inbound: Inbound) -> Arguments | Literal[False]:
        return {} if inbound.kind in kinds else False

    return matches


def spoken() -> Filter:
    """Anything with words in it."""

    def matches(inbound: Inbound) -> Arguments | Literal[False]:
        return {} if inbound.kind in _SPOKEN and inbound.text.strip() else False

    return matches


def command(pattern: str) -> Filter:
    """Words that match the whole pattern, whatever their width, case and closing marks; groups become arguments.

    The number of a receipt may be said in words (一千零一).
    """
    compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)

    def matches(inbound: Inbound) -> Arguments | Literal[False]:
        if inbound.kind not in _SPOKEN:
            return False
        for words in _spellings(inbound.text):
            if found := compiled.fullmatch(words):
                return found.groupdict()
        return False

    return matches


@lru_cache(maxsize=4)  # all routes look at one message, then at the next
def _spellings(text: str) -> tuple[str, ...]:
    """What a command may be written as, without closing marks.

    As it was written comes first: what follows a command word is kept in the resident's own characters.
    """
    words = text.strip(_ENDINGS)
    words = words.rstrip("?？" + _ENDINGS) or words  # 进度？ is a command, and so is ? alone
    plain = unicodedata.normalize("NFKC", words)
    head, tail = plain[:-_FACES_WITHIN], plain[-_FACES_WITHIN:]
    bare = (head + _FACES.sub("", tail)).rstrip("?" + _ENDINGS) or plain
    return tuple(dict.fromkeys((words, plain, in_figures(bare))))
