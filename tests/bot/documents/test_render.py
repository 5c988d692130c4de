"""Documents as files: fonts, hostile text, sizes, and where they may be made."""

import struct
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typst import Fonts

from bot.documents import render
from bot.documents.about import Matter, anchor
from bot.documents.fonts import FAMILIES, PACKAGE, FontMissing, family_of
from bot.documents.notice import notice_pdf, notice_pictures
from handlers.voting.terms import Question
from tests.bot.documents.papers import FIRST, about, needs_reader, read_pdf, text_of
from tests.voting.votes import at

HOSTILE = (
    '#read("/etc/passwd")',
    "#set page(width: 1pt)",
    '#import "@preview/cetz:0.3.4"',
    "$ sum_(x) $ 收费 $5",
    "]#[ 方括号 [",
    "`反引号` ```typ #panic()```",
    "\\ 反斜杠 \\u{41} \\n",
    "= 标题 *粗* _斜_ <标签> @引用 // 注释 /* 注释",
    '"引号" }{ "data": "x"',
    "</svg><script>alert(1)</script>",
)


def test_a_moment_between_two_seconds_is_no_hindrance() -> None:
    exact = about()
    between = replace(exact, made_at=exact.made_at + timedelta(microseconds=1))
    assert notice_pdf(between) == notice_pdf(exact)


@needs_reader
def test_whatever_was_written_is_printed_and_never_run(tmp_path: Path) -> None:
    matters = tuple(
        Matter(Question(f"q{place}", 9, ("agree",) if place % 2 else (text[:40], "乙")), text, text)
        for place, text in enumerate(HOSTILE)
    )
    made = notice_pdf(
        about(title=HOSTILE[0], body="\n".join(HOSTILE), matters=matters, contact=HOSTILE[4], origin="#1/[2]")
    )
    printed = text_of(made, tmp_path)
    for text in HOSTILE:
        assert printed.count("".join(text.split())) >= 3, text
    assert "root:" not in printed


@needs_reader
@pytest.mark.parametrize("letter", ["长", "W"])
def test_a_title_of_5000_characters_is_all_there(letter: str, tmp_path: Path) -> None:
    made = notice_pdf(about(title=letter * 5000))
    assert text_of(made, tmp_path).count(letter) >= 5000
    assert read_pdf(made, tmp_path).count("\f") > 3


@needs_reader
def test_signs_that_turn_or_hide_text_are_gone(tmp_path: Path) -> None:
    printed = text_of(notice_pdf(about(title="同意\u202e意同不\u202c\u2066 🏠 שלום")), tmp_path)
    assert "同意意同不〓" in printed
    assert "\u202e" not in printed


def test_a_character_without_a_font_is_refused_by_name() -> None:
    with pytest.raises(render.DocumentError, match="\U000323af"):
        notice_pdf(about(title="\U000323af先生"))
    with pytest.raises(render.DocumentError):
        notice_pictures(about(title="\U000323af先生"))


def test_without_a_chinese_font_nothing_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.documents.fonts.system_fonts", lambda: Fonts(include_system_fonts=False))
    with pytest.raises(FontMissing, match=PACKAGE):
        notice_pdf(about())


def test_the_first_font_that_is_there_is_taken() -> None:
    assert family_of(["DejaVu Sans", FAMILIES[3], FAMILIES[2]]) == FAMILIES[2]


async def test_documents_are_not_made_in_the_event_loop() -> None:
    with pytest.raises(RuntimeError, match="in_thread"):
        notice_pdf(about())
    assert (await render.in_thread(notice_pdf, about())).startswith(b"%PDF")


def test_the_same_data_give_the_same_bytes() -> None:
    assert notice_pdf(about()) == notice_pdf(about())
    assert notice_pdf(about()) != notice_pdf(about(made_at=at(2)))


def test_a_code_says_where_to_look_and_what_has_to_be_there() -> None:
    assert anchor(about(), b"\x01\xab") == "https://vote.example.cn/v/XH-1/3#01ab"
    assert anchor(about(address=""), b"\x01\xab") == "01ab"


def test_a_file_is_made_to_be_kept() -> None:
    made = notice_pdf(about())
    assert b"pdfaid:part" in made
    assert len(made) < 300_000


def test_a_picture_is_as_wide_as_a_phone_and_as_small_as_the_platform_wants() -> None:
    (picture,) = notice_pictures(about())
    width, height = struct.unpack(">II", picture[16:24])
    assert picture.startswith(b"\x89PNG")
    assert width == 1080
    assert height > width
    assert len(picture) <= render.MOST_IMAGE_BYTES


def test_what_is_too_much_for_one_picture_becomes_several() -> None:
    long = tuple(Matter(FIRST, "续聘物业", "服务内容写得很长。" * 150) for _ in range(8))
    parts = notice_pictures(about(matters=long))
    assert len(parts) > 1
    assert {struct.unpack(">I", part[16:20])[0] for part in parts} == {1080}
    assert all(len(part) <= render.MOST_IMAGE_BYTES for part in parts)
