"""Going from door to door: two named officers, their list, what counts as papers handed over; and votes in chat."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from handlers.access import Forbidden, NotFound, load_viewer
from handlers.context import Services
from handlers.voting.canvass import list_doors, note_contact
from handlers.voting.officers import Code, NotNamed, access_canvass, list_fit, name_officers
from handlers.voting.terms import AGREE
from storage.database import Database
from storage.queries.people import get_or_add_identities, put_role
from storage.queries.vote_reach import list_officers
from storage.queries.votes import list_vote_units
from storage.states import ContactState, Role, RoleSource
from storage.tables import AuditEvent, CanvassContact, OutboxMessage
from tests.handlers.talk import Talk
from tests.voting.assembly import SEALER, SIGNER
from tests.voting.roll_call import ACCOUNTS, URL, RollCall, call
from tests.voting.test_whole_life import CLOSES, DRAFTED, NOTICED, OPENS
from tests.voting.votes import at


@pytest.fixture
async def roll(database: Database, services: Services) -> RollCall:
    ready = replace(
        services, accounts=ACCOUNTS, public_url=URL, signer=SIGNER, sealer=SEALER, default_compounds={}
    )
    return await call(database, ready)


async def appoint(roll: RollCall, userid: str, role: Role, scope: str = "XH-1") -> int:
    async with roll.database.write() as session:
        found = await get_or_add_identities(session, [("corp", userid)], DRAFTED)
        person_id = found["corp", userid].person_id
        await put_role(session, person_id, role, scope, "书记", False, RoleSource.STAFF, DRAFTED)
    return person_id


async def name(roll: RollCall, *who: int) -> Code | None:
    try:
        await roll.life.do(
            name_officers, roll.life.compound, roll.life.number, who, DRAFTED, actor_id=roll.life.me
        )
    except NotNamed as refused:
        return refused.code
    return None


async def may(roll: RollCall, person_id: int) -> bool:
    async with roll.database.read() as session:
        viewer = await load_viewer(session, person_id)
        try:
            await access_canvass(session, viewer, "XH-1", roll.life.number)
        except Forbidden:
            return False
    return True


async def doors(roll: RollCall) -> dict[tuple[str, str], list[str]]:
    async with roll.database.read() as session:
        return {
            (part.building, part.entrance): [door.unit.unit_code for door in part.doors]
            for part in await list_doors(session, await roll.life.vote())
        }


async def visit(
    roll: RollCall, unit: str, state: ContactState, now: object = at(21), *, signed: bool = False
) -> bool:
    done: bool = await roll.life.do(
        note_contact, *roll.key, unit, state, now, actor_id=roll.life.me, signed=signed
    )
    return done


async def delivered(roll: RollCall) -> set[str]:
    async with roll.database.read() as session:
        units = await list_vote_units(session, *roll.key)
        return {unit.unit_code for unit in units if unit.delivered_at is not None}


async def test_two_different_people_in_office_are_named_before_the_notice(roll: RollCall) -> None:
    one = await appoint(roll, "yi", Role.SECRETARY)
    two = await appoint(roll, "er", Role.COMMITTEE)
    property_manager = await appoint(roll, "san", Role.PROPERTY)
    steward = await appoint(roll, "si", Role.COMMITTEE, "XH-1/3")
    await roll.life.draft()
    assert await name(roll, one) is Code.NOT_TWO
    assert await name(roll, one, one) is Code.NOT_TWO
    assert await name(roll, one, property_manager) is Code.NOT_STAFF
    assert await name(roll, one, steward) is Code.NOT_STAFF
    assert await name(roll, one, two) is None
    assert await name(roll, two, one) is None
    assert (await roll.life.verbs()).count("vote.officers_named") == 1  # the second time nothing changed
    async with roll.database.read() as session:
        assert set(await list_fit(session, roll.services, roll.life.compound)) == {one, two}
    await roll.life.complete()
    await roll.life.lint()
    await roll.life.notice()
    assert await name(roll, one, await appoint(roll, "wu", Role.SECRETARY)) is Code.TOO_LATE
    async with roll.database.read() as session:
        assert await list_officers(session, *roll.key) == [one, two]


async def test_nobody_but_the_two_sees_who_has_not_voted(roll: RollCall) -> None:
    one = await appoint(roll, "yi", Role.SECRETARY)
    two = await appoint(roll, "er", Role.COMMITTEE)
    other = await appoint(roll, "san", Role.SECRETARY)
    elsewhere = await appoint(roll, "si", Role.SECRETARY, "LH-2")
    await roll.life.draft()
    await name(roll, one, two)
    assert [await may(roll, each) for each in (one, two, other)] == [True, True, False]
    async with roll.database.read() as session:
        with pytest.raises(NotFound):
            await access_canvass(session, await load_viewer(session, elsewhere), "XH-1", roll.life.number)
        with pytest.raises(NotFound):
            await access_canvass(session, await load_viewer(session, one), "XH-1", 9999)


async def test_the_list_has_the_doors_that_wait_by_building_and_entrance(roll: RollCall) -> None:
    await roll.life.noticed()
    await roll.life.advance(OPENS)
    assert await doors(roll) == {
        ("3", ""): ["3-101", "3-102", "3-103"],
        ("5", ""): ["5-101", "5-102", "5-103"],
    }
    await roll.life.cast("3-102", AGREE, at(21))
    await roll.life.cast("5-101", AGREE, at(21), voter="he")
    assert await doors(roll) == {("3", ""): ["3-101", "3-103"], ("5", ""): ["5-102", "5-103"]}


async def test_a_signature_for_the_papers_is_a_proof_and_nothing_else_is(roll: RollCall) -> None:
    await roll.life.noticed()
    assert await visit(roll, "3-101", ContactState.PAPER_GIVEN)
    assert await visit(roll, "3-102", ContactState.REACHED, signed=True)
    assert await visit(roll, "3-103", ContactState.PAPER_GIVEN, signed=True)
    assert await delivered(roll) == {"3-103"}
    assert await visit(roll, "3-103", ContactState.ABSENT)
    assert await delivered(roll) == {"3-103"}  # what was proved stays so
    assert not await visit(roll, "9-999", ContactState.ABSENT)
    late = CLOSES + timedelta(seconds=1)
    assert not await visit(roll, "3-101", ContactState.PAPER_GIVEN, late, signed=True)
    async with roll.database.read() as session:
        contacts = {row.unit_code: row.state for row in await session.exec(select(CanvassContact))}
        visits = await session.exec(select(AuditEvent).where(AuditEvent.verb == "vote.visited"))
        assert len(list(visits)) == 4
    assert contacts == {
        "3-101": ContactState.PAPER_GIVEN,
        "3-102": ContactState.REACHED,
        "3-103": ContactState.ABSENT,
    }


# In chat.


def talk_at(roll: RollCall, now: datetime) -> Talk:
    talk = Talk(roll.database, roll.services)
    talk.now = now
    return talk


async def test_a_resident_reads_which_votes_there_are_and_how_theirs_stands(roll: RollCall) -> None:
    await roll.owner(1)
    await roll.owner(4)
    await roll.person("o-tenant", lives=True)
    await roll.person("o-stranger")
    vote = await roll.life.noticed()
    talk = talk_at(roll, NOTICED)
    assert "到时就能投" in await talk.say("o-1", "投票")
    await roll.life.advance(OPENS)
    talk.now = at(21)
    page = f"{URL}/h5/votes/XH-1/{vote.vote_number}"
    may_vote = await talk.say("o-1", "怎么投票？")
    assert "您可以投，还有 1 套" in may_vote
    assert page in may_vote
    assert vote.title in may_vote
    assert f"{URL}/h5/owner" in await talk.say("o-tenant", "表决")
    assert "请先告诉我您住哪" in await talk.say("o-stranger", "投票")
    await roll.life.cast("3-101", AGREE, at(21, 13))
    assert "您的票已经收到了" in await talk.say("o-1", "投票")
    assert "您可以投" in await talk.say("o-4", "投票")
    talk.now = CLOSES + timedelta(minutes=1)
    assert "已经截止" in await talk.say("o-4", "投票")


async def test_asking_twice_in_one_delivery_queues_one_answer_each(roll: RollCall) -> None:
    await roll.owner(1)
    await roll.life.noticed()
    await roll.life.advance(OPENS)
    talk = talk_at(roll, at(21))
    answers = await talk.batch([talk.message("o-1", "投票"), talk.message("o-1", "投票")])
    assert [answer.outcome for answer in answers] == ["votes.shown", "votes.shown"]
    assert len(await talk.rows(OutboxMessage)) == 2


async def test_staff_with_the_right_read_the_turnout_and_nobody_else(roll: RollCall) -> None:
    await appoint(roll, "shuji", Role.SECRETARY)
    await appoint(roll, "wuye", Role.PROPERTY)
    await roll.groups()
    vote = await roll.life.noticed()
    await roll.life.advance(OPENS)
    await roll.life.cast("3-101", AGREE, at(21))
    talk = talk_at(roll, at(21, 14))
    told = (await talk.hear("shuji", "投票率", account="corp")).text
    assert "1/6 人（16.66%）" in told
    assert "0.00 平方米/600.00 平方米" in told  # of fewer than five it would tell whose ballot came
    assert "面积每多 5 位业主更新一次" in told
    assert "3栋" not in told  # two small buildings are shown as one
    assert (await talk.hear("shuji", f"投票率 {vote.vote_number}", account="corp")).text == told
    assert "没有第" in (await talk.hear("shuji", "投票率 77", account="corp")).text
    assert "不在您的岗位范围" in (await talk.hear("wuye", "投票率", account="corp")).text
    assert (await talk.hear("o-9", "投票率")).outcome not in ("turnout.shown", "turnout.hidden")
    [in_group] = await talk.batch([talk.message("shuji", "投票率", account="helper", room="staff-chat")])
    assert in_group.text == told
    [overheard] = await talk.batch([talk.message("wm-1", "投票", account="archive", room="wr-1")])
    assert overheard.text == ""
    listed = (await talk.hear("shuji", "投票", account="corp")).text
    assert vote.title in listed
    assert "您" not in listed.replace("您可", "")
