"""The pages of ballot papers, as two colleagues with a scanner use them."""

import re
import shutil
from hashlib import sha256

import pytest
from sqlmodel import select

from bot.documents.fonts import FontMissing, chinese_family
from bot.web.templating import Templates
from handlers.voting.paper_rules import PaperCode, VoidReason
from storage.states import PaperState
from storage.tables import Ballot, BallotPaper, PaperBatch, VoteDocument
from tests.bot.shots import HTML, shot
from tests.web.paper_town import NUMBER, PAPERS, UNITS, open_vote, paper_of, received, state_of
from tests.web.test_photos import fetch, post
from tests.web.town import Browser, Page, Town

YES = {"mark-0": "agree", "mark-1": "names", "tick-1-0": "yes", "signed_by": ""}


async def key_in(browser: Browser, serial: str, **fields: str) -> Page:
    return await browser.submit(f"{PAPERS}/{serial}", f"{PAPERS}/{serial}/enter", YES | fields)


async def ballots(town: Town) -> list[Ballot]:
    async with town.site.database.read() as session:
        return list(await session.exec(select(Ballot)))


def test_every_answer_about_papers_has_words(templates: Templates) -> None:
    module = templates._environment.get_template("console/papers/words.html").module
    refused, done = module.refused_with_papers, module.done_with_papers  # type: ignore[attr-defined]
    assert {code.value for code in PaperCode} <= set(refused)
    assert not set(refused) & set(done)
    assert set(module.paper_states) == {state.value for state in PaperState}  # type: ignore[attr-defined]
    assert set(module.void_reasons) == {reason.value for reason in VoidReason}  # type: ignore[attr-defined]


async def test_a_paper_from_the_scanner_to_a_ballot(town: Town) -> None:
    serials = await open_vote(town)
    serial = serials[UNITS[0]]
    secretary, committee = await town.as_staff("secretary"), await town.as_staff("committee")
    shown = await secretary.get(f"{PAPERS}/reception")
    assert "autofocus" in shown.text
    printed = f"{serial[:3]}-{serial[3:6]}-{serial[6:]}".lower()
    scanned = await secretary.submit(f"{PAPERS}/reception", f"{PAPERS}/reception", {"serials": printed})
    assert scanned.status == 200
    assert "收到" in scanned.text
    again = await secretary.submit(f"{PAPERS}/reception", f"{PAPERS}/reception", {"serials": printed})
    assert "收过了" in again.text
    found = await secretary.get(f"{PAPERS}/entry?serial={printed}")
    assert found.location.startswith(f"{PAPERS}/{serial}")
    page = await secretary.get(f"{PAPERS}/{serial}")
    assert UNITS[0] in page.text
    assert "checked" not in page.text.replace('value="" checked', "")  # nothing is marked beforehand
    first = await key_in(secretary, serial)
    assert first.location.endswith("entry?told=entered_once")
    mine = await secretary.get(f"{PAPERS}/{serial}")
    assert "第二遍请换一位同事" in mine.text
    assert 'name="mark-0"' not in mine.text
    theirs = await committee.get(f"{PAPERS}/{serial}")
    assert "checked" not in theirs.text.replace('value="" checked', "")
    second = await key_in(committee, serial)
    assert second.location.endswith("entry?told=matched")
    assert [ballot.serial for ballot in await ballots(town)] == [serial]
    shown = await committee.get(f"{PAPERS}/entry?told=matched")
    assert "这张票记进去了" in shown.text


async def test_double_clicks_are_harmless(town: Town) -> None:
    serials = await open_vote(town)
    serial = serials[UNITS[0]]
    await received(town, serial)
    secretary, committee = await town.as_staff("secretary"), await town.as_staff("committee")
    first = (await secretary.get(f"{PAPERS}/{serial}")).csrf
    for _ in range(2):
        answer = await secretary.post(f"{PAPERS}/{serial}/enter", YES | {"csrf": first})
        assert answer.location.endswith("told=entered_once")
    assert await state_of(town, serial) is PaperState.ENTERED
    token = (await committee.get(f"{PAPERS}/{serial}")).csrf
    answers = [await committee.post(f"{PAPERS}/{serial}/enter", YES | {"csrf": token}) for _ in range(2)]
    assert [answer.status for answer in answers] == [303, 303]
    assert len(await ballots(town)) == 1


async def test_the_same_person_is_told_why_not(town: Town) -> None:
    serials = await open_vote(town)
    serial = serials[UNITS[0]]
    await received(town, serial)
    secretary = await town.as_staff("secretary")
    token = (await secretary.get(f"{PAPERS}/{serial}")).csrf
    await secretary.post(f"{PAPERS}/{serial}/enter", YES | {"csrf": token})
    other = await secretary.post(f"{PAPERS}/{serial}/enter", YES | {"csrf": token, "mark-0": "against"})
    assert other.status == 200
    assert "第二遍请换一位同事来录" in other.text
    assert await state_of(town, serial) is PaperState.ENTERED


@pytest.mark.parametrize(
    "odd",
    [
        {"mark-0": ""},
        {"mark-0": "maybe"},
        {"mark-1": "names", "tick-1-0": ""},
        {"mark-1": "abstain", "tick-1-0": "yes"},
        {"mark-0": "names"},
    ],
)
async def test_a_question_without_a_mark_or_with_two_comes_back_as_it_was(
    town: Town, odd: dict[str, str]
) -> None:
    serials = await open_vote(town)
    serial = serials[UNITS[0]]
    await received(town, serial)
    secretary = await town.as_staff("secretary")
    page = await key_in(secretary, serial, **odd, proxy_name="李雷", proxy_document="1101")
    assert page.status == 200
    assert "没选，或者选了两种" in page.text
    assert 'value="李雷"' in page.text
    assert await state_of(town, serial) is PaperState.RECEIVED


async def test_two_decide_about_a_paper_that_two_read_differently(town: Town) -> None:
    serials = await open_vote(town)
    serial = serials[UNITS[0]]
    await received(town, serial)
    secretary, committee = await town.as_staff("secretary"), await town.as_staff("committee")
    worker = await town.as_staff("community_worker")
    await key_in(secretary, serial)
    differs = await key_in(committee, serial, **{"mark-0": "against"})
    assert differs.location.endswith("told=mismatched")
    assert "两遍不一样" in (await secretary.get(PAPERS)).text
    assert "不同意" not in (await secretary.get(PAPERS)).text
    shown = await worker.get(f"{PAPERS}/{serial}/decide")
    assert "续聘和顺物业：同意" in shown.text
    assert "续聘和顺物业：不同意" in shown.text
    values = re.findall(r'name="reading" value="([0-9a-f]+)"', shown.text)
    decide = f"{PAPERS}/{serial}/decide"
    first = await worker.submit(decide, decide, {"reading": values[1]})
    assert first.location.endswith("told=decide_proposed")
    other = await secretary.submit(decide, decide, {"reading": values[0]})
    assert other.location.endswith("told=paper.proposed_otherwise")
    token = (await secretary.get(decide)).csrf
    done = [await secretary.post(decide, {"csrf": token, "reading": values[1]}) for _ in range(2)]
    assert all(page.location.endswith("told=matched") for page in done)
    assert len(await ballots(town)) == 1


async def test_many_serials_in_one_field_each_get_an_answer(town: Town) -> None:
    serials = await open_vote(town)
    secretary = await town.as_staff("secretary")
    run_together = serials[UNITS[0]] + serials[UNITS[1]]
    typed = f"{run_together}, {serials[UNITS[2]].lower()}\n HELLO 222222222"
    page = await secretary.submit(f"{PAPERS}/reception", f"{PAPERS}/reception", {"serials": typed})
    assert page.text.count('<span class="state">收到</span>') == 3
    assert page.text.count("看不懂") == 1
    assert "没有这个票号" in page.text
    for unit in UNITS[:3]:
        assert await state_of(town, serials[unit]) is PaperState.RECEIVED


async def test_a_box_is_signed_by_two_and_scanned_after_the_close(town: Town) -> None:
    serials = await open_vote(town)
    secretary, committee = await town.as_staff("secretary"), await town.as_staff("committee")
    desk = f"{PAPERS}/reception"
    one = await secretary.submit(desk, f"{PAPERS}/batch", {"batch": "1号箱", "papers": "2"})
    assert one.location.endswith("told=batch_counted")
    twice = await secretary.submit(desk, f"{PAPERS}/batch", {"batch": "1号箱", "papers": "2"})
    assert twice.location.endswith("told=batch_counted")
    differs = await committee.submit(desk, f"{PAPERS}/batch", {"batch": "1号箱", "papers": "3"})
    assert differs.location.endswith("told=batch.differs")
    two = await committee.submit(desk, f"{PAPERS}/batch", {"batch": "1号箱", "papers": "2"})
    assert two.location.endswith("told=batch_signed")
    odd = await committee.submit(desk, f"{PAPERS}/batch", {"batch": "1号箱", "papers": "二"})
    assert odd.location.endswith("told=batch.odd")
    async with town.site.database.read() as session:
        assert len(list(await session.exec(select(PaperBatch)))) == 1
    town.clock.now = town.clock.now.replace(month=town.clock.now.month + 1)
    secretary = await town.as_staff("secretary")
    late = await secretary.submit(desk, desk, {"serials": serials[UNITS[5]]})
    assert "算迟到" in late.text
    boxed = await secretary.submit(desk, desk, {"serials": serials[UNITS[0]], "batch": "1号箱"})
    assert '<span class="state">收到</span>' in boxed.text
    assert (await paper_of(town, serials[UNITS[0]])).batch == "1号箱"


async def test_a_paper_is_voided_by_two_on_its_page(town: Town) -> None:
    serials = await open_vote(town)
    serial = serials[UNITS[0]]
    await received(town, serial)
    secretary, committee = await town.as_staff("secretary"), await town.as_staff("committee")
    page = f"{PAPERS}/{serial}"
    missing = await secretary.submit(page, f"{page}/void", {})
    assert missing.location.endswith("told=paper.odd_reason")
    for _ in range(2):
        proposed = await secretary.submit(page, f"{page}/void", {"reason": "copy"})
        assert proposed.location.endswith("told=void_proposed")
    assert "有人要作废" in (await committee.get(PAPERS)).text
    agreed = await committee.submit(page, f"{page}/void", {"reason": "copy"})
    assert agreed.location.endswith("told=voided")
    assert "是复印件" in (await committee.get(page)).text


async def test_a_call_is_registered_once_and_keyed_in_without_blanks(town: Town) -> None:
    await open_vote(town)
    secretary = await town.as_staff("secretary")
    fields = {"unit": UNITS[0], "recording": "录音笔 0312 第1段"}
    desk = f"{PAPERS}/reception"
    first = await secretary.submit(desk, f"{PAPERS}/call", fields)
    again = await secretary.submit(desk, f"{PAPERS}/call", fields)
    assert first.location == again.location
    page = await secretary.get(first.location)
    assert "录音笔 0312 第1段" in page.text
    assert 'value="spoiled"' not in page.text
    nowhere = await secretary.submit(desk, f"{PAPERS}/call", fields | {"unit": "9-9"})
    assert nowhere.location.endswith("told=paper.no_unit")


async def test_papers_of_a_draft_or_of_another_compound_are_not_there(town: Town) -> None:
    serials = await open_vote(town)
    neighbour = await town.as_staff("neighbour_secretary")
    for path in ("", "/print", "/reception", "/entry", f"/{serials[UNITS[0]]}"):
        assert (await neighbour.get(PAPERS + path)).status == 404
    secretary = await town.as_staff("secretary")
    for path in ("/console/XH-1/votes/77/papers", f"{PAPERS}/222222222", f"{PAPERS}/sheetss"):
        assert (await secretary.get(path)).status == 404
    odd = await secretary.get(f"{PAPERS}/entry?serial=%F0%9F%9A%A8")
    assert "这不像票号" in odd.text
    unknown = await secretary.get(f"{PAPERS}/entry?serial=222222222")
    assert "没有这个票号" in unknown.text


def _has_font() -> bool:
    try:
        chinese_family()
    except FontMissing:
        return False
    return True


@pytest.mark.skipif(not _has_font() and not shutil.which("fc-list"), reason="no Chinese font is installed")
async def test_papers_are_printed_as_one_file_that_is_kept(town: Town) -> None:
    serials = await open_vote(town)
    secretary = await town.as_staff("secretary")
    printed = await secretary.submit(f"{PAPERS}/print", f"{PAPERS}/print", {"building": "3"})
    assert printed.location == f"{PAPERS}/sheets?building=3"

    async def pdf(path: str) -> bytes:
        _status, content, headers = await fetch(secretary, path)
        assert headers["Content-Type"] == "application/pdf"
        assert "no-store" in headers["Cache-Control"]
        return content

    content = await pdf(printed.location)
    assert content.startswith(b"%PDF")
    assert await pdf(printed.location) == content
    async with town.site.database.read() as session:
        (document,) = await session.exec(select(VoteDocument))
    assert (document.kind, document.public, document.vote_number) == ("papers", False, NUMBER)
    again = await secretary.submit(f"{PAPERS}/print", f"{PAPERS}/print", {"building": "3"})
    assert again.location == printed.location
    page = await secretary.get(f"{PAPERS}/print")
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key is not None
    form = {"csrf": page.csrf, "key": key[1], "unit": UNITS[0]}
    for _ in range(2):
        one = await secretary.post(f"{PAPERS}/reprint", form)
        assert one.location == f"{PAPERS}/sheets?unit={UNITS[0]}"
    assert await state_of(town, serials[UNITS[0]]) is PaperState.VOIDED
    async with town.site.database.read() as session:
        papers = list(await session.exec(select(BallotPaper)))
    assert len(papers) == len(UNITS) + 1
    assert (await pdf(one.location)).startswith(b"%PDF")
    nowhere = await secretary.submit(f"{PAPERS}/print", f"{PAPERS}/reprint", {"unit": "9-9", "key": "k" * 16})
    assert nowhere.location.endswith("told=paper.no_unit")


async def test_a_scan_is_for_who_keyed_the_paper_in_and_who_decides(town: Town) -> None:
    serials = await open_vote(town)
    serial = serials[UNITS[0]]
    page = f"{PAPERS}/{serial}"
    await received(town, serial)
    secretary, committee = await town.as_staff("secretary"), await town.as_staff("committee")
    fields = {"csrf": (await secretary.get(page)).csrf}
    sent = await post(secretary, f"{page}/scan", fields, shot())
    assert sent.location.endswith("told=scanned")
    for odd, told in ((HTML, "photo_no_picture"), (b"", "photo_missing")):
        refused = await post(secretary, f"{page}/scan", fields, odd)
        assert refused.location.endswith(f"told={told}")
    paper = await paper_of(town, serial)
    status, content, _headers = await fetch(committee, f"{page}/scan")
    assert status == 404  # whoever keys in reads the paper, not what another has of it
    await key_in(secretary, serial)
    assert (await fetch(committee, f"{page}/scan"))[0] == 404
    await key_in(committee, serial, **{"mark-0": "against"})
    worker = await town.as_staff("community_worker")
    status, content, _headers = await fetch(worker, f"{page}/scan")
    assert status == 200
    assert sha256(content).digest() == paper.scan_hash
    supervisor = await town.as_staff("supervisor")
    assert (await fetch(supervisor, f"{page}/scan"))[0] == 403
