"""Whatever stands in a sheet, each row is a decision or a reason: nothing crashes, nothing is decided twice."""

from datetime import date, datetime

from hypothesis import given
from hypothesis import strategies as st

from handlers.roll.columns import find_columns
from handlers.roll.import_roll import Imported, Source
from handlers.roll.persons import PresentOwner
from handlers.roll.report import report
from handlers.roll.rows import read_rows
from handlers.roll.rules import Decision, Plan, Present, Wishes, decide
from handlers.roll.sheet import Cell, Sheet
from storage.states import UnitKind
from tests.roll.sheets import HEADER, identity

TODAY = date(2026, 3, 2)
SAID = st.sampled_from(
    [
        *("3-2-501", "3-2-502", "3栋2单元501", "车位1", "商铺2", "501", "合计"),
        *("张三", "李四", "张三、李四", "未售", "幸福里置业有限公司", "张 三"),
        *(identity(1), identity(2), f"{identity(1)} {identity(2)}", "13800000001", "13800000002"),
        *("80", "89.73㎡", "住宅", "车位", "未售", "", "-"),
    ]
)
CELLS = st.one_of(
    SAID,
    st.text(max_size=8),
    st.floats(),
    st.integers(-(10**20), 10**20),
    st.booleans(),
    st.dates(),
    st.just(datetime(2026, 3, 2)),  # noqa: DTZ001  as Excel has it
)
ROWS = st.lists(st.tuples(*[CELLS] * len(HEADER)), max_size=8)
LIKELY = st.lists(
    st.tuples(
        st.sampled_from(["3-2-501", "3-2-502", "3-2-503", "车位1"]),
        st.sampled_from(["张三", "李四", "张三、李四", "未售", ""]),
        st.sampled_from(["", identity(1), identity(2), f"{identity(1)} {identity(2)}"]),
        st.sampled_from(["", 80.0, "89.734"]),
        st.sampled_from(["", "13800000001", 13800000002.0]),
        st.sampled_from(["", "住宅", "已售未交付"]),
    ),
    max_size=6,
)


def plan_of(rows: list[tuple[Cell, ...]], present: Present) -> Plan:
    sheet = Sheet("roll", [list(HEADER), *map(list, rows)], {}, frozenset())
    columns = find_columns(sheet, {})
    assert columns is not None
    plan = decide(
        read_rows(sheet, columns, {"3", "3-2"}, (), TODAY), present, Wishes(), str.encode, str.encode, ()
    )
    list(report(Source(sheet, columns, ""), Imported(plan, False, plan.counts()), dry_run=True))
    return plan


def after(plan: Plan, present: Present) -> Present:
    """The roll as the plan leaves it."""
    owners = dict(present.owners)
    for person in plan.persons:
        known = owners.get(person.number)
        owners[person.number] = PresentOwner(
            person.number,
            person.kind,
            person.name,
            person.document.encode() or (known.document if known else None),
            person.phone.encode() or (known.phone if known else None),
            person.minor or bool(known and known.minor),
        )
    units, titles = dict(present.units), dict(present.titles)
    for line in plan.lines:
        if line.unit is not None:
            units[line.code] = line.unit
            titles[line.code] = (titles.get(line.code, frozenset()) - line.end) | line.begin
    return Present(units, owners, titles)


@given(ROWS)
def test_any_cells_end_in_decisions(rows: list[tuple[Cell, ...]]) -> None:
    plan = plan_of(rows, Present())
    assert len(plan.lines) == len(rows)
    assert all(
        (line.decision is Decision.REFUSE) == bool(line.row and line.row.refused) for line in plan.lines
    )


@given(LIKELY, LIKELY)
def test_what_was_imported_is_imported(first: list[tuple[Cell, ...]], second: list[tuple[Cell, ...]]) -> None:
    """Two sheets one after the other: each, once it is in, changes nothing any more."""
    present = Present()
    for rows in (first, second):
        plan = plan_of(rows, present)
        if plan.refused:
            continue
        present = after(plan, present)
        again = plan_of(rows, present)
        assert {line.decision for line in again.lines} <= {Decision.SAME, Decision.SKIP, Decision.MISSING}
    assert all(titles <= present.owners.keys() for titles in present.titles.values())
    assert all(unit.kind in UnitKind for unit in present.units.values())
