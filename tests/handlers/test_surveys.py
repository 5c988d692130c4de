"""Surveys of households on real databases: one answer of a unit in force, replicas, the clock, chat, forgetting."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from handlers.inbound import InboundKind
from handlers.local_time import LOCAL
from handlers.people.join import join_people
from handlers.surveys.answers import Kept, answer_survey, record_answer, said_in
from handlers.surveys.canvass import name_canvasser
from handlers.surveys.clock import AT_ONCE, advance_surveys, remind
from handlers.surveys.create import add_round, create_survey, hold_round
from handlers.surveys.replies import reply_to_reason
from handlers.surveys.results import figures_of, load_coverage, load_shown
from handlers.surveys.rules import Code, Counts, Draft, Refused, Said
from handlers.surveys.running import close_round, set_round
from storage.queries.people import find_identity
from storage.queries.survey_answers import (
    count_households,
    list_first_choices,
    put_attempt,
    reduce_surveys,
)
from storage.queries.surveys import lock_reply, lock_survey
from storage.queries.tree import find_compound
from storage.states import (
    BindingState,
    DoorOutcome,
    OutboxState,
    PlaceLevel,
    Role,
    SurveyChannel,
    SurveyChoice,
    SurveyGiver,
    SurveyPhase,
    SurveyState,
    UnitKind,
)
from storage.tables import (
    AuditEvent,
    ChannelIdentity,
    Opinion,
    OutboxMessage,
    OwnerBinding,
    Person,
    Place,
    RollOwner,
    RollTitle,
    RollUnit,
    SurveyAnswer,
    SurveyAttempt,
    SurveyCanvasser,
    SurveyReply,
    SurveyRound,
    SurveyUnit,
)
from tests.handlers.neighbours import appoint, open_groups
from tests.handlers.talk import Talk

AGREE, AGAINST, EITHER = SurveyChoice.AGREE, SurveyChoice.AGAINST, SurveyChoice.EITHER
TODAY = date(2026, 3, 12)
FLATS = ("3-1-101", "3-1-102", "3-2-501", "3-2-502", "12-301")


class Block:
    """新禾苑 with five flats, and a survey in it."""

    def __init__(self, talk: Talk, compound_id: int, staff: int) -> None:
        self.talk, self.compound_id, self.staff = talk, compound_id, staff
        self.number = 0

    async def ask(self, **changes: object) -> int:
        """A survey with a round that is open from now on; returns its number."""
        values: dict[str, object] = {
            "phase": SurveyPhase.PLAN,
            "question": "改不改？",
            "starts_on": TODAY,
            "ends_on": TODAY + timedelta(days=7),
            **changes,
        }
        async with self.talk.database.write() as session:
            compound = await find_compound(session, "XH-1")
            assert compound is not None
            survey, _round = await create_survey(
                session,
                compound,
                "老旧小区改造",
                "",
                Draft(**values),  # type: ignore[arg-type]
                self.talk.now,
                actor_id=self.staff,
                template="renovation",
            )
        self.number = survey.survey_number
        await self.open()
        return self.number

    async def open(self, place: int = 1) -> Code | None:
        try:
            async with self.talk.database.write() as session:
                compound = await find_compound(session, "XH-1")
                assert compound is not None
                services = self.talk.services
                await set_round(
                    session, services, compound, self.number, place, self.talk.now, actor_id=self.staff
                )
        except Refused as refused:
            return refused.code
        return None

    async def person(self, openid: str) -> int:
        async with self.talk.database.read() as session:
            identity = await find_identity(session, "main", openid)
        assert identity is not None
        return identity.person_id

    async def answer(
        self, openid: str, unit: str, choice: SurveyChoice, *reasons: str, words: str = ""
    ) -> Kept | Code:
        person_id = await self.person(openid)
        try:
            async with self.talk.database.write() as session:
                return await answer_survey(
                    session,
                    self.talk.services,
                    self.compound_id,
                    self.number,
                    1,
                    unit,
                    Said(choice, reasons, words),
                    SurveyChannel.PAGE,
                    self.talk.now,
                    person_id=person_id,
                )
        except Refused as refused:
            return refused.code

    async def draft(self, draft: Draft) -> None:
        """Another round."""
        async with self.talk.database.write() as session:
            await add_round(session, self.compound_id, self.number, draft, self.talk.now, actor_id=self.staff)

    async def reply(self, reason: str, answer: str, summary: str = "") -> None:
        """Staff answer a reason against the first round."""
        async with self.talk.database.write() as session:
            await reply_to_reason(
                session,
                *(self.compound_id, self.number, 1, reason, summary, answer, self.talk.now),
                actor_id=self.staff,
            )

    async def record(self, unit: str, choice: SurveyChoice, *reasons: str, words: str = "") -> Kept | Code:
        try:
            async with self.talk.database.write() as session:
                return await record_answer(
                    session,
                    self.talk.services.sealer,
                    self.compound_id,
                    self.number,
                    1,
                    unit,
                    Said(choice, reasons, words),
                    SurveyChannel.DOOR,
                    self.talk.now,
                    actor_id=self.staff,
                )
        except Refused as refused:
            return refused.code

    async def standing(self) -> Mapping[str, SurveyChoice]:
        answers = await self.talk.rows(SurveyAnswer)
        return {each.unit_code: each.choice for each in answers if each.in_force}

    async def own(self, openid: str, owner: int, *units: str) -> None:
        """Let somebody be the proven owner of units of the roll."""
        person_id, now = await self.person(openid), self.talk.now
        async with self.talk.database.write() as session:
            session.add(
                RollOwner(
                    compound_id=self.compound_id, owner_number=owner, name_sealed=b"sealed", entered_at=now
                )
            )
            await session.flush()
            session.add_all(
                RollTitle(compound_id=self.compound_id, unit_code=unit, owner_number=owner, since=now)
                for unit in units
            )
            session.add(
                OwnerBinding(
                    compound_id=self.compound_id,
                    binding_number=owner,
                    owner_number=owner,
                    person_id=person_id,
                    state=BindingState.BOUND,
                    possession="code",
                    possession_at=now,
                )
            )

    async def advance(self, *, replicas: int = 1) -> int:
        talk = self.talk
        return sum(
            await asyncio.gather(
                *(advance_surveys(talk.database, talk.services, talk.now) for _ in range(replicas))
            )
        )

    async def told(self, about: str) -> list[OutboxMessage]:
        rows = await self.talk.rows(OutboxMessage)
        return [row for row in rows if row.dedupe_key.startswith("survey:") and about in row.text]


@pytest.fixture
async def block(talk: Talk) -> Block:
    async with talk.database.write() as session:
        compound = await find_compound(session, "XH-1")
        assert compound is not None
        assert compound.compound_id is not None
        session.add_all(
            Place(
                compound_id=compound.compound_id,
                code=code,
                level=PlaceLevel.UNIT,
                name=code,
                parent_code=code.rpartition("-")[0],
            )
            for code in FLATS
        )
    staff = await appoint(talk, "shuji", Role.SECRETARY)
    for name, flat in zip("abcde", FLATS, strict=True):
        await talk.bind(f"o-{name}", f"XH-1/{flat}")
    return Block(talk, compound.compound_id, staff)


async def roll(block: Block, *units: str, kind: UnitKind = UnitKind.RESIDENTIAL) -> None:
    async with block.talk.database.write() as session:
        for unit in units:
            building, _, room = unit.partition("-")
            session.add(
                RollUnit(
                    compound_id=block.compound_id,
                    unit_code=unit,
                    kind=kind,
                    building=building,
                    room=room,
                    area_survey=80_000_000,
                    entered_at=block.talk.now,
                )
            )


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
    assert await block.answer("o-a", "3-1-101", EITHER) == Kept(True)
    assert await block.record("3-1-101", AGREE) == Kept(False)
    await block.talk.bind("o-a", "XH-1/3-2-502")
    assert await block.record("3-1-101", AGREE) == Kept(True)


async def test_who_says_the_same_again_in_chat_keeps_reasons_and_words(block: Block) -> None:
    number = await block.ask()
    sealer = block.talk.services.sealer
    await block.answer("o-a", "3-1-101", AGAINST, "noise", words="太吵")
    for said, kept in (
        ("不同意", Said(AGAINST, ("noise",), "太吵")),
        ("不同意，还贵", Said(AGAINST, ("noise",), "还贵")),
        ("同意", Said(AGREE)),
    ):
        await block.talk.say("o-a", f"征询 {number} {said}")
        [standing] = [each for each in await block.talk.rows(SurveyAnswer) if each.in_force]
        assert said_in(sealer, standing) == kept


async def test_who_lives_in_a_building_that_is_not_asked_is_not_told_to_bind(block: Block) -> None:
    number = await block.ask(buildings=("12",))
    for said in ("意见征询", f"征询 {number} 同意"):
        told = await block.talk.say("o-a", said)
        assert "没有问到您家那一户" in told
        assert "绑定" not in told


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


async def test_who_changes_words_does_not_move_the_figures(block: Block) -> None:
    await block.ask()
    [round_] = await block.talk.rows(SurveyRound)
    for name, unit, choice in zip("abc", FLATS, (AGREE, AGAINST, EITHER), strict=False):
        assert await block.answer(f"o-{name}", unit, choice) == Kept(True)
        block.talk.now += timedelta(minutes=1)
    assert await block.answer("o-a", FLATS[0], AGREE, words="改个字") == Kept(True)
    async with block.talk.database.read() as session:
        assert await list_first_choices(session, round_) == [AGREE, AGAINST, EITHER]


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


async def test_two_replicas_open_a_round_once_and_a_second_round_waits(block: Block) -> None:
    await open_groups(block.talk, block.compound_id)
    await block.ask(starts_on=TODAY + timedelta(days=1))
    assert len(await block.talk.rows(SurveyUnit)) == 0
    await block.draft(Draft(SurveyPhase.NOTICE, "方案行不行？", TODAY, TODAY + timedelta(days=9)))
    block.talk.now = datetime(2026, 3, 13, 1, 0, tzinfo=UTC)
    assert await block.advance(replicas=3) == 1
    assert len(await block.talk.rows(SurveyUnit)) == len(FLATS)
    assert await block.open(2) is Code.ANOTHER_OPEN
    assert len([each for each in await block.talk.rows(AuditEvent) if each.verb == "survey.opened"]) == 1
    groups = await block.told("征求意见：老旧小区改造")
    assert len(groups) == 2
    assert all("不是表决" in row.text for row in groups)
    async with block.talk.database.write() as session:
        for closed in (True, False):
            assert closed is await close_round(
                session, block.compound_id, block.number, 1, block.talk.now, actor_id=block.staff
            )
    assert {row.state for row in await block.told("征求意见：老旧小区改造")} == {OutboxState.CANCELLED}
    assert await block.open(2) is None


async def test_who_has_not_answered_is_reminded_once_and_by_day(block: Block) -> None:
    await block.ask()
    await block.answer("o-a", "3-1-101", AGREE)
    block.talk.now = datetime(2026, 3, 17, 15, 0, tzinfo=UTC)  # 23:00
    assert await block.advance() == 0
    block.talk.now = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)
    assert await block.advance(replicas=3) == 1
    reminded = await block.told("还没听到您家的意见")
    assert sorted(row.recipient for row in reminded) == ["o-b", "o-c", "o-d", "o-e"]
    block.talk.now += timedelta(hours=5)
    assert await block.advance() == 0
    assert len(await block.told("还没听到您家的意见")) == 4
    block.talk.now = datetime(2026, 3, 19, 12, 1, tzinfo=UTC)
    assert await block.advance(replicas=2) == 1
    [closed] = await block.talk.rows(SurveyRound)
    assert (closed.state, closed.next_at) == (SurveyState.CLOSED, None)
    assert closed.closed_at == datetime(2026, 3, 19, 12, 0, tzinfo=UTC)


async def test_more_people_than_go_into_one_transaction_are_each_reminded_once(block: Block) -> None:
    await block.ask()
    for name, flat in zip("abcd", FLATS, strict=False):
        await block.answer(f"o-{name}", flat, AGREE)
    follows = [
        block.talk.message(f"o-more-{number}", kind=InboundKind.FOLLOW, scene=f"XH-1/{FLATS[4]}")
        for number in range(AT_ONCE)
    ]
    await block.talk.batch(follows)
    block.talk.now = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)

    async def died() -> None:
        async with block.talk.database.write() as session:
            survey = await lock_survey(session, block.compound_id, block.number)
            round_ = await hold_round(session, block.compound_id, block.number, 1)
            compound = await find_compound(session, "XH-1")
            assert survey is not None
            assert compound is not None
            await remind(session, block.talk.services, compound, survey, round_, block.talk.now)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await died()
    assert await block.told("还没听到您家的意见") == []
    seen = []
    for _tick in range(3):
        await block.advance(replicas=2)
        seen.append(len({row.recipient for row in await block.told("还没听到您家的意见")}))
    assert seen[0] in (AT_ONCE, AT_ONCE + 1)  # the other replica may already have gone on
    assert seen[1:] == [AT_ONCE + 1] * 2
    assert len(await block.told("还没听到您家的意见")) == AT_ONCE + 1
    [round_] = await block.talk.rows(SurveyRound)
    assert (round_.reminded_after > 0, round_.remind_at) == (True, None)


async def test_who_gave_a_reason_learns_once_that_it_was_answered(block: Block) -> None:
    await block.ask()
    await block.answer("o-a", "3-1-101", AGAINST, "noise")
    await block.answer("o-b", "3-1-102", AGAINST, "cost")
    await block.answer("o-c", "3-2-501", AGAINST, "noise")
    await block.answer("o-c", "3-2-501", AGREE)
    for answer in ("只在白天做。", "只在白天做。", "只在上午做。"):
        await block.reply("noise", answer, "怕吵")
    assert await block.advance(replicas=3) == 1
    assert await block.advance() == 0
    [told] = await block.told("只在上午做。")
    assert told.recipient == "o-a"
    assert "您对“老旧小区改造”说过“施工太吵、太打扰”" in told.text
    assert f"征询 {block.number}" in told.text
    [reply] = await block.talk.rows(SurveyReply)
    assert (reply.answer, reply.told_after) == ("只在上午做。", None)


async def test_who_named_no_reason_learns_of_the_answer_to_other_reasons(block: Block) -> None:
    number = await block.ask()
    await block.talk.say("o-a", f"征询 {number} 不同意，怕挡光")
    await block.reply("other", "不会挡光。")
    await block.advance()
    [told] = await block.told("不会挡光。")
    assert told.recipient == "o-a"


async def test_a_reply_waits_for_whoever_holds_the_round_and_holds_nothing_meanwhile(block: Block) -> None:
    """Else, on PostgreSQL, who corrects an answer and the clock that tells of it wait for each other."""
    await block.ask()
    await block.answer("o-a", "3-1-101", AGAINST, "noise")
    await block.reply("noise", "只在白天做。")
    corrected = asyncio.Event()

    async def correct() -> None:
        async with block.talk.database.write() as session:
            await hold_round(session, block.compound_id, block.number, 1)
            corrected.set()
            await asyncio.sleep(0.3)  # the clock has come as far as it can
            await lock_reply(session, block.compound_id, block.number, 1, "noise")

    correcting = asyncio.create_task(correct())
    await corrected.wait()
    assert await block.advance() == 1
    await correcting
    assert len(await block.told("只在白天做。")) == 1


async def test_a_round_is_not_set_for_days_on_which_another_is_open(block: Block) -> None:
    await block.ask()  # until a week from today
    first, last = TODAY + timedelta(days=7), TODAY + timedelta(days=14)
    await block.draft(Draft(SurveyPhase.NOTICE, "方案行不行？", first, last))
    assert await block.open(2) is Code.ANOTHER_OPEN
    await block.draft(Draft(SurveyPhase.NOTICE, "方案行不行？", first + timedelta(days=1), last))
    assert await block.open(3) is None


async def test_who_made_a_survey_is_told_that_a_round_did_not_open(block: Block) -> None:
    await block.ask()
    first = TODAY + timedelta(days=10)
    await block.draft(Draft(SurveyPhase.NOTICE, "方案行不行？", first, first + timedelta(days=3)))
    assert await block.open(2) is None
    block.talk.now += timedelta(days=20)  # nobody was there
    await block.advance(replicas=2)
    [told] = await block.told("没有按时开始")
    assert "方案公示" in told.text


async def test_reminders_that_are_late_wait_for_the_morning_off_the_list(block: Block) -> None:
    await block.ask()
    block.talk.now = datetime(2026, 3, 17, 22, 0, tzinfo=LOCAL)
    for _ in range(2):
        assert await block.advance() == 0
    [round_] = await block.talk.rows(SurveyRound)
    assert round_.next_at == datetime(2026, 3, 18, 9, 0, tzinfo=LOCAL)
    block.talk.now = datetime(2026, 3, 18, 9, 0, tzinfo=LOCAL)
    assert await block.advance() == 1


async def test_a_round_of_nobody_fills_no_task_and_one_of_a_building_says_so(block: Block) -> None:
    await block.ask(buildings=("12",))

    async def figures(place: int) -> dict[str, int]:
        async with block.talk.database.write() as session:
            at = (block.compound_id, block.number, place)
            await close_round(session, *at, block.talk.now, actor_id=block.staff)
            return await figures_of(session, block.compound_id, block.number, 7, SurveyPhase.OTHER)

    assert await figures(1) == {}  # closed before anybody was asked
    async with block.talk.database.write() as session:
        draft = Draft(SurveyPhase.PLAN, "改不改？", TODAY, TODAY + timedelta(days=9), buildings=("12",))
        await add_round(session, block.compound_id, block.number, draft, block.talk.now, actor_id=block.staff)
    await block.open(2)
    async with block.talk.database.write() as session:
        round_ = await hold_round(session, block.compound_id, block.number, 2)
        await put_attempt(session, round_, "12-301", TODAY, DoorOutcome.REFUSED, block.staff, block.talk.now)
    assert await figures(2) == {"round": 2, "buildings": 1, "households": 1, "asked": 1, "reached": 0}


async def test_a_visit_in_vain_counts_once_for_a_day(block: Block) -> None:
    await block.ask()
    [round_] = await block.talk.rows(SurveyRound)
    for outcome in (DoorOutcome.ABSENT, DoorOutcome.EMPTY, DoorOutcome.EMPTY):
        async with block.talk.database.write() as session:
            await put_attempt(session, round_, "3-1-101", TODAY, outcome, block.staff, block.talk.now)
    [attempt] = await block.talk.rows(SurveyAttempt)
    assert attempt.outcome is DoorOutcome.EMPTY


async def test_a_household_answers_in_chat(block: Block) -> None:
    assert "现在没有在征求的意见" in await block.talk.say("o-a", "意见征询")
    number = await block.ask()
    shown = await block.talk.say("o-a", "意见征询")
    assert "改不改？" in shown
    assert "这是征求意见，不是表决" in shown
    assert f"征询 {number} 同意" in shown
    kept = await block.talk.say("o-a", f"征询 {number} 不同意，怕太吵")
    assert kept.startswith("“改不改？”\n记下了：不同意")
    assert "记下了：同意" in await block.talk.say("o-a", f"征询{number} 同意")
    assert "您家已经答过了" in await block.talk.say("o-a", "征求意见")
    assert "记下了：都行" in await block.talk.say("o-b", f"征询 {number}：都行")
    assert "没有编号 9999" in await block.talk.say("o-a", "征询 9999 同意")
    for odd in (f"征询 {number}", f"征询 {number} 同意不了啊，太吵", f"征询 {number} 不行"):
        assert f"回复“征询 {number} 同意”就行" in await block.talk.say("o-a", odd)
    assert await block.talk.rows(Opinion) == []  # whoever reads opinions does not read this
    long = await block.talk.say("o-a", f"征询 {number} 不同意。{'太吵' * 400}")
    assert "记下了：不同意" in long
    assert "只留下了前 400 个字" in long
    assert "记下了：同意" in await block.talk.say("o-a", f"征询{number}同意")
    assert await block.standing() == {"3-1-101": AGREE, "3-1-102": EITHER}
    first = (await block.talk.rows(SurveyAnswer))[0]
    assert (first.choice, first.channel) == (AGAINST, SurveyChannel.CHAT)
    sealed = first.words_sealed
    assert sealed is not None
    assert block.talk.services.sealer.open(sealed, "survey_answers.words").decode() == "怕太吵"
    await block.talk.bind("o-entrance", "XH-1/3-2")
    assert "我还不知道您住哪一户" in await block.talk.say("o-entrance", "意见征询")
    assert "我还不知道您住哪一户" in await block.talk.say("o-entrance", f"征询 {number} 同意")
    block.talk.now += timedelta(days=9)
    assert f"没有编号 {number}" in await block.talk.say("o-a", f"征询 {number} 同意")


@pytest.mark.parametrize(
    "said", ["征询{n}同意", "征询 {n}，同意", "征询 {n}号 我同意", "征询 {n} 同意（快修）"]
)
async def test_an_answer_in_chat_needs_no_exact_spelling(block: Block, said: str) -> None:
    number = await block.ask()
    assert "记下了" in await block.talk.say("o-a", said.format(n=number))
    assert await block.standing() == {"3-1-101": AGREE}


async def test_what_begins_like_an_answer_is_no_complaint(block: Block) -> None:
    number = await block.ask()
    for said in ("", " 不同意太吵了", " 再想想", "同意个啥，电梯都坏了"):
        assert f"征询 {number} 同意" in await block.talk.say("o-a", f"征询 {number}{said}")
    assert await block.standing() == {}
    assert await block.talk.rows(Opinion) == []


async def test_who_owns_two_flats_answers_for_each_on_the_page(block: Block) -> None:
    await roll(block, "3-1-101", "3-1-102")
    number = await block.ask()
    await block.own("o-a", 1, "3-1-101", "3-1-102")
    assert "不止一户" in await block.talk.say("o-a", f"征询 {number} 同意")
    assert await block.answer("o-a", "3-1-102", AGREE) == Kept(True)
    assert await block.standing() == {"3-1-102": AGREE}


async def test_who_is_forgotten_leaves_the_households_count_without_words(block: Block) -> None:
    await block.ask()
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
