"""One pass over a text for every term of the lexicon, overlaps included.

Each term carries all its roles as one integer, so that a message is judged plain or worth a look by or-ing the
integers of its matches: cue bits first, then a bit for strong and weak, then one bit for the left and one for
the right side of every pair.
"""

from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from nlp.lexicon import CUES, Lexicon

CUE = {group: 1 << position for position, group in enumerate(CUES)}
STRONG = 1 << len(CUES)
WEAK = STRONG << 1
DENY = WEAK << 1
_PAIRS_FROM = len(CUES) + 3

Match = tuple[int, int, int]  # term number, start, end


@dataclass(slots=True)
class Term:
    """What one string means in the lexicon: the leaves it is strong, weak or deny for, and its roles."""

    text: str
    roles: int = 0
    strong: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    deny: list[str] = field(default_factory=list)


class Matcher:
    """The automaton over a lexicon, and what each of its terms stands for."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.pairs: list[str] = [leaf.id for leaf in lexicon.leaves.values() for _ in leaf.pairs]
        self.pairs_of: dict[str, int] = {}
        for number, leaf_id in enumerate(self.pairs):
            self.pairs_of[leaf_id] = self.pairs_of.get(leaf_id, 0) | 1 << number
        self.terms: list[Term] = _terms(lexicon, len(self.pairs))
        self.roles: list[int] = [term.roles for term in self.terms]
        self._automaton = AhoCorasick(
            [term.text for term in self.terms], MatchKind.Standard, False, Implementation.ContiguousNFA
        )

    def find(self, text: str) -> list[Match]:
        """Every occurrence of every term in a normalised text, by end position."""
        return self._automaton.find_matches_as_indexes(text, overlapping=True)

    def complete_pairs(self, roles: int) -> int:
        """Of the or-ed roles of a message: one bit per pair of which both sides occur."""
        sides = roles >> _PAIRS_FROM
        return sides & (sides >> len(self.pairs)) & ((1 << len(self.pairs)) - 1)

    def left(self, pairs: int) -> int:
        """The roles of the left sides of pairs (one bit per pair)."""
        return pairs << _PAIRS_FROM

    def right(self, pairs: int) -> int:
        """The roles of the right sides of pairs (one bit per pair)."""
        return pairs << (_PAIRS_FROM + len(self.pairs))

    def sides(self, pairs: int) -> int:
        """The roles of both sides of pairs (one bit per pair)."""
        return self.left(pairs) | self.right(pairs)


def _terms(lexicon: Lexicon, pair_count: int) -> list[Term]:
    terms: dict[str, Term] = {}

    def term(text: str, role: int) -> Term:
        found = terms.setdefault(text, Term(text))
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
        for left, right in leaf.pairs:
            for text in left:
                term(text, 1 << (_PAIRS_FROM + pair))
            for text in right:
                term(text, 1 << (_PAIRS_FROM + pair_count + pair))
            pair += 1
    return list(terms.values())
