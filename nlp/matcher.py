"""One pass over a text for every term of the lexicon, overlaps included.

Each term carries its roles as one integer, so that a message is judged plain or worth a look by or-ing those of its
matches: a bit for every group of cues and for strong, weak and deny, and above them one for the left and, above all
those, one for the right side of every pair.
"""

from dataclasses import dataclass, field

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from nlp.lexicon import CUES, Lexicon

CUE = {group: 1 << position for position, group in enumerate(CUES)}
STRONG = 1 << len(CUES)
WEAK = STRONG << 1
DENY = WEAK << 1
_LEFT = DENY.bit_length()  # the bit of the first pair's left side

Match = tuple[int, int, int]  # term number, start, end


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
    pair's number; sides: the numbers of the terms on its left and on its right.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        self.pairs: list[str] = [leaf.id for leaf in lexicon.leaves.values() for _ in leaf.pairs]
        self._right = _LEFT + len(self.pairs)
        terms = _terms(lexicon, self._right)
        self.roles: list[int] = [term.roles for term in terms]
        self.strong: list[list[str]] = [term.strong for term in terms]
        self.weak: list[list[str]] = [term.weak for term in terms]
        self.deny: list[list[str]] = [term.deny for term in terms]
        self.sides: list[tuple[frozenset[int], frozenset[int]]] = [
            (self._with_role(1 << _LEFT + pair), self._with_role(1 << self._right + pair))
            for pair in range(len(self.pairs))
        ]
        automaton = AhoCorasick(
            [term.text for term in terms], MatchKind.Standard, False, Implementation.ContiguousNFA
        )
        self._find = automaton.find_matches_as_indexes

    def find(self, text: str) -> list[Match]:
        """Every occurrence of every term in a normalised text, by end position."""
        return self._find(text, True)  # overlapping; naming it costs a twentieth of the whole call

    def complete_pairs(self, roles: int) -> int:
        """Of the or-ed roles of a message: one bit per pair of which both sides occur."""
        right = roles >> self._right
        return right and right & roles >> _LEFT

    def _with_role(self, role: int) -> frozenset[int]:
        return frozenset(number for number, roles in enumerate(self.roles) if roles & role)


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
                term(text, 1 << _LEFT + pair)
            for text in right_side:
                term(text, 1 << right + pair)
            pair += 1
    return list(terms.values())
