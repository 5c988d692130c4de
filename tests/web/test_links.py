"""Links that sign in once: opening one does nothing, the button acts, for one browser, for ten minutes."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from handlers.people.sign_in import make_link
from storage.queries.accounts import expire_links_of
from storage.tables import OneTimeLink, WebSession
from tests.web.town import Town


async def link_for(town: Town, who: str = "secretary", purpose: str = "sign_in") -> str:
    async with town.site.database.write() as session:
        token = await make_link(session, town.sealer, town.people[who], town.clock.now, purpose)
    return f"/console/link/{token}"


async def sessions(town: Town) -> int:
    async with town.site.database.read() as session:
        return len((await session.exec(select(WebSession))).all())


async def test_only_the_button_acts(town: Town) -> None:
    link = await link_for(town)
    for _ in range(3):  # a preview, a scanner, a person
        browser = town.browser()
        page = await browser.get(link)
        assert page.status == 200
        assert "__Host-yishi-staff" not in browser.cookies
    assert await sessions(town) == 0
    page = await browser.post(link, {"csrf": page.csrf})
    assert (page.status, page.location) == (303, "/console")
    assert "新禾苑" in (await browser.get("/console")).text


async def test_a_button_without_its_page_does_nothing(town: Town) -> None:
    link = await link_for(town)
    assert (await town.browser().post(link)).status == 403
    assert await sessions(town) == 0


async def test_it_acts_once(town: Town) -> None:
    link = await link_for(town)
    first, later = town.browser(), town.browser()
    csrf = (await later.get(link)).csrf
    await first.submit(link, link)
    page = await later.post(link, {"csrf": csrf})
    assert page.status == 404
    assert "链接不能用了" in page.text
    assert (await later.get(link)).status == 404
    assert await sessions(town) == 1


async def test_of_two_at_once_on_two_replicas_one_is_signed_in(town: Town, second: Town) -> None:
    for _ in range(5):
        link = await link_for(town)
        browsers = [town.browser(), second.browser(), town.browser(), second.browser()]
        forms = [(await browser.get(link)).csrf for browser in browsers]
        pages = await asyncio.gather(
            *(browser.post(link, {"csrf": csrf}) for browser, csrf in zip(browsers, forms, strict=True))
        )
        assert sorted(page.status for page in pages) == [303, 404, 404, 404]
    assert await sessions(town) == 5


async def test_after_ten_minutes_it_is_worthless(town: Town) -> None:
    link = await link_for(town)
    browser = town.browser()
    csrf = (await browser.get(link)).csrf
    town.clock.forward(timedelta(minutes=10))
    assert (await browser.post(link, {"csrf": csrf})).status == 404
    assert (await browser.get(link)).status == 404


async def test_a_link_for_something_else_signs_nobody_in(town: Town) -> None:
    link = await link_for(town, purpose="alert.acknowledge")
    browser = town.browser()
    page = await browser.get("/console/sign-in")
    assert (await browser.post(link, {"csrf": page.csrf})).status == 404
    async with town.site.database.read() as session:
        assert (await session.exec(select(OneTimeLink))).one().used_at is None


async def test_a_link_that_was_taken_back_is_worthless(town: Town) -> None:
    link = await link_for(town)
    async with town.site.database.write() as session:
        await expire_links_of(session, town.people["secretary"], town.clock.now)
    assert (await town.browser().get(link)).status == 404


async def test_the_token_is_not_kept(town: Town) -> None:
    token = (await link_for(town)).rpartition("/")[2]
    async with town.site.database.read() as session:
        (row,) = (await session.exec(select(OneTimeLink))).all()
    assert token.encode() not in row.token_hash


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "%00" * 43, "x" * 5000])
async def test_odd_tokens_are_like_used_ones(town: Town, token: str) -> None:
    assert (await town.browser().get(f"/console/link/{token}")).status == 404
