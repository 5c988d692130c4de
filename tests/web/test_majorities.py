"""What the law would need beside the figures of a survey: exact, by households and by area, and it decides nothing."""

import pytest

from bot.web.majorities import Need, lawful
from handlers.surveys.rules import Areas

SQUARE = 1_000_000


def test_nobody_said_which_matter_it_is() -> None:
    assert lawful(None, 9, 5, 4) is None


@pytest.mark.parametrize(
    ("item", "households", "answered", "agree", "take_part", "agreed"),
    [
        (7, 9, 5, 4, Need(6, 5, 1), Need(4, 4, 0)),  # three quarters of five
        (7, 9, 6, 4, Need(6, 6, 0), Need(5, 4, 1)),
        (4, 9, 6, 3, Need(6, 6, 0), Need(4, 3, 1)),  # more than half of six
        (4, 10, 10, 6, Need(7, 10, 0), Need(6, 6, 0)),
    ],
)
def test_what_is_missing_is_counted_in_households(
    item: int, households: int, answered: int, agree: int, take_part: Need, agreed: Need
) -> None:
    found = lawful(item, households, answered, agree)
    assert found is not None
    assert (found.take_part, found.agree, found.area) == (take_part, agreed, None)
    assert "法定" not in "".join(found.words)
    assert found.law.startswith("民法典第278条")


def test_area_is_told_where_all_of_it_is_known() -> None:
    found = lawful(7, 3, 1, None, Areas(300 * SQUARE, 89_500_000))
    assert found is not None
    assert found.area == Need("200.00 平方米", "89.50 平方米", "110.50 平方米")
    assert found.agree is None  # what few said is not told
    enough = lawful(7, 3, 3, 3, Areas(300 * SQUARE, 300 * SQUARE))
    assert enough is not None
    assert enough.area == Need("200.00 平方米", "300.00 平方米", "")


def test_nobody_answered_so_nothing_is_said_of_who_agrees() -> None:
    found = lawful(7, 3, 0, 0)
    assert found is not None
    assert (found.take_part, found.agree) == (Need(2, 0, 2), None)
