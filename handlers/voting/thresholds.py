"""The majorities of 民法典 art. 278 paragraph 2, exact, on integers. Pure.

三分之二以上 and 四分之三以上 include the number (art. 1259), 过半数 excludes the half. Every rule is about persons and
about area, and both must hold.
"""

from dataclasses import dataclass
from typing import NamedTuple

from handlers.voting.terms import Regime, Sums

SPECIAL_ITEMS = frozenset({6, 7, 8})  # 筹集维修资金, 改建重建, 改变共有部分用途
OLD_SPECIAL_ITEMS = frozenset({5, 6, 7})  # 物权法 art. 76: 筹集和使用维修资金, 改建重建


class Share(NamedTuple):
    """A part of a whole that must be reached, or exceeded when `strict`."""

    numerator: int
    denominator: int
    strict: bool

    def holds(self, part: int, whole: int) -> bool:
        """Whether a part is enough of a whole. Nothing is enough of nothing."""
        if whole <= 0:
            return False
        left, right = part * self.denominator, whole * self.numerator
        return left > right if self.strict else left >= right

    def least(self, whole: int) -> int:
        """The smallest part that is enough."""
        if self.strict:
            return whole * self.numerator // self.denominator + 1
        return -(-whole * self.numerator // self.denominator)


_HALF = Share(1, 2, strict=True)
_TWO_THIRDS = Share(2, 3, strict=False)
_THREE_QUARTERS = Share(3, 4, strict=False)


@dataclass(frozen=True, slots=True)
class Majority:
    """What a matter needs. `of_all`: agreement is measured against the whole roll, not against who took part."""

    quorum: Share
    agreement: Share
    of_all: bool

    def has_quorum(self, total: Sums, participants: Sums) -> bool:
        """Whether enough took part, by persons and by area."""
        return self.quorum.holds(participants.persons, total.persons) and self.quorum.holds(
            participants.area, total.area
        )

    def passes(self, total: Sums, participants: Sums, agreed: Sums) -> bool:
        """Whether enough agreed, by persons and by area; says nothing of the quorum."""
        base = total if self.of_all else participants
        return self.agreement.holds(agreed.persons, base.persons) and self.agreement.holds(
            agreed.area, base.area
        )


def majority_for(regime: Regime, item: int) -> Majority:
    """What a matter of art. 278 needs; `item` is 1 to 9."""
    if regime is Regime.PROPERTY_LAW:
        agreement = _TWO_THIRDS if item in OLD_SPECIAL_ITEMS else _HALF
        return Majority(quorum=_HALF, agreement=agreement, of_all=True)
    agreement = _THREE_QUARTERS if item in SPECIAL_ITEMS else _HALF
    return Majority(quorum=_TWO_THIRDS, agreement=agreement, of_all=False)
