"""A mediation between neighbours: recorded once, read by those who mediate there, and a figure of where things end."""

from datetime import timedelta

from sqlmodel import select

from handlers.oversight.retention import reduce_raw_text
from handlers.requests.commands import Actor, Dispatch, Finish, Party, Rate
from storage.states import Rating, Role
from storage.tables import Mediation
from tests.web.orders import act, matter, text_of, verbs_of
from tests.web.town import HERE, Town

BOARD = f"/console/{HERE}/requests"
RECORD = {
    "key": "m" * 16,
    "mediators": "社区调解员老顾",
    "day": "2026-03-11",
    "parties": "3栋501与3栋601",
    "outcome": "agreed",
    "words": "晚上十点以后不拖椅子，各让一步",
}


async def test_a_mediation_is_recorded_once_and_its_parties_are_read_by_few(town: Town) -> None:
    number = await matter(town)
    one = f"{BOARD}/{number}"
    browser = await town.as_staff("grid_worker")
    assert "记一次调解" in (await browser.get(one)).text
    for wrong, told in (
        ({"parties": ""}, "mediation.missing"),
        ({"outcome": "won"}, "mediation.missing"),
        ({"day": "2026-03-13"}, "mediation.day"),  # tomorrow
        ({"day": "31.2."}, "mediation.day"),
    ):
        answer = await browser.submit(one, f"{one}/mediate", RECORD | wrong)
        assert answer.location == f"{one}?told={told}"
    for _ in range(2):
        assert (await browser.submit(one, f"{one}/mediate", RECORD)).location == f"{one}?told=mediated"
    assert (await verbs_of(town, number)).count("mediated") == 1
    async with town.site.database.read() as session:
        [kept] = list(await session.exec(select(Mediation)))
    assert kept.sealed is not None
    assert b"501" not in kept.sealed
    for who in ("secretary", "building_steward", "community_worker"):
        read = text_of(await (await town.as_staff(who)).get(one))
        assert "3栋501与3栋601" in read
        assert "各让一步" in read
    for who in ("property", "committee", "supervisor"):
        page = await (await town.as_staff(who)).get(one)
        assert "达成一致" in page.text
        assert "3栋601" not in page.text
        assert "各让一步" not in page.text
        assert "/mediate" not in page.text
    resident = await town.as_resident()
    assert "3栋601" not in (await resident.get(f"/h5/mine/{number}")).text
    # Their time is over: what came of it stays.
    await reduce_raw_text(town.site.database, town.clock.now + timedelta(days=1))
    read = (await browser.get(one)).text
    assert "达成一致" in read
    assert "3栋601" not in read


async def test_the_board_tells_how_many_ended_in_the_compound(town: Town) -> None:
    mine = Actor(town.people["property"], frozenset({Role.PROPERTY}))
    for openid in ("o-1", "o-2"):
        number = await matter(town, openid)
        await act(town, number, Dispatch(Party(Role.PROPERTY)), Finish(mine, "灯换好了"), who="property")
    await act(town, number, Rate(Rating.SATISFIED))
    town.clock.forward(timedelta(minutes=1))
    page = await (await town.as_staff("secretary")).get(BOARD)
    # One waits to be rated: it is in no denominator.
    assert "小区内办结 100 % 1/1 件" in text_of(page)
    assert "社区内办结 100 % 1/1 件" in text_of(page)
