"""Text of people as it is printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.documents.clean import MISSING, Svg, clean, paragraphs, printable


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("  两个\n  字\t ", "两个 字"),
        ("通过\u202e过不\u202c", "通过过不"),  # would read backwards
        ("同\u200b意\u200f\ufeff", "同意"),
        ("响铃\x07\x00", "响铃"),
        ("好👍👍🏽", f"好{MISSING}"),
        ("家👨‍👩‍👧", f"家{MISSING}"),
        ("对勾✓️", "对勾✓"),
        ("自造字\ue000", f"自造字{MISSING}"),
        ("𠮷先生", "𠮷先生"),
        ("半个\ud83d", "半个"),
    ],
)
def test_text_is_left_readable(written: str, printed: str) -> None:
    assert printable(written) == printed


@given(st.text(max_size=200))
def test_printing_twice_is_printing_once(written: str) -> None:
    once = printable(written)
    assert printable(once) == once
    assert once == once.strip()


def test_a_word_as_long_as_a_page_may_be_broken() -> None:
    assert printable("a" * 40).replace("\u200b", "") == "a" * 40
    assert max(map(len, printable("a" * 5000).split("\u200b"))) == 10


def test_all_of_a_document_is_cleaned_but_drawings() -> None:
    drawing = Svg("<svg>" + "x" * 100)
    assert clean({"a": ["一\x00", {"b": "\u202e二"}], "qr": drawing, "n": 3, "yes": True, "none": None}) == {
        "a": ["一", {"b": "二"}],
        "qr": drawing,
        "n": 3,
        "yes": True,
        "none": None,
    }


def test_lines_are_paragraphs() -> None:
    assert paragraphs("一\r\n\n  \n二\u2028三") == ["一", "二", "三"]
