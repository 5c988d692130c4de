"""Forms of other sites, forms that are too big, and what every answer carries."""

import asyncio
import re
from pathlib import Path

import pytest

from bot.web.pages import ROUTES
from handlers.voting import words
from tests.web.town import Browser, Page, Town

POSTS = [route for route in ROUTES if route.method == "POST"]
OWN = "https://yishi.example.org"


def address(path: str) -> str:
    """A path with something in each of its places."""
    named = {"token": "t" * 43, "compound": "XH-1", "account": "corp", "week": "2026-03-02"}
    return re.sub(r"{(\w+)}", lambda place: named.get(place[1], "1"), path)


async def token(browser: Browser) -> str:
    return (await browser.get("/console/sign-in")).csrf


@pytest.mark.parametrize("csrf", ["", "0" * 64, "ü"])
async def test_no_post_gets_past_without_the_token(town: Town, csrf: str) -> None:
    past = []
    for browser in (town.browser(), await town.as_staff("secretary"), await town.as_resident()):
        for route in POSTS:
            page = await browser.post(address(route.path), {"csrf": csrf})
            if page.status != 403 or "这一页放得太久了" not in page.text or "Set-Cookie" in page.headers:
                past.append((route.path, page.status))
    assert len(POSTS) > 50
    assert past == []


async def test_the_token_of_another_browser_is_worth_nothing(town: Town) -> None:
    one, other = await town.as_staff("secretary"), await town.as_staff("secretary")
    page = await one.post("/console/sign-out", {"csrf": await token(other)})
    assert page.status == 403
    assert (await one.get("/console")).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Origin": OWN}, 303),
        ({"Origin": OWN, "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://yishi.example.org"}, 403),
        ({"Origin": OWN, "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 400),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 400),
    ],
)
async def test_where_a_form_comes_from(town: Town, headers: dict[str, str], status: int) -> None:
    browser = await town.as_staff("secretary")
    form = {"csrf": await token(browser)}
    assert (await browser.post("/console/sign-out", form, **headers)).status == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("csrf=" + "a" * 17000, 413),
        ("&".join(f"f{number}=1" for number in range(60)), 400),
        ("csrf=%ff%fe", 403),
        ("", 403),
    ],
)
async def test_forms_that_are_too_much(town: Town, body: str, status: int) -> None:
    browser = await town.as_staff("secretary")
    assert (await browser.ask("POST", "/console/sign-out", body)).status == status


@pytest.mark.parametrize("rest", [b"", b"nonsense\r\n"])
async def test_a_form_that_does_not_arrive_is_not_waited_for(town: Town, rest: bytes) -> None:
    town.site.read_seconds = 0.3
    host, port = town.base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = "POST /console/sign-in HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    kind = "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(f"{head}{kind}4\r\ncsrf\r\n".encode())
    await asyncio.sleep(0.1)
    writer.write(rest)
    heard = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    assert heard.split()[1] in (b"400", b"408")


async def test_of_two_tokens_the_last_counts(town: Town) -> None:
    browser = await town.as_staff("secretary")
    body = f"csrf={await token(browser)}&csrf=no"
    assert (await browser.ask("POST", "/console/sign-out", body)).status == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_other_methods_are_not_for_us(town: Town, method: str) -> None:
    browser = await town.as_staff("secretary")
    page = await browser.ask(method, "/console")
    assert page.status in (400, 403, 405)
    assert "Content-Security-Policy" in page.headers
    assert (await browser.get("/console")).status == 200


SCRIPTED = {route.path for route in ROUTES if route.scripted}


def dressed(page: Page, scripts: str = "'none'") -> None:
    policy = dict(
        part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == scripts
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")
    assert page.headers["Server"] == "yishi"


async def test_every_answer_is_dressed(town: Town) -> None:
    paths = {address(route.path) for route in ROUTES}
    for browser in (town.browser(), await town.as_staff("secretary"), await town.as_resident()):
        for path in sorted(paths | {"/console/none/such", "/h5/none", "/static/none.css"}):
            page = await browser.get(path)
            dressed(page, "'self'" if path in SCRIPTED else "'none'")
            assert page.headers["Cache-Control"] == "no-store", path


async def test_files_are_kept_under_a_name_that_changes_with_them(town: Town) -> None:
    for path in town.site.templates.assets:
        page = await town.browser().get(path)
        assert page.status == 200
        dressed(page)
        assert "immutable" in page.headers["Cache-Control"]


async def test_paths_that_are_no_pages_pass_untouched(town: Town) -> None:
    page = await town.browser().get("/wechat/main/callback")
    assert (page.status, page.text) == (200, "callback")
    assert "Content-Security-Policy" not in page.headers
    for path in ("/", "/consolex", "/h5x", "/.env"):
        page = await town.browser().get(path)
        assert (page.status, page.text) == (404, "")


def test_no_template_has_a_script_or_a_style_of_its_own() -> None:
    """The page that checks a receipt asks for a file of ours; nothing runs that stands in a page."""
    assert {"/h5/check"} == SCRIPTED
    for template in (Path(__file__).parents[2] / "bot/web/templates").rglob("*.html"):
        text = template.read_text("utf-8")
        if template.name == "check.html":
            text = text.replace("""<script src="{{ asset['check.js'] }}" defer></script>""", "")
        assert not re.search(
            r"<script|<style|\sstyle=|\son[a-z]+=|javascript:|\|\s*safe", text, re.IGNORECASE
        )


def test_every_word_that_a_template_asks_for_is_there() -> None:
    """A page only fails when somebody opens it: what has lost its name is found here."""
    asked = {
        name
        for template in (Path(__file__).parents[2] / "bot/web/templates").rglob("*.html")
        for name in re.findall(r"\bwords\.([a-z_]+)(?!\w|\")", template.read_text("utf-8"))
    }
    assert "majority_words" in asked
    assert sorted(name for name in asked - {"html"} if not hasattr(words, name)) == []


async def test_a_database_that_is_away_is_said_plainly(town: Town) -> None:
    browser = await town.as_staff("secretary")
    await town.site.database.engine.dispose()
    async with town.site.database.write() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("DROP TABLE web_sessions")
    page = await browser.get("/console")
    assert page.status == 503
    assert "请过一分钟再试" in page.text
    assert "web_sessions" not in page.text
    dressed(page)
