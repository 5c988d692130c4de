"""From hits to categories: how sure the rules are of each leaf, and which leaves a message is about."""

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import NamedTuple

from nlp.evidence import Candidate
from nlp.lexicon import Lexicon, top_of

# By length: longer terms are rarer and mean what they say. Found by trial on messages, not on theory.
_STRONG = (0.0, 0.5, 0.7, 0.78, 0.84, 0.9)
_PAIR = (0.0, 0.0, 0.45, 0.6, 0.68, 0.75)
_LONG = 5  # or longer
_WEAK = 0.42

_SAFETY_DOUBT = 0.7  # of leaves about as sure, safety comes first
_HANDLING_DOUBT = 2.5  # and how a matter was handled comes after what it is
_LEAST_SHARE = 0.65  # of the best score, for a second category
_MOST_CATEGORIES = 3

_Witness = tuple[float, int, int]  # score, start, end


class Category(NamedTuple):
    """A leaf of the lexicon (`dianti.kunren`) and how sure the rules are, 0 to 1."""

    id: str
    score: float


class Ranking:
    """Weighs the hits of a message, knowing which leaves come first and which give way."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._weight = {leaf.id: 1.0 for leaf in lexicon.leaves.values()}
        self._catch_all: set[str] = set()
        for leaf in lexicon.leaves.values():
            if leaf.gives_way == "top":
                self._catch_all.add(leaf.id)
            elif leaf.gives_way == "all":
                self._weight[leaf.id] = _HANDLING_DOUBT
            elif leaf.urgency == 3:
                self._weight[leaf.id] = _SAFETY_DOUBT
        # Rounding takes longer than all else here. Of one witness what comes is worked out before; of two it is kept,
        # since there are only so many different cases.
        self._of_one: dict[float, dict[str, Category]] = {
            score: {leaf: self._weigh(leaf, (score,)) for leaf in self._weight}
            for score in (*_STRONG, *_PAIR, _WEAK)
        }
        self._of_two: dict[tuple[str, float, float], Category] = {}

    def rank(self, found: list[Candidate]) -> tuple[Category, ...]:
        """Best first, at most three; leaves far behind the best are left out. `found` is not empty.

        Hits of a leaf add up as independent witnesses, unless they overlap: then the better one speaks for both.
        """
        witnesses: dict[str, list[_Witness]] = {}
        for leaf, rule, marks in found:
            start, end = marks[0]
            length = end - start
            if rule == "strong":
                score = _STRONG[length if length < _LONG else _LONG]
            elif rule == "pair":
                second, end = marks[1]
                length += end - second
                score = _PAIR[length if length < _LONG else _LONG]
            else:
                score = _WEAK
            if leaf in witnesses:
                _hear(witnesses[leaf], (score, start, end))
            else:
                witnesses[leaf] = [(score, start, end)]
        if len(found) == 1:
            return (self._of_one[score][leaf],)
        if len(witnesses) == 1:
            return (self._sure(leaf, witnesses[leaf]),)
        return self._best(witnesses)

    def _best(self, witnesses: dict[str, list[_Witness]]) -> tuple[Category, ...]:
        """Of several leaves."""
        if not self._catch_all.isdisjoint(witnesses):
            witnesses = {leaf: heard for leaf, heard in witnesses.items() if self._named(leaf, witnesses)}
        of_one = self._of_one
        ranked = [
            of_one[heard[0][0]][leaf] if len(heard) == 1 else self._sure(leaf, heard)
            for leaf, heard in witnesses.items()
        ]
        ranked.sort(key=_by_score, reverse=True)
        least = ranked[0][1] * _LEAST_SHARE
        while ranked[-1][1] < least:
            ranked.pop()
        return tuple(ranked[:_MOST_CATEGORIES])

    def _sure(self, leaf: str, heard: list[_Witness]) -> Category:
        """How sure a leaf is by its witnesses."""
        if len(heard) == 1:
            return self._of_one[heard[0][0]][leaf]
        if len(heard) > 2:
            return self._weigh(leaf, [score for score, _start, _end in heard])
        key = leaf, heard[0][0], heard[1][0]
        category = self._of_two.get(key)
        if category is None:
            category = self._of_two[key] = self._weigh(leaf, key[1:])
        return category

    def _weigh(self, leaf: str, scores: Sequence[float]) -> Category:
        doubt = self._weight[leaf]
        for score in scores:
            doubt *= 1.0 - score
        return Category(leaf, round(1.0 - doubt, 3) if doubt < 0.9 else 0.1)

    def _named(self, leaf: str, leaves: Collection[str]) -> bool:
        """Is this no catch-all, or is there no other leaf of its top category?"""
        return leaf not in self._catch_all or not any(
            other != leaf and top_of(other) == top_of(leaf) for other in leaves
        )


_by_score = itemgetter(1)


def _hear(heard: list[_Witness], witness: _Witness) -> None:
    """Add a witness to those of its leaf; of two that overlap the better one stays."""
    score, start, end = witness
    for position, (other, left, right) in enumerate(heard):
        if left < end and start < right:
            if score > other:
                heard[position] = witness
            return
    heard.append(witness)
