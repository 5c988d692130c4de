"""A compound's places, brought in again and again."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlmodel import SQLModel, select

from handlers.people.enrol import FlatsInUse, PlaceEntry
from handlers.visits.sealed import Home, lookup_of, seal_home
from storage.queries.tree import list_houses_listed
from storage.states import PlaceLevel, VisitLevel
from storage.tables import Compound, Opinion, Place, Residency, RoleGrant, RollUnit, VisitPlan
from tests.handlers.talk import PLACES, Talk, compound, flat

THREE = ("3-1-501", "3-2-501", "3-2-502")


async def enrol(talk: Talk, *flats: str) -> None:
    await talk.enrol(replace(compound(), places=(*PLACES, *map(flat, flats))))


async def flats_of(talk: Talk) -> list[str]:
    return [place.code for place in await talk.rows(Place) if place.level is PlaceLevel.UNIT]


async def test_importing_again_changes_what_differs(talk: Talk) -> None:
    await enrol(talk, *THREE)
    await enrol(talk, *THREE)
    assert await flats_of(talk) == [*THREE]
    await enrol(talk, "3-2-502", "3-2-503")
    assert await flats_of(talk) == ["3-2-502", "3-2-503"]
    renamed = tuple(replace(place, name=f"老{place.name}") for place in PLACES)
    await talk.enrol(replace(compound(), places=renamed))  # says nothing about flats
    assert await flats_of(talk) == ["3-2-502", "3-2-503"]
    assert {place.name for place in await talk.rows(Place) if place.code in ("3", "3-2")} == {
        "老3栋",
        "老3栋2单元",
    }


async def test_a_flat_where_somebody_lives_cannot_be_left_out(talk: Talk) -> None:
    await enrol(talk, *THREE)
    await talk.say("o-zhao", "绑定 新禾苑 3栋2单元501")
    with pytest.raises(FlatsInUse, match=r"^3-2-501$"):
        await enrol(talk, "3-2-503")
    assert await flats_of(talk) == [*THREE]  # nothing of the file was taken
    await enrol(talk, "3-2-501")
    assert [residency.place_code for residency in await talk.rows(Residency)] == ["3-2-501"]


async def test_a_flat_whose_voice_is_counted_or_that_has_an_office_cannot_be_left_out(talk: Talk) -> None:
    await enrol(talk, *THREE, *(f"3-1-{floor}02" for floor in range(10, 20)))
    await talk.say("o-zhao", "绑定 新禾苑 3栋2单元501")
    await talk.say("o-zhao", "楼下垃圾堆了三天没人收")
    await talk.say(
        "o-zhao", "绑定 新禾苑 3栋2单元"
    )  # they live elsewhere now, and what they said was said there
    assert [opinion.home_code for opinion in await talk.rows(Opinion)] == ["3-2-501"]
    with pytest.raises(FlatsInUse, match="3-2-501"):
        await enrol(talk, "3-2-503")
    async with talk.database.write() as session:
        grant = (await session.exec(select(RoleGrant))).first()
        assert grant is not None
        for floor in range(10, 20):
            scope = f"XH-1/3-1-{floor}02"
            session.add(RoleGrant(**grant.model_dump(exclude={"grant_id", "scope_code"}), scope_code=scope))
    with pytest.raises(FlatsInUse, match="and 6 more"):
        await enrol(talk, "3-2-503")


@pytest.mark.parametrize("why", ["visited", "in the roll"])
async def test_a_flat_that_is_visited_or_in_the_roll_cannot_be_left_out(talk: Talk, why: str) -> None:
    await enrol(talk, *THREE)
    sealer, home = talk.services.sealer, Home("3-2-501", "3栋2单元501")
    async with talk.database.write() as session:
        compound_id = (await session.exec(select(Compound.compound_id))).one()
        assert compound_id is not None
        worker_id = (await session.exec(select(RoleGrant.person_id))).first()
        assert worker_id is not None
        now = datetime(2026, 3, 1, tzinfo=UTC)
        if why == "visited":
            row: SQLModel = VisitPlan(
                compound_id=compound_id,
                number=1001,
                household_lookup=lookup_of(sealer, compound_id, home.code),
                household_sealed=seal_home(sealer, home),
                level=VisitLevel.WEEKLY,
                worker_id=worker_id,
                begun_on=date(2026, 3, 1),
                created_at=now,
            )
        else:
            row = RollUnit(compound_id=compound_id, unit_code=home.code, entered_at=now)
        session.add(row)
    with pytest.raises(FlatsInUse, match=r"^3-2-501$"):
        await enrol(talk, "3-2-503")


def test_whatever_points_at_a_place_is_looked_at_before_one_goes() -> None:
    pointing = {
        table.name
        for table in SQLModel.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "places"
    }
    # A new one belongs into storage.queries.tree.list_codes_in_use.
    assert pointing == {"places", "residencies", "chat_groups", "grid_places"}  # the last go with it


async def test_which_flats_are_known_is_told_by_entrance(talk: Talk) -> None:
    await enrol(talk, "3-2-501", "12-301")
    async with talk.database.read() as session:
        listed = await list_houses_listed(session, 1)
    assert listed == {"3": False, "3-1": False, "3-2": True, "12": True}


async def test_twenty_thousand_flats_come_in_within_seconds(talk: Talk) -> None:
    buildings = [PlaceEntry(PlaceLevel.BUILDING, f"{n}", f"{n}栋", None) for n in range(1, 101)]
    entrances = [
        PlaceEntry(PlaceLevel.ENTRANCE, f"{n}-{e}", f"{n}栋{e}单元", f"{n}")
        for n in range(1, 101)
        for e in (1, 2)
    ]
    flats = [
        flat(f"{one.code}-{floor}{door:02}")
        for one in entrances
        for floor in range(1, 26)
        for door in range(1, 5)
    ]
    assert len(flats) == 20_000
    entry = replace(compound("XH-2"), places=(*buildings, *entrances, *flats))
    begun = time.perf_counter()
    await talk.enrol(entry)
    first = time.perf_counter() - begun
    await talk.enrol(entry)
    assert first < 20  # a second or two; a statement for each would be more
    await talk.enrol(replace(entry, places=(*buildings, *entrances, flats[0])))
    assert len([place for place in await talk.rows(Place) if place.level is PlaceLevel.UNIT]) == 1
