"""Staff say what a matter is about: one step, once, told to whoever had a receipt."""

import pytest
from sqlmodel import select

from handlers.access import Right, access_compound, load_viewer
from handlers.learning.correct import Corrected, correct_opinion
from handlers.learning.names import categories_called
from handlers.learning.rules import Sorting, sorted_urgency
from nlp.reader import Reader
from storage.queries.requests import put_dispatch_rule
from storage.states import MatterState, RequestState, Role
from storage.tables import (
    AlertEpisode,
    AuditEvent,
    Correction,
    Matter,
    Opinion,
    OutboxMessage,
    Request,
    RequestEvent,
)
from tests.handlers.neighbours import STAFF_ROOM, appoint, join, open_groups, overheard, sent_to, told
from tests.handlers.talk import Talk

LIFT = "3栋2单元电梯停运了没人修"


@pytest.fixture
async def desk(talk: Talk) -> Talk:
    """One filed opinion (1001), the secretary ZhouHui, and the staff's group."""
    await open_groups(talk, 1)
    await appoint(talk, "ZhouHui", Role.SECRETARY)
    await talk.bind("o-zhao")
    assert (await talk.hear("o-zhao", LIFT)).outcome == "opinion.filed"
    return talk


async def _opinion(talk: Talk) -> Opinion:
    [opinion] = await talk.rows(Opinion)
    return opinion


@pytest.mark.parametrize("room", ["", STAFF_ROOM])
async def test_one_step_sorts_it_and_tells_its_author(desk: Talk, room: str) -> None:
    answer = await told(desk, "ZhouHui", "改 1001 停车", room)
    assert (answer.outcome, "停车" in answer.text, "已告诉反映的人" in answer.text) == (
        "opinion.corrected", True, True,
    )  # fmt: skip
    opinion = await _opinion(desk)
    assert opinion.categories[0]["id"].startswith("tingche.")
    assert (opinion.lexicon_version, opinion.hits) == ("staff", [])
    [correction] = await desk.rows(Correction)
    assert correction.before[0].startswith("dianti.")
    assert (correction.after, correction.seq) == (["tingche"], 1)
    assert "改了类别：停车与车辆" in (await sent_to(desk, "o-zhao"))[-1]
    [audit] = [row for row in await desk.rows(AuditEvent) if row.verb == "opinion.corrected"]
    assert audit.subject == "opinion:1001"
    assert "停运了没人" not in str(audit.details)
    assert "停车与车辆" in await desk.say("o-zhao", "进度 1001")


async def test_twice_is_once(desk: Talk) -> None:
    await told(desk, "ZhouHui", "改 1001 停车", "")
    again = await told(desk, "ZhouHui", "改 1001 停车", "")
    assert again.outcome == "opinion.was_so"
    assert len(await desk.rows(Correction)) == 1
    assert len([text for text in await sent_to(desk, "o-zhao") if "改了类别" in text]) == 1
    back = await told(desk, "ZhouHui", "改 1001 电梯·停运", "")
    assert back.outcome == "opinion.corrected"
    assert [row.seq for row in await desk.rows(Correction)] == [1, 2]
    assert (await _opinion(desk)).categories == [{"id": "dianti.guzhang", "score": 1.0}]


async def test_no_matter_at_all(desk: Talk) -> None:
    assert (await told(desk, "ZhouHui", "改 1001 不是问题", "")).outcome == "opinion.corrected"
    opinion = await _opinion(desk)
    assert (opinion.categories, opinion.urgency) == ([], 1)
    assert [("不再办理" in text) for text in await sent_to(desk, "o-zhao")][-2:] == [False, True]
    assert [matter.state for matter in await desk.rows(Matter)] == [MatterState.DISMISSED]
    assert [request.state for request in await desk.rows(Request)] == [RequestState.CANCELLED]
    await told(desk, "ZhouHui", "改 1001 停车", "")
    assert [matter.state for matter in await desk.rows(Matter)] == [MatterState.CONFIRMED]
    assert [request.state for request in await desk.rows(Request)] == [RequestState.RAISED]


async def test_others_keep_a_matter_that_one_of_them_did_not_mean(desk: Talk) -> None:
    await desk.bind("o-qian", "XH-1/3-2")
    await desk.hear("o-qian", LIFT)
    assert [opinion.matter_number for opinion in await desk.rows(Opinion)] == [1001, 1001]
    await told(desk, "ZhouHui", "改 1001 不是问题", "")
    [matter] = await desk.rows(Matter)
    assert (matter.state, (matter.leaf or "")[:7]) == (MatterState.CONFIRMED, "dianti.")
    assert "不是要办理的问题" in (await sent_to(desk, "o-zhao"))[-1]


async def test_its_matter_follows_and_a_rule_dispatches_it_once(desk: Talk) -> None:
    async with desk.database.write() as session:
        rule = {"compound_id": 1, "category": "tingche", "building": "", "role": Role.PROPERTY}
        await put_dispatch_rule(session, rule | {"assignee_id": None, "auto": True})
    [request] = await desk.rows(Request)
    assert request.state is RequestState.RAISED
    for words in ("改 1001 停车", "改 1001 停车", "改 1001 急"):
        await told(desk, "ZhouHui", words, "")
    [matter], [request] = await desk.rows(Matter), await desk.rows(Request)
    assert ((matter.leaf or "")[:8], matter.urgency) == ("tingche.", 3)
    assert (request.state, request.role) == (RequestState.DISPATCHED, Role.PROPERTY)
    assert [row.command_key for row in await desk.rows(RequestEvent) if row.verb == "request.dispatched"] == [
        "corrected:1001:1"
    ]
    await told(desk, "ZhouHui", "改 1001 绿化", "")  # somebody has it: it stays with them
    [request] = await desk.rows(Request)
    assert request.role is Role.PROPERTY


async def test_what_was_right_is_confirmed_without_a_word_to_its_author(desk: Talk) -> None:
    before = await sent_to(desk, "o-zhao")
    leaf = desk.services.tagger.lexicon.name((await _opinion(desk)).categories[0]["id"])
    answer = await told(desk, "ZhouHui", f"改 1001 {leaf}", "")
    assert answer.outcome == "opinion.corrected"
    assert await sent_to(desk, "o-zhao") == before
    [correction] = await desk.rows(Correction)
    assert correction.before[:1] == correction.after


async def test_urgent_is_told_to_those_on_duty(desk: Talk) -> None:
    await appoint(desk, "ZhiBan", Role.DUTY)
    assert "（急）" in (await told(desk, "ZhouHui", "改 1001 急", "")).text
    assert (await _opinion(desk)).urgency == 3
    assert len(await desk.rows(AlertEpisode)) == 1
    assert len(await sent_to(desk, "ZhiBan")) == 1
    await told(desk, "ZhouHui", "改1001 电梯 不急", "")
    assert (await _opinion(desk)).urgency == 2
    assert len(await desk.rows(AlertEpisode)) == 1


async def test_a_group_matter_is_told_only_to_who_had_its_receipt(desk: Talk) -> None:
    await desk.bind("o-qian")
    await join(desk, "wm-qian", "o-qian")
    for text in (LIFT, "5单元门口的垃圾桶满了没人清运"):
        assert (await overheard(desk, "wm-qian", text)).outcome == "group.filed"
    assert (await overheard(desk, "wm-sun", "地下车库进水了，下水道堵了")).outcome == "group.filed"
    for number in (1002, 1003, 1004):
        await told(desk, "ZhouHui", f"改 {number} 绿化", "")
    assert [("1002" in text) for text in await sent_to(desk, "wm-qian") if "改了类别" in text] == [True]
    assert [row.recipient for row in await desk.rows(OutboxMessage) if "改了类别" in row.text] == ["wm-qian"]


async def test_an_unclear_name_is_asked_for_and_an_unknown_one_said(desk: Talk) -> None:
    asked = await told(desk, "ZhouHui", "改 1001 噪音", "")
    assert asked.outcome in ("category.asked", "opinion.corrected")
    assert (await told(desk, "ZhouHui", "改 1001 火星人", "")).outcome == "category.unknown"
    assert (await told(desk, "ZhouHui", "改 1001", "")).outcome == "help.given"
    assert (await told(desk, "ZhouHui", "改 9999 电梯", "")).outcome == "progress.unknown"


@pytest.mark.parametrize("role", Role)
async def test_who_may(desk: Talk, role: Role) -> None:
    await appoint(desk, "Somebody", role)
    answer = await told(desk, "Somebody", "改 1001 停车", "")
    allowed = role in (Role.SECRETARY, Role.COMMITTEE, Role.COMMUNITY_WORKER, Role.GRID_WORKER)
    assert answer.outcome == ("opinion.corrected" if allowed else "staff.forbidden")
    assert len(await desk.rows(Correction)) == allowed


async def test_a_steward_sorts_what_is_of_the_building_only(desk: Talk) -> None:
    await appoint(desk, "LouZhang", Role.GRID_WORKER, "XH-1/12")
    assert (await told(desk, "LouZhang", "改 1001 停车", "")).outcome == "progress.unknown"
    await appoint(desk, "SanDong", Role.GRID_WORKER, "XH-1/3")
    assert (await told(desk, "SanDong", "改 1001 停车", "")).outcome == "opinion.corrected"


async def test_pages_call_the_same_function(desk: Talk) -> None:
    person = await appoint(desk, "ZhouHui", Role.SECRETARY)

    async def correct(sorting: Sorting) -> Corrected:
        async with desk.database.write() as session:
            opened = await access_compound(session, await load_viewer(session, person), "XH-1", Right.CORRECT)
            return await correct_opinion(session, desk.services, opened, 1001, sorting, person, desk.now)

    first = await correct(Sorting("lvhua.yanghu"))
    assert (first.changed, first.recategorised, first.told) == (True, True, True)
    second = await correct(Sorting("lvhua.yanghu"))
    assert (second.changed, second.recategorised, second.told) == (False, False, False)
    async with desk.database.read() as session:
        assert len((await session.exec(select(Correction))).all()) == 1


def test_names_as_people_say_them(tagger: Reader) -> None:
    lexicon = tagger.lexicon
    for words, category in (
        ("电梯", "dianti"), ("加装电梯", "dianti.jiazhuang"), ("困人", "dianti.kunren"),
        ("电梯 困人", "dianti.kunren"), ("电梯·停运", "dianti.guzhang"), ("停车", "tingche"), ("物业", "wuye"),
        ("绿化", "lvhua"), ("高空抛物", "zhian.gaokong"), ("漏水", "loushui"), ("飞线", "diandong.feixian"),
    ):  # fmt: skip
        assert categories_called(lexicon, words).only == category, words
    for category in (*lexicon.tops, *lexicon.leaves):
        assert category in categories_called(lexicon, lexicon.name(category)).ids
    assert categories_called(lexicon, " ").ids == ()


@pytest.mark.parametrize(
    ("sorting", "before", "usual", "matter", "after"),
    [
        (Sorting("a"), 1, 3, True, 2),
        (Sorting("a"), 3, 1, True, 3),
        (Sorting("a", urgent=False), 3, 3, True, 2),
        (Sorting("a", urgent=True), 1, 1, True, 3),
        (Sorting(urgent=False), 3, 1, True, 1),
        (Sorting(""), 3, 1, False, 1),
        (Sorting("", urgent=True), 3, 1, False, 1),
    ],
)
def test_urgency_after_sorting(sorting: Sorting, before: int, usual: int, matter: bool, after: int) -> None:
    assert sorted_urgency(sorting, before, usual, matter=matter) == after


async def test_whoever_has_a_request_is_told_when_its_category_is_another(desk: Talk) -> None:
    await appoint(desk, "li", Role.PROPERTY)
    await appoint(desk, "sun", Role.COMMUNITY_WORKER)
    await told(desk, "ZhouHui", "派单 1001 物业", "")
    for _ in range(2):
        await told(desk, "sun", "改 1001 停车", "")
    [request] = await desk.rows(Request)
    assert (request.state, request.role) == (RequestState.DISPATCHED, Role.PROPERTY)
    assert [row.verb for row in await desk.rows(RequestEvent)][-1] == "request.sorted"
    for userid, times in (("li", 1), ("ZhouHui", 1), ("sun", 0)):
        news = [text for text in await sent_to(desk, userid) if "类别改过了，现在由物业办" in text]
        assert len(news) == times, userid
        assert all("停车" in text for text in news)


async def test_a_matter_is_as_urgent_as_its_most_urgent_voice(desk: Talk) -> None:
    await desk.bind("o-qian", "XH-1/3-2")
    await desk.hear("o-qian", LIFT)

    async def urgency() -> int:
        [matter] = await desk.rows(Matter)
        return matter.urgency

    await told(desk, "ZhouHui", "改 1002 急", "")
    assert await urgency() == 3
    await told(desk, "ZhouHui", "改 1001 不急", "")
    assert await urgency() == 3
    await told(desk, "ZhouHui", "改 1001 停车", "")
    assert await urgency() == 3
    await told(desk, "ZhouHui", "改 1002 不急", "")
    assert await urgency() < 3
