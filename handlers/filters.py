"""Filters over an inbound message, to build routes from."""

import re
import unicodedata
from typing import Literal

from handlers.inbound import Inbound, InboundKind
from handlers.router import Arguments, Filter

# Voice comes with the text the platform recognised, a menu click with its key: both can be commands.
_SPOKEN = (InboundKind.TEXT, InboundKind.VOICE, InboundKind.CLICK)
# Possessive: three runs of spaces side by side would be tried in every division, for seconds on a long one.
COLON = r"\s*+(?:[:：]\s*+)?"
NUMBER = r"(?:(?:编号|号|#|no\.?)\s*+)?(?P<number>\d{1,15})\s*+号?"  # as people write the number of something
_ENDINGS = " \t\r\n。.!！~～"


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
    """Words that match the whole pattern, whatever their width, case and closing marks; groups become arguments."""
    compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)

    def matches(inbound: Inbound) -> Arguments | Literal[False]:
        if inbound.kind not in _SPOKEN:
            return False
        words = inbound.text.strip(_ENDINGS)
        words = words.rstrip("?？" + _ENDINGS) or words  # 进度？ is a command, and so is ? alone
        # As written first: what follows a command word is kept in the resident's own characters.
        found = compiled.fullmatch(words) or compiled.fullmatch(unicodedata.normalize("NFKC", words))
        return found.groupdict() if found else False

    return matches
