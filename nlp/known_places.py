"""What a compound's own places say about a place that a message named."""

from collections.abc import Set as AbstractSet
from typing import NamedTuple

from nlp.place import NOWHERE, Place

_ROOM_LENGTH = 3  # "3-501" is a flat of a building without entrances, "3-12" an entrance


class Checked(NamedTuple):
    """A place after the check. The tuples name its parts ("building", "entrance", "unit").

    confirmed: said, and there. completed: not said, but only one can be meant. dropped: said, and cannot be. A part
    that is in none of them was said, and the codes do not tell.
    """

    place: Place
    confirmed: tuple[str, ...] = ()
    completed: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def check_place(
    place: Place, known_codes: AbstractSet[str], listed: AbstractSet[str] = frozenset()
) -> Checked:
    """Hold a place against codes of a compound: "3" a building, "3-2" an entrance, "3-2-501" or "3-501" a flat.

    Buildings and entrances have to be known all or not at all. Of flats those will do that may be meant.
    listed: the codes of entrances, and of buildings without any, whose flats are known; one of which no flat is known
    and that is not listed says nothing about a flat. Without a known building nothing is judged. A building that cannot
    be takes what was said to be in it along.
    """
    buildings = {code for code in known_codes if "-" not in code}
    building = place.building or _only_building(place, buildings, known_codes)
    if building is None or not buildings:
        return Checked(place)
    if building not in buildings:
        return _compare(place, NOWHERE, frozenset())
    inside = {code.removeprefix(f"{building}-") for code in known_codes if code.startswith(f"{building}-")}
    entrance, unit = place.entrance or _only_entrance(place.unit, inside), place.unit
    entrances = _entrances(inside)
    if entrance is not None and entrances and entrance not in entrances:
        entrance = None
    flats = _flats(entrance, inside)
    behind = {f"{building}-{one}" for one in ([entrance] if entrance else entrances)} or {building}
    if unit not in flats and (flats or behind <= listed):
        unit = None
    there = {
        "building",
        *(["entrance"] if entrance in entrances else []),
        *(["unit"] if unit in flats else []),
    }
    return _compare(place, Place(building, entrance, unit), there)


def _compare(said: Place, kept: Place, there: AbstractSet[str]) -> Checked:
    """there: the parts that are known places."""
    parts = list(zip(Place._fields, said, kept, strict=True))
    return Checked(
        kept,
        tuple(part for part, before, after in parts if before and after and part in there),
        tuple(part for part, before, after in parts if after and not before),
        tuple(part for part, before, after in parts if before and not after),
    )


def _only_building(place: Place, buildings: AbstractSet[str], known_codes: AbstractSet[str]) -> str | None:
    """The one building that has the flat that was said; the only one there is for a flat or an entrance."""
    if place == NOWHERE:
        return None
    if len(buildings) == 1:
        return next(iter(buildings))
    if place.unit is None:
        return None
    tail = f"-{place.entrance}-{place.unit}" if place.entrance else f"-{place.unit}"
    having = [code for code in known_codes if code.endswith(tail)]
    return having[0].partition("-")[0] if len(having) == 1 else None


def _only_entrance(unit: str | None, inside: AbstractSet[str]) -> str | None:
    """The one entrance that a flat can be in."""
    if unit is None:
        return None
    entrances = _entrances(inside)
    having = [entrance for entrance in entrances if f"{entrance}-{unit}" in inside]
    if len(having) == 1:
        return having[0]
    return next(iter(entrances)) if len(entrances) == 1 and unit not in inside else None


def _entrances(inside: AbstractSet[str]) -> set[str]:
    return {code for code in inside if "-" not in code and len(code) < _ROOM_LENGTH}


def _flats(entrance: str | None, inside: AbstractSet[str]) -> set[str]:
    """The known flats behind an entrance, or of the whole building."""
    if entrance is not None:
        return {code.split("-")[1] for code in inside if code.startswith(f"{entrance}-")}
    whole = {code for code in inside if "-" not in code and len(code) >= _ROOM_LENGTH}
    return whole | {code.split("-")[1] for code in inside if "-" in code}
