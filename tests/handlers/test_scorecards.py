"""Months as they are kept: once, never changed, with what was otherwise a month later beside them."""

from datetime import date, datetime, timedelta

import pytest
from sqlmodel import col, select

from handlers.local_time import LOCAL
from handlers.oversight.month import advance_months
from handlers.people.enrol import RegionEntry
from nlp.reader import Reader
from storage.database import Database
from storage.sealing import Sealer
from storage.states import MatterState, Rating, RegionLevel, RequestState
from storage.tables import AlertEpisode, Matter, Request, RequestRating, Scorecard, StewardVisit
from tests.handlers.weeks import City, city_services

REGIONS = (
    RegionEntry(RegionLevel.DISTRICT, "D-1", "清平区"),
    RegionEntry(RegionLevel.SUBDISTRICT, "S-1", "河沿街道"),
    RegionEntry(RegionLevel.COMMUNITY, "C-1", "河沿社区"),
)
FIRST = datetime(2027, 2, 1, tzinfo=LOCAL)
OVER = datetime(2027, 3, 1, 2, tzinfo=LOCAL)
DAY = timedelta(days=1)


@pytest.fixture
async def city(database: Database, tagger: Reader, sealer: Sealer) -> City:
    """Two compounds of a subdistrict and one outside of all."""
    city = City(database, city_services(tagger, sealer), FIRST - DAY)
    await city.enrol(["XH-1", "XH-2"], REGIONS)
    await city.enrol(["XH-3"])
    return city


async def ask(city: City, code: str, first: int, in_time: bool, at: datetime, count: int = 5) -> None:
    """So many requests, each done in time or not, and rated accordingly by one reporter."""
    compound_id, person_id = city.id_of(code), await city.person(f"o-{code}-{first}", "main")
    rating = Rating.SATISFIED if in_time else Rating.DISSATISFIED
    async with city.database.write() as session:
        for number in range(first, first + count):
            session.add(
                Matter(
                    compound_id=compound_id, number=number, urgency=2, opened_at=at, heard_at=at,
                    state=MatterState.CONFIRMED,
                )
            )  # fmt: skip
        await session.flush()
        for number in range(first, first + count):
            session.add(
                Request(
                    compound_id=compound_id, number=number, state=RequestState.RATED, raised_at=at, round_at=at,
                    accepted_in_time=in_time, done_in_time=in_time, rating=rating,
                )
            )  # fmt: skip
        await session.flush()
        for number in range(first, first + count):
            session.add(
                RequestRating(
                    compound_id=compound_id, number=number, round=1, person_id=person_id, rating=rating,
                    rated_at=at,
                )
            )  # fmt: skip


async def cards(city: City) -> list[Scorecard]:
    async with city.database.read() as session:
        statement = select(Scorecard).order_by(
            col(Scorecard.month), col(Scorecard.compound_id), col(Scorecard.revision)
        )
        return list(await session.exec(statement))


async def test_a_month_is_kept_once_and_corrected_beside_it(city: City) -> None:
    await ask(city, "XH-1", 1001, True, FIRST)
    await ask(city, "XH-1", 1101, False, OVER - timedelta(hours=2, minutes=1))
    await ask(city, "XH-1", 1201, False, OVER - timedelta(hours=2))  # March by a minute
    await ask(city, "XH-2", 1001, True, FIRST + DAY, count=4)
    steward, second = await city.person("u-a"), await city.person("u-b")
    days = [(steward, date(2027, 2, 1)), (second, date(2027, 2, 1)), (steward, date(2027, 2, 28))]
    days.append((steward, date(2027, 3, 1)))
    async with city.database.write() as session:
        for number, minutes in ((1, 5), (2, 6)):
            session.add(
                AlertEpisode(
                    compound_id=city.id_of("XH-1"), number=number, matter="fire@3", opened_at=FIRST,
                    alerted_at=FIRST, last_hit_at=FIRST, acknowledged_at=FIRST + timedelta(minutes=minutes),
                )
            )  # fmt: skip
        session.add_all(
            StewardVisit(
                compound_id=city.id_of("XH-1"), person_id=person_id, visited_on=day, recorded_at=FIRST
            )
            for person_id, day in days
        )
    await advance_months(city.database, city.services, OVER - timedelta(seconds=1))
    assert [card for card in await cards(city) if card.month == "2027-02"] == []
    # Three new ones, and the nine of the months before are looked at again.
    assert await advance_months(city.database, city.services, OVER) == 12
    assert await advance_months(city.database, city.services, OVER) == 0
    one, two, three = [card for card in await cards(city) if card.month == "2027-02"]
    assert (one.place, two.place, three.place) == ("S-1", "S-1", "")
    assert one.figures["response"] == [5, 10]
    assert one.figures["raised"] == 10
    assert (one.figures["alerts"], one.figures["heeded"]) == (2, 1)
    assert (one.figures["steward_days"], two.figures["steward_days"]) == (2, 0)
    assert (one.score, two.score, three.score) == (500, None, None)
    # Somebody has another look at the records afterwards.
    async with city.database.write() as session:
        request = await session.get_one(Request, (city.id_of("XH-1"), 1101))
        request.state, request.rating = RequestState.CANCELLED, None
    assert await advance_months(city.database, city.services, OVER + DAY) == 0
    for _ in range(4):
        await advance_months(city.database, city.services, OVER + 31 * DAY)
    kept = [card for card in await cards(city) if card.month == "2027-02"]
    assert [(card.compound_id, card.revision) for card in kept] == [
        (city.id_of("XH-1"), 1),
        (city.id_of("XH-1"), 2),
        (city.id_of("XH-2"), 1),
        (city.id_of("XH-3"), 1),
    ]
    assert (kept[0].figures, kept[0].score) == (one.figures, 500)
    assert (kept[1].figures["raised"], kept[1].score) == (9, 556)
