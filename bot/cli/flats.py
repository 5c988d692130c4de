"""[[flats]] in a compound's file: which flats there are, in the few words in which a person would say it.

[[flats]]
buildings = ["1", "2"]       # alike in all of these
floors = "1-18"              # or 18
doors = 4                    # 101 to 104, ... 1801 to 1804; or ["A", "B"]: 1A, 1B, ...
skip = [4, 13, 14]           # floors that nobody counts
without = ["101"]            # not there
also = ["1901"]              # there besides
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, NamedTuple

from pydantic import Field, field_validator

from bot.config import Section
from nlp.normalise import normalise
from nlp.place import find_place

MOST = 50_000
_MOST_FLOORS = 150
_SHORTEST_ALONE = 3  # "3-12" is an entrance, "3-501" a flat of a building that has none (nlp.known_places)
_RANGE = re.compile(r"(?P<first>\d{1,3})(?:\s*-\s*(?P<last>\d{1,3}))?")

BuildingCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,10}$")]
Door = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,3}$")]
Label = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,6}$")]
Entrance = Annotated[int, Field(ge=1, le=40)]
Floor = Annotated[int, Field(ge=1, le=_MOST_FLOORS)]


class Flat(NamedTuple):
    """house: the code of the entrance it is behind, or of its building when that has none. label: as on its door."""

    house: str
    label: str


class FlatsFile(Section):
    """One [[flats]]: flats that are numbered alike in some buildings, or in some entrances of them."""

    buildings: tuple[BuildingCode, ...] = Field(min_length=1, max_length=500)
    entrances: tuple[Entrance, ...] = ()  # none named: all that the buildings have
    floors: tuple[Floor, ...] = ()
    doors: tuple[Door, ...] = Field((), max_length=99)
    skip: tuple[Floor, ...] = ()
    without: tuple[Label, ...] = ()
    also: tuple[Label, ...] = ()

    @field_validator("floors", mode="before")
    @classmethod
    def _as_ranges(cls, floors: object) -> object:
        """18, "1-18" or "1-3, 5-18"."""
        if isinstance(floors, int):
            floors = f"1-{floors}"
        if not isinstance(floors, str):
            return floors
        read = [_RANGE.fullmatch(part.strip()) for part in floors.split(",")]
        found = [(int(one["first"]), int(one["last"] or one["first"])) for one in read if one]
        if len(found) < len(read) or any(first > last or last > _MOST_FLOORS for first, last in found):
            raise ValueError(f'write 18, "1-18" or "1-3, 5-18", with at most {_MOST_FLOORS} floors')
        return tuple(floor for first, last in found for floor in range(first, last + 1))

    @field_validator("doors", mode="before")
    @classmethod
    def _counted(cls, doors: object) -> object:
        """4 for 01, 02, 03 and 04."""
        if not isinstance(doors, int):
            return doors
        if not 1 <= doors <= 99:
            raise ValueError("a floor has 1 to 99 doors")
        return tuple(f"{door:02}" for door in range(1, doors + 1))

    def labels(self) -> list[str]:
        """What is on the doors of one entrance. Raises ValueError for what contradicts itself."""
        if bool(self.floors) != bool(self.doors):
            raise ValueError("floors and doors go together")
        floors = [floor for floor in self.floors if floor not in self.skip]
        labels = dict.fromkeys(f"{floor}{door}" for floor in floors for door in self.doors)
        for label in self.without:
            if label not in labels:
                raise ValueError(f"without: {label} is not there anyway")
            del labels[label]
        for label in self.also:
            if label in labels:
                raise ValueError(f"also: {label} is there already")
            labels[label] = None
        if not labels:
            raise ValueError("say which: floors and doors, or also")
        return list(labels)


def lay_out(tables: Collection[FlatsFile], entrances: Mapping[str, int]) -> list[Flat]:
    """All flats that the tables say there are.

    entrances: by building how many it has, 0 for none of its own. Raises ValueError with the table, counted from 1, for
    what is not there, is said twice, is more than MOST, or is not written as messages are read.
    """
    flats: dict[Flat, None] = {}
    for number, table in enumerate(tables, 1):
        try:
            labels, houses = table.labels(), list(_houses(table, entrances))
            _check_spelling(labels)
            if len(flats) + len(labels) * len(houses) > MOST:
                raise ValueError(f"more than {MOST} flats")
            for house in houses:
                if "-" not in house and (short := [one for one in labels if len(one) < _SHORTEST_ALONE]):
                    raise ValueError(f"{house}-{short[0]} would be an entrance")
                for label in labels:
                    if Flat(house, label) in flats:
                        raise ValueError(f"{house}-{label} was said before")
                    flats[Flat(house, label)] = None
        except ValueError as error:
            raise ValueError(f"flats {number}: {error}") from error
    return list(flats)


def _houses(table: FlatsFile, entrances: Mapping[str, int]) -> Iterator[str]:
    for building in table.buildings:
        if building not in entrances:
            raise ValueError(f"there is no building {building}")
        count = entrances[building]
        for entrance in table.entrances:
            if entrance > count:
                raise ValueError(f"building {building} has no entrance {entrance}")
        if not count:
            yield building
        for entrance in table.entrances or range(1, count + 1):
            yield f"{building}-{entrance}"


def _check_spelling(labels: Collection[str]) -> None:
    for label in labels:
        read = find_place(normalise(f"{label}室")).unit
        if read is not None and read != label:
            raise ValueError(f'{label}: write it as messages are read: "{read}"')
