"""Residents are asked about their committee when it is time, once, by whichever replica."""

import asyncio
from datetime import datetime, timedelta

from sqlmodel import select

from handlers.local_time import LOCAL
from handlers.oversight.review import advance_reviews
from handlers.oversight.settings import set_review
from nlp.reader import Reader
from storage.database import Database
from storage.sealing import Sealer
from storage.states import ReviewRhythm
from storage.tables import Poll
from tests.handlers.weeks import City, city_services

NOW = datetime(2027, 4, 6, 9, tzinfo=LOCAL)


async def test_residents_are_asked_once_a_quarter_about_their_committee(
    database: Database, tagger: Reader, sealer: Sealer
) -> None:
    city = City(database, city_services(tagger, sealer), NOW - timedelta(days=30))
    await city.enrol(["XH-1", "XH-2"])
    secretary = await city.person("u-secretary")
    async with database.write() as session:
        await set_review(
            session, city.services, city.id_of("XH-1"), ReviewRhythm.QUARTERLY, NOW, actor_id=secretary
        )
    later = NOW + timedelta(hours=2)
    asked = await asyncio.gather(*(advance_reviews(database, city.services, later) for _ in range(2)))
    assert sum(asked) == 1
    assert await advance_reviews(database, city.services, later + timedelta(days=20)) == 0
    async with database.read() as session:
        [poll] = list(await session.exec(select(Poll)))
    assert (poll.title, poll.about) == ("业委会履职评价（2027年第一季度）", {"review": "2027Q1"})
    assert poll.options[0] == "满意"
    assert poll.closes_at == datetime(2027, 4, 20, 20, tzinfo=LOCAL)
    assert sorted(told.recipient for told in await city.outbox()) == ["customer-XH-1", "group"]
