"""Doors: a wrong tenant does not exist, a wrong role may not, a role above counts below."""

import pytest

from handlers.access import (
    PLACE_RIGHTS,
    ROLE_RIGHTS,
    Forbidden,
    Grant,
    NotFound,
    Right,
    Viewer,
    access_compound,
    access_compounds,
    access_platform,
    access_region,
    access_regions,
    load_viewer,
)
from handlers.people.enrol import CompoundEntry, RegionEntry
from storage.database import Database
from storage.queries.accounts import end_roles_of
from storage.queries.cycles import list_readers
from storage.queries.people import put_role
from storage.states import RegionLevel, Role, RoleSource
from storage.tables import Compound, Person
from tests.handlers.neighbours import appoint
from tests.handlers.talk import Talk, compound

OTHER = CompoundEntry("LH-2", "兰花里", (RegionEntry(RegionLevel.DISTRICT, "440198", "东湾区"),), (), ())


def viewer(*grants: tuple[Role, str]) -> Viewer:
    return Viewer(1, tuple(Grant(*grant) for grant in grants))


@pytest.fixture
async def city(talk: Talk) -> Database:
    await talk.enrol(OTHER)
    return talk.database


@pytest.mark.parametrize("scope", ["XH-1", "440199001", "440199"])
async def test_a_role_counts_at_its_node_and_below(city: Database, scope: str) -> None:
    who = viewer((Role.SECRETARY, scope))
    async with city.read() as session:
        opened = await access_compound(session, who, "XH-1", Right.SEE_DIGEST)
        assert (opened.name, opened.codes) == ("新禾苑", None)
        with pytest.raises(NotFound):
            await access_compound(session, who, "LH-2", Right.SEE_DIGEST)
        assert [one.compound.code for one in await access_compounds(session, who)] == ["XH-1"]


async def test_a_district_of_1249_compounds_is_seen_whole(city: Database) -> None:
    async with city.write() as session:
        session.add_all(
            Compound(code=f"Q-{number}", name=f"清平{number:04}号院", region_code="440199")
            for number in range(1249)
        )
    who = viewer((Role.COMMUNITY_WORKER, "440199"))
    async with city.read() as session:
        assert len(await access_compounds(session, who)) == 1250


OF_VOTES = {
    Right.RUN_VOTES,
    Right.SEE_VOTES,
    Right.DECIDE,
    Right.SEE_EVIDENCE,
    Right.KEEP_ROLL,
    Right.ENTER_PAPERS,
}


def test_the_property_company_sees_of_votes_what_everybody_sees() -> None:
    assert not ROLE_RIGHTS[Role.PROPERTY] & OF_VOTES


def test_who_runs_votes_does_not_open_ballots() -> None:
    for role, rights in ROLE_RIGHTS.items():
        assert not {Right.RUN_VOTES, Right.SEE_EVIDENCE} <= rights, role


def test_grid_workers_find_places_of_a_campaign_and_do_not_run_it() -> None:
    assert {role for role, rights in ROLE_RIGHTS.items() if Right.ADD_PLACES in rights} == {
        Role.SECRETARY,
        Role.COMMUNITY_WORKER,
        Role.GRID_WORKER,
    }
    assert not ROLE_RIGHTS[Role.GRID_WORKER] & {Right.RUN_OVERSIGHT, Right.SEE_OVERSIGHT}


@pytest.mark.parametrize("role", Role)
async def test_each_role_opens_exactly_what_the_table_says(city: Database, role: Role) -> None:
    who = viewer((role, "XH-1"))
    opened = set()
    async with city.read() as session:
        for right in Right:
            try:
                await access_compound(session, who, "XH-1", right)
            except Forbidden:
                continue
            opened.add(right)
        (standing,) = await access_compounds(session, who)
    assert opened == standing.rights == ROLE_RIGHTS[role]


@pytest.mark.parametrize("role", Role)
async def test_a_role_on_a_building_opens_what_has_a_place_there_and_no_digest(
    city: Database, role: Role
) -> None:
    who = viewer((role, "XH-1/3"))
    opened = set()
    async with city.read() as session:
        for right in Right:
            try:
                assert (await access_compound(session, who, "XH-1", right)).codes == ("3",)
            except Forbidden:
                continue
            opened.add(right)
        (standing,) = await access_compounds(session, who)
        with pytest.raises(NotFound):
            await access_compound(session, who, "LH-2", Right.SEE_WEEK)
    of_the_whole = {
        Right.SEE_DIGEST,
        Right.SEE_OUTBOX,
        Right.MERGE,
        Right.RUN_POLLS,
        Right.SEE_TOPICS,
        Right.SEE_CONSULTATIONS,
        Right.RUN_CONSULTATIONS,
        Right.KEEP_POINTS,
        Right.SET_HAZARDS,
        Right.SEE_OVERSIGHT,
        Right.RUN_OVERSIGHT,
        Right.ADD_PLACES,
        Right.ANSWER_RATES,
        Right.BIND_OWNERS,
        Right.KEEP_COMPOUND,
        Right.SEE_GRID,
        Right.RUN_SURVEYS,
        Right.SEE_SURVEYS,
        *OF_VOTES,
    }
    assert opened == standing.rights == ROLE_RIGHTS[role] - of_the_whole


async def test_a_role_on_the_whole_is_not_narrowed_by_one_on_a_part(city: Database) -> None:
    who = viewer((Role.SECRETARY, "XH-1/3"), (Role.DUTY, "440199"), (Role.GRID_WORKER, "XH-1/12"))
    async with city.read() as session:
        watched = await access_compound(session, who, "XH-1", Right.SEE_ALERTS)
        week = await access_compound(session, who, "XH-1", Right.SEE_WEEK)
        either = await access_compound(session, who, "XH-1", Right.SEE_WEEK, Right.SEE_ALERTS)
        with pytest.raises(Forbidden):
            await access_compound(session, who, "XH-1", Right.SEE_DIGEST)
    assert (watched.codes, watched.name) == (None, "新禾苑")
    assert (week.codes, week.name) == (("12", "3"), "新禾苑12栋、3栋")
    assert either.codes is None


async def test_a_building_that_is_not_there_opens_nothing(city: Database) -> None:
    who = viewer((Role.SECRETARY, "XH-1/99"))
    async with city.read() as session:
        with pytest.raises(Forbidden):
            await access_compound(session, who, "XH-1", Right.SEE_WEEK)
        assert [one.rights for one in await access_compounds(session, who)] == [frozenset()]


@pytest.mark.parametrize("scope", ["XH-1/3", "XH-1/3-2"])
async def test_a_role_on_a_building_gets_no_digest(city: Database, talk: Talk, scope: str) -> None:
    readers = {}
    for place in ("XH-1", scope):
        readers[place] = await appoint(talk, f"u-{place[5:]}", Role.SECRETARY, place)
    async with city.read() as session:
        assert await list_readers(session, [1], [Role.SECRETARY]) == [(1, readers["XH-1"])]


@pytest.mark.parametrize(("own", "other"), [("XH-1", "XH-10"), ("XH-10", "XH-1")])
async def test_a_code_that_begins_alike_is_another_compound(
    city: Database, talk: Talk, own: str, other: str
) -> None:
    await talk.enrol(compound("XH-10", "新禾东苑"))
    async with city.read() as session:
        for scope in (own, f"{own}/3"):
            who = viewer((Role.SECRETARY, scope))
            with pytest.raises(NotFound):
                await access_compound(session, who, other, Right.SEE_WEEK)
            assert [one.compound.code for one in await access_compounds(session, who)] == [own]


async def test_a_region_is_open_to_a_role_on_it_or_above_and_never_from_below(city: Database) -> None:
    async with city.read() as session:
        for scope in ("440199", "440199001"):
            who = viewer((Role.SECRETARY, scope))
            opened = await access_region(session, who, "440199001", Right.SEE_DIGEST)
            assert opened.region.code == "440199001"
            assert [one.code for one in await access_regions(session, who, Right.SEE_DIGEST)] == [scope]
        for scope in ("XH-1", "440198", "440199001/3"):
            with pytest.raises(NotFound):
                await access_region(session, viewer((Role.SECRETARY, scope)), "440199001", Right.SEE_DIGEST)
        with pytest.raises(NotFound):  # a role on a part does not open the whole
            await access_region(session, viewer((Role.SECRETARY, "440199001")), "440199", Right.SEE_DIGEST)
        with pytest.raises(NotFound):
            await access_region(session, viewer((Role.SECRETARY, "440199")), "NO-9", Right.SEE_DIGEST)
        # The property company reads no digest, not of a hundred compounds either.
        company = viewer((Role.PROPERTY, "440199"))
        with pytest.raises(Forbidden):
            await access_region(session, company, "440199001", Right.SEE_DIGEST)
        assert await access_regions(session, company, Right.SEE_DIGEST) == []


async def test_nobody_has_nothing(city: Database) -> None:
    async with city.read() as session:
        assert await access_compounds(session, viewer()) == []
        for code in ("XH-1", "LH-2", "NO-9", ""):
            with pytest.raises(NotFound):
                await access_compound(session, viewer(), code, Right.SEE_WEEK)
        with pytest.raises(Forbidden):
            await access_platform(session, viewer(), Right.SEE_OUTBOX)


@pytest.mark.parametrize(
    ("scopes", "is_open"),
    [
        (("XH-1",), False),
        (("440199",), False),
        (("XH-1/3", "LH-2"), False),
        (("440199001", "LH-2"), True),
        (("440199", "440198"), True),
    ],
)
async def test_rows_of_no_compound_are_for_who_operates_all(
    city: Database, scopes: tuple[str, ...], is_open: bool
) -> None:
    operator = viewer(*((Role.OPERATOR, scope) for scope in scopes))
    secretary = viewer(*((Role.SECRETARY, scope) for scope in scopes))
    async with city.read() as session:
        if is_open:
            await access_platform(session, operator, Right.SEE_OUTBOX)
        else:
            with pytest.raises(Forbidden):
                await access_platform(session, operator, Right.SEE_OUTBOX)
        with pytest.raises(Forbidden):
            await access_platform(session, secretary, Right.SEE_OUTBOX)


async def test_ended_roles_do_not_count(city: Database, talk: Talk) -> None:
    async with city.write() as session:
        person = Person(created_at=talk.now)
        session.add(person)
        await session.flush()
        assert person.person_id is not None
        await put_role(
            session, person.person_id, Role.SECRETARY, "XH-1", "书记", False, RoleSource.STAFF, talk.now
        )
    async with city.write() as session:
        assert (await load_viewer(session, person.person_id)).grants == (Grant(Role.SECRETARY, "XH-1"),)
        assert await end_roles_of(session, person.person_id, talk.now) == 1
    async with city.read() as session:
        assert (await load_viewer(session, person.person_id)).grants == ()


def test_who_goes_round_single_buildings_adds_no_places_to_campaigns() -> None:
    """Their page lists the matters of the whole compound."""
    assert Right.ADD_PLACES in ROLE_RIGHTS[Role.GRID_WORKER]
    assert Right.ADD_PLACES not in PLACE_RIGHTS
