"""Building, entrance and unit out of the many ways people write an address.

Reads normalised text (`nlp.normalise`): full-width digits and ＃ are plain already. A number without a marker
counts only where it has the shape of floor and room (203, 1502) and nothing about it says quantity, date,
price or telephone. A storey (5楼) is not a unit and is left out.
"""

import re
from typing import NamedTuple


class Place(NamedTuple):
    """Where something is; None for what was not said. Digits in plain figures, letters in capitals."""

    building: str | None = None
    entrance: str | None = None
    unit: str | None = None


NOWHERE = Place()

_FREE = r"(?<![\d.\-/:])"  # not the tail of a longer number, a date or a time
_ALONE = r"(?![\d.:/%a-z\-年月日点时分秒元块毛米平㎡人户个天次斤公里万千百多度瓦路份袋条件票只张本岁周克升吨]|号[线文])"
_NUMBER = r"(?:\d{1,3}|[一二三四五六七八九十]{1,3})"
_ROOM = r"(?:[1-9]|[1-3]\d)(?:0[1-9]|1[0-2])"
_SPOKEN_ROOM = r"[一二三四五六七八九零〇]{3,4}"
_DASH = r"[\-—–]"

_WORTH_A_LOOK = re.compile(r"[0-9#栋幢座号元室房户]")
_MAY_NAME_BUILDING = re.compile(r"[#栋幢座号]")
_DASHED = re.compile(
    rf"{_FREE}(?P<building>\d{{1,2}}){_DASH}(?:(?P<entrance>\d{{1,2}}){_DASH})?"
    rf"(?P<unit>(?:[1-9]|[1-3]\d)(?:0[1-9]|[1-3]\d)){_ALONE}"
)
_BUILDING = re.compile(
    rf"{_FREE}(?<![有整这那同每另])(?P<building>{_NUMBER}|(?<![a-z])[a-z]\d{{0,2}})"
    r"(?:号?[栋幢](?!(?<=一栋)楼)|号楼|#|号漏(?!水)|(?<=[a-z\d])座)"
)
_ENTRANCE = re.compile(rf"{_FREE}(?P<entrance>{_NUMBER}|(?<![a-z])[a-z])单元")
_FOLLOWING = re.compile(
    rf"楼?[,，的\-]?(?:(?P<entrance>\d){_DASH})?(?P<unit>\d{{3,4}}|{_SPOKEN_ROOM})(?![\d元块米人户年月])"
)
_MARKED = re.compile(rf"{_FREE}(?P<unit>\d{{3,4}}|{_SPOKEN_ROOM})(?:室|号?房|户(?!型))")
_BARE = re.compile(rf"{_FREE}(?<![a-z区第￥¥号共约近花])(?!11[02](?!\d))(?P<unit>{_ROOM}){_ALONE}")

_FIGURES = {"零": 0, "〇": 0, **{char: value for value, char in enumerate("一二三四五六七八九", 1)}}


def find_place(text: str) -> Place:
    """The first place a message names. Parts named apart ("3栋停电,2单元的") are put together."""
    if _WORTH_A_LOOK.search(text) is None:
        return NOWHERE
    found = _BUILDING.search(text) if _MAY_NAME_BUILDING.search(text) else None
    if found is None:
        dashed = _DASHED.search(text)
        if dashed is not None:
            return Place(*dashed.group("building", "entrance", "unit"))
    building = _plain(found["building"]) if found else None
    after = found.end() if found else 0
    entrance = None
    found = _ENTRANCE.search(text, after) if "单元" in text else None
    if found is not None:
        entrance = _plain(found["entrance"])
        after = found.end()
    if building is None and entrance is None:
        found = _MARKED.search(text) or _BARE.search(text)
        return Place(unit=_plain(found["unit"])) if found else NOWHERE
    found = _FOLLOWING.match(text, after)
    if found is not None:
        return Place(building, entrance or found["entrance"], _plain(found["unit"]))
    found = _MARKED.search(text, after) or _BARE.search(text, after)
    return Place(building, entrance, _plain(found["unit"]) if found else None)


def _plain(number: str) -> str:
    """十二 -> 12, 二十 -> 20, 五零一 -> 501, b -> B; figures stay."""
    if number[0] not in _FIGURES and number[0] != "十":
        return number.upper().lstrip("0") or number
    tens, ten, ones = number.partition("十")
    if not ten:
        return "".join(str(_FIGURES[char]) for char in number)
    return str(10 * _FIGURES.get(tens, 1) + _FIGURES.get(ones, 0))
