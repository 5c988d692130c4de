"""The week as a picture: drawn once, after the text, for groups that can be sent one; forgotten after its time."""

import asyncio
import struct
from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from bot.week_charts import WeekCharts
from handlers.digests.charts import forget_charts
from handlers.digests.cycle import advance
from nlp.reader import Reader
from storage.blobs import find_blob
from storage.database import Database
from storage.sealing import Sealer
from storage.states import ChannelKind, Form, MessageClass, OutboxState
from storage.tables import Blob, ChatGroup, OutboxMessage, WeeklyCycle
from tests.bot.fakes import Clock, ScriptedChannel
from tests.bot.house import Replica
from tests.handlers.test_week_feedback import at
from tests.handlers.weeks import City, city_services

LIFT = "dianti.guzhang"
LATE = "03-22 20:41"


class Robot(ScriptedChannel):
    """A group's webhook, which may write at any time."""

    kind = ChannelKind.GROUP_WEBHOOK

    def needs_window(self, form: Form) -> bool:
        return False


@pytest.fixture
async def city(database: Database, tagger: Reader, sealer: Sealer) -> City:
    """Two compounds after two weeks; in the first one something was said in both."""
    city = City(database, city_services(tagger, sealer), at("03-01 00:00"))
    await city.enrol(["XH-1", "XH-2"])
    await city.file(
        [
            {
                "compound_id": city.id_of("XH-1"),
                "number": 1001 + number,
                "filed_at": at(moment),
                "categories": [{"id": LIFT, "score": 0.9}],
            }
            for number, moment in enumerate(("03-10 12:00", "03-17 12:00", "03-18 12:00"))
        ]
    )
    for moment in ("03-09 09:40", "03-15 20:40", "03-16 09:40", "03-22 20:40"):
        await advance(database, city.services, at(moment))
    return city


async def charts(city: City) -> list[OutboxMessage]:
    return [message for message in await city.outbox() if ":chart" in message.dedupe_key]


async def test_a_week_is_drawn_once_and_goes_to_the_staffs_group_after_its_text(city: City) -> None:
    makers = [WeekCharts(city.database, city.services) for _ in range(2)]
    sent = await asyncio.gather(*(maker.step(at(LATE)) for maker in makers))
    assert sum(sent) == 1
    assert await makers[0].step(at(LATE)) == 0
    [message] = await charts(city)
    assert (message.account, message.form, message.message_class) == (
        "duty-group",
        Form.TEXT,
        MessageClass.DIGEST,
    )
    [text] = [m for m in await city.outbox() if m.dedupe_key.startswith("cycle:XH-1:2026-03-16:digest")]
    assert message.not_before > text.not_before
    assert message.payload is not None
    compound_id, address = message.payload["picture"]
    assert compound_id == city.id_of("XH-1")
    async with city.database.read() as session:
        found = await find_blob(session, city.services.sealer, compound_id, address)
        tried = (
            await session.exec(select(WeeklyCycle.chart_tried_at).where(WeeklyCycle.week > "2026-03-09"))
        ).all()
    assert found is not None
    assert found[1] == "image/png"
    assert struct.unpack(">I", found[0][16:20]) == (1080,)
    assert all(tried)  # the compound in which nobody spoke has no picture, and is not looked at again

    channel = Robot("duty-group")
    replica = Replica(city.database, city.services, Clock(at("03-23 10:00")), channels=[channel])
    await replica.send()
    assert [out.picture == found[0] for out in channel.sent if out.picture] == [True]

    assert await forget_charts(city.database, at(LATE)) == 0
    assert await forget_charts(city.database, at(LATE) + timedelta(days=31)) == 1
    async with city.database.read() as session:
        assert (await session.exec(select(Blob.address))).all() == []


async def test_a_picture_that_is_gone_is_not_sent(city: City) -> None:
    await WeekCharts(city.database, city.services).step(at(LATE))
    await forget_charts(city.database, at(LATE) + timedelta(days=31))
    channel = Robot("duty-group")
    await Replica(city.database, city.services, Clock(at("03-23 10:00")), channels=[channel]).send()
    [message] = await charts(city)
    assert (message.state, message.attempts) == (OutboxState.DEAD, 1)
    assert not any(out.text == message.text for out in channel.sent)


async def test_a_picture_that_cannot_be_read_now_is_tried_again(city: City) -> None:
    await WeekCharts(city.database, city.services).step(at(LATE))
    channel = Robot("duty-group")
    async with city.database.write() as session:
        [sealed] = await session.exec(select(Blob.sealed))
        await session.exec(update(Blob).values(sealed=b"torn"))
    await Replica(city.database, city.services, Clock(at("03-23 10:00")), channels=[channel]).send()
    [message] = await charts(city)
    assert (message.state, message.attempts) == (OutboxState.PENDING, 1)
    async with city.database.write() as session:
        await session.exec(update(Blob).values(sealed=sealed))
    await Replica(city.database, city.services, Clock(at("03-23 10:30")), channels=[channel]).send()
    [message] = await charts(city)
    assert message.state is OutboxState.SENT


async def test_what_cannot_be_drawn_holds_up_nothing_and_is_left(city: City) -> None:
    async with city.database.write() as session:
        [week] = (
            await session.exec(
                select(WeeklyCycle).where(
                    WeeklyCycle.compound_id == city.id_of("XH-1"), WeeklyCycle.week == "2026-03-16"
                )
            )
        ).all()
        week.digest = {**(week.digest or {}), "categories": [{"id": LIFT, "name": "电梯"}]}
    maker = WeekCharts(city.database, city.services)
    assert [await maker.step(at(LATE)) for _ in range(2)] == [0, 0]
    assert await charts(city) == []
    assert sum(":digest" in message.dedupe_key for message in await city.outbox()) == 4


async def test_what_cannot_be_kept_holds_up_nothing(city: City) -> None:
    await city.file(
        [{"compound_id": city.id_of("XH-2"), "number": 2001, "filed_at": at("03-25 12:00")}],
    )
    for moment in ("03-23 09:40", "03-29 20:40"):
        await advance(city.database, city.services, at(moment))
    async with city.database.write() as session:
        for week in await session.exec(
            select(WeeklyCycle).where(WeeklyCycle.compound_id == city.id_of("XH-1"))
        ):
            week.digest = {**(week.digest or {}), "to": "x"}
    await WeekCharts(city.database, city.services).step(at("03-29 20:41"))
    assert [message.dedupe_key.split(":")[1] for message in await charts(city)] == ["XH-2"]


async def test_a_group_that_takes_no_pictures_gets_none(city: City) -> None:
    async with city.database.write() as session:
        await session.exec(update(ChatGroup).values(speaks_through="corp").where(col(ChatGroup.group_id) > 0))
    assert await WeekCharts(city.database, city.services).step(at(LATE)) == 0
    assert await charts(city) == []
