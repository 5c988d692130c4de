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

_Witness = tuple[float, int, int]  # score, start, end


class Category(NamedTuple):
    """A leaf of the lexicon (`dianti.kunren`) and how sure the rules are, 0 to 1."""

    id: str
    score: float


_new = tuple.__new__  # see nlp.evidence


class Ranking:
    """Weighs the hits of a message, knowing which leaves come first and which give way."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._alone: dict[tuple[str, float], tuple[Category, ...]] = {}
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
        if len(found) == 1:
            return self._only(found[0])
        witnesses: dict[str, list[_Witness]] = {}
        for hit in found:
            marks = hit[2]
            witness = _score(hit), marks[0][0], marks[-1][1]
            heard = witnesses.setdefault(hit[0], [])
            if heard:
                _hear(heard, witness)
            else:
                heard.append(witness)
        if len(witnesses) > 1 and not self._catch_all.isdisjoint(witnesses):
            witnesses = {leaf: heard for leaf, heard in witnesses.items() if self._named(leaf, witnesses)}
        if len(witnesses) == 1:
            [(leaf, heard)] = witnesses.items()
            return (_new(Category, (leaf, self._sure(leaf, heard))),)
        ranked = [_new(Category, (leaf, self._sure(leaf, heard))) for leaf, heard in witnesses.items()]
        ranked.sort(key=_by_score, reverse=True)
        least = ranked[0][1] * _LEAST_SHARE
        return tuple([category for category in ranked[:_MOST_CATEGORIES] if category[1] >= least])

    def _only(self, hit: Candidate) -> tuple[Category, ...]:
        """The ranking of a message with one hit: of as many kinds as there are leaves and scores."""
        key = hit.leaf, _score(hit)
        ranked = self._alone.get(key)
        if ranked is None:
            ranked = self._alone[key] = (Category(hit.leaf, self._sure(hit.leaf, [(key[1], 0, 0)])),)
        return ranked

    def _sure(self, leaf: str, heard: list[_Witness]) -> float:
        doubt = self._weight[leaf]
        for score, _start, _end in heard:
            doubt *= 1.0 - score
        return round(1.0 - doubt, 3) if doubt < 0.9 else 0.1

    def _named(self, leaf: str, leaves: Collection[str]) -> bool:
        """Is this no catch-all, or is there no other leaf of its top category?"""
        return leaf not in self._catch_all or not any(
            other != leaf and top_of(other) == top_of(leaf) for other in leaves
        )


_by_score = itemgetter(1)


def _score(hit: Candidate) -> float:
    _leaf, rule, marks = hit
    start, end = marks[0]
    length = end - start
    if rule == "strong":
        return _STRONG.get(length, _LONGEST_STRONG)
    if rule == "pair":
        start, end = marks[1]
        return _PAIR.get(length + end - start, _LONGEST_PAIR)
    return _WEAK


def _hear(heard: list[_Witness], witness: _Witness) -> None:
    """Add a witness to those of its leaf; of two that overlap the better one stays."""
    score, start, end = witness
    for position, (other, left, right) in enumerate(heard):
        if left < end and start < right:
            if score > other:
                heard[position] = witness
            return
    heard.append(witness)
