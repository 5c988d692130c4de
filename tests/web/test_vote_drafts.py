"""A secretary drafts a vote, puts right what is marked, and publishes the notice; on both databases."""

import re
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.web.console.votes.parts import read_moment
from handlers.local_time import LOCAL
from handlers.voting.jurisdictions import load_profile
from handlers.voting.rules import Code
from handlers.voting.ruling import CaseCode
from storage.queries.votes import list_questions, list_votes
from storage.states import VoteState
from storage.tables import AuditEvent, RollUnit, Vote, VoteQuestion
from tests.web.assemblies import drafted, enrolled, here
from tests.web.town import Browser, Page, Town

BASE = "/console/XH-1/votes/1001"
OPENS, CLOSES = "2026-03-30T09:00", "2026-04-14T20:00"
CONVENER = {"body": "业主委员会", "name": "新禾苑业委会", "document": "2026年第3号决议"}
CONTACT = {
    "mode": "here",
    "contact": "居委会陈书记 020-81230000",
    "papers_to": "",
    "objections_to": "",
    "platform": "",
}


async def vote_of(town: Town, number: int = 1001) -> tuple[Vote, list[VoteQuestion]]:
    compound = await here(town)
    assert compound.compound_id is not None
    async with town.site.database.read() as session:
        votes = await list_votes(session, compound.compound_id, 10)
        vote = next(each for each in votes if each.vote_number == number)
        return vote, await list_questions(session, compound.compound_id, number)


def revision(page: Page) -> str:
    found = re.search(r'name="revision" value="(\d+)"', page.text)
    assert found is not None, page.text
    return found[1]


async def save(browser: Browser, part: str, fields: dict[str, str]) -> Page:
    shown = await browser.get(f"{BASE}/edit/{part}")
    assert shown.status == 200, shown.location
    form = {"csrf": shown.csrf, "revision": revision(shown), **fields}
    return await browser.post(f"{BASE}/edit/{part}", form)


async def complete(browser: Browser) -> None:
    assert (await save(browser, "convener", CONVENER)).status == 303
    assert (await save(browser, "contact", CONTACT)).status == 303
    assert (await save(browser, "window", {"opens_at": OPENS, "closes_at": CLOSES})).status == 303
    checked = {f"key-{name}": "yes" for name in load_profile("national").unverified}
    assert (await save(browser, "checked", checked)).status == 303


async def test_from_a_template_to_a_published_notice(town: Town) -> None:
    await enrolled(town)
    secretary = await town.as_staff("secretary")
    assert "人车分流" not in (await secretary.get("/console/XH-1/votes")).text
    form = "/console/XH-1/votes/new/other"
    page = await secretary.get(form)
    key = re.search(r'name="key" value="([^"]+)"', page.text)
    assert key is not None
    fields = {
        "csrf": page.csrf,
        "key": key[1],
        "profile": "national",
        "value-matter": "人车分流",
        "value-reason": "",
    }
    made, again = [await secretary.post(form, fields) for _ in range(2)]
    assert made.location == f"{BASE}?told=vote_drafted"
    assert again.location == "/console/XH-1/votes?told=vote_drafted"

    draft = await secretary.get(BASE)
    assert "还有没填的地方：【待填：" in draft.text
    assert "请选召集人" in draft.text
    assert "处没填好" in draft.text
    assert (await secretary.get(f"{BASE}/launch")).location == f"{BASE}?told=vote.not_linted"

    words = {"title": "关于人车分流的表决", "body": "北门人车混行，常有剐蹭。"}
    assert (await save(secretary, "words", words)).location == f"{BASE}?told=vote_saved"
    await complete(secretary)
    ready = await secretary.get(BASE)
    assert "看一遍再发公告" in ready.text
    shown = await secretary.get(f"{BASE}/launch")
    assert "24<small> 人" in shown.text
    assert "2,153.52 平方米" in shown.text
    assert "一位业主算一个人" in shown.text
    sure = {"csrf": shown.csrf, "sure": "yes", "seen": seen(shown)}
    unsure = await secretary.post(f"{BASE}/launch", sure | {"sure": ""})
    assert unsure.location == f"{BASE}/launch?told=vote_not_sure"
    for _ in range(2):
        assert (await secretary.post(f"{BASE}/launch", sure)).location == f"{BASE}?told=vote_launched"
    vote, _ = await vote_of(town)
    assert (vote.state, vote.roll_persons) == (VoteState.NOTICED, 24)
    assert vote.roll_root is not None
    async with town.site.database.read() as session:
        statement = select(AuditEvent.verb).where(AuditEvent.subject == "vote:1001")
        assert list(await session.exec(statement)).count("vote.noticed") == 1
    page = await secretary.get(BASE)
    assert vote.roll_root.hex() in page.text
    assert "2026年3月30日 09:00 自动开始投票" in page.text
    assert (await secretary.get(f"{BASE}/edit/words")).location == f"{BASE}?told=vote.wrong_state"
    assert (await save_blind(secretary, "words", words | {"title": "x"})).location.endswith(
        "vote.wrong_state"
    )


def seen(page: Page) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


async def save_blind(browser: Browser, part: str, fields: dict[str, str], told: str = "2") -> Page:
    csrf = (await browser.get("/console")).csrf
    return await browser.post(f"{BASE}/edit/{part}", {"csrf": csrf, "revision": told, **fields})


async def test_a_roll_that_changes_under_the_notice_is_shown_again(town: Town) -> None:
    await enrolled(town)
    await drafted(town)
    secretary = await town.as_staff("secretary")
    await complete(secretary)
    shown = await secretary.get(f"{BASE}/launch")
    async with town.site.database.write() as session:
        unit = (await session.exec(select(RollUnit).where(RollUnit.unit_code == "3-1-101"))).one()
        unit.area_register = 90_000_000
    form = {"csrf": shown.csrf, "sure": "yes", "seen": seen(shown)}
    answer = await secretary.post(f"{BASE}/launch", form)
    assert answer.location == f"{BASE}/launch?told=vote_changed_meanwhile"
    assert (await vote_of(town))[0].state is VoteState.DRAFT
    again = await secretary.get(f"{BASE}/launch")
    done = await secretary.post(f"{BASE}/launch", form | {"seen": seen(again)})
    assert done.location == f"{BASE}?told=vote_launched"


RULES = {
    "revote": "none",
    "channel_priority": "first_recorded",
    "rank": "count_then_area",
    "notice_days": "15",
    "publish_within_days": "3",
    "objection_days": "7",
    "public_days": "15",
    "extension_days": "0",
    "proxy_cap": "",
}


async def test_a_notice_that_announces_more_days_than_it_gives_freezes_nothing(town: Town) -> None:
    await enrolled(town)
    await drafted(town)
    secretary = await town.as_staff("secretary")
    await complete(secretary)
    shown = await secretary.get(f"{BASE}/launch")
    assert (await save(secretary, "rules", RULES | {"notice_days": "60"})).status == 303
    assert "要提前 60 天通知业主" in (await secretary.get(BASE)).text
    form = {"csrf": shown.csrf, "sure": "yes", "seen": seen(shown)}
    assert (await secretary.get(f"{BASE}/launch")).location == f"{BASE}?told=vote.not_linted"
    assert (await secretary.post(f"{BASE}/launch", form)).location.endswith("vote_changed_meanwhile")
    assert (await save(secretary, "rules", RULES)).status == 303
    again = await secretary.get(f"{BASE}/launch")
    done = await secretary.post(f"{BASE}/launch", form | {"seen": seen(again)})
    assert done.location == f"{BASE}?told=vote_launched"


async def test_two_who_edit_at_once_lose_nothing(town: Town) -> None:
    await drafted(town)
    one, other = [await town.as_staff(who) for who in ("secretary", "community_worker")]
    before = revision(await one.get(f"{BASE}/edit/words"))
    await save(other, "convener", CONVENER)
    words = {"title": "我的标题", "body": "我写了很久的话"}
    late = await save_blind(one, "words", words, before)
    assert late.status == 200
    assert "刚才有同事改过" in late.text
    assert "我写了很久的话" in late.text
    saved = await one.post(f"{BASE}/edit/words", {"csrf": late.csrf, "revision": revision(late), **words})
    assert saved.location == f"{BASE}?told=vote_saved"
    vote, _ = await vote_of(town)
    assert (vote.title, vote.convener["name"]) == ("我的标题", CONVENER["name"])
    # The same once more, from the browser's memory, changes nothing: what was linted stays linted.
    assert (await save_blind(one, "words", words, before)).location == f"{BASE}?told=vote_saved"
    assert (await vote_of(town))[0].revision == vote.revision


@pytest.mark.parametrize(
    ("part", "fields", "told"),
    [
        ("window", {"opens_at": "明天上午", "closes_at": CLOSES}, "看不懂这个时间"),
        ("window", {"opens_at": "2026-02-30T09:00", "closes_at": CLOSES}, "看不懂这个时间"),
        ("words", {"title": "长" * 121, "body": "我写了很久的话"}, "最多 120 个字"),
        ("words", {"title": "好", "body": "话" * 20_001}, "最多 20000 个字"),
        ("contact", CONTACT | {"contact": "长" * 201}, "最多 200 个字"),
        ("contact", CONTACT | {"mode": "moon"}, "请核对这一项"),
        ("convener", CONVENER | {"name": "长" * 121}, "最多 120 个字"),
    ],
)
async def test_what_cannot_be_read_is_told_beside_it_and_stays(
    town: Town, part: str, fields: dict[str, str], told: str
) -> None:
    await drafted(town)
    secretary = await town.as_staff("secretary")
    before, _ = await vote_of(town)
    page = await save(secretary, part, fields)
    assert page.status == 422
    assert told in page.text
    assert max(fields.values(), key=len) in page.text
    assert (await vote_of(town))[0].revision == before.revision


async def test_questions_are_added_changed_and_taken_away(town: Town) -> None:
    await drafted(town)
    secretary = await town.as_staff("secretary")
    new = {
        "title": "选哪家公司",
        "body": "",
        "item": "4",
        "kind": "options",
        "options": "甲\r\n乙\n\n",
        "seats": "",
    }
    for _ in range(2):  # its button was pressed twice
        shown = await secretary.get(f"{BASE}/edit/question-new")
        await secretary.post(
            f"{BASE}/edit/question-new", {"csrf": shown.csrf, "revision": revision(shown), **new}
        )
    _, questions = await vote_of(town)
    assert [(each.title, each.options) for each in questions[1:]] == [("选哪家公司", ["甲", "乙"])]
    election = new | {"title": "选委员", "item": "3", "kind": "election", "seats": "1"}
    assert (await save(secretary, "question-2", election)).status == 303
    _, questions = await vote_of(town)
    assert (questions[1].title, questions[1].seats) == ("选委员", 1)
    for wrong, told in (
        ({"options": "甲"} | {"kind": "options"}, "至少两个"),
        ({"options": "甲\n甲"}, "有的选项重复了"),
        ({"options": "甲\n弃权\nabstain"}, "有的选项重复了"),
        ({"seats": "很多"}, "请写要选几个人"),
    ):
        page = await save(secretary, "question-2", election | wrong)
        assert page.status == 422
        assert told in page.text
    assert (await save(secretary, "question-1", {"action": "drop"})).status == 303
    _, questions = await vote_of(town)
    assert [each.title for each in questions] == ["选委员"]
    assert (await secretary.get(f"{BASE}/edit/question-2")).status == 404


async def test_rules_come_from_boxes_and_numbers(town: Town) -> None:
    await enrolled(town)
    await drafted(town)
    secretary = await town.as_staff("secretary")
    rules = {
        "building-3": "yes",
        "parking": "yes",
        "revote": "once",
        "channel_priority": "paper_over_online",
        "rank": "area_then_count",
        "proxy_cap": "３",
        "extension_days": "7",
        "notice_days": "15",
        "publish_within_days": "3",
        "objection_days": "7",
        "public_days": "15",
    }
    assert (await save(secretary, "rules", rules)).status == 303
    vote, _ = await vote_of(town)
    kept = {name: vote.rules[name] for name in ("scope_buildings", "parking", "revote", "proxy_cap")}
    assert kept == {"scope_buildings": ["3"], "parking": True, "revote": "once", "proxy_cap": 3}
    page = await save(secretary, "rules", rules | {"public_days": "半个月"})
    assert page.status == 422
    assert "整数" in page.text
    await save(secretary, "rules", {**rules, "building-3": "", "proxy_cap": ""})
    vote, _ = await vote_of(town)
    assert (vote.rules["scope_buildings"], vote.rules["proxy_cap"]) == ([], None)


async def test_who_looked_a_rule_up_stays_with_the_vote(town: Town) -> None:
    await drafted(town)
    secretary = await town.as_staff("secretary")
    none = await save_blind(secretary, "checked", {})
    assert none.location == f"{BASE}?told=vote_none_checked"
    await save_blind(secretary, "checked", {"key-proxy_cap": "yes", "key-nonsense": "yes"})
    town.clock.forward(timedelta(hours=1))
    worker = await town.as_staff("community_worker")
    await save_blind(worker, "checked", {"key-proxy_cap": "yes", "key-revote": "yes"})
    vote, _ = await vote_of(town)
    assert {name: each["by"] for name, each in vote.checked.items()} == {
        "proxy_cap": town.people["secretary"],
        "revote": town.people["community_worker"],
    }


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-30T09:00", (2026, 3, 30, 9, 0)),
        ("2026-3-30 9:05", (2026, 3, 30, 9, 5)),
        ("２０２６年3月30日 9：05", (2026, 3, 30, 9, 5)),
        ("2026年3月30日9点05分", (2026, 3, 30, 9, 5)),
    ],
)
def test_moments_are_read_as_people_write_them(text: str, moment: tuple[int, ...]) -> None:
    found = read_moment(text)
    assert found is not None
    assert found.tzinfo is LOCAL
    assert (found.year, found.month, found.day, found.hour, found.minute) == moment


def test_every_refusal_has_words(town: Town) -> None:
    refused = set(town.site.templates.words("refused_to_staff"))
    assert {*Code, *CaseCode} <= refused
