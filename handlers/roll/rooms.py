"""Which unit a row is about, however it is written: 3栋2单元501, 3-2-501, 车位B1-023, 1-1底商. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from handlers.numerals import value_of
from handlers.roll.cells import CellError
from storage.states import UnitKind

_NUMERALS = "零〇一二两三四五六七八九十百"
_SIGN = rf"[A-Z]?\d{{1,4}}[A-Z]?|[A-Z]{{1,2}}|[{_NUMERALS}]{{1,4}}|[甲乙丙丁东西南北]"
_HOUSE = rf"(?P<building>{_SIGN})(?:栋|幢|号楼|座|#|号院|楼)"
_STAIRS = rf"(?P<entrance>{_SIGN})(?:单元|门|梯)"
_ROOM = r"(?P<room>[A-Z]?\d{1,5}[A-Z]?(?:-\d{1,2})?)"
_ENDS = r"(?:室|号房|房|户|号)?"
# Behind whatever address comes first: 幸福路88号四季园3栋2单元501室.
_IN_WORDS = re.compile(
    rf"(?:.*[^0-9A-Z{_NUMERALS}])?{_HOUSE}-?(?:{_STAIRS})?-?(?:\d{{1,2}}[层楼]-?)?{_ROOM}{_ENDS}"
)
_DASHED = re.compile(
    rf"(?P<building>[A-Z]?\d{{1,4}}[A-Z]?|[A-Z])-(?:(?P<entrance>[A-Z]|\d{{1,2}})-)?{_ROOM}{_ENDS}"
)
_ALONE = re.compile(rf"{_ROOM}{_ENDS}")
_OF_PART = re.compile(rf"({_SIGN})(?:栋|幢|号楼|座|#|楼|单元|门|梯)?")
_PARKING_WORDS = re.compile(r"机动车位|停车位|车位|车库|停车场|泊位|地库")
_PARKING_LIKE = re.compile(r"(?P<floor>(?:B|负|地下)[1-4一二三四])层?-?[A-Z]?\d{2,4}号?")
_SHOP_WORDS = re.compile(r"商业用房|底商|商铺|店面|店铺|门面|门市|商业|商网|网点")
_SHOP_LIKE = re.compile(r"(?:[A-Z]?\d{1,3}-){0,2}S?\d{1,2}号?")
_ENTRANCE_UNSAID = re.compile(r"(?<=[栋幢楼座#])-?(\d{1,2})-(?=\d{3,4}(?!\d))")
_FLOORS = str.maketrans("一二三四", "1234")
_SHORTEST_ALONE = 3  # 3-12 is an entrance, 3-501 a flat of a building that has none
_LONGEST_CODE = 60


@dataclass(frozen=True, slots=True)
class Room:
    """Where a unit is.

    code: the place's in the tree for flats, "P-B1-023" for parking, "S-1-3" for shops without the number of a flat.
    """

    code: str
    building: str
    entrance: str
    room: str
    hint: UnitKind | None = None


def room_of(
    building: str, entrance: str, room: str, kind: UnitKind | None = None, houses: Collection[str] = ()
) -> Room:
    """The unit that three columns name, or the last of them alone; raises CellError.

    kind: what another column says it is. houses: codes of the compound's buildings and entrances, for what could be
    read in two ways. hint: what the words themselves say it is.
    """
    text = _ENTRANCE_UNSAID.sub(r"\1单元", re.sub(r"\s", "", room).upper())
    if not text:
        raise CellError("room.missing")
    if kind is UnitKind.PARKING or (kind is None and _is_parking(building, text, houses)):
        return _parking(text, building, houses)
    if _SHOP_WORDS.search(text) or (kind is UnitKind.SHOP and _SHOP_LIKE.fullmatch(text)):
        return _shop(text, building)
    given = Room("", part_of(building, "building"), part_of(entrance, "entrance"), "")
    read = _whole(text, given, houses)
    if read is None:
        alone = _ALONE.fullmatch(text)
        if alone is None:
            raise CellError("room.unreadable")
        if not given.building:
            raise CellError("room.no_building")
        read = replace(given, room=alone["room"])
    for one, other in ((read.building, given.building), (read.entrance, given.entrance)):
        if one and other and one != other:
            raise CellError("room.contradicts")
    return _coded(read.building, read.entrance or given.entrance, read.room, houses)


def _whole(text: str, given: Room, houses: Collection[str]) -> Room | None:
    """What a text that names more than a door says; None for a door alone."""
    if found := _IN_WORDS.fullmatch(text):
        return Room("", _bare(found["building"]), _bare(found["entrance"] or ""), found["room"])
    found = _DASHED.fullmatch(text)
    if found is None:
        return None
    first, room = _bare(found["building"]), found["room"]
    if found["entrance"]:
        return Room("", first, _bare(found["entrance"]), room)
    if len(room) < _SHORTEST_ALONE:
        if given.building:
            return None  # 501-1: a door with two households
        raise CellError("room.ambiguous")
    if not given.building:
        return Room("", first, "", room)
    if given.entrance:
        raise CellError(
            "room.contradicts" if first not in (given.building, given.entrance) else "room.ambiguous"
        )
    if first != given.building:
        return Room("", given.building, first, room)  # 2-501 beside building 3
    # 2-501 beside building 2: its entrance 2, or the building once more?
    if first in houses and not any(house.startswith(f"{first}-") for house in houses):
        return Room("", first, "", room)
    raise CellError("room.ambiguous")


def _coded(building: str, entrance: str, room: str, houses: Collection[str]) -> Room:
    bare = room.lstrip("0") or room
    code = "-".join(part for part in (building, entrance, bare) if part)
    if code in houses:
        raise CellError("room.is_entrance")
    if len(code) > _LONGEST_CODE:
        raise CellError("room.unreadable")
    return Room(code, building, entrance, bare)


def _is_parking(building: str, text: str, houses: Collection[str]) -> bool:
    found = _PARKING_LIKE.fullmatch(text)
    return bool(_PARKING_WORDS.search(building + text)) or (
        found is not None and _floor(found["floor"]) not in houses
    )


def _floor(text: str) -> str:
    return "B" + text[-1].translate(_FLOORS)


def _parking(text: str, building: str, houses: Collection[str]) -> Room:
    bare = re.sub(
        r"(?:B|负|地下)([1-4一二三四])[层楼]?", lambda found: f"-B{found[1].translate(_FLOORS)}-", text
    )
    bare = re.sub(r"地下|[()（）:号]", "", _PARKING_WORDS.sub("", bare))
    bare = re.sub(r"-+", "-", bare).strip("-")
    if not re.search(r"[0-9A-Z]", bare) or len(bare) > _LONGEST_CODE - 2:
        raise CellError("room.unreadable")
    part = _OF_PART.fullmatch(re.sub(r"\s", "", building).upper())
    house = _bare(part[1]) if part else ""
    return Room(f"P-{bare}", house if house in houses else "", "", bare, UnitKind.PARKING)


def _shop(text: str, building: str) -> Room:
    bare = re.sub(r"[()（）号室]", "", _SHOP_WORDS.sub("-", re.sub(r"(\d)(?:栋|幢|号楼|座|#)", r"\1-", text)))
    bare = re.sub(r"-+", "-", bare).strip("-")
    first, _, rest = bare.partition("-")
    house = part_of(building, "building")
    if rest and not house:
        house = _bare(first)
    elif house and _bare(first) != house:
        bare = f"{house}-{bare}"
    if not re.search(r"[0-9A-Z]", bare) or len(bare) > _LONGEST_CODE - 2:
        raise CellError("room.unreadable")
    return Room(f"S-{bare}", house, "", bare, UnitKind.SHOP)


def part_of(text: str, what: str) -> str:
    """The sign of a building or an entrance (`what`), as codes have it: 三号楼 is 3; raises CellError."""
    bare = re.sub(r"\s", "", text).upper()
    if not bare:
        return ""
    found = _OF_PART.fullmatch(bare)
    if found is None:
        raise CellError(f"room.{what}")
    return _bare(found[1])


def _bare(sign: str) -> str:
    """03 as 3, 三 as 3; letters as they are."""
    if sign and all(char in _NUMERALS for char in sign):
        return str(value_of(sign))
    return sign.lstrip("0") or sign
