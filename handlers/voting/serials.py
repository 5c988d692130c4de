"""Serials of ballot papers (票号): short enough to be typed, with a sign that tells a slip of the finger. Pure.

Eight signs by chance and one to check them, in groups of three: 7K3-M9P-Q2X. The alphabet has no 0, 1, I, L and O,
which people mistake for each other; it has 31 signs, a prime, so that any one wrong sign and any two that changed
places are noticed (ISO 7064 works alike).
"""

import re
import secrets
import unicodedata

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 9
_VALUES = {sign: value for value, sign in enumerate(ALPHABET)}
_BETWEEN = re.compile(r"[\s,;、，；。]+")
_WITHIN = re.compile(r"[-_.·—–]")


def mint_serial() -> str:
    """A new serial, without the groups."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return signs + _check_sign(signs)


def serial_words(serial: str) -> str:
    """A serial as it is printed and read out."""
    return "-".join(serial[start : start + 3] for start in range(0, len(serial), 3))


def read_serial(typed: str) -> str | None:
    """The serial that somebody typed or a scanner read; None for what cannot be one.

    Small letters, full width, hyphens and spaces between the groups are all the same.
    """
    signs = _WITHIN.sub("", _BETWEEN.sub("", unicodedata.normalize("NFKC", typed))).upper()
    return signs if _is_serial(signs) else None


def read_serials(typed: str) -> tuple[list[str], list[str]]:
    """The serials in a text, each once and in its order, and what in it is none.

    One a line, or with commas or spaces between; a field of one line swallows the ends of lines pasted into it.
    """
    found: dict[str, None] = {}
    odd: dict[str, None] = {}
    for word in _BETWEEN.split(unicodedata.normalize("NFKC", typed)):
        signs = _WITHIN.sub("", word).upper()
        if not signs:
            continue
        several = [signs[start : start + LENGTH] for start in range(0, len(signs), LENGTH)]
        if all(map(_is_serial, several)):
            found |= dict.fromkeys(several)
        else:
            odd[word] = None
    whole = read_serial(typed)  # with spaces between its groups
    return ([whole], []) if whole else (list(found), list(odd))


def _is_serial(signs: str) -> bool:
    return (
        len(signs) == LENGTH
        and all(sign in _VALUES for sign in signs)
        and signs[-1] == _check_sign(signs[:-1])
    )


def _check_sign(signs: str) -> str:
    return ALPHABET[sum(place * _VALUES[sign] for place, sign in enumerate(signs, start=2)) % len(ALPHABET)]
