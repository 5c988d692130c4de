"""What the government's platform published: read, compared, judged by the law, and never put right."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from handlers.voting.marks import NEITHER
from handlers.voting.official import Figures, FiguresError, differing, figures_json, official_result_of
from handlers.voting.official_figures import figures_from
from handlers.voting.terms import ABSTAIN, AGAINST, AGREE, FOLLOW, SPOILED, Question, Rules, Sums, area_of

RULES = Rules()
ROLL = Sums(300, area_of("30000.00"))
YES_NO = Question("q1", 4)
CHOICE = Question("q2", 5, ("甲公司", "乙公司"))
BOARD = Question("q3", 3, ("丁一", "赵二", "孙三"), 2)
QUESTIONS = (YES_NO, CHOICE, BOARD)


def sums(persons: int, area: str) -> dict[str, Any]:
    return {"persons": persons, "area": area}


def row(question: str, word: Any, taking_part: dict[str, Any], **choices: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": question,
        "total": sums(300, "30000"),
        "participants": taking_part,
        "choices": [{"choice": name, **each} for name, each in choices.items()],
        "word": word,
    }


WRITTEN: dict[str, Any] = {
    "source": {"name": "市业主决策平台", "on": "2026-05-29", "where": "https://example.gov.cn/7"},
    "questions": [
        row(
            "q1",
            ["agree"],
            sums(205, "20500"),
            agree=sums(150, "15000"),
            against=sums(50, "5000"),
            abstain=sums(5, "500"),
        ),
        row(
            "q2",
            ["乙公司"],
            sums(205, "20500"),
            甲公司=sums(60, "6000"),
            乙公司=sums(140, "14000"),
            neither=sums(5, "500"),
        ),
        row(
            "q3",
            ["丁一", "孙三"],
            sums(205, "20500"),
            丁一=sums(150, "15000"),
            赵二=sums(90, "9000"),
            孙三=sums(140, "14000.5"),
        ),
    ],
}


def changed(question: int, **change: Any) -> Figures:
    """The figures with parts of one question replaced."""
    written = copy.deepcopy(WRITTEN)
    written["questions"][question] |= change
    return figures_from(written)


def result(figures: Figures, rules: Rules = RULES, roll: Sums = ROLL) -> dict[str, Any]:
    return official_result_of(rules, QUESTIONS, roll, figures)


def codes(figures: Figures, question: int, rules: Rules = RULES, roll: Sums = ROLL) -> list[str]:
    return [each["code"] for each in result(figures, rules, roll)["questions"][question]["differences"]]


GOOD = figures_from(WRITTEN)


def test_figures_that_agree_come_to_what_the_platform_says() -> None:
    made = result(GOOD)
    assert [each["status"] for each in made["questions"]] == ["PASSED", "PASSED", "PASSED"]
    assert [each["differences"] for each in made["questions"]] == [[], [], []]
    assert made["questions"][1]["passed"] == "乙公司"
    assert made["questions"][2]["elected"] == ["丁一", "孙三"]
    assert made["official"]["questions"][2]["choices"][2]["area"] == "14000.50"
    assert figures_from(made["official"]) == GOOD
    assert figures_from(figures_json(GOOD)) == GOOD


def test_the_law_is_asked_again_and_a_word_that_does_not_fit_is_said() -> None:
    # Exactly half is not more than half.
    half = [
        {"choice": AGREE, **sums(102, "10250")},
        {"choice": AGAINST, **sums(103, "10250")},
    ]
    figures = changed(0, choices=half)
    assert result(figures)["questions"][0]["status"] == "NOT_PASSED"
    assert codes(figures, 0) == ["word"]
    assert codes(changed(0, choices=half, word=[]), 0) == []
    assert codes(changed(0, choices=half, word=None), 0) == []
    assert codes(changed(2, word=["丁一", "赵二"]), 2) == ["word"]
    assert codes(changed(2, word=["孙三", "丁一"]), 2) == []
    few = changed(0, participants=sums(199, "20500"), choices=[{"choice": AGREE, **sums(199, "20500")}])
    assert result(few)["questions"][0]["status"] == "NO_QUORUM"
    assert codes(few, 0) == ["word"]


def test_another_total_than_the_rolls_is_said_and_what_hangs_on_it() -> None:
    figures = changed(0, total=sums(299, "30000"))
    assert codes(figures, 0) == ["total"]
    # 205 of 307 is enough, 205 of 308 is not.
    assert codes(GOOD, 0, roll=Sums(307, ROLL.area)) == ["total"]
    assert codes(GOOD, 0, roll=Sums(308, ROLL.area)) == ["total", "other_by_roll"]
    said = result(GOOD, roll=Sums(308, ROLL.area))["questions"][0]
    assert said["status"] == "PASSED"
    assert said["differences"][1]["status"] == "NO_QUORUM"
    assert said["differences"][0] == {
        "code": "total",
        "there": sums(300, "30000.00"),
        "roll": sums(308, "30000.00"),
    }


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"participants": sums(205, "20500.01")}, ["parts"]),
        ({"participants": sums(206, "20500")}, ["parts"]),
        ({"participants": sums(301, "20500")}, ["more_than_all", "parts"]),
        ({"participants": sums(205, "30000.001")}, ["more_than_all", "parts"]),
    ],
)
def test_parts_are_held_against_the_whole(change: dict[str, Any], found: list[str]) -> None:
    assert codes(changed(0, word=None, **change), 0) == found


def test_a_part_with_persons_and_no_area_or_more_than_took_part_is_named() -> None:
    choices = [{"choice": AGREE, **sums(206, "0")}]
    found = result(changed(0, word=None, choices=choices))["questions"][0]["differences"]
    assert [(each["code"], each.get("choice")) for each in found] == [
        ("only_one_measure", AGREE),
        ("more_than_took_part", AGREE),
        ("parts", None),
    ]


def test_spoiled_papers_take_part_only_as_announced() -> None:
    written = copy.deepcopy(WRITTEN)
    written["questions"][0]["choices"].append({"choice": SPOILED, **sums(7, "700")})
    figures = figures_from(written)
    assert codes(figures, 0) == []
    assert codes(figures, 0, rules=replace(RULES, spoiled_participates=True)) == ["parts"]


def test_those_who_follow_go_where_the_law_lets_them() -> None:
    choices = [
        {"choice": AGREE, **sums(100, "10000")},
        {"choice": AGAINST, **sums(90, "9000")},
        {"choice": FOLLOW, **sums(15, "1500")},
    ]
    figures = changed(0, choices=choices)
    assert codes(figures, 0) == []
    assert result(figures)["questions"][0]["agreed"] == sums(115, "11500.00")


def test_more_marks_than_an_election_has_are_said() -> None:
    most = [{"choice": name, **sums(200, "20000")} for name in BOARD.options]
    assert codes(changed(2, word=None, choices=most), 2) == ["too_many_marks"]


@pytest.mark.parametrize(
    ("question", "change", "where"),
    [
        (0, {"id": "q9"}, "questions"),
        (0, {"total": sums(0, "30000")}, "q1.total"),
        (0, {"choices": []}, "q1.agree"),
        (
            0,
            {"choices": [{"choice": AGREE, **sums(1, "1")}, {"choice": NEITHER, **sums(1, "1")}]},
            "q1.neither",
        ),
        (1, {"word": ["甲公司", "乙公司"]}, "q2.word"),
        (1, {"word": ["丙公司"]}, "q2.word"),
        (2, {"word": ["丁一", "丁一"]}, "q3.word"),
        (2, {"choices": [{"choice": "丁一", **sums(1, "1")}]}, "q3.赵二"),
    ],
)
def test_figures_of_other_questions_are_refused(question: int, change: dict[str, Any], where: str) -> None:
    with pytest.raises(FiguresError) as refused:
        result(changed(question, **change))
    assert refused.value.where == where


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"participants": sums(-1, "1")}, "q1.participants"),
        ({"participants": {"persons": 1.5, "area": "1"}}, "q1.participants"),
        ({"participants": {"persons": True, "area": "1"}}, "q1.participants"),
        ({"participants": {"persons": 1, "area": 1.5}}, "q1.participants"),
        ({"participants": sums(1, "1.0000001")}, "q1.participants"),
        ({"participants": sums(1, "NaN")}, "q1.participants"),
        ({"participants": None}, "q1.participants"),
        ({"choices": [{"choice": AGREE, **sums(1, "1")}] * 2}, "q1.agree"),
        ({"choices": {}}, "q1.choices"),
        ({"word": "agree"}, "q1.word"),
        ({"word": [7]}, "q1.word"),
        ({"id": None}, "questions.id"),
    ],
)
def test_what_cannot_be_read_is_named(change: dict[str, Any], where: str) -> None:
    with pytest.raises(FiguresError) as refused:
        changed(0, **change)
    assert refused.value.where == where


@pytest.mark.parametrize(
    "change",
    [{"source": None}, {"source": {"name": "平台", "on": "5月29日", "where": "x"}}, {"questions": {}}],
)
def test_a_source_without_a_day_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(FiguresError):
        figures_from({**WRITTEN, **change})
    with pytest.raises(FiguresError):
        figures_from(list(change))


def test_two_readings_are_told_apart_by_what_differs() -> None:
    assert differing(GOOD, GOOD) == []
    assert differing(GOOD, changed(0, participants=sums(205, "20500.000"))) == []
    assert differing(GOOD, changed(1, participants=sums(206, "20500"))) == ["q2.participants"]
    more = [{"choice": AGREE, **sums(150, "15001")}, {"choice": ABSTAIN, **sums(5, "500")}]
    assert differing(GOOD, changed(0, choices=more)) == ["q1.agree", "q1.against"]
    assert differing(GOOD, changed(0, word=[])) == ["q1.word"]
    assert differing(changed(0, word=None), changed(0, word=[])) == ["q1.word"]
    other = {**WRITTEN, "source": {**WRITTEN["source"], "on": "2026-05-30"}}
    assert differing(GOOD, figures_from(other)) == ["source.on"]
