"""An owner proves who they are: a code of the unit and the end of the document, on both databases."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select

from handlers.identity.bind import Said
from handlers.identity.codes import issue_codes
from handlers.identity.errors import Code, IdentityError
from handlers.identity.rules import CODE_LIFE, WRONG_KEPT
from storage.database import Database
from storage.queries.bindings import forget_attempts, list_bound_owners
from storage.states import BindingState, Capacity
from storage.tables import AuditEvent, BindingAttempt, OutboxMessage, RollOwner, UnitCode
from tests.identity.world import (
    CHILD,
    FIRM,
    FLAT,
    KID,
    LI,
    NAMES,
    NOW,
    OTHER,
    PAIR,
    SEALER,
    SHOP,
    TAILS,
    WANG,
    ZHANG,
    World,
    found,
)
from tests.statements import asked_of


async def test_code_and_document_make_an_owner_and_everybody_of_the_unit_is_told(database: Database) -> None:
    world = await found(database)
    code = await world.code(PAIR)
    assert await world.claim("li", PAIR, code.lower().replace("-", " "), tail="220022") is Said.BOUND
    [binding] = await world.bindings("li")
    assert (binding.owner_number, binding.state, binding.unit_code) == (LI, BindingState.BOUND, PAIR)
    assert (binding.possession, binding.knowledge, binding.approved_by) == ("code", "document", None)
    assert (binding.capacity, binding.bound_at) == (Capacity.OWNER, NOW)
    await world.bind("wang", PAIR, WANG)
    first, second = await world.told("li")
    assert "四季园1栋1单元102" in first
    assert "不是我" in second  # about Wang
    assert "https://yishi.example.org/h5/owner" in second
    assert await world.told("wang") == [second]
    assert not any(name in first + second for name in NAMES.values())
    # Who writes to us next month still learns that somebody was bound to their unit.
    lasts = await world.rows(select(OutboxMessage.expires_at).where(col(OutboxMessage.recipient) == "o-li"))
    assert all(at > NOW + timedelta(days=60) for at in lasts)


async def test_of_several_owners_the_document_says_which(database: Database) -> None:
    world = await found(database)
    await world.bind("wang", PAIR, WANG)
    assert [each.owner_number for each in await world.bindings("wang")] == [WANG]


async def test_a_code_works_once_and_only_its_keyed_hash_is_kept(database: Database) -> None:
    world = await found(database)
    code = await world.code(PAIR)
    assert await world.claim("li", PAIR, code, tail=TAILS[LI]) is Said.BOUND
    assert await world.claim("wang", PAIR, code, tail=TAILS[WANG]) is Said.WRONG
    [row] = await world.rows(select(UnitCode))
    assert code.replace("-", "").encode() not in row.code_lookup
    assert row.used_by == await world.resident("li")


async def test_a_newer_code_voids_the_older_one_and_time_ends_both(database: Database) -> None:
    world = await found(database)
    old, new = await world.code(), await world.code()
    assert await world.claim("zhang", FLAT, old, tail=TAILS[ZHANG]) is Said.WRONG
    late = NOW + CODE_LIFE + timedelta(seconds=1)
    assert await world.claim("zhang", FLAT, new, late, tail=TAILS[ZHANG]) is Said.WRONG
    assert await world.claim("zhang", FLAT, new, NOW + CODE_LIFE, tail=TAILS[ZHANG]) is Said.BOUND


async def test_codes_of_a_building_are_issued_together_or_not_at_all(database: Database) -> None:
    world = await found(database)
    async with database.write() as session:
        slips = await issue_codes(
            session, SEALER, world.compound_id, [FLAT, PAIR], NOW, actor_id=world.secretary
        )
    assert [(slip.unit_code, slip.unit) for slip in slips] == [(FLAT, "1栋1单元101"), (PAIR, "1栋1单元102")]
    assert len({slip.code for slip in slips}) == 2
    with pytest.raises(IdentityError) as error:
        async with database.write() as session:
            await issue_codes(
                session, SEALER, world.compound_id, [FLAT, "9-9-999"], NOW, actor_id=world.secretary
            )
    assert error.value.code is Code.UNKNOWN_UNIT
    assert await world.claim("zhang", FLAT, slips[0].code, tail=TAILS[ZHANG]) is Said.BOUND


@pytest.mark.parametrize("wrong", ["code", "tail", "unit", "nothing", "another_unit"])
async def test_whatever_is_wrong_gets_one_answer_and_is_counted(database: Database, wrong: str) -> None:
    world = await found(database)
    code, other = await world.code(), await world.code(OTHER)
    said = {
        "code": await world.claim("eve", FLAT, "22222-22222", tail=TAILS[ZHANG]),
        "tail": await world.claim("eve", FLAT, code, tail="999999"),
        "unit": await world.claim("eve", "9-9-999", code, tail=TAILS[ZHANG]),
        "nothing": await world.claim("eve", FLAT, ""),
        "another_unit": await world.claim("mallory", FLAT, other, tail=TAILS[ZHANG]),
    }[wrong]
    assert said is Said.WRONG
    attempts = await world.rows(select(BindingAttempt))
    assert len(attempts) == 5
    verbs = [row.verb for row in await world.rows(select(AuditEvent))]
    assert verbs.count("binding.refused") == 5
    assert await world.bindings("eve") == []


async def test_a_wrong_code_costs_the_same_work_as_a_wrong_document(database: Database) -> None:
    world = await found(database)
    code = await world.code()
    await world.resident("eve")
    asked = []
    with asked_of(database.engine) as statements:
        for unit, typed, tail in (
            (FLAT, "22222-22222", TAILS[ZHANG]),  # the code is wrong
            (FLAT, code, "999999"),  # the document is
            (FLAT, "22222-22222", "999999"),
            ("9-9-999", code, TAILS[ZHANG]),  # there is no such unit
        ):
            statements.clear()
            assert await world.claim("eve", unit, typed, tail=tail) is Said.WRONG
            asked.append(list(statements))
    assert len(asked[0]) > 5
    assert asked[0] == asked[1] == asked[2] == asked[3]


async def test_after_five_wrong_answers_a_person_is_not_looked_at_until_the_next_day(
    database: Database,
) -> None:
    world = await found(database)
    code = await world.code()
    for _ in range(5):
        assert await world.claim("zhang", FLAT, code, tail="000000") is Said.WRONG
    assert await world.claim("zhang", FLAT, code, tail=TAILS[ZHANG]) is Said.TOO_OFTEN
    assert await world.claim("zhang", OTHER, code, tail=TAILS[ZHANG]) is Said.TOO_OFTEN
    assert len(await world.rows(select(BindingAttempt))) == 5
    assert await world.claim("zhang", FLAT, code, NOW + WRONG_KEPT, tail=TAILS[ZHANG]) is Said.BOUND


async def test_after_ten_wrong_answers_a_unit_is_closed_for_everybody(database: Database) -> None:
    world = await found(database)
    code = await world.code()
    for who in ("a", "b"):
        for _ in range(5):
            assert await world.claim(who, FLAT, "33333-33333", tail=TAILS[ZHANG]) is Said.WRONG
    assert await world.claim("zhang", FLAT, code, tail=TAILS[ZHANG]) is Said.TOO_OFTEN
    other = await world.code(OTHER)
    assert await world.claim("zhao", OTHER, other, tail="660066") is Said.BOUND


async def test_wrong_answers_are_forgotten_after_a_day(database: Database) -> None:
    world = await found(database)
    await world.claim("eve", FLAT, "22222-22222", tail="000000")
    async with database.write() as session:
        assert await forget_attempts(session, NOW) == 0
        assert await forget_attempts(session, NOW + timedelta(seconds=1)) == 1


async def test_many_guesses_at_once_are_not_more_than_one_after_the_other(database: Database) -> None:
    world = await found(database)
    code = await world.code()
    await world.resident("eve")
    said = await asyncio.gather(*(world.claim("eve", FLAT, code, tail=f"00000{n}") for n in range(9)))
    assert sorted(said) == sorted([Said.WRONG] * 5 + [Said.TOO_OFTEN] * 4)


async def test_two_replicas_with_one_code_at_once_bind_one_person(
    database: Database, database_url: str
) -> None:
    world = await found(database)
    code = await world.code(PAIR)
    other = World(Database(database_url), world.compound, world.secretary, world.worker, world.people)
    await world.resident("li")
    await world.resident("wang")
    said = await asyncio.gather(
        world.claim("li", PAIR, code, tail=TAILS[LI]), other.claim("wang", PAIR, code, tail=TAILS[WANG])
    )
    await other.database.close()
    assert sorted(said) == [Said.BOUND, Said.WRONG]
    assert len([row for row in await world.rows(select(UnitCode)) if row.used_at]) == 1


async def test_a_double_tap_is_one_binding(database: Database) -> None:
    world = await found(database)
    code = await world.code()
    await world.resident("zhang")
    said = await asyncio.gather(*(world.claim("zhang", FLAT, code, tail=TAILS[ZHANG]) for _ in range(2)))
    assert sorted(said) == [Said.ALREADY, Said.BOUND]
    assert await world.states("zhang") == [BindingState.BOUND]
    assert await world.rows(select(BindingAttempt)) == []
    assert len(await world.told("zhang")) == 1


async def test_a_minor_needs_a_guardian_and_a_company_its_letter(database: Database) -> None:
    world = await found(database)
    child, shop = await world.code(CHILD), await world.code(SHOP)
    assert await world.claim("kid", CHILD, child, tail=TAILS[KID]) is Said.NEEDS_GUARDIAN
    assert await world.claim("boss", SHOP, shop, tail="ST01X") is Said.WRONG  # a company has no tail
    assert await world.claim("boss", SHOP, shop, name=NAMES[FIRM]) is Said.NEEDS_LETTER
    said = await world.claim("boss", SHOP, shop, name=" 四季贸易 有限公司", capacity=Capacity.COMPANY)
    assert said is Said.ASKED
    said = await world.claim("mother", CHILD, child, name=NAMES[KID], capacity=Capacity.GUARDIAN)
    assert said is Said.ASKED
    assert await world.states("boss") == await world.states("mother") == [BindingState.PENDING]
    async with database.read() as session:
        assert await list_bound_owners(session, world.compound_id, await world.resident("boss")) == []


async def test_who_asked_in_person_and_finds_the_document_is_bound_at_once(database: Database) -> None:
    world = await found(database)
    asked = await world.ask("zhang", FLAT, ZHANG)
    bound = await world.bind("zhang", FLAT, ZHANG)
    assert (bound.binding_number, bound.knowledge) == (asked.binding_number, "document")


async def test_an_owner_without_a_document_in_the_roll_is_not_bound_by_an_empty_one(
    database: Database,
) -> None:
    world = await found(database)
    async with database.write() as session:
        owner = await session.get_one(RollOwner, (world.compound_id, ZHANG))
        owner.document_tail = None
        session.add(owner)
    code = await world.code()
    for tail in ("      ", "证件号", "12345", "000000"):
        assert await world.claim("eve", FLAT, code, tail=tail) is Said.WRONG
    assert await world.claim("eve", FLAT, code, tail="", name="") is Said.WRONG


async def test_a_claim_elsewhere_finds_nothing(database: Database) -> None:
    world = await found(database)
    code = await world.code()
    elsewhere = World(
        database, type(world.compound)(code="LH-2", name="兰花里"), world.secretary, world.worker
    )
    async with database.write() as session:
        session.add(elsewhere.compound)
    elsewhere.people = world.people
    assert await elsewhere.claim("zhang", FLAT, code, tail=TAILS[ZHANG]) is Said.WRONG
