"""What stands on a notice, on ballot papers, in a result and in minutes."""

import struct
from pathlib import Path

import pytest

from bot.documents import render
from bot.documents.about import Matter
from bot.documents.ballots import Paper, ballots_pdf
from bot.documents.notice import notice_pdf
from bot.documents.results import Proceedings, minutes_pdf, result_pdf, result_pictures
from handlers.voting.announced import Announced
from handlers.voting.result import result_of
from handlers.voting.terms import Question, Rules, area_of
from storage.states import VoteMode
from tests.bot.documents.papers import (
    FIRST,
    MATTERS,
    about,
    about_result,
    needs_reader,
    published,
    read_pdf,
    result,
    text_of,
)
from tests.voting.votes import ballot, unit

pytestmark = needs_reader

HELD = Proceedings(
    "书面征求意见，网上和纸上同时投票",
    [("唱票", "李秀英"), ("计票", "赵敏"), ("监票", "陈志强")],
    "5月25日上午在物业中心开箱。\n封条完好。",
)


def papers(count: int) -> list[Paper]:
    return [
        Paper(f"XH3-{place:05d}", [(f"{place % 9 + 1}栋{100 + place}", area_of("89.73"))])
        for place in range(count)
    ]


def test_a_notice_says_what_who_when_and_by_which_rules(tmp_path: Path) -> None:
    printed = text_of(notice_pdf(about()), tmp_path)
    for words in (
        "表决公告",
        "幸福家园业主委员会（依据：业委会2026年第4号决议）",
        "2026年5月4日09:00到2026年5月24日20:00",
        "全小区的业主",
        "续聘和顺物业服务有限公司三年",
        "民法典第278条第（四）项",
        "同意的，人数和面积都要超过参加的一半。",
        "同意的，人数和面积都要达到参加的四分之三。",
        "一共选3位。候选人：王建国、李秀英、赵敏、陈志强。",
        "方案甲：石材、方案乙：地砖，也可以都不同意，或者弃权",
        "300人",
        "28,615.37平方米",
        "0001020304050607",
        "56475aa75463474c",
        "一个人最多替3位业主投。",
        "网上投：",
        "纸上投：",
        "提异议",
        "业委会值班室",
    ):
        assert words in printed, words


def test_a_vote_on_the_governments_platform_says_so_and_has_no_papers_of_ours(tmp_path: Path) -> None:
    there = about(mode=VoteMode.OFFICIAL_PLATFORM, platform="市业主决策平台")
    printed = text_of(notice_pdf(there), tmp_path)
    assert "只有平台上的票算数" in printed
    assert "市业主决策平台" in printed
    assert "纸上投：" not in printed
    with pytest.raises(render.DocumentError, match="platform"):
        ballots_pdf(there, papers(1))


def test_without_pages_nobody_is_sent_to_them(tmp_path: Path) -> None:
    printed = text_of(notice_pdf(about(address="")), tmp_path)
    assert "网上投：" not in printed
    assert "纸上投：" in printed


def test_a_ballot_paper_has_every_box_and_its_own_serial(tmp_path: Path) -> None:
    two = Paper("XH3-00007", [("3栋501", area_of("89.73")), ("车位B12", area_of("13.2"))])
    pages = read_pdf(ballots_pdf(about(), [two, *papers(2)]), tmp_path).split("\f")[:-1]
    assert len(pages) == 3
    first, second, _ = ("".join(page.split()) for page in pages)
    for words in (
        "选票", "XH3-00007", "3栋501", "89.73平方米", "13.20平方米", "合计2处", "102.93平方米",
        "不同意", "弃权", "都不同意", "方案乙：地砖", "最多选3位", "业主签名", "委托书", "最多替3位业主",
        "2026年5月24日20:00前",
    ):  # fmt: skip
        assert words in first, words
    assert first.count("弃权") == len(MATTERS)
    assert first.count("都不同意") == 2
    assert "XH3-00000" in second
    assert "XH3-00007" not in second


def test_following_the_majority_is_offered_only_where_it_was_announced(tmp_path: Path) -> None:
    assert "从多" not in text_of(ballots_pdf(about(), papers(1)), tmp_path)
    deemed = about(announced=Announced(deemed_follow=True, proxy_cap=0))
    printed = text_of(ballots_pdf(deemed, papers(1)), tmp_path)
    assert "从多" in printed
    assert "这次不接受委托投票" in printed
    assert "受托人签名" not in printed


def test_an_option_of_many_words_stays_on_the_paper(tmp_path: Path) -> None:
    long = "由业委会同三家公司谈判，按每平方米最低价签约，" * 5
    matters = (Matter(Question("q1", 4, (long, "不换")), "请哪家", ""),)
    assert long in text_of(ballots_pdf(about(matters=matters), papers(1)), tmp_path)


def test_many_papers_are_one_file_of_moderate_size(tmp_path: Path) -> None:
    made = ballots_pdf(about(), papers(100))
    assert read_pdf(made, tmp_path).count("\f") == 100
    assert len(made) < 1_000_000


def test_a_result_has_every_number_and_what_it_means(tmp_path: Path) -> None:
    counted = result()
    printed = text_of(result_pdf(about_result(counted), published(counted)), tmp_path)
    first, second = counted["questions"][0], counted["questions"][1]
    assert (first["status"], second["status"]) == ("PASSED", "NOT_PASSED")
    for words in (
        "续聘和顺物业服务有限公司三年：通过",
        "未形成有效决定",
        "这不等于大家决定不做",
        "当选：王建国、李秀英。",
        "还空1个名额",
        "截止以后才到",
        "2026年6月1日前（公布后7天）可以提异议",
        bytes(range(100, 132)).hex(),
        "56475aa75463474c",
        "如果废票算作参加，结果一样。",
        "业主可以查看这次表决的资料",
    ):
        assert words in printed, words
    for question in counted["questions"]:
        shown = [question["total"], question["participants"], *question["choices"]]
        shown += [row["participants"] for table in ("by_building", "by_channel") for row in question[table]]
        for sums in shown:
            assert f"{sums['persons']:,}" in printed
            assert f"{float(sums['area']):,.2f}" in printed
    assert str(second["passing"]["missing"]["persons"]) + "人、667.65平方米" in printed


def test_the_area_to_exceed_is_not_said_in_millionths(tmp_path: Path) -> None:
    counted = result()
    printed = text_of(result_pdf(about_result(counted), published(counted)), tmp_path)
    assert "超过10,908.00" in printed
    assert "10,908.000001" not in printed


def test_candidates_whom_nobody_named_are_listed_too(tmp_path: Path) -> None:
    counted = result()
    printed = text_of(result_pdf(about_result(counted), published(counted)), tmp_path)
    assert "陈志强00.00" in printed


def test_a_result_to_be_reviewed_names_nobody_as_elected(tmp_path: Path) -> None:
    board = MATTERS[3]
    roll = {f"u{n}": unit(f"u{n}", owner=f"o{n // 2}") for n in range(8)}
    names = [frozenset({"王建国"}), frozenset({"李秀英"})]
    marks = [ballot(f"u{n}")._replace(choices={"q4": names[n % 2 if n < 2 else 0]}) for n in range(8)]
    counted = result_of(Rules(), [board.question], roll, marks)
    assert counted["questions"][0]["status"] == "REVIEW_REQUIRED"
    printed = text_of(result_pdf(about_result(counted, matters=(board,)), published(counted)), tmp_path)
    assert "有票待核实" in printed
    assert "同一位业主的几套房，投得不一样，1件" in printed
    assert "当选：" not in printed


def test_nobody_taking_part_is_a_result_too(tmp_path: Path) -> None:
    roll = {f"u{n}": unit(f"u{n}") for n in range(3)}
    counted = result_of(Rules(), [FIRST], roll, [])
    printed = text_of(result_pdf(about_result(counted, matters=MATTERS[:1]), published(counted)), tmp_path)
    assert "参加的不够，未形成有效决定" in printed
    assert "没有不算数的票" in printed


def test_the_picture_of_a_result_fits_a_message() -> None:
    counted = result()
    pictures = result_pictures(about_result(counted), published(counted))
    assert all(len(picture) <= render.MOST_IMAGE_BYTES for picture in pictures)
    assert {struct.unpack(">I", picture[16:20])[0] for picture in pictures} == {1080}


def test_minutes_have_the_figures_and_lines_to_sign(tmp_path: Path) -> None:
    counted = result()
    printed = text_of(minutes_pdf(about_result(counted), published(counted), HELD), tmp_path)
    for words in ("业主大会会议纪要", "书面征求意见", "监票", "陈志强", "封条完好", "签名", "未形成有效决定"):
        assert words in printed, words
    assert "公布日期2026年5月25日" in printed
