"""Pure: what may stand on a compound's card and who sees it; which cell a place is in, and what is odd about cells."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

LEAST, MOST = 20, 40  # households: a cell has about thirty (seeds 001 and 002)
ABOUT = 30
_PHONE = re.compile(r"[0-9][0-9 +-]{2,19}")


# The card


class CardFault(StrEnum):
    """Why an entry is not taken; stable."""

    NO_NAME = "card.no_name"
    PHONE = "card.phone"
    PRIVATE_PHONE = "card.private_phone"


@dataclass(frozen=True, slots=True)
class CardLine:
    """What stands under one heading of the card.

    agreed: the holder wants to be shown. office: it is the phone of an office.
    """

    name: str
    words: str = ""
    holder: str = ""
    phone: str = ""
    agreed: bool = False
    office: bool = False


def card_fault(line: CardLine) -> CardFault | None:
    """What is wrong with an entry; somebody's own phone is not even kept."""
    if not line.name:
        return CardFault.NO_NAME
    if line.phone and not _PHONE.fullmatch(line.phone):
        return CardFault.PHONE
    if line.phone and not line.office:
        return CardFault.PRIVATE_PHONE
    return None


def is_shown(holder: str, *, agreed: bool) -> bool:
    """Whether residents see an entry: one that names somebody only when they agreed."""
    return agreed or not holder


# Cells


@dataclass(frozen=True, slots=True)
class Sizes:
    """cells: households by cell, also those of none. outside: households in no cell. total: all that are known."""

    cells: Mapping[str, int]
    outside: int
    total: int


class CellFault(StrEnum):
    """What is odd about a cell."""

    SMALL = "small"
    LARGE = "large"
    NO_WORKER = "no_worker"


def cell_of(place: str, assigned: Mapping[str, str]) -> str | None:
    """The cell of a place: its own, or of the nearest place around it that has one."""
    code = place
    while code:
        if code in assigned:
            return assigned[code]
        code = code.rpartition("-")[0]
    return None


def household_codes(units: Iterable[str], households: Iterable[str]) -> list[str]:
    """The codes of all homes: a flat with several households is as many, any other one."""
    within = set(households)
    shared = {code.rpartition("-")[0] for code in within}
    return [*(code for code in units if code not in shared), *within]


def sizes(homes: Iterable[str], assigned: Mapping[str, str], cells: Iterable[str]) -> Sizes:
    """How many homes each cell has."""
    count = Counter(cell_of(code, assigned) for code in homes)
    return Sizes({cell: count.get(cell, 0) for cell in cells}, count.get(None, 0), sum(count.values()))


def faults(size: int, *, has_worker: bool) -> tuple[CellFault, ...]:
    """What is odd about a cell of so many households."""
    found = []
    if size < LEAST:
        found.append(CellFault.SMALL)
    if size > MOST:
        found.append(CellFault.LARGE)
    if not has_worker:
        found.append(CellFault.NO_WORKER)
    return tuple(found)


def compressed(cells: Mapping[str, str], places: Collection[str]) -> dict[str, str]:
    """The same cells with as few places as can be: a place whose homes are all of one cell stands for them.

    cells: by home or other place its cell. places: all places of the compound; those without a cell keep none.
    """
    children: dict[str, list[str]] = {}
    for code in places:
        parent = code.rpartition("-")[0]
        if parent:
            children.setdefault(parent, []).append(code)
    found = dict(cells)
    for code in sorted(children, key=lambda each: each.count("-"), reverse=True):
        below = {found.get(child) for child in children[code]}
        if code not in found and len(below) == 1 and None not in below:
            found[code] = str(below.pop())
    return {code: cell for code, cell in found.items() if cell_of(code.rpartition("-")[0], found) != cell}
