"""One pass over a text for every term of the lexicon, overlaps included.

Each term carries its roles as one integer, so that a message is judged plain or worth a look by or-ing those of its
matches: a bit for every group of cues and for strong, weak and deny, and above them one for the left and, above all
those, one for the right side of every pair.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from nlp.automaton import Finder, finder
from nlp.lexicon import CUES, Lexicon

CUE = {group: 1 << position for position, group in enumerate(CUES)}
STRONG = 1 << len(CUES)
WEAK = STRONG << 1
DENY = WEAK << 1
LEFT = DENY.bit_length()  # the bit of the first pair's left side

_T = TypeVar("_T", bound=Hashable)


@dataclass(slots=True)
class _Term:
    """What one string means in the lexicon."""

    text: str
    roles: int = 0
    strong: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)


class Matcher:
    """The automaton over a lexicon, and what each of its terms stands for.

    roles, and the leaves that a term is strong, weak or deny for, by its number. pairs: the leaf of each pair, by the
    pair's number; right: the bit of the first pair's right side; others: one bit per pair that is not of a leaf, by
    the leaf.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.pairs: list[str] = [leaf.id for leaf in lexicon.leaves.values() for _ in leaf.pairs]
        self.others: dict[str, int] = {
            leaf: sum(1 << pair for pair, other in enumerate(self.pairs) if other != leaf)
            for leaf in lexicon.leaves
        }
        self.right = LEFT + len(self.pairs)
        terms = _terms(lexicon, self.right)
        self.roles = _each_once(term.roles for term in terms)
        self.strong = _each_once(tuple(term.strong) for term in terms)
        self.weak = _each_once(tuple(term.weak) for term in terms)
        self.deny = _each_once(tuple(term.deny) for term in terms)
        self.find: Finder = finder([term.text for term in terms])  # in a normalised text, by end position

    def complete_pairs(self, roles: int) -> int:
        """Of the or-ed roles of a message: one bit per pair of which both sides occur."""
        right = roles >> self.right
        return right and right & roles >> LEFT


def _each_once(values: Iterable[_T]) -> list[_T]:
    """Equal values as one object: thousands of terms then lead to the few places in memory that the processor has
    at hand, which takes a tenth off the first stage."""
    known: dict[_T, _T] = {}
    return [known.setdefault(value, value) for value in values]


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
    return list(terms.values())
