"""A compound's own phrases: names that hold words of the lexicon and mean none, and spots that only it has."""

import re
from collections.abc import Iterable
from typing import Self

from nlp.normalise import normalise

_NOTHING = "□"  # in no lexicon and no training text, and normalising keeps it


class Phrases:
    """Never changes, so that threads may share it. NO_PHRASES is one without any."""

    def __init__(self, names: Iterable[str] = (), spots: Iterable[str] = ()) -> None:
        """names: as 山水庭院, which is not about water; spots: as 荷花池, where something may be."""
        self._names = _any_of(names)
        self._spots = _any_of(spots)

    @classmethod
    def of(cls, names: Iterable[str], spots: Iterable[str]) -> Self:
        """The same, spelled as texts are before they are matched; what is spelled as nothing is left out."""
        return cls(filter(None, map(normalise, names)), filter(None, map(normalise, spots)))

    def blank(self, clean: str) -> str:
        """A normalised text without the names; every other character stays where it is."""
        return self._names.sub(_blanked, clean) if self._names is not None else clean

    def spot_in(self, clean: str) -> tuple[int, int] | None:
        """Where the first of the spots stands in a normalised text, None when there is none."""
        found = self._spots.search(clean) if self._spots is not None else None
        return found.span() if found is not None else None


def _any_of(phrases: Iterable[str]) -> re.Pattern[str] | None:
    """The longest first: 山水庭院小区 before 山水庭院."""
    known = sorted(set(phrases), key=lambda phrase: (-len(phrase), phrase))
    return re.compile("|".join(map(re.escape, known))) if known else None


def _blanked(name: re.Match[str]) -> str:
    return _NOTHING * len(name[0])


NO_PHRASES = Phrases()
