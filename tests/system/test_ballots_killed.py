"""kill -9 while owners vote and papers are keyed in: one ballot, one receipt, nothing lost, and the evidence holds."""

import asyncio
import random
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import aiohttp
import pytest

from bot.app import utc_now
from storage.states import BallotChannel
from tests.system.fleet import Fleet, Server, Setup
from tests.system.polling import OWNERS, SEED, STAFF, Polling, open_polling
from tests.web.hall import hidden, refs_of
from tests.web.town import Browser, Page

KILLS = 2


@dataclass
class Form:
    """A filled-in form whose last button is pressed until there is an answer. location: where that led."""

    browser: Browser
    action: str
    fields: dict[str, str]
    location: str = ""

    async def press(self, base: str) -> None:
        """Press once; without an answer nothing is known."""
        browser = Browser(self.browser.http, base, self.browser.cookies)
        try:
            page = await browser.post(self.action, self.fields)
        except (aiohttp.ClientError, OSError):
            return
        if page.status == 303:
            if "/receipts/" in self.location:
                assert self.location == page.location, "one form, two receipts"
            self.location = page.location

    async def press_and_hear_nothing(self, base: str) -> asyncio.StreamWriter:
        """Press, and never read the answer: the line went dead behind the request."""
        url, body = urlsplit(base), urlencode(self.fields).encode()
        _reader, writer = await asyncio.open_connection(url.hostname, url.port)
        cookies = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())
        head = (
            f"POST {self.action} HTTP/1.1\r\nHost: {url.netloc}\r\nCookie: {cookies}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        return writer


async def _ballot_form(polling: Polling, browser: Browser) -> Form:
    (ref,) = refs_of(await browser.get(polling.path))
    action = f"{polling.path}/ballot/{ref}"
    empty = await browser.get(action)
    name = re.search(r'name="(m-[^"]+)" value="agree"', empty.text)
    assert name is not None, empty.text
    sure = await browser.post(action, hidden(empty, action) | {name[1]: "agree"})
    return Form(browser, f"{action}/cast", hidden(sure, f"{action}/cast"))


async def _paper_form(polling: Polling, browser: Browser, serial: str) -> Form:
    page = await browser.get(f"{polling.papers}/{serial}")
    name = re.search(r'name="(mark-0)" value="agree"', page.text)
    assert name is not None, page.text
    fields = {"csrf": page.csrf, "mark-0": "agree", "signed_by": ""}
    return Form(browser, f"{polling.papers}/{serial}/enter", fields)


async def _until(polling: Polling, ballots: int) -> None:
    async with asyncio.timeout(20):
        while len(await polling.ballots()) < ballots:  # noqa: ASYNC110  another process writes them
            await asyncio.sleep(0.02)


@pytest.fixture
async def polling(database_url: str) -> Polling:
    return await open_polling(database_url, utc_now())


async def test_one_ballot_and_one_receipt_whoever_is_killed_when(fleet: Fleet, polling: Polling) -> None:
    setup = Setup(polling.url, signing_key=SEED)
    server = await fleet.start(setup)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:

        def browser(token: str, area: str = "h5") -> Browser:
            return Browser(http, server.address, {f"yishi-{area}": token})

        forms = {
            owner: [await _ballot_form(polling, browser(token)) for token in tokens]
            for owner, tokens in polling.phones.items()
        }
        staff = {name: browser(token, "staff") for name, token in polling.staff.items()}
        papers = [
            [await _paper_form(polling, staff[name], serial) for name in STAFF] for serial in polling.serials
        ]

        server = await _the_answer_is_lost(fleet, setup, server, polling, forms[1][0])
        server = await _the_answer_about_a_paper_is_lost(fleet, setup, server, polling, papers[0])
        server = await _killed_under_load(fleet, setup, server, forms, papers[1])

        every = [form for each in (*forms.values(), *papers) for form in each]
        assert all(form.location for form in every)
        # Everybody presses once more, on a page from the browser's memory.
        await asyncio.gather(*(form.press(server.address) for form in every))
        assert all("told=matched" in form.location for each in papers for form in each)
        for owner, devices in forms.items():
            shown = [await _receipt(form, server) for form in devices]
            assert [page.status for page in shown] == [200] * len(devices), owner
        server.kill()

    ballots = await polling.ballots()
    by_owner: dict[str, list[str]] = {}
    for ballot in ballots:
        by_owner.setdefault(ballot.owner_key, []).append(ballot.ballot_id)
    online = [ballot for ballot in ballots if ballot.channel is BallotChannel.ONLINE]
    receipts = [form.location.rpartition("/")[2] for devices in forms.values() for form in devices]
    # Each form is one ballot with one receipt; the second device's is kept, and refused.
    assert sorted(receipts) == sorted(ballot.ballot_id for ballot in online)
    assert sorted(ballot.serial or "" for ballot in ballots if ballot.serial) == sorted(polling.serials)
    counted = await polling.counted()
    assert len(counted) == OWNERS + len(polling.serials)
    assert set(counted.values()) <= {ballot.ballot_id for ballot in ballots}
    vote, report = await polling.close_and_verify()
    assert report.anchored
    assert vote.result is not None
    assert vote.result["questions"][0]["participants"]["persons"] == OWNERS + len(polling.serials)
    print(f"{len(ballots)} ballots of {len(by_owner)} owners; checked: {report.checked}")


async def _receipt(form: Form, server: Server) -> Page:
    return await Browser(form.browser.http, server.address, form.browser.cookies).get(form.location)


async def _the_answer_is_lost(
    fleet: Fleet, setup: Setup, server: Server, polling: Polling, form: Form
) -> Server:
    """The ballot is durable, the owner hears nothing and presses again."""
    writer = await form.press_and_hear_nothing(server.address)
    await _until(polling, 1)
    server.kill()
    writer.close()
    assert await server.wait(10) == -9
    server = await fleet.start(setup)
    await form.press(server.address)
    (ballot,) = await polling.ballots()
    assert form.location.endswith(f"/receipts/{ballot.ballot_id}")
    return server


async def _the_answer_about_a_paper_is_lost(
    fleet: Fleet, setup: Setup, server: Server, polling: Polling, papers: list[Form]
) -> Server:
    """The second colleague keyed it in, heard nothing, and does it again."""
    first, second = papers
    await first.press(server.address)
    assert "entered_once" in first.location
    writer = await second.press_and_hear_nothing(server.address)
    await _until(polling, 2)
    server.kill()
    writer.close()
    assert await server.wait(10) == -9
    server = await fleet.start(setup)
    await second.press(server.address)
    assert "matched" in second.location
    assert len(await polling.ballots()) == 2
    first.location = ""  # the page says now that it is a ballot
    await first.press(server.address)
    return server


async def _killed_under_load(
    fleet: Fleet, setup: Setup, server: Server, forms: dict[int, list[Form]], papers: list[Form]
) -> Server:
    """Both devices of everybody at once, and both colleagues with one paper; killed in the middle of it, and again."""
    first, second = papers
    await first.press(server.address)
    first.location = ""
    for kill in range(KILLS + 1):
        waiting = [form for devices in forms.values() for form in devices if not form.location]
        waiting += [form for form in (second, first) if not form.location]
        random.shuffle(waiting)
        if kill < KILLS:
            asyncio.get_running_loop().call_later(random.uniform(0.02, 0.4), server.kill)
        await asyncio.gather(*(form.press(server.address) for form in waiting))
        if kill < KILLS:
            assert await server.wait(10) == -9
            server = await fleet.start(setup)
    for _ in range(20):
        waiting = [form for each in (*forms.values(), papers) for form in each if not form.location]
        await asyncio.gather(*(form.press(server.address) for form in waiting))
    return server
