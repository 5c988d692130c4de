"""Text as it can be printed: without what is not to be seen, and broken where a line would run off the page. Pure."""

import re
import unicodedata

MISSING = "〓"  # the printer's sign for a character that there is no type for
# Emoji: their blocks, skin tones and flags. Text fonts have none, and an empty box would take their place.
_EMOJI = re.compile("[\U0001f000-\U0001faff\U000e0020-\U000e007f\ufe0f\u200d\u20e3]+")
# Format characters reverse or hide what stands beside them: what is signed must read in one order only.
_UNSEEN = {"Cc", "Cf", "Cs"}
_PRIVATE = "Co"  # means something in one font only
_LONG_WORD = re.compile(r"[!-~]{30,}")
_BREAK = "\u200b"  # a line may end here
_STEP = 10


class Svg(str):
    """A drawing of ours among the data: not text, and left as it is."""

    __slots__ = ()


def printable(text: str) -> str:
    """One line of text. Blanks and line ends are one blank each, emoji a 〓, and what cannot be seen is left out."""
    text = "".join(_one(each) for each in _EMOJI.sub(_instead, text))
    text = unicodedata.normalize("NFC", re.sub(" +", " ", text)).strip()
    return _LONG_WORD.sub(_breakable, text)


def paragraphs(text: str) -> list[str]:
    """Text of several lines, without the empty ones; each still to be made `printable`."""
    return [line for line in text.splitlines() if line.strip()]


def clean(value: object) -> object:
    """The data of a document, all its text printable."""
    match value:
        case Svg():
            return value
        case str():
            return printable(value)
        case dict():
            return {key: clean(each) for key, each in value.items()}
        case list() | tuple():
            return [clean(each) for each in value]
    return value


def _one(character: str) -> str:
    if character.isspace():
        return " "
    kind = unicodedata.category(character)
    return MISSING if kind == _PRIVATE else "" if kind in _UNSEEN else character


def _instead(found: re.Match[str]) -> str:
    return MISSING if any(ord(each) >= 0x1F000 and ord(each) < 0xE0000 for each in found[0]) else ""


def _breakable(found: re.Match[str]) -> str:
    return _BREAK.join(found[0][start : start + _STEP] for start in range(0, len(found[0]), _STEP))
