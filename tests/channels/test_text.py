import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.text import clean, cut_bytes, without_markdown, without_tags


def size(text: str) -> int:
    return len(text.encode())


@given(text=st.text(max_size=50), limit=st.integers(0, 60))
def test_cutting_keeps_a_beginning_and_whole_code_points(text: str, limit: int) -> None:
    text = clean(text)
    cut = cut_bytes(text, limit)
    assert text.startswith(cut) and size(cut) <= limit
    assert cut == text or size(text[: len(cut) + 1]) > limit


def test_clean_drops_what_xml_has_no_place_for() -> None:
    assert clean("a\x00b\x0bc\ud800d\ufffee\t\r\n电😀") == "abcde\t\r\n电😀"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<a href='x'>y</a>", "＜a href='x'>y＜/a>"),
        ("<@all> <!-- x", "＜@all> ＜!-- x"),
        ("3<5, a < b, <3, <<", "3<5, a < b, <3, <<"),
        ("<<a>", "<＜a>"),
    ],
)
def test_what_would_be_a_tag_is_read_as_it_was_written(said: str, shown: str) -> None:
    assert without_tags(said) == shown
    assert without_markdown(said) == shown


@given(text=st.text(st.sampled_from("<>]([)/@a! "), max_size=30))
def test_no_markup_is_left(text: str) -> None:
    assert not re.search(r"<[/!@A-Za-z]", without_tags(text))
    assert "](" not in without_markdown(text)
    assert without_markdown(without_markdown(text)) == without_markdown(text)
