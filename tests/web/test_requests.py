"""The board, one matter with its buttons, and the rules: what staff see and what comes of pressing."""

import re
from datetime import timedelta
from enum import StrEnum

import pytest
from sqlmodel import select

from handlers.requests.commands import (
    Accept,
    Actor,
    Code,
    Dispatch,
    Finish,
    Note,
    Party,
    Rate,
    Reply,
    Supplement,
    Verb,
    Why,
)
from storage.queries.board import Stage
from storage.states import MatterState, Rating, RequestState, Role
from storage.tables import AuditEvent, DispatchRule, Matter, RequestEvent
from tests.web.orders import (
    act,
    fields_of,
    forms_of,
    matter,
    press,
    request_of,
    text_of,
    verbs_of,
)
from tests.web.town import Page, Town, here_id, week_row

BOARD = "/console/XH-1/requests"
PROPERTY = Dispatch(Party(Role.PROPERTY))


def property_actor(town: Town) -> Actor:
    return Actor(town.people["property"], frozenset({Role.PROPERTY}))


def listed(page: Page) -> list[int]:
    return [int(number) for number in re.findall(r"<b>(\d+)号</b>", page.text)]


def chips(page: Page) -> dict[str, int]:
    found = re.findall(r"<a [^>]*>([^<]+) <b>(\d+)</b></a>", page.text)
    return {name: int(count) for name, count in found}


async def one_of_each(town: Town) -> dict[str, int]:
    """A matter at each stage, the oldest first."""
    mine = property_actor(town)
    found = {
        "heard": await matter(town, "o-1", is_confirmed=False),
        "raised": await matter(town, "o-2", "o-3"),
    }
    for name, commands in {
        "given": (PROPERTY,),
        "in_hand": (PROPERTY, Accept(mine)),
        "done": (PROPERTY, Finish(mine, "灯换好了")),
    }.items():
        found[name] = await matter(town, f"o-{name}", building="13")
        await act(town, found[name], *commands, who="property")
    found["over"] = await matter(town, "o-over")
    await act(town, found["over"], PROPERTY, Finish(mine, "灯换好了"), who="property")
    await act(town, found["over"], Rate(Rating.SATISFIED))
    return found


async def test_the_board_counts_and_filters_by_what_is_waited_for(town: Town) -> None:
    numbers = await one_of_each(town)
    browser = await town.as_staff("secretary")
    page = await browser.get(BOARD)
    assert chips(page) == {
        "没结的": 5, "超时的": 0, "待核实": 1, "待派单": 1, "待接单": 1, "办理中": 1, "待评价": 1, "已结": 1
    }  # fmt: skip
    assert listed(page) == [number for name, number in numbers.items() if name != "over"]
    for stage, name in zip(Stage, numbers, strict=True):
        assert listed(await browser.get(f"{BOARD}?state={stage}")) == [numbers[name]]
    assert "2人反映" in text_of(await browser.get(f"{BOARD}?state=to_dispatch"))
    assert "物业（书记姓property）" in text_of(await browser.get(f"{BOARD}?state=in_hand"))
    assert len(listed(await browser.get(f"{BOARD}?state=%27--&page=99999999"))) == 5


async def test_what_is_late_comes_first_then_the_urgent(town: Town) -> None:
    late = await matter(town, "o-1", at=town.clock.now)
    town.clock.forward(timedelta(days=6))
    fresh, urgent = await matter(town, "o-2"), await matter(town, "o-3", urgency=2)
    page = await (await town.as_staff("secretary")).get(BOARD)
    assert listed(page) == [late, urgent, fresh]
    assert page.text.count('<li class="late">') == 1
    assert "6天了" in page.text
    assert "今天的" in page.text
    assert listed(await (await town.as_staff("secretary")).get(f"{BOARD}?state=late")) == [late]


async def test_a_long_board_has_pages(town: Town) -> None:
    numbers = [await matter(town, f"o-{place}") for place in range(23)]
    browser = await town.as_staff("secretary")
    first, second = await browser.get(BOARD), await browser.get(f"{BOARD}?state=&page=2")
    assert listed(first) + listed(second) == numbers
    assert "第 1 页，共 2 页" in first.text
    assert f'href="{BOARD}?state=&amp;page=2"' in first.text
    assert "下一页" not in second.text
    assert listed(await browser.get(f"{BOARD}?page=3")) == []


async def test_a_number_leads_to_its_matter(town: Town) -> None:
    number = await matter(town, "o-1", "o-2")
    browser = await town.as_staff("secretary")
    assert (await browser.get(f"{BOARD}?number={number + 1}")).location == f"{BOARD}/{number + 1}"
    page = await browser.get(f"{BOARD}/{number + 1}")
    assert f"{number + 1}号并在 {number}号里" in page.text
    for odd in ("9999", "x", "１００１", "9" * 40):
        assert "没有找到编号" in (await browser.get(f"{BOARD}?number={odd}")).text


async def test_the_four_rates_of_the_month_with_what_they_are_taken_of(town: Town) -> None:
    await one_of_each(town)
    town.clock.forward(timedelta(minutes=1))
    page = await (await town.as_staff("supervisor")).get(BOARD)
    shown = text_of(page)
    assert "3月的四个数 这个月立单 5 件" in shown
    for part in (
        "按时接单 100 % 3/3 件",
        "按时办结 100 % 2/2 件",
        "已解决 100 % 1/1 件",
        "满意 100 % 1/1 件",
    ):
        assert part in shown
    steward = await (await town.as_staff("building_steward")).get(BOARD)
    assert "四个数" not in steward.text  # those of the whole compound


async def test_a_building_has_a_board_of_its_own(town: Town) -> None:
    three, thirteen = await matter(town, "o-1"), await matter(town, "o-2", building="13")
    nowhere = await matter(town, "o-3", building=None)
    for who, numbers in {
        "building_steward": [three],
        "building_committee": [three],
        "next_building_steward": [thirteen],
        "entrance_steward": [],
        "grid_worker": [three, thirteen, nowhere],
    }.items():
        browser = await town.as_staff(who)
        page = await browser.get(BOARD)
        assert listed(page) == numbers, who
        assert chips(page)["没结的"] == len(numbers)
        for number in (three, thirteen, nowhere):
            assert (await browser.get(f"{BOARD}/{number}")).status == (200 if number in numbers else 404)


async def test_whoever_handles_it_reads_the_words_and_nobody_who_said_them(town: Town) -> None:
    number = await matter(town, "o-1", "o-2")
    await act(
        town, number, PROPERTY, Supplement("我是王芳，502，一共三盏"), Note("材料明天到"), Reply("明天来换")
    )
    for who in ("secretary", "property", "grid_worker", "building_steward"):
        shown = text_of(await (await town.as_staff(who)).get(f"{BOARD}/{number}"))
        assert "楼道灯坏了" in shown, who
        assert "一共三盏" in shown, who
        for hidden in ("501", "502", "1381234", "王阿姨", "王芳"):
            assert hidden not in shown, (who, hidden)
    for who in ("committee", "supervisor", "building_committee"):
        shown = text_of(await (await town.as_staff(who)).get(f"{BOARD}/{number}"))
        assert f"{number}号、{number + 1}号" in shown
        assert "楼道灯" not in shown
        assert "三盏" not in shown
        assert "备注 内部 材料明天到 3月12日 12:00 · 书记姓secretary" in shown
        assert "回复居民 居民看得到 明天来换" in shown


async def test_nobody_who_raised_or_rated_it_is_named_even_if_they_hold_an_office(town: Town) -> None:
    number = await matter(town)
    await act(town, number, PROPERTY, Finish(property_actor(town), "好了"), who="property")
    await act(town, number, Rate(Rating.DISSATISFIED, comment="没好"), who="grid_worker")
    shown = text_of(await (await town.as_staff("secretary")).get(f"{BOARD}/{number}"))
    timeline = shown.partition("办到哪了")[2]
    assert "居民评价 ：不满意" in timeline
    assert "姓grid_worker" not in timeline
    assert "书记姓property" in shown


@pytest.mark.parametrize(
    ("who", "stage", "forms"),
    [
        ("secretary", "heard", ["confirm", "dismiss", "merge"]),
        ("property", "heard", []),
        (
            "secretary",
            "raised",
            ["dispatch", "help", "reply", "photos", "note", "mediate", "merge", "part", "dismiss"],
        ),
        ("committee", "raised", ["merge", "part", "dismiss"]),
        ("supervisor", "raised", []),
        ("property", "raised", ["help", "reply", "photos", "note"]),
        ("property", "given", ["accept", "finish", "decline", "help", "reply", "photos", "note"]),
        ("grid_worker", "given", ["help", "reply", "photos", "note", "mediate"]),
        (
            "secretary",
            "given",
            ["dispatch", "help", "reply", "photos", "note", "mediate", "merge", "dismiss"],
        ),
        ("property", "in_hand", ["finish", "decline", "help", "reply", "photos", "note"]),
        ("secretary", "done", ["reply", "photos", "note", "mediate", "merge", "dismiss"]),
        ("secretary", "over", ["reply", "photos", "note", "mediate", "merge"]),
        ("building_secretary", "raised", ["dispatch", "help", "reply", "photos", "note", "mediate"]),
    ],
)
async def test_the_buttons_are_those_that_would_work(
    town: Town, who: str, stage: str, forms: list[str]
) -> None:
    numbers = await one_of_each(town)
    page = await (await town.as_staff(who)).get(f"{BOARD}/{numbers[stage]}")
    assert forms_of(page) == forms


async def test_a_matter_goes_all_the_way_by_buttons(town: Town) -> None:
    number = await matter(town, is_confirmed=False)
    path = f"{BOARD}/{number}"
    secretary, company = await town.as_staff("secretary"), await town.as_staff("property")
    assert "已经确认，转去办理" in (await press(secretary, path, "confirm")).text
    assert (await request_of(town, number)).state is RequestState.RAISED
    page = await press(secretary, path, "dispatch", party=f"property:{town.people['property']}")
    assert "派好了" in page.text
    assert "派单 给 书记姓property" in text_of(page)
    page = await press(secretary, path, "help", party="grid_worker")
    assert "协办 网格员" in text_of(page)
    assert "您接下了" in (await press(company, path, "accept")).text
    assert "只有同事看得到" in (await press(company, path, "note", words="等配件")).text
    assert "已经回复居民" in (await press(company, path, "reply", words="明天来")).text
    page = await press(company, path, "finish", words="灯换好了")
    assert "办结了" in page.text
    assert (await request_of(town, number)).state is RequestState.DONE
    assert await verbs_of(town, number) == [
        "raised", "dispatched", "helped", "accepted", "noted", "replied", "done"
    ]  # fmt: skip
    async with town.site.database.read() as session:
        events = (await session.exec(select(RequestEvent))).all()
    assert {event.text for event in events if event.public} == {"明天来", "灯换好了"}


async def test_giving_back_to_whom_the_reason_names_passes_it_on(town: Town) -> None:
    number = await matter(town)
    await act(town, number, PROPERTY)
    page = await press(await town.as_staff("property"), f"{BOARD}/{number}", "decline", words="这是社区管的")
    assert "已经退回" in page.text
    assert (await request_of(town, number)).role is Role.COMMUNITY_WORKER
    assert "按规矩" in page.text


@pytest.mark.parametrize("words", ["灯换好了", "灯换好了，一共三盏"])
async def test_a_button_that_is_pressed_twice_acts_once(town: Town, second: Town, words: str) -> None:
    """Also on two replicas, and when the first answer was lost; other words in the same form are meant anew."""
    number = await matter(town)
    await act(town, number, PROPERTY)
    path, browser = f"{BOARD}/{number}", await town.as_staff("property")
    other = second.browser()
    other.cookies = browser.cookies
    page = await browser.get(path)
    for action in ("accept", "reply", "note", "finish"):
        sent = fields_of(page, action) | {"words": "灯换好了"}
        first = await browser.post(f"{path}/{action}", sent)
        again = await other.post(f"{path}/{action}", sent)
        assert (first.status, first.location) == (again.status, again.location), action
    assert await verbs_of(town, number) == ["raised", "dispatched", "accepted", "replied", "noted", "done"]
    note = fields_of(page, "note") | {"words": words}
    await browser.post(f"{path}/note", note)
    assert (await verbs_of(town, number)).count("noted") == (1 if words == "灯换好了" else 2)


async def test_merging_and_taking_apart_twice_acts_once(town: Town) -> None:
    one, other = await matter(town, "o-1"), await matter(town, "o-2")
    path, browser = f"{BOARD}/{one}", await town.as_staff("secretary")
    page = await browser.get(path)
    merge = fields_of(page, "merge") | {"number": f" {other}号"}
    for _ in range(2):
        answer = await browser.post(f"{path}/merge", merge)
        assert answer.location == f"{path}?told=merged"
    town.clock.forward(timedelta(minutes=1))
    page = await browser.get(f"{BOARD}/{other}")
    assert f"{other}号并在 {one}号里" in page.text
    assert "2人" in page.text
    part = fields_of(page, "part") | {"number": str(other)}
    for _ in range(2):
        answer = await browser.post(f"{path}/part", part)
        assert answer.location == f"{path}?told=parted"
    # The form of before is still in somebody's browser: what was taken apart stays apart.
    await browser.post(f"{path}/merge", merge)
    compound_id = await here_id(town)
    async with town.site.database.read() as session:
        rows = {row.number: row.state for row in (await session.exec(select(Matter))).all()}
        verbs = [
            event.verb
            for event in (await session.exec(select(AuditEvent))).all()
            if event.compound_id == compound_id and event.verb in ("matter.merged", "matter.unmerged")
        ]
    assert rows == {one: MatterState.CONFIRMED, other: MatterState.CONFIRMED}
    assert sorted(verbs) == ["matter.merged", "matter.unmerged"]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("9999", "没有找到这个编号"),
        ("abc", "没有找到这个编号"),
        ("", "没有找到这个编号"),
        ("itself", "已经是同一件事"),
    ],
)
async def test_a_number_that_cannot_be_merged_is_said_kindly(town: Town, number: str, told: str) -> None:
    own = await matter(town)
    typed = str(own) if number == "itself" else number
    page = await press(await town.as_staff("committee"), f"{BOARD}/{own}", "merge", number=typed)
    assert told in page.text


async def test_what_came_too_late_is_said_kindly_on_the_page_as_it_is(town: Town) -> None:
    number = await matter(town)
    await act(town, number, PROPERTY)
    path, browser = f"{BOARD}/{number}", await town.as_staff("property")
    page = await browser.get(path)
    await act(town, number, Dispatch(Party(Role.GRID_WORKER)))  # meanwhile
    answer = await browser.post(f"{path}/accept", fields_of(page, "accept"))
    now = await browser.get(answer.location)
    assert "这件事现在不归您办，刚才的操作没有生效" in now.text
    assert "网格员" in now.text
    answer = await browser.post(f"{path}/finish", fields_of(page, "finish") | {"words": "好了"})
    assert answer.location == f"{path}?told=request.not_yours"
    assert (await request_of(town, number)).state is RequestState.DISPATCHED
    heard = await matter(town, is_confirmed=False)
    answer = await browser.post(f"{BOARD}/{heard}/note", fields_of(page, "note") | {"words": "看看"})
    assert "还没立单" in (await browser.get(answer.location)).text


async def test_dismissing_can_be_taken_back(town: Town) -> None:
    number = await matter(town)
    path, browser = f"{BOARD}/{number}", await town.as_staff("committee")
    page = await press(browser, path, "dismiss")
    assert "已经标为不用办" in page.text
    assert (await request_of(town, number)).state is RequestState.CANCELLED
    assert forms_of(page) == ["merge", "confirm"]
    town.clock.forward(timedelta(minutes=1))
    page = await press(browser, path, "confirm")
    assert (await request_of(town, number)).state is RequestState.RAISED


async def test_somebody_who_is_not_in_the_list_gets_nothing(town: Town) -> None:
    number = await matter(town)
    browser, path = await town.as_staff("secretary"), f"{BOARD}/{number}"
    for party in ("", "duty", "operator", f"property:{town.people['neighbour_secretary']}", "property:x"):
        assert "请从名单里选一个" in (await press(browser, path, "dispatch", party=party)).text
    assert await verbs_of(town, number) == ["raised"]


async def test_a_form_without_a_key_is_none_of_ours(town: Town) -> None:
    number = await matter(town)
    browser, path = await town.as_staff("secretary"), f"{BOARD}/{number}"
    fields = fields_of(await browser.get(path), "note")
    for key in ("", "short", "x" * 17, "!" * 16):
        answer = await browser.post(f"{path}/note", fields | {"key": key, "words": "看看"})
        assert answer.status == 400
    assert await verbs_of(town, number) == ["raised"]


async def test_a_role_on_another_building_cannot_act_here(town: Town) -> None:
    number = await matter(town)
    await act(town, number, Dispatch(Party(Role.GRID_WORKER)))
    page = await (await town.as_staff("grid_worker")).get(f"{BOARD}/{number}")
    key = {"key": fields_of(page, "accept")["key"], "words": "看看"}
    for who, status in {
        "building_steward": 303,
        "next_building_steward": 404,
        "neighbour_secretary": 404,
    }.items():
        browser = await town.as_staff(who)
        csrf = (await browser.get("/console")).csrf
        for action in ("accept", "note"):
            answer = await browser.post(f"{BOARD}/{number}/{action}", key | {"csrf": csrf})
            assert answer.status == status, who
    async with town.site.database.read() as session:
        actors = {event.actor_id for event in (await session.exec(select(RequestEvent))).all()}
    assert town.people["next_building_steward"] not in actors


async def test_the_compound_and_the_digest_lead_to_the_board(town: Town) -> None:
    number = await matter(town)
    compound_id = await here_id(town)
    unanswered = [{"number": each, "label": "电梯故障", "place": "3栋", "days": 6} for each in (number, 9999)]
    async with town.site.database.write() as session:
        session.add(week_row(compound_id, town.clock.now, unanswered=unanswered, urgent=[]))
    browser = await town.as_staff("committee")
    page = await browser.get("/console/XH-1")
    assert f'<a href="{BOARD}?state=to_dispatch">1</a>' in page.text
    page = await browser.get("/console/XH-1/digest/2026-03-02")
    assert f'href="{BOARD}/{number}"' in page.text
    assert f'href="{BOARD}/9999"' not in page.text
    assert "9999号" in page.text


# Rules


async def rules_of(town: Town) -> list[tuple[str, str, Role, int | None, bool]]:
    async with town.site.database.read() as session:
        rows = (await session.exec(select(DispatchRule))).all()
    return [(row.category, row.building, row.role, row.assignee_id, row.auto) for row in rows]


async def test_whoever_dispatches_keeps_the_rules(town: Town) -> None:
    browser, path = await town.as_staff("secretary"), "/console/XH-1/rules"
    leaf = next(iter(town.site.services.tagger.lexicon.leaves))
    form = {"category": leaf, "building": "3", "party": "property", "auto": "yes"}
    for _ in range(2):
        answer = await browser.submit(path, path, form)
        page = await browser.get(answer.location)
    assert "规矩记下了" in page.text
    assert "3栋 派给 物业 自动派" in text_of(page)
    assert await rules_of(town) == [(leaf, "3", Role.PROPERTY, None, True)]
    number = await matter(town)  # and so it is
    assert await verbs_of(town, number) == ["raised", "dispatched"]
    person = f"grid_worker:{town.people['grid_worker']}"
    await browser.submit(path, path, form | {"party": person, "auto": ""})
    assert await rules_of(town) == [(leaf, "3", Role.GRID_WORKER, town.people["grid_worker"], False)]
    page = await browser.get((await browser.submit(path, f"{path}/drop", form)).location)
    assert "这条规矩去掉了" in page.text
    assert await rules_of(town) == []
    async with town.site.database.read() as session:
        events = (await session.exec(select(AuditEvent))).all()
    assert {e.actor_id for e in events if e.verb in ("rules.set", "rules.dropped")} == {
        town.people["secretary"]
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"category": "none.such"},
        {"building": "99"},
        {"party": "duty"},
        {"party": "property:1"},
        {"building": "3-1"},
    ],
)
async def test_a_rule_that_cannot_be_is_refused_kindly(town: Town, wrong: dict[str, str]) -> None:
    browser, path = await town.as_staff("secretary"), "/console/XH-1/rules"
    form = {"category": "*", "building": "", "party": "property"} | wrong
    page = await browser.get((await browser.submit(path, path, form)).location)
    assert "没记下来" in page.text
    assert await rules_of(town) == []


async def test_a_buildings_secretary_keeps_that_buildings_rules(town: Town) -> None:
    path = "/console/XH-1/rules"
    whole, part = await town.as_staff("secretary"), await town.as_staff("building_secretary")
    for building in ("", "3", "13"):
        await whole.submit(path, path, {"category": "*", "building": building, "party": "property"})
    page = await part.get(path)
    assert "整个小区 派给" not in text_of(page)
    assert "13栋" not in page.text
    for building in ("", "13"):
        await part.submit(path, path, {"category": "*", "building": building, "party": "grid_worker"})
        await part.submit(path, f"{path}/drop", {"category": "*", "building": building})
    await part.submit(path, path, {"category": "*", "building": "3", "party": "grid_worker"})
    assert {(building, role) for _, building, role, *_ in await rules_of(town)} == {
        ("", Role.PROPERTY),
        ("3", Role.GRID_WORKER),
        ("13", Role.PROPERTY),
    }


COMMANDS = {"dispatch", "accept", "decline", "addhelper", "finish", "reply", "note"}


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("stages", Stage),
        ("request_states", RequestState),
        ("matter_states", MatterState),
        ("verbs", Verb),
        ("whys", Why),
    ],
)
async def test_everything_that_is_shown_has_a_chinese_name(
    town: Town, table: str, kind: type[StrEnum]
) -> None:
    assert set(town.site.templates.words(table)) == set(kind)


async def test_every_refusal_has_a_sentence_for_both_sides(town: Town) -> None:
    words = town.site.templates.words
    assert set(Code) <= set(words("refused_to_staff"))
    assert set(Code) <= set(words("refused_to_resident"))
    assert set(words("told_to_staff")) >= COMMANDS
