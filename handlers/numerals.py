"""Pure: numbers of receipts as people say them (一千零一, 一零零一, 三号), in figures."""

import re

_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "○": 0,
    "两": 2,
    "幺": 1,
}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = "零〇○一二两三四五六七八九幺"
# Digit by digit, with a thousand in it, or before 号 that is no house's: a bare 一 is a word like any other.
_WRITTEN = re.compile(
    rf"(?<![{_NUMERAL}十百千万])(?:"
    rf"[一二两三四五六七八九幺][{_NUMERAL}]{{3,7}}(?![十百千万])"
    rf"|[一二两三四五六七八九]千[{_NUMERAL}十百]{{0,7}}(?!万)"
    rf"|[{_NUMERAL}十百]{{1,5}}(?=\s?号(?![楼栋院房门线]))"
    r")"
)


def in_figures(text: str) -> str:
    """The text with its first number of this kind in figures; the text itself without one."""
    return _WRITTEN.sub(lambda found: str(value_of(found[0])), text, count=1)


def value_of(numeral: str) -> int:
    """The value of a number below ten thousand in Chinese characters: 一千零一, 一千一 (1100), 一零零一, 十二."""
    if not any(char in _UNITS for char in numeral):
        return int("".join(str(_DIGITS[char]) for char in numeral))
    total, digit, unit = 0, 0, 1
    for char in numeral:
        if char in _UNITS:
            unit = _UNITS[char]
            total += (digit or 1) * unit
            digit = 0
        else:
            digit = _DIGITS[char]
            unit = 1 if digit == 0 else unit  # behind a 零 it is what it says
    return total + digit * (unit // 10 if unit >= 100 else 1)
