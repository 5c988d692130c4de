"""What residents hear of their week: counts in which nobody can be told, and nothing when there is nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from handlers.digests.cycle import advance
from handlers.digests.public import Part, PublicWeek, feedback_text, public_week
from handlers.local_time import LOCAL
from handlers.requests.commands import Verb
from nlp.reader import Reader
from storage.database import Database
from storage.queries.cycles import load_digest
from storage.sealing import Sealer
from storage.states import Form, MatterState, MessageClass, OutboxState, RequestState
from storage.tables import ChatGroup, Matter, OutboxMessage, Request, RequestEvent
from tests.handlers.test_digest_render import digest
from tests.handlers.weeks import City, city_services

WEEK = "2026-03-09"
LIFT, DARK, PARKING = "dianti.guzhang", "dianti.kunren", "tingche.luanting"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=LOCAL)


@pytest.fixture
async def city(database: Database, tagger: Reader, sealer: Sealer) -> City:
    city = City(database, city_services(tagger, sealer, "https://yishi.example"), at("03-01 00:00"))
    await city.enrol(["XH-1"])
    return city


async def live_through(city: City, *moments: str) -> None:
    for moment in moments or ("03-09 09:40", "03-15 20:00", "03-15 20:40", "03-15 20:41"):
        await advance(city.database, city.services, at(moment))


async def feedback(city: City) -> list[OutboxMessage]:
    return [message for message in await city.outbox() if ":feedback" in message.dedupe_key]


def said(city: City, number: int, leaf: str, person_id: int, **values: Any) -> dict[str, Any]:
    return {
        "compound_id": city.id_of("XH-1"),
        "number": number,
        "filed_at": at("03-10 12:00"),
        "categories": [{"id": leaf, "score": 0.9}],
        "person_id": person_id,
        "building": "3",
        "text": "我家501的电梯又坏了，我是赵六",
        **values,
    }


async def request(city: City, number: int, leaf: str, **values: Any) -> None:
    compound_id, raised = city.id_of("XH-1"), at("03-02 09:00")
    async with city.database.write() as session:
        session.add(
            Matter(
                compound_id=compound_id,
                number=number,
                leaf=leaf,
                urgency=2,
                opened_at=raised,
                heard_at=raised,
                state=MatterState.CONFIRMED,
            )
        )
        await session.flush()
        session.add(
            Request(
                **{
                    "compound_id": compound_id,
                    "number": number,
                    "state": RequestState.ACCEPTED,
                    "raised_at": raised,
                    "round_at": raised,
                    **values,
                }
            )
        )


async def test_residents_hear_what_they_said_and_what_became_of_it_once(city: City) -> None:
    people = [await city.person(f"p-{number}") for number in range(5)]
    await city.file(
        [
            # of last week, done in this one
            said(city, 1001, LIFT, people[0], filed_at=at("03-02 12:00"), matter_number=1001),
            *(said(city, 1002 + n, leaf, people[n]) for n, leaf in enumerate((LIFT, LIFT, DARK))),
            said(city, 1005, PARKING, people[3]),
            said(city, 1006, PARKING, people[4], building="5"),
            said(city, 1007, PARKING, people[4], matter_number=1007),
        ]
    )
    await request(city, 1001, LIFT, state=RequestState.DONE, done_at=at("03-11 12:00"))
    await request(city, 1007, PARKING, dispatched_at=at("03-12 08:00"), done_by=at("03-14 08:00"))
    await request(city, 1008, PARKING, state=RequestState.DONE, done_at=at("02-27 12:00"))  # before the group
    async with city.database.write() as session:
        for seq, moment in enumerate(("03-08 12:00", "03-12 09:00", "03-12 10:00"), 1):
            session.add(
                RequestEvent(
                    compound_id=city.id_of("XH-1"),
                    number=1007,
                    seq=seq,
                    verb=Verb.REPLIED,
                    at=at(moment),
                    public=True,
                    text="已经约了人",
                )
            )
    await live_through(city)
    [message] = await feedback(city)
    assert (message.recipient, message.form, message.message_class) == (
        "customer-XH-1",
        Form.GROUP_TASK,
        MessageClass.DIGEST,
    )
    # The staff have their evening; residents hear of it the morning after.
    assert at("03-16 10:07") <= message.not_before <= at("03-16 10:28")
    assert message.text == (
        "【XH-1号院】这周的回音（3月8日至3月15日）\n"
        "邻居们这周说了 6 件事，都记下了。\n"
        f"其中{city.services.tagger.lexicon.name('dianti')} 3 件，其他 3 件。\n"
        "已经这样处理：办好 1 件，派人去办 1 件，回复 1 件。\n"
        f"看这周的汇总：https://yishi.example/h5/weeks/XH-1/{WEEK}"
    )
    async with city.database.read() as session:
        stored = await load_digest(session, city.id_of("XH-1"), WEEK)
    assert stored is not None
    assert {**stored["became"], "kinds": []} == {
        "ordered": 1,
        "answered": 1,
        "done": 1,
        "late": 1,
        "kinds": [],
    }
    assert [(kind["id"], kind["count"], kind["people"]) for kind in stored["became"]["kinds"]] == [
        ("dianti", 1, 1)
    ]
    shown = public_week(stored)
    assert (shown.kinds[0].count, shown.others) == (3, 3)
    assert [part.count for part in shown.places] == [5]  # two of building 5 would tell who
    assert (shown.kinds_done, shown.others_done) == ((), 1)
    assert not any(word in repr(shown) for word in ("501", "赵六", "1001", "约了人"))


async def test_an_empty_week_tells_residents_nothing(city: City) -> None:
    await live_through(city)
    assert await feedback(city) == []
    assert [message.dedupe_key.split(":")[3] for message in await city.outbox()] == ["open", "digest"]


async def test_what_is_done_in_a_silent_week_is_told_and_what_is_long_over_is_not(city: City) -> None:
    person = await city.person("p-1")
    await city.file([said(city, 1001, LIFT, person, filed_at=at("03-02 12:00"), matter_number=1001)])
    await request(city, 1001, LIFT, state=RequestState.RATED, done_at=at("03-11 12:00"))
    await live_through(city)
    [message] = await feedback(city)
    assert message.text.split("\n")[1] == "已经这样处理：办好 1 件。"
    await city.file([said(city, 1002, LIFT, person, filed_at=at("03-17 12:00"))])
    await live_through(city, "03-16 09:40", "03-31 12:00")  # nobody was there for two closes
    assert len(await feedback(city)) == 1
    assert [message.dedupe_key.split(":")[3] for message in await city.outbox()].count("digest") == 2


async def came_out(city: City, state: OutboxState = OutboxState.SENT) -> None:
    async with city.database.write() as session:
        await session.exec(
            update(OutboxMessage).where(col(OutboxMessage.state) == OutboxState.PENDING).values(state=state)
        )


async def week_of(city: City, week: str) -> PublicWeek:
    async with city.database.read() as session:
        stored = await load_digest(session, city.id_of("XH-1"), week)
    assert stored is not None
    return public_week(stored)


async def done(city: City, number: int, when: str, *people: int) -> None:
    """Somebody had raised it long ago."""
    await city.file(
        [
            said(city, number + n, LIFT, person, filed_at=at("02-02 12:00"), matter_number=number)
            for n, person in enumerate(people)
        ]
    )
    await request(city, number, LIFT, state=RequestState.RATED, done_at=at(when))


async def test_the_next_feedback_tells_what_was_done_in_a_week_that_was_passed_over(city: City) -> None:
    person = await city.person("p-1")
    await done(city, 1001, "03-11 12:00", person)
    await live_through(city)
    await came_out(city)
    await done(city, 1011, "03-18 12:00", person)  # while nobody was there
    await done(city, 1021, "03-25 12:00", person)
    await city.file([said(city, 1031, PARKING, person, filed_at=at("03-25 12:00"))])
    await live_through(city, "03-29 20:41")
    async with city.database.read() as session:
        assert await load_digest(session, city.id_of("XH-1"), "2026-03-16") is None
    _first, message = await feedback(city)
    assert message.text.split("\n")[:3] == [
        "【XH-1号院】这周的回音（3月15日至3月29日）",
        "邻居们这周说了 1 件事，都记下了。",
        "已经这样处理：办好 2 件。",
    ]
    shown = await week_of(city, "2026-03-23")
    assert (shown.done, shown.since, shown.told_since) == (2, at("03-15 20:00"), None)
    await came_out(city)
    await done(city, 1041, "03-31 12:00", person)
    await live_through(city, "03-30 09:40", "04-05 20:41")
    assert "已经这样处理：办好 1 件。" in (await feedback(city))[-1].text.split("\n")
    assert (await week_of(city, "2026-03-30")).told_since is None


async def test_what_came_out_in_no_group_is_told_again_and_what_waits_goes_once(city: City) -> None:
    people = [await city.person(f"p-{number}") for number in range(3)]
    await done(city, 1001, "03-11 12:00", *people)
    await live_through(city)
    await came_out(city, OutboxState.DEAD)  # its owner never tapped
    await done(city, 1011, "03-17 12:00", people[0])
    await live_through(city, "03-16 09:40", "03-22 20:41")
    _dead, message = await feedback(city)
    assert "3月1日以来已经这样处理：办好 2 件。" in message.text.split("\n")
    first, second = await week_of(city, WEEK), await week_of(city, "2026-03-16")
    assert [part.count for part in first.kinds_done] == [1]
    # With a name it would be that kind of one home, since everybody may read the page of the week before too.
    assert (second.done, second.kinds_done, second.others_done) == (2, (), 1)
    # That one still waits for its morning when the next week is over: one message takes its place.
    await live_through(city, "03-23 09:40", "03-29 20:41")
    states = [each.state for each in await feedback(city)]
    assert states == [OutboxState.DEAD, OutboxState.CANCELLED, OutboxState.PENDING]
    assert "3月1日以来已经这样处理：办好 2 件。" in (await feedback(city))[-1].text.split("\n")


async def test_where_there_is_no_group_the_page_tells_of_the_week_that_was_passed_over(city: City) -> None:
    async with city.database.write() as session:
        await session.exec(update(ChatGroup).values(ended_at=at("03-02 00:00")))
    person = await city.person("p-1")
    await done(city, 1001, "03-11 12:00", person)
    await live_through(city)
    await done(city, 1011, "03-18 12:00", person)
    await live_through(city, "03-29 20:41")
    assert (await week_of(city, WEEK)).done == 1
    shown = await week_of(city, "2026-03-23")
    assert (shown.done, shown.since) == (1, at("03-15 20:00"))
    assert await feedback(city) == []


def test_a_kind_that_few_spoke_of_has_no_name() -> None:
    entry = {"id": "dianti", "name": "电梯", "count": 5, "last": 0}
    kinds = [
        {**entry, "people": 3},
        {**entry, "id": "tingche", "name": "停车", "people": 2},
        {**entry, "id": "", "name": "未分类", "people": 9},
        {**entry, "id": "old", "name": "旧的"},  # of a digest that did not say how many spoke
    ]
    week = public_week(digest(categories=kinds, places=[{"name": "3栋", "count": 9, "people": 2}]))
    assert (week.kinds, week.others, week.places) == ((Part("电梯", 5),), 15, ())


def test_the_message_is_short_whatever_was_said() -> None:
    kinds = [{"id": "x", "name": f"类别{n}", "count": 9 - n, "last": 0, "people": 3} for n in range(8)]
    lines = feedback_text(public_week(digest(categories=kinds, total=44))).split("\n")
    assert lines[2] == "其中类别0 9 件，类别1 8 件，类别2 7 件，类别3 6 件，其他 14 件。"
    assert lines[3] == "正在一件件核实，办好的会写进回音。"
    assert max(map(len, lines)) <= 60


async def test_what_came_out_nowhere_is_told_for_eight_weeks(city: City) -> None:
    await done(city, 1001, "03-11 12:00", await city.person("p-1"))
    await live_through(city)
    await came_out(city, OutboxState.DEAD)
    for week in range(9):
        monday = at("03-16 09:40") + week * timedelta(days=7)
        closed = monday + timedelta(days=6, hours=11, minutes=1)
        await live_through(city, f"{monday:%m-%d %H:%M}", f"{closed:%m-%d %H:%M}")
        await came_out(city, OutboxState.DEAD)
    shown = await week_of(city, "2026-05-11")
    assert (shown.done, shown.told_since) == (0, None)
