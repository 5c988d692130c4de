"""How long one stays signed in, and what ends it."""

from datetime import timedelta

import pytest
from sqlmodel import col, select, update

from handlers.people.sign_in import IDLE, LONGEST
from handlers.people.staff import disable_staff
from storage.queries.accounts import end_roles_of, forget_sign_ins
from storage.queries.people import put_role
from storage.states import Role, RoleSource, SessionKind
from storage.tables import AlertEpisode, ChannelIdentity, RoleGrant, WebSession
from tests.web.town import HERE, Browser, Town, episode, staff_account

STAFF, RESIDENT = SessionKind.STAFF, SessionKind.RESIDENT
PAGES = {STAFF: "/console", RESIDENT: "/h5"}


async def enter(town: Town, kind: SessionKind) -> Browser:
    return await (town.as_staff("secretary") if kind is STAFF else town.as_resident())


async def sessions(town: Town) -> list[WebSession]:
    async with town.site.database.read() as session:
        return list((await session.exec(select(WebSession).order_by(col(WebSession.created_at)))).all())


@pytest.mark.parametrize("kind", [STAFF, RESIDENT])
async def test_a_session_that_is_left_alone_ends(town: Town, kind: SessionKind) -> None:
    browser = await enter(town, kind)
    town.clock.forward(IDLE[kind] - timedelta(seconds=1))
    assert (await browser.get(PAGES[kind])).status == 200
    town.clock.forward(IDLE[kind] - timedelta(seconds=1))
    assert (await browser.get(PAGES[kind])).status == 200
    town.clock.forward(IDLE[kind])
    assert (await browser.get(PAGES[kind])).status == 303


@pytest.mark.parametrize("kind", [STAFF, RESIDENT])
async def test_a_session_that_is_in_use_ends_all_the_same(town: Town, kind: SessionKind) -> None:
    browser = await enter(town, kind)
    step, end = IDLE[kind] / 2, town.clock.now + LONGEST[kind]
    while town.clock.now + step < end:
        town.clock.forward(step)
        assert (await browser.get(PAGES[kind])).status == 200
    town.clock.now = end
    assert (await browser.get(PAGES[kind])).status == 303


async def test_that_it_is_in_use_is_written_once_a_minute(town: Town) -> None:
    browser = await town.as_staff("secretary")
    began = town.clock.now
    town.clock.forward(timedelta(seconds=59))
    await browser.get("/console")
    assert (await sessions(town))[0].seen_at == began
    town.clock.forward(timedelta(seconds=1))
    await browser.get("/console")
    assert (await sessions(town))[0].seen_at == town.clock.now


async def test_signing_out_ends_this_browser_only(town: Town) -> None:
    one, other = await town.as_staff("secretary"), await town.as_staff("secretary")
    stolen = dict(one.cookies)
    page = await one.submit("/console", "/console/sign-out")
    assert page.location == "/console/sign-in"
    assert "Max-Age=0" in page.cookie("__Host-yishi-staff")
    one.cookies = stolen
    assert (await one.get("/console")).status == 303
    assert (await other.get("/console")).status == 200


async def test_signing_out_everywhere_ends_all_of_ones_own(town: Town) -> None:
    one, other = await town.as_staff("secretary"), await town.as_staff("secretary")
    colleague = await town.as_staff("property")
    await one.submit("/console", "/console/sign-out-everywhere")
    assert [(await who.get("/console")).status for who in (one, other, colleague)] == [303, 303, 200]


async def test_a_session_planted_in_the_browser_opens_nothing_for_who_planted_it(town: Town) -> None:
    planted = "p" * 43
    victim = town.browser()
    victim.cookies["__Host-yishi-staff"] = planted
    thief = Browser(town.http, town.base, dict(victim.cookies))
    await town.as_staff("secretary", victim)
    assert victim.cookies["__Host-yishi-staff"] != planted
    assert (await victim.get("/console")).status == 200
    assert (await thief.get("/console")).status == 303


async def test_signing_in_again_ends_the_session_before(town: Town) -> None:
    browser = await town.as_staff("secretary")
    before = Browser(town.http, town.base, dict(browser.cookies))
    link = await _link(town)
    await browser.submit(link, link)
    assert (await browser.get("/console")).status == 200
    assert (await before.get("/console")).status == 303


async def _link(town: Town) -> str:
    from handlers.people.sign_in import make_link

    async with town.site.database.write() as session:
        token = await make_link(session, town.sealer, town.people["secretary"], town.clock.now)
    return f"/console/link/{token}"


async def test_ended_roles_end_the_session_for_good(town: Town) -> None:
    browser, person_id = await town.as_staff("secretary"), town.people["secretary"]
    async with town.site.database.write() as session:
        await end_roles_of(session, person_id, town.clock.now)
    assert (await browser.get("/console/XH-1")).status == 303
    async with town.site.database.write() as session:
        await put_role(
            session, person_id, Role.SECRETARY, HERE, "书记", False, RoleSource.STAFF, town.clock.now
        )
    assert (await browser.get("/console")).status == 303
    assert (await sessions(town))[0].revoked_at == town.clock.now


async def test_a_changed_role_counts_at_once(town: Town) -> None:
    browser = await town.as_staff("secretary")
    async with town.site.database.write() as session:
        await session.exec(
            update(RoleGrant)
            .where(col(RoleGrant.person_id) == town.people["secretary"])
            .values(role=Role.DUTY)
        )
    assert (await browser.get("/console/XH-1")).status == 403
    assert (await browser.get("/console/XH-1/alerts")).status == 200


async def test_a_disabled_account_is_out_at_once(town: Town) -> None:
    browser = await town.as_staff("secretary")
    async with town.site.database.write() as session:
        session.add(staff_account(town.people["secretary"], "chen", "", town.clock.now))
    link = await _link(town)
    async with town.site.database.write() as session:
        await disable_staff(session, "Chen", town.clock.now)
    assert (await browser.get("/console")).status == 303
    assert (await town.browser().get(link)).status == 404


async def test_a_resident_who_was_forgotten_is_out_at_once(town: Town) -> None:
    browser = await town.as_resident()
    async with town.site.database.write() as session:
        for identity in (await session.exec(select(ChannelIdentity))).all():
            if identity.external_id == "o-resident":
                await session.delete(identity)
    assert (await browser.get("/h5")).status == 303


async def test_one_kind_of_session_is_not_the_other(town: Town) -> None:
    staff, resident = await town.as_staff("secretary"), await town.as_resident()
    (of_staff,), (of_resident,) = staff.cookies.values(), resident.cookies.values()
    resident.cookies["__Host-yishi-staff"] = of_resident
    staff.cookies["__Host-yishi-h5"] = of_staff
    assert (await resident.get("/console")).status == 303
    assert (await staff.get("/h5")).status == 303


async def test_the_long_session_of_a_secretary_who_lives_here_opens_no_console(town: Town) -> None:
    async with town.site.database.write() as session:
        person_id = town.people["secretary"]
        session.add(
            ChannelIdentity(
                account="main", external_id="o-chen", person_id=person_id, first_seen_at=town.clock.now
            )
        )
    browser = await town.as_resident(openid="o-chen")
    browser.cookies["__Host-yishi-staff"] = browser.cookies["__Host-yishi-h5"]
    assert (await browser.get("/h5")).status == 200
    assert (await browser.get("/console")).status == 303


async def test_what_ended_long_ago_is_dropped(town: Town) -> None:
    await town.as_staff("secretary")
    kept = await town.as_resident()
    town.clock.forward(timedelta(days=2))
    async with town.site.database.write() as session:
        assert await forget_sign_ins(session, town.clock.now - timedelta(days=1)) == 2  # and the spent state
    assert [row.kind for row in await sessions(town)] == [RESIDENT]
    assert (await kept.get("/h5")).status == 200


async def test_what_was_done_stays_done_when_only_its_use_cannot_be_noted(town: Town) -> None:
    browser = await town.as_staff("duty")
    csrf = (await browser.get("/console")).csrf
    town.clock.forward(timedelta(minutes=2))
    database = town.site.database
    async with database.write() as session:
        session.add(episode(1, 1, town.clock.now))
        connection = await session.connection()
        if database.is_sqlite:
            statements = [
                "CREATE TRIGGER broken BEFORE UPDATE OF seen_at ON web_sessions "
                "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            ]
        else:
            statements = [
                "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'disk full'; END $$",
                "CREATE TRIGGER broken BEFORE UPDATE OF seen_at ON web_sessions "
                "FOR EACH ROW EXECUTE FUNCTION broken()",
            ]
        for statement in statements:
            await connection.exec_driver_sql(statement)
    page = await browser.post("/console/XH-1/alerts/1", {"csrf": csrf})
    assert (page.status, page.location) == (303, "/console/XH-1/alerts")
    async with database.read() as session:
        assert (await session.get_one(AlertEpisode, (1, 1))).acknowledged_at == town.clock.now
