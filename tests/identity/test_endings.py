"""Bindings end: by whoever has them, by two operators, by a sale; and are contested by a neighbour in the flat."""

from datetime import timedelta

import pytest
from sqlmodel import select

from handlers.identity.contest import contest_binding
from handlers.identity.errors import Code, IdentityError
from handlers.identity.leave import end_sold, leave_binding
from handlers.identity.register import confirm_registration, end_registration, enter_about_binding
from storage.database import Database
from storage.queries.bindings import list_bound_owners
from storage.queries.roll import end_titles
from storage.states import BindingState, RegistrationKind
from storage.tables import AuditEvent
from tests.identity.world import FLAT, LI, NOW, PAIR, SERVICES, WANG, ZHANG, World, found

LATER = NOW + timedelta(hours=1)
REVOKE, RESTORE = RegistrationKind.REVOCATION, RegistrationKind.RESTORATION


async def refused(world: World, code: Code, use_case: object, *arguments: object, actor_id: int) -> None:
    with pytest.raises(IdentityError) as error:
        await world.do(use_case, *arguments, actor_id=actor_id)  # type: ignore[arg-type]
    assert error.value.code is code


async def test_an_owner_ends_their_own_binding_and_binds_again(database: Database) -> None:
    world = await found(database)
    first = await world.bind("zhang", FLAT, ZHANG)
    other = await world.resident("eve")
    await refused(world, Code.UNKNOWN_BINDING, leave_binding, first.binding_number, LATER, actor_id=other)
    for _ in range(2):
        await world.do(leave_binding, first.binding_number, LATER, actor_id=first.person_id)
    assert await world.states("zhang") == [BindingState.REVOKED]
    assert len(await world.told("zhang")) == 2
    await world.bind("zhang", FLAT, ZHANG, LATER)
    assert await world.states("zhang") == [BindingState.REVOKED, BindingState.BOUND]


async def test_two_operators_end_a_binding_and_one_does_not(database: Database) -> None:
    world = await found(database)
    binding = await world.bind("zhang", FLAT, ZHANG)
    number = binding.binding_number
    await refused(world, Code.NO_LETTER, enter_about_binding, REVOKE, number, " ", NOW, actor_id=world.worker)
    for _ in range(2):
        entered = await world.do(
            enter_about_binding, REVOKE, number, "手机丢了", NOW, actor_id=world.secretary
        )
    await refused(world, Code.SAME_TWICE, confirm_registration, entered.number, NOW, actor_id=world.secretary)
    await refused(
        world, Code.ABOUT_YOURSELF, confirm_registration, entered.number, NOW, actor_id=binding.person_id
    )
    assert await world.states("zhang") == [BindingState.BOUND]
    for _ in range(2):
        await world.do(confirm_registration, entered.number, LATER, actor_id=world.worker)
    assert await world.states("zhang") == [BindingState.REVOKED]
    assert "两位工作人员解除" in (await world.told("zhang"))[-1]
    assert len(await world.told("zhang")) == 2
    await refused(world, Code.DECIDED, end_registration, entered.number, LATER, actor_id=world.worker)


async def test_what_was_entered_is_taken_back_before_it_is_confirmed(database: Database) -> None:
    world = await found(database)
    number = (await world.bind("zhang", FLAT, ZHANG)).binding_number
    entered = await world.do(enter_about_binding, REVOKE, number, "弄错了", NOW, actor_id=world.secretary)
    await world.do(end_registration, entered.number, NOW, actor_id=world.secretary)
    await refused(world, Code.DECIDED, confirm_registration, entered.number, NOW, actor_id=world.worker)
    assert await world.states("zhang") == [BindingState.BOUND]


async def test_who_owns_nothing_any_more_is_bound_to_nothing(database: Database) -> None:
    world = await found(database)
    zhang = await world.bind("zhang", FLAT, ZHANG)
    await world.bind("li", PAIR, LI)
    async with database.write() as session:
        await end_titles(session, world.compound_id, [(FLAT, ZHANG)], LATER)
    assert await world.read(list_bound_owners, world.compound_id, zhang.person_id) == []  # at once
    assert await end_sold(database, SERVICES, LATER) == 1
    assert await end_sold(database, SERVICES, LATER) == 0
    assert await world.states("zhang") == [BindingState.REVOKED]
    assert await world.states("li") == [BindingState.BOUND]
    assert "产权变了" in (await world.told("zhang"))[-1]


async def test_a_co_owner_contests_a_binding_and_it_stops_at_once(database: Database) -> None:
    world = await found(database)
    li, eve = await world.bind("li", PAIR, LI), await world.bind("eve", PAIR, WANG)
    for _ in range(2):
        await world.do(contest_binding, eve.binding_number, LATER, actor_id=li.person_id)
    [contested] = await world.bindings("eve")
    assert (contested.state, contested.contested_by, contested.ended_at) == (
        BindingState.CONTESTED,
        li.person_id,
        None,
    )
    assert await world.read(list_bound_owners, world.compound_id, eve.person_id) == []
    assert "已经暂停" in (await world.told("eve"))[-1]
    assert "已经暂停" in (await world.told("li"))[-1]
    verbs = [row.verb for row in await world.rows(select(AuditEvent))]
    assert verbs.count("binding.contested") == 1
    # Who was contested does not contest in turn.
    await refused(
        world, Code.UNKNOWN_BINDING, contest_binding, li.binding_number, LATER, actor_id=eve.person_id
    )


async def test_nobody_contests_what_is_not_of_their_unit_or_their_own(database: Database) -> None:
    world = await found(database)
    zhang, li = await world.bind("zhang", FLAT, ZHANG), await world.bind("li", PAIR, LI)
    stranger = await world.resident("stranger")
    for actor, number in (
        (zhang.person_id, li.binding_number),
        (zhang.person_id, zhang.binding_number),
        (stranger, li.binding_number),
        (zhang.person_id, 9999),
    ):
        await refused(world, Code.UNKNOWN_BINDING, contest_binding, number, LATER, actor_id=actor)
    assert await world.states("li") == [BindingState.BOUND]


async def test_the_real_owner_binds_beside_a_false_one_and_contests_it(database: Database) -> None:
    world = await found(database)
    eve, zhang = await world.bind("eve", FLAT, ZHANG), await world.bind("zhang", FLAT, ZHANG)
    assert len(await world.told("eve")) == 2  # the false one is told as well
    await world.do(contest_binding, eve.binding_number, LATER, actor_id=zhang.person_id)
    assert await world.states("zhang") == [BindingState.BOUND]
    assert await world.states("eve") == [BindingState.CONTESTED]


async def test_two_operators_let_a_contested_binding_hold_again(database: Database) -> None:
    world = await found(database)
    li, wang = await world.bind("li", PAIR, LI), await world.bind("wang", PAIR, WANG)
    number = wang.binding_number
    await refused(
        world, Code.DECIDED, enter_about_binding, RESTORE, number, "看过证件", NOW, actor_id=world.worker
    )
    await world.do(contest_binding, number, NOW, actor_id=li.person_id)
    # Who contested it does not decide about it.
    await refused(
        world, Code.ABOUT_YOURSELF, enter_about_binding, RESTORE, number, "看过", NOW, actor_id=li.person_id
    )
    entered = await world.do(enter_about_binding, RESTORE, number, "看过证件", NOW, actor_id=world.worker)
    await world.do(confirm_registration, entered.number, LATER, actor_id=world.secretary)
    assert await world.states("wang") == [BindingState.BOUND]
    assert "恢复使用" in (await world.told("wang"))[-1]
