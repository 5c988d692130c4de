"""Documents of owners, held against their check digits. Pure."""

import re
from datetime import date
from itertools import pairwise

# GB 11643-1999 (identity numbers): ISO 7064 MOD 11-2.
_IDENTITY = re.compile(r"\d{17}[\dX]")
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_IDENTITY_CHECKS = "10X98765432"
# GB 32100-2015 (统一社会信用代码): letters without I, O, S, V, Z; ISO 7064 like, MOD 31.
_CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT = re.compile(f"[{_CREDIT_SIGNS}]{{18}}")
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ADULT_YEARS = 18  # 民法典 art. 17


def is_identity_number(text: str) -> bool:
    """Whether this is an identity number of 18 signs with a day of birth that was, and the right check digit."""
    return bool(_IDENTITY.fullmatch(text)) and identity_check(text) == text[-1] and born_on(text) is not None


def identity_check(text: str) -> str:
    """The check digit of an identity number, from its first 17 digits."""
    total = sum(weight * int(sign) for weight, sign in zip(_IDENTITY_WEIGHTS, text, strict=False))
    return _IDENTITY_CHECKS[total % 11]


def born_on(identity_number: str) -> date | None:
    """The day of birth in an identity number; None for a day that the calendar does not have."""
    year, month, day = (int(identity_number[a:b]) for a, b in pairwise((6, 10, 12, 14)))
    try:
        return date(year, month, day) if year >= 1900 else None
    except ValueError:
        return None


def is_minor(identity_number: str, today: date) -> bool:
    """Whether its holder is not yet of age."""
    born = born_on(identity_number)
    if born is None:
        return False
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return years < ADULT_YEARS


def is_credit_code(text: str) -> bool:
    """Whether this is a company's code of 18 signs with the right check sign."""
    if not _CREDIT.fullmatch(text):
        return False
    total = sum(
        weight * _CREDIT_SIGNS.index(sign) for weight, sign in zip(_CREDIT_WEIGHTS, text, strict=False)
    )
    return _CREDIT_SIGNS[-total % 31] == text[-1]
