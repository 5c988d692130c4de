"""Building, entrance and unit out of the many ways people write an address (`nlp.notations`).

Reads normalised text (`nlp.normalise`): full-width digits and ＃ are plain already. A number without a marker
counts only where it has the shape of floor and room (203, 1502) and nothing about it says quantity, date,
price or telephone. A storey (5楼) is not a unit and a phase (一期) no building: both are left out.
"""

import re
from itertools import pairwise
from typing import NamedTuple

from nlp.notations import (
    BUILDING,
    DASHED,
    DIGITS,
    ENTRANCE,
    FOLLOWING,
    LISTED,
    MAY_BE_DASHED,
    MAY_NAME_BUILDING,
    MAY_NAME_ENTRANCE,
    MAY_NAME_ROOM,
    ROOM,
    WORTH_A_LOOK,
)


class Place(NamedTuple):
    """Where something is; None for what was not said. Digits in plain figures, letters in capitals."""

    building: str | None = None
    entrance: str | None = None
    unit: str | None = None


NOWHERE = Place()

_FIGURES = {
    "零": 0,
    "〇": 0,
    "幺": 1,
    **{char: value for numerals in (DIGITS, "壹贰叁肆伍陆柒捌玖") for value, char in enumerate(numerals, 1)},
}
_LISTS = frozenset("、和跟及与/")
_LONGEST_NUMERAL = 4  # characters that may stand before the last one of a number that is written out
_LONGEST_LIST = 20  # characters
_NEIGHBOURS = frozenset(map("".join, pairwise(DIGITS)))  # 三四单元: the third and the fourth


def find_place(text: str) -> Place:
    """The first place a message names. Parts named apart ("3栋停电,2单元的", "501,3栋的") are put together."""
    look = WORTH_A_LOOK.search(text)
    if look is None:
        return NOWHERE
    start = max(look.start() - _LONGEST_NUMERAL, 0)
    building = BUILDING.search(text, start) if MAY_NAME_BUILDING.search(text, start) else None
    if MAY_BE_DASHED.search(text, start):
        dashed = DASHED.search(text, start)
        if dashed is not None and (building is None or dashed.start() < building.start()):
            return _dashed(text, dashed)
    if building is None:
        return _without_building(text, start)
    return _of_building(text, start, building)


def _of_building(text: str, start: int, building: re.Match[str]) -> Place:
    """What belongs to the first building named: behind it up to the next one, else before it."""
    after = building.end()
    following = BUILDING.search(text, after) if MAY_NAME_BUILDING.search(text, after) else None
    end = following.start() if following is not None else len(text)
    entrance = before = None
    if MAY_NAME_ENTRANCE.search(text, start):
        entrance = ENTRANCE.search(text, after, end)
        if entrance is not None:
            after = entrance.end()
        else:
            before = ENTRANCE.search(text, start, building.start())
    named = entrance or before
    return _with_room(
        text, (after, end), building.start(), _first(text, building), _first(text, named) if named else None
    )


def _without_building(text: str, start: int) -> Place:
    entrance = ENTRANCE.search(text, start) if MAY_NAME_ENTRANCE.search(text, start) else None
    if entrance is None:
        room = ROOM.search(text, start) if MAY_NAME_ROOM.search(text, start) else None
        return Place(unit=_plain(room[room.lastindex or 0])) if room else NOWHERE
    return _with_room(text, (entrance.end(), len(text)), entrance.start(), None, _first(text, entrance))


def _with_room(
    text: str, behind: tuple[int, int], before: int, building: str | None, entrance: str | None
) -> Place:
    """The room between `behind`, nearest first, else the one in front of `before`."""
    found = FOLLOWING.match(text, *behind)
    if found is not None:
        stairs = found["entrance"]
        return Place(building, entrance or (_plain(stairs) if stairs else None), _room_following(found))
    if MAY_NAME_ROOM.search(text) is None:
        return Place(building, entrance)
    room = ROOM.search(text, *behind) or ROOM.search(text, 0, before)
    return Place(building, entrance, _plain(room[room.lastindex or 0]) if room else None)


def _room_following(found: re.Match[str]) -> str:
    if not found["storey"]:
        return _plain(found["unit"] or found["apart"])
    flat = found["flat"]
    return found["storey"] + (flat.zfill(2) if flat.isdigit() else flat.upper())


def _dashed(text: str, found: re.Match[str]) -> Place:
    if found["building"]:
        return Place(_plain(found["building"]), _plain(found["entrance"]), _plain(found["unit"]))
    if found["house"]:
        return Place(_plain(found["house"]), None, _plain(found["room"]))
    if found["block"] and int(found["block"]) < int(found["stairs"]):
        return NOWHERE
    building = _plain(found["block"] or found["home"] or found["tower"])
    entrance = _plain(found["stairs"] or found["door"] or found["stair"])
    return _with_room(text, (found.end(), len(text)), found.start(), building, entrance)


def _first(text: str, found: re.Match[str]) -> str:
    """The part that was found, or the first of the list that it closes (3、5栋)."""
    start = found.start()
    listed = (
        LISTED.search(text[max(start - _LONGEST_LIST, 0) : start])
        if text[start - 1 : start] in _LISTS
        else None
    )
    number = listed[listed.lastindex or 0] if listed else found[found.lastindex or 0]
    return _plain(number[0] if number in _NEIGHBOURS else number)


def _plain(number: str) -> str:
    """十二 -> 12, 一百二十 -> 120, 五零一 -> 501, 十二零三 -> 1203, 05 -> 5, b -> B."""
    if number.isascii():
        return number.upper().lstrip("0") or number
    number = number.replace("拾", "十").replace("廿", "二十")
    hundreds, hundred, rest = number.rpartition("百")
    if hundred:
        return str(100 * _FIGURES[hundreds] + _counted(rest.lstrip("零")))
    if "十" in number:
        tens, zero, ones = number.partition("零")
        return str(_counted(tens)) + (f"0{_FIGURES.get(ones, ones)}" if zero else "")
    figures = "".join(str(_FIGURES.get(char, char)) for char in number)
    return figures.upper().lstrip("0") or figures


def _counted(number: str) -> int:
    """Below a hundred."""
    tens, ten, ones = number.rpartition("十")
    return (10 * _FIGURES.get(tens, 1) if ten else 0) + _FIGURES.get(ones, 0)
