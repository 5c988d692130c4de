"""Codes of units, ends of documents, and how often somebody may be wrong. Pure; standard library and states only."""

import re
import secrets
import unicodedata
from collections.abc import Callable, Sequence
from datetime import timedelta

from storage.states import Capacity, OwnerKind

# Of signs that look alike only one: whatever somebody reads of a slip, it is read as the one that is there.
ALPHABET = "0123456789ACDEFHJKMNPRTUWXY"
_ALIKE = str.maketrans("OQILZSBGV", "00112586U")
CODE_LENGTH = 10
CODE_GROUP = 5
CODE_LIFE = timedelta(days=30)
TAIL = 6  # characters of a document that its owner is asked for
WRONG_BY_PERSON = 5
WRONG_FOR_UNIT = 10
WRONG_KEPT = timedelta(days=1)
SHORTEST_PHONE, LONGEST_PHONE = 7, 15
LETTER = 120  # characters of what says which paper was shown


def make_code(choose: Callable[[Sequence[str]], str] = secrets.choice) -> str:
    """A new code, without its groups: 47 bits."""
    return "".join(choose(ALPHABET) for _ in range(CODE_LENGTH))


def show_code(code: str) -> str:
    """As it is printed: 3F7KA-92MPX."""
    return "-".join(code[start : start + CODE_GROUP] for start in range(0, len(code), CODE_GROUP))


def read_code(typed: str) -> str:
    """What somebody typed, as the code is kept: full width, lower case, gaps and signs that look alike are taken.

    Empty for what cannot be a code.
    """
    text = re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", typed).upper()).translate(_ALIKE)
    return text if len(text) == CODE_LENGTH and set(text) <= set(ALPHABET) else ""


def read_tail(typed: str) -> str:
    """The end of a document, as the roll keeps it; also of somebody who typed all of it. Empty for too little."""
    text = re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKC", typed).upper())
    return text[-TAIL:] if len(text) >= TAIL else ""


def read_name(typed: str) -> str:
    """A name as two are compared: without gaps and dots, in one width."""
    return re.sub(r"[\s·•・.．()（）]", "", unicodedata.normalize("NFKC", typed)).casefold()


def read_phone(typed: str) -> str:
    """The digits of a phone; empty for what cannot be one."""
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", typed))
    return digits if SHORTEST_PHONE <= len(digits) <= LONGEST_PHONE else ""


def read_document(typed: str) -> str:
    """A document's number as it is compared: capital, half width, without spaces and hyphens."""
    return re.sub(r"[\s\-‐-―−]", "", unicodedata.normalize("NFKC", typed)).upper()


def too_often(by_person: int, for_unit: int) -> bool:
    """Whether nothing more is looked at today, after so many that were wrong."""
    return by_person >= WRONG_BY_PERSON or for_unit >= WRONG_FOR_UNIT


def capacity_fits(capacity: Capacity, kind: OwnerKind, *, minor: bool) -> bool:
    """Whether somebody may be bound to such an owner so.

    A company has nobody who is it, only somebody with its letter; a minor votes through a guardian (民法典 19-23).
    Others may have a guardian too: who cannot act is not in any sheet.
    """
    if capacity is Capacity.COMPANY:
        return kind is not OwnerKind.PERSON
    return kind is OwnerKind.PERSON and (capacity is Capacity.GUARDIAN or not minor)


def may_decide(decider: int, concerned: int | None, first: int | None) -> bool:
    """Whether somebody may say yes: not about themselves, and not twice."""
    return decider not in (concerned, first)
