"""Guardians, companies, representatives and proxies vote for others; what is contested leaves the sums."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from handlers.identity.approve import approve_binding
from handlers.identity.contest import contest_binding, list_left_behind
from handlers.identity.entitled import Entitlement, list_entitlements
from handlers.identity.errors import Code, IdentityError
from handlers.identity.leave import leave_binding
from handlers.identity.mandates import holder_of, proxy_mark, read_number, show_number
from handlers.identity.register import (
    Proxy,
    confirm_registration,
    end_registration,
    enter_about_binding,
    enter_proxy,
    enter_representative,
)
from handlers.people.office import get_or_add_person
from handlers.voting.announced import Announced, as_json, question_of, rules_of
from handlers.voting.bundle import SEALED
from handlers.voting.cast import Order, Recorded, cast_ballot
from handlers.voting.codec import question_json, rules_json, words_hash
from handlers.voting.count import load_evidence, publish_vote, tally_vote
from handlers.voting.entry import enter_paper
from handlers.voting.export import export_vote
from handlers.voting.freeze import freeze_roll
from handlers.voting.life import leave
from handlers.voting.notice import words_of
from handlers.voting.paper_rules import Entry, Holder
from handlers.voting.papers import print_papers
from handlers.voting.reception import receive_papers
from handlers.voting.rules import Refused
from handlers.voting.ruling import CaseCode, NoRuling, rule_on_case
from handlers.voting.terms import AGAINST, AGREE, CaseKind, Choice, Rejection, Status, area_text
from handlers.voting.verify import verify
from storage.database import Database
from storage.queries.votes import find_vote, list_cases, list_vote_units_coded
from storage.states import (
    BallotChannel,
    BindingState,
    Capacity,
    CaseState,
    RegistrationKind,
    RegistrationState,
    VoteState,
)
from storage.tables import AuditEvent, RollTitle, Vote, VoteLeaf, VoteQuestion
from tests.identity.world import (
    CHILD,
    FIRM,
    FLAT,
    KID,
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
from tests.voting.assembly import SIGNER

NUMBER = 1
OPENS, CLOSES = NOW + timedelta(days=1), NOW + timedelta(days=8)
VOTED, COUNTED = NOW + timedelta(days=2), NOW + timedelta(days=9)
HIS = "11010519491231002X"  # a holder's document, the example of the standard


async def open_vote(world: World, announced: Announced | None = None) -> None:
    """A vote on one question, open, with the present roll."""
    async with world.database.write() as session:
        vote = Vote(
            compound_id=world.compound_id,
            vote_number=NUMBER,
            state=VoteState.OPEN,
            title="选聘物业服务企业",
            rules=as_json(announced or Announced()),
            operator_id=world.secretary,
            created_at=NOW,
            opens_at=OPENS,
            closes_at=CLOSES,
        )
        session.add(vote)
        await session.flush()
        frozen = await freeze_roll(session, vote)
        question = VoteQuestion(
            compound_id=world.compound_id,
            vote_number=NUMBER,
            question_id="q1",
            position=1,
            item=4,
            title="是否选聘",
            options=[AGREE],
        )
        session.add(question)
        roll = {
            "root": frozen.root.hex(),
            "units": len(frozen.lines),
            "persons": frozen.total.persons,
            "area": area_text(frozen.total.area),
        }
        body = {
            "key": SIGNER.key_id,
            "rules": rules_json(rules_of(vote)),
            "questions": [question_json(question_of(question))],
            "roll": roll,
            "words": words_hash(words_of(vote, [question])),
        }
        leave(session, vote, "notice", body, NOW)


async def entitled(world: World, who: str) -> list[Entitlement]:
    person_id = await world.resident(who)
    async with world.database.read() as session:
        vote = await find_vote(session, world.compound_id, NUMBER)
        assert vote is not None
        return await list_entitlements(session, vote, person_id)


async def cast(world: World, who: str, choice: Choice = AGREE, place: int = 0, **more: Any) -> Recorded:
    """Somebody casts the ballot that is theirs at that place, as a page does."""
    person_id = await world.resident(who)
    async with world.database.write() as session:
        vote = await find_vote(session, world.compound_id, NUMBER)
        assert vote is not None
        one = (await list_entitlements(session, vote, person_id, hold=True))[place]
        order = Order(
            world.compound_id,
            NUMBER,
            one.owner_key,
            {"q1": choice},
            BallotChannel.ONLINE,
            f"{who}:{place}",
            VOTED,
            voter=one.voter,
            person_id=person_id,
            proxy=one.proxy,
        )
        return await cast_ballot(session, SEALER, replace(order, **more), VOTED)


async def approved(world: World, who: str, unit: str, owner: int, capacity: Capacity) -> None:
    number = (await world.ask(who, unit, owner, capacity)).binding_number
    for operator in (world.secretary, world.worker):
        await world.do(approve_binding, number, "证明原件", NOW, actor_id=operator)


async def mandate(world: World, owner: int, proxy: Proxy, number: int = NUMBER) -> int:
    entered = await world.do(
        enter_proxy, number, owner, proxy, "委托书 5月1日", NOW, actor_id=world.secretary
    )
    await world.do(confirm_registration, entered.number, NOW, actor_id=world.worker)
    return entered.number


async def refused(world: World, code: Code, use_case: Any, *arguments: Any, actor_id: int) -> None:
    with pytest.raises(IdentityError) as error:
        await world.do(use_case, *arguments, actor_id=actor_id)
    assert error.value.code is code


async def test_a_guardian_votes_for_a_minor_and_for_themselves(database: Database) -> None:
    world = await found(database)
    await approved(world, "mother", CHILD, KID, Capacity.GUARDIAN)
    await world.bind("mother", OTHER, ZHAO)
    await open_vote(world)
    own, ward = sorted(await entitled(world, "mother"), key=lambda each: each.capacity is not Capacity.OWNER)
    assert [unit.unit_code for unit in own.units] == [OTHER]
    assert [unit.unit_code for unit in ward.units] == [CHILD]
    assert own.voter == own.owner_key
    assert ward.capacity is Capacity.GUARDIAN
    assert ward.voter != ward.owner_key
    for place in (0, 1):
        assert (await cast(world, "mother", place=place)).rejected == {}


async def test_the_ward_themselves_would_be_refused(database: Database) -> None:
    world = await found(database)
    await approved(world, "mother", CHILD, KID, Capacity.GUARDIAN)
    await open_vote(world)
    [ward] = await entitled(world, "mother")
    recorded = await cast(world, "mother", voter=ward.owner_key)
    assert recorded.rejected == {CHILD: Rejection.MINOR_NEEDS_GUARDIAN}


async def test_a_company_votes_by_whoever_brought_its_letter(database: Database) -> None:
    world = await found(database)
    await approved(world, "boss", SHOP, FIRM, Capacity.COMPANY)
    await open_vote(world)
    [one] = await entitled(world, "boss")
    assert (one.capacity, one.is_voter) == (Capacity.COMPANY, True)
    assert (await cast(world, "boss")).rejected == {}


async def test_the_representative_of_co_owners_is_entered_by_one_and_confirmed_by_another(
    database: Database,
) -> None:
    world = await found(database)
    li, wang = await world.bind("li", PAIR, LI), await world.bind("wang", PAIR, WANG)
    letter = "共有人签字的推选书"
    for code, unit, owner in (
        (Code.NOT_CO_OWNED, FLAT, ZHANG),
        (Code.UNKNOWN_OWNER, PAIR, ZHANG),
        (Code.UNKNOWN_UNIT, "9-9-9", LI),
    ):
        await refused(world, code, enter_representative, unit, owner, letter, NOW, actor_id=world.secretary)
    await refused(
        world, Code.ABOUT_YOURSELF, enter_representative, PAIR, LI, letter, NOW, actor_id=li.person_id
    )
    entered = await world.do(enter_representative, PAIR, WANG, letter, NOW, actor_id=world.secretary)
    assert not any(row.representative for row in await world.rows(select(RollTitle)))
    for actor, code in ((world.secretary, Code.SAME_TWICE), (wang.person_id, Code.ABOUT_YOURSELF)):
        await refused(world, code, confirm_registration, entered.number, NOW, actor_id=actor)
    await world.do(confirm_registration, entered.number, NOW, actor_id=world.worker)
    named = [row.owner_number for row in await world.rows(select(RollTitle)) if row.representative]
    assert named == [WANG]
    assert "投票代表" in (await world.told("li"))[-1]
    await open_vote(world)
    assert [(await entitled(world, who))[0].is_voter for who in ("li", "wang")] == [False, True]
    assert (await cast(world, "wang")).rejected == {}
    # Another letter takes its place, and it can be taken back.
    other = await world.do(enter_representative, PAIR, LI, letter, NOW, actor_id=world.secretary)
    await world.do(confirm_registration, other.number, NOW, actor_id=world.worker)
    named = [row.owner_number for row in await world.rows(select(RollTitle)) if row.representative]
    assert named == [LI]
    await world.do(end_registration, other.number, NOW, actor_id=world.worker)
    assert not any(row.representative for row in await world.rows(select(RollTitle)))


async def test_a_proxy_votes_for_who_gave_the_mandate_and_the_mark_is_the_same_for_all(
    database: Database,
) -> None:
    world = await found(database)
    holder = await world.resident("holder")
    await open_vote(world)
    first = Proxy("钱七", "139 1111 2222", HIS, holder)
    await mandate(world, ZHANG, first)
    await mandate(
        world, ZHAO, Proxy("钱七", "13900000009", HIS.lower(), holder)
    )  # another phone, the same person
    flat, other = await entitled(world, "holder")
    assert {unit.unit_code for one in (flat, other) for unit in one.units} == {FLAT, OTHER}
    assert flat.proxy == other.proxy == proxy_mark(SEALER, world.compound_id, NUMBER, HIS)
    assert flat.proxy != proxy_mark(SEALER, world.compound_id, NUMBER + 1, HIS)
    for place in (0, 1):
        recorded = await cast(world, "holder", place=place)
        assert (recorded.rejected, recorded.ballot.proxy) == ({}, flat.proxy)
    leaves = [row.entry for row in await world.rows(select(VoteLeaf).where(VoteLeaf.kind == "proxy"))]
    assert len(leaves) == 2
    assert all(flat.proxy in entry and "钱七" not in entry for entry in leaves if flat.proxy)
    assert "委托" in (await world.told("holder"))[-1]


async def test_the_cap_on_mandates_holds_for_one_holder(database: Database) -> None:
    world = await found(database)
    holder = await world.resident("holder")
    await open_vote(world, Announced(proxy_cap=1))
    for owner in (ZHANG, ZHAO):
        await mandate(world, owner, Proxy("钱七", "13911112222", HIS, holder))
    assert (await cast(world, "holder", place=0)).rejected == {}
    assert list((await cast(world, "holder", place=1)).rejected.values()) == [Rejection.PROXY_CAP]


async def test_a_mandate_holds_for_one_vote_after_two_operators_and_until_it_is_ended(
    database: Database,
) -> None:
    world = await found(database)
    holder = await world.resident("holder")
    await open_vote(world)
    proxy, letter = Proxy("钱七", "13911112222", HIS, holder), "委托书"
    for code, number, owner, one in (
        (Code.UNKNOWN_VOTE, 9, ZHANG, proxy),
        (Code.UNKNOWN_OWNER, NUMBER, 99, proxy),
        (Code.NO_HOLDER, NUMBER, ZHANG, Proxy("", "13911112222", HIS)),
        (Code.NO_HOLDER, NUMBER, ZHANG, Proxy("钱七", "无", HIS)),
        (Code.ODD_DOCUMENT, NUMBER, ZHANG, Proxy("钱七", "13911112222", "")),
        (Code.ODD_DOCUMENT, NUMBER, ZHANG, Proxy("钱七", "13911112222", HIS[:-1] + "1")),
        (Code.UNKNOWN_HOLDER, NUMBER, ZHANG, Proxy("钱七", "13911112222", HIS, 999_999)),
    ):
        await refused(world, code, enter_proxy, number, owner, one, letter, NOW, actor_id=world.worker)
    await refused(world, Code.ABOUT_YOURSELF, enter_proxy, NUMBER, ZHANG, proxy, letter, NOW, actor_id=holder)
    entered = await world.do(enter_proxy, NUMBER, ZHANG, proxy, letter, NOW, actor_id=world.secretary)
    assert holder_of(SEALER, entered) == ("钱七", "13911112222")
    assert await entitled(world, "holder") == []
    await refused(world, Code.ABOUT_YOURSELF, confirm_registration, entered.number, NOW, actor_id=holder)
    await world.do(confirm_registration, entered.number, NOW, actor_id=world.worker)
    assert len(await entitled(world, "holder")) == 1
    other = Proxy("孙八", "13933334444", "H12345678")
    await refused(
        world, Code.HAS_PROXY, enter_proxy, NUMBER, ZHANG, other, letter, NOW, actor_id=world.worker
    )
    ended = await world.do(end_registration, entered.number, NOW, actor_id=world.worker)
    assert ended.state is RegistrationState.ENDED
    assert await entitled(world, "holder") == []
    assert "撤销" in (await world.told("holder"))[-1]
    await mandate(world, ZHANG, other)


async def test_a_holder_with_two_documents_is_a_slip(database: Database) -> None:
    world = await found(database)
    holder = await world.resident("holder")
    await open_vote(world)
    await mandate(world, ZHANG, Proxy("钱七", "13911112222", HIS, holder))
    other = Proxy("钱七", "13911112222", "H12345678", holder)
    await refused(
        *(world, Code.OTHER_DOCUMENT, enter_proxy, NUMBER, ZHAO, other, "委托书", NOW), actor_id=world.worker
    )


@pytest.mark.parametrize("paper_first", [True, False])
async def test_the_cap_counts_mandates_on_paper_and_registered_ones_together(
    database: Database, paper_first: bool
) -> None:
    world = await found(database)
    holder = await world.resident("holder")
    await open_vote(world, Announced(proxy_cap=1))
    await mandate(world, ZHANG, Proxy("钱七", "13911112222", HIS, holder))
    written = " ".join(HIS[start : start + 6] for start in range(0, 18, 6)).lower()
    if paper_first:
        assert (await on_paper(world, OTHER, Holder("钱七", written))).rejected == {}
        assert (await cast(world, "holder")).rejected == {FLAT: Rejection.PROXY_CAP}
    else:
        assert (await cast(world, "holder")).rejected == {}
        assert (await on_paper(world, OTHER, Holder("钱七", written))).rejected == {
            OTHER: Rejection.PROXY_CAP
        }


async def on_paper(world: World, unit: str, holder: Holder) -> Recorded:
    """A paper of the unit, filled in by whom its owner sent, and keyed in by two."""
    at = VOTED + timedelta(minutes=1)
    async with world.database.write() as session:
        papers = await print_papers(session, world.compound, NUMBER, at, actor_id=world.secretary)
        [owned] = await list_vote_units_coded(session, world.compound_id, NUMBER, [unit])
        paper_of = {paper.owner_key: paper.serial for paper in papers}
        serial = paper_of[owned.owner_key]
        await receive_papers(session, SEALER, world.compound, NUMBER, [serial], at, actor_id=world.secretary)
    entry, done = Entry({"q1": AGREE}, proxy=holder), []
    for actor in (world.secretary, world.worker):
        async with world.database.write() as session:
            keyed = await enter_paper(
                session, SEALER, world.compound, NUMBER, serial, entry, at, actor_id=actor
            )
            done.append(keyed.recorded)
    assert done[-1] is not None
    return done[-1]


def test_the_number_of_a_holder_is_checked() -> None:
    number = show_number(SEALER, 1203)
    assert read_number(SEALER, f" {number.lower()} ") == 1203
    for wrong in ("1203", "1203-", "1204" + number[4:], "", "²-0000", "9" * 40 + "-0000"):
        assert read_number(SEALER, wrong) is None


async def test_a_contested_ballot_leaves_the_sums_until_two_people_rule(database: Database) -> None:
    world = await found(database)
    eve = await world.bind("eve", FLAT, ZHANG)
    await world.bind("zhao", OTHER, ZHAO)
    await world.bind("wang", PAIR, WANG)
    await open_vote(world)
    for who, choice in (("eve", AGAINST), ("zhao", AGREE), ("wang", AGREE)):
        await cast(world, who, choice)
    zhang = await world.bind("zhang", FLAT, ZHANG)
    for _ in range(2):
        await world.do(contest_binding, eve.binding_number, VOTED, actor_id=zhang.person_id)
    assert await entitled(world, "eve") == []
    async with database.read() as session:
        [case] = await list_cases(session, world.compound_id, NUMBER)
        vote = await find_vote(session, world.compound_id, NUMBER)
        assert vote is not None
        evidence = await load_evidence(session, SEALER, vote)
    assert (case.kind, case.state) == (CaseKind.CONTESTED, CaseState.OPEN)
    [open_case] = evidence.cases().values()
    assert open_case.kind is CaseKind.CONTESTED
    [question] = evidence.result()["questions"]
    assert question["status"] == Status.REVIEW_REQUIRED
    assert question["participants"]["persons"] == 2
    await close(world)
    vote = await tally(world)
    assert vote.result is not None
    async with database.write() as session:
        with pytest.raises(Refused):
            await publish_vote(session, world.compound, NUMBER, COUNTED, actor_id=world.secretary)
    await check_bundle(world)  # also while the case is open
    for decider in (world.secretary, world.worker):
        async with database.write() as session:
            await rule_on_case(
                session,
                SEALER,
                world.compound,
                NUMBER,
                case.case_number,
                {"q1": AGREE},
                "业主当面说明",
                COUNTED,
                decider_id=decider,
            )
    vote = await tally(world)
    assert vote.result is not None
    [question] = vote.result["questions"]
    assert (question["cases"], question["participants"]["persons"]) == ([], 3)
    assert question["agreed"]["persons"] == 3
    async with database.write() as session:
        await publish_vote(session, world.compound, NUMBER, COUNTED, actor_id=world.secretary)
    await check_bundle(world)
    cases = [row.entry for row in await world.rows(select(VoteLeaf).where(VoteLeaf.kind == "case"))]
    assert len(cases) == 1


async def test_ballots_of_a_published_vote_and_those_that_hold_no_place_are_no_cases(
    database: Database,
) -> None:
    world = await found(database)
    eve, zhang = await world.bind("eve", FLAT, ZHANG), await world.bind("zhang", FLAT, ZHANG)
    await open_vote(world)
    await cast(world, "zhang")
    assert (await cast(world, "eve", AGAINST)).rejected == {FLAT: Rejection.REVOTE_REFUSED}
    await world.do(contest_binding, eve.binding_number, VOTED, actor_id=zhang.person_id)
    assert await world.read(list_cases, world.compound_id, NUMBER) == []


async def close(world: World) -> None:
    async with world.database.write() as session:
        vote = await find_vote(session, world.compound_id, NUMBER)
        assert vote is not None
        vote.state = VoteState.CLOSED
        session.add(vote)


async def tally(world: World) -> Vote:
    async with world.database.write() as session:
        return await tally_vote(
            session, SEALER, SIGNER, world.compound, NUMBER, COUNTED, actor_id=world.secretary
        )


async def check_bundle(world: World) -> None:
    """The opened ballots add up to the result, as anybody finds who recomputes it."""
    async with world.database.write() as session:
        bundle = await export_vote(
            session, SEALER, SIGNER, world.compound, NUMBER, SEALED, COUNTED, actor_id=world.secretary
        )
    assert any("to the byte" in line for line in verify(bundle).checked)


async def test_who_leaves_after_voting_leaves_ballots_that_the_owner_contests(database: Database) -> None:
    world = await found(database)
    eve = await world.bind("eve", FLAT, ZHANG)
    await open_vote(world)
    await cast(world, "eve", AGAINST)
    zhang = await world.bind("zhang", FLAT, ZHANG)
    await world.do(leave_binding, eve.binding_number, VOTED, actor_id=eve.person_id)
    left = await world.read(list_left_behind, world.compound_id, [ZHANG])
    assert [each.binding_number for each in left] == [eve.binding_number]
    stranger = await world.bind("li", PAIR, LI)
    await refused(
        world,
        Code.UNKNOWN_BINDING,
        contest_binding,
        eve.binding_number,
        VOTED,
        actor_id=stranger.person_id,
    )
    for _ in range(2):
        await world.do(contest_binding, eve.binding_number, VOTED, actor_id=zhang.person_id)
    [case] = await world.read(list_cases, world.compound_id, NUMBER)
    assert (case.kind, case.state) == (CaseKind.CONTESTED, CaseState.OPEN)
    assert await world.states("eve") == [BindingState.REVOKED]  # it does not begin again
    assert await world.read(list_left_behind, world.compound_id, [ZHANG]) == []
    assert "裁定" in (await world.told("zhang"))[-1]
    verbs = [row.verb for row in await world.rows(select(AuditEvent))]
    assert verbs.count("binding.contested") == 1
    await close(world)
    await tally(world)
    await check_bundle(world)


async def test_asking_anew_does_not_hide_the_ballots_of_a_binding_that_ended(database: Database) -> None:
    world = await found(database)
    eve = await world.bind("eve", FLAT, ZHANG)
    await open_vote(world)
    await cast(world, "eve", AGAINST)
    zhang = await world.bind("zhang", FLAT, ZHANG)
    await world.do(leave_binding, eve.binding_number, VOTED, actor_id=eve.person_id)
    again = await world.ask("eve", FLAT, ZHANG)
    await world.do(contest_binding, again.binding_number, VOTED, actor_id=zhang.person_id)
    assert len(await world.read(list_cases, world.compound_id, NUMBER)) == 1


async def test_an_owner_who_is_bound_to_nothing_disowns_a_ballot_at_the_counter(database: Database) -> None:
    world = await found(database)
    eve, mallory = await world.bind("eve", FLAT, ZHANG), await world.bind("mallory", OTHER, ZHAO)
    await open_vote(world)
    for who in ("eve", "mallory"):
        await cast(world, who, AGAINST)
    await world.do(leave_binding, mallory.binding_number, VOTED, actor_id=mallory.person_id)
    for binding in (eve, mallory):
        entered = await world.do(
            enter_about_binding,
            RegistrationKind.DISOWNING,
            binding.binding_number,
            "看过业主证件",
            VOTED,
            actor_id=world.secretary,
        )
        cases = len(await world.read(list_cases, world.compound_id, NUMBER))
        await world.do(confirm_registration, entered.number, VOTED, actor_id=world.worker)
        assert len(await world.read(list_cases, world.compound_id, NUMBER)) == cases + 1
    assert await world.states("eve") == await world.states("mallory") == [BindingState.REVOKED]
    assert await entitled(world, "eve") == []
    assert "不是业主本人" in (await world.told("eve"))[-1]


async def test_a_lost_phone_is_no_reason_to_rule_on_a_ballot(database: Database) -> None:
    world = await found(database)
    eve = await world.bind("zhang", FLAT, ZHANG)
    await open_vote(world)
    await cast(world, "zhang")
    entered = await world.do(
        enter_about_binding,
        RegistrationKind.REVOCATION,
        eve.binding_number,
        "手机丢了",
        VOTED,
        actor_id=world.secretary,
    )
    await world.do(confirm_registration, entered.number, VOTED, actor_id=world.worker)
    assert await world.read(list_cases, world.compound_id, NUMBER) == []


async def test_two_accounts_of_one_human_neither_confirm_nor_hold(database: Database) -> None:
    world = await found(database)
    await open_vote(world)
    async with database.write() as session:
        first = await get_or_add_person(session, SEALER, "王书记", "13911112222", NOW)
        second = await get_or_add_person(session, SEALER, "王网格", "139 1111 2222", NOW)
    letter = "共有人签字的推选书"
    entered = await world.do(enter_representative, PAIR, WANG, letter, NOW, actor_id=first)
    await refused(world, Code.ONE_HUMAN, confirm_registration, entered.number, NOW, actor_id=second)
    # Who is to hold a mandate does not enter it, by the phone that is written down.
    held = Proxy("王某", "13911112222", HIS)
    await refused(world, Code.ABOUT_YOURSELF, enter_proxy, NUMBER, ZHAO, held, letter, NOW, actor_id=first)
    entered = await world.do(enter_proxy, NUMBER, ZHAO, held, letter, NOW, actor_id=world.secretary)
    await refused(world, Code.ABOUT_YOURSELF, confirm_registration, entered.number, NOW, actor_id=second)
    await world.do(confirm_registration, entered.number, NOW, actor_id=world.worker)


async def test_two_accounts_of_one_human_do_not_rule(database: Database) -> None:
    world = await found(database)
    eve, zhang = await world.bind("eve", FLAT, ZHANG), await world.bind("zhang", FLAT, ZHANG)
    await open_vote(world)
    await cast(world, "eve", AGAINST)
    await world.do(contest_binding, eve.binding_number, VOTED, actor_id=zhang.person_id)
    await close(world)
    [case] = await world.read(list_cases, world.compound_id, NUMBER)
    async with database.write() as session:
        deciders = [
            await get_or_add_person(session, SEALER, name, "13911112222", NOW) for name in ("甲", "乙")
        ]
    said = (SEALER, world.compound, NUMBER, case.case_number, {"q1": None}, "不是本人", COUNTED)
    async with database.write() as session:
        await rule_on_case(session, *said, decider_id=deciders[0])
    async with database.write() as session:
        with pytest.raises(NoRuling) as error:
            await rule_on_case(session, *said, decider_id=deciders[1])
    assert error.value.code is CaseCode.ONE_HUMAN
    async with database.write() as session:
        ruled = await rule_on_case(session, *said, decider_id=world.worker)
    assert ruled.state is CaseState.RULED
