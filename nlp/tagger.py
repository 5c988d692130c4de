"""A message in, what it is about out: categories, urgency, place, and why.

The lexicon decides, never a hidden model: every tag comes with the term that fired, its rule, its span in the
original text and the lexicon's version.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Self

from nlp.evidence import Candidate, Evidence, Rule
from nlp.intent import asks_for_nothing
from nlp.lexicon import DEFAULT_PATH, Lexicon, load_lexicon, top_of
from nlp.matcher import CUE, STRONG, WEAK, Matcher
from nlp.normalise import normalise, offsets
from nlp.place import NOWHERE, Place, find_place
from nlp.quotes import spoken

_ROUTINE, _SAFETY = 1, 3
_WORTH_A_LOOK = STRONG | WEAK | CUE["problem"] | CUE["danger"]
_STRONG_SCORES = {
    1: 0.5,
    2: 0.7,
    3: 0.78,
    4: 0.84,
}  # by length; longer terms are rarer and mean what they say
_LONGEST_SCORE = 0.9
_PAIR_SCORES = {2: 0.45, 3: 0.6, 4: 0.68}
_LONGEST_PAIR_SCORE = 0.75
_WEAK_SCORE = 0.42
_LEAST_SHARE = 0.7  # of the best score, for a second category
_MOST_CATEGORIES = 3
_CATCH_ALL = ".qita"  # the leaf for whatever of its top category no other leaf names


class Verdict(StrEnum):
    """matter: tagged. chatter: nothing to do. unsure: no category, but worth a human look."""

    MATTER = "matter"
    CHATTER = "chatter"
    UNSURE = "unsure"


class Category(NamedTuple):
    """A leaf of the lexicon (`dianti.kunren`) and how sure the rules are, 0 to 1."""

    id: str
    score: float


class Hit(NamedTuple):
    """Why a leaf was tagged: the term (both sides of a pair), the rule, and the span in the original text."""

    leaf: str
    term: str
    rule: Rule
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """What one message says. categories: best first, () for chatter; urgency: 1 routine, 2 normal, 3 safety."""

    categories: tuple[Category, ...]
    urgency: int
    place: Place
    verdict: Verdict
    version: str
    found: tuple[Candidate, ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Why: each rule that fired, by position in the original text. Worked out only when asked for."""
        return explain(self.text, self.found) if self.found else ()


class Tagger:
    """Tags messages with one lexicon. Immutable once built, so that threads may share it."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._matcher = Matcher(lexicon)
        self._plain = self._without_category(NOWHERE, Verdict.CHATTER, _ROUTINE)

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Self:
        """A tagger over a taxonomy file. LexiconError when the file does not hold."""
        return cls(load_lexicon(path))

    def tag(self, text: str) -> Tagged:
        """Tag one message, whatever it holds; never raises on any text."""
        clean = normalise(spoken(text))
        matcher = self._matcher
        matches = matcher.find(clean)
        place = find_place(clean)
        known = matcher.roles
        roles = 0
        for number, _start, _end in matches:
            roles |= known[number]
        if not (roles & _WORTH_A_LOOK or matcher.complete_pairs(roles)):
            return (
                self._plain if place is NOWHERE else self._without_category(place, Verdict.CHATTER, _ROUTINE)
            )
        return self._judge(text, Evidence(matcher, clean, matches, roles), place)

    def _judge(self, text: str, message: Evidence, place: Place) -> Tagged:
        if asks_for_nothing(message):
            return self._without_category(place, Verdict.CHATTER, _ROUTINE)
        found = message.hits(self.lexicon.pair_window)
        danger = bool(message.standing("danger"))
        if not found:
            unsure = danger or bool(message.standing("problem"))
            verdict = Verdict.UNSURE if unsure else Verdict.CHATTER
            return self._without_category(place, verdict, _SAFETY if danger else _ROUTINE)
        categories = _rank(found)
        leaves = self.lexicon.leaves
        return Tagged(
            categories,
            _SAFETY if danger else max(leaves[category.id].urgency for category in categories),
            place,
            Verdict.MATTER,
            self.lexicon.version,
            tuple(found),
            text,
        )

    def _without_category(self, place: Place, verdict: Verdict, urgency: int) -> Tagged:
        return Tagged((), urgency, place, verdict, self.lexicon.version)


def _rank(found: list[Candidate]) -> tuple[Category, ...]:
    """Hits of a leaf add up as independent witnesses; far weaker leaves than the best are left out."""
    doubt: dict[str, float] = {}
    telling: dict[str, int] = {}
    for leaf, rule, marks in found:
        length = marks[0][1] - marks[0][0]
        if rule == "strong":
            score = _STRONG_SCORES.get(length, _LONGEST_SCORE)
        elif rule == "pair":
            length += marks[1][1] - marks[1][0]
            score = _PAIR_SCORES.get(length, _LONGEST_PAIR_SCORE)
        else:
            score = _WEAK_SCORE
        doubt[leaf] = doubt.get(leaf, 1.0) * (1.0 - score)
        telling[leaf] = max(telling.get(leaf, 0), length)
    if len(doubt) == 1:
        (leaf,) = doubt
        return (Category(leaf, round(1.0 - doubt[leaf], 3)),)
    ranked = sorted(_named(doubt), key=lambda leaf: (doubt[leaf], -telling[leaf]))
    least = (1.0 - doubt[ranked[0]]) * _LEAST_SHARE
    return tuple(
        Category(leaf, round(1.0 - doubt[leaf], 3))
        for leaf in ranked[:_MOST_CATEGORIES]
        if 1.0 - doubt[leaf] >= least
    )


def _named(leaves: Collection[str]) -> list[str]:
    """Without a catch-all leaf where another leaf of its top category is named."""
    tops = [top_of(leaf) for leaf in leaves]
    return [
        leaf
        for leaf, top in zip(leaves, tops, strict=True)
        if not leaf.endswith(_CATCH_ALL) or tops.count(top) == 1
    ]


def explain(text: str, found: tuple[Candidate, ...]) -> tuple[Hit, ...]:
    """Candidates over the normalised text as hits over the text as it was written."""
    sources = offsets(spoken(text))
    clean = normalise(spoken(text))
    hits = []
    for leaf, rule, marks in sorted(found, key=lambda hit: hit.marks):
        start, end = marks[0][0], marks[-1][1]
        term = " + ".join(clean[left:right] for left, right in marks)
        if sources is not None:
            start, end = sources[start], sources[end - 1] + 1
        hits.append(Hit(leaf, term, rule, start, end))
    return tuple(hits)
