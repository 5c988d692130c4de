"""From hits to categories: how sure the rules are of each leaf, and which leaves a message is about."""

from collections.abc import Collection
from operator import itemgetter
from typing import NamedTuple

from nlp.evidence import Candidate
from nlp.lexicon import Lexicon, top_of

# By length: longer terms are rarer and mean what they say. Found by trial on messages, not on theory.
_STRONG = {1: 0.5, 2: 0.7, 3: 0.78, 4: 0.84}
_LONGEST_STRONG = 0.9
_PAIR = {2: 0.45, 3: 0.6, 4: 0.68}
_LONGEST_PAIR = 0.75
_WEAK = 0.42

_SAFETY_DOUBT = 0.7  # of leaves about as sure, safety comes first
_HANDLING_DOUBT = 2.5  # and how a matter was handled comes after what it is
_LEAST_SHARE = 0.65  # of the best score, for a second category
_MOST_CATEGORIES = 3

_FEW = 2  # witnesses; of one leaf they have only so many different scores that each case is kept

_Witness = tuple[float, int, int]  # score, start, end


class Category(NamedTuple):
    """A leaf of the lexicon (`dianti.kunren`) and how sure the rules are, 0 to 1."""

    id: str
    score: float


class Ranking:
    """Weighs the hits of a message, knowing which leaves come first and which give way."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._weighed: dict[tuple[str, tuple[float, ...]], Category] = {}
        self._weight = {leaf.id: 1.0 for leaf in lexicon.leaves.values()}
        self._catch_all: set[str] = set()
        for leaf in lexicon.leaves.values():
            if leaf.gives_way == "top":
                self._catch_all.add(leaf.id)
            elif leaf.gives_way == "all":
                self._weight[leaf.id] = _HANDLING_DOUBT
            elif leaf.urgency == 3:
                self._weight[leaf.id] = _SAFETY_DOUBT

    def rank(self, found: list[Candidate]) -> tuple[Category, ...]:
        """Best first, at most three; leaves far behind the best are left out. `found` is not empty.

        Hits of a leaf add up as independent witnesses, unless they overlap: then the better one speaks for both.
        """
        witnesses: dict[str, list[_Witness]] = {}
        for leaf, rule, marks in found:
            start, end = marks[0]
            if rule == "strong":
                score = _STRONG.get(end - start, _LONGEST_STRONG)
            elif rule == "pair":
                length = end - start
                second, end = marks[1]
                score = _PAIR.get(length + end - second, _LONGEST_PAIR)
            else:
                score = _WEAK
            if leaf in witnesses:
                _hear(witnesses[leaf], (score, start, end))
            else:
                witnesses[leaf] = [(score, start, end)]
        if len(witnesses) == 1:
            return (self._weigh(leaf, witnesses[leaf]),)  # of the one leaf there is
        if not self._catch_all.isdisjoint(witnesses):
            witnesses = {leaf: heard for leaf, heard in witnesses.items() if self._named(leaf, witnesses)}
        ranked = [self._weigh(leaf, heard) for leaf, heard in witnesses.items()]
        ranked.sort(key=_by_score, reverse=True)
        least = ranked[0][1] * _LEAST_SHARE
        return tuple([category for category in ranked[:_MOST_CATEGORIES] if category[1] >= least])

    def _weigh(self, leaf: str, heard: list[_Witness]) -> Category:
        """How sure a leaf is by its witnesses."""
        scores = (heard[0][0],) if len(heard) == 1 else tuple([score for score, _, _ in heard])
        category = self._weighed.get((leaf, scores))
        if category is None:
            doubt = self._weight[leaf]
            for score in scores:
                doubt *= 1.0 - score
            category = Category(leaf, round(1.0 - doubt, 3) if doubt < 0.9 else 0.1)
            if len(scores) <= _FEW:
                self._weighed[leaf, scores] = category
        return category

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
