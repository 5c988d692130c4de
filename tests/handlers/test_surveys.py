"""Surveys of households on real databases: one answer of a unit in force, figures, forgetting."""

import asyncio
from datetime import datetime, timedelta

from sqlmodel import select

from handlers.local_time import LOCAL
from handlers.people.join import join_people
from handlers.surveys.answers import Kept
from handlers.surveys.canvass import name_canvasser
from handlers.surveys.create import add_round, hold_round
from handlers.surveys.resident import homes_in
from handlers.surveys.results import figures_of, load_coverage, load_shown
from handlers.surveys.rules import Code, Counts, Draft
from handlers.surveys.running import close_round
from storage.queries.people import find_identity
from storage.queries.survey_answers import (
    count_households,
    put_attempt,
    reduce_surveys,
)
from storage.queries.tree import find_compound
from storage.states import (
    BindingState,
    DoorOutcome,
    SurveyGiver,
    SurveyPhase,
    UnitKind,
)
from storage.tables import (
    AuditEvent,
    ChannelIdentity,
    OwnerBinding,
    Person,
    RollUnit,
    SurveyAnswer,
    SurveyAttempt,
    SurveyCanvasser,
    SurveyRound,
    SurveyUnit,
)
from tests.handlers.survey_block import AGAINST, AGREE, EITHER, FLATS, TODAY, Block, roll


async def test_the_last_word_of_a_household_stands_and_staff_do_not_write_over_it(block: Block) -> None:
    await block.ask()
    assert await block.record("3-1-101", AGREE) == Kept(True)
    assert await block.record("3-1-101", AGREE) == Kept(True, again=True)
    assert await block.record("3-1-101", EITHER) == Kept(True)
    assert await block.answer("o-a", "3-1-101", AGAINST, "noise", words="太吵") == Kept(True)
    assert await block.answer("o-a", "3-1-101", AGAINST, "noise", words="太吵") == Kept(True, again=True)
    assert await block.record("3-1-101", AGREE) == Kept(False)
    assert await block.standing() == {"3-1-101": AGAINST}
    assert await block.answer("o-a", "3-1-101", AGREE) == Kept(True)
    assert await block.standing() == {"3-1-101": AGREE}
    kept = await block.talk.rows(SurveyAnswer)
    assert [each.seq for each in kept] == [1, 2, 3, 4, 5]
    assert kept[2].words_sealed is not None
    assert "太吵".encode() not in kept[2].words_sealed
    assert await block.answer("o-b", "3-1-101", AGREE) is Code.NOT_ASKED
    assert await block.answer("o-a", "3-9-101", AGREE) is Code.NOT_ASKED
    assert await block.record("3-9-101", AGREE) is Code.NOT_ASKED
    block.talk.now = datetime.combine(TODAY + timedelta(days=7), datetime.min.time(), LOCAL) + timedelta(
        hours=21
    )
    assert await block.answer("o-a", "3-1-101", AGAINST) is Code.OVER  # the clock has not come by yet
    for event in await block.talk.rows(AuditEvent):
        if event.verb.startswith("survey."):
            assert not {"against", "太吵", "noise"} & {str(each) for each in event.details.values()}


async def test_a_proven_owner_comes_before_who_says_that_they_live_there(block: Block) -> None:
    await roll(block, "3-1-101")
    await block.ask()
    await block.own("o-b", 1, "3-1-101")
    assert await block.answer("o-a", "3-1-101", AGREE) == Kept(True)
    assert await block.answer("o-b", "3-1-101", AGAINST) == Kept(True)
    assert await block.answer("o-a", "3-1-101", EITHER) == Kept(False)
    assert await block.standing() == {"3-1-101": AGAINST}
    assert {each.giver for each in await block.talk.rows(SurveyAnswer)} == {
        SurveyGiver.OWNER,
        SurveyGiver.RESIDENT,
    }


async def test_who_names_another_home_does_not_answer_twice(block: Block) -> None:
    number = await block.ask()
    assert await block.record("3-1-102", AGREE) == Kept(True)
    assert await block.answer("o-a", "3-1-101", AGAINST) == Kept(True)
    await block.talk.bind("o-a", "XH-1/3-1-102")  # nobody proves where they live
    assert await block.answer("o-a", "3-1-102", AGAINST) is Code.ANOTHER_HOME
    assert "替另一户答过" in await block.talk.say("o-a", f"征询 {number} 不同意")
    assert await block.standing() == {"3-1-101": AGAINST, "3-1-102": AGREE}
    await roll(block, "3-1-102")
    await block.own("o-a", 1, "3-1-102")  # proven
    assert await block.answer("o-a", "3-1-102", AGAINST) == Kept(True)


async def test_being_forgotten_gives_nobody_another_home_to_answer_for(block: Block) -> None:
    number = await block.ask()
    for unit, kept in zip(FLATS, (Kept(True), *[Code.FORGOTTEN] * 4), strict=True):
        await block.talk.bind("o-x", f"XH-1/{unit}")
        assert await block.answer("o-x", unit, AGAINST) == kept
        await block.talk.say("o-x", "删除我的资料")
        await block.talk.say("o-x", "确认删除")
    assert await block.standing() == {FLATS[0]: AGAINST}
    await block.talk.bind("o-x", f"XH-1/{FLATS[1]}")
    assert "删除过资料" in await block.talk.say("o-x", f"征询 {number} 不同意")
    await roll(block, FLATS[1])
    await block.own("o-x", 1, FLATS[1])  # proven
    assert await block.answer("o-x", FLATS[1], AGREE) == Kept(True)


async def test_whose_home_it_is_no_more_stands_in_nobodys_way(block: Block) -> None:
    await roll(block, "3-1-101")
    await block.ask()
    await block.own("o-b", 1, "3-1-101")
    assert await block.answer("o-b", "3-1-101", AGAINST) == Kept(True)
    assert await block.answer("o-a", "3-1-101", AGREE) == Kept(False)
    async with block.talk.database.write() as session:
        binding = (await session.exec(select(OwnerBinding))).one()
        binding.state, binding.ended_at = BindingState.REVOKED, block.talk.now  # sold, or bound wrongly
        session.add(binding)
    [round_] = await block.talk.rows(SurveyRound)
    async with block.talk.database.read() as session:
        [home] = await homes_in(session, round_, await block.person("o-a"))
    assert home.ranked is SurveyGiver.STAFF  # the page does not say that an owner's word stands
    assert await block.answer("o-a", "3-1-101", EITHER) == Kept(True)
    assert await block.record("3-1-101", AGREE) == Kept(False)
    await block.talk.bind("o-a", "XH-1/3-2-502")
    assert await block.record("3-1-101", AGREE) == Kept(True)


async def test_whose_answer_is_taken_over_is_told_once_and_not_what_was_said(block: Block) -> None:
    await block.ask()
    await block.record("3-1-101", AGREE)
    assert await block.answer("o-a", "3-1-101", AGREE) == Kept(True)  # nobody to tell
    assert await block.answer("o-a", "3-1-101", AGAINST) == Kept(True)  # their own
    await block.talk.bind("o-flatmate", "XH-1/3-1-101")
    for _twice in range(2):
        await block.answer("o-flatmate", "3-1-101", EITHER, words="随便")
    [told] = await block.told("这一户后来又有人答了")
    assert told.recipient == "o-a"
    for hidden in ("都行", "随便", "同意"):
        assert hidden not in told.text
    await roll(block, "3-1-101")
    await block.own("o-b", 1, "3-1-101")
    await block.answer("o-b", "3-1-101", AGREE)
    [by_owner] = await block.told("以业主的为准")
    assert by_owner.recipient == "o-flatmate"
    assert await block.record("3-1-101", AGAINST) == Kept(False)
    assert await block.answer("o-a", "3-1-101", AGREE) == Kept(False)
    assert len(await block.told("答过的")) == 2


async def test_figures_are_counted_by_the_database(block: Block) -> None:
    """Grouped as the rules count them one by one: the last visit, the choice in force, an area that is missing."""
    await roll(block, "3-101", "3-102", "3-103", "12-301")
    async with block.talk.database.write() as session:
        unit = (await session.exec(select(RollUnit).where(RollUnit.unit_code == "3-103"))).one()
        unit.area_survey = None
        session.add(unit)
    await block.ask()
    [round_] = await block.talk.rows(SurveyRound)
    for outcome, day in ((DoorOutcome.REFUSED, TODAY), (DoorOutcome.ABSENT, TODAY - timedelta(days=1))):
        async with block.talk.database.write() as session:
            for code in ("3-101", "3-102"):
                await put_attempt(session, round_, code, day, outcome, block.staff, block.talk.now)
    assert await block.record("3-101", AGREE) == Kept(True)
    assert await block.record("3-101", AGAINST) == Kept(True)
    async with block.talk.database.read() as session:
        covered = (await load_coverage(session, round_)).counts
        assert (await load_shown(session, round_)).households == 4
    assert covered.by_building["3"] == Counts(3, 2, 1, against=1, refused=1)
    assert covered.by_building["12"] == Counts(1)
    assert covered.areas is None
    assert (await count(block, round_))["12"] == 80_000_000


async def count(block: Block, round_: SurveyRound) -> dict[str, int | None]:
    """The area of each building, where one row says it."""
    async with block.talk.database.read() as session:
        return {each[0]: each[1] for each in await count_households(session, round_)}


async def test_the_households_are_those_of_the_roll_when_the_round_opens(block: Block) -> None:
    await roll(block, "3-101", "12-301", "12-302")
    await roll(block, "P-1", kind=UnitKind.PARKING)
    await block.ask(buildings=("12",))
    await roll(block, "12-303")
    units = await block.talk.rows(SurveyUnit)
    assert [(each.unit_code, each.building, each.area) for each in units] == [
        ("12-301", "12", 80_000_000),
        ("12-302", "12", 80_000_000),
    ]


async def test_a_round_of_nobody_fills_no_task_and_one_of_a_building_says_so(block: Block) -> None:
    await block.ask(buildings=("12",))

    async def figures(place: int) -> dict[str, int]:
        async with block.talk.database.write() as session:
            at = (block.compound_id, block.number, place)
            sealer, now = block.talk.services.sealer, block.talk.now
            await close_round(session, sealer, *at, now, actor_id=block.staff)
            return await figures_of(session, block.compound_id, block.number, 7, SurveyPhase.OTHER)

    assert await figures(1) == {}  # closed before anybody was asked
    async with block.talk.database.write() as session:
        draft = Draft(SurveyPhase.PLAN, "改不改？", TODAY, TODAY + timedelta(days=9), buildings=("12",))
        await add_round(session, block.compound_id, block.number, draft, block.talk.now, actor_id=block.staff)
    await block.open(2)
    async with block.talk.database.write() as session:
        round_ = await hold_round(session, block.compound_id, block.number, 2)
        await put_attempt(session, round_, "12-301", TODAY, DoorOutcome.REFUSED, block.staff, block.talk.now)
    one = {"round": 2, "rounds": 1, "buildings": 1, "households": 1, "asked": 1, "reached": 0}
    assert await figures(2) == one


async def test_a_visit_in_vain_counts_once_for_a_day(block: Block) -> None:
    await block.ask()
    [round_] = await block.talk.rows(SurveyRound)
    for outcome in (DoorOutcome.ABSENT, DoorOutcome.EMPTY, DoorOutcome.EMPTY):
        async with block.talk.database.write() as session:
            await put_attempt(session, round_, "3-1-101", TODAY, outcome, block.staff, block.talk.now)
    [attempt] = await block.talk.rows(SurveyAttempt)
    assert attempt.outcome is DoorOutcome.EMPTY


async def test_who_is_forgotten_leaves_the_households_count_without_words(block: Block) -> None:
    await roll(block, "3-1-101", "3-1-102")
    await block.ask()
    await block.own("o-a", 1, "3-1-101")
    person = await block.person("o-a")
    await block.answer("o-a", "3-1-101", AGREE, words="快修")
    await block.answer("o-a", "3-1-101", AGAINST, "noise", words="太吵")
    async with block.talk.database.write() as session:
        compound = await find_compound(session, "XH-1")
        assert compound is not None
        await name_canvasser(
            session,
            *(block.talk.services, compound, block.number, block.staff, ["3"], block.talk.now),
            actor_id=block.staff,
        )
        [canvasser] = list(await session.exec(select(SurveyCanvasser)))
        canvasser.person_id = person
        session.add(canvasser)
    assert await block.record("3-1-101", AGREE, words="我是老赵") == Kept(False)
    assert await block.record("3-1-102", AGREE, words="别家的话") == Kept(True)
    [round_] = await block.talk.rows(SurveyRound)
    async with block.talk.database.write() as session:
        for unit in ("3-1-101", "3-1-102"):
            await put_attempt(session, round_, unit, TODAY, DoorOutcome.REFUSED, block.staff, block.talk.now)
    await block.talk.say("o-a", "删除我的资料")
    await block.talk.say("o-a", "确认删除")
    answers = [each for each in await block.talk.rows(SurveyAnswer) if each.unit_code == "3-1-101"]
    assert [(each.choice, each.in_force) for each in answers] == [(AGAINST, True), (AGREE, False)]
    assert {(each.person_id, each.words_sealed) for each in answers} == {(None, None)}
    assert await block.talk.rows(SurveyCanvasser) == []
    [neighbours] = [each for each in await block.talk.rows(SurveyAnswer) if each.unit_code == "3-1-102"]
    assert neighbours.words_sealed is not None
    assert [each.unit_code for each in await block.talk.rows(SurveyAttempt)] == ["3-1-102"]


async def test_who_only_named_a_home_takes_nothing_away_that_staff_wrote_down_there(block: Block) -> None:
    await block.ask()
    [round_] = await block.talk.rows(SurveyRound)
    assert await block.record("3-1-101", AGREE, words="老人在家") == Kept(True)
    async with block.talk.database.write() as session:
        await put_attempt(session, round_, "3-1-101", TODAY, DoorOutcome.EMPTY, block.staff, block.talk.now)
    await block.talk.bind("o-nosy", "XH-1/3-1-101")
    await block.talk.say("o-nosy", "删除我的资料")
    await block.talk.say("o-nosy", "确认删除")
    [answer] = await block.talk.rows(SurveyAnswer)
    assert answer.words_sealed is not None
    assert len(await block.talk.rows(SurveyAttempt)) == 1


async def test_words_replaced_answers_and_visits_go_with_time(block: Block) -> None:
    await block.ask()
    await block.answer("o-a", "3-1-101", AGREE, words="快修")
    await block.answer("o-a", "3-1-101", AGAINST, "noise", words="太吵")
    [round_] = await block.talk.rows(SurveyRound)
    async with block.talk.database.write() as session:
        await put_attempt(session, round_, "3-1-102", TODAY, DoorOutcome.ABSENT, block.staff, block.talk.now)
        assert await reduce_surveys(session, block.talk.now) == 0
        assert await reduce_surveys(session, block.talk.now + timedelta(days=1)) == 3
    [answer] = await block.talk.rows(SurveyAnswer)
    assert (answer.choice, answer.reasons, answer.words_sealed) == (AGAINST, ["noise"], None)
    assert await block.talk.rows(SurveyAttempt) == []


async def test_two_who_turn_out_to_be_one_keep_what_they_answered(block: Block) -> None:
    await block.ask()
    async with block.talk.database.write() as session:
        person = Person(created_at=block.talk.now)
        session.add(person)
        await session.flush()
        assert person.person_id is not None
        session.add(
            ChannelIdentity(
                account="corp",
                external_id="wm-a",
                person_id=person.person_id,
                union_id="u-a",
                first_seen_at=block.talk.now,
            )
        )
        old = person.person_id
    await block.answer("o-a", "3-1-101", AGREE)
    own = await block.person("o-a")
    async with block.talk.database.write() as session:
        [answer] = list(await session.exec(select(SurveyAnswer)))
        answer.person_id = old
        session.add(answer)
        identity = await find_identity(session, "main", "o-a")
        assert identity is not None
        identity.union_id = "u-a"
    async with block.talk.database.write() as session:
        assert await join_people(session, block.talk.services, "u-a", block.talk.now) == 1
    [moved] = await block.talk.rows(SurveyAnswer)
    assert moved.person_id == own


async def test_a_resident_and_a_canvasser_at_once_leave_one_answer_in_force(block: Block) -> None:
    await block.ask()
    results = await asyncio.gather(
        *(block.answer("o-a", "3-1-101", AGREE) for _ in range(3)),
        *(block.record("3-1-101", AGAINST) for _ in range(3)),
    )
    assert all(isinstance(each, Kept) for each in results)
    assert await block.standing() == {"3-1-101": AGREE}
