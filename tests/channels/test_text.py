import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.text import REPLY_BYTES, clean, cut_bytes, split_text, without_markdown, without_tags

FAMILY = "👨‍👩‍👧‍👦"


def size(text: str) -> int:
    return len(text.encode())


@given(text=st.text(max_size=400), limit=st.integers(4, 120))
def test_parts_fit_are_not_blank_and_lose_nothing_but_line_ends(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(size(part) <= limit and part.strip() for part in parts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", clean(text))


def test_a_short_text_is_one_part() -> None:
    assert split_text("您好\n欢迎") == ["您好\n欢迎"]
    assert split_text("") == split_text(" \n") == []


def test_the_default_limit_is_the_platforms() -> None:
    parts = split_text("电" * 2000)
    assert [size(part) for part in parts] == [2046, 2046, 1908]
    assert max(map(size, parts)) <= REPLY_BYTES


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
