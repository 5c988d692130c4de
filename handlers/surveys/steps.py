"""What households said is told in steps, pure: of two figures in a row none differs by fewer than five households.

Who goes from door to door, and every neighbour at the window, may know which household answered when, and whoever names
a home as theirs may answer in its place. So nobody's answer, and nobody's change of one, is told alone:

- Who answered waits. When ten wait, those who have waited longest are told together; the last five go on waiting, so
  that there are five to tell at the end. What is told of a household while the round is open stays as it was told.
- At the end all that wait are told together, and with them whoever changed what they said. Of fewer than five nothing
  is told: where fewer answered at all, nothing ever is.
- Reasons and words are told with the answer that they belong to, and so not one at a time either.
- Buildings are told apart at the end only, and only so far that no sum of steps differs from a sum of buildings by
  fewer than five (`told_apart`).

The rule is ours. What remains: of five who all said the same everybody knows what they said; whoever is one of the
five, or was told by some of them, has the fewer to tell apart; a change at the end may show where a figure grows less,
though not whose it is to whoever does not know that one household alone answered anew. What somebody wrote goes at once
when they are forgotten.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import combinations

from handlers.polls.rules import FEWEST, Counts, Figures
from handlers.surveys.rules import CHOICES, Said
from storage.states import SurveyChoice

WAITING = 2 * FEWEST
"""So many wait when some of them are told while more may come."""


def may_be_told(waiting: int) -> int:
    """How many of those that wait are told while more may come, the longest waiting first: none, or five at least."""
    return waiting - FEWEST if waiting >= WAITING else 0


class Differs(IntEnum):
    """In what an answer differs from what is told of its household, the most telling first. CHOICE: also where nothing
    is told yet."""

    CHOICE = 1
    REASONS = 2
    WORDS = 3


def differs(told: Said | None, now: Said) -> Differs | None:
    """In what, or None where both say the same."""
    if told is None or told.choice is not now.choice:
        return Differs.CHOICE
    if told.reasons != now.reasons:
        return Differs.REASONS
    return None if told.words == now.words else Differs.WORDS


def told_at_the_end(households: Mapping[Differs, int]) -> frozenset[Differs]:
    """Which of them are told when nobody answers any more: so that in choices, in reasons and in words the figures
    differ by no household or by five at least. households: how many differ in what."""
    kinds, told = set[Differs](), 0
    for kind in Differs:
        if told + households.get(kind, 0) >= FEWEST:
            kinds.add(kind)
            told += households.get(kind, 0)
    return frozenset(kinds)


def shown(told: Iterable[tuple[str, SurveyChoice, int]], apart: Collection[str]) -> Figures:
    """The figures of what is told: (building, choice, units). apart: the buildings that have rows of their own."""
    rows: dict[str, list[int]] = {}
    for building, choice, units in told:
        row = rows.setdefault(building if building in apart else "", [0] * len(CHOICES))
        row[CHOICES.index(choice)] += units
    whole = [sum(column) for column in zip(*rows.values(), strict=True)] if rows else []
    by_building = {building: _counts(row) for building, row in sorted(rows.items())} if len(rows) > 1 else {}
    return Figures(_counts(whole), by_building)


def _counts(row: Sequence[int]) -> Counts:
    return Counts(sum(row), tuple(row) if sum(row) >= FEWEST else None)


@dataclass(frozen=True, slots=True)
class Home:
    """Households of a building of which an answer, or another choice, was told in the same steps, in order."""

    building: str
    steps: tuple[int, ...]
    units: int = 1


def told_apart(homes: Sequence[Home]) -> frozenset[str]:
    """The buildings that may have rows of their own beside the figures of all steps; the others are told together.

    Everybody has the figures of each step and would have those of each row. Put some steps and rows on one side and the
    rest on the other: a household is on one side with its row and all its steps, or it is cut. Where one to four are
    cut, the sums of the two sides tell what these said. Rows that share enough households of the same steps are never
    parted by a cut of so few. So it is safe when all rows that steps link, however far, are such; else the smallest of
    them goes to those that are told together.
    """
    sizes: Counter[str] = Counter()
    for home in homes:
        sizes[home.building] += home.units
    together = {building for building, units in sizes.items() if units < FEWEST or not building}
    while True:
        alone = frozenset(sizes.keys() - together)
        few = sum(sizes[building] for building in together)
        if len(alone) + bool(together) < 2:
            return frozenset()
        unsafe = alone if 0 < few < FEWEST else _mixed(homes, alone) & alone
        if not unsafe:
            return alone
        together.add(min(unsafe, key=lambda building: (sizes[building], building)))


def _mixed(homes: Iterable[Home], alone: Collection[str]) -> set[str]:
    """The rows that a sum of steps may come too close to."""
    rows = [Home(each.building if each.building in alone else "", each.steps, each.units) for each in homes]
    group = {each.building: each.building for each in rows}
    while joined := _inseparable(rows, group):
        for one, other in joined:
            low, high = sorted((group[one], group[other]))
            group = {row: low if held == high else held for row, held in group.items()}
    linked: dict[object, object] = {}

    def end_of(node: object) -> object:
        while (after := linked.get(node, node)) != node:
            node = after
        return node

    for each in rows:
        for step in each.steps:
            linked[end_of(step)] = end_of(("row", group[each.building]))
    ends: dict[object, set[str]] = {}
    for held in set(group.values()):
        ends.setdefault(end_of(("row", held)), set()).add(held)
    mixed = {held for several in ends.values() if len(several) > 1 for held in several}
    return {row for row, held in group.items() if held in mixed}


def _inseparable(rows: Iterable[Home], group: dict[str, str]) -> list[tuple[str, str]]:
    """Groups that no cut of fewer than five parts: each step is on one side, and cuts its households on the other."""
    steps: dict[int, Counter[str]] = {}
    for each in rows:
        steps.setdefault(each.steps[-1], Counter())[group[each.building]] += each.units
    shared: Counter[tuple[str, str]] = Counter()
    for counts in steps.values():
        for one, other in combinations(sorted(counts), 2):
            shared[one, other] += min(counts[one], counts[other])
    return [pair for pair, units in shared.items() if units >= FEWEST]
