import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.automaton import ahocorasick_finder, daachorse_finder, finder

strings = st.lists(st.text("水火漏a😀", min_size=1, max_size=4), min_size=1, max_size=8, unique=True)


@settings(deadline=None)  # the first call loads the libraries
@given(strings, st.text("水火漏a😀", max_size=30))
def test_every_occurrence_is_found_by_its_end_the_longest_first(sought: list[str], text: str) -> None:
    expected = [
        (start, end, sought.index(text[start:end]))
        for end in range(1, len(text) + 1)
        for start in range(end)
        if text[start:end] in sought
    ]
    assert finder(sought)(text) == ahocorasick_finder(sought)(text) == expected


@settings(deadline=None)  # the first call loads the libraries
@given(strings, st.text("水火漏a😀", max_size=30))
def test_the_twins_agree(sought: list[str], text: str) -> None:
    pytest.importorskip("daachorse")
    assert daachorse_finder(sought)(text) == ahocorasick_finder(sought)(text)
