"""The rules themselves, on a taxonomy small enough to see all of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.lexicon import parse_lexicon
from nlp.tagger import Tagger, Verdict
from tests.nlp.small import small_taxonomy


@pytest.fixture
def tagger(small: dict[str, Any]) -> Tagger:
    return Tagger(parse_lexicon(small))


def tags(tagger: Tagger, text: str) -> list[str]:
    return [category.id for category in tagger.tag(text).categories]


def test_a_strong_term_is_enough(tagger: Tagger) -> None:
    tagged = tagger.tag("漏水")
    assert [category.id for category in tagged.categories] == ["water.leak"]
    assert (tagged.verdict, tagged.urgency, tagged.version) == (Verdict.MATTER, 2, "t1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("水管爆", ["water.leak"]),
        ("爆的是水管", ["water.leak"]),
        ("水管一二三四五爆", ["water.leak"]),
        ("水管一二三四五六爆", []),
        ("水管。爆", []),
        ("水管", []),
    ],
)
def test_a_pair_needs_both_sides_within_the_window_and_one_sentence(
    tagger: Tagger, text: str, expected: list[str]
) -> None:
    assert tags(tagger, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("潮湿", []), ("小区潮湿", ["water.leak"]), ("投诉，墙里有点潮湿", ["water.leak"])]
)
def test_a_weak_term_needs_a_cue(tagger: Tagger, text: str, expected: list[str]) -> None:
    assert tags(tagger, text) == expected


def test_small_talk_drops_a_lone_weak_term(tagger: Tagger) -> None:
    assert tags(tagger, "小区潮湿<chatter>") == []
    assert tags(tagger, "小区漏水<chatter>") == ["water.leak"]


def test_a_weak_term_of_two_characters_must_be_a_word(tagger: Tagger, small: dict[str, Any]) -> None:
    small["category"][0]["leaf"][0]["weak"] = ["计票"]
    crossing = Tagger(parse_lexicon(small))
    assert tags(crossing, "小区有人学会计票据") == []
    assert tags(crossing, "小区计票了") == ["water.leak"]


def test_a_longer_deny_phrase_voids_what_it_overlaps_and_nothing_else(tagger: Tagger) -> None:
    assert tags(tagger, "买漏水检测仪") == []
    assert tags(tagger, "买漏水检测仪，家里漏水") == ["water.leak"]


SMALL_TAGGER = Tagger(parse_lexicon(small_taxonomy()))


@given(st.text("漏水检测仪冒烟投诉小区", max_size=12), st.text("漏水检测仪冒烟投诉小区", max_size=12))
def test_no_hit_ever_overlaps_a_longer_deny_phrase(before: str, after: str) -> None:
    text = f"{before}漏水检测仪{after}"
    denied = [range(at, at + 5) for at in range(len(text)) if text.startswith("漏水检测仪", at)]
    for hit in SMALL_TAGGER.tag(text).hits:
        assert not any(position in span for position in range(hit.start, hit.end) for span in denied)


def test_the_longer_term_of_another_leaf_wins(tagger: Tagger) -> None:
    assert tags(tagger, "漏水冒烟") == ["fire.smoke"]
    assert sorted(tags(tagger, "漏水，冒烟")) == ["fire.smoke", "water.leak"]


def test_a_catch_all_leaf_gives_way_to_a_named_one(tagger: Tagger) -> None:
    assert tags(tagger, "有水声") == ["water.qita"]
    assert tags(tagger, "有水声，是漏水") == ["water.leak"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("没有漏水", []),
        ("有没有漏水", ["water.leak"]),
        ("没有漏水，是漏水了", ["water.leak"]),
        ("漏水没有", ["water.leak"]),
    ],
)
def test_a_negation_right_before_a_trouble_voids_it(tagger: Tagger, text: str, expected: list[str]) -> None:
    assert tags(tagger, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("漏水<resolved>", []),
        ("<resolved>又漏水", ["water.leak"]),
        ("漏水<resolved>，<relapse>", ["water.leak"]),
        ("漏水<resolved>，一二三四五六七八九十一二三<relapse>", []),
    ],
)
def test_good_news_voids_what_came_before_unless_it_came_back(
    tagger: Tagger, text: str, expected: list[str]
) -> None:
    assert tags(tagger, text) == expected


def test_good_news_in_doubt_is_no_good_news(small: dict[str, Any]) -> None:
    small["cues"]["resolved"] = ["修好了"]
    small["cues"]["unresolved"] = ["修好了吗"]
    doubting = Tagger(parse_lexicon(small))
    assert tags(doubting, "漏水修好了") == []
    assert tags(doubting, "漏水修好了吗") == ["water.leak"]


@pytest.mark.parametrize("group", ["trade", "question", "answer", "praise"])
def test_what_asks_for_nothing_is_chatter_unless_a_problem_is_named(tagger: Tagger, group: str) -> None:
    assert tagger.tag(f"漏水<{group}>").verdict is Verdict.CHATTER
    assert tags(tagger, f"漏水<{group}>投诉") == ["water.leak"]


def test_a_cue_inside_a_longer_deny_phrase_is_not_heard(tagger: Tagger, small: dict[str, Any]) -> None:
    small["category"][0]["leaf"][0]["deny"] = ["<praise>不了"]
    assert tags(tagger, "漏水，<praise>不了") == []
    assert tags(Tagger(parse_lexicon(small)), "漏水，<praise>不了") == ["water.leak"]


def test_an_announcement_is_chatter_whatever_it_names(tagger: Tagger) -> None:
    assert tags(tagger, "<notice>漏水，投诉") == []
    assert tags(tagger, "漏水，投诉<notice_closing>") == []
    assert tags(tagger, "漏水，投诉，看到过<notice>") == ["water.leak"]


def test_thanks_void_only_as_an_opening(tagger: Tagger) -> None:
    assert tags(tagger, "<thanks>漏水") == []
    assert tags(tagger, "漏水，看一下<thanks>") == ["water.leak"]


@pytest.mark.parametrize(
    ("text", "verdict", "urgency"),
    [
        ("你好", Verdict.CHATTER, 1),
        ("投诉", Verdict.UNSURE, 1),
        ("<danger>", Verdict.UNSURE, 3),
        ("漏水<danger>", Verdict.MATTER, 3),
        ("冒烟", Verdict.MATTER, 3),
        ("投诉<resolved>", Verdict.CHATTER, 1),
    ],
)
def test_verdict_and_urgency(tagger: Tagger, text: str, verdict: Verdict, urgency: int) -> None:
    tagged = tagger.tag(text)
    assert (tagged.verdict, tagged.urgency) == (verdict, urgency)


def test_more_witnesses_make_a_leaf_surer(tagger: Tagger) -> None:
    one, two, three = (tagger.tag("，".join(["漏水"] * count)).categories[0].score for count in (1, 2, 3))
    assert 0 < one < two < three < 1


def test_hits_tell_term_rule_and_span(tagger: Tagger) -> None:
    hits = tagger.tag("家里 漏 水，小区潮湿，龙头一直滴").hits
    assert [(hit.term, hit.rule) for hit in hits] == [("漏水", "strong")]
    (hit,) = tagger.tag("家里龙头 一直滴").hits
    assert (hit.leaf, hit.term, hit.rule, hit.start, hit.end) == ("water.leak", "龙头 + 滴", "pair", 2, 8)
