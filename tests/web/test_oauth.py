"""Being told by the platform who it is: for staff of a corp, for residents of a service account."""

import asyncio
import re
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.channels.official_account import Visitor
from storage.tables import ChannelIdentity, WebSession
from tests.web.town import Browser, Page, Town, query_of

AREAS = {"/console": "corp", "/h5": "main"}


async def leave(browser: Browser, area: str, wanted: str = "") -> dict[str, str]:
    """Go to the platform; returns what it was sent along."""
    page = await browser.get(f"{area}/sign-in/{AREAS[area]}" + (f"?next={wanted}" if wanted else ""))
    assert page.location.startswith("https://open.weixin.qq.com/")
    return query_of(page.location)


def issue(town: Town, area: str, code: str, who: str = "secretary") -> None:
    if area == "/console":
        town.corp.codes[code] = f"u-{who}"
    else:
        town.service.codes[code] = Visitor(f"o-{who}", "", is_snapshot=False)


async def come_back(browser: Browser, area: str, code: str, state: str, more: str = "") -> Page:
    return await browser.get(f"{area}/sign-in/{AREAS[area]}/back?code={code}&state={state}{more}")


async def arrive(town: Town, area: str, who: str = "secretary") -> tuple[Browser, Page]:
    browser = town.browser()
    sent = await leave(browser, area)
    issue(town, area, "code-1", who)
    return browser, await come_back(browser, area, "code-1", sent["state"])


@pytest.mark.parametrize("area", AREAS)
async def test_whoever_the_platform_says_is_signed_in(town: Town, area: str) -> None:
    browser = town.browser()
    sent = await leave(browser, area)
    assert sent["redirect_uri"] == f"https://yishi.example.org{area}/sign-in/{AREAS[area]}/back"
    assert re.fullmatch("[A-Za-z0-9]{1,128}", sent["state"])  # what the platforms take
    issue(town, area, "code-1")
    page = await come_back(browser, area, "code-1", sent["state"])
    assert (page.status, page.location) == (303, area)
    assert (await browser.get(area)).status == 200
    assert "__Host-yishi-oauth" not in browser.cookies


@pytest.mark.parametrize("area", AREAS)
async def test_the_cookie_of_the_way_is_as_guarded_as_the_session(town: Town, area: str) -> None:
    page = await town.browser().get(f"{area}/sign-in/{AREAS[area]}")
    cookie = page.cookie("__Host-yishi-oauth").lower()
    for flag in ("httponly", "samesite=lax", "secure", "path=/", "max-age=600"):
        assert flag in cookie


async def test_the_page_one_wanted_comes_next(town: Town) -> None:
    browser = town.browser()
    sent = await leave(browser, "/console", "/console/XH-1/alerts")
    issue(town, "/console", "code-1")
    page = await come_back(browser, "/console", "code-1", sent["state"])
    assert page.location == "/console/XH-1/alerts"


@pytest.mark.parametrize("area", AREAS)
async def test_who_did_not_leave_from_here_is_refused(town: Town, area: str) -> None:
    thief = town.browser()
    sent = await leave(thief, area)
    issue(town, area, "code-1", "secretary")
    # The victim's browser is made to open the thief's return address (login CSRF).
    victim = town.browser()
    assert (await come_back(victim, area, "code-1", sent["state"])).status == 403
    await leave(victim, area)  # and it has a way of its own under way
    assert (await come_back(victim, area, "code-1", sent["state"])).status == 403
    assert "code-1" in {**town.corp.codes, **town.service.codes}  # the platform was not even asked


@pytest.mark.parametrize("area", AREAS)
async def test_a_code_and_its_state_work_once(town: Town, area: str) -> None:
    browser = town.browser()
    sent = await leave(browser, area)
    on_the_way = dict(browser.cookies)
    issue(town, area, "code-1")
    assert (await come_back(browser, area, "code-1", sent["state"])).status == 303

    again = Browser(town.http, town.base, dict(on_the_way))
    assert (await come_back(again, area, "code-1", sent["state"])).status == 403
    issue(town, area, "code-2")  # a fresh code does not make the state fresh
    again.cookies = dict(on_the_way)
    assert (await come_back(again, area, "code-2", sent["state"])).status == 403
    async with town.site.database.read() as session:
        assert len((await session.exec(select(WebSession))).all()) == 1


@pytest.mark.parametrize("area", AREAS)
async def test_of_two_replicas_that_see_one_state_one_signs_in(town: Town, second: Town, area: str) -> None:
    browser = town.browser()
    sent = await leave(browser, area)
    other = Browser(second.http, second.base, dict(browser.cookies))
    issue(town, area, "code-1")
    issue(town, area, "code-2")
    pages = await asyncio.gather(
        come_back(browser, area, "code-1", sent["state"]), come_back(other, area, "code-2", sent["state"])
    )
    assert sorted(page.status for page in pages) == [303, 403]


@pytest.mark.parametrize("area", AREAS)
async def test_a_way_of_more_than_ten_minutes_is_too_long(town: Town, area: str) -> None:
    browser = town.browser()
    sent = await leave(browser, area)
    issue(town, area, "code-1")
    town.clock.forward(timedelta(minutes=10, seconds=1))
    assert (await come_back(browser, area, "code-1", sent["state"])).status == 403


@pytest.mark.parametrize("area", AREAS)
async def test_a_state_is_for_one_kind_of_sign_in(town: Town, area: str) -> None:
    browser = town.browser()
    sent = await leave(browser, area)
    (other,) = [one for one in AREAS if one != area]
    issue(town, other, "code-1")
    assert (await come_back(browser, other, "code-1", sent["state"])).status == 403


@pytest.mark.parametrize(
    ("code", "state"),
    [("", ""), ("code-1", ""), ("code-1", "f" * 64), ("code-1", "%00"), ("x" * 513, ""), ("a%0d%0ab", "%ff")],
)
@pytest.mark.parametrize("area", AREAS)
async def test_odd_returns_are_refused(town: Town, area: str, code: str, state: str) -> None:
    browser = town.browser()
    await leave(browser, area)
    issue(town, area, "code-1")
    assert (await come_back(browser, area, code, state)).status == 403


@pytest.mark.parametrize("area", AREAS)
async def test_a_platform_that_does_not_answer_is_said_plainly(town: Town, area: str) -> None:
    browser = town.browser()
    sent = await leave(browser, area)
    page = await come_back(browser, area, "silence", sent["state"])
    assert page.status == 503
    assert "请过一分钟再试" in page.text


async def test_somebody_who_is_not_of_the_corp_is_refused(town: Town) -> None:
    browser = town.browser()
    sent = await leave(browser, "/console")
    town.corp.codes["code-1"] = ""
    assert (await come_back(browser, "/console", "code-1", sent["state"])).status == 403


async def test_an_openid_in_the_address_is_not_looked_at(town: Town) -> None:
    browser = town.browser()
    sent = await leave(browser, "/h5")
    issue(town, "/h5", "code-1", "lin")
    await come_back(browser, "/h5", "code-1", sent["state"], "&openid=o-zhao&unionid=u-zhao")
    await browser.get("/h5?openid=o-zhao")
    async with town.site.database.read() as session:
        known = (await session.exec(select(ChannelIdentity.external_id))).all()
    assert "o-lin" in known
    assert "o-zhao" not in known


async def test_a_member_nobody_has_given_a_role_is_refused(town: Town) -> None:
    _, page = await arrive(town, "/console", "stranger")
    assert page.status == 403
    async with town.site.database.read() as session:
        known = (await session.exec(select(ChannelIdentity.external_id))).all()
    assert "u-stranger" not in known


async def test_a_resident_who_never_wrote_becomes_known_but_does_not_follow(town: Town) -> None:
    browser, _ = await arrive(town, "/h5", "new")
    assert (await browser.get("/h5")).status == 200
    async with town.site.database.read() as session:
        statement = select(ChannelIdentity).where(ChannelIdentity.external_id == "o-new")
        identity = (await session.exec(statement)).one()
    assert (identity.account, identity.following) == ("main", False)


async def test_a_resident_who_wrote_before_is_the_same_person(town: Town) -> None:
    await arrive(town, "/h5", "lin")
    await arrive(town, "/h5", "lin")
    async with town.site.database.read() as session:
        people = {row.person_id for row in (await session.exec(select(WebSession))).all()}
    assert len(people) == 1


async def test_a_snapshot_may_look_but_not_act(town: Town) -> None:
    browser = town.browser()
    sent = await leave(browser, "/h5")
    town.service.codes["code-1"] = Visitor("o-virtual", "", is_snapshot=True)
    await come_back(browser, "/h5", "code-1", sent["state"])
    page = await browser.get("/h5")
    assert "使用完整服务" in page.text
    assert (await browser.post("/h5/sign-out-everywhere", {"csrf": page.csrf})).status == 403
    assert (await browser.get("/h5")).status == 200
    assert (await browser.post("/h5/sign-out", {"csrf": page.csrf})).status == 303
    assert (await browser.get("/h5")).status == 303


async def test_a_residents_session_outlives_the_browser(town: Town) -> None:
    _, page = await arrive(town, "/h5", "lin")
    assert "Max-Age=2592000" in page.cookie("__Host-yishi-h5")


async def test_unknown_accounts_are_not_there(town: Town) -> None:
    for path in ("/console/sign-in/main", "/h5/sign-in/corp", "/h5/sign-in/..", "/console/sign-in/x/back"):
        assert (await town.browser().get(path)).status == 404


@pytest.mark.parametrize("public_url", [""])
async def test_without_an_address_nobody_is_sent_away(town: Town) -> None:
    browser = town.browser()
    assert (await browser.get("/console/sign-in/corp")).status == 404
    assert "用企业微信登录" not in (await browser.get("/console/sign-in")).text
    page = await browser.get("/h5/sign-in")
    assert (page.status, "还没有开通" in page.text) == (200, True)
