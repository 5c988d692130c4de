"""Two operators see the papers in person; how many each let in is counted."""

from datetime import timedelta

import pytest

from handlers.identity.approve import approvals_by_operator, approve_binding, decline_binding
from handlers.identity.errors import Code, IdentityError
from handlers.identity.leave import leave_binding
from handlers.people.office import get_or_add_person
from storage.database import Database
from storage.queries.people import get_or_add_identities
from storage.states import BindingState, Capacity
from tests.identity.world import (
    CHILD,
    FIRM,
    FLAT,
    KID,
    NOW,
    PHONES,
    SEALER,
    SHOP,
    ZHANG,
    World,
    found,
)

LATER = NOW + timedelta(hours=1)


async def refused(world: World, code: Code, *arguments: object, actor_id: int) -> None:
    with pytest.raises(IdentityError) as error:
        await world.do(approve_binding, *arguments, actor_id=actor_id)
    assert error.value.code is code


async def test_two_operators_bind_and_one_does_not(database: Database) -> None:
    world = await found(database)
    number = (await world.ask("zhang", FLAT, ZHANG)).binding_number
    first = await world.do(approve_binding, number, "", LATER, actor_id=world.secretary)
    again = await world.do(approve_binding, number, "", LATER, actor_id=world.secretary)
    assert first.state is again.state is BindingState.PENDING
    await world.do(approve_binding, number, "", LATER, actor_id=world.worker)
    await world.do(approve_binding, number, "", LATER, actor_id=world.worker)
    [bound] = await world.bindings("zhang")
    assert (bound.state, bound.knowledge, bound.bound_at) == (BindingState.BOUND, "in_person", LATER)
    assert (bound.approved_by, bound.seconded_by) == (world.secretary, world.worker)
    asked, told = await world.told("zhang")
    assert "两位工作人员当面核对" in asked
    assert "被确认为业主本人" in told


async def test_nobody_approves_themselves_and_nobody_what_is_decided_or_not_there(database: Database) -> None:
    world = await found(database)
    binding = await world.ask("zhang", FLAT, ZHANG)
    await refused(world, Code.ABOUT_YOURSELF, binding.binding_number, "", LATER, actor_id=binding.person_id)
    await refused(world, Code.UNKNOWN_BINDING, 9999, "", LATER, actor_id=world.worker)
    await world.do(decline_binding, binding.binding_number, LATER, actor_id=world.worker)
    await world.do(decline_binding, binding.binding_number, LATER, actor_id=world.secretary)
    await refused(world, Code.DECIDED, binding.binding_number, "", LATER, actor_id=world.worker)
    assert await world.states("zhang") == [BindingState.REVOKED]
    assert "没有通过" in (await world.told("zhang"))[-1]
    await world.ask("zhang", FLAT, ZHANG)  # with the papers that were missing


async def test_guardians_and_companies_are_approved_with_their_letter(database: Database) -> None:
    world = await found(database)
    for who, unit, owner, capacity in (
        ("mother", CHILD, KID, Capacity.GUARDIAN),
        ("boss", SHOP, FIRM, Capacity.COMPANY),
    ):
        number = (await world.ask(who, unit, owner, capacity)).binding_number
        await refused(world, Code.NO_LETTER, number, "  ", LATER, actor_id=world.secretary)
        await world.do(approve_binding, number, "2026年4月30日授权书", LATER, actor_id=world.secretary)
        await world.do(approve_binding, number, "", LATER, actor_id=world.worker)
        [bound] = await world.bindings(who)
        assert (bound.state, bound.letter, bound.capacity) == (
            BindingState.BOUND,
            "2026年4月30日授权书",
            capacity,
        )
    assert "监护人" in (await world.told("mother"))[-1]


async def test_approvals_are_counted_for_each_operator_while_the_binding_holds(database: Database) -> None:
    world = await found(database)
    number = (await world.ask("zhang", FLAT, ZHANG)).binding_number
    await world.do(approve_binding, number, "", NOW, actor_id=world.secretary)
    day = timedelta(days=1)
    assert await world.read(approvals_by_operator, world.compound_id, NOW, NOW + day) == {}
    await world.do(approve_binding, number, "", NOW + day, actor_id=world.worker)
    assert await world.read(approvals_by_operator, world.compound_id, NOW, NOW) == {}
    both = {world.secretary: 1, world.worker: 1}
    assert await world.read(approvals_by_operator, world.compound_id, NOW + 2 * day, NOW + 9 * day) == both
    await world.do(leave_binding, number, NOW + 3 * day, actor_id=world.people["zhang"])
    assert await world.read(approvals_by_operator, world.compound_id, NOW + 2 * day, NOW + 9 * day) == both
    assert await world.read(approvals_by_operator, world.compound_id, NOW + 4 * day, NOW + 9 * day) == {}
    assert await world.read(approvals_by_operator, world.compound_id + 1, NOW, NOW + 9 * day) == {}


async def in_office(world: World, name: str, phone: str) -> int:
    async with world.database.write() as session:
        return await get_or_add_person(session, SEALER, name, phone, NOW)


async def test_one_human_with_two_accounts_is_one_operator(database: Database) -> None:
    world = await found(database)
    first = await in_office(world, "王书记", "13911112222")
    second = await in_office(world, "王网格", "+86 139-1111-2222")
    number = (await world.ask("zhang", FLAT, ZHANG)).binding_number
    await world.do(approve_binding, number, "", LATER, actor_id=first)
    await refused(world, Code.ONE_HUMAN, number, "", LATER, actor_id=second)
    assert await world.states("zhang") == [BindingState.PENDING]
    await world.do(approve_binding, number, "", LATER, actor_id=world.worker)
    assert await world.states("zhang") == [BindingState.BOUND]


async def test_colleagues_with_one_office_telephone_are_two(database: Database) -> None:
    world = await found(database)
    first, second = [await in_office(world, name, "020-87654321") for name in ("王书记", "李网格")]
    number = (await world.ask("zhang", FLAT, ZHANG)).binding_number
    for actor in (first, second):
        await world.do(approve_binding, number, "", LATER, actor_id=actor)
    assert await world.states("zhang") == [BindingState.BOUND]


async def test_an_operator_does_not_approve_who_they_are_by_the_rolls_phone_or_the_platform(
    database: Database,
) -> None:
    world = await found(database)
    zhang = await in_office(world, "张三丰", PHONES[ZHANG])
    number = (await world.ask("zhang", FLAT, ZHANG)).binding_number
    await refused(world, Code.ABOUT_YOURSELF, number, "", LATER, actor_id=zhang)
    async with database.write() as session:
        for person_id, account in ((world.people["zhang"], "main"), (world.secretary, "staff")):
            identities = await get_or_add_identities(session, [(account, "o-zhang")], NOW)
            identity = identities[account, "o-zhang"]
            identity.person_id, identity.union_id = person_id, "u-zhang"
    await refused(world, Code.ABOUT_YOURSELF, number, "", LATER, actor_id=world.secretary)
