"""An opinion is filed where the compound has such a place: completed, as said, or without what cannot be."""

from dataclasses import replace

from handlers.people.enrol import PlaceEntry
from storage.states import PlaceLevel
from storage.tables import AuditEvent, Opinion, Place
from tests.handlers.neighbours import open_groups, overheard
from tests.handlers.talk import PLACES, Talk, compound
from tests.statements import asked_of

LIFT = "电梯坏了三天，老人下不了楼"
ZHAO = "wm-zhao-0000000001"


async def told(talk: Talk, *texts: str) -> list[tuple[str | None, str | None, str | None]]:
    """Where each of these is filed, in the order they were said."""
    await talk.bind("o-zhao")
    await talk.batch([talk.message("o-zhao", text) for text in texts])
    return [(opinion.building, opinion.entrance, opinion.unit) for opinion in await talk.rows(Opinion)]


async def add_flats(talk: Talk, *codes: str) -> None:
    async with talk.database.write() as session:
        for code in codes:
            parent = code.rpartition("-")[0]
            session.add(Place(compound_id=1, code=code, level=PlaceLevel.UNIT, name=code, parent_code=parent))


async def test_a_flat_of_one_entrance_only_is_filed_with_its_entrance(talk: Talk) -> None:
    await add_flats(talk, "3-1-501", "3-2-501", "3-2-702")
    assert await told(talk, f"3栋702{LIFT}", f"3栋501{LIFT}") == [("3", "2", "702"), ("3", None, "501")]


async def test_a_flat_that_is_not_there_is_left_out_and_noted_where_the_flats_are_known(talk: Talk) -> None:
    await add_flats(talk, "3-1-501", "12-501")
    said = (
        f"3栋1单元9901{LIFT}",
        f"3栋2单元9901{LIFT}",
        f"3栋9901{LIFT}",
        f"12栋9901{LIFT}",
        f"12栋501{LIFT}",
    )
    assert await told(talk, *said) == [
        ("3", "1", None),
        ("3", "2", "9901"),  # of whose flats nothing is known
        ("3", None, "9901"),
        ("12", None, None),
        ("12", None, "501"),
    ]
    filed = [row for row in await talk.rows(AuditEvent) if row.verb == "opinion.filed"]
    dropped = {row.subject: row.details["place_dropped"] for row in filed}
    assert [dropped[f"opinion:{1001 + n}"] for n in range(5)] == [["unit"], [], [], ["unit"], []]


async def test_in_the_only_building_a_flat_is_looked_up_without_its_name(talk: Talk) -> None:
    one = (
        PlaceEntry(PlaceLevel.BUILDING, "1", "1栋", None),
        PlaceEntry(PlaceLevel.UNIT, "1-501", "1栋501", "1"),
    )
    await talk.enrol(replace(compound("XH-9", "独栋"), places=one))
    await talk.bind("o-qian", "XH-9/1")
    await talk.batch([talk.message("o-qian", f"{flat}室{LIFT}") for flat in (501, 9901)])
    assert [(o.building, o.unit) for o in await talk.rows(Opinion)] == [("1", "501"), ("1", None)]


async def test_a_building_of_one_entrance_gives_its_flats_that_entrance(talk: Talk) -> None:
    more = (
        PlaceEntry(PlaceLevel.BUILDING, "5", "5栋", None),
        PlaceEntry(PlaceLevel.ENTRANCE, "5-1", "5栋1单元", "5"),
    )
    await talk.enrol(replace(compound(), places=(*PLACES, *more)))
    assert await told(talk, f"5-501{LIFT}", f"5栋{LIFT}") == [("5", "1", "501"), ("5", None, None)]


async def test_what_the_compound_does_not_have_is_left_out_and_noted(talk: Talk) -> None:
    places = await told(talk, f"88栋2单元{LIFT}", f"3栋9单元{LIFT}", f"12栋7单元{LIFT}")
    assert places == [(None, None, None), ("3", None, None), ("12", "7", None)]
    events = [row.details for row in await talk.rows(AuditEvent) if row.verb == "opinion.filed"]
    assert sorted(event["place_dropped"] for event in events) == [[], ["building", "entrance"], ["entrance"]]


async def test_a_building_that_is_not_there_is_not_taken_for_the_groups(talk: Talk) -> None:
    await open_groups(talk, 1)
    await overheard(talk, ZHAO, f"88栋{LIFT}")
    await overheard(talk, ZHAO, f"2单元{LIFT}")
    assert [(o.building, o.entrance) for o in await talk.rows(Opinion)] == [(None, None), ("3", "2")]


async def test_a_danger_keeps_the_building_that_nobody_entered(talk: Talk) -> None:
    assert await told(talk, "88栋着火了，快打119") == [("88", None, None)]


async def test_a_batch_asks_for_the_buildings_once_and_never_for_all_flats(talk: Talk) -> None:
    await add_flats(talk, *(f"3-{entrance}-{floor}01" for entrance in (1, 2) for floor in range(1, 30)))
    await talk.bind("o-zhao")
    with asked_of(talk.database.engine) as asked:
        await talk.batch([talk.message("o-zhao", f"3栋{entrance}单元{LIFT}") for entrance in (1, 2) * 10])
        [of_places] = [statement for statement in asked if "FROM places" in statement]
        assert "level" in of_places
        await talk.batch([talk.message("o-zhao", f"3栋2901{LIFT}")])
        assert len([statement for statement in asked if "FROM places" in statement]) == 3
