"""Surveys of households on pages: rounds of asking, by phone and at the door; nobody reads who said what."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from bot.web.templating import Templates
from handlers.surveys.clock import advance_surveys
from handlers.surveys.rules import Code
from storage.queries.people import get_or_add_identities, put_residency
from storage.states import (
    DoorOutcome,
    PlaceLevel,
    SurveyChannel,
    SurveyChoice,
    SurveyPhase,
    SurveyState,
    TopicStep,
)
from storage.tables import (
    AuditEvent,
    Place,
    RollUnit,
    Survey,
    SurveyAnswer,
    SurveyCanvasser,
    SurveyRound,
    SurveyUnit,
)
from tests.web.test_topics import key_of, topic
from tests.web.town import HERE, THERE, Browser, Page, Town, here_id

SURVEYS = f"/console/{HERE}/surveys"
ONE = f"{SURVEYS}/1001"
FIRST = f"{ONE}/1"
OWN = f"/h5/surveys/{HERE}/1001"
FORM = {
    "title": "院里要不要加装路灯",
    "body": "沿主路装六盏太阳能路灯。",
    "template": "renovation",
    "item": "8",
    "phase": "plan",
    "question": "同意在主路装路灯吗？",
    "starts": "2026-03-12",
    "ends": "2026-03-20",
}


async def flats(town: Town, *codes: str) -> None:
    """Flats of the tree, each named by its code."""
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add_all(
            Place(
                compound_id=compound_id,
                code=code,
                level=PlaceLevel.UNIT,
                name=code,
                parent_code=code.rpartition("-")[0],
            )
            for code in codes
        )


async def lives(town: Town, openid: str, code: str) -> Browser:
    """A browser of somebody who lives in a flat."""
    browser = await town.as_resident(openid=openid)
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        people = await get_or_add_identities(session, [("main", openid)], town.clock.now)
        await put_residency(session, compound_id, people["main", openid].person_id, code, town.clock.now)
    return browser


async def survey(town: Town) -> int:
    """A survey that is open, with a resident who lives in a flat, and a grid worker who goes there."""
    compound_id, now = await here_id(town), town.clock.now
    await flats(town, "3-1-101", "13-101")
    async with town.site.database.write() as session:
        key: dict[str, Any] = {"compound_id": compound_id, "survey_number": 1001}
        session.add(
            Survey(
                **key,
                title="院里要不要加装路灯",
                template="plain",
                created_by=town.people["secretary"],
                created_at=now,
            )
        )
        await session.flush()
        session.add(
            SurveyRound(
                **key,
                round_number=1,
                phase=SurveyPhase.PLAN,
                name="方案设计",
                question="同意吗？",
                starts_on=now.date(),
                ends_on=now.date() + timedelta(days=7),
                state=SurveyState.OPEN,
                opened_at=now,
            )
        )
        await session.flush()
        session.add_all(
            SurveyUnit(**key, round_number=1, unit_code=code, building=building, room=code, position=at)
            for at, (code, building) in enumerate((("3-1-101", "3"), ("13-101", "13")), 1)
        )
        session.add(
            SurveyCanvasser(
                **key,
                person_id=town.people["grid_worker"],
                part="3",
                named_by=town.people["secretary"],
                named_at=now,
            )
        )
        people = await get_or_add_identities(session, [("main", "o-resident")], now)
        await put_residency(session, compound_id, people["main", "o-resident"].person_id, "3-1-101", now)
    return 1001


async def press(browser: Browser, path: str, fields: Mapping[str, str]) -> Page:
    """Send a form of the page at `path`, twice, as people do; the first answer."""
    page = await browser.get(path)
    assert page.status == 200, page.text
    key = key_of(page) if 'name="key"' in page.text else ""
    asked = re.search(r'name="round" value="(\d+)"', page.text)
    sent = {"csrf": page.csrf, "key": key, **({"round": asked[1]} if asked else {}), **fields}
    first = await browser.post(path.partition("?")[0], sent)
    again = await browser.post(path.partition("?")[0], sent)
    assert (again.status, again.location.partition("?")[0]) in (
        (first.status, first.location.partition("?")[0]),
        (first.status, SURVEYS),  # it is there already: to the list
        (first.status, ONE),
    )
    return first


def cells_of(page: Page, building: str) -> str:
    """The row of a building in the table of coverage."""
    row = re.search(rf'<th scope="row">{building}</th>(.*?)</tr>', page.text, re.DOTALL)
    assert row is not None
    return " ".join(re.sub(r"<[^>]+>", " ", row[1]).split())


async def standing(town: Town) -> dict[str, tuple[SurveyChoice, SurveyChannel]]:
    async with town.site.database.read() as session:
        found = await session.exec(select(SurveyAnswer).where(col(SurveyAnswer.in_force)))
        return {each.unit_code: (each.choice, each.channel) for each in found}


async def events(town: Town, verb: str) -> list[AuditEvent]:
    async with town.site.database.read() as session:
        return list(await session.exec(select(AuditEvent).where(AuditEvent.verb == verb)))


async def test_every_household_is_asked_in_rounds_by_any_channel(town: Town) -> None:
    """From the draft to the second round: page, door, phone; coverage by building; nobody reads who said what."""
    await flats(town, *(f"3-1-{floor}01" for floor in range(1, 8)))
    await flats(town, "13-101", "13-102", "13-201", "13-202", "13-301")
    secretary = await town.as_staff("secretary")
    page = await secretary.get(SURVEYS)
    assert "还没有征询过" in page.text
    for wrong, told in (
        ({"title": " "}, "请写征求什么意见"),
        ({"question": ""}, "请写问大家什么"),
        ({"phase": "other"}, "请给这一轮起个名字"),
        ({"ends": "2026-03-01"}, "结束不能早于开始"),
        ({"starts": "yesterday"}, "结束不能早于开始"),
        ({"topic": "77"}, "有的地方没填"),
        ({"item": "12"}, "有的地方没填"),
    ):
        refused = await press(secretary, SURVEYS, {**FORM, "body": "谁<b>来修", **wrong})
        assert refused.status == 200
        assert told in refused.text
        assert "谁&lt;b&gt;来修" in refused.text
    made = await press(secretary, SURVEYS, FORM)
    assert made.location == f"{FIRST}?told=survey_created"

    odd = await press(secretary, ONE, {"act": "about", "title": " ", "body": "沿主路<b>", "item": "8"})
    assert "请写征求什么意见" in odd.text
    assert "沿主路&lt;b&gt;" in odd.text
    about = {"act": "about", "title": "院里装不装路灯", "body": "沿主路装六盏太阳能路灯。", "item": "8"}
    assert (await press(secretary, ONE, about)).location == f"{ONE}?told=survey_kept"

    draft = await secretary.get(FIRST)
    assert "院里装不装路灯" in draft.text
    assert "这是征求意见，不是表决" in draft.text
    changed = await press(secretary, FIRST, {**FORM, "act": "change", "question": "同意在主路装六盏路灯吗？"})
    assert changed.location == f"{FIRST}?told=survey_changed"
    resident = await lives(town, "o-zhao", "3-1-101")
    assert (await resident.get(OWN)).status == 404  # a draft
    opened = await press(secretary, FIRST, {"act": "set"})
    assert opened.location == f"{FIRST}?told=survey_opened"
    assert len(await events(town, "survey.opened")) == 1
    late = await press(secretary, ONE, about)
    assert "这一轮已经开始" in late.text

    listed = await resident.get("/h5/surveys")
    assert OWN in listed.text
    shown = await resident.get(OWN)
    assert "同意在主路装六盏路灯吗？" in shown.text
    assert "沿主路装六盏太阳能路灯。" in shown.text
    assert "这是征求意见，不是表决" in shown.text
    missing = await press(resident, OWN, {"unit": "3-1-101", "words": "我想想"})
    assert "请先选一个" in missing.text
    assert "我想想" in missing.text
    for said in ("agree", "against"):
        answered = await press(
            resident, OWN, {"unit": "3-1-101", "said": said, "r-noise": "yes", "words": "怕晃眼"}
        )
        assert answered.location == f"{OWN}?told=survey_answered"
    own = await resident.get(OWN)
    assert "您答的是“不同意”，因为施工太吵、太打扰" in own.text
    not_theirs = await press(resident, OWN, {"unit": "3-1-201", "said": "agree"})
    assert "不在这次要问的名单里" in not_theirs.text
    # Whoever else says that they live there is not told what was answered.
    flatmate = await lives(town, "o-flatmate", "3-1-101")
    theirs = await flatmate.get(OWN)
    assert "这一户已经有人答过" in theirs.text
    assert "怕晃眼" not in theirs.text
    assert "您答的是" not in theirs.text

    # Nobody goes from door to door unless they were named, and then to their own doors only.
    doors = f"{FIRST}/doors"
    worker = await town.as_staff("building_steward")
    assert (await worker.get(doors)).status == 403
    me = str(town.people["building_steward"])
    odd = await press(secretary, ONE, {"act": "name", "person": str(town.people["property"]), "p-3": "yes"})
    assert "请选一位同事" in odd.text
    named = await press(secretary, ONE, {"act": "name", "person": me, "p-3": "yes", "p-13": "yes"})
    assert named.location == f"{ONE}?told=canvassers_kept"
    assert "上门征询" in (await worker.get(f"/console/{HERE}/doors")).text
    before = len(await events(town, "survey.doors_seen"))
    everywhere = await worker.get(doors)
    assert len(await events(town, "survey.doors_seen")) == before + 1
    assert "3栋</a> <small>7 户，还有 6 户没答" in everywhere.text
    assert "13栋" not in everywhere.text  # named for it, but their office is building 3
    await worker.get(f"{doors}?building=谁谁谁")
    building = f"{doors}?building=3"
    at_doors = await worker.get(building)
    seen = [each.details["building"] for each in await events(town, "survey.doors_seen")]
    assert sorted(seen) == ["", "", "3"]
    assert "自己答了" in at_doors.text
    for hidden in ("怕晃眼", "您答的是"):
        assert hidden not in at_doors.text
    for unit, noted, told in (
        ("3-1-201", {"said": "agree", "channel": "door"}, "door_kept"),
        ("3-1-301", {"said": "against", "channel": "phone", "r-cost": "yes"}, "door_kept"),
        ("3-1-401", {"said": "either", "channel": "door"}, "door_kept"),
        ("3-1-501", {"said": "absent", "on": "2026-03-12"}, "door_tried"),
        ("3-1-601", {"said": "refused", "on": "2026-03-12"}, "door_tried"),
        ("3-1-101", {"said": "agree", "channel": "door"}, "door_beside"),
    ):
        kept = await press(worker, building, {"building": "3", "unit": unit, **noted})
        assert kept.location == f"{doors}?building=3&told={told}", (unit, kept.text[:2000])
    for unit, noted, told in (
        ("13-101", {"said": "agree", "channel": "door"}, "不在这次要问的名单里"),
        ("3-1-701", {"said": "absent", "on": "2026-04-01"}, "这一轮开始以后的一天"),
        ("3-1-701", {"said": "absent", "on": "2026-03-11"}, "这一轮开始以后的一天"),
        ("3-1-701", {"said": "maybe", "words": "门上<写>"}, "请先选一个"),
    ):
        refused = await press(worker, building, {"building": "3", "unit": unit, "channel": "door", **noted})
        assert told in refused.text
    assert "门上&lt;写&gt;" in refused.text
    assert await standing(town) == {
        "3-1-101": (SurveyChoice.AGAINST, SurveyChannel.PAGE),
        "3-1-201": (SurveyChoice.AGREE, SurveyChannel.DOOR),
        "3-1-301": (SurveyChoice.AGAINST, SurveyChannel.PHONE),
        "3-1-401": (SurveyChoice.EITHER, SurveyChannel.DOOR),
    }
    assert "上门也记过" in (await worker.get(building)).text
    assert "替这一户记过" not in (await resident.get(OWN)).text

    # How many of the answers are staff's word is told to everybody.
    assert "怎么答的：网页 1 户，上门 2 户，电话 1 户" in (await secretary.get(FIRST)).text
    assert "答了 4 户，其中上门、电话记下的 3 户" in (await resident.get(OWN)).text
    # A household that staff had written down answers itself: that is what counts.
    neighbour = await lives(town, "o-qian", "3-1-201")
    assert "上门的同志已经替这一户记过" in (await neighbour.get(OWN)).text
    await press(neighbour, OWN, {"unit": "3-1-201", "said": "against"})
    covered = await secretary.get(FIRST)
    assert cells_of(covered, "3栋") == "4/7 3 没有上门记录 1 没人 1 不愿说 1"
    assert "满十户开始分开数" in covered.text
    assert "有 2 户上门记过，自己也答了" in covered.text
    assert "怕晃眼" not in covered.text  # nor reasons: of so few, each is somebody's
    assert "施工太吵、太打扰</b>" not in covered.text
    assert "3-1-101" not in covered.text

    # Not ten yet: residents see that somebody answered, and no figure.
    await press(await lives(town, "o-sun", "3-1-501"), OWN, {"unit": "3-1-501", "said": "agree"})
    town.clock.forward(timedelta(minutes=1))
    for number, code in enumerate(("13-101", "13-102", "13-201", "13-202")):
        await press(await lives(town, f"o-13-{number}", code), OWN, {"unit": code, "said": "agree"})
    assert await advance_surveys(town.site.database, town.site.services, town.clock.now) == 0
    assert "满十户开始公开数字" in (await resident.get(OWN)).text
    assert cells_of(await secretary.get(FIRST), "13栋") == "4/5 1 没有上门记录 1"
    await press(await lives(town, "o-zhou", "13-301"), OWN, {"unit": "13-301", "said": "agree"})
    assert await advance_surveys(town.site.database, town.site.services, town.clock.now) == 1
    covered = await secretary.get(FIRST)
    assert "先算进来的 5 户里，同意 1 户，不同意 3 户，都行 1 户" in covered.text
    assert "怕晃眼" in covered.text  # among what was written, without who, and without what they chose
    assert "不同意：怕晃眼" not in covered.text
    assert cells_of(covered, "13栋") == "5/5 0"
    public = await resident.get(OWN)
    assert "5 户的意见" in public.text
    assert "各楼" not in public.text

    closed = await press(secretary, FIRST, {"act": "close", "sure": "yes"})
    assert closed.location == f"{FIRST}?told=survey_closed"
    covered = await secretary.get(FIRST)
    assert cells_of(covered, "3栋") == "5/7 同意 1 不同意 3 都行 1 2 没有上门记录 1 不愿说 1"
    assert cells_of(covered, "13栋") == "5/5 同意 5 不同意 0 都行 0 0"
    assert "各楼" in (await resident.get(OWN)).text
    late = await press(resident, OWN, {"unit": "3-1-101", "said": "agree", "words": "来晚了"})
    assert "已经结束" in late.text
    assert "您刚才写的：来晚了" in late.text
    assert "哪一户没答，不再给人看" in (await worker.get(building)).text

    second = {**FORM, "act": "round", "phase": "notice", "question": "这份方案行不行？", "b-13": "yes"}
    added = await press(secretary, f"{ONE}?phase=notice", second)
    assert added.location == f"{ONE}/2?told=survey_round_added"
    assert (await press(secretary, f"{ONE}/2", {"act": "set"})).location.endswith("survey_opened")
    both = await secretary.get(ONE)
    assert "12 户里答了 10 户：同意 6，不同意 3，都行 1" in both.text
    assert "5 户里答了 0 户" in both.text
    assert "这次没有问到您家" in (await resident.get(OWN)).text
    third = await lives(town, "o-li", "13-101")
    assert "这份方案行不行？" in (await third.get(OWN)).text


async def test_one_against_is_no_veto_and_what_is_missing_is_said(town: Town) -> None:
    """Where each building stands, who was not reached, what the lawful majority is; reasons are answered, once told."""
    await flats(
        town, *(f"3-1-{floor}01" for floor in range(1, 8)), *(f"13-10{door}" for door in range(1, 10))
    )
    secretary = await town.as_staff("secretary")
    await press(secretary, SURVEYS, FORM)
    await press(secretary, FIRST, {"act": "set"})
    units = [*(f"3-1-{floor}01" for floor in range(1, 6)), *(f"13-10{door}" for door in range(1, 6))]
    homes = [await lives(town, f"o-{number}", unit) for number, unit in enumerate(units, 1)]
    for number, (browser, unit) in enumerate(zip(homes, units, strict=True)):
        said = {"said": "agree"} if number else {"said": "against", "r-noise": "yes"}
        await press(browser, OWN, {"unit": unit, **said})
        town.clock.forward(timedelta(minutes=1))
    await advance_surveys(town.site.database, town.site.services, town.clock.now)
    page = await secretary.get(FIRST)
    assert "改公共部分的用途，或者拿来经营" in page.text
    assert "人数和面积都要达到全体业主的三分之二" in page.text
    assert "还差 1 户参与才够法定人数" in page.text  # eleven of sixteen
    assert "同意的至少要" not in page.text  # while more come, who agrees is told by fives
    assert "有人不同意，不等于否决" in page.text
    assert "征求意见不决定任何事" in page.text
    for decided in ("通过", "未形成有效决定"):
        assert decided not in page.text
    assert cells_of(page, "13栋") == "5/9 4 没有上门记录 4"
    assert cells_of(page, "3栋") == "5/7 2 没有上门记录 2"

    odd = await press(
        secretary, FIRST, {"act": "reply", "reason": "noise", "summary": "怕太吵", "answer": " "}
    )
    assert "请写上回复" in odd.text
    assert "怕太吵" in odd.text
    reply = {
        "act": "reply",
        "reason": "noise",
        "summary": "有几户怕施工太吵",
        "answer": "只在白天装，两天装完。",
    }
    done = await press(secretary, FIRST, reply)
    assert done.location == f"{FIRST}?told=survey_replied"
    for browser in homes:
        public = await browser.get(OWN)
        assert "有几户怕施工太吵" in public.text
        assert "只在白天装，两天装完。" in public.text
        assert "有人不同意，不等于否决" in public.text
    again = {"unit": "3-1-101", "said": "against", "words": "还是怕吵"}
    assert (await press(homes[0], OWN, again)).location.endswith("answered")
    # Nobody names noise any more: what was answered to it can still be put right.
    assert "只在白天装，两天装完。" in (await secretary.get(FIRST)).text
    town.clock.forward(timedelta(days=9))
    assert await advance_surveys(town.site.database, town.site.services, town.clock.now) == 2
    over = await (await town.as_resident(openid="o-2")).get(OWN)
    assert "已结束" in over.text
    assert "同意的至少要" in over.text
    page = await (await town.as_staff("secretary")).get(FIRST)
    assert "至少要 8 户。现在同意 9 户，户数够了，面积还要另算" in page.text  # three quarters of ten
    assert "现在不同意的 1 户不等于否决" in page.text
    assert cells_of(page, "3栋") == "5/7 同意 4 不同意 1 都行 0 2 没有上门记录 2"


async def test_neighbours_and_the_company_see_nothing_of_it(town: Town) -> None:
    await survey(town)
    stranger = await town.as_resident(openid="o-stranger")
    assert (await stranger.get(OWN)).status == 404
    resident = await town.as_resident()
    assert (await resident.get(f"/h5/surveys/{THERE}/1001")).status == 404
    assert (await resident.get(f"/h5/surveys/{HERE}/1002")).status == 404
    company = await town.as_staff("property")
    for path in (SURVEYS, ONE, FIRST, f"{FIRST}/doors", f"/console/{HERE}/doors"):
        assert (await company.get(path)).status == 403
    # Whoever only looks on sees how far it is, and no button, word or door.
    supervisor = await town.as_staff("supervisor")
    page = await supervisor.get(FIRST)
    assert page.status == 200
    assert "为什么不同意" not in page.text
    assert 'name="act"' not in page.text


async def test_writing_down_at_a_door_tells_nothing_of_what_the_household_said(town: Town) -> None:
    await survey(town)
    await press(await town.as_resident(), OWN, {"unit": "3-1-101", "said": "against"})
    worker = await town.as_staff("grid_worker")
    building = f"{FIRST}/doors?building=3"
    seen = set()
    for said in ("agree", "against", "either"):
        await press(worker, building, {"building": "3", "unit": "3-1-101", "said": said, "channel": "door"})
        listed = re.search("自己答了</span>(.*?)<details", (await worker.get(building)).text, re.DOTALL)
        assert listed is not None
        seen.add(listed[1].strip())
    assert seen == {"<small>上门也记过，以住户自己的为准</small>"}


async def test_an_old_page_does_not_answer_the_next_question(town: Town) -> None:
    await flats(town, "3-1-101")
    secretary = await town.as_staff("secretary")
    await press(secretary, SURVEYS, FORM)
    await press(secretary, FIRST, {"act": "set"})
    resident = await lives(town, "o-zhao", "3-1-101")
    old = await resident.get(OWN)
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', old.text))
    await press(secretary, FIRST, {"act": "close", "sure": "yes"})
    second = {**FORM, "act": "round", "phase": "works", "question": "同意下周进场吗？"}
    await press(secretary, ONE, second)
    await press(secretary, f"{ONE}/2", {"act": "set"})
    late = await resident.post(OWN, {**fields, "said": "agree", "words": "路灯装<高>点"})
    assert "您打开的是以前那一轮的页面" in late.text
    assert "同意下周进场吗？" in late.text
    assert "您刚才写的：路灯装&lt;高&gt;点" in late.text
    assert 'value="agree" checked' not in late.text
    assert await standing(town) == {}


async def test_a_round_opens_by_itself_on_its_day(town: Town) -> None:
    secretary = await town.as_staff("secretary")
    await press(secretary, SURVEYS, {**FORM, "starts": "2026-03-14"})
    nobody = await press(secretary, FIRST, {"act": "set"})
    assert "还没有房屋清册" in nobody.text
    await flats(town, "3-1-101")
    assert (await press(secretary, FIRST, {"act": "set"})).location == f"{FIRST}?told=survey_set"
    assert await advance_surveys(town.site.database, town.site.services, town.clock.now) == 0
    town.clock.forward(timedelta(days=2))
    assert await advance_surveys(town.site.database, town.site.services, town.clock.now) == 1
    async with town.site.database.read() as session:
        [round_] = list(await session.exec(select(SurveyRound)))
        assert (round_.state, round_.opened_at) == (SurveyState.OPEN, town.clock.now)


def test_pages_have_a_word_for_everything_and_no_long_sentence(templates: Templates) -> None:
    def words(table: str) -> dict[str, str]:
        return templates.words(table, "survey_words.html")

    assert set(words("survey_refused")) == set(Code)
    assert set(words("survey_states")) == set(SurveyState)
    assert set(words("survey_phases")) == set(SurveyPhase)
    assert set(words("survey_choices")) == set(SurveyChoice)
    assert set(words("survey_channels")) == set(SurveyChannel)
    assert set(words("door_outcomes")) == set(DoorOutcome)
    for table in ("survey_refused", "survey_told"):
        for said in words(table).values():
            assert all(len(sentence) <= 60 for sentence in re.split("[。！？]", said)), said


async def test_the_three_questions_of_a_renovation_are_filled_from_their_rounds(town: Town) -> None:
    number = await topic(town, "renovation", "三号院改造", step=TopicStep.DISCUSS, entry=2)
    page = f"/console/{HERE}/topics/{number}"
    await flats(town, *(f"3-1-{floor}01" for floor in range(1, 7)))
    secretary = await town.as_staff("secretary")
    link = f"{SURVEYS}?topic={number}&amp;phase=plan"
    assert link in (await secretary.get(page)).text
    form = await secretary.get(link.replace("&amp;", "&"))
    assert 'value="三号院改造"' in form.text
    assert f'name="topic" value="{number}"' in form.text
    assert 'value="plan" checked' in form.text
    assert '<option value="renovation" selected>' in form.text
    one_building = {**FORM, "title": "三号院改造", "topic": str(number), "b-3": "yes"}
    made = await press(secretary, SURVEYS, one_building)
    assert made.location.startswith(FIRST)
    await press(secretary, FIRST, {"act": "set"})
    resident = await lives(town, "o-zhao", "3-1-101")
    assert f"/h5/topics/{HERE}/{number}" in (await press(resident, OWN, {"unit": "3-1-101"})).text
    assert OWN in (await resident.get(f"/h5/topics/{HERE}/{number}")).text
    await press(resident, OWN, {"unit": "3-1-101", "said": "against"})
    for floor in range(2, 6):
        browser = await lives(town, f"o-{floor}", f"3-1-{floor}01")
        await press(browser, OWN, {"unit": f"3-1-{floor}01", "said": "agree"})
    done = {"act": "task", "task": "ask_design", "survey": "1001", "words": "一户一户问过了"}
    for early in (done, {**done, "survey": "1002"}):
        refused = await press(secretary, page, early)
        assert refused.status == 200
        assert "这份意见征询不在这里" in refused.text
        assert "一户一户问过了</textarea>" in refused.text
    await press(secretary, FIRST, {"act": "close", "sure": "yes"})
    assert (await press(secretary, page, done)).location == f"{page}?told=topic_kept"
    shown = await secretary.get(page)
    assert "只问了 1 栋，6 户里问过 5 户，答了 5 户。同意 4，不同意 1，都行 0" in shown.text
    # Asked building by building: the rounds count together.
    await flats(town, "13-101")
    next_one = {**FORM, "act": "round", "question": "13栋改不改？", "b-13": "yes"}
    await press(secretary, f"{ONE}?phase=plan", next_one)
    await press(secretary, f"{ONE}/2", {"act": "set"})
    await press(await lives(town, "o-li", "13-101"), OWN, {"unit": "13-101", "said": "agree"})
    await press(secretary, f"{ONE}/2", {"act": "close", "sure": "yes"})
    await press(secretary, page, {**done, "words": "两栋都问过了"})
    shown = await secretary.get(page)
    assert "2 轮合在一起，每户算一次。只问了 2 栋，7 户里问过 6 户，答了 6 户" in shown.text
    assert "能公开的 5 户里，同意 4，不同意 1，都行 0" in shown.text
    # The company may read the topic, and not what households said.
    assert "不同意 1" not in (await (await town.as_staff("property")).get(page)).text
    again = await secretary.get(f"{SURVEYS}?topic={number}&phase=notice")
    assert f"{ONE}?phase=notice" in again.text
    assert 'value="notice" checked' in (await secretary.get(f"{ONE}?phase=notice")).text


async def test_ends_of_lines_count_as_the_browser_counts_them(town: Town) -> None:
    secretary = await town.as_staff("secretary")
    body = "\r\n".join(["灯"] * 2000)  # 3999 characters where they are typed
    made = await press(secretary, SURVEYS, {**FORM, "body": body})
    assert made.location == f"{FIRST}?told=survey_created"
    async with town.site.database.read() as session:
        [kept] = list(await session.exec(select(Survey)))
    assert kept.body == body.replace("\r\n", "\n")


async def test_entrances_stand_in_the_order_of_the_round(town: Town) -> None:
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add_all(
            RollUnit(
                compound_id=compound_id,
                unit_code=f"13-{entrance}-101",
                building="13",
                entrance=entrance,
                room="101",
                entered_at=town.clock.now,
            )
            for entrance in ("2", "10")
        )
    secretary = await town.as_staff("secretary")
    await press(secretary, SURVEYS, FORM)
    await press(secretary, FIRST, {"act": "set"})
    me = str(town.people["secretary"])
    await press(secretary, ONE, {"act": "name", "person": me, "p-all": "yes"})
    page = await secretary.get(f"{FIRST}/doors?building=13")
    assert re.findall(r"<h2>13栋(\d+)单元", page.text) == ["2", "10"]


async def test_what_does_not_open_keeps_its_buildings_in_the_form(town: Town) -> None:
    secretary = await town.as_staff("secretary")
    await press(secretary, SURVEYS, {**FORM, "b-13": "yes"})
    nobody = await press(secretary, FIRST, {"act": "set"})
    assert "还没有房屋清册" in nobody.text
    assert 'name="b-13" value="yes" checked' in nobody.text
    assert f'name="ends" value="{FORM["ends"]}"' in nobody.text
