"""What several people say about one thing becomes one matter, on the real chat surface."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, update

from handlers.learning.doubtful import IN_DOUBT
from handlers.matters.gather import gather_unmattered
from handlers.receive import Received, receive
from storage.states import MatterState, OpinionState, PlaceLevel, RequestState, Role
from storage.tables import (
    AlertEpisode,
    AuditEvent,
    InboxMessage,
    Matter,
    Opinion,
    OutboxMessage,
    Place,
    Request,
)
from tests.handlers.neighbours import (
    RESIDENTS_ROOM,
    appoint,
    join,
    open_groups,
    overheard,
    sent_to,
    told,
)
from tests.handlers.talk import Talk

LIFT = "电梯坏了三天，老人下不了楼"
STUCK = "电梯又停了，爬了十楼"
FIRE = "楼道里着火了，都是烟"
ZHAO, QIAN, SUN, LI = (f"wm-{name}-0000000001" for name in ("zhao", "qian", "sun", "li"))


@pytest.fixture
async def rooms(talk: Talk) -> dict[str, int]:
    await appoint(talk, "wang", Role.SECRETARY)
    return await open_groups(talk, 1)


async def matters(talk: Talk) -> dict[int, Matter]:
    return {matter.number: matter for matter in await talk.rows(Matter)}


async def homes_of(talk: Talk, **matter_of: int) -> None:
    """Check which matter each opinion belongs to."""
    assert {f"n{o.number}": o.matter_number for o in await talk.rows(Opinion)} == matter_of


async def states(talk: Talk) -> dict[int, RequestState]:
    return {request.number: request.state for request in await talk.rows(Request)}


async def finish(talk: Talk, number: int) -> None:
    """Somebody has seen to it."""
    async with talk.database.write() as session:
        await session.exec(
            update(Request)
            .where(col(Request.number) == number)
            .values(state=RequestState.DONE, done_at=talk.now, role=Role.PROPERTY)
        )


async def units(talk: Talk, *codes: str) -> None:
    async with talk.database.write() as session:
        for code in codes:
            session.add(Place(compound_id=1, code=code, level=PlaceLevel.UNIT, name=code, parent_code="3-2"))


# Clustering and confirmation


async def test_what_is_told_1_to_1_is_confirmed_and_the_neighbour_learns_of_it(talk: Talk) -> None:
    await talk.bind("o-zhao")
    await talk.bind("o-qian")
    first = await talk.say("o-zhao", f"3栋{LIFT}")
    second = await talk.say("o-qian", f"3栋2单元{STUCK}")
    assert "邻居" not in first
    assert "已有 1 位邻居反映同一件事，已并在一起" in second
    assert "不同 1002" in second
    await homes_of(talk, n1001=1001, n1002=1001)
    matter = (await matters(talk))[1001]
    assert (matter.state, matter.households, matter.speakers) == (MatterState.CONFIRMED, 0, 2)
    assert (matter.building, matter.entrance, matter.leaf) == ("3", "2", "dianti.guzhang")
    assert await states(talk) == {1001: RequestState.RAISED}
    parted = await talk.say("o-qian", "不同 1002")
    assert "已分开" in parted
    await homes_of(talk, n1001=1001, n1002=1002)
    assert [(m.households + m.speakers, m.state) for m in (await matters(talk)).values()] == [
        (1, MatterState.CONFIRMED),
        (1, MatterState.CONFIRMED),
    ]
    assert "单独" in await talk.say("o-qian", "不同 1002")
    assert "没有找到" in await talk.say("o-qian", "不同 1001")


async def test_what_is_overheard_waits_for_a_second_voice(talk: Talk, rooms: dict[str, int]) -> None:
    await overheard(talk, ZHAO, LIFT)
    assert (await matters(talk))[1001].state is MatterState.CANDIDATE
    assert "待核实" in (await told(talk, "wang", "待办")).text
    await overheard(talk, ZHAO, "电梯还是坏的，老人下不了楼啊")
    assert await states(talk) == {}
    assert (await overheard(talk, QIAN, "我家也是")).outcome == "group.echoed"
    matter = (await matters(talk))[1001]
    assert (matter.state, matter.speakers, matter.confirmed_by) == (MatterState.CONFIRMED, 2, None)
    assert await states(talk) == {1001: RequestState.RAISED}
    [echo] = [opinion for opinion in await talk.rows(Opinion) if opinion.echo]
    assert (echo.matter_number, echo.categories[0]["id"], echo.building) == (1001, matter.leaf, "3")


async def test_a_danger_needs_no_second_voice(talk: Talk, rooms: dict[str, int]) -> None:
    await overheard(talk, ZHAO, FIRE)
    assert (await matters(talk))[1001].state is MatterState.CONFIRMED


async def test_the_one_who_said_it_in_the_group_can_confirm_it_1_to_1(
    talk: Talk, rooms: dict[str, int]
) -> None:
    await talk.bind("o-zhao")
    await join(talk, ZHAO, "o-zhao")
    await overheard(talk, ZHAO, LIFT)
    receipt = (await sent_to(talk, "o-zhao"))[-1]
    assert "待核实" in receipt and "回复“确认 1001”" in receipt
    assert "已登记" not in receipt
    shown = await talk.say("o-zhao", "进度 1001")
    assert "编号 1001｜待核实" in shown and "回复“确认 1001”" in shown
    assert "1001｜待核实" in await talk.say("o-zhao", "进度")
    assert (await talk.hear("o-zhao", "确认 1001")).outcome == "matter.confirmed"
    assert await states(talk) == {1001: RequestState.RAISED}
    assert "待核实" not in await talk.say("o-zhao", "进度 1001")
    await talk.bind("o-qian")
    assert "没有找到" in await talk.say("o-qian", "确认 1001")


async def test_progress_lists_a_matter_once_with_all_numbers_of_ones_own(talk: Talk) -> None:
    await talk.bind("o-zhao")
    await talk.say("o-zhao", f"3栋2单元{LIFT}")
    await talk.say("o-zhao", "3栋楼道的灯不亮了，黑漆漆的")
    await talk.say("o-zhao", f"3栋2单元{STUCK}")
    await homes_of(talk, n1001=1001, n1002=1002, n1003=1001)
    lines = [line for line in (await talk.say("o-zhao", "进度")).splitlines() if "｜" in line]
    assert [line.partition("｜")[0] for line in lines] == ["1001、1003", "1002"]
    await talk.say("o-zhao", "撤回 1003")
    lines = [line for line in (await talk.say("o-zhao", "进度")).splitlines() if "｜" in line]
    assert lines[0].startswith("1003｜")
    assert ["已撤回" in line for line in lines] == [True, False, False]
    for number in range(5):
        await talk.say("o-zhao", f"3栋2单元电梯又停了，第{number + 2}回了，老人下不了楼")
    lines = [line for line in (await talk.say("o-zhao", "进度")).splitlines() if "｜" in line]
    assert lines[0].startswith("1001、1004、1005、1006…｜")


async def test_staff_confirm_dismiss_and_take_it_back(talk: Talk, rooms: dict[str, int]) -> None:
    await overheard(talk, ZHAO, LIFT)
    assert "转去办理" in (await told(talk, "wang", "确认 1001")).text
    assert "之前已经确认" in (await told(talk, "wang", "确认 1001")).text
    assert (await told(talk, "wang", "不是事 1001")).outcome == "matter.dismissed"
    assert (await matters(talk))[1001].state is MatterState.DISMISSED
    assert await states(talk) == {1001: RequestState.CANCELLED}
    assert "不用处理" in (await told(talk, "wang", "进度 1001")).text
    assert "1001" not in (await told(talk, "wang", "待办")).text
    await told(talk, "wang", "确认 1001")
    assert await states(talk) == {1001: RequestState.RAISED}
    assert "没有编号 77" in (await told(talk, "wang", "确认 77")).text
    await appoint(talk, "li", Role.PROPERTY)
    assert (await told(talk, "li", "不是事 1001")).outcome == "staff.forbidden"


async def test_another_building_and_another_subject_are_matters_of_their_own(
    talk: Talk, rooms: dict[str, int]
) -> None:
    for words in (LIFT, f"12栋{LIFT}", "楼道的灯不亮了，黑漆漆的"):
        await overheard(talk, ZHAO, words)
    await homes_of(talk, n1001=1001, n1002=1002, n1003=1003)


# Households


async def test_who_goes_on_with_the_subject_is_heard_there_and_who_names_another_is_not(
    talk: Talk, rooms: dict[str, int]
) -> None:
    await overheard(talk, ZHAO, "地库进水了，水往车上漫")
    await overheard(talk, QIAN, "电动车充电的地方也泡了")  # alone it would be about charging
    await overheard(talk, SUN, "垃圾桶满了三天没人清")
    await homes_of(talk, n1001=1001, n1002=1001, n1003=1003)


async def test_what_nobody_has_done_is_the_same_after_months_and_what_was_done_is_not(talk: Talk) -> None:
    await talk.bind("o-zhao")
    await talk.bind("o-qian")
    await talk.hear("o-zhao", f"3栋{LIFT}")
    await talk.hear("o-zhao", "5栋楼道的灯不亮")
    await finish(talk, 1002)
    talk.now += timedelta(days=100)
    await talk.hear("o-qian", f"3栋{STUCK}")
    await talk.hear("o-qian", "5栋楼道的灯又不亮")
    await homes_of(talk, n1001=1001, n1002=1002, n1003=1001, n1004=1004)


async def test_two_people_of_one_home_are_one_household(talk: Talk) -> None:
    await units(talk, "3-2-501", "3-2-502")
    for openid, scene in (("o-a", "3-2-501"), ("o-b", "3-2-501"), ("o-c", "3-2-502"), ("o-d", "3-2")):
        await talk.bind(openid, f"XH-1/{scene}")
        answer = await talk.say(openid, f"3栋2单元{LIFT}")
    assert "已有 2 户邻居反映同一件事" in answer
    await talk.bind("o-e", "XH-1/3-2")
    assert "已有 2 户、1 位邻居反映同一件事" in await talk.say("o-e", f"3栋2单元{LIFT}")
    await talk.say("o-e", "撤回 1005")
    matter = (await matters(talk))[1001]
    assert (matter.households, matter.speakers) == (2, 1)
    await talk.say("o-a", "撤回 1001")
    assert (await matters(talk))[1001].households == 2
    await talk.say("o-b", "撤回 1002")
    matter = (await matters(talk))[1001]
    assert (matter.households, matter.speakers) == (1, 1)
    for openid, number in (("o-c", 1003), ("o-d", 1004)):
        await talk.say(openid, f"撤回 {number}")
    assert (await matters(talk))[1001].speakers == 0
    assert await states(talk) == {1001: RequestState.CANCELLED}
    # Nobody is left who said it: the next one founds a matter of their own.
    await talk.say("o-c", f"3栋2单元{LIFT}")
    assert (await talk.rows(Opinion))[-1].matter_number == 1006


async def test_what_is_passed_on_word_for_word_counts_once(talk: Talk, rooms: dict[str, int]) -> None:
    long = "各位邻居，三栋二单元的电梯又坏了三天，老人上下楼很不方便，请物业尽快来修"
    for speaker in (ZHAO, QIAN, SUN):
        await overheard(talk, speaker, long)
    assert [opinion.repost_of for opinion in await talk.rows(Opinion)] == [None, 1001, 1001]
    matter = (await matters(talk))[1001]
    assert (matter.speakers, matter.state) == (1, MatterState.CANDIDATE)


# Context


async def test_an_echo_of_nothing_or_of_something_else_is_chatter(talk: Talk, rooms: dict[str, int]) -> None:
    assert (await overheard(talk, ZHAO, "+1")).outcome == "group.passed"
    await overheard(talk, ZHAO, LIFT)
    for words in ("汤圆还剩六袋", "要的扣1", "晚上有空吗"):
        await overheard(talk, QIAN, words)
    assert (await overheard(talk, SUN, "+1")).outcome == "group.passed"
    await overheard(talk, ZHAO, "电梯还是坏的，老人下不了楼啊")
    talk.now += timedelta(hours=2)
    assert (await overheard(talk, SUN, "我家也是")).outcome == "group.passed"
    # Alone it says neither what nor where: staff may look at it, and nothing is filed.
    assert (await overheard(talk, SUN, "还是没人管")).outcome == IN_DOUBT
    assert (await overheard(talk, ZHAO, "还是没人管")).outcome == "group.echoed"


async def test_an_answer_is_about_what_it_answers_to(talk: Talk, rooms: dict[str, int]) -> None:
    await overheard(talk, ZHAO, LIFT)
    await overheard(talk, QIAN, "楼道的灯不亮了，黑漆漆的")
    await overheard(talk, SUN, "汤圆还剩六袋")
    await overheard(talk, LI, f"「赵：{LIFT}」\n- - - - - - -\n+1")
    assert (await talk.rows(Opinion))[-1].matter_number == 1001
    await overheard(talk, LI, f"「赵：{LIFT}」\n- - - - - - -\n这部电梯有异响，咣当咣当的")
    await overheard(talk, LI, f"「赵：{LIFT}」\n- - - - - - -\n垃圾桶满了三天没人清")
    await homes_of(talk, n1001=1001, n1002=1002, n1003=1001, n1004=1001, n1005=1005)
    assert (await overheard(talk, LI, "「孙：汤圆还剩六袋」\n- - - - - - -\n+1")).outcome == "group.passed"


async def test_another_building_is_no_echo(talk: Talk, rooms: dict[str, int]) -> None:
    await overheard(talk, ZHAO, LIFT)
    assert (await overheard(talk, QIAN, "12栋也是")).outcome == IN_DOUBT


async def test_an_echo_counts_in_the_open_alert_and_raises_none(talk: Talk, rooms: dict[str, int]) -> None:
    await appoint(talk, "duty", Role.DUTY)
    await overheard(talk, ZHAO, FIRE)
    before = len(await talk.rows(OutboxMessage))
    await overheard(talk, QIAN, "我家也是")
    [episode] = await talk.rows(AlertEpisode)
    assert episode.hits == 2
    assert len(await talk.rows(OutboxMessage)) == before
    await told(talk, "duty", "收到 1")
    await overheard(talk, SUN, "我家也是")
    assert [row.hits for row in await talk.rows(AlertEpisode)] == [2]


async def test_solved_is_noted_for_staff_and_closes_nothing(talk: Talk, rooms: dict[str, int]) -> None:
    await overheard(talk, ZHAO, LIFT)
    assert (await overheard(talk, QIAN, "好了")).outcome == "group.passed"
    assert (await overheard(talk, ZHAO, "修好了谢谢")).outcome == "group.noted"
    assert "已经好了" in (await told(talk, "wang", "进度 1001")).text
    assert (await matters(talk))[1001].state is MatterState.CANDIDATE


# Merging and splitting


async def test_merging_keeps_every_voice_and_can_be_undone(talk: Talk, rooms: dict[str, int]) -> None:
    await talk.bind("o-zhao")
    await talk.bind("o-qian")
    await talk.say("o-zhao", f"3栋{LIFT}")
    await talk.say("o-qian", "3栋楼道的灯不亮了，黑漆漆的")
    answer = await told(talk, "wang", "合并 1001 1002")
    assert "现在共 2人" in answer.text
    await homes_of(talk, n1001=1001, n1002=1001)
    assert await states(talk) == {1001: RequestState.RAISED, 1002: RequestState.CANCELLED}
    merged = [text for text in await sent_to(talk, "o-qian") if "同一件事" in text]
    assert len(merged) == 1
    assert [text for text in await sent_to(talk, "o-zhao") if "同一件事" in text] == []
    assert "1002（并在 1001 里）" in (await told(talk, "wang", "进度 1002")).text
    assert "同一件事" in (await told(talk, "wang", "合并 1001 1002")).text
    assert (await told(talk, "wang", "拆开 1002")).outcome == "matter.split"
    await homes_of(talk, n1001=1001, n1002=1002)
    assert await states(talk) == {1001: RequestState.RAISED, 1002: RequestState.RAISED}
    both = await matters(talk)
    assert [(m.state, m.speakers, m.merged_into) for m in both.values()] == [
        (MatterState.CONFIRMED, 1, None)
    ] * 2
    details = [event.details for event in await talk.rows(AuditEvent) if event.verb.startswith("matter.")]
    assert all(isinstance(value, int) for detail in details for value in detail.values())


async def test_chains_of_merges_come_apart_one_by_one(talk: Talk, rooms: dict[str, int]) -> None:
    for words in (LIFT, f"12栋{LIFT}", "楼道的灯不亮了，黑漆漆的"):
        await overheard(talk, ZHAO, words)
    await told(talk, "wang", "合并 1002 1003")
    await told(talk, "wang", "合并 1001和1002")
    await homes_of(talk, n1001=1001, n1002=1001, n1003=1001)
    assert "1003（并在 1001 里）" in (await told(talk, "wang", "进度 1003")).text
    await told(talk, "wang", "拆开 1003")
    await homes_of(talk, n1001=1001, n1002=1001, n1003=1003)
    await told(talk, "wang", "拆开 1002")
    await homes_of(talk, n1001=1001, n1002=1002, n1003=1003)


async def test_one_voice_is_split_off_by_hand(talk: Talk, rooms: dict[str, int]) -> None:
    for speaker in (ZHAO, QIAN, SUN):
        await overheard(talk, speaker, f"{LIFT}，{speaker[3:6]}")
    await homes_of(talk, n1001=1001, n1002=1001, n1003=1001)
    await told(talk, "wang", "拆开 1002")
    await homes_of(talk, n1001=1001, n1002=1002, n1003=1001)
    await told(talk, "wang", "拆开 1001")  # the first keeps its number, the rest goes on under the next
    await homes_of(talk, n1001=1001, n1002=1002, n1003=1003)
    assert "没有可拆的" in (await told(talk, "wang", "拆开 1003")).text


# Coming back


async def test_a_new_voice_reopens_what_was_done_lately(talk: Talk) -> None:
    await talk.bind("o-zhao")
    await talk.bind("o-qian")
    await talk.say("o-zhao", f"3栋2单元{LIFT}")
    await finish(talk, 1001)
    talk.now += timedelta(days=20)
    assert "重新办理" in await talk.say("o-qian", f"3栋2单元{STUCK}")
    assert await states(talk) == {1001: RequestState.REOPENED}
    await finish(talk, 1001)
    talk.now += timedelta(days=31)
    await talk.say("o-qian", f"3栋2单元{STUCK}，又来了")
    await homes_of(talk, n1001=1001, n1002=1001, n1003=1003)
    [founded] = [
        e for e in await talk.rows(AuditEvent) if (e.verb, e.subject) == ("matter.founded", "matter:1003")
    ]
    assert founded.details == {"opinion": 1003, "follows": 1001}


async def test_still_not_solved_means_what_one_raised_last(talk: Talk) -> None:
    await talk.bind("o-zhao")
    await talk.say("o-zhao", f"3栋2单元{LIFT}")
    await finish(talk, 1001)
    talk.now += timedelta(days=3)
    assert "重新办理" in await talk.say("o-zhao", "还是没人修")
    assert await states(talk) == {1001: RequestState.REOPENED}
    await homes_of(talk, n1001=1001, n1002=1001)
    assert (await matters(talk))[1001].speakers == 1


# Words and people go


async def test_who_is_forgotten_still_counts(talk: Talk) -> None:
    await units(talk, "3-2-501")
    for openid in ("o-a", "o-b"):
        await talk.bind(openid, "XH-1/3-2-501")
        await talk.say(openid, f"3栋2单元{LIFT}")
        await talk.say(openid, f"3栋2单元{STUCK}")
    assert ((await matters(talk))[1001].households, (await matters(talk))[1001].speakers) == (1, 0)
    await talk.say("o-a", "删除我的资料")
    await talk.say("o-a", "确认删除")
    await talk.bind("o-c")
    await talk.say("o-c", f"3栋2单元{LIFT}啊")
    matter = (await matters(talk))[1001]
    assert (matter.households, matter.speakers) == (1, 1)
    await talk.say("o-b", "确认删除")
    await talk.bind("o-d")
    await talk.say("o-d", f"3栋2单元{LIFT}呀")
    matter = (await matters(talk))[1001]
    assert matter.households + matter.speakers == 3
    assert matter.heard_at.date() == talk.now.date()


async def test_what_lost_its_words_is_found_by_leaf_and_place(talk: Talk) -> None:
    await talk.bind("o-zhao")
    await talk.bind("o-qian")
    await talk.say("o-zhao", f"3栋2单元{LIFT}")
    async with talk.database.write() as session:
        await session.exec(update(Opinion).values(text=None, hits=[]))
    talk.now += timedelta(days=3)
    await talk.say("o-qian", f"3栋2单元{STUCK}")
    await homes_of(talk, n1001=1001, n1002=1001)


# Replicas and old databases


async def test_two_replicas_that_hear_of_one_thing_at_once_make_one_matter(
    talk: Talk, rooms: dict[str, int]
) -> None:
    messages = [
        talk.message(speaker, f"{LIFT}，{number}楼", account="archive", room=RESIDENTS_ROOM)
        for number, speaker in enumerate((ZHAO, QIAN, SUN, LI))
    ]
    async with talk.database.write() as session:
        session.add_all(messages)
        await session.flush()
        ids = [message.inbox_id for message in messages]

    async def work(mine: list[int | None]) -> None:
        async with talk.database.write() as session:
            rows = [await session.get_one(InboxMessage, inbox_id) for inbox_id in mine]
            await receive(session, talk.services, [Received(row, None, None) for row in rows], talk.now)

    await asyncio.gather(work(ids[:2]), work(ids[2:]))
    [matter] = await talk.rows(Matter)
    assert (matter.speakers, matter.state) == (4, MatterState.CONFIRMED)
    assert len(await talk.rows(Request)) == 1


async def test_what_was_filed_before_there_were_matters_is_gathered_once(
    talk: Talk, rooms: dict[str, int]
) -> None:
    await talk.bind("o-zhao")
    await talk.bind("o-qian")
    old = talk.now - timedelta(days=60)
    rows = [(1001, "o-zhao", old), (1002, "o-qian", talk.now), (1003, "o-zhao", talk.now)]
    async with talk.database.write() as session:
        for number, _who, said_at in rows:
            session.add(
                Opinion(
                    compound_id=1,
                    number=number,
                    inbox_id=number,
                    person_id=number - 1000,
                    said_at=said_at,
                    filed_at=said_at,
                    text=LIFT,
                    categories=[{"id": "dianti.guzhang", "score": 0.9}],
                    urgency=2,
                    building="3",
                    lexicon_version="test",
                    state=OpinionState.WITHDRAWN if number == 1003 else OpinionState.FILED,
                )
            )
    both = await asyncio.gather(
        *(gather_unmattered(talk.database, talk.services, talk.now) for _ in range(2))
    )
    assert sum(both) == 3
    await homes_of(talk, n1001=1001, n1002=1002, n1003=1002)
    found = await matters(talk)
    assert (found[1001].state, found[1002].state) == (MatterState.CANDIDATE, MatterState.CONFIRMED)
    assert found[1002].speakers == 1
    assert await states(talk) == {1002: RequestState.RAISED}
    assert await gather_unmattered(talk.database, talk.services, talk.now) == 0
