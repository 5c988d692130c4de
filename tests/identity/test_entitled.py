"""Which ballots an identity may cast."""

from datetime import datetime

from handlers.identity.entitled import Entitlement, list_entitlements
from storage.database import Database
from storage.queries.bindings import list_persons_bound_to
from storage.queries.votes import find_vote
from storage.states import BindingState
from storage.tables import OwnerBinding, Person
from tests.voting.assembly import NUMBER, OPENS, Assembly, assemble


async def bind(
    database: Database,
    world: Assembly,
    owner_number: int,
    *,
    state: BindingState = BindingState.BOUND,
    ended_at: datetime | None = None,
) -> int:
    """An identity of an owner; returns the person's number."""
    async with database.write() as session:
        person = Person(created_at=OPENS)
        session.add(person)
        await session.flush()
        assert person.person_id is not None
        session.add(
            OwnerBinding(
                compound_id=world.compound_id,
                binding_number=person.person_id,
                owner_number=owner_number,
                person_id=person.person_id,
                state=state,
                possession="code",
                possession_at=OPENS,
                knowledge="document",
                bound_at=OPENS,
                ended_at=ended_at,
            )
        )
    return person.person_id


async def entitlements(database: Database, world: Assembly, person_id: int) -> list[Entitlement]:
    """What somebody may cast."""
    async with database.read() as session:
        vote = await find_vote(session, world.compound_id, NUMBER)
        assert vote is not None
        return await list_entitlements(session, vote, person_id)


async def test_one_ballot_covers_all_units_of_an_owner_and_another_those_held_with_somebody(
    database: Database,
) -> None:
    world = await assemble(database, {"1-1-101": [1], "2-1-201": [1], "1-1-102": [1, 2], "1-1-103": [3]})
    found = await entitlements(database, world, await bind(database, world, 1))
    assert [[unit.unit_code for unit in each.units] for each in found] == [
        ["1-1-101", "2-1-201"],
        ["1-1-102"],
    ]
    assert {each.voter for each in found} == {world.owners["1-1-101"]}
    assert [each.owner_key for each in found] == [world.owners["1-1-101"], world.owners["1-1-102"]]
    assert all(each.is_voter for each in found)


async def test_a_co_owner_who_is_not_the_representative_may_look_and_not_vote(database: Database) -> None:
    world = await assemble(database, {"1-1-102": [1, 2]}, representatives={"1-1-102": 2})
    one, two = [await entitlements(database, world, await bind(database, world, number)) for number in (1, 2)]
    assert [each.is_voter for each in (*one, *two)] == [False, True]


async def test_a_binding_that_is_pending_contested_or_ended_opens_nothing(database: Database) -> None:
    world = await assemble(database, {"1-1-101": [1]})
    for state in (BindingState.PENDING, BindingState.CONTESTED):
        assert not await entitlements(database, world, await bind(database, world, 1, state=state))
    assert not await entitlements(
        database, world, await bind(database, world, 1, state=BindingState.REVOKED, ended_at=OPENS)
    )
    assert not await entitlements(database, world, await bind(database, world, 1, ended_at=OPENS))


async def test_the_identities_of_a_unit_are_those_of_all_its_owners(database: Database) -> None:
    world = await assemble(database, {"1-1-102": [1, 2], "1-1-103": [3]})
    bound = [await bind(database, world, number) for number in (1, 2, 3)]
    await bind(database, world, 1, ended_at=OPENS)
    async with database.read() as session:
        assert await list_persons_bound_to(session, world.compound_id, ["1-1-102"]) == bound[:2]
        assert await list_persons_bound_to(session, world.compound_id, ["1-1-103"]) == bound[2:]
