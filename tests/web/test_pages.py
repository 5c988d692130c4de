"""What the pages show, and that nothing anybody wrote becomes part of the page itself."""

import re
from datetime import timedelta
from enum import StrEnum

import pytest
from sqlmodel import select

from handlers.roll.columns import Field
from handlers.texts import say
from storage.queries.people import put_role
from storage.states import (
    Form,
    MessageClass,
    OpinionState,
    OutboxState,
    Role,
    RoleSource,
    UnitKind,
    VoteState,
)
from storage.tables import AlertEpisode, AuditEvent, Compound, OutboxMessage, Person
from tests.web.orders import matter
from tests.web.test_matrix import MATRIX
from tests.web.town import HERE, STAFF, WEEK, Town, episode, here_id, opinion, week_row

HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{7*7}}</title></textarea>"""


def unhurt(text: str) -> None:
    """The page has no element that came from somebody's words."""
    for part in ("<script", "<img", 'onerror=alert(1)>"', "{{7*7}}</title>", "49</title>"):
        assert part not in text
    assert "&lt;script&gt;" in text


async def person_of(town: Town, openid: str = "o-resident") -> int:
    async with town.site.database.read() as session:
        from storage.queries.people import find_identity

        identity = await find_identity(session, "main", openid)
    assert identity is not None
    return identity.person_id


async def test_the_week_in_numbers(town: Town) -> None:
    await town.as_resident()
    compound_id, person_id = await here_id(town), await person_of(town)
    lexicon = town.site.services.tagger.lexicon
    leaf = next(iter(lexicon.leaves))
    monday = town.clock.now - timedelta(days=3, hours=12)
    withdrawn = opinion(compound_id, 1005, person_id, town.clock.now, "算了")
    withdrawn.state = OpinionState.WITHDRAWN
    async with town.site.database.write() as session:
        session.add_all(
            [
                opinion(compound_id, 1001, person_id, monday, "甲", (leaf,)),
                opinion(compound_id, 1002, person_id, town.clock.now, "乙", (leaf,), urgency=3),
                opinion(compound_id, 1003, person_id, town.clock.now, "丙"),
                opinion(compound_id, 1004, person_id, monday - timedelta(seconds=1), "上周", (leaf,)),
                withdrawn,
                episode(compound_id, 1, town.clock.now),
                week_row(compound_id, town.clock.now),
            ]
        )
    page = await (await town.as_staff("secretary")).get("/console/XH-1")
    assert "本周 <small>3月9日起</small>" in page.text
    numbers = [part.partition("<")[0] for part in page.text.split("<dd>")[4:]]
    assert numbers == ["3", "1", "1"]
    assert lexicon.top_name(leaf) in page.text
    assert 'class="bar w20"></span><b>2</b>' in page.text
    assert 'class="bar last w10"></span><b>1</b>' in page.text
    assert f'href="/console/XH-1/digest/{WEEK}">2026年3月2日那一周</a>' in page.text
    assert "甲" not in page.text


async def building_rows(town: Town) -> None:
    """Three matters and two alerts of building 3, one of each of building 13, one of the whole compound."""
    await town.as_resident()
    compound_id, person_id, now = await here_id(town), await person_of(town), town.clock.now
    at_entrance = opinion(compound_id, 1001, person_id, now, "三栋一单元有煤气味", urgency=3)
    at_entrance.entrance = "1"
    at_home = opinion(compound_id, 1003, person_id, now, "楼道灯不亮", building=None)
    at_home.home_code = "3-1"
    async with town.site.database.write() as session:
        session.add_all(
            [
                at_entrance,
                opinion(compound_id, 1002, person_id, now, "三栋电梯坏了"),
                at_home,
                opinion(compound_id, 1004, person_id, now, "十三栋着火了", urgency=3, building="13"),
                opinion(compound_id, 1005, person_id, now, "大门口太乱", building=None),
                episode(compound_id, 1, now, "shuidian.qi@3", 1001),
                episode(compound_id, 2, now, "danger@3"),
                episode(compound_id, 3, now, "xiaofang.zhaohuo@13", 1004),
                week_row(compound_id, now),
            ]
        )


@pytest.mark.parametrize(
    ("who", "numbers", "alerts", "part"),
    [
        ("secretary", ["5", "2", "3"], {1, 2, 3}, ""),
        ("precinct_secretary", ["5", "2", "3"], {1, 2, 3}, ""),
        ("building_steward", ["3", "1", "2"], {1, 2}, "3栋"),
        ("entrance_steward", ["2", "1", "1"], {1}, "3栋1单元"),
        ("next_building_steward", ["1", "1", "1"], {3}, "13栋"),
    ],
)
async def test_a_steward_sees_what_belongs_to_their_building_only(
    town: Town, who: str, numbers: list[str], alerts: set[int], part: str
) -> None:
    await building_rows(town)
    browser = await town.as_staff(who)
    week = await browser.get("/console/XH-1")
    assert [found.partition("<")[0] for found in week.text.split("<dd>")[4:]] == numbers
    assert ("以前的每周摘要" in week.text) == (not part)
    shown = await browser.get("/console/XH-1/alerts")
    assert {int(number) for number in re.findall(r"第 (\d+) 号", shown.text)} == alerts
    assert ("三栋一单元有煤气味" in shown.text) == (1 in alerts)
    assert ("十三栋着火了" in shown.text) == (3 in alerts)
    for page in (week, shown, await browser.get("/console")):
        assert (f"<small>{part}</small>" in page.text) == bool(part)
    for number in (1, 2, 3):
        answer = await browser.post(f"/console/XH-1/alerts/{number}", {"csrf": shown.csrf})
        assert answer.status == (303 if number in alerts else 404)
    async with town.site.database.read() as session:
        rows = (await session.exec(select(AlertEpisode))).all()
    assert {row.number for row in rows if row.acknowledged_by == town.people[who]} == alerts
    if alerts:  # the first who saw to it is named to all, whatever their node
        page = await (await town.as_staff("secretary")).get("/console/XH-1/alerts")
        assert f"书记姓{who}" in page.text


async def test_a_button_is_there_only_where_it_works(town: Town) -> None:
    await building_rows(town)
    async with town.site.database.write() as session:  # sees all alerts, sees to those of a building
        person_id = town.people["committee"]
        await put_role(session, person_id, Role.DUTY, "XH-1/13", "", False, RoleSource.STAFF, town.clock.now)
    page = await (await town.as_staff("committee")).get("/console/XH-1/alerts")
    assert re.findall(r"/console/XH-1/alerts/(\d+)\"", page.text) == ["3"]
    assert page.text.count("还没有人确认") == 2


async def test_an_empty_week_says_so(town: Town) -> None:
    page = await (await town.as_staff("secretary")).get("/console/XH-1")
    assert "这周还没有人反映问题" in page.text
    assert "第一份每周摘要会在本周结束后出来" in page.text


# What is linked does not depend on the database; each page is opened on both elsewhere.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_nobody_is_shown_a_way_that_is_closed_to_them(town: Town) -> None:
    async with town.site.database.write() as session:
        session.add(week_row(await here_id(town), town.clock.now))
    await matter(town, "o-1", "o-2")
    await matter(town, "o-3", building="13", is_confirmed=False)
    for who in STAFF:
        browser = await town.as_staff(who)
        ways, seen = ["/console"], set()
        while ways:
            way = ways.pop()
            page = await browser.get(way)
            assert page.status == 200, (who, way)
            seen.add(way)
            ways += [link for link in re.findall(r'href="(/console[^"]*)"', page.text) if link not in seen]
        assert ("/console/outbox" in seen) == (who == "operator")
        assert (f"/console/XH-1/digest/{WEEK}" in seen) == (
            MATRIX["GET", "/console/{compound}/digest/{week}"][who] == 200
        )


async def test_the_compounds_of_a_district_are_listed(town: Town) -> None:
    page = await (await town.as_staff("district_secretary")).get("/console")
    assert "新禾苑" in page.text
    assert "兰花里" not in page.text


async def test_the_digest_as_it_was_sent(town: Town) -> None:
    async with town.site.database.write() as session:
        session.add(week_row(await here_id(town), town.clock.now))
    browser = await town.as_staff("committee")
    page = await browser.get(f"/console/XH-1/digest/{WEEK}")
    for part in (
        "3月2日 至 3月8日",
        "37<small> 件</small>",
        '<span class="bar w20"></span><b>14</b>',
        '<span class="bar last w8"></span><span class="faint">6</span>',
        '<span class="bar w1"></span><b>1</b>',
        '<span class="bar last w0"></span><span class="faint">0</span>',
        "3栋2单元",
        "1012号",
        "等了 6 天",
        "<blockquote><p>楼道灯又不亮了",
    ):
        assert part in page.text, part
    assert (await browser.get("/console/XH-1/digest/2026-03-09")).status == 404


async def test_words_and_names_stay_text(town: Town) -> None:
    await town.as_resident()
    compound_id, person_id = await here_id(town), await person_of(town)
    hostile = {"category": HOSTILE, "name": HOSTILE, "count": 3, "last": 1}
    async with town.site.database.write() as session:
        compound = await session.get_one(Compound, compound_id)
        compound.name = HOSTILE[:80]
        secretary = await session.get_one(Person, town.people["secretary"])
        secretary.name_sealed = town.sealer.seal(HOSTILE.encode(), "persons.name")
        row = opinion(compound_id, 1001, person_id, town.clock.now, HOSTILE, urgency=3)
        row.building = "<img>"
        session.add(row)
        session.add_all(
            [
                week_row(
                    compound_id,
                    town.clock.now,
                    categories=[hostile],
                    places=[hostile],
                    urgent=[
                        {
                            "number": 1,
                            "label": HOSTILE,
                            "place": HOSTILE,
                            "said_on": "3月4日",
                            "text": HOSTILE,
                            "state": HOSTILE,
                        }
                    ],
                    unanswered=[{"number": 1, "label": HOSTILE, "place": HOSTILE, "days": 3}],
                    quotes=[{"text": HOSTILE, "label": HOSTILE}],
                ),
                episode(compound_id, 1, town.clock.now, f"{HOSTILE[:60]}@3", 1001),
                unsent(town, reason=HOSTILE[:120]),
            ]
        )
    staff, operator, resident = (
        await town.as_staff("secretary"),
        await town.as_staff("operator"),
        await town.as_resident(),
    )
    await staff.submit("/console/XH-1", "/console/XH-1/alerts/1")  # the name is shown as who saw to it
    for browser, path in (
        (staff, "/console"),
        (staff, "/console/XH-1"),
        (staff, f"/console/XH-1/digest/{WEEK}"),
        (staff, "/console/XH-1/alerts"),
        (operator, "/console/outbox"),
        (resident, "/h5"),
    ):
        page = await browser.get(path)
        assert page.status == 200, path
        unhurt(page.text)


async def test_what_was_typed_into_the_sign_in_stays_text(town: Town) -> None:
    form = {"username": '"><script>x', "password": "x", "next": '"><script>x'}
    page = await town.browser().submit("/console/sign-in", "/console/sign-in", form)
    assert page.status == 403
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


async def test_who_sees_to_an_alert_first_is_noted(town: Town) -> None:
    compound_id = await here_id(town)
    async with town.site.database.write() as session:
        session.add(episode(compound_id, 7, town.clock.now))
    first, later = await town.as_staff("duty"), await town.as_staff("property")
    page = await first.get("/console/XH-1/alerts")
    assert "我去处理" in page.text
    forms = page.csrf, (await later.get("/console/XH-1/alerts")).csrf
    page = await first.post("/console/XH-1/alerts/7", {"csrf": forms[0]})
    assert page.location == "/console/XH-1/alerts"
    assert (await later.post("/console/XH-1/alerts/7", {"csrf": forms[1]})).status == 303
    async with town.site.database.read() as session:
        row = (await session.exec(select(AlertEpisode))).one()
        events = (await session.exec(select(AuditEvent).where(AuditEvent.verb == "alert.acknowledged"))).all()
    assert (row.acknowledged_at, row.acknowledged_by) == (town.clock.now, town.people["duty"])
    assert len(events) == 1
    page = await later.get("/console/XH-1/alerts")
    assert "姓duty" in page.text
    assert "已确认" in page.text
    assert "我去处理" not in page.text
    assert (await later.submit("/console/XH-1/alerts", "/console/XH-1/alerts/99")).status == 404


async def test_who_may_only_look_has_no_button(town: Town) -> None:
    async with town.site.database.write() as session:
        session.add(episode(await here_id(town), 7, town.clock.now))
    page = await (await town.as_staff("committee")).get("/console/XH-1/alerts")
    assert "还没有人确认" in page.text
    assert "我去处理" not in page.text


def unsent(
    town: Town,
    number: int = 1,
    state: OutboxState = OutboxState.UNCERTAIN,
    reason: str = "no answer",
    form: Form = Form.TEXT,
) -> OutboxMessage:
    return OutboxMessage(
        account="main",
        dedupe_key=f"k{number}",
        recipient="o-secret-recipient",
        message_class=MessageClass.DIGEST,
        text="机密的话",
        form=form,
        created_at=town.clock.now,
        not_before=town.clock.now,
        expires_at=town.clock.now,
        state=state,
        reason=reason,
    )


async def test_what_was_not_sent_is_shown_without_words_and_recipients(town: Town) -> None:
    async with town.site.database.write() as session:
        session.add_all(
            [
                unsent(town, 1),
                unsent(town, 2, state=OutboxState.DEAD, reason="45047 quota", form=Form.GROUP_TASK),
                unsent(town, 3, state=OutboxState.SENT, reason="went-out"),
            ]
        )
    page = await (await town.as_staff("operator")).get("/console/outbox")
    for part in ("不知道有没有发出", "没有发出", "每周摘要", "45047 quota", "企业群发"):
        assert part in page.text
    for secret in ("机密", "o-secret", "went-out"):
        assert secret not in page.text


async def test_a_resident_sees_their_own_and_nobody_elses(town: Town) -> None:
    lin, zhao = await town.as_resident(openid="o-lin"), await town.as_resident(openid="o-zhao")
    compound_id = await here_id(town)
    mine = opinion(compound_id, 1001, await person_of(town, "o-lin"), town.clock.now, "三栋的灯\n坏了")
    gone = opinion(compound_id, 1002, await person_of(town, "o-lin"), town.clock.now, "")
    gone.text, gone.state = None, OpinionState.WITHDRAWN
    theirs = opinion(compound_id, 1003, await person_of(town, "o-zhao"), town.clock.now, "楼上漏水")
    async with town.site.database.write() as session:
        session.add_all([mine, gone, theirs])
    page = await lin.get("/h5")
    for part in ("1001号", "三栋的灯", "已登记", "3月12日 12:00", "1002号", "已撤回", "已经删除"):
        assert part in page.text
    assert "漏水" not in page.text
    assert "1001" not in (await zhao.get("/h5")).text


async def test_the_privacy_page_names_how_long_words_are_kept(town: Town) -> None:
    page = await town.browser().get("/h5/privacy")
    assert "原话保留 180 天" in page.text
    named = re.findall("<li>“(.+?)”", page.text)
    assert len(named) == 4
    for command in named:  # the page promises nothing that the bot does not understand
        assert f"回复“{command}”" in say("people.help")


@pytest.mark.parametrize(
    ("table", "kind", "shown"),
    [
        ("opinion_states", OpinionState, set(OpinionState)),
        ("vote_states", VoteState, set(VoteState)),
        ("unit_kinds", UnitKind, set(UnitKind)),
        ("roll_fields", Field, set(Field)),
        ("message_classes", MessageClass, set(MessageClass)),
        ("forms", Form, set(Form)),
        ("outbox_states", OutboxState, {OutboxState.DEAD, OutboxState.UNCERTAIN}),
    ],
)
async def test_everything_that_is_shown_has_a_chinese_name(
    town: Town, table: str, kind: type[StrEnum], shown: set[StrEnum]
) -> None:
    assert set(map(kind, town.site.templates.words(table))) == shown


@pytest.mark.parametrize("path", ["/console/none/such", "/h5/none"])
async def test_an_error_says_nothing_of_what_is_inside(town: Town, path: str) -> None:
    page = await town.browser().get(path)
    assert "没有这个页面" in page.text
    for inside in ("Traceback", "aiohttp", "Error", "bot.web", HERE):
        assert inside not in page.text
