"""What belongs to a place: where the words say, else the home of whoever said it; never the place beside it."""

from itertools import product

import pytest
from sqlmodel import col, select

from storage.database import Database
from storage.queries.within import episode_within, opinion_within
from storage.tables import AlertEpisode, Compound, Opinion
from tests.storage.rows import NOW

# (building, entrance, unit, home) as the words say and as is known of the speaker
MATTERS = {
    1: ("3", None, None, None),
    2: ("3", "2", None, None),
    3: ("3", "2", "501", None),
    4: ("13", "2", None, "3-2-501"),  # about another building than their own
    5: (None, None, None, "3-2-501"),
    6: (None, "1", None, "3-2-501"),  # 1单元 of the building they live in
    7: (None, None, None, "13-2"),
    8: (None, None, None, None),
    9: ("A", None, None, None),
    10: (None, None, None, "a-1"),
    11: (None, None, "502", "3-2-501"),
    12: (None, None, None, "3-2-501-1"),
}
EXPECTED = {
    "3": {1, 2, 3, 5, 6, 11, 12},
    "3-2": {2, 3, 5, 11, 12},
    "3-1": {6},
    "3-2-501": {3, 5, 12},
    "3-2-502": set(),  # whoever lives in 501 said 502: nothing says which entrance's
    "3-2-501-1": {12},
    "13": {4, 7},
    "1": set(),
    "A": {9},
    "a": {10},
}


async def fill(database: Database) -> None:
    async with database.write() as session:
        session.add(Compound(compound_id=1, code="XH-1", name="新禾苑"))
        await session.flush()
        for number, (building, entrance, unit, home) in MATTERS.items():
            session.add(
                Opinion(
                    compound_id=1,
                    number=number,
                    inbox_id=number,
                    home_code=home,
                    said_at=NOW,
                    filed_at=NOW,
                    text="灯坏了",
                    urgency=1,
                    building=building,
                    entrance=entrance,
                    unit=unit,
                    lexicon_version="test",
                )
            )
        for number, (matter, opinion) in enumerate(
            (("danger@3", 2), ("danger@13", 4), ("danger@", 8), ("danger@3", None), ("danger@3", 5)), 1
        ):
            session.add(
                AlertEpisode(
                    compound_id=1,
                    number=number,
                    matter=matter,
                    opinion_number=opinion,
                    opened_at=NOW,
                    alerted_at=NOW,
                    last_hit_at=NOW,
                )
            )


async def opinions_in(database: Database, codes: tuple[str, ...] | None) -> set[int]:
    async with database.read() as session:
        return set((await session.exec(select(Opinion.number).where(opinion_within(codes)))).all())


async def test_each_place_has_its_own_matters_and_those_of_what_lies_in_it(database: Database) -> None:
    await fill(database)
    assert {code: await opinions_in(database, (code,)) for code in EXPECTED} == EXPECTED
    for one, other in product(("3-1", "13", "A"), repeat=2):
        assert await opinions_in(database, (one, other)) == EXPECTED[one] | EXPECTED[other]


async def test_all_is_all_and_no_place_is_nothing(database: Database) -> None:
    await fill(database)
    assert await opinions_in(database, None) == set(MATTERS)
    assert await opinions_in(database, ()) == set()


@pytest.mark.parametrize(
    ("codes", "numbers"),
    [
        (None, {1, 2, 3, 4, 5}),
        ((), set()),
        (("3",), {1, 4, 5}),
        (("13",), {2}),
        (("1",), set()),
        (("3-2",), {1, 5}),
        (("3-1", "13-2"), {2}),
        (("abcdefghij",), set()),  # longer than a whole matter
    ],
)
async def test_alerts_are_a_buildings_and_of_an_entrance_where_they_began(
    database: Database, codes: tuple[str, ...] | None, numbers: set[int]
) -> None:
    await fill(database)
    async with database.read() as session:
        found = await session.exec(select(col(AlertEpisode.number)).where(episode_within(codes)))
        assert set(found.all()) == numbers
