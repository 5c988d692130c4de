"""The roll is wrong, says somebody; whoever keeps it decides."""

from datetime import timedelta

import pytest
from sqlmodel import select

from handlers.roll.columns import Field
from handlers.roll.objections import (
    Correction,
    ObjectionError,
    decide_objection,
    object_to_roll,
    words_of,
)
from storage.database import Database
from storage.queries.roll import find_objection, list_objections
from storage.states import ObjectionState, UnitKind
from storage.tables import AuditEvent, Person
from tests.roll.sheets import identity, roll
from tests.roll.world import ID, NOW, SEALER, bring_in, found, units

LATER = NOW + timedelta(days=1)
WORDS = "证上写的是 98.73 平方米"


@pytest.fixture
async def people(database: Database) -> tuple[int, int]:
    """Whoever objects, and whoever decides; a roll of one unit."""
    await found(database)
    await bring_in(database, roll([("3-2-501", "张三", identity(1), 89.73, "", "住宅")]))
    async with database.write() as session:
        objector, secretary = Person(created_at=NOW), Person(created_at=NOW)
        session.add_all([objector, secretary])
        await session.flush()
        assert objector.person_id is not None
        assert secretary.person_id is not None
        return objector.person_id, secretary.person_id


async def objects(
    database: Database, person_id: int | None, unit: str = "3-2-501", words: str = WORDS
) -> int:
    async with database.write() as session:
        return await object_to_roll(session, SEALER, ID, unit, words, NOW, person_id=person_id)


async def decides(
    database: Database,
    number: int,
    by: int,
    state: ObjectionState = ObjectionState.ACCEPTED,
    answer: str = "已按证书更正",
    correction: Correction | None = None,
) -> None:
    async with database.write() as session:
        await decide_objection(
            session, ID, number, state, answer, LATER, decided_by=by, correction=correction
        )


async def audited(database: Database) -> list[AuditEvent]:
    async with database.read() as session:
        return [
            event
            for event in await session.exec(select(AuditEvent).order_by(AuditEvent.event_id))
            if event.verb.startswith("roll.obj")
        ]


async def test_an_objection_is_kept_sealed_and_once(database: Database, people: tuple[int, int]) -> None:
    number = await objects(database, people[0])
    assert await objects(database, people[0], words=f" {WORDS} ") == number
    assert await objects(database, None) != number
    async with database.read() as session:
        first, _second = await list_objections(session, ID)
    assert first.text_sealed is not None
    assert WORDS.encode() not in first.text_sealed
    assert words_of(SEALER, first) == WORDS
    assert [event.verb for event in await audited(database)] == ["roll.objected"] * 2
    assert "平方米" not in repr(await audited(database))


async def test_accepting_puts_the_unit_right_and_says_so_in_the_audit_log(
    database: Database, people: tuple[int, int]
) -> None:
    number = await objects(database, people[0])
    correction = Correction({Field.AREA_REGISTER: 98_730_000}, UnitKind.SHOP)
    await decides(database, number, people[1], correction=correction)
    unit = (await units(database))["3-2-501"]
    assert (unit.area_register, unit.kind) == (98_730_000, UnitKind.SHOP)
    decided = (await audited(database))[-1]
    assert decided.actor_id == people[1]
    assert decided.details == {
        "unit": "3-2-501",
        "state": "accepted",
        "before": {"kind": "residential", "area_register": "89.73"},
        "after": {"kind": "shop", "area_register": "98.73"},
    }


async def test_declining_changes_nothing_but_the_objection(
    database: Database, people: tuple[int, int]
) -> None:
    number = await objects(database, people[0])
    correction = Correction({Field.AREA_REGISTER: 98_730_000})
    await decides(database, number, people[1], ObjectionState.DECLINED, "证书上是 89.73", correction)
    assert (await units(database))["3-2-501"].area_register == 89_730_000
    async with database.read() as session:
        objection = await find_objection(session, ID, number)
    assert objection is not None
    assert (objection.state, objection.answer, objection.decided_by, objection.decided_at) == (
        ObjectionState.DECLINED,
        "证书上是 89.73",
        people[1],
        LATER,
    )


async def test_deciding_again_is_nothing_or_refused(database: Database, people: tuple[int, int]) -> None:
    number = await objects(database, people[0])
    await decides(database, number, people[1])
    await decides(database, number, people[1], correction=Correction({Field.AREA_REGISTER: 1_000_000}))
    assert (await units(database))["3-2-501"].area_register == 89_730_000
    assert len(await audited(database)) == 2
    with pytest.raises(ObjectionError, match=r"roll\.objection_decided"):
        await decides(database, number, people[1], ObjectionState.DECLINED)


async def test_nobody_decides_their_own(database: Database, people: tuple[int, int]) -> None:
    number = await objects(database, people[0])
    with pytest.raises(ObjectionError, match=r"roll\.own_objection"):
        await decides(database, number, people[0])


async def test_nobody_decides_what_they_wrote_down(database: Database, people: tuple[int, int]) -> None:
    async with database.write() as session:
        number = await object_to_roll(session, SEALER, ID, "3-2-501", WORDS, NOW, entered_by=people[0])
    with pytest.raises(ObjectionError, match=r"roll\.own_objection"):
        await decides(database, number, people[0])
    await decides(database, number, people[1])
    assert [event.actor_id for event in await audited(database)] == list(people)


@pytest.mark.parametrize(
    ("unit", "words", "code"),
    [("3-2-999", WORDS, "roll.unknown_unit"), ("3-2-501", "  ", "roll.empty_objection")],
)
async def test_what_is_no_objection(
    database: Database, people: tuple[int, int], unit: str, words: str, code: str
) -> None:
    with pytest.raises(ObjectionError) as refused:
        await objects(database, people[0], unit, words)
    assert refused.value.code == code


async def test_what_is_no_decision(database: Database, people: tuple[int, int]) -> None:
    number = await objects(database, people[0])
    for wrong, code in (
        ({"number": number + 7}, "roll.unknown_objection"),
        ({"number": number, "answer": " "}, "roll.empty_answer"),
        ({"number": number, "correction": Correction({Field.AREA_REGISTER: 0})}, "roll.area"),
    ):
        with pytest.raises(ObjectionError) as refused:
            await decides(database, by=people[1], **wrong)
        assert refused.value.code == code
    assert [event.verb for event in await audited(database)] == ["roll.objected"]
