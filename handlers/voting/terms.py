"""The terms of an owners' vote: what a tally is made of. Pure data, standard library only.

Areas are integers in MILLIONTHS of a square metre: published rolls have two or three decimals, nothing is lost, and
no float can touch them. `area_of` and `area_text` are the only ways in and out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

from storage.states import UnitKind

MILLIONTHS = 1_000_000
_LARGEST_AREA = Decimal(10) ** 9  # square metres; a compound of that size would be a mistake in the sheet

AGREE = "agree"
AGAINST = "against"
ABSTAIN = "abstain"
SPOILED = "spoiled"
BLANK = "blank"
FOLLOW = "follow"  # 从多: whatever the majority says

DEVELOPER = "DEVELOPER"  # one person for all units not sold or not handed over (司法解释 art. 9)


class Regime(StrEnum):
    """Which law a vote is under."""

    CIVIL_CODE = "civil_code_278"
    PROPERTY_LAW = "property_law_76_pre2021"


class Revote(StrEnum):
    """Whether a ballot may be changed, in the channel it was cast by."""

    NONE = "none"
    ONCE = "once"
    LAST = "last"


class ChannelPriority(StrEnum):
    """Which ballot of a unit counts when two channels bring one each."""

    FIRST_RECORDED = "first_recorded"
    PAPER_OVER_ONLINE = "paper_over_online"


class Rank(StrEnum):
    """How candidates who have the legal majority are put in order."""

    COUNT_THEN_AREA = "count_then_area"
    AREA_THEN_COUNT = "area_then_count"
    SUM_OF_SHARES = "sum_of_shares"


class Status(StrEnum):
    """What became of a question. NOT_PASSED reads 未形成有效决定: it is never the opposite decision."""

    PASSED = "PASSED"
    NOT_PASSED = "NOT_PASSED"
    NO_QUORUM = "NO_QUORUM"
    REVIEW_REQUIRED = "REVIEW_REQUIRED"
    SEATS_UNFILLED = "SEATS_UNFILLED"
    RUNOFF_REQUIRED = "RUNOFF_REQUIRED"


class Rejection(StrEnum):
    """Why a ballot does not count. It stays in the record."""

    UNKNOWN_UNIT = "unknown_unit"
    EARLY = "early"
    LATE = "late"
    NOT_REPRESENTATIVE = "not_representative"
    MINOR_NEEDS_GUARDIAN = "minor_needs_guardian"
    PROXY_CAP = "proxy_cap"
    DUPLICATE_OTHER_CHANNEL = "duplicate_other_channel"
    REVOTE_REFUSED = "revote_refused"


class CaseKind(StrEnum):
    """What no rule decides, and two deciders have to."""

    CO_OWNER_CONFLICT = "co_owner_conflict"
    SAME_OWNER_CONFLICT = "same_owner_conflict"
    CONTESTED = "contested"  # the owner says that it was not them


FOLLOW_UNDEFINED = "follow_majority_undefined"


class AreaError(ValueError):
    """Not a positive area in square metres with at most six decimals."""


def area_of(text: str | int | Decimal) -> int:
    """Square metres as written, in millionths; raises AreaError for what is no such number, and for floats."""
    if isinstance(text, bool | float):
        raise AreaError(f"{text!r} is not a decimal")
    try:
        value = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        raise AreaError(f"{text!r} is not a decimal") from None
    if not value.is_finite() or not 0 <= value < _LARGEST_AREA:
        raise AreaError(f"{text!r} is not an area in square metres")
    scaled = value.scaleb(6)
    if scaled != scaled.to_integral_value():
        raise AreaError(f"{text!r} has more than six decimals")
    return int(scaled)


def area_text(area: int) -> str:
    """Millionths as square metres, exact, with at least two decimals: 89.73, 95862.363, 300.00."""
    sign, area = ("-", -area) if area < 0 else ("", area)
    whole, rest = divmod(area, MILLIONTHS)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole}.{decimals}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What was announced with a vote and cannot change any more (voting.md section 3).

    scope_buildings: empty for the whole compound. opens_at and closes_at: both moments belong to the window.
    deemed_follow: who got the papers provably, returned nothing, and was warned, follows the majority.
    """

    regime: Regime = Regime.CIVIL_CODE
    scope_buildings: frozenset[str] = frozenset()
    parking_counts: bool = False
    spoiled_participates: bool = False
    blank_is_spoiled: bool = False
    revote: Revote = Revote.NONE
    channel_priority: ChannelPriority = ChannelPriority.FIRST_RECORDED
    proxy_cap: int | None = None
    deemed_follow: bool = False
    rank: Rank = Rank.COUNT_THEN_AREA
    opens_at: datetime | None = None
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a vote.

    item: 1 to 9, of 民法典 art. 278 paragraph 1. options: what may be decided for, `agree` alone for yes or no.
    seats: of an election; None otherwise. Then `options` are the candidates, and a choice is the names ticked.
    """

    question_id: str
    item: int
    options: tuple[str, ...] = (AGREE,)
    seats: int | None = None


class Unit(NamedTuple):
    """One line of the frozen roll. area: in millionths. representative: who votes for co-owners, when one is named."""

    unit_id: str
    owner_key: str
    kind: UnitKind
    area: int
    building: str = ""
    co_owned: bool = False
    owner_minor: bool = False
    delivered: bool = False
    representative: str | None = None


Choice = str | frozenset[str]
"""What a ballot says to one question: an option or AGREE..FOLLOW; the names ticked in an election."""


class Ballot(NamedTuple):
    """One ballot for one unit, as it came in.

    cast_at: when it arrived, for paper when it was received; the window is about this. recorded_at: when it took its
    place before others, which is cast_at where nothing else is said; seq tells apart those of one moment.
    choices: for each question; a question that is not in it was left blank. by: who cast it. proxy: who held the
    owner's mandate. ballot_id: the paper it is part of, which may cover several units. contested: the owner says that
    it was not them.
    """

    unit_id: str
    choices: Mapping[str, Choice]
    channel: str
    cast_at: datetime | None = None
    seq: int | None = None
    by: str | None = None
    proxy: str | None = None
    recorded_at: datetime | None = None
    ballot_id: str = ""
    contested: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """What two deciders said about a case. choice: what counts for the person; None: nothing does."""

    question_id: str
    person: str
    choice: Choice | None


class Sums(NamedTuple):
    """Persons and area (millionths) together: every rule of art. 278 is about both."""

    persons: int = 0
    area: int = 0

    def plus(self, other: "Sums") -> "Sums":
        """Both added."""
        return Sums(self.persons + other.persons, self.area + other.area)


class Added(NamedTuple):
    """Who took part, and what each choice got. In an election a ballot adds to every candidate that it names."""

    participants: Sums
    choices: Mapping[str, Sums]

    def plus(self, other: "Added") -> "Added":
        """Both together, of different persons."""
        names = [*self.choices, *(name for name in other.choices if name not in self.choices)]
        none = Sums()
        return Added(
            self.participants.plus(other.participants),
            {name: self.choices.get(name, none).plus(other.choices.get(name, none)) for name in names},
        )


@dataclass(frozen=True, slots=True)
class Case:
    """A conflict that nobody has ruled on, with what was cast, by unit."""

    kind: CaseKind
    person: str
    said: tuple[tuple[str, Choice], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the law makes of the sums of one question.

    agreed: for the option that passed or came nearest; None in an election. choices: persons and area of each, 从多
    and deemed votes already where they went. by_building, by_channel: as cast. A person with units in two buildings
    is a person in both.
    """

    status: Status
    total: Sums
    participants: Sums
    agreed: Sums | None
    choices: Mapping[str, Sums]
    cases: tuple[Case, ...] = ()
    notes: tuple[str, ...] = ()
    passed: str | None = None
    elected: tuple[str, ...] = ()
    alternates: tuple[str, ...] = ()
    tie: tuple[str, ...] = ()
    seats_unfilled: int = 0
    by_building: Mapping[str, Added] = field(default_factory=dict)
    by_channel: Mapping[str, Added] = field(default_factory=dict)


# Asked of every unit several times; looking a member up in its class takes longer than all the rest of the question.
_UNSOLD, _UNDELIVERED, _PARKING = UnitKind.UNSOLD, UnitKind.UNDELIVERED, UnitKind.PARKING


def person_of(unit: Unit) -> str:
    """Who counts as one person with this unit: the owner, or the developer for all it still holds (art. 9)."""
    if unit.kind is _UNSOLD or unit.kind is _UNDELIVERED:
        return DEVELOPER
    return unit.owner_key


def in_scope(rules: Rules, unit: Unit) -> bool:
    """Whether a unit belongs to a vote."""
    if unit.kind is _PARKING and not rules.parking_counts:
        return False
    return not rules.scope_buildings or unit.building in rules.scope_buildings
