"""What a month's agenda is proposed from when earlier months promised, lapsed or were moved."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlmodel import select

from handlers.consultations.agenda import edit_item
from handlers.consultations.meeting import move_meeting, settle_agenda
from handlers.consultations.outcomes import Decision
from handlers.consultations.promises import load_follow_ups
from handlers.consultations.record import decide_item, publish_minutes, put_record
from storage.queries.people import get_or_add_identities
from storage.queries.tree import find_compound
from storage.states import BindingState, ItemOutcome, ItemSource, MatterState, MeetingForm, TopicState
from storage.tables import ConsultationItem, Matter, OwnerBinding, RollOwner, Topic
from tests.handlers.talk import Talk
from tests.handlers.test_consultations import DAY, Yard, at, yard

__all__ = ["yard"]


async def home(talk: Talk) -> int:
    async with talk.database.read() as session:
        compound = await find_compound(session, "XH-1")
    assert compound is not None and compound.compound_id is not None
    return compound.compound_id


async def said(talk: Talk, numbers: Iterable[int], opened: datetime, urgency: int = 1) -> None:
    """Matters that six households stand behind."""
    compound_id = await home(talk)
    leaf = next(iter(talk.services.tagger.lexicon.leaves))
    async with talk.database.write() as session:
        for number in numbers:
            session.add(
                Matter(
                    compound_id=compound_id,
                    number=number,
                    leaf=leaf,
                    urgency=urgency,
                    building="3",
                    opened_at=opened,
                    heard_at=opened,
                    state=MatterState.CANDIDATE,
                    households=6,
                    speakers=0,
                )
            )


async def agenda(talk: Talk, month: str) -> list[tuple[ItemSource, int | None]]:
    rows = [row for row in await talk.rows(ConsultationItem) if row.month == month]
    return [(row.source, row.matter_number) for row in sorted(rows, key=lambda row: row.position)]


async def settled(yard: Yard) -> ConsultationItem:
    """An agenda of one item, settled."""
    await yard.talk.say("o-a", "提议 车棚")
    await yard.tick(at(12, 13))
    item = await yard.item("车棚")
    await yard.do(edit_item, item.item_number, "车棚漏雨", "")
    await yard.do(settle_agenda)
    return item


async def test_what_a_meeting_promised_comes_up_once_and_not_before_its_day(yard: Yard) -> None:
    await said(yard.talk, range(1001, 1005), at(1, 10))
    await yard.tick(at(12, 13))
    items = {row.matter_number: row.item_number for row in await yard.talk.rows(ConsultationItem)}
    await yard.do(settle_agenda)
    await yard.tick(at(20, 20))
    for number, decision in {
        1001: Decision(ItemOutcome.DEFERRED, "等报价", until=date(2026, 9, 1)),
        1002: Decision(ItemOutcome.MEDIATION, holder="社区王主任", until=date(2026, 9, 1)),
        1003: Decision(ItemOutcome.TOPIC, "走议题"),
        1004: Decision(ItemOutcome.ORDER, matter_number=1004),
    }.items():
        await yard.do(decide_item, items[number], decision)
    await yard.do(put_record, 9, ["李书记"], [], "都说了话。")
    await yard.do(publish_minutes)
    await yard.tick(at(20, 20) + 21 * DAY)
    assert await agenda(yard.talk, "2026-04") == [(ItemSource.PROMISE, 1003), (ItemSource.PROMISE, 1004)]


async def test_an_agenda_that_nobody_settled_is_proposed_anew(yard: Yard) -> None:
    talk = yard.talk
    await said(talk, range(1001, 1011), at(1, 10))
    await talk.say("o-a", "提议 车棚")
    await yard.tick(at(12, 13))
    await yard.tick(at(20, 17))
    async with talk.database.write() as session:
        for matter in await session.exec(select(Matter)):
            matter.households = 0  # nobody says it any more
    await said(talk, [2001], at(20, 17), urgency=3)
    await yard.tick(at(12, 13) + 30 * DAY)
    assert await agenda(talk, "2026-04") == [(ItemSource.RESIDENT, None), (ItemSource.MATTER, 2001)]


async def test_a_topic_that_a_meeting_began_is_followed(yard: Yard) -> None:
    item = await settled(yard)
    await yard.tick(at(20, 20))
    await yard.do(decide_item, item.item_number, Decision(ItemOutcome.TOPIC, "走议题"))
    await yard.do(put_record, 9, [], [], "都说了话。")
    await yard.do(publish_minutes)
    compound_id = await home(yard.talk)
    async with yard.talk.database.write() as session:
        [open_one] = await load_follow_ups(session, compound_id)
        assert ("提议" in open_one.holder, open_one.done) == (True, False)
        [topic] = await session.exec(select(Topic))
        topic.state = TopicState.ENDED
        session.add(topic)
        await session.flush()
        [ended] = await load_follow_ups(session, compound_id)
    assert ("不办了" in ended.status, ended.done) == (True, True)


async def test_an_owner_who_lives_elsewhere_hears_that_the_meeting_moved(yard: Yard) -> None:
    talk, compound_id = yard.talk, await home(yard.talk)
    name = talk.services.sealer.seal("周晓".encode(), "roll_owners.name")
    async with talk.database.write() as session:
        found = await get_or_add_identities(session, [("main", "o-owner")], talk.now)
        owner = RollOwner(compound_id=compound_id, owner_number=1, name_sealed=name, entered_at=talk.now)
        session.add(owner)
        await session.flush()
        session.add(
            OwnerBinding(
                compound_id=compound_id,
                binding_number=1,
                owner_number=1,
                person_id=found["main", "o-owner"].person_id,
                state=BindingState.BOUND,
                possession="code",
                possession_at=talk.now,
                knowledge="document",
                bound_at=talk.now,
            )
        )
    await settled(yard)
    await yard.tick(at(15, 10))
    for who in ("o-owner", "o-a"):
        assert "报上名了" in await talk.say(who, "报名")
    await yard.do(move_meeting, at(18, 19), MeetingForm.COURTYARD, "3栋楼下", None)
    await yard.tick(at(16, 10))
    told = await yard.told()
    assert [what for who, what in told if who == "o-owner"] == ["invited:1"]
    assert told.count(("o-a", "invited:1")) == 1


async def test_who_signed_up_may_leave_until_the_meeting(yard: Yard) -> None:
    await settled(yard)
    await yard.tick(at(15, 10))
    assert "报上名了" in await yard.talk.say("o-a", "报名")
    yard.talk.now = at(20, 17)  # nobody signs up any more
    assert "已经取消" in await yard.talk.say("o-a", "取消报名")


async def test_a_meeting_that_moves_before_it_is_settled_is_asked_about_again(yard: Yard) -> None:
    await yard.talk.say("o-a", "提议 车棚")
    await yard.tick(at(12, 13))
    await yard.tick(at(15, 10))
    await yard.do(move_meeting, at(30, 19), MeetingForm.BENCH, "", None)
    await yard.tick(at(26, 10))
    asked = [what for _who, what in await yard.told() if what.startswith("unsettled")]
    assert asked == ["unsettled:20260320", "unsettled:20260330"]
