"""What one cell of a roll's sheet says: text, area, phone, document. Pure.

Excel keeps every number as a binary float. `figure` is the only place that touches one: it takes the shortest decimal
that is that float, and from there on everything is exact.
"""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from handlers.roll.sheet import Cell
from handlers.voting.terms import AreaError, area_of

AREA_DECIMALS = Decimal("0.001")
AREA_ARTEFACT = Decimal("0.000001")  # 89.73000000000001: what a float adds; more than that somebody wrote
EXACT_DIGITS = 15  # of a number in Excel; what comes after is gone
_DASHES = re.compile("[‐‑‒–—―−－﹣ー]")
_BLANK = re.compile(r"[-/\\*.]*|无|暂无|未知|不详|空|null|none|n/a", re.IGNORECASE)
_AREA = re.compile(r"(?P<figure>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:m2|m\^2|平方米|平方|平米|平)?")
_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"(?:\+?86|0086)?(0\d{2,3}[2-9]\d{6,7}|[2-9]\d{6,7})")


class CellError(ValueError):
    """What is wrong with a cell; `code` is one of handlers/roll/reasons.toml."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def spelled(text: str) -> str:
    """Full-width signs as half-width, dashes alike, ends without blanks; line breaks stay."""
    return _DASHES.sub("-", unicodedata.normalize("NFKC", text)).replace("\r", "\n").strip()


def figure(value: float) -> Decimal:
    """The number that a float was meant to be: its shortest decimal."""
    return Decimal(repr(value))


def text_of(cell: Cell) -> str:
    """A cell as text, "" for what says nothing; raises CellError for a date or a truth value.

    Excel makes a date of 3-2 and keeps nothing of what was written.
    """
    if isinstance(cell, bool):
        raise CellError("cell.truth")
    if isinstance(cell, date | datetime | time | timedelta):
        raise CellError("cell.date")
    if isinstance(cell, float | int):
        return _plain(figure(cell))
    text = spelled(cell)
    return "" if _BLANK.fullmatch(text) else text


def _plain(value: Decimal) -> str:
    """501.0 as 501, 13800000001.0 without an exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def area_in(cell: Cell) -> int | None:
    """An area in millionths of a square metre, exact; None for nothing or zero.

    Raises CellError for what is no area, or has more than three decimals that somebody wrote.
    """
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        value = figure(cell)
    else:
        text = re.sub(r"\s", "", text_of(cell))
        if not text:
            return None
        found = _AREA.fullmatch(text.lower())
        if found is None:
            raise CellError("area.unreadable")
        value = Decimal(found["figure"].replace(",", ""))
    if not value.is_finite():
        raise CellError("area.unreadable")
    if value < 0:
        raise CellError("area.negative")
    try:
        rounded = value.quantize(AREA_DECIMALS)
        if abs(rounded - value) > AREA_ARTEFACT:
            raise CellError("area.decimals")
        return area_of(rounded) or None
    except (AreaError, ArithmeticError) as error:
        raise CellError("area.unreadable") from error


def document_in(cell: Cell) -> str:
    """Documents as written, without blanks, capital letters; "" for nothing.

    Raises CellError for a number: Excel has already lost what comes behind its fifteenth digit.
    """
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        raise CellError("document.number")
    return re.sub(r"[ \t\u3000]", "", text_of(cell)).upper().lstrip("'")


def phone_in(text: str) -> str:
    """A phone with digits only, the country's code left out; raises CellError."""
    digits = re.sub(r"[\s()-]", "", text)
    found = _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits)
    if found is None:
        raise CellError("phone.unreadable")
    return found[1]
