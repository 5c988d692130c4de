"""Topics on real databases: a command acts once, a step is told once, who is forgotten is gone from them."""

import asyncio
from datetime import date, timedelta

import pytest

from handlers.topics import commands as c
from handlers.topics.carry_out import Carried, carry_out, enter
from handlers.topics.clock import advance_topics
from handlers.topics.commands import Code, Command, Refused
from handlers.topics.objections import object_to_topic
from handlers.topics.propose import propose_topic
from storage.queries.tree import find_compound
from storage.states import OutboxState, Role, TopicStep, TopicVerb
from storage.tables import Compound, OutboxMessage, Topic, TopicEvent, TopicObjection
from tests.handlers.neighbours import appoint, identity, open_groups, told
from tests.handlers.talk import Talk


class Hall:
    """新禾苑 with people in office, two groups, and topics."""

    def __init__(self, talk: Talk, compound: Compound, people: dict[str, int]) -> None:
        self.talk, self.compound, self.people = talk, compound, people

    async def propose(self, template: str = "plain", title: str = "楼下装椅子", **more: object) -> int:
        async with self.talk.database.write() as session:
            topic = await propose_topic(
                session,
                self.talk.services,
                self.compound,
                title,
                "老人没处坐",
                template,
                self.talk.now,
                actor_id=self.people["shuji"],
                **more,  # type: ignore[arg-type]
            )
            return topic.topic_number

    async def do(self, number: int, command: Command, key: str, who: str = "shuji") -> Carried:
        async with self.talk.database.write() as session:
            return await carry_out(
                session,
                self.talk.services,
                self.compound,
                number,
                command,
                self.talk.now,
                key=key,
                actor_id=self.people[who],
            )

    async def refused(self, number: int, command: Command, key: str, who: str = "shuji") -> Code:
        with pytest.raises(Refused) as refused:
            await self.do(number, command, key, who)
        return refused.value.code

    async def topic(self) -> Topic:
        return (await self.talk.rows(Topic))[-1]

    async def told(self, recipient: str) -> list[str]:
        return [row.text for row in await self.talk.rows(OutboxMessage) if row.recipient == recipient]


@pytest.fixture
async def hall(talk: Talk) -> Hall:
    async with talk.database.read() as session:
        compound = await find_compound(session, "XH-1")
    assert compound is not None
    people = {
        "shuji": await appoint(talk, "shuji", Role.SECRETARY, name="何川"),
        "shequ": await appoint(talk, "shequ", Role.COMMUNITY_WORKER, "440199001", name="江渡"),
        "wuye": await appoint(talk, "wuye", Role.PROPERTY, name="司马春野"),
        "jiandu": await appoint(talk, "jiandu", Role.SUPERVISOR),
    }
    assert compound.compound_id is not None
    await open_groups(talk, compound.compound_id, None)
    return Hall(talk, compound, people)


async def test_a_step_is_taken_once_and_told_once_whoever_asks_again(hall: Hall) -> None:
    number = await hall.propose()
    done = await asyncio.gather(*(hall.do(number, c.Advance(), "form:1") for _ in range(3)))
    assert sorted(each.again for each in done) == [False, True, True]
    assert (await hall.topic()).step is TopicStep.DISCUSS
    told = [
        row
        for row in await hall.talk.rows(OutboxMessage)
        if row.topic.startswith(f"topic:{hall.compound.compound_id}:{number}:")
    ]
    # One to each group for each step; that of the step before does not go out any more.
    assert [(row.account, row.state.value) for row in told] == [
        ("corp", "cancelled"),
        ("duty-group", "cancelled"),
        ("corp", "pending"),
        ("duty-group", "pending"),
    ]
    assert "商议" in told[-1].text
    assert [event.verb for event in await hall.talk.rows(TopicEvent)] == [
        TopicVerb.PROPOSED,
        TopicVerb.ADVANCED,
    ]


async def test_two_who_do_different_things_at_once_both_stand_in_the_record(hall: Hall) -> None:
    number = await hall.propose("company", "请一家物业")
    day = date(2026, 3, 12)
    await asyncio.gather(
        hall.do(number, c.DoTask("notice", "贴在大门口", day), "form:1"),
        hall.do(number, c.AddDocument("告示.jpg", public=True), "form:2"),
    )
    events = await hall.talk.rows(TopicEvent)
    assert [event.seq for event in events] == [1, 2, 3]
    assert (await hall.topic()).work["done"]["notice"]["words"] == "贴在大门口"


async def test_who_holds_a_step_is_told_and_others_may_not_end_it(hall: Hall) -> None:
    number = await hall.propose()
    await hall.do(number, c.Advance(), "1")
    assert await hall.refused(number, c.Advance(), "2", "shequ") is Code.NOT_YOURS
    await hall.do(number, c.DoTask("talk", "开过会", date(2026, 3, 12)), "3")
    await hall.do(number, c.Advance(), "4")
    topic = await hall.topic()
    assert topic.due_at is not None
    assert timedelta(days=30) <= topic.due_at - hall.talk.now < timedelta(days=40)
    assert any("现在由您这边办" in text for text in await hall.told("shequ"))
    # Owners have to decide it after all: the vote has its time.
    await hall.do(number, c.RequireVote(9), "5")
    later = await hall.topic()
    assert later.due_at is not None
    assert later.due_at - hall.talk.now >= timedelta(days=100)
    assert await hall.refused(number, c.Advance(), "6", "shequ") is Code.MISSING


async def test_the_holder_is_reminded_once_and_what_is_late_goes_up_once(hall: Hall) -> None:
    numbers = [await hall.propose(title=title) for title in ("楼下装椅子", "修单元门")]
    database, services, start = hall.talk.database, hall.talk.services, hall.talk.now
    for days in (1, 6, 6, 5, 12, 12, 9, 400):  # the clock also goes back
        now = start + timedelta(days=days)
        assert sum(await asyncio.gather(*(advance_topics(database, services, now) for _ in range(3)))) in (
            0,
            2,
        )
    texts = [text for text in await hall.told("shuji") if "到期" in text]
    assert [("快到期" in text, "超期" in text) for text in texts] == [(True, False), (False, True)]
    assert all(str(number) in text for number in numbers for text in texts)  # both topics in one message
    assert [text for text in await hall.told("shequ") if "超期" in text] == texts[1:]
    verbs = [event.verb for event in await hall.talk.rows(TopicEvent) if event.actor_id is None]
    assert verbs == [TopicVerb.REMINDED, TopicVerb.OVERDUE] * 2


async def test_a_step_that_is_given_time_for_a_vote_is_reminded_of_anew(hall: Hall) -> None:
    number = await hall.propose()
    database, services, start = hall.talk.database, hall.talk.services, hall.talk.now
    async with database.write() as session:
        topic = await session.get_one(Topic, (hall.compound.compound_id, number))
        topic.step = TopicStep.DECIDE
        enter(topic, start)
    late = start + timedelta(days=60)
    assert [await advance_topics(database, services, late) for _ in range(2)] == [1, 0]
    await hall.do(number, c.RequireVote(9), "1")
    for after, reminded in ((70, 0), (200, 1), (201, 0)):
        assert await advance_topics(database, services, start + timedelta(days=after)) == reminded


async def test_chat_lists_what_is_going_on(hall: Hall) -> None:
    assert "没有在办的议题" in (await told(hall.talk, "shuji", "议题")).text
    number = await hall.propose()
    assert "告诉我您住哪" in await hall.talk.say("o-a", "议题")
    await hall.talk.bind("o-a")
    assert f"新禾苑第{number}号：楼下装椅子（提议，3月12日起）" in await hall.talk.say("o-a", "议题")
    assert "楼下装椅子" in (await told(hall.talk, "shuji", "议题")).text
    hall.talk.now += timedelta(days=30)
    assert "已超期" in await hall.talk.say("o-a", "议题")
    await hall.do(number, c.End("没人要"), "1")
    assert "没有在办的议题" in await hall.talk.say("o-a", "议题")


async def test_who_is_forgotten_leaves_an_objection_without_words(hall: Hall) -> None:
    number = await hall.propose()
    await hall.talk.bind("o-a")
    person_id = (await identity(hall.talk, "main", "o-a")).person_id
    async with hall.talk.database.write() as session:
        await object_to_topic(
            session,
            hall.talk.services,
            hall.compound,
            number,
            "太吵",
            hall.talk.now,
            key="1",
            person_id=person_id,
        )
    await hall.talk.say("o-a", "删除我的资料")
    await hall.talk.say("o-a", "确认删除")
    [objection] = await hall.talk.rows(TopicObjection)
    assert (objection.person_id, objection.text_sealed) == (None, None)
    # It still holds the step: the matter was not about who said so.
    assert await hall.refused(number, c.Advance(), "2") is Code.OBJECTIONS


async def object_and_leave(hall: Hall, number: int, objection: str, person_id: int) -> None:
    """o-a objects, staff take the topic back in these words, and o-a has themselves forgotten."""
    await hall.do(number, c.Advance(), "1")
    async with hall.talk.database.write() as session:
        what = (hall.talk.services, hall.compound, number, objection, hall.talk.now)
        await object_to_topic(session, *what, key="2", person_id=person_id)
    await hall.do(number, c.GoBack(TopicStep.PROPOSE, f"有人说{objection}"), "3")
    await hall.talk.say("o-a", "删除我的资料")
    await hall.talk.say("o-a", "确认删除")


async def test_the_words_of_who_is_forgotten_go_from_what_waits_to_be_told_of_a_topic(hall: Hall) -> None:
    complaint, objection = "三号楼的电梯上周起一直在响，谁来修修", "晚上坐着吵得人睡不着，我家就在楼下"
    await hall.talk.bind("o-a")
    await hall.talk.say("o-a", complaint)
    person_id = (await identity(hall.talk, "main", "o-a")).person_id
    number = await hall.propose(title=f"电梯上周起一直在响 {'装' * 10}")
    await object_and_leave(hall, number, objection, person_id)
    told = [
        row for row in await hall.talk.rows(OutboxMessage) if row.dedupe_key.startswith(("topic:", "topics:"))
    ]
    assert {row.state for row in told} >= {OutboxState.PENDING}
    assert len([row for row in told if "退回" in row.text]) == 2  # in both groups
    for row in told:
        assert "装装装" in row.text
        for words in ("电梯上周起", "吵得人睡不着", "就在楼下"):
            assert words not in row.text + str(row.payload), row.text


async def test_the_words_of_who_is_forgotten_go_from_the_record_of_a_topic(hall: Hall) -> None:
    objection = "晚上坐着吵得人睡不着，我家就在楼下"
    await hall.talk.bind("o-a")
    person_id = (await identity(hall.talk, "main", "o-a")).person_id
    number = await hall.propose()
    await object_and_leave(hall, number, objection, person_id)
    said = [row.words for row in await hall.talk.rows(TopicEvent) if row.verb is TopicVerb.WENT_BACK]
    assert len(said) == 1
    assert said[0].startswith("有人说")
    assert "吵得人睡不着" not in said[0]
