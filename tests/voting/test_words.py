"""What owners read about a vote: every term has words, and they are short and plain."""

import re
from collections.abc import Iterator
from itertools import product

import pytest

from handlers.local_time import full_day, full_moment
from handlers.voting import words
from handlers.voting.announced import Announced
from handlers.voting.marks import NEITHER
from handlers.voting.outcome import DEEMED
from handlers.voting.result import result_of
from handlers.voting.terms import (
    ABSTAIN,
    AGAINST,
    AGREE,
    BLANK,
    FOLLOW,
    FOLLOW_UNDEFINED,
    SPOILED,
    CaseKind,
    ChannelPriority,
    Question,
    Rank,
    Regime,
    Rejection,
    Revote,
    Rules,
    Status,
)
from storage.states import BallotChannel, UnitKind, VoteMode
from tests.voting.votes import at, ballot, unit

LONGEST = 60
# The words of officials, and of programs.
STIFF = re.compile(r"特此|兹|予以|贵|敬请|相关|进行了|该|系统|用户|之规定|依据|[a-zA-Z_]")


def announcements() -> Iterator[Announced]:
    for revote, priority, rank, flag, cap in product(
        Revote, ChannelPriority, Rank, (False, True), (None, 0, 3)
    ):
        yield Announced(
            revote=revote,
            channel_priority=priority,
            rank=rank,
            parking=flag,
            spoiled_participates=flag,
            blank_is_spoiled=flag,
            deemed_follow=flag,
            proxy_cap=cap,
            extension_days=7 if flag else 0,
            regime=Regime.PROPERTY_LAW if flag else Regime.CIVIL_CODE,
        )


def everything() -> set[str]:
    said = {words.item_name(item) for item in range(1, 10)} | {words.item_law(item) for item in range(1, 10)}
    for regime, item, election in product(Regime, range(1, 10), (False, True)):
        said |= set(words.majority_words(regime, item, election=election))
    said |= {words.status_name(status) for status in Status} | {words.status_words(each) for each in Status}
    said |= {words.rejection_words(each) for each in Rejection} | {
        words.case_words(each) for each in CaseKind
    }
    said |= {words.mode_words(mode) for mode in VoteMode} | {
        words.channel_name(each) for each in BallotChannel
    }
    said |= {
        words.choice_name(each) for each in (AGREE, AGAINST, ABSTAIN, SPOILED, BLANK, FOLLOW, NEITHER, DEEMED)
    }
    said |= {words.channel_name(DEEMED), words.note_words(FOLLOW_UNDEFINED), words.scope_words([])}
    for announced in announcements():
        said |= set(words.rules_words(announced, election=True))
    return said


@pytest.mark.parametrize("said", sorted(everything()))
def test_sentences_are_short_and_plain(said: str) -> None:
    assert all(len(sentence) <= LONGEST for sentence in re.split(r"[。！？]", said))
    assert STIFF.search(said) is None


def test_names_and_sentences_of_different_terms_differ() -> None:
    assert len({words.status_name(each) for each in Status}) == len(Status)
    assert len({words.status_words(each) for each in Status}) == len(Status)
    assert len({words.rejection_words(each) for each in Rejection}) == len(Rejection)
    assert len({words.case_words(each) for each in CaseKind}) == len(CaseKind)
    assert len({words.item_name(item) for item in range(1, 10)}) == 9


def test_not_passed_is_never_said_to_be_a_decision() -> None:
    assert words.status_name(Status.NOT_PASSED) == "未形成有效决定"
    assert "不等于" in words.status_words(Status.NOT_PASSED)
    assert not any("否决" in said or "未通过" in said for said in everything())


@pytest.mark.parametrize(
    ("item", "share"), [(4, "超过参加的一半"), (5, "超过参加的一半"), (6, "达到参加的四分之三")]
)
def test_majorities_are_those_of_the_law(item: int, share: str) -> None:
    quorum, agreement = words.majority_words(Regime.CIVIL_CODE, item)
    assert "达到全体业主的三分之二" in quorum
    assert share in agreement
    assert "人数和面积都要" in quorum
    assert "人数和面积都要" in agreement


def test_the_old_law_measures_agreement_against_everybody() -> None:
    assert "达到全体业主的三分之二" in words.majority_words(Regime.PROPERTY_LAW, 5)[1]
    assert "超过全体业主的一半" in words.majority_words(Regime.PROPERTY_LAW, 4)[1]


def test_each_rule_that_differs_reads_differently() -> None:
    base = Announced()
    for change in (
        {"parking": True},
        {"spoiled_participates": True},
        {"blank_is_spoiled": True},
        {"revote": Revote.ONCE},
        {"channel_priority": ChannelPriority.PAPER_OVER_ONLINE},
        {"proxy_cap": 3},
        {"deemed_follow": True},
        {"rank": Rank.SUM_OF_SHARES},
        {"extension_days": 5},
        {"objection_days": 10},
        {"public_days": 3},
        {"publish_within_days": 1},
        {"regime": Regime.PROPERTY_LAW},
    ):
        other = base.model_copy(update=change)
        assert words.rules_words(other, election=True) != words.rules_words(base, election=True), change


def test_a_percentage_is_cut_off_and_never_rounded() -> None:
    assert words.percent(5_872_934, 9_250_876) == "63.48%"  # printed as 64.28 % in the notice of 2026-02
    assert words.percent(1_999_999, 3_000_000) == "66.66%"
    assert words.percent(0, 0) == "0.00%"


def test_areas_keep_every_decimal() -> None:
    assert words.area_words("191619.21") == "191,619.21 平方米"
    assert words.area_words("95862.363") == "95,862.363 平方米"


def test_times_are_those_of_the_compound() -> None:
    assert full_moment(at(20)) == "2026年5月20日 12:00"
    assert full_day(at(1, 0)) == "2026年5月1日"


def test_a_result_that_more_opponents_would_turn_says_so() -> None:
    roll = {f"u{n}": unit(f"u{n}") for n in range(9)}
    result = result_of(Rules(), [Question("q", 4)], roll, [ballot(f"u{n}") for n in range(5)])
    question = result["questions"][0]
    said = words.sensitivity_words(result["rules"], question)
    assert any("反而会通过" in sentence for sentence in said)
    assert words.need_words("参加的", question["participants"], question["quorum"]) == (
        "参加的 5 人，500.00 平方米；需要 6 人，600.00 平方米；还差 1 人、100.00 平方米。"
    )
    assert all(len(sentence) <= LONGEST for sentence in said)


def test_a_share_to_exceed_is_said_as_one_to_exceed() -> None:
    roll = {f"u{n}": unit(f"u{n}", "33.33") for n in range(4)}
    marks = [ballot("u0"), ballot("u1", "against"), ballot("u2", "against"), ballot("u3")]
    question = result_of(Rules(), [Question("q", 4)], roll, marks)["questions"][0]
    assert words.need_words("同意的", question["agreed"], question["passing"], strict=True) == (
        "同意的 2 人，66.66 平方米；需要 3 人，超过 66.66 平方米；还差 1 人、0.00 平方米多一点。"
    )


def test_what_another_rule_would_change_is_named() -> None:
    roll = {f"u{n}": unit(f"u{n}") for n in range(6)} | {"p": unit("p", "600", kind=UnitKind.PARKING)}
    result = result_of(Rules(), [Question("q", 4)], roll, [ballot(f"u{n}") for n in range(4)])
    said = words.sensitivity_words(result["rules"], result["questions"][0])
    assert "如果车位也算在内，结果会变成：参加的不够，未形成有效决定。" in said
    assert "如果废票算作参加，结果一样。" in said


def test_buildings_read_as_people_write_them() -> None:
    assert words.building_name("3") == "3栋"
    assert words.building_name("3号楼") == "3号楼"
    assert words.building_name("") == "其他楼栋合计"
    assert words.scope_words(["5", "3"]) == "3栋、5栋的业主"
