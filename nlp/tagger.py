"""A message in, what it is about out: categories, urgency, place, and why.

The lexicon decides, never a hidden model: every tag comes with the term that fired, its rule, its span in the
original text and the lexicon's version.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Self

from nlp.evidence import Candidate, Evidence, Rule
from nlp.intent import asks_for_nothing
from nlp.lexicon import DEFAULT_PATH, Lexicon, load_lexicon
from nlp.matcher import CUE, STRONG, WEAK, Matcher
from nlp.normalise import normalise, offsets
from nlp.place import NOWHERE, Place, find_place
from nlp.quotes import spoken
from nlp.ranking import Category, Ranking

_ROUTINE, _SAFETY = 1, 3
_LONGEST = 2000  # WeChat ends a text at 2,048 bytes; the rules cost the square of a pasted document
_WORTH_A_LOOK = STRONG | WEAK | CUE["problem"] | CUE["danger"]


class Verdict(StrEnum):
    """matter: tagged. chatter: nothing to do. unsure: no category, but worth a human look."""

    MATTER = "matter"
    CHATTER = "chatter"
    UNSURE = "unsure"


class Hit(NamedTuple):
    """Why a leaf was tagged: the term (both sides of a pair), the rule, and the span in the original text."""

    leaf: str
    term: str
    rule: Rule
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """What one message says. categories: best first, () for chatter; urgency: 1 routine, 2 normal, 3 safety.

    `found` and `text` are what `hits` is worked out from; the text is personal data and stays out of the repr.
    """

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
        self._ranking = Ranking(lexicon)
        self._urgency = {leaf.id: leaf.urgency for leaf in lexicon.leaves.values()}
        self._plain = self._without_category(NOWHERE, Verdict.CHATTER, _ROUTINE)

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Self:
        """A tagger over a taxonomy file. LexiconError when the file does not hold."""
        return cls(load_lexicon(path))

    def tag(self, text: str) -> Tagged:
        """Tag one message, whatever it holds; never raises on any text. Reads its first 2,000 characters."""
        text = text[:_LONGEST]
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
        categories = self._ranking.rank(found)
        urgency = self._urgency[categories[0].id]
        if danger or _SAFETY in [self._urgency[category.id] for category in categories]:
            urgency = _SAFETY
        version = self.lexicon.version
        return Tagged(categories, urgency, place, Verdict.MATTER, version, tuple(found), text)

    def _without_category(self, place: Place, verdict: Verdict, urgency: int) -> Tagged:
        return Tagged((), urgency, place, verdict, self.lexicon.version)


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
