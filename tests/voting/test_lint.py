"""What is said about a draft before anything is sent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.voting.announced import Announced
from handlers.voting.jurisdictions import NATIONAL, load_profile
from handlers.voting.lint import Draft, Finding, lint
from handlers.voting.terms import AGREE, Question, Revote
from storage.states import VoteMode
from tests.voting.votes import at

PLACE = load_profile(NATIONAL)
NOW = at(1)
GOOD = Draft(
    title="选聘物业服务企业",
    body="请各位业主对下列事项表决。",
    questions=(Question("q1", 4),),
    texts={"q1": "是否同意选聘某某物业服务企业，为期三年？"},
    convener={"body": "业主委员会", "name": "四季园业委会", "document": "业委会决议第3号"},
    announced=Announced(),
    opens_at=at(16),
    closes_at=at(25),
    checked=frozenset(PLACE.unverified),
    units=600,
    contactable=590,
    contact="居委会陈书记 020-81230000",
    officers=2,
)


def found(draft: Draft, place: str = NATIONAL) -> dict[str, Finding]:
    profile = load_profile(place)
    findings = lint(replace(draft, checked=draft.checked | frozenset(profile.unverified)), profile, NOW)
    return {finding.code: finding for finding in findings}


def codes(draft: Draft, place: str = NATIONAL) -> set[str]:
    return set(found(draft, place))


def asking(item: int, text: str, **more: object) -> Draft:
    question = Question("q1", item, **more)  # type: ignore[arg-type]
    return replace(GOOD, questions=(question,), texts={"q1": text})


def test_a_good_draft_has_nothing_to_complain_about() -> None:
    assert lint(GOOD, PLACE, NOW) == []


def test_a_draft_without_officers_may_go_out_but_its_secretary_is_told() -> None:
    finding = found(replace(GOOD, officers=0))["lint.no_officers"]
    assert (finding.field, finding.error) == ("officers", False)
    elsewhere = replace(GOOD, officers=0, mode=VoteMode.OFFICIAL_PLATFORM, platform="广州业主决策平台")
    assert "lint.no_officers" not in codes(elsewhere)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"opens_at": None}, "lint.no_window", "opens_at"),
        ({"closes_at": at(16)}, "lint.window_backwards", "closes_at"),
        ({"opens_at": at(16) - timedelta(seconds=1)}, "lint.notice_too_short", "opens_at"),
        ({"closes_at": at(16, 20)}, "lint.window_too_short", "closes_at"),
        ({"closes_at": at(16) + timedelta(days=61)}, "lint.window_too_long", "closes_at"),
        ({"title": " "}, "lint.no_title", "title"),
        ({"questions": (), "texts": {}}, "lint.no_question", "questions"),
        ({"texts": {}}, "lint.no_text", "q1"),
        ({"convener": {"body": "小区党支部", "document": "x"}}, "lint.no_convener", "convener"),
        ({"convener": {"body": "业主委员会", "document": " "}}, "lint.no_convener_document", "convener"),
        ({"contact": " "}, "lint.no_contact", "contact"),
        ({"mode": VoteMode.OFFICIAL_PLATFORM}, "lint.no_platform", "platform"),
        ({"units": 0}, "lint.no_roll", "roll"),
        ({"unready": 3}, "lint.roll_unready", "roll"),
        ({"announced": Announced(notice_days=7)}, "lint.notice_rule", "opens_at"),
        ({"announced": Announced(publish_within_days=9)}, "lint.publish_late", "publish_within_days"),
    ],
)
def test_what_keeps_the_notice_back(change: dict[str, object], code: str, field: str) -> None:
    finding = found(replace(GOOD, **change))[code]  # type: ignore[arg-type]
    assert (finding.field, finding.error) == (field, True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"closes_at": at(20)}, "lint.window_short"),
        ({"contactable": 401}, "lint.few_contactable"),
        ({"announced": Announced(deemed_follow=True)}, "lint.deemed_follow"),
    ],
)
def test_what_is_only_unwise(change: dict[str, object], code: str) -> None:
    assert not found(replace(GOOD, **change))[code].error  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("item", "text", "code"),
    [
        (5, "是否同意续筹住宅专项维修资金？", "lint.item_too_light"),
        (9, "是否同意给3栋加装电梯？", "lint.item_too_light"),
        (4, "是否同意把架空层改变用途，用于经营？", "lint.item_too_light"),
        (6, "是否同意使用维修资金修屋面？", "lint.item_doubtful"),
        (9, "是否同意解聘现物业服务企业？", "lint.item_doubtful"),
    ],
)
def test_words_of_another_item(item: int, text: str, code: str) -> None:
    assert code in codes(asking(item, text))


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (5, "是否同意使用维修资金更换3栋电梯钢丝绳？"),
        (6, "是否同意补交住宅专项维修资金？"),
        (7, "是否同意加装电梯？"),
        (2, "是否同意新的管理规约？"),
    ],
)
def test_words_of_the_item_itself(item: int, text: str) -> None:
    assert codes(asking(item, text)) == set()


def test_turning_flats_into_shops_is_not_such_a_vote() -> None:
    assert "lint.not_278" in codes(asking(8, "是否同意1栋101住改商，开一家民宿？"))


@pytest.mark.parametrize(
    "text", ["投票就送一提鸡蛋", "参与表决的业主可领红包", "凭选票到物业换礼品", "同意的业主奖励积分"]
)
def test_nobody_is_rewarded_for_voting(text: str) -> None:
    assert found(replace(GOOD, body=text))["lint.reward"].field == "body"
    assert "lint.reward" in codes(asking(4, text))


def test_a_plain_text_about_a_prize_is_no_promise() -> None:
    assert "lint.reward" not in codes(replace(GOOD, body="维修资金的使用情况见附件，投票截止后公布结果。"))


def test_an_election_needs_enough_candidates_and_its_item() -> None:
    def election(item: int, *names: str) -> set[str]:
        return codes(asking(item, "选举第三届业主委员会", options=names, seats=3))

    assert election(3, "甲", "乙", "丙", "丁") == set()
    assert election(3, "甲", "乙") == {"lint.few_candidates"}
    assert election(3, "甲", "乙", "丙") == {"lint.no_more_candidates"}
    assert "lint.election_item" in election(4, "甲", "乙", "丙", "丁")


def test_one_option_is_a_yes_or_no() -> None:
    assert "lint.one_option" in codes(asking(4, "选哪一家？", options=("甲公司",)))
    assert "lint.one_option" not in codes(asking(4, "选哪一家？", options=("甲公司", "乙公司")))
    assert GOOD.questions[0].options == (AGREE,)


def test_two_matters_that_read_alike() -> None:
    draft = replace(
        GOOD, questions=(Question("q1", 4), Question("q2", 4)), texts={"q1": "是否选聘？", "q2": "是否选聘？"}
    )
    assert "lint.same_text" in codes(draft)


def test_a_key_that_nobody_checked_keeps_the_notice_back() -> None:
    findings = lint(replace(GOOD, checked=frozenset()), PLACE, NOW)
    unverified = [finding for finding in findings if finding.code == "lint.unverified"]
    assert {finding.field for finding in unverified} == {f"profile.{name}" for name in PLACE.unverified}
    assert all(finding.error for finding in unverified)


def test_the_rules_of_the_place_are_held() -> None:
    assert "lint.proxy_cap" in codes(GOOD, "weifang")
    assert "lint.proxy_cap" not in codes(replace(GOOD, announced=Announced(proxy_cap=3)), "weifang")
    assert "lint.revote" in codes(GOOD, "wuhan")
    assert "lint.revote" not in codes(replace(GOOD, announced=Announced(revote=Revote.ONCE)), "wuhan")
    assert "lint.public_days" in codes(replace(GOOD, announced=Announced(public_days=3)), "qingyuan")
    assert "lint.window_too_short" in codes(replace(GOOD, closes_at=at(20)), "hangzhou")


def test_a_shorter_notice_where_the_place_has_one_for_extra_meetings() -> None:
    draft = replace(GOOD, opens_at=at(8), announced=Announced(notice_days=7), extra_meeting=True)
    assert "lint.notice_too_short" not in codes(draft, "hangzhou")
    assert "lint.notice_too_short" in codes(replace(draft, extra_meeting=False), "hangzhou")
    assert "lint.notice_too_short" in codes(draft)


def test_errors_come_first_and_sentences_are_short() -> None:
    draft = replace(GOOD, title="", contactable=1, closes_at=at(20), checked=frozenset())
    findings = lint(draft, load_profile("wuhan"), NOW)
    assert [finding.error for finding in findings] == sorted((f.error for f in findings), reverse=True)
    for finding in findings:
        assert all(len(sentence) <= 60 for sentence in finding.text.split("。"))


def test_a_longer_notice_than_the_place_asks_for_binds_the_draft_that_announces_it() -> None:
    draft = replace(GOOD, announced=Announced(notice_days=60))
    assert "lint.notice_too_short" in codes(draft)
