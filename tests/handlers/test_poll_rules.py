"""Polls, pure: what may be asked and ticked, and that no figure is about fewer than five."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.polls.rules import (
    FEWEST,
    SATISFACTION,
    Code,
    Counts,
    Draft,
    Refused,
    checked,
    figures,
    is_asked,
    is_open,
    may_show,
    ticks,
)
from storage.states import PollKind
from tests.handlers.talk import NOW

CLOSES = NOW + timedelta(days=7)


def draft(**values: object) -> Draft:
    given_values = {
        "kind": PollKind.STRAW,
        "title": "楼下装椅子吗",
        "closes_at": CLOSES,
        "options": ("装", "不装"),
    }
    return Draft(**{**given_values, **values})  # type: ignore[arg-type]


def test_satisfaction_is_always_asked_in_the_same_words() -> None:
    held = checked(draft(kind=PollKind.SATISFACTION, options=("好",), choose=3), NOW)
    assert (held.options, held.choose) == (SATISFACTION, 1)


@pytest.mark.parametrize(
    "odd",
    [
        {"title": " "},
        {"title": "长" * 121},
        {"options": ("装",)},
        {"options": ("装", " 装 ")},
        {"options": tuple(map(str, range(13)))},
        {"choose": 0},
        {"choose": 3},
        {"closes_at": NOW},
        {"closes_at": NOW + timedelta(days=61)},
    ],
    ids=str,
)
def test_a_poll_that_nobody_could_answer_is_refused(odd: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        checked(draft(**odd), NOW)
    assert refused.value.code is Code.ODD


@pytest.mark.parametrize("ticked", [[], [0, 1, 2], [-1], [3], [10**9]])
def test_other_ticks_than_were_asked_for_are_refused(ticked: list[int]) -> None:
    with pytest.raises(Refused):
        ticks(3, 2, ticked)


def test_ticks_are_kept_in_order_and_once() -> None:
    assert ticks(3, 2, [2, 0, 2]) == [0, 2]


def test_the_end_belongs_to_the_window_and_figures_come_after_it() -> None:
    assert is_open(NOW, CLOSES, None, CLOSES)
    assert not is_open(NOW, CLOSES, None, CLOSES + timedelta(seconds=1))
    assert not is_open(NOW, CLOSES, CLOSES, CLOSES)
    assert not may_show(False, CLOSES, None, CLOSES)
    assert may_show(False, CLOSES, None, CLOSES + timedelta(seconds=1))
    assert may_show(True, CLOSES, None, NOW)


def test_only_the_buildings_that_are_meant_are_asked() -> None:
    assert is_asked([], None)
    assert is_asked(["3"], "3")
    assert not is_asked(["3"], "13")
    assert not is_asked(["3"], None)


ANSWERS = st.lists(
    st.tuples(st.lists(st.integers(0, 2), min_size=1, max_size=2), st.sampled_from(["1", "2", "3", None])),
    max_size=40,
)


@given(ANSWERS)
def test_no_row_and_no_difference_of_rows_is_about_few(answers: list[tuple[list[int], str | None]]) -> None:
    found = figures(3, answers)
    assert found.whole.answers == len(answers)
    assert (found.whole.options is None) == (len(answers) < FEWEST)
    if found.by_building:
        assert all(counts.answers >= FEWEST for counts in found.by_building.values())
        assert sum(counts.answers for counts in found.by_building.values()) == len(answers)
        for place in range(3):
            rows = [counts.options[place] for counts in found.by_building.values() if counts.options]
            assert found.whole.options is not None
            assert sum(rows) == found.whole.options[place]


def test_few_are_shown_with_others() -> None:
    answers = [([0], "1")] * 6 + [([1], "2")] * 2 + [([1], None)] * 4
    assert figures(2, answers).by_building == {"1": Counts(6, (6, 0)), "": Counts(6, (0, 6))}
