"""What evidence says of rules, questions and lines is what the tally is given again."""

import json
from dataclasses import fields, replace

import pytest

from handlers.voting.codec import question_from, question_json, rules_from, rules_json, unit_from
from handlers.voting.frozen_roll import Line
from handlers.voting.terms import ChannelPriority, Question, Rank, Regime, Revote, Rules, Unit
from storage.states import UnitKind
from tests.voting.votes import at

OTHER = Rules(
    regime=Regime.PROPERTY_LAW,
    scope_buildings=frozenset({"3", "12"}),
    parking_counts=True,
    spoiled_participates=True,
    blank_is_spoiled=True,
    revote=Revote.ONCE,
    channel_priority=ChannelPriority.PAPER_OVER_ONLINE,
    proxy_cap=3,
    deemed_follow=True,
    rank=Rank.SUM_OF_SHARES,
    opens_at=at(1),
    closes_at=at(20),
)


@pytest.mark.parametrize("name", [field.name for field in fields(Rules)])
def test_each_rule_is_read_as_it_was_written(name: str) -> None:
    assert getattr(OTHER, name) != getattr(Rules(), name)
    for rules in (Rules(), replace(Rules(), **{name: getattr(OTHER, name)}), OTHER):
        assert rules_from(rules_json(rules)) == rules


@pytest.mark.parametrize("question", [Question("q", 4), Question("q2", 3, ("甲", "乙"), 2)])
def test_a_question_is_read_as_it_was_written(question: Question) -> None:
    assert question_from(question_json(question)) == question


@pytest.mark.parametrize("delivered", [False, True])
def test_a_line_of_the_roll_is_read_as_it_was_written(delivered: bool) -> None:
    unit = Unit("3-101", "0a", UnitKind.SHOP, 89_730_001, "3", True, True, delivered, "0b")
    plain = Unit("3-102", "0c", UnitKind.RESIDENTIAL, 1, "4", delivered=delivered)
    for each in (unit, plain):
        line = Line(each, "1", "101", "register", bytes(16))
        assert unit_from(json.loads(line.canonical()), delivered=delivered) == each
