"""Units that change hands while a vote is held: what the seller cast stands, else the buyer votes in the slot."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from handlers.identity.contest import contest_binding
from handlers.identity.entitled import list_entitlements
from handlers.voting.announced import Announced
from handlers.voting.cast import Code, NoBallot, Order, Recorded, cast_ballot
from handlers.voting.count import load_evidence, publish_vote
from handlers.voting.entry import list_signers
from handlers.voting.fate import order_of
from handlers.voting.paper_rules import SUCCESSOR, PaperCode
from handlers.voting.resident import OpenVote, list_standings
from handlers.voting.successors import cast_as_successor
from handlers.voting.terms import AGAINST, AGREE, CaseKind, Choice, Revote
from storage.database import Database
from storage.queries.roll import end_titles
from storage.queries.vote_reach import (
    list_persons_of_owner_key,
    list_persons_of_roll,
    list_persons_waited_for,
)
from storage.queries.votes import find_vote, list_cases
from storage.states import BallotChannel, BindingState
from storage.tables import AuditEvent, OwnerBinding, RollOwner, RollTitle, VoteLeaf
from tests.identity.test_acting import (
    COUNTED,
    NUMBER,
    VOTED,
    cast,
    check_bundle,
    close,
    entitled,
    open_vote,
    tally,
)
from tests.identity.world import (
    FIRM,
    FLAT,
    LI,
    NOW,
    OTHER,
    PAIR,
    SEALER,
    SHOP,
    WANG,
    ZHANG,
    ZHAO,
    World,
    found,
)
from tests.voting.assembly import DAY_21, OPENS
from tests.voting.box import box_of, refused

SOLD = VOTED - timedelta(hours=1)


async def sell(database: Database, unit: str, sellers: list[int], buyers: list[int], at: datetime) -> None:
    async with database.write() as session:
        [compound_id, *_] = set(await session.exec(select(RollTitle.compound_id)))
        await end_titles(session, compound_id, [(unit, number) for number in sellers], at)
        session.add_all(
            RollTitle(compound_id=compound_id, unit_code=unit, owner_number=number, since=at)
            for number in buyers
        )


async def cast_bought(
    world: World, who: str, choice: Choice = AGREE, key: str = "", at: datetime = VOTED
) -> Recorded:
    """The ballot of somebody for what they bought, as the page casts it."""
    person_id = await world.resident(who)
    async with world.database.write() as session:
        vote = await find_vote(session, world.compound_id, NUMBER)
        assert vote is not None
        [one] = [
            each for each in await list_entitlements(session, vote, person_id, hold=True) if each.is_successor
        ]
        assert one.earlier is not None
        made = order_of(vote, one, at)
        order = Order(
            *(made.compound_id, made.vote_number, made.owner_key, {"q1": choice}, made.channel),
            cast_key=key or f"bought:{who}",
            cast_at=at,
            voter=made.voter,
            person_id=person_id,
            units=made.units,
        )
        return await cast_as_successor(session, SEALER, order, one.earlier, at)


def covers(found_: object) -> set[str]:
    return {unit.unit_code for unit in found_.units}  # type: ignore[attr-defined]


async def test_the_buyer_votes_where_the_seller_has_not(database: Database) -> None:
    world = await found(database)
    await world.bind("zhang", FLAT, ZHANG)
    await world.bind("zhao", OTHER, ZHAO)
    await open_vote(world)
    async with database.read() as session:
        vote = await find_vote(session, world.compound_id, NUMBER)
        assert vote is not None
        before = (vote.roll_root, vote.roll_persons, vote.roll_area)
    await sell(database, FLAT, [ZHANG], [ZHAO], SOLD)
    assert await entitled(world, "zhang") == []
    own, bought = sorted(await entitled(world, "zhao"), key=lambda each: each.is_successor)
    assert (covers(own), covers(bought)) == ({OTHER}, {FLAT})
    assert bought.owner_key != own.owner_key
    assert (bought.is_voter, bought.voter, bought.earlier) == (True, None, frozenset())
    recorded = await cast_bought(world, "zhao", AGAINST)
    assert (recorded.rejected, recorded.contested, covers(recorded)) == ({}, False, {FLAT})
    again = await cast_bought(world, "zhao", AGAINST)
    assert (again.repeated, again.ballot.ballot_id) == (True, recorded.ballot.ballot_id)
    await cast(
        world, "zhao", AGREE, place=[each.is_successor for each in await entitled(world, "zhao")].index(False)
    )
    leaves = [row.entry for row in await world.rows(select(VoteLeaf).where(VoteLeaf.kind == "successor"))]
    assert len(leaves) == 1
    assert recorded.ballot.ballot_id in leaves[0]
    assert FLAT not in leaves[0]
    verbs = [row.verb for row in await world.rows(select(AuditEvent))]
    assert verbs.count("vote.succeeded") == 1
    await close(world)
    vote = await tally(world)
    assert (vote.roll_root, vote.roll_persons, vote.roll_area) == before
    assert vote.result is not None
    [question] = vote.result["questions"]
    assert question["cases"] == []
    assert question["participants"]["persons"] == 2  # the buyer in two slots: of two owners of the roll
    assert question["agreed"]["persons"] == 1
    async with database.write() as session:
        await publish_vote(session, world.compound, NUMBER, COUNTED, actor_id=world.secretary)
    await check_bundle(world)


async def test_an_earlier_ballot_of_the_seller_stands(database: Database) -> None:
    world = await found(database)
    await world.bind("zhang", FLAT, ZHANG)
    await world.bind("zhao", OTHER, ZHAO)
    await open_vote(world, Announced(revote=Revote.LAST))
    await cast(world, "zhang", AGAINST, cast_at=SOLD - timedelta(hours=1))
    await sell(database, FLAT, [ZHANG], [ZHAO], SOLD)
    assert await entitled(world, "zhang") == []  # nor may they change it
    assert [covers(each) for each in await entitled(world, "zhao")] == [{OTHER}]


async def test_a_sale_waits_for_the_ballot_that_is_being_cast(database: Database) -> None:
    world = await found(database)
    zhang = await world.bind("zhang", FLAT, ZHANG)
    await world.bind("zhao", OTHER, ZHAO)
    await open_vote(world)
    async with database.write() as session:
        vote = await find_vote(session, world.compound_id, NUMBER)
        assert vote is not None
        [one] = await list_entitlements(session, vote, zhang.person_id, hold=True)
        sale = asyncio.create_task(sell(database, FLAT, [ZHANG], [ZHAO], SOLD))
        await asyncio.sleep(0.3)
        assert not sale.done()
        made = order_of(vote, one, VOTED)
        order = replace(made, marks={"q1": AGREE}, cast_key="zhang", person_id=zhang.person_id)
        assert (await cast_ballot(session, SEALER, order, VOTED)).rejected == {}
    await sale
    assert [covers(each) for each in await entitled(world, "zhao")] == [{OTHER}]


async def test_a_ballot_that_came_into_the_slot_meanwhile_is_not_replaced(database: Database) -> None:
    world = await found(database)
    await world.bind("zhang", FLAT, ZHANG)
    zhao = await world.bind("zhao", OTHER, ZHAO)
    await open_vote(world, Announced(revote=Revote.LAST))
    [sellers] = await entitled(world, "zhang")
    await cast(world, "zhang")
    for earlier in (frozenset[str](), frozenset({"another"})):
        async with database.write() as session:
            order = Order(
                *(world.compound_id, NUMBER, sellers.owner_key, {"q1": AGAINST}, BallotChannel.ONLINE),
                cast_key="late",
                cast_at=VOTED,
                person_id=zhao.person_id,
                units=frozenset({FLAT}),
            )
            with pytest.raises(NoBallot) as error:
                await cast_as_successor(session, SEALER, order, earlier, VOTED)
        assert error.value.code is Code.SLOT_TAKEN


async def test_who_sold_one_of_two_units_votes_for_the_other(database: Database) -> None:
    world = await found(database)
    await sell(database, OTHER, [ZHAO], [ZHANG], NOW)  # Zhang owns two flats when the roll is frozen
    await world.bind("zhang", FLAT, ZHANG)
    await world.bind("li", PAIR, LI)
    await open_vote(world)
    assert [covers(each) for each in await entitled(world, "zhang")] == [{FLAT, OTHER}]
    await sell(database, OTHER, [ZHANG], [LI], SOLD)
    assert [covers(each) for each in await entitled(world, "zhang")] == [{FLAT}]
    assert (await cast(world, "zhang", AGREE, units=frozenset({FLAT}))).rejected == {}
    assert (await cast_bought(world, "li", AGAINST)).rejected == {}
    async with database.read() as session:
        vote = await find_vote(session, world.compound_id, NUMBER)
        assert vote is not None
        evidence = await load_evidence(session, SEALER, vote)
    [case] = evidence.cases().values()  # one owner of the roll, two minds: two deciders rule
    assert case.kind is CaseKind.SAME_OWNER_CONFLICT
    await close(world)
    await tally(world)
    await check_bundle(world)


async def test_a_false_buyer_is_contested_with_their_ballot(database: Database) -> None:
    world = await found(database)
    eve, zhao = await world.bind("eve", OTHER, ZHAO), await world.bind("zhao", OTHER, ZHAO)
    await open_vote(world)
    await sell(database, FLAT, [ZHANG], [ZHAO], SOLD)
    bought = await cast_bought(world, "eve", AGAINST)
    own = [each.is_successor for each in await entitled(world, "eve")].index(False)
    mine = await cast(world, "eve", AGAINST, place=own)
    await world.do(contest_binding, eve.binding_number, VOTED, actor_id=zhao.person_id)
    cases = await world.read(list_cases, world.compound_id, NUMBER)
    assert {case.subject for case in cases} == {bought.ballot.ballot_id, mine.ballot.ballot_id}
    await close(world)
    await tally(world)
    await check_bundle(world)


async def test_two_who_bought_together_contradict_each_other(database: Database) -> None:
    world = await found(database)
    await world.bind("li", PAIR, LI)
    await world.bind("wang", PAIR, WANG)
    await open_vote(world)
    await sell(database, FLAT, [ZHANG], [LI, WANG], SOLD)
    first = await cast_bought(world, "li", AGREE)
    await cast_bought(world, "wang", AGREE)
    assert await world.read(list_cases, world.compound_id, NUMBER) == []
    await cast_bought(world, "wang", AGAINST, key="other")
    [case] = await world.read(list_cases, world.compound_id, NUMBER)
    assert (case.kind, case.subject) == (CaseKind.CONTESTED, first.ballot.ballot_id)
    await close(world)
    await tally(world)
    await check_bundle(world)


async def test_a_share_that_is_sold_leaves_the_slot_to_the_owner_who_stayed(database: Database) -> None:
    world = await found(database)
    for who, unit, owner in (("li", PAIR, LI), ("wang", PAIR, WANG), ("zhao", OTHER, ZHAO)):
        await world.bind(who, unit, owner)
    await open_vote(world)
    await sell(database, PAIR, [LI], [ZHAO], SOLD)
    assert await entitled(world, "li") == []
    assert [covers(each) for each in await entitled(world, "wang")] == [{PAIR}]
    assert [covers(each) for each in await entitled(world, "zhao")] == [{OTHER}]


async def with_a_representative(database: Database) -> World:
    """Li is named for the flat that Li and Wang have, when the roll is frozen; everybody is on WeChat."""
    world = await found(database)
    for who, unit, owner in (("li", PAIR, LI), ("wang", PAIR, WANG), ("zhao", OTHER, ZHAO)):
        await world.bind(who, unit, owner)
    async with database.write() as session:
        title = await session.get_one(RollTitle, (world.compound_id, PAIR, LI, NOW))
        title.representative = True
        session.add(title)
    await open_vote(world)
    return world


async def waited_for(world: World) -> set[str]:
    waited = await world.read(list_persons_waited_for, world.compound_id, NUMBER)
    return {who for who, person_id in world.people.items() if person_id in waited}


async def test_where_the_representative_sold_their_share_whoever_owns_it_now_votes(
    database: Database,
) -> None:
    world = await with_a_representative(database)
    assert await waited_for(world) == {"li", "zhao"}
    await sell(database, PAIR, [LI], [ZHAO], SOLD)
    assert await entitled(world, "li") == []
    assert await waited_for(world) == {"wang", "zhao"}
    [stayed] = await entitled(world, "wang")
    assert (stayed.is_successor, stayed.stayed, stayed.is_voter, stayed.voter) == (True, True, True, None)
    [bought] = [each for each in await entitled(world, "zhao") if each.is_successor]
    assert (covers(bought), bought.stayed) == ({PAIR}, False)
    first = await cast_bought(world, "wang", AGREE)
    assert first.rejected == {}
    await cast_bought(world, "zhao", AGREE)
    assert await world.read(list_cases, world.compound_id, NUMBER) == []
    await cast_bought(world, "zhao", AGAINST, key="other")
    [case] = await world.read(list_cases, world.compound_id, NUMBER)
    assert case.subject == first.ballot.ballot_id
    await close(world)
    await tally(world)
    await check_bundle(world)


async def test_a_co_owner_who_bought_the_representatives_share_votes_alone(database: Database) -> None:
    world = await with_a_representative(database)
    await sell(database, PAIR, [LI], [], SOLD)
    assert await entitled(world, "li") == []
    assert (await cast_bought(world, "wang")).rejected == {}
    assert await waited_for(world) == {"zhao"}
    await close(world)
    await tally(world)
    await check_bundle(world)


async def test_what_the_representative_cast_before_selling_stands(database: Database) -> None:
    world = await with_a_representative(database)
    await cast(world, "li", cast_at=SOLD - timedelta(hours=1))
    await sell(database, PAIR, [LI], [ZHAO], SOLD)
    assert await entitled(world, "wang") == []
    assert [covers(each) for each in await entitled(world, "zhao")] == [{OTHER}]


async def test_a_buyer_is_reminded_until_they_vote_and_told_how_it_goes(database: Database) -> None:
    world = await found(database)
    await world.bind("zhang", FLAT, ZHANG)
    zhao = await world.bind("zhao", OTHER, ZHAO)
    await open_vote(world)
    await cast(world, "zhao")
    assert await waited_for(world) == {"zhang"}
    await sell(database, FLAT, [ZHANG], [ZHAO], SOLD)
    assert await waited_for(world) == {"zhao"}
    [sellers] = {each.owner_key for each in await entitled(world, "zhao") if each.is_successor}
    told = await world.read(list_persons_of_owner_key, world.compound_id, NUMBER, sellers)
    assert zhao.person_id in told  # whose reminder is taken back
    await cast_bought(world, "zhao")
    assert await waited_for(world) == set()
    async with database.write() as session:  # who was not of the roll that was frozen
        session.add(
            RollOwner(compound_id=world.compound_id, owner_number=99, name_sealed=b"", entered_at=NOW)
        )
    newcomer = await world.resident("new")
    await sell(database, SHOP, [FIRM], [99], SOLD)
    async with database.write() as session:
        session.add(
            OwnerBinding(
                compound_id=world.compound_id,
                binding_number=99,
                owner_number=99,
                person_id=newcomer,
                state=BindingState.BOUND,
                possession="code",
                possession_at=NOW,
            )
        )
    assert await waited_for(world) == {"new"}
    everybody = await world.read(list_persons_of_roll, world.compound_id, NUMBER, 0, 100)
    assert {zhao.person_id, newcomer} <= set(everybody)
    assert everybody == sorted(set(everybody))
    assert await world.read(list_persons_of_roll, world.compound_id, NUMBER, everybody[0], 1) == [
        everybody[1]
    ]


async def test_whom_the_buyers_named_votes_for_them_alone(database: Database) -> None:
    world = await found(database)
    await world.bind("li", PAIR, LI)
    await world.bind("wang", PAIR, WANG)
    await open_vote(world)
    await sell(database, FLAT, [ZHANG], [LI, WANG], SOLD)
    async with database.write() as session:
        title = await session.get_one(RollTitle, (world.compound_id, FLAT, WANG, SOLD))
        title.representative = True
        session.add(title)
    assert [covers(each) for each in await entitled(world, "li")] == [{PAIR}]
    assert {FLAT} in [covers(each) for each in await entitled(world, "wang")]


async def test_a_unit_that_ended_without_a_buyer_was_not_sold(database: Database) -> None:
    world = await found(database)
    await world.bind("zhang", FLAT, ZHANG)
    await open_vote(world)
    await sell(database, FLAT, [ZHANG], [], SOLD)  # merged into another unit, which Zhang owns
    await sell(database, OTHER, [ZHAO], [ZHANG], SOLD)
    assert [covers(each) for each in await entitled(world, "zhang")] == [{FLAT}, {OTHER}]


async def test_the_page_of_the_buyer_shows_what_they_may_cast(database: Database) -> None:
    world = await found(database)
    zhao = await world.bind("zhao", OTHER, ZHAO)
    await world.bind("zhang", FLAT, ZHANG)
    await open_vote(world)
    waited = await world.read(list_persons_waited_for, world.compound_id, NUMBER)
    assert len(waited) == 2
    await sell(database, FLAT, [ZHANG], [ZHAO], SOLD)
    # Nobody reminds the seller of what is not theirs.
    assert await world.read(list_persons_waited_for, world.compound_id, NUMBER) == [zhao.person_id]
    async with database.read() as session:
        vote = await find_vote(session, world.compound_id, NUMBER)
        assert vote is not None
        shown = await list_standings(session, SEALER, OpenVote(world.compound, vote), zhao.person_id, VOTED)
    assert [each.may_cast for each in shown] == [True, True]
    assert len({each.ref for each in shown}) == 2


async def test_a_paper_is_for_what_its_owner_had_when_it_was_handed_in(database: Database) -> None:
    box = await box_of(database, {"1-1-101": [1], "1-1-102": [1], "1-1-103": [2], "1-1-104": [3]})
    first, second = "1-1-102", "1-1-103"  # a paper is found by its owner's last unit
    await box.receive(second, now=OPENS + timedelta(hours=1))
    for unit, seller in (("1-1-101", 1), (second, 2)):
        await sell(database, unit, [seller], [3], OPENS + timedelta(hours=2))
    await box.receive(first, now=DAY_21)
    assert (await box.slot("1-1-101")).ballot_id == ""  # the buyer's
    assert (await box.slot(second)).ballot_id != ""  # the seller's, who was earlier
    for by in ("ann", "bob"):
        one = await box.enter(first, by)
        two = await box.enter(second, by)
    assert one.recorded is not None
    assert two.recorded is not None
    assert covers(one.recorded) == {first}
    assert covers(two.recorded) == {second}


async def test_a_paper_for_nothing_that_is_still_theirs_is_no_ballot(database: Database) -> None:
    box = await box_of(database, {"1-1-101": [1], "1-1-103": [2]})
    await sell(database, "1-1-101", [1], [2], OPENS + timedelta(hours=1))
    await box.receive("1-1-101", now=DAY_21)
    await box.enter("1-1-101", "ann")
    with pytest.raises(NoBallot) as error:
        await box.enter("1-1-101", "bob")
    assert error.value.code is Code.NOT_ELIGIBLE
    for by in ("ann", "bob"):
        paper = await box.void("1-1-101", by, "not_theirs")
    assert paper.void_reason == "not_theirs"


async def test_a_paper_of_the_buyer_is_their_ballot(database: Database) -> None:
    box = await box_of(database, {"1-1-101": [1], "1-1-102": [1], "1-1-103": [2], "1-1-104": [3]})
    unit, moment = "1-1-102", OPENS + timedelta(hours=1)
    await box.receive("1-1-103", now=OPENS)
    await sell(database, unit, [1], [3], moment)
    await sell(database, "1-1-103", [2], [3], moment)
    await box.receive(unit, now=DAY_21)
    # What was handed in before the sale is no buyer's.
    assert await refused(box.enter("1-1-103", "ann", signed_by=SUCCESSOR)) is PaperCode.ODD_SIGNER
    for by in ("ann", "bob"):
        keyed = await box.enter(unit, by, signed_by=SUCCESSOR)
    assert keyed.recorded is not None
    assert (covers(keyed.recorded), keyed.recorded.ballot.voter) == ({unit}, None)
    assert [leaf.kind for leaf in await box.log()].count("successor") == 1
    # Units that were sold to others each are told apart by no paper.
    await sell(database, "1-1-101", [1], [2], moment)
    async with database.read() as session:
        paper = await box.paper(unit)
        vote = await find_vote(session, box.assembly.compound_id, NUMBER)
        assert vote is not None
        assert SUCCESSOR not in await list_signers(session, SEALER, vote, paper)


async def test_a_paper_of_the_buyer_takes_no_place_that_is_taken(database: Database) -> None:
    box = await box_of(database, {"1-1-101": [1], "1-1-103": [2]})
    async with database.write() as session:
        await cast_ballot(session, SEALER, box.assembly.order("1-1-101", voter="x", cast_at=OPENS), OPENS)
    await sell(database, "1-1-101", [1], [2], OPENS + timedelta(hours=1))
    await box.receive("1-1-101", now=DAY_21)
    await box.enter("1-1-101", "ann", signed_by=SUCCESSOR)
    with pytest.raises(NoBallot) as taken:
        await box.enter("1-1-101", "bob", signed_by=SUCCESSOR)
    assert taken.value.code is Code.SLOT_TAKEN


async def test_a_co_owner_who_sold_their_share_signs_no_paper_alone(database: Database) -> None:
    box = await box_of(database, {"1-1-101": [1, 2], "1-1-103": [3]})
    sellers, others = box.assembly.keys[1], box.assembly.keys[2]
    await sell(database, "1-1-101", [1], [3], OPENS + timedelta(hours=1))
    await box.receive("1-1-101", now=DAY_21)
    assert await refused(box.enter("1-1-101", "ann", signed_by=sellers)) is PaperCode.ODD_SIGNER
    for by in ("ann", "bob"):
        keyed = await box.enter("1-1-101", by, signed_by=others)
    assert keyed.recorded is not None
    assert keyed.recorded.rejected == {}


async def test_a_paper_that_was_handed_in_before_the_share_was_sold_stands(database: Database) -> None:
    box = await box_of(database, {"1-1-101": [1, 2], "1-1-103": [3]})
    await box.receive("1-1-101", now=OPENS)
    await sell(database, "1-1-101", [1], [3], OPENS + timedelta(hours=1))
    for by in ("ann", "bob"):
        keyed = await box.enter("1-1-101", by, signed_by=box.assembly.keys[1])
    assert keyed.recorded is not None
