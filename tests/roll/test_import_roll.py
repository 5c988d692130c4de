"""Bringing in a roll: what is written, what is refused, what a second import changes."""

import asyncio
import json
import re
from datetime import timedelta

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from xlsxwriter.worksheet import Worksheet

from handlers.roll.import_roll import settle_columns
from handlers.roll.report import reasons, report
from handlers.roll.rules import Decision
from handlers.roll.sealed import document_lookup
from handlers.roll.sheet import read_book
from handlers.voting.freeze import load_titles
from handlers.voting.frozen_roll import RollError, freeze
from handlers.voting.terms import Rules
from storage.database import Database
from storage.queries.roll import list_roll_owners
from storage.states import OwnerKind, RegistrationKind, RegistrationState, UnitKind
from storage.tables import AuditEvent, OwnerRegistration, Person, RollTitle
from tests.roll.sheets import HEADER, credit_code, identity, put, roll, workbook
from tests.roll.world import (
    ID,
    NOW,
    SEALER,
    bring_in,
    everything,
    found,
    refusals,
    titles,
    units,
    warnings,
)

LATER = NOW + timedelta(days=30)
DEVELOPER = "幸福里房地产开发有限公司"

ROWS = [
    ("3-2-501", "张三", identity(1), 89.73000000000001, 13800000001, "住宅"),
    ("3栋2单元502", "李四、王五", f"{identity(2)}、{identity(3)}", "89.734㎡", "13800000002", "住宅"),
    ("车位B1-023", "张三", identity(1), "12.5平方米", "", "车位"),
    ("1-1底商", "春风商贸有限公司", credit_code(1), "1,000.50", "", "商铺"),
    ("3-2-601", DEVELOPER, credit_code(2), 100, "", "住宅"),
    ("3-2-602", "未售", "", 100, "", "住宅"),
    ("3-2-701", "赵六", identity(4), 100, "", "已售未交付"),
    (None, None, None, None, None, None),
    ("合计", None, None, 1491.964, None, None),
]


async def test_a_whole_roll(database: Database) -> None:
    await found(database)
    imported = await bring_in(database, roll(ROWS, above=("四季园业主清册",)))
    assert imported.written
    there = await units(database)
    assert {code: (unit.kind, unit.area_register) for code, unit in there.items()} == {
        "3-2-501": (UnitKind.RESIDENTIAL, 89_730_000),
        "3-2-502": (UnitKind.RESIDENTIAL, 89_734_000),
        "P-B1-023": (UnitKind.PARKING, 12_500_000),
        "S-1-1": (UnitKind.SHOP, 1_000_500_000),
        "3-2-601": (UnitKind.UNSOLD, 100_000_000),
        "3-2-602": (UnitKind.UNSOLD, 100_000_000),
        "3-2-701": (UnitKind.UNDELIVERED, 100_000_000),
    }
    assert (there["3-2-501"].building, there["3-2-501"].entrance, there["3-2-501"].room) == ("3", "2", "501")
    owned = await titles(database)
    assert owned["3-2-501"] == owned["P-B1-023"] != owned["3-2-502"]
    assert owned["3-2-601"] == owned["3-2-602"]
    assert len(owned["3-2-502"]) == 2


async def test_owners_are_sealed_and_found_by_keyed_hashes(database: Database) -> None:
    await found(database)
    await bring_in(database, roll(ROWS))
    async with database.read() as session:
        owners = {
            SEALER.open(row.name_sealed, "roll_owners.name").decode(): row
            for row in await list_roll_owners(session, ID)
        }
    first = owners["张三"]
    assert first.document_sealed is not None
    assert SEALER.open(first.document_sealed, "roll_owners.document").decode() == identity(1)
    assert first.document_lookup == document_lookup(SEALER, identity(1))
    assert first.document_tail == SEALER.lookup(identity(1)[-6:].encode(), "roll_owners.document_tail")
    assert first.phone_lookup == SEALER.lookup(b"13800000001", "roll_owners.phone")
    assert owners["春风商贸有限公司"].kind is OwnerKind.COMPANY
    assert owners["春风商贸有限公司"].document_tail is None
    assert owners[DEVELOPER].kind is OwnerKind.DEVELOPER


async def test_the_same_file_again_changes_nothing(database: Database) -> None:
    await found(database)
    await bring_in(database, roll(ROWS))
    before = await everything(database)
    again = await bring_in(database, roll(ROWS), LATER)
    assert not again.written
    assert {line.decision for line in again.plan.lines} == {Decision.SAME, Decision.SKIP}
    assert await everything(database) == before


async def test_one_refused_row_and_nothing_is_written(database: Database) -> None:
    await found(database)
    before = await everything(database)
    bad = ("3-2-801", "钱七", identity(5)[:-1] + "Y", 100, "", "住宅")
    imported = await bring_in(database, roll([*ROWS, bad]))
    assert not imported.written
    assert refusals(imported) == {11: ["document.identity"]}
    assert await everything(database) == before


async def test_a_dry_run_decides_and_writes_nothing(database: Database) -> None:
    await found(database)
    before = await everything(database)
    imported = await bring_in(database, roll(ROWS), dry_run=True)
    assert imported.counts["add"] == 7
    assert await everything(database) == before


async def test_the_audit_row_has_hash_and_counts_and_no_names(database: Database) -> None:
    await found(database)
    await bring_in(database, roll(ROWS))
    async with database.read() as session:
        (event,) = (await session.exec(select(AuditEvent))).all()
    assert (event.verb, event.subject) == ("roll.imported", "compound:XH-1")
    assert event.details["file"] == "ab" * 32
    assert event.details["add"] == 7
    assert "张" not in repr(event)


async def test_a_sale_ends_a_title_and_begins_one(database: Database) -> None:
    await found(database)
    await bring_in(database, roll(ROWS))
    sold = [("3-2-501", "孙八", identity(8), 89.73, "", "住宅"), *ROWS[1:]]
    imported = await bring_in(database, roll(sold), LATER)
    assert (imported.counts["change"], imported.counts["titles_ended"], imported.counts["titles_begun"]) == (
        1,
        1,
        1,
    )
    owned = await titles(database)
    assert {name.partition("#")[0] for name in owned["3-2-501"]} == {"孙八"}
    assert {name.partition("#")[0] for name in owned["P-B1-023"]} == {"张三"}
    back = await bring_in(database, roll(ROWS), LATER + timedelta(days=1))
    assert back.counts["owners_new"] == 0  # who bought back is who they were


async def test_a_unit_that_is_not_in_the_sheet_stays_unless_replaced(database: Database) -> None:
    await found(database)
    await bring_in(database, roll(ROWS))
    fewer = roll(ROWS[1:])
    told = await bring_in(database, fewer, LATER)
    assert [line.code for line in told.plan.lines if line.decision is Decision.MISSING] == ["3-2-501"]
    assert not told.written
    replaced = await bring_in(database, fewer, LATER, replace=True)
    assert replaced.counts["end"] == 1
    assert "3-2-501" not in await units(database)
    assert "3-2-501" not in await titles(database)
    assert not (await bring_in(database, fewer, LATER, replace=True)).written
    await bring_in(database, roll(ROWS), LATER + timedelta(days=1))
    assert "3-2-501" in await units(database)


async def test_what_a_sheet_leaves_empty_stays(database: Database) -> None:
    await found(database)
    await bring_in(database, roll(ROWS))
    before = await everything(database)
    bare = [(room, owner, "", None, "", "") for room, owner, *_ in ROWS[:7]]
    bare[6] = ("3-2-701", "", "", None, "", "")
    imported = await bring_in(database, roll(bare), LATER)
    assert not imported.written, [line for line in imported.plan.lines if line.decision is Decision.CHANGE]
    assert await everything(database) == before


async def test_a_document_that_comes_later_goes_to_the_same_owner(database: Database) -> None:
    await found(database)
    await bring_in(database, roll([("3-2-501", "张三", "", 89.73, "", "住宅")]))
    owned = await titles(database)
    imported = await bring_in(
        database, roll([("3-2-501", "张三", identity(1), 89.73, "13800000001", "")]), LATER
    )
    assert imported.counts["change"] == 1
    assert await titles(database) == owned
    other = await bring_in(database, roll([("3-2-501", "张三", identity(9), 89.73, "", "")]), LATER)
    assert "owner.other_document" in warnings(other)[2]
    assert await titles(database) != owned


async def test_names_alone_are_different_persons_and_with_a_phone_one(database: Database) -> None:
    await found(database)
    imported = await bring_in(
        database,
        roll(
            [
                ("3-2-501", "王伟", "", 80, "", ""),
                ("3-2-502", "王伟", "", 80, "", ""),
                ("3-2-503", "李娜", "", 80, "13800000003", ""),
                ("3-2-504", "李娜", "", 80, 13800000003, ""),
            ]
        ),
    )
    owned = await titles(database)
    assert owned["3-2-501"] != owned["3-2-502"]
    assert owned["3-2-503"] == owned["3-2-504"]
    assert warnings(imported) == {
        2: ["owner.same_name"],
        3: ["owner.same_name"],
        5: ["owner.by_phone"],
    }


async def test_phones_that_change_on_two_units_of_a_name_do_not_go_round(database: Database) -> None:
    """Two undocumented owners of one name must not take the same row of the roll in turn."""
    await found(database)
    one = roll(
        [("3-2-501", "王伟", "", 80, "13800000001", ""), ("3-2-502", "王伟", "", 80, "13800000001", "")]
    )
    two = roll(
        [("3-2-501", "王伟", "", 80, "13800000008", ""), ("3-2-502", "王伟", "", 80, "13800000001", "")]
    )
    await bring_in(database, one)
    await bring_in(database, two, LATER)
    assert not (await bring_in(database, two, LATER + timedelta(days=1))).written


async def test_one_document_under_two_names_is_refused_on_both_rows(database: Database) -> None:
    await found(database)
    rows = [("3-2-501", "张三", identity(1), 80, "", ""), ("3-2-502", "张山", identity(1), 80, "", "")]
    imported = await bring_in(database, roll(rows))
    assert refusals(imported) == {2: ["document.two_names"], 3: ["document.two_names"]}


async def test_the_same_owner_in_two_sets_is_shown(database: Database) -> None:
    await found(database)
    rows = [
        ("3-2-501", "张三、李四", f"{identity(1)}、{identity(2)}", 80, "", ""),
        ("3-2-502", "张三", identity(1), 80, "", ""),
        ("3-2-503", "王五", identity(3), 80, "", ""),
    ]
    imported = await bring_in(database, roll(rows))
    assert warnings(imported) == {2: ["owner.other_co_owners"], 3: ["owner.other_co_owners"]}


async def test_a_unit_twice(database: Database) -> None:
    await found(database)
    row = ("3-2-501", "张三", identity(1), 80, "", "")
    imported = await bring_in(database, roll([row, row, ("3栋2单元501", "李四", identity(2), 80, "", "")]))
    assert warnings(imported)[3] == ["room.repeated"]
    assert refusals(imported) == {4: ["room.twice"]}


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (("3-2-501", "张三", float(identity(1)[:17] + "0"), 80, "", ""), "document.number"),
        (("3-2-501", "张三", "", "89,73", "", ""), "area.unreadable"),
        (("3-2-501", "张三", "", 89.7345, "", ""), "area.decimals"),
        (("3-2-501", "张三", "", -1, "", ""), "area.negative"),
        (("3-2-501", "张*", "", 80, "", ""), "owner.masked"),
        (("3-2-501", "", identity(1), 80, "", ""), "document.without_owner"),
        (("3-2-501", "张三", "", 80, "", "蘑菇房"), "kind.unknown"),
        (("501", "张三", "", 80, "", ""), "room.no_building"),
    ],
)
async def test_a_row_is_refused_with_its_reason(
    database: Database, cells: tuple[object, ...], code: str
) -> None:
    await found(database)
    assert refusals(await bring_in(database, roll([cells]))) == {2: [code]}


async def test_no_area_and_no_owner_are_warnings_here_and_refused_at_the_freeze(database: Database) -> None:
    await found(database)
    imported = await bring_in(database, roll([("3-2-501", "", "", 0, "", "")]))
    assert imported.written
    assert warnings(imported) == {2: ["area.missing", "owner.missing"]}
    async with database.read() as session:
        roll_now = await load_titles(session, ID)
    with pytest.raises(RollError) as refused:
        freeze(Rules(), roll_now)
    assert {problem.code for problem in refused.value.problems} == {"roll.no_area", "roll.no_owner"}


async def test_two_companies_that_look_like_developers_are_asked_about(database: Database) -> None:
    await found(database)
    rows = roll([("3-2-501", DEVELOPER, "", 80, "", ""), ("3-2-502", "望江置业有限公司", "", 80, "", "")])
    assert refusals(await bring_in(database, rows)) == {2: ["developer.several"], 3: ["developer.several"]}
    imported = await bring_in(database, rows, developers=(DEVELOPER,))
    assert imported.written
    kinds = {code: unit.kind for code, unit in (await units(database)).items()}
    assert kinds == {"3-2-501": UnitKind.UNSOLD, "3-2-502": UnitKind.RESIDENTIAL}


async def test_what_the_developer_sold_is_housing_again(database: Database) -> None:
    await found(database)
    await bring_in(database, roll([("3-2-501", "未售", "", 80, "", "")]))
    await bring_in(database, roll([("3-2-501", "张三", identity(1), 80, "", "")]), LATER)
    assert (await units(database))["3-2-501"].kind is UnitKind.RESIDENTIAL


async def test_what_is_none_of_the_roll_is_passed_over(database: Database) -> None:
    await found(database)
    notes = [HEADER, ("制表人：周某某", None, None, None, None, None), (" 总 计", None, None, 80, None, None)]
    imported = await bring_in(database, roll([("3-2-501", "张三", "", 80, "", ""), *notes]))
    assert imported.written
    skipped = [line.row.skipped for line in imported.plan.lines if line.row is not None]
    assert skipped == ["", "header", "note", "total"]


async def test_merged_cells(database: Database) -> None:
    """One owner over three rooms, and one room with an owner in each of two rows."""

    def fill(sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["房号", "业主姓名", "证件号码", "建筑面积"])
        for row, room in enumerate(["3-2-501", "3-2-502", "3-2-503"], 1):
            put(sheet, row, 0, room)
            put(sheet, row, 3, 80)
        sheet.merge_range(1, 1, 3, 1, "张三")
        sheet.merge_range(1, 2, 3, 2, identity(1))
        sheet.merge_range(4, 0, 5, 0, "3-2-601")
        sheet.merge_range(4, 3, 5, 3, 90)
        for row, (name, number) in enumerate([("李四", 2), ("王五", 3)], 4):
            put(sheet, row, 1, name)
            put(sheet, row, 2, identity(number))

    await found(database)
    imported = await bring_in(database, workbook(fill))
    assert imported.written, refusals(imported)
    owned = await titles(database)
    assert owned["3-2-501"] == owned["3-2-502"] == owned["3-2-503"]
    assert {name.partition("#")[0] for name in owned["3-2-601"]} == {"李四", "王五"}
    assert imported.plan.lines[3].row is not None
    assert imported.plan.lines[3].row.more == [6]


async def test_one_area_merged_over_two_rooms_is_refused(database: Database) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["房号", "业主姓名", "建筑面积"])
        for row, room in enumerate(["3-2-501", "3-2-502"], 1):
            put(sheet, row, 0, room)
            put(sheet, row, 1, "张三")
        sheet.merge_range(1, 2, 2, 2, 160)

    await found(database)
    assert refusals(await bring_in(database, workbook(fill))) == {2: ["area.merged"], 3: ["area.merged"]}


async def test_an_error_in_a_cell_is_not_an_empty_cell(database: Database) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["房号", "业主姓名", "建筑面积"])
        sheet.write_row(1, 0, ["3-2-501", "张三"])
        sheet.write_formula(1, 2, "=VLOOKUP(A2,B9:C9,2)", None, "#N/A")
        sheet.write_row(2, 0, ["3-2-502", "李四"])
        sheet.write_formula(2, 2, "=80+9.73", None, 89.73)

    await found(database)
    imported = await bring_in(database, workbook(fill))
    assert refusals(imported) == {2: ["cell.error"]}
    assert imported.plan.lines[1].decision is Decision.ADD


async def test_units_are_held_against_the_tree(database: Database) -> None:
    await found(database, places=("3", "3-2", "3-2-501", "5"))
    rows = [
        ("3-2-501", "张三", "", 80, "", ""),
        ("3-2-502", "李四", "", 80, "", ""),
        ("车位17", "张三", "", 12, "", ""),
        ("3栋2号", "王五", "", 80, "", ""),
    ]
    imported = await bring_in(database, roll(rows))
    assert refusals(imported) == {5: ["room.is_entrance"]}
    assert "unit.not_in_tree" in warnings(imported)[3]
    assert "unit.not_in_tree" not in [*warnings(imported).get(2, []), *warnings(imported)[4]]


async def test_the_report_has_a_line_for_each_row_and_nobody_in_full(database: Database) -> None:
    await found(database)
    content = roll([*ROWS, ("3-2-801", "钱七七", identity(5)[:-1] + "Y", 100, "", "住宅")])
    source = settle_columns(read_book(content), {}, "ab" * 32)
    imported = await bring_in(database, content)
    lines = list(report(source, imported, dry_run=False))
    assert [line.get("row") for line in lines] == [None, 2, 3, 4, 5, 6, 7, 8, 10, 11, None]
    assert lines[0]["report"] == "columns"
    assert lines[1]["owners"] == [
        {"name": "张*", "new": True, "document": f"*{identity(1)[-2:]}", "phone": "*01"}
    ]
    assert lines[-2]["refused"] == reasons(["document.identity"], "refused")
    assert lines[-1]["refuse"] == 1
    told = json.dumps(lines[1:], ensure_ascii=False)
    assert not re.search(
        r"张三|李四|王五|赵六|钱七|春风|幸福里|\d{5}(?!\d*[ab])", told.replace("ab" * 32, "")
    )


async def test_two_imports_wait_for_each_other(database: Database) -> None:
    await found(database)
    first, second = await asyncio.gather(bring_in(database, roll(ROWS)), bring_in(database, roll(ROWS)))
    assert sorted([first.written, second.written]) == [False, True]
    assert len(await titles(database)) == 7


async def test_a_letter_of_co_owners_lapses_when_others_own_the_unit(database: Database) -> None:
    await found(database)
    await bring_in(database, roll(ROWS))
    async with database.write() as session:
        worker = Person(created_at=NOW)
        session.add(worker)
        await session.flush()
        numbers = {code: sorted(numbers)[0] for code, numbers in (await owner_numbers(session)).items()}
        session.add_all(
            OwnerRegistration(
                compound_id=ID,
                number=number,
                kind=RegistrationKind.REPRESENTATIVE,
                state=state,
                owner_number=numbers[code],
                unit_code=code,
                letter="推选书",
                entered_by=worker.person_id or 0,
                entered_at=NOW,
            )
            for number, (code, state) in enumerate(
                [
                    ("3-2-502", RegistrationState.CONFIRMED),
                    ("3-2-502", RegistrationState.ENTERED),
                    ("3-2-501", RegistrationState.CONFIRMED),
                ],
                1,
            )
        )
        for title in await session.exec(
            select(RollTitle).where(col(RollTitle.unit_code).in_(["3-2-501", "3-2-502"]))
        ):
            title.representative = title.owner_number == numbers[title.unit_code]
    # An area is corrected: whoever was named stays.
    corrected = [(*row[:3], "89.8", *row[4:]) if row[0] == "3栋2单元502" else row for row in ROWS]
    await bring_in(database, roll(corrected), LATER)
    assert await named(database) == {"3-2-501", "3-2-502"}
    sold = [
        ("3栋2单元502", "李四、钱七", f"{identity(2)}、{identity(7)}", "89.8", "", "住宅"),
        *[row for row in corrected if row[0] != "3栋2单元502"],
    ]
    await bring_in(database, roll(sold), LATER)
    assert await named(database) == {"3-2-501"}
    async with database.read() as session:
        letters = (await session.exec(select(OwnerRegistration))).all()
        audits = await session.exec(select(AuditEvent).where(AuditEvent.verb == "registration.lapsed"))
        assert sorted(row.subject for row in audits) == ["registration:1", "registration:2"]
    assert {row.number: (row.state, row.ended_at) for row in letters} == {
        1: (RegistrationState.ENDED, LATER),
        2: (RegistrationState.ENDED, LATER),
        3: (RegistrationState.CONFIRMED, None),
    }


async def owner_numbers(session: AsyncSession) -> dict[str, set[int]]:
    """Who owns what now."""
    owners: dict[str, set[int]] = {}
    for title in await session.exec(select(RollTitle).where(col(RollTitle.ended_at).is_(None))):
        owners.setdefault(title.unit_code, set()).add(title.owner_number)
    return owners


async def named(database: Database) -> set[str]:
    """Units for which somebody is named."""
    async with database.read() as session:
        return set(await session.exec(select(RollTitle.unit_code).where(col(RollTitle.representative))))
