"""Rates as docs/rates.md defines them, and whose a matter is by rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.requests.assign import Assignment, Rule, assign, default_role
from handlers.requests.commands import Party
from handlers.requests.rates import Over, Rate, Row, rates
from storage.states import Ladder, Rating, RequestState, Role

OPEN, DONE, RATED, CLOSED = (
    RequestState.ACCEPTED,
    RequestState.DONE,
    RequestState.RATED,
    RequestState.CLOSED,
)

EXAMPLE = [
    Row(RATED, True, True, Rating.SATISFIED, (Rating.SATISFIED, Rating.FAIR)),
    Row(RATED, True, False, Rating.DISSATISFIED, (Rating.DISSATISFIED,), Ladder.COMMUNITY),
    Row(CLOSED, False, True),
    Row(DONE, True, True),
    Row(OPEN, True, None),
    Row(OPEN, True, True, None, (Rating.BESIDE_THE_POINT,)),  # reopened
    Row(RequestState.RAISED, None, None),
    Row(RequestState.CANCELLED, False, False, Rating.DISSATISFIED, (Rating.DISSATISFIED,)),
]


def test_the_example_of_the_page() -> None:
    found = rates(EXAMPLE)
    assert found.raised == 7
    assert found.response == Rate(5, 6)
    assert found.on_time == Rate(4, 5)
    assert found.resolution == Rate(2, 4)
    assert found.satisfaction == Rate(2, 4)
    assert (found.in_compound, found.in_community) == (Rate(2, 3), Rate(3, 3))
    over_all = rates(EXAMPLE, Over.ALL)
    assert [over_all.response, over_all.on_time, over_all.resolution] == [Rate(5, 7), Rate(4, 7), Rate(2, 7)]
    assert [over_all.in_compound, over_all.in_community] == [Rate(2, 7), Rate(3, 7)]


@pytest.mark.parametrize(
    ("count", "total", "percent"), [(0, 0, None), (1, 8, 13), (1, 3, 33), (2, 3, 67), (5, 5, 100)]
)
def test_percent_is_rounded_halves_up(count: int, total: int, percent: int | None) -> None:
    assert Rate(count, total).percent == percent


_ROWS = st.builds(
    Row,
    st.sampled_from(list(RequestState)),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, *Rating]),
    st.lists(st.sampled_from(list(Rating)), max_size=3).map(tuple),
    st.sampled_from(list(Ladder)),
)


@given(st.lists(_ROWS, max_size=12), st.sampled_from(list(Over)))
def test_a_rate_is_never_more_than_all_of_it(rows: list[Row], over: Over) -> None:
    found = rates(rows, over)
    rest = (found.in_compound, found.in_community)
    for rate in (found.response, found.on_time, found.resolution, found.satisfaction, *rest):
        assert 0 <= rate.count <= rate.total
        assert rate.percent is None or 0 <= rate.percent <= 100
    assert found.resolution.total <= found.raised
    assert found.in_compound.count <= found.in_community.count
    assert found.in_compound.total == found.in_community.total


PROPERTY, GRID, COMMUNITY = (Party(role) for role in (Role.PROPERTY, Role.GRID_WORKER, Role.COMMUNITY_WORKER))


def test_the_closest_rule_wins_category_before_place() -> None:
    rules = [
        Rule("*", "", GRID),
        Rule("*", "3", COMMUNITY),
        Rule("dianti", "", PROPERTY, auto=True),
        Rule("dianti.kunren", "12", COMMUNITY),
    ]

    def whose(leaf: str | None, building: str | None) -> Assignment:
        return assign(rules, leaf, building, "物业企业", managed=True)

    assert whose("dianti.tingyun", "3") == Assignment(PROPERTY, auto=True)
    assert whose("dianti.kunren", "12") == Assignment(COMMUNITY)
    assert whose("dianti.kunren", "3") == Assignment(PROPERTY, auto=True)
    assert whose("huanwei.yiwei", "3") == Assignment(COMMUNITY)
    assert whose("huanwei.yiwei", None) == Assignment(GRID)
    assert whose(None, "3") == Assignment(COMMUNITY)
    assert assign([], "dianti.kunren", "3", "物业企业+消防", managed=True) == Assignment(PROPERTY)


@pytest.mark.parametrize(
    ("dispatch", "managed", "role"),
    [
        ("物业企业+消防救援", True, Role.PROPERTY),
        ("公安+物业企业", True, Role.PROPERTY),
        ("公安(犬管)+社区/物业", True, Role.COMMUNITY_WORKER),
        ("街道社区/民政", True, Role.COMMUNITY_WORKER),
        ("生态环境/城管/市场监管", True, Role.COMMUNITY_WORKER),
        ("物业企业", False, Role.COMMUNITY_WORKER),
        ("", True, Role.COMMUNITY_WORKER),
    ],
)
def test_the_body_named_first_answers(dispatch: str, managed: bool, role: Role) -> None:
    assert default_role(dispatch, managed=managed) is role
