"""Rounds of surveys on real databases: replicas, reminders by day, reasons answered, rounds that do not open."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from handlers.inbound import InboundKind
from handlers.local_time import LOCAL
from handlers.surveys.clock import AT_ONCE, remind
from handlers.surveys.create import hold_round
from handlers.surveys.rules import Code, Draft
from handlers.surveys.running import close_round
from storage.queries.surveys import lock_reply, lock_survey
from storage.queries.tree import find_compound
from storage.states import (
    OutboxState,
    SurveyPhase,
    SurveyState,
)
from storage.tables import (
    AuditEvent,
    SurveyReply,
    SurveyRound,
    SurveyUnit,
)
from tests.handlers.neighbours import open_groups
from tests.handlers.survey_block import AGAINST, AGREE, FLATS, TODAY, Block


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
            sealer, now = block.talk.services.sealer, block.talk.now
            at = (block.compound_id, block.number, 1)
            assert closed is await close_round(session, sealer, *at, now, actor_id=block.staff)
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


async def test_a_round_does_not_open_over_one_that_is_set(block: Block) -> None:
    await block.ask(starts_on=TODAY + timedelta(days=3))
    await block.draft(Draft(SurveyPhase.NOTICE, "方案行不行？", TODAY, TODAY + timedelta(days=9)))
    assert await block.open(2) is Code.ANOTHER_OPEN
    await block.draft(Draft(SurveyPhase.NOTICE, "方案行不行？", TODAY, TODAY + timedelta(days=2)))
    assert await block.open(3) is None
    block.talk.now += timedelta(days=3)
    await block.advance()
    assert [each.state for each in await block.talk.rows(SurveyRound)] == [
        SurveyState.OPEN,
        SurveyState.DRAFT,
        SurveyState.CLOSED,
    ]


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
