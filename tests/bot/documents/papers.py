"""A vote with papers, its result, and reading what was printed."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.documents.about import About, Matter, RollFigures
from bot.documents.outcome import Published
from handlers.voting.announced import Announced
from handlers.voting.result import result_of
from handlers.voting.terms import Ballot, Choice, Question, Rules, Unit, area_of
from storage.states import UnitKind
from tests.voting.votes import at, unit

needs_reader = pytest.mark.skipif(
    shutil.which("pdftotext") is None and "CI" not in os.environ,
    reason="pdftotext is missing (Debian: apt-get install poppler-utils)",
)

FIRST = Question("q1", 4)
SECOND = Question("q2", 8)
THIRD = Question("q3", 9, ("方案甲：石材", "方案乙：地砖"))
BOARD = Question("q4", 3, ("王建国", "李秀英", "赵敏", "陈志强"), seats=3)
MATTERS = (
    Matter(
        FIRST,
        "续聘和顺物业服务有限公司三年",
        "服务费每平方米每月 1.80 元，三年不变。\n合同草案贴在物业服务中心，网上也能看。",
    ),
    Matter(SECOND, "把3栋架空层租给快递驿站，租金归全体业主", "租期两年，每年租金 24,000 元。"),
    Matter(THIRD, "入户大堂用哪一种地面", ""),
    Matter(BOARD, "选第三届业主委员会", ""),
)


def about(**change: Any) -> About:
    values: dict[str, Any] = {
        "origin": "XH-1/3",
        "compound": "幸福家园",
        "title": "2026年第一次业主大会表决",
        "body": "业委会定于下列时间请全体业主表决。每一票都算数，请抽空投一下。",
        "convener": "幸福家园业主委员会",
        "convener_document": "业委会 2026 年第 4 号决议",
        "matters": MATTERS,
        "announced": Announced(proxy_cap=3, extension_days=7),
        "opens_at": at(4, 9),
        "closes_at": at(24, 20),
        "roll": RollFigures(300, area_of("28615.37"), bytes(range(32))),
        "key_id": "56475aa75463474c",
        "contact": "业委会值班室，物业中心二楼，周一到周六 9 点到 18 点，张老师 0571-5550123",
        "objections_to": "业委会值班室；也可以找幸福社区居委会，中山路 12 号",
        "papers_to": "物业服务中心的票箱，或者 1栋、5栋门厅的票箱",
        "address": "https://vote.example.cn/v/XH-1/3",
        "made_at": at(1),
    }
    return About(**{**values, **change})


def roll() -> dict[str, Unit]:
    """300 flats in six buildings, a few of them of one owner."""
    return {
        f"{building}-{number}": unit(
            f"{building}-{number}",
            f"{70 + number}.{building}5",
            f"o{building}-{max(number, 3)}",
            building=str(building),
            kind=UnitKind.RESIDENTIAL,
        )
        for building in range(1, 7)
        for number in range(1, 51)
    }


def ballots(units: Sequence[Unit], taking_part: int = 41) -> list[Ballot]:
    """Of every building so many, on every question, on two channels; some come late."""
    choices = ("agree", "agree", "agree", "against", "abstain", "agree", "agree")
    thirds = ("方案甲：石材", "方案乙：地砖", "方案甲：石材", "neither", "abstain")
    made = []
    for place, each in enumerate(units):
        if place % 50 >= taking_part:
            continue
        owner = max(place % 50, 2) + place // 50  # the same for all flats of one owner
        names = frozenset(BOARD.options[: 1 + owner % 3])
        marks: dict[str, Choice] = {
            "q1": choices[owner % 7],
            "q2": choices[owner * 3 % 7],
            "q3": thirds[owner % 5],
            "q4": names,
        }
        made.append(
            Ballot(
                each.unit_id,
                marks,
                "paper" if place % 4 == 0 else "online",
                cast_at=at(25) if place % 50 == 40 else at(10),
                ballot_id=f"b{place}",
            )
        )
    return made


def result(taking_part: int = 41) -> dict[str, Any]:
    units = roll()
    rules = Rules(opens_at=at(4, 9), closes_at=at(24, 20))
    return result_of(
        rules, [matter.question for matter in MATTERS], units, ballots(list(units.values()), taking_part)
    )


def published(counted: dict[str, Any] | None = None) -> Published:
    return Published(counted or result(), bytes(range(100, 132)), 1234, at(25))


def about_result(counted: dict[str, Any], **change: Any) -> About:
    """The vote with the roll of this result."""
    total = counted["questions"][0]["total"]
    figures = RollFigures(total["persons"], area_of(total["area"]), bytes(range(32)))
    return about(roll=figures, made_at=at(25), **change)


def text_of(document: bytes, folder: Path) -> str:
    """The text of a PDF, blanks and line ends taken out: lines break where there is room."""
    text = read_pdf(document, folder)
    return "".join(text.split()).replace("\u200b", "")


def read_pdf(document: bytes, folder: Path) -> str:
    """The text of a PDF; a form feed ends a page."""
    path = folder / "document.pdf"
    path.write_bytes(document)
    read = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True, timeout=60
    )
    return read.stdout.decode()
