"""What the second stage looks at in one message: its characters, and what the lexicon made of it."""

import re
from functools import cache
from operator import add
from typing import NamedTuple

from nlp.evidence import new_tuple
from nlp.lexicon import top_of
from nlp.tagger import Tagged

_FIGURES = re.compile(r"\d+")
_READ = 240  # characters: what a longer text is about has been said by then
_URGENCIES = ["", *(f"urgency:{urgency}" for urgency in (1, 2, 3))]
_LONGEST = 9
_LENGTHS = [f"length:{length}" for length in range(_LONGEST + 1)]


class Features(NamedTuple):
    """Of one message. text: its ends marked, numbers all one; its single characters and pairs of neighbours are
    features. markers: of the first stage; longer than two characters, so that they are mistaken for none of these."""

    text: str
    markers: list[str]

    def names(self) -> set[str]:
        """All of them."""
        return {*self.text, *map(add, self.text, self.text[1:]), *self.markers}


def features(tagged: Tagged) -> Features:
    """The features of a message that the first stage has read."""
    text = tagged.clean[:_READ]
    if _FIGURES.search(text) is not None:
        text = _FIGURES.sub("0", text)
    length = (len(text) + 2) // 6
    markers = [
        "said:" + tagged.verdict,
        _URGENCIES[tagged.urgency],
        _LENGTHS[length if length < _LONGEST else _LONGEST],
    ]
    for leaf, score in tagged.categories:
        markers += _of_leaf(leaf, int(score * 4))
    return new_tuple(Features, (f"^{text}$", markers))


def named_tops(tagged: Tagged) -> dict[str, float]:
    """The top categories that the lexicon names, each as sure as the surest of its leaves."""
    if not tagged.categories:
        return {}
    return {top_of(leaf): score for leaf, score in reversed(tagged.categories)}


@cache
def _of_leaf(leaf: str, quarters: int) -> tuple[str, str, str]:
    top = top_of(leaf)
    return f"leaf:{leaf}", f"top:{top}", f"sure:{top}:{quarters}"
