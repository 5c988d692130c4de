"""Residents are asked about their committee when it is time, once, by whichever replica."""

import asyncio
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from handlers.local_time import LOCAL
from handlers.oversight.review import advance_reviews, due_review
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


@given(st.integers(0, 24 * 1000), st.lists(st.integers(-72, 24 * 40), max_size=40))
def test_whatever_the_clock_does_a_period_is_asked_about_when_it_is_over(
    start: int, jumps: list[int]
) -> None:
    now = datetime(2026, 1, 1, tzinfo=LOCAL) + timedelta(hours=start)
    for hours in jumps:
        now += timedelta(hours=hours)
        assert due_review(ReviewRhythm.NEVER, now) is None
        quarter = due_review(ReviewRhythm.QUARTERLY, now)
        year = due_review(ReviewRhythm.YEARLY, now)
        if quarter is not None:
            over = datetime(
                int(quarter[:4]) + int(quarter[5]) // 4, int(quarter[5]) % 4 * 3 + 1, 1, tzinfo=LOCAL
            )
            assert timedelta(days=4, hours=10) <= now - over < timedelta(days=50)
        assert year == (quarter[:4] if quarter and quarter.endswith("Q4") else None)
    for month in (1, 4, 7, 10):  # none is missed by a stop of a month
        assert due_review(ReviewRhythm.QUARTERLY, datetime(2027, month, 5, 10, tzinfo=LOCAL)) is not None
        assert due_review(ReviewRhythm.QUARTERLY, datetime(2027, month + 1, 10, tzinfo=LOCAL)) is not None
