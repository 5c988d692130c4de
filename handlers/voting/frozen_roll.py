"""The roll as a vote uses it: one line a unit, hashed, with owners known only by keys minted for this vote. Pure.

One unit is one person; the units of one owner are one person; a different set of co-owners is another person
(司法解释 art. 9). What is refused here is refused before the notice, not found in the tally.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import rfc8785

from handlers.voting.terms import DEVELOPER, Rules, Sums, Unit, area_text, in_scope, person_of
from storage.merkle import Hash, leaf_hash, root_of
from storage.states import UnitKind

SALT_BYTES = 16
KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Title:
    """A unit of the present roll with its owners. Areas in millionths, None where the document is missing.

    owners: numbers of the roll's owners. representative: the co-owner who votes. minors: owners who need a guardian.
    developers: owners that are the developer.
    """

    unit_code: str
    kind: UnitKind
    building: str
    entrance: str
    room: str
    owners: frozenset[int]
    area_register: int | None = None
    area_survey: int | None = None
    area_contract: int | None = None
    representative: int | None = None
    minors: frozenset[int] = frozenset()
    developers: frozenset[int] = frozenset()

    @property
    def is_developers(self) -> bool:
        """Whether the developer votes for it: not sold, sold and not handed over, or its own parking (art. 9)."""
        return self.kind in (UnitKind.UNSOLD, UnitKind.UNDELIVERED) or (
            bool(self.owners) and self.owners <= self.developers
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a unit keeps the roll from being frozen; code is stable: roll.no_area, roll.no_owner."""

    unit_code: str
    code: str


class RollError(ValueError):
    """The roll cannot be frozen; `problems` names every unit."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} units cannot be frozen")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the frozen roll. What is public of it: everything but where the owner key came from."""

    unit: Unit
    entrance: str
    room: str
    area_basis: str
    salt: bytes

    def canonical(self) -> bytes:
        """The bytes that are hashed (RFC 8785). `delivered` is a fact of the vote, not of the roll."""
        unit = self.unit
        return rfc8785.dumps(
            {
                "unit": unit.unit_id,
                "kind": unit.kind.value,
                "building": unit.building,
                "entrance": self.entrance,
                "room": self.room,
                "area": area_text(unit.area),
                "area_basis": self.area_basis,
                "owner": unit.owner_key,
                "co_owned": unit.co_owned,
                "minor": unit.owner_minor,
                "representative": unit.representative,
                "salt": self.salt.hex(),
            }
        )


@dataclass(frozen=True, slots=True)
class FrozenRoll:
    """lines: sorted by unit, which is their place in the tree. keys: owner key to the owners it stands for.

    total: persons and area in scope, N and A of the notice.
    """

    lines: tuple[Line, ...]
    keys: Mapping[str, frozenset[int]]
    root: Hash
    total: Sums


def freeze(
    rules: Rules, titles: Iterable[Title], mint: Callable[[int], bytes] = secrets.token_bytes
) -> FrozenRoll:
    """Freeze the units in scope; raises RollError. `mint` gives that many random bytes.

    All units of the developer have one key, DEVELOPER, which is no secret: their kind tells it. It stands for the
    developer alone, also where a unit that was not handed over has a buyer already. Several companies that hold them
    are one person by law, and vote like co-owners.
    """
    keys: dict[frozenset[int], str] = {}
    developers: set[int] = set()

    def key_of(owners: frozenset[int]) -> str:
        if owners not in keys:
            keys[owners] = mint(KEY_BYTES).hex()
        return keys[owners]

    lines, problems = [], []
    for title in sorted(titles, key=lambda each: each.unit_code):
        area, basis = _area(title)
        unit = Unit(title.unit_code, "", title.kind, area, title.building)
        if not in_scope(rules, unit):
            continue
        if area <= 0:
            problems.append(Problem(title.unit_code, "roll.no_area"))
        if not title.owners:
            problems.append(Problem(title.unit_code, "roll.no_owner"))
        for owner in sorted(title.owners):
            key_of(frozenset({owner}))
        representative = title.representative
        if title.is_developers:
            developers |= title.owners & title.developers
            unit = unit._replace(owner_key=DEVELOPER)
        else:
            unit = unit._replace(
                owner_key=key_of(title.owners),
                co_owned=len(title.owners) > 1,
                owner_minor=bool(title.owners) and title.owners <= title.minors,
                representative=key_of(frozenset({representative})) if representative is not None else None,
            )
        lines.append(Line(unit, title.entrance, title.room, basis, mint(SALT_BYTES)))
    if problems:
        raise RollError(problems)
    if len(developers) > 1:
        lines = [
            replace(line, unit=line.unit._replace(co_owned=True))
            if line.unit.owner_key == DEVELOPER
            else line
            for line in lines
        ]
    total = Sums(len({person_of(line.unit) for line in lines}), sum(line.unit.area for line in lines))
    stands_for = {key: owners for owners, key in keys.items()}
    if developers:
        stands_for[DEVELOPER] = frozenset(developers)
    return FrozenRoll(tuple(lines), stands_for, root_of_lines(lines), total)


def root_of_lines(lines: Iterable[Line]) -> Hash:
    """The root that the notice prints."""
    return root_of([leaf_hash(line.canonical()) for line in lines])


def _area(title: Title) -> tuple[int, str]:
    """The register is believed before the survey, the survey before the contract (司法解释 art. 8)."""
    for area, basis in (
        (title.area_register, "register"),
        (title.area_survey, "survey"),
        (title.area_contract, "contract"),
    ):
        if area is not None:
            return area, basis
    return 0, ""
