"""Several rounds of a survey added up, pure: each household once, with its newest answer to what it was asked last.

Rounds are for single buildings too, or ask again where an answer is missing. An answer to another question is no answer
to the one that was asked last. Of what households said only rows that a round has told by itself are added: whatever
comes out, it tells no more about anybody than these rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from handlers.polls.rules import Counts, Figures
from handlers.surveys.rules import CHOICES


@dataclass(frozen=True, slots=True)
class Asked:
    """Households of a building that are alike. rounds: that asked them, by place from the oldest. answered, tried:
    those in which they answered, and in which somebody was there in vain."""

    building: str
    rounds: frozenset[int]
    answered: frozenset[int]
    tried: frozenset[int]
    units: int = 1


@dataclass(frozen=True, slots=True)
class Held:
    """A round that is over. told: what everybody may read of it."""

    question: str
    told: Figures


@dataclass(frozen=True, slots=True)
class Together:
    """Households. asked: they answered, or somebody was there. told: those of which options says what they said."""

    households: int
    asked: int
    answered: int
    told: int
    options: tuple[int, ...]


def together(held: Mapping[int, Held], homes: Iterable[Asked]) -> Together:
    """Add up rounds by their place; those that are not in held ask nobody. A row of a round in which one answer counts
    no more is left out, since with the other sums it would tell what few said."""
    households = asked = answered = 0
    mixed: set[tuple[int, str]] = set()
    for home in homes:
        theirs = home.rounds & held.keys()
        if not theirs:
            continue
        question = held[max(theirs)].question
        same = {at for at in theirs if held[at].question == question}
        households += home.units
        asked += home.units * bool(same & (home.answered | home.tried))
        counts = max(same & home.answered, default=None)
        answered += home.units * (counts is not None)
        mixed |= {(at, home.building) for at in home.answered & held.keys() if at != counts}
    told, options = 0, [0] * len(CHOICES)
    for at, each in held.items():
        for row in _unmixed(each.told, {building for place, building in mixed if place == at}):
            told += row.answers
            options = [one + more for one, more in zip(options, row.options or (), strict=True)]
    return Together(households, asked, answered, told, tuple(options))


def _unmixed(figures: Figures, mixed: set[str]) -> list[Counts]:
    """The rows in which every answer counts. mixed: buildings with one that does not."""
    if figures.whole.options is None:
        return []
    if not mixed:
        return [figures.whole]
    rows = figures.by_building
    left_out = {building if building in rows else "" for building in mixed}
    return [row for building, row in rows.items() if building not in left_out]
