"""One pass over a text for every term of the lexicon, overlaps included.

Each term carries its roles as two integers, so that a message is judged plain or worth a look by or-ing those of its
matches: `roles` has a bit for every group of cues and for strong, weak and deny; `sides` has one bit for the left and,
above all those, one for the right side of every pair. Apart they are faster: the first fits a machine word.
"""

from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from nlp.lexicon import CUES, Lexicon

CUE = {group: 1 << position for position, group in enumerate(CUES)}
STRONG = 1 << len(CUES)
WEAK = STRONG << 1
DENY = WEAK << 1

Match = tuple[int, int, int]  # term number, start, end


@dataclass(slots=True)
class Term:
    """What one string means in the lexicon: the leaves it is strong, weak or deny for, and its roles."""

    text: str
    roles: int = 0
    sides: int = 0
    strong: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)


class Matcher:
    """The automaton over a lexicon, and what each of its terms stands for."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.pairs: list[str] = [leaf.id for leaf in lexicon.leaves.values() for _ in leaf.pairs]
        self.pair_count = len(self.pairs)
        self._every_pair = (1 << self.pair_count) - 1
        self.pairs_of: dict[str, int] = {}
        for number, leaf_id in enumerate(self.pairs):
            self.pairs_of[leaf_id] = self.pairs_of.get(leaf_id, 0) | 1 << number
        self.terms: list[Term] = _terms(lexicon, self.pair_count)
        self.roles: list[int] = [term.roles for term in self.terms]
        self.sides: list[int] = [term.sides for term in self.terms]
        self._automaton = AhoCorasick(
            [term.text for term in self.terms], MatchKind.Standard, False, Implementation.ContiguousNFA
        )

    def find(self, text: str) -> list[Match]:
        """Every occurrence of every term in a normalised text, by end position."""
        return self._automaton.find_matches_as_indexes(text, overlapping=True)

    def complete_pairs(self, sides: int) -> int:
        """Of the or-ed sides of a message: one bit per pair of which both occur."""
        return sides & (sides >> self.pair_count) & self._every_pair


def _terms(lexicon: Lexicon, pair_count: int) -> list[Term]:
    terms: dict[str, Term] = {}

    def term(text: str, role: int = 0, side: int = 0) -> Term:
        found = terms.setdefault(text, Term(text))
        found.roles |= role
        found.sides |= side
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
        for left, right in leaf.pairs:
            for text in left:
                term(text, side=1 << pair)
            for text in right:
                term(text, side=1 << (pair_count + pair))
            pair += 1
    return list(terms.values())
