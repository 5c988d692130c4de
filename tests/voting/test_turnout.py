"""What is seen of a vote while it is open never tells whose ballot just came."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handlers.voting.result import FEWEST_OWNERS
from handlers.voting.terms import Unit
from handlers.voting.turnout import Turnout, turnout
from tests.voting.votes import at, unit

ONE = 10**9
ROLL = [
    unit(f"{building}-{number}", building=building)._replace(area=ONE + 2**place)
    for place, (building, number) in enumerate(
        (building, number) for building in ("1", "2") for number in range(12)
    )
]
AREAS = {each.unit_id: each.area for each in ROLL}  # any set of them has a sum of its own
ENTRANCES = {each.unit_id: "1" if int(each.unit_id.partition("-")[2]) < 6 else "2" for each in ROLL}


def look(order: list[str]) -> Turnout:
    """Who voted, one a minute."""
    since: dict[str, datetime] = {code: at(20) + timedelta(minutes=place) for place, code in enumerate(order)}
    return turnout(ROLL, set(since), ENTRANCES, since)


def areas(found: Turnout) -> list[int]:
    """Every area that is shown, in one order."""
    rows = [found.whole, *found.by_building.values()]
    for building in found.by_entrance.values():
        rows += building.values()
    return [row.voted.area for row in rows]


def of_which(area: int) -> set[str]:
    """The units that add up to an area."""
    rest = area % ONE
    found = {each.unit_id for place, each in enumerate(ROLL) if rest >> place & 1}
    assert sum(AREAS[code] for code in found) == area
    return found


@given(st.permutations([each.unit_id for each in ROLL]))
def test_two_looks_at_a_row_differ_by_no_owner_or_by_five_at_least(order: list[str]) -> None:
    before = [set[str]() for _ in areas(look([]))]
    for place in range(len(order) + 1):
        found = look(order[:place])
        assert found.whole.voted.persons == place
        now = [of_which(area) for area in areas(found)]
        for old, new in zip(before, now, strict=True):
            assert old <= new
            assert not new - old or len(new - old) >= FEWEST_OWNERS
        before = now


@given(st.permutations([each.unit_id for each in ROLL]), st.integers(0, len(ROLL)))
def test_no_difference_of_a_building_and_its_entrances_is_about_few(order: list[str], voted: int) -> None:
    found = look(order[:voted])
    for building, entrances in found.by_entrance.items():
        rest = of_which(found.by_building[building].voted.area)
        for part in entrances.values():
            inside = of_which(part.voted.area)
            assert inside <= rest
            rest -= inside
        assert not rest or len(rest) >= FEWEST_OWNERS
    assert found.whole.voted.area == sum(part.voted.area for part in found.by_building.values())


def test_after_the_close_all_is_shown() -> None:
    voted = {each.unit_id for each in ROLL[:7]}
    found = turnout(ROLL, voted, ENTRANCES)
    assert (found.whole.voted.persons, found.in_steps) == (7, False)
    assert of_which(found.whole.voted.area) == voted


def test_what_one_owner_casts_for_another_unit_later_comes_with_the_next_five() -> None:
    roll: list[Unit] = [unit(f"1-{number}", owner=f"o{number}") for number in range(6)] + [
        unit("1-9", owner="o0")
    ]
    since = {each.unit_id: at(20) + timedelta(minutes=place) for place, each in enumerate(roll)}
    five = {code: since[code] for code in list(since)[:5]}
    before, after = (turnout(roll, set(each), None, each).whole.voted for each in (five, since))
    assert (before.persons, after.persons) == (5, 6)
    assert before.area == after.area


def test_of_a_handful_of_owners_nothing_is_shown() -> None:
    roll = [unit(f"1-{number}") for number in range(4)]
    assert turnout(roll, {"1-1"}, None, {"1-1": at(20)}).is_hidden
    assert not turnout(ROLL, set(), None, {}).is_hidden
