import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reach.split import split_numbered, split_text

FAMILY = "👨‍👩‍👧‍👦"


def size(text: str) -> int:
    return len(text.encode())


@given(text=st.text(max_size=400), limit=st.integers(4, 120))
def test_parts_fit_are_not_blank_and_lose_nothing_but_line_ends(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(size(part) <= limit and part.strip() for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)


def test_a_short_text_is_one_part() -> None:
    assert split_text("您好\n欢迎", 2048) == ["您好\n欢迎"]
    assert split_text("", 4) == split_text(" \n", 4) == []


def test_parts_are_as_long_as_the_limit_lets_them() -> None:
    assert [size(part) for part in split_text("电" * 2000, 2048)] == [2046, 2046, 1908]


def test_lines_stay_whole_where_they_can() -> None:
    lines = [f"第{number}行：" + "字" * 10 for number in range(9)]
    for part in split_text("\n".join(lines), 120):
        assert set(part.split("\n")) <= set(lines)


def test_a_line_that_just_fits_is_not_broken() -> None:
    assert split_text("一二三四\n五六", 12) == ["一二三四", "五六"]


def test_sentences_stay_whole_where_lines_cannot() -> None:
    assert split_text("今天停水。明天来水。后天", 33) == ["今天停水。明天来水。", "后天"]
    assert split_text("他说“今天停水。”明天来水", 27) != ["他说“今天停水。", "”明天来水"]


@pytest.mark.parametrize("whole", [FAMILY, "👍🏽", "🇨🇳", "e\u0301", "☀\ufe0f", "1\ufe0f\u20e3"])
def test_an_emoji_of_several_code_points_stays_whole(whole: str) -> None:
    for filler in range(12):
        text = "x" * filler + whole * 3
        for part in split_text(text, 28):
            assert part.replace(whole, "").strip("x") == ""


def test_a_sequence_longer_than_a_part_is_still_cut_somewhere() -> None:
    assert "".join(split_text("a" + "\u0301" * 500, 64)) == "a" + "\u0301" * 500


def test_a_limit_below_one_code_point_is_an_error() -> None:
    with pytest.raises(ValueError, match="4 bytes"):
        split_text("x", 3)


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3000),
    st.integers(64, 4000),
)
def test_parts_fit_and_lose_nothing_but_seams(text: str, limit: int) -> None:
    parts = split_numbered(text, limit)
    assert all(len(part.encode()) <= limit for part in parts)
    if len(parts) > 1:
        assert [part.split(")")[0] for part in parts] == [
            f"({n}/{len(parts)}" for n in range(1, len(parts) + 1)
        ]
        said = "".join(part.partition(")")[2] for part in parts)
        assert said.replace("\n", "").strip() == text.replace("\n", "").strip() or "".join(
            said.split()
        ) == "".join(text.split())
    elif text.strip():
        assert parts == [text]
