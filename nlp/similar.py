"""How alike two texts are: copies of one another, or words about the same thing.

These are two questions. A copy has the same characters; two neighbours who talk about one lift share a word or two.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from nlp.normalise import normalise
from nlp.quotes import spoken
from nlp.segment import words

COPY = 0.7  # of the shingles in common: a repost with a word changed, not a second sentence about the same
SHORTEST_COPY = 8  # characters: 电梯坏了 twice is two people, not one text
_SHINGLE = 3
_LONGEST = 400  # characters read; who pastes more says the same in the first of them

_NO_WORD = re.compile(r"[\W_]+")
_CLAUSE_ENDS = re.compile(r"[，。！？；：,.!?;:~～…\n]+")
_SHORTEST_CLAUSE = 4  # characters: 唉，各位， are no clause that says anything
_ANY_NUMBER = re.compile(r"\d+")

# Seen once in as many documents that nobody has read: what is in every third text of a small window is no proof that
# it says little, and a word that is nowhere else is not proof of much.
_PRIOR = 8.0

Vector = Mapping[str, float]


def plain(text: str) -> str:
    """What a text is compared by: the normalised words of its speaker, without marks, quotes and mentions."""
    return _NO_WORD.sub("", normalise(spoken(text[:_LONGEST])))


def is_copy(one: str, other: str) -> bool:
    """Whether one `plain` text is the other again, give or take a few characters. Short ones never are."""
    if min(len(one), len(other)) < SHORTEST_COPY:
        return False
    return one == other or overlap(one, other) >= COPY


def overlap(one: str, other: str) -> float:
    """Jaccard of the character shingles of two `plain` texts, from 0 to 1."""
    left, right = _shingles(one), _shingles(other)
    return len(left & right) / len(left | right) if left and right else 0.0


def _shingles(text: str) -> set[str]:
    return {text[start : start + _SHINGLE] for start in range(len(text) - _SHINGLE + 1)}


def terms(text: str) -> Counter[str]:
    """The words of a text's first clause that says something; figures are left to those who compare places."""
    clauses = [
        clause for part in _CLAUSE_ENDS.split(normalise(spoken(text[:_LONGEST]))) if (clause := part.strip())
    ]
    clause = next((clause for clause in clauses if len(clause) >= _SHORTEST_CLAUSE), "".join(clauses))
    return Counter(word for word in words(_ANY_NUMBER.sub(" ", clause)) if not _NO_WORD.fullmatch(word))


class Window:
    """Weighs words by how rare they are among the texts that are being compared. Takes what `terms` returns."""

    def __init__(self, documents: Iterable[Counter[str]]) -> None:
        self._seen: Counter[str] = Counter()
        self._count = 0
        for document in documents:
            self._seen.update(document.keys())
            self._count += 1

    def vector(self, document: Counter[str]) -> Vector:
        """A document with its words weighed, of length one; empty for one without words."""
        whole = math.log(self._count + _PRIOR)
        weighed = {
            word: (1 + math.log(count)) * (whole - math.log(1 + self._seen[word]))
            for word, count in document.items()
        }
        length = math.sqrt(sum(weight * weight for weight in weighed.values()))
        return {word: weight / length for word, weight in weighed.items()} if length else {}


def cosine(one: Vector, other: Vector) -> float:
    """How much two vectors of a window agree, from 0 to 1."""
    if len(one) > len(other):
        one, other = other, one
    return sum(weight * other[word] for word, weight in one.items() if word in other)


def nearest(own: Counter[str], documents: Sequence[Counter[str]]) -> list[float]:
    """How much a text agrees with each of the others, weighed among all of them. Takes what `terms` returns."""
    window = Window([own, *documents])
    vector = window.vector(own)
    return [cosine(vector, window.vector(document)) for document in documents]
