"""One pass over a text for many strings. The only importer of ahocorasick_rs, and of daachorse, its faster twin.

daachorse steps by characters where the other steps by bytes, and takes two thirds of the time; but it has no wheel for
every processor (none for Linux on ARM, as of 0.5). Both find the same, in the same order.
"""

import importlib
from collections.abc import Callable, Sequence

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

Match = tuple[int, int, int]  # start, end, number of the string
Finder = Callable[[str], list[Match]]


def finder(strings: Sequence[str]) -> Finder:
    """What finds every occurrence of every string in a text, overlaps included, by end and then longest first."""
    try:
        return daachorse_finder(strings)
    except ImportError:
        return ahocorasick_finder(strings)


def daachorse_finder(strings: Sequence[str]) -> Finder:
    """The faster twin. ImportError when it is not installed."""
    library = importlib.import_module("daachorse")
    find: Finder = library.CharwiseDoubleArrayAhoCorasick(list(strings)).find_overlapping
    return find


def ahocorasick_finder(strings: Sequence[str]) -> Finder:
    """What is there on every machine."""
    automaton = AhoCorasick(strings, MatchKind.Standard, False, Implementation.ContiguousNFA)
    find = automaton.find_matches_as_indexes
    return lambda text: [(start, end, number) for number, start, end in find(text, overlapping=True)]
