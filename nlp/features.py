"""What the second stage looks at in one message: its characters, and what the lexicon made of it."""

import re
from operator import add

from nlp.lexicon import top_of
from nlp.tagger import Tagged

_FIGURES = re.compile(r"\d+")
_READ = 240  # characters: what a longer text is about has been said by then


def features(tagged: Tagged) -> set[str]:
    """Single characters and pairs of them, its ends marked; numbers are all one; markers of the first stage.

    Markers are longer than two characters, so that they are mistaken for none of these.
    """
    text = f"^{_FIGURES.sub('0', tagged.clean[:_READ])}$"
    found = set(text)
    found.update(map(add, text, text[1:]))
    for leaf, score in tagged.categories:
        top = top_of(leaf)
        found.update((f"leaf:{leaf}", f"top:{top}", f"sure:{top}:{int(score * 4)}"))
    found.add(_VERDICTS[tagged.verdict])
    found.add(_URGENCIES[tagged.urgency])
    found.add(_LENGTHS[min(len(text) // 6, len(_LENGTHS) - 1)])
    return found


def named_tops(tagged: Tagged) -> dict[str, float]:
    """The top categories that the lexicon names, each as sure as the surest of its leaves."""
    return {top_of(leaf): score for leaf, score in reversed(tagged.categories)}


_VERDICTS = {verdict: f"said:{verdict}" for verdict in ("matter", "chatter", "unsure")}
_URGENCIES = ["", *(f"urgency:{urgency}" for urgency in (1, 2, 3))]
_LENGTHS = [f"length:{length}" for length in range(10)]
