"""A vote from its notice to the archive on the pages of staff, on both databases."""

import re
from datetime import timedelta
from html import unescape
from io import BytesIO

import pytest
from sqlmodel import select

from bot.vote_documents import VoteDocuments
from bot.web.console.votes.evidence import REASON
from handlers.voting.bundle import read_bundle
from handlers.voting.cast import Order, cast_ballot
from handlers.voting.clock import advance_votes
from handlers.voting.terms import AGAINST, AGREE
from handlers.voting.verify import verify
from storage.queries.votes import list_documents, list_vote_units
from storage.states import BallotChannel, VoteState
from storage.tables import AuditEvent, RollTitle, Vote, VoteOfficer
from tests.voting.assembly import SIGNER
from tests.web.assemblies import drafted, enrolled, here
from tests.web.test_vote_drafts import complete, save, seen, vote_of
from tests.web.town import Browser, Page, Town

BASE = "/console/XH-1/votes/1001"
PUBLIC = f"{BASE}/evidence/public"


@pytest.fixture
async def noticed(town: Town) -> Town:
    """24 owners in two buildings, one flat with two of them; the notice is out."""
    await enrolled(town)
    compound = await here(town)
    assert compound.compound_id is not None
    async with town.site.database.write() as session:
        session.add(
            RollTitle(
                compound_id=compound.compound_id,
                unit_code="3-1-101",
                owner_number=2,
                since=town.clock.now,
            )
        )
    await drafted(town)
    secretary = await town.as_staff("secretary")
    await complete(secretary)
    shown = await secretary.get(f"{BASE}/launch")
    form = {"csrf": shown.csrf, "sure": "yes", "seen": seen(shown)}
    assert (await secretary.post(f"{BASE}/launch", form)).location == f"{BASE}?told=vote_launched"
    return town


async def at(town: Town, vote_moment: str, people: dict[str, Browser], **more: float) -> None:
    """The clock goes to a moment of the vote and does what is due; people sign in again."""
    vote, _ = await vote_of(town)
    town.clock.now = getattr(vote, vote_moment) + timedelta(**more)
    await advance_votes(town.site.database, SIGNER, town.clock.now)
    for who, browser in people.items():
        await town.as_staff(who, browser)


async def cast(town: Town, unit: str, choice: str, voter: str | None = None) -> None:
    compound = await here(town)
    assert compound.compound_id is not None
    async with town.site.database.write() as session:
        units = await list_vote_units(session, compound.compound_id, 1001)
        key = next(each.owner_key for each in units if each.unit_code == unit)
        order = Order(
            compound.compound_id,
            1001,
            key,
            {"q1": choice},
            BallotChannel.ONLINE,
            f"{unit}{voter}",
            town.clock.now,
            voter,
        )
        await cast_ballot(session, town.sealer, order, town.clock.now)


def links(page: Page) -> set[str]:
    """Where the links of a page lead, within the console."""
    return {unescape(each) for each in re.findall(r'href="(/console/[^"#?]+)', page.text)}


async def test_from_a_vote_everything_about_it_is_one_tap_away(noticed: Town) -> None:
    town = noticed
    secretary, property_ = await town.as_staff("secretary"), await town.as_staff("property")
    async with town.site.database.write() as session:
        for who in ("secretary", "committee"):
            session.add(
                VoteOfficer(
                    compound_id=(await vote_of(town))[0].compound_id,
                    vote_number=1001,
                    person_id=town.people[who],
                    named_by=town.people["secretary"],
                    named_at=town.clock.now,
                )
            )
    vote = await secretary.get(BASE)
    there = links(vote)
    pages = ("papers", "canvass", "officers", "turnout", "evidence")
    assert there >= {f"{BASE}/{page}" for page in pages} | {"/console/XH-1/roll", "/console/XH-1/owners"}
    for path in sorted(there):
        assert (await secretary.get(path)).status == 200, path
    assert BASE in links(await secretary.get(f"{BASE}/papers"))
    assert "通知到多少人" in vote.text
    tabs = links(await secretary.get("/console/XH-1"))
    assert tabs >= {f"/console/XH-1/{name}" for name in ("votes", "roll", "owners", "polls")}
    assert not any("vote" in each or "roll" in each for each in links(await property_.get("/console/XH-1")))
    committee = links(await (await town.as_staff("committee")).get(BASE))
    assert f"{BASE}/canvass" in committee  # one of the two
    assert "/console/XH-1/roll" not in committee


async def test_who_is_not_an_officer_is_not_led_to_the_list(noticed: Town) -> None:
    secretary = await noticed.as_staff("secretary")
    assert f"{BASE}/canvass" not in links(await secretary.get(BASE))


async def press(browser: Browser, shown_at: str, path: str, **fields: str) -> str:
    page = await browser.get(f"{BASE}{shown_at}")
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    shown = re.search(r'name="seen" value="([^"]+)"', page.text)
    seen = {"seen": shown[1]} if shown else {}
    form = {"csrf": page.csrf, "key": key[1] if key else "", **seen, **fields}
    return (await browser.post(f"{BASE}{path}", form)).location.removeprefix(BASE)


async def looks(town: Town) -> list[int | None]:
    """Who saw the marks of a case."""
    async with town.site.database.read() as session:
        statement = select(AuditEvent).where(AuditEvent.verb == "vote.case_seen")
        return [event.actor_id for event in await session.exec(statement)]


async def test_papers_are_made_once_and_handed_out(noticed: Town) -> None:
    town = noticed
    secretary, resident = await town.as_staff("secretary"), await town.as_resident()
    assert "一分钟左右就好" in (await secretary.get(f"{BASE}/documents")).text
    makers = [
        VoteDocuments(town.site.database, town.sealer, SIGNER.key_id, "https://yishi.example.org")
        for _ in range(2)
    ]
    assert [await maker.step(town.clock.now) for maker in makers] == [1, 0]
    compound = await here(town)
    assert compound.compound_id is not None
    async with town.site.database.read() as session:
        documents = await list_documents(session, compound.compound_id, 1001)
    assert documents[0].name == "表决公告.pdf"
    assert {each.kind for each in documents} == {"notice"}
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in secretary.cookies.items())}
    async with town.http.get(f"{town.base}{BASE}/documents/1", headers=cookies) as response:
        assert response.content_type == "application/pdf"
        assert (await response.read()).startswith(b"%PDF")
    # Of somebody who does not live here there is no vote, and no document of it.
    assert (await resident.get("/h5/votes/XH-1/1001/documents/1")).status == 404


async def test_a_vote_is_counted_ruled_on_published_and_objected_to(noticed: Town) -> None:
    town = noticed
    people = {who: await town.as_staff(who) for who in ("secretary", "community_worker", "committee")}
    secretary, worker, committee = people.values()
    await at(town, "opens_at", people, hours=1)
    await cast(town, "3-1-101", AGREE, "he")
    await cast(town, "3-1-101", AGAINST, "she")
    for building in ("3", "13"):
        for room in range(102, 112):
            await cast(town, f"{building}-{1 if room < 107 else 2}-{room}", AGREE)
    page = await secretary.get(f"{BASE}/turnout")
    assert "21<small> / 24 人" in page.text
    assert page.text.count("1单元") == 2
    assert "看投票进度" in (await secretary.get(BASE)).text
    assert (await secretary.get(f"{BASE}/result")).location == f"{BASE}?told=vote.wrong_state"
    assert "截止以后才能看到票面" in (await committee.get(f"{BASE}/cases")).text
    assert (await committee.get(f"{BASE}/cases/1001")).location == f"{BASE}/cases?told=vote.wrong_state"

    await at(town, "closes_at", people, hours=1)
    for _ in range(2):
        assert await press(secretary, "", "/count") == "/result?told=vote_counted"
    assert "还有 1 件要裁定" in (await secretary.get(f"{BASE}/result")).text
    assert await press(secretary, "", "/publish", sure="yes") == "?told=vote.cases_open"
    page = await committee.get(f"{BASE}/cases/1001")
    assert await looks(town) == [town.people["committee"]]
    assert "投票人1" in page.text
    assert "投票人2" in page.text
    case = "/cases/1001"
    rulings = {"mark-q1": f'"{AGREE}"', "reason": "两位一起来说明了"}
    assert await press(committee, case, case, reason="x") == f"{case}?told=case.incomplete"
    for _ in range(2):  # the same person twice is still one
        assert await press(committee, case, case, **rulings) == f"{case}?told=case_proposed"
    assert "前一位已经裁定，结果先不给您看" in (await worker.get(f"{BASE}{case}")).text
    other = {**rulings, "mark-q1": "null"}
    assert await press(worker, case, case, **other) == f"{case}?told=case.proposed_otherwise"
    assert await press(worker, case, case, **rulings) == f"{case}?told=case_ruled"
    assert await press(worker, case, case, **rulings) == f"{case}?told=case_ruled"
    assert "重新计票" in (await secretary.get(BASE)).text
    assert await press(secretary, "", "/count") == "/result?told=vote_counted"
    assert await press(secretary, "/result", "/publish") == "/result?told=vote_not_sure"
    for _ in range(2):
        assert await press(secretary, "/result", "/publish", sure="yes") == "?told=vote_published"
    assert "通过" in (await committee.get(f"{BASE}/result")).text

    said = {"text": "3栋501没有收到选票"}
    assert await press(secretary, "/objections", "/objections", **said) == "/objections?told=objection_kept"
    answer = {"decision": "decline", "answer": "有签收单"}
    for _ in range(2):
        assert await press(secretary, "/objections", "/objections/1001", **answer) == (
            "/objections?told=vote.own_objection"
        )
        told = await press(worker, "/objections", "/objections/1001", **answer)
        assert told == "/objections?told=objection_answered"
    assert "有签收单" in (await committee.get(f"{BASE}/objections")).text
    made = VoteDocuments(town.site.database, town.sealer, SIGNER.key_id, "")
    assert await made.step(town.clock.now) == 2  # nobody had made the notice
    assert "会议纪要.pdf" in (await secretary.get(f"{BASE}/documents")).text
    await at(town, "published_at", people, days=23)
    assert "已经归档" in (await secretary.get(BASE)).text


async def test_nothing_is_published_but_what_was_looked_through(noticed: Town) -> None:
    town = noticed
    people = {who: await town.as_staff(who) for who in ("secretary", "community_worker", "committee")}
    secretary, worker, committee = people.values()
    await at(town, "opens_at", people, hours=1)
    await cast(town, "3-1-101", AGREE, "he")
    await cast(town, "3-1-101", AGAINST, "she")
    await at(town, "closes_at", people, hours=1)
    await press(secretary, "", "/count")
    case, ruling = "/cases/1001", {"mark-q1": f'"{AGREE}"', "reason": "两位一起来说明了"}
    for browser in (committee, worker):
        await press(browser, case, case, **ruling)
    await press(worker, "", "/count")
    shown = await worker.get(f"{BASE}/result")
    vote, _ = await vote_of(town)
    async with town.site.database.write() as session:  # counted again since, by a colleague
        row = await session.get_one(Vote, (vote.compound_id, 1001))
        row.result = {**(row.result or {}), "ballots": 3}
    form = {"csrf": shown.csrf, "sure": "yes", "seen": seen(shown)}
    for late in (form, form | {"seen": ""}):
        answer = await worker.post(f"{BASE}/publish", late)
        assert answer.location == f"{BASE}/result?told=vote.result_changed"
    assert (await vote_of(town))[0].state is VoteState.TALLIED
    assert await press(secretary, "/result", "/publish", sure="yes") == "?told=vote_published"


async def test_evidence_goes_out_with_a_reason(noticed: Town) -> None:
    town = noticed
    people = {who: await town.as_staff(who) for who in ("secretary", "supervisor")}
    secretary, supervisor = people.values()
    await at(town, "opens_at", people, hours=1)
    await cast(town, "13-1-101", AGREE)
    # The log names the papers that came in, and who brings papers knows whose they are.
    assert "evidence/public" not in (await supervisor.get(f"{BASE}/evidence")).text
    assert await press(supervisor, "", "/evidence/public") == "/evidence?told=vote.wrong_state"
    await at(town, "closes_at", people, hours=1)
    await press(secretary, "", "/count")
    await press(secretary, "/result", "/publish", sure="yes")
    assert "封存的证据" not in (await secretary.get(f"{BASE}/evidence")).text
    assert await press(supervisor, "/evidence", "/evidence/sealed") == "/evidence?told=vote.no_reason"
    for kind, fields in (("public", {}), ("sealed", {"why": "recount", "words": "监票小组 王某复核"})):
        csrf = (await supervisor.get(f"{BASE}/evidence")).csrf
        cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in supervisor.cookies.items())}
        async with town.http.post(
            f"{town.base}{BASE}/evidence/{kind}", data={"csrf": csrf, **fields}, headers=cookies
        ) as response:
            assert response.status == 200
            verify(read_bundle(BytesIO(await response.read())))
    async with town.site.database.read() as session:
        statement = select(AuditEvent).where(AuditEvent.verb == "vote.unsealed")
        (event,) = list(await session.exec(statement))
    assert event.actor_id == town.people["supervisor"]
    assert event.details["why"] == "recount"
    assert "王某" not in str(event.details)
    assert town.sealer.open(bytes.fromhex(event.details["words"]), REASON).decode() == "监票小组 王某复核"


async def test_a_vote_is_extended_once_and_revoked_with_a_reason(town: Town) -> None:
    await enrolled(town)
    await drafted(town)
    secretary = await town.as_staff("secretary")
    people = {"secretary": secretary}
    await complete(secretary)
    rules = {"revote": "none", "channel_priority": "first_recorded", "rank": "count_then_area"}
    days = {"notice_days": "15", "publish_within_days": "3", "objection_days": "7", "public_days": "15"}
    await save(secretary, "rules", {**rules, **days, "extension_days": "5", "proxy_cap": ""})
    shown = await secretary.get(f"{BASE}/launch")
    await secretary.post(f"{BASE}/launch", {"csrf": shown.csrf, "sure": "yes", "seen": seen(shown)})
    before, _ = await vote_of(town)
    assert await press(secretary, "", "/extend") == "?told=vote.wrong_state"
    await at(town, "opens_at", people, hours=1)
    for _ in range(2):
        assert await press(secretary, "", "/extend") == "?told=vote_extended"
    vote, _ = await vote_of(town)
    assert before.closes_at is not None
    assert vote.closes_at == before.closes_at + timedelta(days=5)
    assert await press(secretary, "", "/revoke", sure="yes", reason=" ") == "?told=vote.no_reason"
    assert await press(secretary, "", "/revoke", reason="写错了") == "?told=vote_not_sure"
    for _ in range(2):
        assert await press(secretary, "", "/revoke", sure="yes", reason="写错了") == "?told=vote_revoked"
    assert (await vote_of(town))[0].state is VoteState.REVOKED
    assert "已经撤销：写错了" in (await secretary.get(BASE)).text
