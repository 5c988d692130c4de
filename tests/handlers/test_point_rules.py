"""Points, pure: whatever people do and take back, nobody collects more than the scale allows."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handlers.local_time import LOCAL
from handlers.points.rules import Deed, looks_back_to, put_right
from handlers.points.scale import SCALE
from storage.states import PointKind

START = datetime(2026, 1, 1, tzinfo=LOCAL)

deeds = st.lists(
    st.builds(
        Deed,
        source=st.integers(1, 30).map(lambda number: f"report:{number}"),
        person_id=st.integers(1, 3),
        kind=st.just(PointKind.REPORT),
        at=st.integers(0, 80).map(lambda day: START + timedelta(days=day)),
    ),
    max_size=40,
)


@given(deeds, deeds, st.integers(0, 80))
def test_the_ledger_is_put_right_once_and_never_above_the_cap(
    before: list[Deed], after: list[Deed], on_day: int
) -> None:
    on_since = START + timedelta(days=on_day)
    standing: dict[tuple[str, int], Deed] = {}
    for records in (before, after):
        changes = put_right(records, standing.values(), on_since, SCALE)
        for deed in changes.take:
            del standing[deed.key]
        for deed in changes.give:
            assert deed.key not in standing
            assert deed.at >= on_since
            standing[deed.key] = deed
        known = {deed.key for deed in records}
        assert set(standing) <= known
        again = put_right(records, standing.values(), on_since, SCALE)
        assert (again.give, again.take) == ((), ())
        months = Counter((deed.person_id, deed.at.month) for deed in standing.values())
        assert all(count <= SCALE[PointKind.REPORT].most for count in months.values())


def test_nothing_on_the_scale_is_about_a_vote() -> None:
    assert set(SCALE) == set(PointKind) == {PointKind.REPORT, PointKind.CONSULTATION, PointKind.RATING}


def test_the_ledger_is_looked_at_by_whole_months() -> None:
    assert looks_back_to(datetime(2026, 1, 31, 15, 59, tzinfo=UTC)) == datetime(2025, 11, 1, tzinfo=LOCAL)
    assert looks_back_to(datetime(2026, 1, 31, 16, 0, tzinfo=UTC)) == datetime(2025, 12, 1, tzinfo=LOCAL)
