"""Documents that owners read with a draft: added, taken away, frozen with the notice, handed out as files."""

import json
from hashlib import sha256
from io import BytesIO

import aiohttp
import pytest
from sqlmodel import select

from handlers.voting.attachments import MOST, PDF, PICTURE, Attachment, name_of
from handlers.voting.log import seal_all
from storage.queries.vote_log import list_log
from storage.queries.votes import list_documents
from storage.tables import Blob, VoteDocument
from tests.bot.shots import HTML, shot
from tests.voting.assembly import SIGNER
from tests.web.assemblies import drafted, enrolled, here
from tests.web.test_photos import fetch
from tests.web.test_vote_drafts import complete, seen, vote_of
from tests.web.test_vote_pages import BASE
from tests.web.town import Browser, Page, Town

PLACE = f"{BASE}/attachments"
PLAN = b"%PDF-1.7\n1 0 obj<</S/JavaScript/JS(app.alert(1))>>\n%%EOF"


async def send(browser: Browser, content: bytes, name: str = "方案.pdf") -> Page:
    form = aiohttp.FormData(default_to_multipart=True, quote_fields=False)
    form.add_field("csrf", (await browser.get(PLACE)).csrf)
    form.add_field("file", BytesIO(content), filename=name, content_type="text/html")
    cookies = {"Cookie": "; ".join(f"{key}={value}" for key, value in browser.cookies.items())}
    async with browser.http.post(
        browser.base + PLACE, data=form, headers=cookies, allow_redirects=False
    ) as response:
        return Page(response.status, await response.text(), response.headers)


async def documents_of(town: Town) -> list[VoteDocument]:
    compound = await here(town)
    assert compound.compound_id is not None
    async with town.site.database.read() as session:
        return await list_documents(session, compound.compound_id, 1001)


@pytest.fixture
async def secretary(town: Town) -> Browser:
    await enrolled(town)
    await drafted(town)
    return await town.as_staff("secretary")


async def test_they_are_kept_once_taken_away_and_frozen_with_the_notice(
    town: Town, secretary: Browser
) -> None:
    for _ in range(2):
        assert (await send(secretary, PLAN)).location == f"{PLACE}?told=attachment_kept"
    assert (await send(secretary, shot(), "现场.PNG")).location == f"{PLACE}?told=attachment_kept"
    assert [each.name for each in await documents_of(town)] == ["方案.pdf", "现场.jpg"]
    status, body, headers = await fetch(secretary, f"{BASE}/documents/1")
    assert (status, body) == (200, PLAN)
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"].startswith("inline;")  # a phone in WeChat opens no download
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'none'" in headers["Content-Security-Policy"]
    _, picture, headers = await fetch(secretary, f"{BASE}/documents/2")
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Content-Disposition"].startswith("inline;")
    for _ in range(2):
        csrf = (await secretary.get(PLACE)).csrf
        gone = await secretary.post(f"{PLACE}/1/drop", {"csrf": csrf, "digest": sha256(PLAN).hexdigest()})
        assert gone.location == f"{PLACE}?told=attachment_dropped"
    assert (await send(secretary, PLAN)).location == f"{PLACE}?told=attachment_kept"
    async with town.site.database.read() as session:
        stored = (await session.exec(select(Blob.sealed))).all()
    assert len(stored) == 2
    assert not any(PLAN in sealed for sealed in stored)

    await complete(secretary)
    shown = await secretary.get(f"{BASE}/launch")
    form = {"csrf": shown.csrf, "sure": "yes", "seen": seen(shown)}
    assert (await secretary.post(f"{BASE}/launch", form)).location == f"{BASE}?told=vote_launched"
    vote, _ = await vote_of(town)
    await seal_all(town.site.database, SIGNER, town.clock.now)
    async with town.site.database.read() as session:
        leaf = (await list_log(session, vote.compound_id, 1001))[0]
    digests = [sha256(each).hexdigest() for each in (picture, PLAN)]
    assert json.loads(leaf.entry)["documents"] == digests
    page = (await secretary.get(BASE)).text
    assert all(each in page for each in digests)
    csrf = (await secretary.get(BASE)).csrf
    late = await secretary.post(f"{PLACE}/2/drop", {"csrf": csrf})
    assert late.location == f"{BASE}?told=vote.wrong_state"
    assert (await secretary.get(PLACE)).location == f"{BASE}?told=vote.wrong_state"
    assert len(await documents_of(town)) == 2


async def test_what_is_neither_a_pdf_nor_a_picture_or_too_much_is_refused(
    town: Town, secretary: Browser
) -> None:
    for content, told in (
        (HTML, "attachment_odd"),
        (b"", "attachment_missing"),
        (b"%PDF-" + b"0" * (10 * 1024 * 1024), "attachment_too_large"),
    ):
        assert (await send(secretary, content)).location == f"{PLACE}?told={told}"
    for number in range(MOST):
        assert (await send(secretary, PLAN + b"%d" % number)).location == f"{PLACE}?told=attachment_kept"
    assert (await send(secretary, PLAN)).location == f"{PLACE}?told=attachment_too_many"
    assert len(await documents_of(town)) == MOST


def test_a_name_has_the_ending_of_what_it_is() -> None:
    assert name_of(Attachment(PLAN, "..\\报\udce6价.html", PDF)) == "..报价.pdf"
    assert name_of(Attachment(b"", "照片", PICTURE)) == "照片.jpg"
    assert name_of(Attachment(b"", "\u202efdp.", PDF)) == "fdp.pdf"
    assert name_of(Attachment(b"", ".pdf", PDF)) == "pdf.pdf"
    assert name_of(Attachment(b"", "/", PDF)) == "附件.pdf"


async def test_the_secretary_sees_the_documents_before_they_are_frozen(
    town: Town, secretary: Browser
) -> None:
    await complete(secretary)
    before = seen(await secretary.get(f"{BASE}/launch"))
    await send(secretary, PLAN)
    page = await secretary.get(f"{BASE}/launch")
    assert f"{BASE}/documents/1" in page.text
    assert sha256(PLAN).hexdigest() in page.text
    form = {"csrf": page.csrf, "sure": "yes", "seen": before}
    late = await secretary.post(f"{BASE}/launch", form)
    assert late.location == f"{BASE}/launch?told=vote_changed_meanwhile"


async def test_nobody_takes_away_what_a_colleague_put_in_its_place(town: Town, secretary: Browser) -> None:
    await send(secretary, PLAN)
    shown = await secretary.get(PLACE)
    meant = {"csrf": shown.csrf, "digest": sha256(PLAN).hexdigest()}
    assert meant["digest"] in shown.text
    await secretary.post(f"{PLACE}/1/drop", meant)
    await send(secretary, PLAN + b"2")
    late = await secretary.post(f"{PLACE}/1/drop", meant)
    assert late.location == f"{PLACE}?told=attachment_other"
    assert [each.digest for each in await documents_of(town)] == [sha256(PLAN + b"2").hexdigest()]


async def test_a_document_that_was_swapped_is_not_handed_out(town: Town, secretary: Browser) -> None:
    await send(secretary, PLAN)
    await send(secretary, PLAN + b"2")
    one, other = await documents_of(town)
    async with town.site.database.write() as session:
        (await session.merge(one)).address = other.address
    assert (await fetch(secretary, f"{BASE}/documents/1"))[0] == 404
    assert (await fetch(secretary, f"{BASE}/documents/2"))[1] == PLAN + b"2"
