"""Telling people of a vote: groups and owners once, reminders only to who has not voted, never after the close."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, delete, select, update

from handlers.context import Services
from handlers.voting.delivery import confirm_notice, load_reach
from handlers.voting.extend import extend_vote
from handlers.voting.outreach import BATCH, MOST_REMINDERS
from handlers.voting.papers import print_papers
from handlers.voting.reception import receive_papers
from handlers.voting.revoke import revoke_vote
from handlers.voting.terms import AGREE
from storage.database import Database
from storage.queries.votes import list_vote_units
from storage.states import Form, MessageClass, OutboxState, VoteMode
from storage.tables import ChannelIdentity, Claim, OutboxMessage, Vote, VoteLeaf, VoteNews, VoteReach
from tests.voting.assembly import SEALER, SIGNER
from tests.voting.roll_call import ACCOUNTS, LAST_1, LAST_3, URL, RollCall, call
from tests.voting.test_whole_life import CLOSES, NOTICED
from tests.voting.votes import at


@pytest.fixture
async def roll(database: Database, services: Services) -> RollCall:
    ready = replace(services, accounts=ACCOUNTS, public_url=URL, signer=SIGNER, sealer=SEALER)
    return await call(database, ready)


async def recipients(roll: RollCall, message_class: MessageClass, *states: OutboxState) -> list[str]:
    return [row.recipient for row in await roll.sent(*states) if row.message_class is message_class]


async def test_a_notice_reaches_groups_owners_and_those_who_may_be_owners_once(roll: RollCall) -> None:
    await roll.groups()
    await roll.owner(1)
    await roll.person("o-tenant", lives=True)
    await roll.person("o-elsewhere")
    vote = await roll.life.noticed()
    assert [await roll.tell(NOTICED) for _ in range(2)] == [1, 0]
    rows = {(row.account, row.recipient): row for row in await roll.sent()}
    assert set(rows) == {("corp", "wr-1"), ("duty-group", "group"), ("main", "o-1"), ("main", "o-tenant")}
    task, webhook = rows["corp", "wr-1"], rows["duty-group", "group"]
    assert (task.form, task.payload) == (Form.GROUP_TASK, {"owner": "li"})
    assert webhook.payload == {"markdown": True}
    page = f"{URL}/h5/votes/XH-1/{vote.vote_number}"
    assert vote.roll_root is not None
    root, key = vote.roll_root.hex(), SIGNER.key_id
    for row in (task, webhook):
        assert page in row.text
        assert f"{root[:4]} {root[4:8]} {root[8:12]} {root[12:16]}" in row.text
        assert f"{key[:4]} {key[4:8]} {key[8:12]} {key[12:]}" in row.text
        assert f"第{vote.vote_number}号" in row.text
        assert "2026年5月20日 12:00" in row.text
    assert page in rows["main", "o-1"].text
    assert f"{URL}/h5/owner" in rows["main", "o-tenant"].text
    assert all(row.message_class is MessageClass.NOTICE for row in rows.values())
    assert all(row.expires_at == CLOSES for row in rows.values())
    async with roll.database.read() as session:
        assert len(list(await session.exec(select(VoteReach)))) == 1  # the tenant is nobody in this vote


async def test_replicas_that_tell_at_once_tell_once(roll: RollCall) -> None:
    await roll.groups()
    await roll.owner(1)
    await roll.life.noticed()
    await asyncio.gather(roll.tell(NOTICED), roll.tell(NOTICED))
    assert len(await roll.sent()) == 3


async def test_many_owners_are_told_some_at_a_time(roll: RollCall) -> None:
    for number in range(1, 3):
        await roll.owner(number)
    for number in range(BATCH + 5):
        await roll.person(f"o-many-{number}", lives=True)
    await roll.life.noticed()
    assert await roll.tell(NOTICED) == 2
    told = await recipients(roll, MessageClass.NOTICE)
    assert len(told) == len(set(told)) == BATCH + 7


async def test_only_who_has_not_voted_is_reminded(roll: RollCall) -> None:
    await roll.groups()
    for number in (1, 2, 4, 5):
        await roll.owner(number)
    await roll.life.noticed()
    await roll.tell(NOTICED)
    now = await roll.opens()
    await roll.life.cast("3-101", AGREE, now + timedelta(hours=1))
    assert await roll.tell(LAST_3 - timedelta(minutes=1)) == 0
    assert await roll.tell(LAST_3) == 1
    assert await recipients(roll, MessageClass.REMINDER) == ["o-2", "o-4", "o-5"]
    assert len(await recipients(roll, MessageClass.PROMPT)) == 2  # both groups, at most once each
    # 5-101 is voted for by one of its owners: the other's reminder loses its point as well.
    await roll.life.cast("5-101", AGREE, LAST_3 + timedelta(minutes=5), voter="he")
    assert await recipients(roll, MessageClass.REMINDER, OutboxState.PENDING) == ["o-2"]
    assert await recipients(roll, MessageClass.REMINDER, OutboxState.CANCELLED) == ["o-4", "o-5"]
    await roll.goes_out(LAST_3)
    assert await roll.tell(LAST_1) == 1
    reminded = [row for row in await roll.sent() if row.message_class is MessageClass.REMINDER]
    assert [row.recipient for row in reminded[3:]] == ["o-2"]
    assert all(row.expires_at == CLOSES for row in reminded)


async def test_whose_paper_came_in_is_not_reminded_any_more(roll: RollCall) -> None:
    for number in (1, 2):
        await roll.owner(number)
    await roll.life.noticed()
    papers = await roll.life.do(
        print_papers, roll.life.compound, roll.life.number, NOTICED, actor_id=roll.life.me
    )
    await roll.opens()
    await roll.tell(LAST_3)
    assert await recipients(roll, MessageClass.REMINDER, OutboxState.PENDING) == ["o-1", "o-2"]
    # The papers are in the order of the roll: 3-101 comes first.
    await roll.life.do(
        *(receive_papers, SEALER, roll.life.compound, roll.life.number, [papers[0].serial], LAST_3),
        actor_id=roll.life.me,
    )
    assert await recipients(roll, MessageClass.REMINDER, OutboxState.PENDING) == ["o-2"]
    assert await recipients(roll, MessageClass.REMINDER, OutboxState.CANCELLED) == ["o-1"]


async def test_where_the_government_counts_everybody_is_reminded_and_nobody_called_late(
    roll: RollCall,
) -> None:
    await roll.owner(1)
    await roll.life.noticed()
    async with roll.database.write() as session:
        vote = await session.get_one(Vote, roll.key)
        vote.mode, vote.platform = VoteMode.OFFICIAL_PLATFORM, "广州业主决策平台"
    await roll.opens()
    await roll.tell(LAST_3)
    [row] = [row for row in await roll.sent() if row.message_class is MessageClass.REMINDER]
    assert "投过的不用管" in row.text
    assert "没投的票" not in row.text


async def test_who_has_something_left_to_vote_keeps_the_reminder(roll: RollCall) -> None:
    both = await roll.owner(1)
    await roll.owner(2, both)
    await roll.life.noticed()
    await roll.opens()
    await roll.tell(LAST_3)
    await roll.life.cast("3-101", AGREE, LAST_3)
    assert await recipients(roll, MessageClass.REMINDER, OutboxState.PENDING) == ["o-1"]
    await roll.life.cast("3-102", AGREE, LAST_3 + timedelta(minutes=1))
    assert await recipients(roll, MessageClass.REMINDER, OutboxState.CANCELLED) == ["o-1"]


async def test_a_night_without_a_server_brings_one_reminder_and_none_after_the_close(roll: RollCall) -> None:
    await roll.owner(1)
    await roll.life.noticed()
    await roll.opens()
    await roll.tell(LAST_1 + timedelta(hours=1))
    assert await recipients(roll, MessageClass.REMINDER) == ["o-1"]
    [row] = [row for row in await roll.sent() if row.message_class is MessageClass.REMINDER]
    assert ":1:person:" in row.dedupe_key

    late = await roll.owner(2)
    assert late
    await roll.tell(CLOSES + timedelta(minutes=1))
    assert await recipients(roll, MessageClass.REMINDER) == ["o-1"]


async def test_reminders_that_come_only_after_the_close_are_dropped(roll: RollCall) -> None:
    await roll.owner(1)
    await roll.life.noticed()
    await roll.opens()
    await roll.tell(CLOSES)
    assert await recipients(roll, MessageClass.REMINDER) == []
    async with roll.database.read() as session:
        waiting = await session.exec(select(VoteNews).where(col(VoteNews.done_at).is_(None)))
        assert list(waiting) == []


async def test_an_extension_has_reminders_of_its_own_but_nobody_gets_more_than_the_cap(
    roll: RollCall,
) -> None:
    await roll.owner(1)
    await roll.life.draft()
    await roll.life.complete()
    await roll.life.edit(rules={"extension_days": 5})
    assert await roll.life.lint() == set()
    await roll.life.notice()
    await roll.opens()
    await roll.tell(LAST_3)
    await roll.tell(LAST_1)
    extended = CLOSES - timedelta(hours=1)
    await roll.life.do(extend_vote, roll.life.compound, roll.life.number, extended, actor_id=roll.life.me)
    closes = CLOSES + timedelta(days=5)
    for now in (extended, closes - timedelta(days=3), closes - timedelta(days=1)):
        await roll.tell(now)
    assert len(await recipients(roll, MessageClass.REMINDER)) == MOST_REMINDERS


async def test_a_ballot_and_a_reminder_at_the_same_time_leave_no_reminder(roll: RollCall) -> None:
    for number in range(1, 4):
        await roll.owner(number)
    await roll.life.noticed()
    await roll.opens()
    moment = LAST_3
    await asyncio.gather(
        roll.tell(LAST_3), *(roll.life.cast(f"3-10{number}", AGREE, moment) for number in range(1, 4))
    )
    assert await recipients(roll, MessageClass.REMINDER, OutboxState.PENDING) == []


async def test_who_wants_nothing_unasked_is_left_alone(roll: RollCall) -> None:
    await roll.owner(1)
    async with roll.database.write() as session:
        await session.exec(update(ChannelIdentity).values(opted_out_at=at(1)))
    await roll.life.noticed()
    await roll.tell(NOTICED)
    await roll.opens()
    await roll.tell(LAST_3)
    assert await roll.sent() == []


async def test_a_revoked_vote_reminds_nobody_and_says_why(roll: RollCall) -> None:
    await roll.owner(1)
    await roll.life.noticed()
    await roll.opens()
    await roll.tell(LAST_3)
    await roll.life.do(
        revoke_vote, roll.life.compound, roll.life.number, "材料有误", LAST_3, actor_id=roll.life.me
    )
    await roll.tell(LAST_3)
    await roll.tell(LAST_1)
    rows = await roll.sent(OutboxState.PENDING)
    assert [row.recipient for row in rows] == ["o-1"]
    assert "材料有误" in rows[0].text
    assert "撤销" in rows[0].text


async def test_what_was_half_told_when_the_vote_is_revoked_is_told_to_nobody_else(roll: RollCall) -> None:
    """Nobody is called to vote by a vote that is over, in groups neither."""
    await roll.groups()
    await roll.owner(1)
    await roll.owner(2)
    await roll.life.noticed()
    await roll.tell(NOTICED)
    await roll.goes_out(NOTICED)
    await roll.life.advance(at(20))
    await roll.tell(at(20))
    async with roll.database.write() as session:  # as a replica left it that died behind the first hundred
        news = await session.get_one(VoteNews, (*roll.key, "opened"))
        news.done_at, news.after_person = None, 1
        await session.exec(delete(OutboxMessage).where(col(OutboxMessage.recipient) == "o-2"))
        await session.exec(delete(Claim).where(col(Claim.job).startswith("notice:person:")))
    await roll.life.do(
        revoke_vote, roll.life.compound, roll.life.number, "材料有误", at(20), actor_id=roll.life.me
    )
    await roll.tell(at(20))
    rows = await roll.sent(OutboxState.PENDING)
    assert sorted(row.recipient for row in rows) == ["group", "o-1", "o-2", "wr-1"]
    assert all("材料有误" in row.text for row in rows)
    assert not any(row.recipient == "o-2" and "开始投票" in row.text for row in await roll.sent())


async def test_the_result_is_told_with_what_was_decided(roll: RollCall) -> None:
    await roll.groups()
    await roll.owner(1)
    await roll.life.noticed()
    await roll.opens()
    for unit in ("3-101", "3-102", "3-103", "5-102", "5-103"):
        await roll.life.cast(unit, AGREE, at(21))
    await roll.life.advance(CLOSES + timedelta(seconds=1))
    await roll.life.tally(CLOSES + timedelta(hours=1))
    await roll.life.publish(CLOSES + timedelta(hours=2))
    await roll.goes_out(CLOSES)
    before = len(await roll.sent())
    await roll.tell(CLOSES + timedelta(hours=2))
    rows = (await roll.sent())[before:]
    assert len(rows) == 3
    assert all("通过" in row.text for row in rows)


# What counts as having reached an owner.


async def delivered(roll: RollCall) -> set[str]:
    async with roll.database.read() as session:
        return {
            unit.unit_code
            for unit in await list_vote_units(session, *roll.key)
            if unit.delivered_at is not None
        }


async def confirm(roll: RollCall, person_id: int, now: object = at(21)) -> bool:
    done: bool = await roll.life.do(confirm_notice, roll.services, *roll.key, person_id, now)
    return done


async def test_an_owner_is_reached_when_the_message_went_out_and_they_said_so(roll: RollCall) -> None:
    one, two, four, five = [await roll.owner(number) for number in (1, 2, 4, 5)]
    stranger = await roll.person("o-stranger")
    await roll.life.noticed()
    await roll.tell(NOTICED)
    assert await confirm(roll, one)
    assert await delivered(roll) == set()  # nothing has gone out yet
    await roll.goes_out(at(3))
    assert await delivered(roll) == set()  # what was sent proves nothing by itself
    assert await confirm(roll, one)
    assert await delivered(roll) == {"3-101"}
    assert not await confirm(roll, stranger)
    await confirm(roll, four)
    assert await delivered(roll) == {"3-101"}  # the other owner of 5-101 knows nothing
    await confirm(roll, five)
    assert await delivered(roll) == {"3-101", "5-101"}
    assert await confirm(roll, five)
    assert (await roll.life.leaves()).count("delivery") == 0  # not sealed yet
    async with roll.database.read() as session:
        leaves = await session.exec(select(VoteLeaf).where(VoteLeaf.kind == "delivery"))
        entries = [leaf.entry for leaf in leaves]
    assert len(entries) == 2
    assert not any("101" in entry.partition('"unit"')[0] for entry in entries)
    async with roll.database.read() as session:
        reach = await load_reach(session, roll.services, await roll.life.vote())
    assert (reach.told, reach.sent, reach.confirmed, reach.waited_for) == (4, 4, 3, 4)
    assert two


async def test_nothing_is_proved_after_the_close(roll: RollCall) -> None:
    one = await roll.owner(1)
    await roll.life.noticed()
    await roll.tell(NOTICED)
    await roll.goes_out(NOTICED)
    assert not await confirm(roll, one, CLOSES + timedelta(milliseconds=1))
    assert await delivered(roll) == set()


async def test_nobody_is_told_of_a_draft(roll: RollCall) -> None:
    await roll.owner(1)
    await roll.life.draft()
    assert await roll.tell(at(10)) == 0
    async with roll.database.read() as session:
        assert list(await session.exec(select(OutboxMessage))) == []
