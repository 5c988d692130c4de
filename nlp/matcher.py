"""One pass over a text for every term of the lexicon, overlaps included.

Each term carries its roles as one integer, so that a message is judged plain or worth a look by or-ing those of its
matches: a bit for every group of cues and for strong, weak and deny, and above them one for the left and, above all
those, one for the right side of every pair.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from nlp.automaton import Finder, finder
from nlp.lexicon import CUES, Lexicon

CUE = {group: 1 << position for position, group in enumerate(CUES)}
STRONG = 1 << len(CUES)
WEAK = STRONG << 1
DENY = WEAK << 1
LEFT = DENY.bit_length()  # the bit of the first pair's left side
KINDS = (
    1 << LEFT
) - 1  # all but the sides of pairs: few enough bits for the fast way through Python's integers

_T = TypeVar("_T", bound=Hashable)


@dataclass(slots=True)
class _Term:
    """What one string means in the lexicon."""

    text: str
    roles: int = 0
    strong: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)


class Pair(NamedTuple):
    """A pair of a leaf: the numbers of the terms on its left side, its right side, and either."""

    leaf: str
    left: frozenset[int]
    right: frozenset[int]
    either: frozenset[int]


class Matcher:
    """The automaton over a lexicon, and what each of its terms stands for.

    roles, those of KINDS alone, and the leaves that a term is strong, weak or deny for, by its number. Strong terms
    have the first numbers, and `strong` ends behind them. pairs: in the order of their bits. first_right: the bit of
    the first pair's right side. others: one bit per pair that is not of a leaf, by the leaf.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        of_pairs = [leaf.id for leaf in lexicon.leaves.values() for _ in leaf.pairs]
        self.others: dict[str, int] = {
            leaf: sum(1 << pair for pair, other in enumerate(of_pairs) if other != leaf)
            for leaf in lexicon.leaves
        }
        self.first_right = LEFT + len(of_pairs)
        terms = _terms(lexicon, self.first_right)
        self.pairs = _pairs(lexicon, {term.text: number for number, term in enumerate(terms)})
        self.roles = _each_once(term.roles for term in terms)
        self.kinds = _each_once(term.roles & KINDS for term in terms)
        self.strong = _each_once(tuple(term.strong) for term in terms if term.strong)
        self.weak = _each_once(tuple(term.weak) for term in terms)
        self.deny = _each_once(tuple(term.deny) for term in terms)
        self.find: Finder = finder([term.text for term in terms])  # in a normalised text, by end position


def _each_once(values: Iterable[_T]) -> list[_T]:
    """Equal values as one object: thousands of terms then lead to the few places in memory that the processor has
    at hand, which takes a tenth off the first stage."""
    known: dict[_T, _T] = {}
    return [known.setdefault(value, value) for value in values]


def _pairs(lexicon: Lexicon, numbers: Mapping[str, int]) -> list[Pair]:
    pairs = []
    for leaf in lexicon.leaves.values():
        for sides in leaf.pairs:
            left, right = (frozenset(numbers[text] for text in side) for side in sides)
            pairs.append(Pair(leaf.id, left, right, left | right))
    return pairs


def _terms(lexicon: Lexicon, right: int) -> list[_Term]:
    """right: the bit of the first pair's right side."""
    terms: dict[str, _Term] = {}

    def term(text: str, role: int) -> _Term:
        found = terms.setdefault(text, _Term(text))
        found.roles |= role
        return found

    for group, cues in lexicon.cues.items():
        for cue in cues:
            term(cue, CUE[group])
    pair = 0
    for leaf in lexicon.leaves.values():
        for text in leaf.strong:
            term(text, STRONG).strong.append(leaf.id)
        for text in leaf.weak:
            term(text, WEAK).weak.append(leaf.id)
        for text in leaf.deny:
            term(text, DENY).deny.append(leaf.id)
        for left_side, right_side in leaf.pairs:
            for text in left_side:
                term(text, 1 << LEFT + pair)
            for text in right_side:
                term(text, 1 << right + pair)
            pair += 1
    return sorted(terms.values(), key=lambda found: not found.strong)  # so that a number tells which are
