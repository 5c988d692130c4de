"""Categories as people call them: 电梯, 困人, 电梯·困人. Pure, over the names of a lexicon."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from nlp.lexicon import Leaf, Lexicon, Top, top_of
from nlp.normalise import normalise

_JOINED = re.compile(r"[、与/和及]")
_PARTS = re.compile(r"[·\s]+")


class Named(NamedTuple):
    """The categories that a name may mean: exactly one when it is clear."""

    ids: tuple[str, ...]

    @property
    def only(self) -> str | None:
        """The category that is meant."""
        return self.ids[0] if len(self.ids) == 1 else None


def categories_called(lexicon: Lexicon, words: str) -> Named:
    """What some words may mean: a leaf or a top category; a name written in full goes before a part of one."""
    parts = [normalise(part) for part in _PARTS.split(words.strip()) if part]
    if not parts:
        return Named(())
    *above, last = parts
    names = list(_names(lexicon))
    if above:
        tops = {category for category, name in names if category in lexicon.tops and above[0] in name}
        names = [(category, name) for category, name in names if top_of(category) in tops and "." in category]
    for fits in (
        lambda name: name == last,
        lambda name: last in _JOINED.split(name),
        lambda name: name.startswith(last),
        lambda name: last in name,
    ):
        found = [category for category, name in names if fits(name)]
        # 停车 is all of 停车与车辆, whatever its leaves are called.
        tops_found = [category for category in found if category in lexicon.tops]
        if tops_found or found:
            return Named(tuple(tops_found or found))
    return Named(())


def category_groups(lexicon: Lexicon) -> list[tuple[Top, list[Leaf]]]:
    """What there is to choose from: each top category with its leaves."""
    leaves = lexicon.leaves.values()
    return [(top, [leaf for leaf in leaves if top_of(leaf.id) == top.id]) for top in lexicon.tops.values()]


def _names(lexicon: Lexicon) -> Iterator[tuple[str, str]]:
    for top in lexicon.tops.values():
        yield top.id, normalise(top.name)
    for leaf in lexicon.leaves.values():
        yield leaf.id, normalise(leaf.name)
