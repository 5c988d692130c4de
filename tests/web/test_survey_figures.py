"""What the page of a survey tells in figures: by building and area, beside the law, and while answers wait."""

from collections.abc import Mapping
from datetime import timedelta

from handlers.surveys.answers import record_answer
from handlers.surveys.clock import advance_surveys
from handlers.surveys.rules import Said
from storage.states import SurveyChannel, SurveyChoice, UnitKind
from storage.tables import RollUnit
from tests.web.test_surveys import FIRST, FORM, ONE, OWN, SURVEYS, cells_of, flats, lives, press
from tests.web.town import Page, Town, here_id


async def test_a_roll_of_some_buildings_is_told_before_it_is_asked(town: Town) -> None:
    compound_id = await here_id(town)
    await flats(town, "3-1-101", "3-1-102", "13-101")
    async with town.site.database.write() as session:
        session.add(
            RollUnit(
                compound_id=compound_id,
                unit_code="13-101",
                building="13",
                room="101",
                entered_at=town.clock.now,
            )
        )
    secretary = await town.as_staff("secretary")
    await press(secretary, SURVEYS, FORM)
    draft = await secretary.get(FIRST)
    assert "照现在的清册，要问 1 户" in draft.text
    assert "楼栋表里有 3 户，清册里少的是：3栋。" in draft.text
    await press(secretary, FIRST, {**FORM, "act": "change", "b-13": "yes"})
    assert "照现在的名单，要问 1 户" in (await secretary.get(FIRST)).text


async def test_where_the_roll_has_areas_both_are_told(town: Town) -> None:
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add_all(
            RollUnit(
                compound_id=compound_id,
                unit_code=f"3-{room}",
                building="3",
                room=str(room),
                area_register=80_000_000 + room,
                entered_at=town.clock.now,
            )
            for room in range(101, 107)
        )
    secretary = await town.as_staff("secretary")
    await press(secretary, SURVEYS, FORM)
    await press(secretary, FIRST, {"act": "set"})
    me = str(town.people["secretary"])
    await press(secretary, ONE, {"act": "name", "person": me, "p-all": "yes"})
    doors = f"{FIRST}/doors?building=3"
    for room in range(101, 106):
        said = {"said": "against" if room == 101 else "agree", "channel": "phone"}
        await press(secretary, doors, {"building": "3", "unit": f"3-{room}", **said})
    page = await secretary.get(FIRST)
    assert "按面积看，参加的至少要 320.000414 平方米。现在是 400.000515 平方米，够了" in page.text
    await press(secretary, FIRST, {"act": "close", "sure": "yes"})
    # The area that agrees is not told: areas differ, and a sum of them would tell whose they are.
    assert (await secretary.get(FIRST)).text.count("按面积看") == 1
    await press(secretary, ONE, {"act": "unname", "person": me, "part": ""})
    assert (await secretary.get(doors)).status == 403


async def test_some_buildings_are_not_measured_by_the_law_of_all(town: Town) -> None:
    await flats(town, "3-1-101", "13-101")
    secretary = await town.as_staff("secretary")
    await press(secretary, SURVEYS, {**FORM, "b-13": "yes"})
    await press(secretary, FIRST, {"act": "set"})
    resident = await lives(town, "o-li", "13-101")
    await press(resident, OWN, {"unit": "13-101", "said": "agree"})
    page = await secretary.get(FIRST)
    for each in (page, await resident.get(OWN)):
        assert "参加的至少要" not in each.text
    assert "这一轮只问了几栋楼" in page.text


async def said_in_rows(town: Town, homes: Mapping[tuple[str, str], SurveyChoice], *, end: bool) -> Page:
    """The round's page for the secretary when these homes (building, room) have answered; end: and it is over."""
    compound_id, now = await here_id(town), town.clock.now
    async with town.site.database.write() as session:
        session.add_all(
            RollUnit(
                compound_id=compound_id,
                unit_code=f"{building or 'S'}-{room}",
                kind=UnitKind.RESIDENTIAL if building else UnitKind.SHOP,
                building=building,
                room=room,
                entered_at=now,
            )
            for building, room in homes
        )
    secretary = await town.as_staff("secretary")
    await press(secretary, SURVEYS, FORM)
    await press(secretary, FIRST, {"act": "set"})
    async with town.site.database.write() as session:
        for building, room in homes:
            await record_answer(
                session,
                town.site.services.sealer,
                *(compound_id, 1001, 1, f"{building or 'S'}-{room}"),
                Said(homes[building, room]),
                SurveyChannel.DOOR,
                town.clock.now,
                actor_id=town.people["secretary"],
            )
            town.clock.forward(timedelta(seconds=1))
    await advance_surveys(town.site.database, town.site.services, town.clock.now)
    if end:
        await press(secretary, FIRST, {"act": "close", "sure": "yes"})
    return await secretary.get(FIRST)


async def test_shops_without_a_building_have_no_figures_of_other_buildings(town: Town) -> None:
    agree, against = SurveyChoice.AGREE, SurveyChoice.AGAINST
    homes = {("3", str(room)): agree for room in range(101, 106)}
    homes |= {("13", str(room)): against for room in range(101, 104)}
    homes |= {("", str(room)): agree for room in range(1, 4)}
    homes |= {("3", str(room)): agree for room in range(106, 110)}
    page = await said_in_rows(town, homes, end=True)
    assert cells_of(page, "3栋") == "9/9 同意 9 不同意 0 都行 0 0"
    assert cells_of(page, "合在一起的") == "6 同意 3 不同意 3 都行 0"
    assert cells_of(page, "13栋") == "3/3 合在一起 0"
    assert cells_of(page, "其他") == "3/3 合在一起 0"  # three shops, and not what six said


async def test_what_waits_is_not_denied(town: Town) -> None:
    """Five are told, who agree; of the five that wait three are against it."""
    homes = {
        ("3", str(room)): SurveyChoice.AGAINST if room > 107 else SurveyChoice.AGREE
        for room in range(101, 111)
    }
    page = await said_in_rows(town, homes, end=False)
    assert "先算进来的 5 户里，同意 5 户" in page.text
    assert "还没有人说不同意" not in page.text
    assert "先算进来的里面，没有人说不同意。" in page.text
