"""The weekly round, pure: items by the kind of compound, and reminders late in the week."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handlers.hazards.items import ITEMS
from handlers.hazards.rules import is_done, items_for, week_of, week_to_remind
from handlers.requests.calendar import is_workday
from nlp.reader import Reader
from storage.states import Stewardship, Tenure


def test_every_item_has_a_category_and_every_compound_a_list(tagger: Reader) -> None:
    assert {item.leaf for item in ITEMS.values()} <= set(tagger.lexicon.leaves)
    assert all(item.urgency in (1, 2, 3) and len(item.ask) <= 30 for item in ITEMS.values())
    lists = {
        (tenure, stewardship): {item.item_id for item in items_for(ITEMS.values(), tenure, stewardship)}
        for tenure in (None, *Tenure)
        for stewardship in (None, *Stewardship)
    }
    common = set.intersection(*lists.values())
    assert {"passage", "gas", "wires"} <= common == lists[None, None]
    assert lists[Tenure.PUBLIC, Stewardship.NONE] == set(ITEMS)
    assert "lamps" not in lists[Tenure.COMMERCIAL, Stewardship.HIRED]
    assert is_done(common, set(ITEMS))
    assert not is_done(set(ITEMS), common)


@given(st.integers(0, 24 * 1000))
def test_lists_are_reminded_of_from_the_last_working_afternoon_to_the_end_of_the_week(hours: int) -> None:
    now = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    monday = date.fromisoformat(week_of(now))
    local = now + timedelta(hours=8)
    later = [
        day for place in range(7) if is_workday(day := monday + timedelta(days=place)) and day > local.date()
    ]
    week = week_to_remind(now, is_workday)
    if week is not None:
        assert week == monday.isoformat()
        assert not later
        assert local.hour >= 15 or not is_workday(local.date())
        assert 8 <= local.hour < 20
    elif any(is_workday(monday + timedelta(days=place)) for place in range(7)):
        assert later or local.hour < 15 or local.hour >= 20
