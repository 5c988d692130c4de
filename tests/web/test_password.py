"""Signing in with a password: what is told, what locks, what the cookies are."""

import asyncio
import time
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.web.limits import Turnstile
from handlers.people.passwords import hash_password
from storage.tables import AuditEvent, StaffAccount, WebSession
from tests.web.town import PASSWORD, Browser, Page, Town, staff_account

HASH = hash_password(PASSWORD)


@pytest.fixture
async def chen(town: Town) -> Town:
    """The secretary has an account."""
    async with town.site.database.write() as session:
        session.add(staff_account(town.people["secretary"], "chen", HASH, town.clock.now))
    return town


async def attempt(browser: Browser, username: str, password: str, **more: str) -> Page:
    form = {"username": username, "password": password, **more}
    return await browser.submit("/console/sign-in", "/console/sign-in", form)


async def account(town: Town) -> StaffAccount:
    async with town.site.database.read() as session:
        return (await session.exec(select(StaffAccount))).one()


async def test_the_right_password_opens_the_console(chen: Town) -> None:
    browser = chen.browser()
    page = await attempt(browser, "  Ｃhen ", PASSWORD)
    assert (page.status, page.location) == (303, "/console")
    assert "新禾苑" in (await browser.get("/console")).text
    cookie = page.cookie("__Host-yishi-staff").lower()
    for flag in ("httponly", "samesite=lax", "secure", "path=/"):
        assert flag in cookie
    assert "max-age" not in cookie  # gone with the browser
    assert "domain" not in cookie
    async with chen.site.database.read() as session:
        (row,) = (await session.exec(select(WebSession))).all()
    assert browser.cookies["__Host-yishi-staff"].encode() not in row.token_hash


@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8080"])
async def test_without_https_the_cookie_has_no_prefix_that_browsers_would_refuse(chen: Town) -> None:
    browser = chen.browser()
    page = await attempt(browser, "chen", PASSWORD)
    cookie = page.cookie("yishi-staff").lower()
    assert "secure" not in cookie
    assert "httponly" in cookie
    assert "Strict-Transport-Security" not in page.headers


@pytest.mark.parametrize(
    ("wanted", "destination"),
    [
        ("/console/XH-1/alerts", "/console/XH-1/alerts"),
        ("//evil.example/console", "/console"),
        ("/console//evil.example", "/console"),
        ("https://evil.example", "/console"),
        ("/console/\\evil.example", "/console"),
        ("/console/../h5", "/console"),
        ("/consoles", "/console"),
        ("/h5", "/console"),
        ("/console/sign-in", "/console"),
    ],
)
async def test_only_a_page_of_ours_comes_next(chen: Town, wanted: str, destination: str) -> None:
    page = await attempt(chen.browser(), "chen", PASSWORD, next=wanted)
    assert page.location == destination


async def test_where_one_wanted_to_go_is_kept_through_the_sign_in(chen: Town) -> None:
    browser = chen.browser()
    sent = await browser.get("/console/XH-1/alerts")
    assert sent.location == "/console/sign-in?next=/console/XH-1/alerts"
    assert 'name="next" value="/console/XH-1/alerts"' in (await browser.get(sent.location)).text


async def test_unknown_wrong_locked_and_disabled_get_the_same_answer(chen: Town) -> None:
    browser = chen.browser()

    async def answer(username: str, password: str) -> tuple[int, str]:
        page = await attempt(browser, username, password)
        assert "Set-Cookie" not in page.headers
        return page.status, page.text.replace(username, "NAME")

    wrong = await answer("chen", "not the password")
    unknown = await answer("nobody-here", PASSWORD)
    for _ in range(4):
        await answer("chen", "not the password")
    assert (await account(chen)).locked_until is not None
    locked = await answer("chen", PASSWORD)
    async with chen.site.database.write() as session:
        row = (await session.exec(select(StaffAccount))).one()
        row.locked_until, row.failures, row.disabled_at = None, 0, chen.clock.now
    disabled = await answer("chen", PASSWORD)
    assert wrong == unknown == locked == disabled
    assert wrong[0] == 403


@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8080"])
async def test_an_unknown_name_takes_as_long_as_a_known_one(chen: Town) -> None:
    async def seconds(username: str) -> float:
        browser = chen.browser()
        csrf = (await browser.get("/console/sign-in")).csrf
        # Of the processor: the wall clock depends on what else the machine does.
        started = time.process_time()
        await browser.post(
            "/console/sign-in", {"csrf": csrf, "username": username, "password": "wrong password"}
        )
        return time.process_time() - started

    known = min([await seconds("chen") for _ in range(3)])
    unknown = min([await seconds(f"nobody-{number}") for number in range(3)])
    assert 0.5 < unknown / known < 2


async def test_the_fifth_failure_locks_for_a_quarter_of_an_hour_and_the_next_for_twice_that(
    chen: Town,
) -> None:
    browser = chen.browser()
    for _ in range(4):
        await attempt(browser, "chen", "wrong")
    assert (await account(chen)).locked_until is None
    await attempt(browser, "CHEN", "wrong")
    assert (await account(chen)).locked_until == chen.clock.now + timedelta(minutes=15)
    assert (await attempt(browser, "chen", PASSWORD)).status == 403

    chen.clock.forward(timedelta(minutes=15))
    await attempt(browser, "chen", "wrong")
    assert (await account(chen)).locked_until == chen.clock.now + timedelta(minutes=30)

    chen.clock.forward(timedelta(minutes=30))
    assert (await attempt(browser, "chen", PASSWORD)).status == 303
    row = await account(chen)
    assert (row.failures, row.locked_until) == (0, None)
    async with chen.site.database.read() as session:
        verbs = [event.verb for event in (await session.exec(select(AuditEvent))).all()]
    assert verbs.count("staff.locked") == 2
    assert verbs.count("staff.signed_in") == 1


async def test_many_guesses_at_once_are_no_more_guesses(chen: Town) -> None:
    chen.site.hashing = Turnstile(inside=4, waiting=40)
    browsers = [chen.browser() for _ in range(12)]
    guesses = ["wrong"] * 11 + [PASSWORD]  # the right one comes when the account is locked already
    forms = [await browser.get("/console/sign-in") for browser in browsers]

    async def guess(number: int) -> int:
        await asyncio.sleep(0.2 * (number == 11))
        form = {"csrf": forms[number].csrf, "username": "chen", "password": guesses[number]}
        return (await browsers[number].post("/console/sign-in", form)).status

    assert set(await asyncio.gather(*map(guess, range(12)))) == {403}
    assert (await account(chen)).failures == 5


async def test_a_crowd_is_sent_away_before_it_costs_anything(chen: Town) -> None:
    chen.site.hashing = Turnstile(inside=1, waiting=1)
    browsers = [chen.browser() for _ in range(6)]
    forms = [await browser.get("/console/sign-in") for browser in browsers]
    pages = await asyncio.gather(
        *(
            browser.post("/console/sign-in", {"csrf": form.csrf, "username": "nobody", "password": "x"})
            for browser, form in zip(browsers, forms, strict=True)
        )
    )
    assert sorted(page.status for page in pages) == [403, 403, 429, 429, 429, 429]
    crowded = next(page for page in pages if page.status == 429)
    assert crowded.headers["Retry-After"] == "60"
    assert "请等一分钟再试" in crowded.text


@pytest.mark.parametrize(
    "username", ["", "a\0b", "'; DROP", "x" * 9000, "陈\ud800".encode("utf-8", "replace")]
)
async def test_what_cannot_be_a_username_is_simply_wrong(chen: Town, username: str) -> None:
    page = await chen.browser().submit(
        "/console/sign-in", "/console/sign-in", {"username": username, "password": "a\0b"}
    )
    assert page.status == 403


async def test_the_password_of_somebody_without_a_role_opens_nothing(chen: Town) -> None:
    async with chen.site.database.write() as session:
        from storage.queries.accounts import end_roles_of

        await end_roles_of(session, chen.people["secretary"], chen.clock.now)
    assert (await attempt(chen.browser(), "chen", PASSWORD)).status == 403
