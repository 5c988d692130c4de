"""Requests in conversation: residents 1:1, staff 1:1 or in their own group. Who raised it is nobody's business."""

from datetime import timedelta

import pytest

from handlers.inbound import Inbound, InboundKind
from handlers.requests.chat import ROUTES
from handlers.requests.commands import Why
from handlers.requests.figures import rates_of
from handlers.requests.raise_ import cancel_request, reopen_request
from handlers.requests.rating import rate_or_hear
from handlers.requests.sayings import RATINGS
from storage.queries.requests import put_dispatch_rule
from storage.states import Ladder, Rating, RequestState, Role
from storage.tables import AuditEvent, Compound, Matter, OutboxMessage, Request, RequestRating
from tests.handlers.neighbours import RESIDENTS_ROOM, STAFF_ROOM, appoint, told
from tests.handlers.orders import (
    LAMP,
    NOISE,
    confirm,
    events_of,
    lamp,
    news,
    office,
    request,
    say_lamp,
    timeline,
)
from tests.handlers.talk import NOW, Talk, compound

SECRETS = ("o-zhao", "o-qian", "501")


@pytest.fixture
async def yard(talk: Talk) -> Talk:
    """新禾苑 with everybody in office."""
    await office(talk)
    return talk


async def done(talk: Talk, *senders: str, text: str = LAMP) -> int:
    """A request that the property has done."""
    number = await lamp(talk, *senders, text=text)
    for userid, words in (
        ("shu", f"派单 {number} 物业"),
        ("li", f"接单 {number}"),
        ("li", f"办结 {number} 灯已经换好了"),
    ):
        answer = await told(talk, userid, words, "")
        assert answer.outcome.startswith("request."), (words, answer)
    assert (await request(talk, number)).state is RequestState.DONE
    return number


async def test_the_whole_way_from_the_order_to_the_rating(yard: Talk) -> None:
    number = await lamp(yard)
    [waiting] = await news(yard, "shu")
    for part in (f"待派单 {number}｜新禾苑", "3栋2单元", "建议派给物业", f"派单 {number} 物业"):
        assert part in waiting
    answer = await told(yard, "shu", f"派单 {number} 物业", "")
    assert (answer.outcome, "已派给物业" in answer.text) == ("request.dispatched", True)
    for userid in ("li", "song"):
        [yours] = await news(yard, userid)
        assert f"新单 {number}｜新禾苑" in yours
        assert not any(secret in yours for secret in SECRETS)
        assert LAMP not in yours
    assert (await told(yard, "li", f"接单 {number}", "")).outcome == "request.accepted"
    assert (await told(yard, "li", f"办结 {number} 3栋的灯换好了", "")).outcome == "request.done"
    heard = await news(yard, "o-zhao")
    assert [text.split("）")[1][:4] for text in heard] == [
        "已交给物",
        "物业已经",
        "办好了：",
    ]  # the receipt was the first
    assert "3栋的灯换好了" in heard[-1]
    assert "1 满意" in heard[-1]
    assert (await yard.hear("o-zhao", "满意")).outcome == "request.rated"
    assert await timeline(yard, number) == ["raised", "dispatched", "accepted", "done", "rated"]
    row = await request(yard, number)
    assert (row.state, row.rating, row.next_at) == (RequestState.RATED, Rating.SATISFIED, None)
    assert RESIDENTS_ROOM not in {row.recipient for row in await yard.rows(OutboxMessage)}


async def test_progress_shows_state_latest_reply_and_what_comes_next(yard: Talk) -> None:
    number = await lamp(yard)
    assert "社区派人" in await yard.say("o-zhao", f"进度 {number}")
    assert "已立单" in await yard.say("o-zhao", "进度")
    await told(yard, "shu", f"派单 {number} 物业", "")
    assert "物业在3月12日" in await yard.say("o-zhao", f"进度 {number}")
    await told(yard, "li", f"接单 {number}", "")
    await told(yard, "li", f"回复 {number} 灯具明天到货", "")
    await told(yard, "li", f"备注 {number} 厂家老王说的", "")
    shown = await yard.say("o-zhao", f"进度 {number}")
    for part in ("正在办", "最近回音：灯具明天到货", "物业在3月23日"):
        assert part in shown
    assert "老王" not in shown
    assert (await yard.hear("o-qian", f"进度 {number}")).outcome == "progress.unknown"


async def test_every_reporter_is_told_under_their_own_number(yard: Talk) -> None:
    numbers = await say_lamp(yard, "o-zhao", "o-qian", "o-sun")
    await yard.say("o-sun", f"撤回 {numbers[2]}")
    await confirm(yard, numbers)
    await told(yard, "shu", f"派单 {numbers[1]} 物业", "")  # any receipt's number leads to the matter
    assert [f"编号 {numbers[0]}（" in text for text in await news(yard, "o-zhao")] == [True]
    assert [f"编号 {numbers[1]}（" in text for text in await news(yard, "o-qian")] == [True]
    assert await news(yard, "o-sun") == []
    assert "已派人" in await yard.say("o-qian", f"进度 {numbers[1]}")


async def test_the_bare_word_or_figure_answers_the_bots_question(yard: Talk) -> None:
    first = await done(yard)
    await yard.hear("o-zhao", "２。")
    second = await done(yard, "o-qian", text=NOISE)
    await yard.hear("o-qian", "答非所问")
    assert [(row.number, row.round, row.rating) for row in await yard.rows(RequestRating)] == [
        (first, 1, Rating.FAIR),
        (second, 1, Rating.BESIDE_THE_POINT),
    ]


async def test_a_second_thought_replaces_the_first(yard: Talk) -> None:
    number = await done(yard)
    for word, rating in (("基本满意", Rating.FAIR), ("满意", Rating.SATISFIED)):
        await yard.hear("o-zhao", f"评价 {number} {word}")
        assert (await request(yard, number)).rating is rating
    [given] = await yard.rows(RequestRating)
    assert (given.rating, given.round) == (Rating.SATISFIED, 1)


@pytest.mark.parametrize("words", [*RATINGS, "1", "２", "3 ", "4。", "不满意，还是不亮", "满意 谢谢师傅"])
def test_the_four_words_and_figures_are_answers(words: str) -> None:
    assert _route(words) is rate_or_hear


@pytest.mark.parametrize("words", ["5", "12", "不好说", "满意度调查什么时候做", "4号楼", "1楼漏水", "三栋"])
def test_what_only_begins_like_an_answer_is_none(words: str) -> None:
    assert _route(words) is None


def test_a_figure_needs_a_space_behind_the_number() -> None:
    for words, expected in (
        ("评价 1001 2", ("1001", "2")),
        ("评价1001满意", ("1001", "满意")),
        ("评单 1001：不满意，还是不亮", ("1001", "不满意")),
        ("评价 10012", ("10012", "")),
    ):
        found = next(found for route in ROUTES if (found := route.matches(said(words))) is not False)
        assert (found["number"], found["word"]) == expected, words


def said(words: str) -> Inbound:
    return Inbound("main", "m:1", InboundKind.TEXT, "o-zhao", NOW, text=words)


def _route(words: str) -> object:
    return next((route.handler for route in ROUTES if route.matches(said(words)) is not False), None)


async def test_the_word_alone_means_nothing_without_a_question(yard: Talk) -> None:
    await lamp(yard)
    for words in ("满意", "1", "还没好", "不满意"):
        assert not (await yard.hear("o-zhao", words)).outcome.startswith("request.")
    assert await yard.rows(RequestRating) == []


async def test_with_two_questions_open_the_bot_asks_which(yard: Talk) -> None:
    first = await done(yard)
    second = await done(yard, text=NOISE)
    asked = await yard.hear("o-zhao", "满意")
    assert (asked.outcome, str(first) in asked.text, str(second) in asked.text) == (
        "request.asked",
        True,
        True,
    )
    assert (await yard.hear("o-zhao", f"评价 {first} 满意")).outcome == "request.rated"
    assert (await yard.hear("o-zhao", "满意")).outcome == "request.rated"
    assert [row.number for row in await yard.rows(RequestRating)] == [first, second]


async def test_an_unhappy_rating_with_a_comment_goes_back_to_whoever_did_it(yard: Talk) -> None:
    number = await done(yard, "o-zhao", "o-qian")
    answer = await yard.hear("o-zhao", f"评价 {number} 不满意 还是不亮")
    assert (answer.outcome, "重新办理" in answer.text) == ("request.reopened", True)
    assert "第 2 次" in (await news(yard, "o-qian"))[-1]
    again = (await news(yard, "li"))[-1]
    assert f"重办单 {number}" in again
    assert "还是不亮" in again
    row = await request(yard, number)
    assert (row.state, row.round, row.role) == (RequestState.REOPENED, 2, Role.PROPERTY)
    await told(yard, "li", f"办结 {number} 又换了一只", "")
    assert (await yard.hear("o-qian", "满意")).outcome == "request.rated"
    assert [(row.round, row.rating) for row in await yard.rows(RequestRating)] == [
        (1, Rating.DISSATISFIED),
        (2, Rating.SATISFIED),
    ]


async def test_ratings_that_cannot_be_are_answered_kindly(yard: Talk) -> None:
    number = await lamp(yard)
    assert (await yard.hear("o-zhao", f"评价 {number} 满意")).outcome == "request.not_done"
    for words in ("评价", f"评价 {number}", f"评价 {number} 很好", f"评价 {number}2"):
        answer = await yard.hear("o-zhao", words)
        assert answer.outcome in ("help.given", "request.unknown"), words
    assert (await yard.hear("o-qian", f"评价 {number} 满意")).outcome == "request.unknown"


async def test_not_solved_yet_reopens(yard: Talk) -> None:
    number = await done(yard)
    assert (await yard.hear("o-zhao", f"还没好 {number}")).outcome == "request.reopened"
    assert (await yard.hear("o-zhao", f"还没好 {number}")).outcome == "request.still_open"
    await told(yard, "li", f"办结 {number} 换了", "")
    await yard.say("o-zhao", "满意")
    assert (await yard.hear("o-zhao", "还没好")).outcome == "request.reopened"
    assert (await request(yard, number)).round == 3


async def test_a_supplement_reaches_whoever_handles_it_and_no_other_reporter(yard: Talk) -> None:
    numbers = await say_lamp(yard, "o-zhao", "o-qian")
    await confirm(yard, numbers)
    await told(yard, "shu", f"派单 {numbers[0]} 物业", "")
    assert (await yard.hear("o-qian", f"补充 {numbers[1]} 一共坏了三盏")).outcome == "request.supplemented"
    assert "一共坏了三盏" in (await news(yard, "li"))[-1]
    assert not any("三盏" in text for text in await news(yard, "o-zhao"))
    assert "三盏" not in await yard.say("o-zhao", f"进度 {numbers[0]}")
    assert "三盏" in (await told(yard, "li", f"进度 {numbers[0]}", "")).text
    assert "三盏" not in (await told(yard, "li", f"进度 {numbers[0]}")).text
    for words in ("补充", f"补充 {numbers[0]}"):
        assert (await yard.hear("o-zhao", words)).outcome == "help.given"


async def test_withdrawn_by_all_it_is_cancelled(yard: Talk) -> None:
    numbers = await say_lamp(yard, "o-zhao", "o-qian")
    await confirm(yard, numbers)
    await told(yard, "shu", f"派单 {numbers[0]} 物业", "")
    await yard.say("o-zhao", f"撤回 {numbers[0]}")
    assert (await request(yard, numbers[0])).state is RequestState.DISPATCHED
    await yard.say("o-qian", f"撤回 {numbers[1]}")
    assert (await request(yard, numbers[0])).state is RequestState.CANCELLED
    assert "已撤销" in (await news(yard, "li"))[-1]
    await yard.say("o-qian", f"撤回 {numbers[1]}")
    assert (await timeline(yard, numbers[0])).count("cancelled") == 1


# Staff


async def test_not_ours_goes_to_whom_it_names(yard: Talk) -> None:
    number = await lamp(yard)
    await told(yard, "shu", f"派单 {number} 物业", "")
    assert (await told(yard, "li", f"不是我们的 {number}", "")).outcome == "request.no_words"
    answer = await told(yard, "li", f"不是我们的 {number} 路灯归社区管", "")
    assert (answer.outcome, "已转给社区" in answer.text) == ("request.refused", True)
    assert f"新单 {number}" in (await news(yard, "sun"))[-1]
    assert "已转给社区" in (await news(yard, "shu"))[-1]
    assert "已交给社区" in (await news(yard, "o-zhao"))[-1]
    assert (await told(yard, "sun", f"退单 {number} 是供电公司的", "")).outcome == "request.refused"
    assert "重新安排" in (await news(yard, "o-zhao"))[-1]
    await told(yard, "shu", f"派单 {number} 网格", "")
    answer = await told(yard, "wu", f"退单 {number} 不是网格的事", "")
    assert "由社区重新派" in answer.text
    assert (await request(yard, number)).level is Ladder.COMMUNITY
    assert f"待派单 {number}" in (await news(yard, "sun"))[-1]


async def test_whoever_may_not_is_told_so(yard: Talk) -> None:
    number = await lamp(yard)
    for userid, words in (
        ("li", f"派单 {number} 社区"),
        ("wei", f"接单 {number}"),
        ("wei", f"备注 {number} 好"),
    ):
        assert (await told(yard, userid, words, "")).outcome == "staff.forbidden"
    assert (await told(yard, "li", f"接单 {number}", "")).outcome == "request.not_dispatched"
    await told(yard, "shu", f"派单 {number} 社区", "")
    answer = await told(yard, "li", f"接单 {number}", "")
    assert (answer.outcome, "社区" in answer.text) == ("request.not_yours", True)
    assert (await told(yard, "wei", "待派单", "")).outcome == "requests.none"
    assert (await told(yard, "stranger", f"接单 {number}", "")).outcome == "staff.refused"
    assert await timeline(yard, number) == ["raised", "dispatched"]


async def test_a_role_on_a_building_counts_for_that_building_only(yard: Talk) -> None:
    keeper = await appoint(yard, "ke", Role.PROPERTY, "XH-1/3", name="柯楼管", title="楼管")
    ours, theirs = (
        await lamp(yard),
        (await say_lamp(yard, "o-qian", text="12栋路灯坏了", scene="XH-1/12"))[0],
    )
    await confirm(yard, [theirs])
    for number in (ours, theirs):
        await told(yard, "shu", f"派单 {number} 物业", "")
    assert len(await news(yard, "ke")) == 1
    assert f"新单 {ours}" in (await news(yard, "ke"))[0]
    from handlers.requests.offices import actor_in

    async with yard.database.read() as session:
        home = await session.get_one(Compound, 1)
        roles = [
            (await actor_in(session, keeper, home, await session.get_one(Matter, (1, number)))).roles
            for number in (ours, theirs)
        ]
    assert roles == [{Role.PROPERTY}, frozenset()]


async def test_to_whom(yard: Talk) -> None:
    await appoint(yard, "he", Role.PROPERTY, name="何保安", title="保安队长")
    await appoint(yard, "he2", Role.PROPERTY, name="何保安", title="夜班队长")
    number = await lamp(yard)
    for words, outcome in (
        ("派单 {n}", "help.given"),
        ("派单", "help.given"),
        ("派单 {n} 老天爷", "party.unknown"),
        ("派单 {n} 卫主任", "party.unknown"),  # the committee handles nothing
        ("派单 {n} 何保安", "party.ambiguous"),
        ("派单 9999 物业", "request.unknown"),
        ("派单{n}项目经理李向前", "request.dispatched"),
        ("派给 {n}：物业", "request.dispatched"),
        ("派单 {n} 物业", "request.already_there"),
        ("改派 {n} 夜班队长何保安", "request.dispatched"),
    ):
        assert (await told(yard, "shu", words.format(n=number))).outcome == outcome, words
    assert ["新单" in text for text in await news(yard, "li")] == [True, True, False]  # at last: 已改派
    assert [text.splitlines()[0] for text in await news(yard, "he")] == [
        f"新单 {number}｜新禾苑",
        f"单 {number}｜新禾苑",
    ]


async def test_helpers_and_notes(yard: Talk) -> None:
    number = await lamp(yard)
    await told(yard, "shu", f"派单 {number} 物业", "")
    assert (await told(yard, "li", f"协办 {number} 网格", "")).outcome == "request.helped"
    assert f"协办单 {number}" in (await news(yard, "wu"))[-1]
    assert (await told(yard, "li", f"协办 {number} 网格", "")).outcome == "request.already_helps"
    assert str(number) in (await told(yard, "wu", "我的单", "")).text
    assert (await told(yard, "wu", f"办结 {number} 好了", "")).outcome == "request.not_yours"
    assert (await told(yard, "wu", f"备注 {number} 梯子在我这", "")).outcome == "request.noted"
    assert not any("梯子" in text for text in await news(yard, "o-zhao"))


async def test_lists_show_category_and_place_and_nobody(yard: Talk) -> None:
    assert (await told(yard, "shu", "待派单")).outcome == "requests.none"
    number = await lamp(yard)
    for room in (STAFF_ROOM, ""):
        text = (await told(yard, "shu", "待派单", room)).text
        assert f"{number}｜" in text
        assert ("3栋2单元" in text) == (room == "")
        assert "建议物业" in text
    await told(yard, "shu", f"派单 {number} 物业", "")
    assert (await told(yard, "shu", "待派单")).outcome == "requests.none"
    assert (await told(yard, "shu", "我的单", "")).outcome == "requests.none"
    for userid in ("li", "song"):
        assert f"{number}｜" in (await told(yard, userid, "我的单", "")).text
    await told(yard, "li", f"接单 {number}", "")
    assert (await told(yard, "song", "我的单", "")).outcome == "requests.none"


async def test_the_same_number_in_two_compounds_is_asked_back(yard: Talk) -> None:
    other = await yard.enrol(compound("YL-2", "悦澜庭"))
    number = await lamp(yard)
    await yard.bind("o-wu", "YL-2/3-2")
    await yard.say("o-wu", LAMP)
    await confirm(yard, [number], compound_id=other)
    asked = await told(yard, "sun", f"派单 {number} 物业", "")
    assert asked.outcome == "compound.asked"
    assert f"派单 {number} 悦澜庭" in asked.text
    assert (await told(yard, "sun", f"派单 {number} 悦澜庭 社区", "")).outcome == "request.dispatched"
    rows = {row.compound_id: row.state for row in await yard.rows(Request)}
    assert rows == {1: RequestState.RAISED, other: RequestState.DISPATCHED}
    assert "悦澜庭" in (await told(yard, "sun", "我的单", "")).text


async def test_nobody_reachable_and_the_staffs_group_reads_it_without_door_and_words(talk: Talk) -> None:
    from tests.handlers.neighbours import open_groups

    await open_groups(talk, 1)
    number = await lamp(talk)
    [text] = await news(talk, "group")
    assert f"待派单 {number}" in text
    assert "3栋" in text
    assert "单元" not in text
    await talk.say("o-zhao", f"补充 {number} 我是501的赵大宝")
    assert not any("501" in text or "赵大宝" in text for text in await news(talk, "group"))


async def test_a_period_holds_its_first_moment_and_not_its_last(yard: Talk) -> None:
    raised_at = (await request(yard, await lamp(yard))).raised_at
    day, last = timedelta(days=1), timedelta(microseconds=1)
    async with yard.database.read() as session:
        for since, until, count in (
            (raised_at, raised_at + day, 1),
            (raised_at - day, raised_at, 0),
            (raised_at + last, raised_at + day, 0),
            (raised_at - day, raised_at + last, 1),
        ):
            assert (await rates_of(session, yard.services, 1, since, until)).raised == count


async def test_only_the_last_word_of_each_counts_in_the_rates(yard: Talk) -> None:
    number = await done(yard)
    await yard.hear("o-zhao", f"评价 {number} 不满意")
    await told(yard, "li", f"办结 {number} 又换了", "")
    await yard.hear("o-zhao", f"评价 {number} 满意")
    async with yard.database.read() as session:
        found = await rates_of(session, yard.services, 1, yard.now - timedelta(days=1), yard.now)
    assert (found.satisfaction.count, found.satisfaction.total) == (1, 1)


async def test_the_week_shows_the_rates(yard: Talk) -> None:
    assert "立单" not in (await told(yard, "shu", "本周", "")).text
    await done(yard)
    await yard.say("o-zhao", "满意")
    await lamp(yard, "o-qian", text=NOISE)
    text = (await told(yard, "shu", "本周", "")).text
    for part in ("立单 2 件", "按时接单 1/1（100%）", "按时办结 1/1", "已解决 1/1", "满意 1/1"):
        assert part in text
    yard.now += timedelta(days=7)
    assert "立单" not in (await told(yard, "shu", "本周", "")).text


# Dispatched by rule


async def put_rule(talk: Talk, category: str, role: Role, *, building: str = "", auto: bool = True) -> None:
    async with talk.database.write() as session:
        values = {"compound_id": 1, "category": category, "building": building, "role": role}
        await put_dispatch_rule(session, values | {"assignee_id": None, "auto": auto})


async def test_a_rule_dispatches_at_once_and_everybody_is_told_once(yard: Talk) -> None:
    await put_rule(yard, "*", Role.GRID_WORKER)
    number = await lamp(yard)
    assert await timeline(yard, number) == ["raised", "dispatched"]
    assert [f"新单 {number}" in text for text in await news(yard, "wu")] == [True]
    receipt = next(
        row.text
        for row in await yard.rows(OutboxMessage)
        if row.recipient == "o-zhao" and "已登记" in row.text
    )
    assert "接下来：网格员在" in receipt
    assert await news(yard, "o-zhao") == await news(yard, "shu") == []


async def test_the_closest_rule_wins(yard: Talk) -> None:
    await put_rule(yard, "*", Role.GRID_WORKER)
    await put_rule(yard, "*", Role.PROPERTY, building="3")
    number = await lamp(yard)
    assert (await request(yard, number)).role is Role.PROPERTY
    leaf = (await yard.rows(Matter))[0].leaf
    assert leaf is not None
    await put_rule(yard, leaf.partition(".")[0], Role.COMMUNITY_WORKER, auto=False)
    yard.now += timedelta(days=400)  # so that it is another matter
    second = await lamp(yard, "o-qian")
    assert (await request(yard, second)).state is RequestState.RAISED
    assert "建议派给社区" in (await news(yard, "shu"))[-1]
    await put_rule(yard, leaf, Role.SECRETARY)
    yard.now += timedelta(days=400)
    assert (await request(yard, await lamp(yard, "o-wu"))).role is Role.SECRETARY


# What whoever keeps matters calls


async def cancel(talk: Talk, number: int, why: Why, into: int | None = None) -> bool:
    async with talk.database.write() as session:
        home, matter = await session.get_one(Compound, 1), await session.get_one(Matter, (1, number))
        return await cancel_request(session, talk.services, home, matter, why, talk.now, into=into)


async def test_raising_again_changes_nothing_but_after_a_cancellation(yard: Talk) -> None:
    number = await lamp(yard)
    assert not await confirm(yard, [number])
    assert await cancel(yard, number, Why.DISMISSED)
    assert not await cancel(yard, number, Why.DISMISSED)
    assert "不再办理" in (await news(yard, "o-zhao"))[-1]
    yard.now += timedelta(days=1)
    assert await confirm(yard, [number])
    assert await timeline(yard, number) == ["raised", "cancelled", "raised"]
    assert (await request(yard, number)).ended_at is None


async def test_a_merged_matter_is_followed_by_every_receipt(yard: Talk) -> None:
    first, second = await lamp(yard), await lamp(yard, "o-qian", text=NOISE)
    assert (await told(yard, "shu", f"合并 {first} {second}", "")).outcome == "matter.merged"
    assert (await request(yard, second)).state is RequestState.CANCELLED
    asked = [row for row in await yard.rows(OutboxMessage) if row.recipient == "o-qian" and "并" in row.text]
    assert len(asked) == 1  # of one merging nobody reads twice
    answer = await told(yard, "shu", f"派单 {second} 物业", "")
    assert f"单 {first}" in answer.text
    assert f"编号 {second}（" in (await news(yard, "o-qian"))[-1]
    assert "已派人" in await yard.say("o-qian", f"进度 {second}")


async def test_a_voice_reopens_what_was_done(yard: Talk) -> None:
    number = await done(yard)

    async def voice(key: str) -> bool:
        async with yard.database.write() as session:
            home, matter = await session.get_one(Compound, 1), await session.get_one(Matter, (1, number))
            carried = await reopen_request(
                session, yard.services, home, matter, yard.now, key=key, words="又坏了"
            )
            assert carried is not None
            return carried.refused is None and not carried.again

    assert [await voice(key) for key in ("inbox:77", "inbox:77", "inbox:78")] == [True, False, False]
    assert (await timeline(yard, number)).count("reopened") == 1


async def test_the_audit_log_holds_ids_and_states_only(yard: Talk) -> None:
    number = await done(yard)
    await told(yard, "li", f"备注 {number} 花了八十块", "")
    await yard.say("o-zhao", f"评价 {number} 不满意 还是不亮")
    verbs = {event.verb for event in await yard.rows(AuditEvent)}
    assert {"request.raised", "request.noted", "request.rated", "request.reopened"} <= verbs
    for event in await yard.rows(AuditEvent):
        logged = f"{event.verb} {event.subject} {event.details}"
        for words in ("灯", "八十", "不亮", "o-zhao", "李"):
            assert words not in logged
    for entry in await events_of(yard.database, number):
        assert not any("灯" in str(value) for value in entry.details.values())
