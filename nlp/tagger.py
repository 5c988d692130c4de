"""The first stage: a message in, what the lexicon makes of it out: categories, urgency, place, and why.

Every tag comes with the term that fired, its rule, its span in the original text and the lexicon's version.
"""

from enum import StrEnum
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, Self

from nlp.evidence import Candidate, Evidence, Rule, new_tuple
from nlp.intent import SMALL_TALK, asks_for_nothing
from nlp.lexicon import DEFAULT_PATH, Lexicon, load_lexicon
from nlp.matcher import CUE, KINDS, LEFT, STRONG, WEAK, Matcher
from nlp.model import Scores
from nlp.normalise import changing, normalise, offsets
from nlp.phrases import NO_PHRASES, Phrases
from nlp.place import Place, find_place
from nlp.quotes import SIGNS, spoken
from nlp.ranking import Category, Ranking

_ROUTINE, _SAFETY = 1, 3
_LONGEST = 2000  # WeChat ends a text at 2,048 bytes; the rules cost the square of a pasted document
_DANGER = CUE["danger"]
_WORTH_A_LOOK = STRONG | WEAK | CUE["problem"] | _DANGER


class Verdict(StrEnum):
    """matter: tagged. chatter: nothing to do. unsure: no category, but worth a human look."""

    MATTER = "matter"
    CHATTER = "chatter"
    UNSURE = "unsure"


MATTER, CHATTER, UNSURE = Verdict  # to look up a member of an enum takes as long as a small function


class Hit(NamedTuple):
    """Why a leaf was tagged: the term (both sides of a pair), the rule, and the span in the original text."""

    leaf: str
    term: str
    rule: Rule
    start: int
    end: int


class Spot(NamedTuple):
    """A place of the compound's own, and its span in the original text."""

    name: str
    start: int
    end: int


class Tagged(NamedTuple):
    """What one message says. categories: best first, () for chatter; urgency: 1 routine, 2 normal, 3 safety.

    `found`, `text` and `clean`, its normalised spelling without the compound's names, are what `place`, `spot` and
    `hits` are worked out from, only when somebody asks: hardly anybody does for chatter. The text is personal data and
    stays out of the repr. scores: what the second stage thought of it, for what is said next; None without one.
    """

    categories: tuple[Category, ...]
    urgency: int
    verdict: Verdict
    version: str
    text: str
    clean: str
    found: tuple[Candidate, ...] = ()
    scores: Scores | None = None
    phrases: Phrases = NO_PHRASES

    def __repr__(self) -> str:
        return f"Tagged({self.categories!r}, {self.urgency!r}, {self.verdict!r}, {self.version!r})"

    @property
    def place(self) -> Place:
        """Where."""
        return find_place(self.clean)

    @property
    def spot(self) -> Spot | None:
        """Where, by a name that only this compound has; None when there is none."""
        found = self.phrases.spot_in(self.clean)
        if found is None:
            return None
        start, end = found
        sources = offsets(spoken(self.text))
        if sources is not None:
            return Spot(self.clean[start:end], sources[start], sources[end - 1] + 1)
        return Spot(self.clean[start:end], start, end)

    @property
    def hits(self) -> tuple[Hit, ...]:
        """Why: each rule that fired, by position in the original text; what moved the second stage, where none did."""
        named = {leaf for leaf, _rule, _marks in self.found}
        moved: list[Candidate] = [
            (leaf, "model", marks)
            for leaf, _score in self.categories
            if leaf not in named
            and self.scores is not None
            and (marks := self.scores.telling(self.clean, leaf))
        ]
        return explain(self.text, (*self.found, *moved))


class Tagger:
    """Tags messages with one lexicon. Never changes once built, so that threads may share it."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._version = lexicon.version
        self._changing = changing(SIGNS)
        self._matcher = Matcher(lexicon)
        self._ranking = Ranking(lexicon)
        self._urgency = {leaf.id: leaf.urgency for leaf in lexicon.leaves.values()}

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Self:
        """A tagger over a taxonomy file. LexiconError when the file does not hold."""
        return cls(load_lexicon(path))

    def tag(self, text: str, phrases: Phrases = NO_PHRASES) -> Tagged:
        """Tag one message, whatever it holds; never raises on any text. Reads its first 2,000 characters.

        phrases: those of the compound it was said in.
        """
        if len(text) > _LONGEST:
            text = text[:_LONGEST]
        clean = text if self._changing(text) is None else normalise(spoken(text))
        if phrases is not NO_PHRASES:
            clean = phrases.blank(clean)
        matcher = self._matcher
        matches = matcher.find(clean)
        known, roles = matcher.roles, 0
        for match in matches:
            roles |= known[match[2]]
        # a bit for each pair of which both sides are there
        complete = roles >> LEFT & roles >> matcher.first_right
        if not (complete or roles & _WORTH_A_LOOK):
            return new_tuple(Tagged, ((), _ROUTINE, CHATTER, self._version, text, clean, (), None, phrases))
        return self._judge(text, Evidence(matcher, clean, matches, roles & KINDS, complete), phrases)

    def _judge(self, text: str, message: Evidence, phrases: Phrases) -> Tagged:
        version = self._version
        if message.kinds & SMALL_TALK and asks_for_nothing(message):
            return new_tuple(Tagged, ((), _ROUTINE, CHATTER, version, text, message.text, (), None, phrases))
        found = message.hits(self.lexicon.pair_window)
        danger = bool(message.kinds & _DANGER and message.standing("danger"))
        if not found:
            unsure = danger or bool(message.standing("problem"))
            verdict = UNSURE if unsure else CHATTER
            urgency = _SAFETY if danger else _ROUTINE
            return new_tuple(Tagged, ((), urgency, verdict, version, text, message.text, (), None, phrases))
        categories = self._ranking.rank(found)
        urgency = _SAFETY if danger else self._most_urgent(categories)
        return new_tuple(
            Tagged,
            (categories, urgency, MATTER, version, text, message.text, tuple(found), None, phrases),
        )

    def _most_urgent(self, categories: tuple[Category, ...]) -> int:
        """The urgency of the best category, or safety when any of them is."""
        known = self._urgency
        for category, _score in categories:
            if known[category] == _SAFETY:
                return _SAFETY
        return known[categories[0].id]


def explain(text: str, found: tuple[Candidate, ...]) -> tuple[Hit, ...]:
    """Candidates over the normalised text as hits over the text as it was written."""
    sources = offsets(spoken(text))
    clean = normalise(spoken(text))
    hits = []
    for leaf, rule, marks in sorted(found, key=itemgetter(2)):
        start, end = marks[0][0], marks[-1][1]
        term = " + ".join(clean[left:right] for left, right in marks)
        if sources is not None:
            start, end = sources[start], sources[end - 1] + 1
        hits.append(Hit(leaf, term, rule, start, end))
    return tuple(hits)
