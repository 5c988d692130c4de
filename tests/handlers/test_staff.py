"""Staff speak to the bot in their own group and 1:1; what they learn names no resident and, in a group, no door."""

import pytest

from handlers.inbound import InboundKind
from storage.states import MessageClass, OpinionState, Role
from storage.tables import AuditEvent, ChannelIdentity, InboxMessage, Opinion, OutboxMessage
from tests.handlers.neighbours import STAFF_ROOM, appoint, identity, open_groups, silently, told
from tests.handlers.talk import NOW, Talk, compound

LIFT = "3栋2单元501门口的电梯坏了三天，老人下不了楼"


@pytest.fixture
async def office(talk: Talk) -> Talk:
    """赵 and 钱 have raised 1001 to 1003; 李 works for the property company."""
    await open_groups(talk, 1)
    await appoint(talk, "li", Role.PROPERTY, name="李向前", title="项目经理")
    for sender, words in (
        ("o-zhao", LIFT),
        ("o-qian", "地下车库漏水漏了一个月"),
        ("o-zhao", "12栋楼下垃圾堆了三天没人收"),
    ):
        await talk.bind(sender)
        await talk.say(sender, words)
    return talk


async def test_help_names_every_command(office: Talk) -> None:
    for room in (STAFF_ROOM, ""):
        for words in ("帮助", "菜单", "help", "？"):
            answer = await told(office, "li", words, room)
            assert answer.outcome == "help.given", words
            for command in ("本周", "待办", "进度", "收到", "值班", "反映"):
                assert command in answer.text


async def test_an_answer_in_the_group_goes_back_where_it_was_asked(office: Talk) -> None:
    answer = await told(office, "li", "帮助")
    row = (await office.rows(OutboxMessage))[-1]
    assert (row.account, row.text, row.message_class) == ("helper", answer.text, MessageClass.REPLY)
    assert row.reply_address == "https://platform.example/answer/1"


async def test_the_inbox_keeps_what_was_written(office: Talk) -> None:
    await told(office, "li", "本周", quoted="张三：谁来管管")
    row = (await office.rows(InboxMessage))[-1]
    assert (row.text, row.quoted, row.outcome) == ("@小禾助手 本周", "张三：谁来管管", "week.shown")


async def test_staff_are_not_told_what_residents_are_told(office: Talk) -> None:
    assert "【告知】" not in (await told(office, "li", "帮助")).text
    assert "【告知】" not in (await told(office, "li", "帮助", "")).text


async def test_a_command_is_understood_with_the_name_on_either_side_and_behind_a_quote(office: Talk) -> None:
    for text in (
        "@小禾助手 本周",
        "@小禾助手\u2005本周",
        "本周 @小禾助手",
        "「王五：@小禾助手 帮助」\n本周",
        "本周？",
    ):
        [answer] = await silently(office, [office.message("li", text, account="helper", room=STAFF_ROOM)])
        assert answer.outcome == "week.shown", text


async def test_this_week_counts_by_category_what_still_stands(office: Talk) -> None:
    text = (await told(office, "li", "本周")).text
    assert "新禾苑本周到现在收到 3 件" in text
    counted = [line.rsplit(" ", 1) for line in text.splitlines()[1:] if line[-1].isdigit()]
    assert sum(int(count) for _name, count in counted) == 3
    assert len(counted) >= 2
    await office.say("o-zhao", "撤回 1003")
    assert "收到 2 件" in (await told(office, "li", "本周统计")).text


async def test_a_week_begins_on_monday_in_shanghai(office: Talk) -> None:
    office.now = NOW.replace(day=15, hour=15, minute=59)  # Sunday 23:59
    assert "收到 3 件" in (await told(office, "li", "本周", "")).text
    office.now = NOW.replace(day=15, hour=16, minute=1)  # Monday 00:01
    assert "收到 0 件" in (await told(office, "li", "本周", "")).text


async def test_what_has_waited_longest_comes_first_and_five_at_most(office: Talk) -> None:
    for words in ("3栋门口的路灯坏了", "小区里有人遛狗不牵绳", "消防通道被车堵死了", "楼下广场舞吵得睡不着"):
        await office.say("o-qian", words)
    await office.say("o-qian", "撤回 1002")
    office.now = NOW.replace(day=15)
    for words in ("待办", "未答复"):
        lines = [line for line in (await told(office, "li", words)).text.splitlines() if "｜" in line]
        assert [line.split("｜")[0] for line in lines] == ["1001", "1003", "1004", "1005", "1006"]
        assert all(line.endswith("天") for line in lines)


async def test_nothing_waits_in_a_quiet_compound(talk: Talk) -> None:
    await open_groups(talk, 1)
    await appoint(talk, "li", Role.PROPERTY)
    assert (await told(talk, "li", "待办")).outcome == "unanswered.none"
    assert "0 件" in (await told(talk, "li", "本周")).text


async def test_progress_names_the_building_in_a_group_and_never_a_flat_or_a_speaker(office: Talk) -> None:
    in_group = (await told(office, "li", "进度 1001")).text
    assert "1001｜已核实" in in_group
    assert "电梯" in in_group
    assert "3栋" in in_group
    alone = (await told(office, "li", "进度 1001", "")).text
    assert "3栋2单元" in alone
    assert "单元" not in in_group
    for text in (in_group, alone, (await told(office, "li", "待办")).text):
        for secret in ("501", "老人", "o-zhao"):
            assert secret not in text


async def test_a_number_nobody_was_given_is_unknown(office: Talk) -> None:
    for words in ("进度 9999", "进度 0"):
        assert (await told(office, "li", words)).outcome == "progress.unknown"


async def test_another_compounds_number_does_not_exist_here(office: Talk) -> None:
    await office.enrol(compound("YL-2", "悦澜庭"))
    await appoint(office, "wang", Role.PROPERTY, "YL-2")
    answer = await told(office, "wang", "进度 1001", "")
    assert answer.outcome == "progress.unknown"
    assert "悦澜庭" in answer.text


async def test_who_has_no_role_here_is_kindly_refused(office: Talk) -> None:
    await office.enrol(compound("YL-2", "悦澜庭"))
    await appoint(office, "wang", Role.SECRETARY, "YL-2")  # of another compound
    await appoint(office, "ops", Role.OPERATOR)
    for words in ("本周", "待办", "进度 1001", "收到", "收到 1", "值班", f"反映 {LIFT}"):
        for userid in ("wang", "somebody"):
            answer = await told(office, userid, words)
            assert answer.outcome == "staff.refused", words
            assert "您好" in answer.text
        assert (await told(office, "somebody", words, "")).outcome == "staff.refused"
        assert (await told(office, "ops", words)).outcome == "staff.forbidden"
    assert len(await office.rows(Opinion)) == 3


async def test_a_role_that_ended_opens_nothing(office: Talk) -> None:
    from storage.queries.accounts import end_roles_of

    async with office.database.write() as session:
        await end_roles_of(session, (await identity(office, "corp", "li")).person_id, office.now)
    assert (await told(office, "li", "本周")).outcome == "staff.refused"


async def test_a_supervisor_sees_and_confirms_nothing(office: Talk) -> None:
    await appoint(office, "jian", Role.SUPERVISOR)
    assert (await told(office, "jian", "本周")).outcome == "week.shown"
    assert (await told(office, "jian", "收到 1")).outcome == "staff.forbidden"


async def test_a_group_nobody_registered_is_told_so(office: Talk) -> None:
    answer = await told(office, "li", "本周", "another-chat")
    assert answer.outcome == "staff.refused"
    assert "还没有登记" in answer.text


async def test_a_community_worker_names_the_compound_of_several(office: Talk) -> None:
    await office.enrol(compound("YL-2", "悦澜庭"))
    await appoint(office, "sun", Role.COMMUNITY_WORKER, "440199001")
    asked = await told(office, "sun", "本周", "")
    assert asked.outcome == "compound.asked"
    assert "新禾苑、悦澜庭" in asked.text or "悦澜庭、新禾苑" in asked.text
    assert "收到 3 件" in (await told(office, "sun", "本周 新禾苑", "")).text
    assert "收到 0 件" in (await told(office, "sun", "本周 悦澜", "")).text
    assert (await told(office, "sun", "进度 1001 新禾苑", "")).outcome == "progress.shown"
    assert (await told(office, "sun", "进度 1001 没有的小区", "")).outcome == "compound.asked"
    assert "收到 3 件" in (await told(office, "sun", "本周")).text  # the group says which


async def test_what_staff_report_is_filed_and_the_group_reads_no_door(office: Talk) -> None:
    answer = await told(office, "li", "反映 3栋2单元501门口的灯坏了")
    assert answer.outcome == "opinion.filed"
    assert "1004" in answer.text
    assert "3栋" in answer.text
    for door in ("单元", "501"):
        assert door not in answer.text
    opinion = (await office.rows(Opinion))[-1]
    assert (opinion.text, opinion.building, opinion.entrance, opinion.unit) == (
        "3栋2单元501门口的灯坏了",
        "3",
        "2",
        "501",
    )
    assert opinion.group_id is not None
    assert "2单元" in (await told(office, "li", "反映：3栋2单元的灯坏了", "")).text


async def test_a_report_for_one_of_several_compounds_begins_with_its_name(office: Talk) -> None:
    await office.enrol(compound("YL-2", "悦澜庭"))
    await appoint(office, "sun", Role.COMMUNITY_WORKER, "440199001")
    assert (await told(office, "sun", "反映 门口的灯坏了", "")).outcome == "compound.asked"
    assert (await told(office, "sun", "反映 悦澜庭：门口的灯坏了", "")).outcome == "opinion.filed"
    opinions = [opinion for opinion in await office.rows(Opinion) if opinion.compound_id != 1]
    assert [(o.number, o.text) for o in opinions] == [(1001, "门口的灯坏了")]
    assert (await told(office, "sun", "反映 悦澜庭", "")).outcome == "help.given"


async def test_other_words_of_staff_are_not_filed(office: Talk) -> None:
    for words in (LIFT, "今天中午吃什么", "谢谢"):
        assert (await told(office, "li", words)).outcome == "chat.answered"
    assert len(await office.rows(Opinion)) == 3


async def test_events_and_pictures_of_staff_get_no_answer(office: Talk) -> None:
    before = len(await office.rows(OutboxMessage))
    for kind in (InboundKind.IMAGE, InboundKind.OTHER, InboundKind.FOLLOW, InboundKind.LOCATION):
        await silently(office, [office.message("li", kind=kind, account="corp")])
    assert len(await office.rows(OutboxMessage)) == before


async def test_staff_cannot_reach_what_is_a_residents_own(office: Talk) -> None:
    for words in ("撤回 1001", "确认删除", "退订", "我的小区"):
        assert (await told(office, "li", words, "")).outcome == "chat.answered", words
    assert {opinion.state for opinion in await office.rows(Opinion)} == {OpinionState.FILED}
    assert "person.erased" not in [event.verb for event in await office.rows(AuditEvent)]
    assert all(row.opted_out_at is None for row in await office.rows(ChannelIdentity))


@pytest.fixture
async def stewards(office: Talk) -> Talk:
    """Of 1001 to 1003, 1001 is building 3's and 1003 building 12's; 1002 has no building but its author's home, 3."""
    for userid, scope in (("lou3", "XH-1/3"), ("lou12", "XH-1/12"), ("men1", "XH-1/3-1")):
        await appoint(office, userid, Role.GRID_WORKER, scope, name=f"楼{userid[-1]}", title="楼栋长")
    await appoint(office, "shu3", Role.SECRETARY, "XH-1/3")
    return office


@pytest.mark.parametrize("room", [STAFF_ROOM, ""])
async def test_a_steward_of_a_building_hears_of_that_building_only(stewards: Talk, room: str) -> None:
    for userid, name, own in (
        ("lou3", "新禾苑3栋", {1001, 1002}),
        ("shu3", "新禾苑3栋", {1001, 1002}),
        ("lou12", "新禾苑12栋", {1003}),
        ("men1", "新禾苑3栋1单元", set()),
        ("li", "新禾苑", {1001, 1002, 1003}),
    ):
        week = await told(stewards, userid, "本周", room)
        assert f"{name}本周到现在收到 {len(own)} 件" in week.text
        waiting = await told(stewards, userid, "待办", room)
        assert {number for number in (1001, 1002, 1003) if str(number) in waiting.text} == own
        for number in (1001, 1002, 1003):
            answer = await told(stewards, userid, f"进度 {number}", room)
            assert answer.outcome == ("progress.shown" if number in own else "progress.unknown"), number
        assert (await told(stewards, userid, "帮助", room)).outcome == "help.given"


async def test_a_steward_confirms_the_alerts_of_their_building_only(stewards: Talk) -> None:
    await stewards.say("o-zhao", "12栋着火了")
    for words in ("收到 1", "收到"):
        assert (await told(stewards, "lou3", words, "")).outcome in ("alert.unknown", "alert.none")
    assert (await told(stewards, "lou12", "收到", "")).outcome == "alert.acknowledged"
    answer = await told(stewards, "li", "收到 1", "")
    assert "楼栋长楼2" in answer.text


async def test_what_a_steward_reports_without_a_building_is_their_buildings(stewards: Talk) -> None:
    answer = await told(stewards, "lou3", "反映 楼道灯坏了", "")
    assert answer.outcome == "opinion.filed"
    assert (await told(stewards, "lou3", "进度 1004", "")).outcome == "progress.shown"
    assert (await told(stewards, "lou12", "进度 1004", "")).outcome == "progress.unknown"


async def test_a_role_on_a_building_of_another_compound_opens_nothing_here(stewards: Talk) -> None:
    await stewards.enrol(compound("YL-2", "悦澜庭"))
    await appoint(stewards, "wang", Role.GRID_WORKER, "YL-2/3")
    for words in ("本周", "待办", "进度 1001", "收到", "值班"):
        assert (await told(stewards, "wang", words)).outcome == "staff.refused"
    assert (await told(stewards, "wang", "进度 1001", "")).outcome == "progress.unknown"
    assert "悦澜庭3栋" in (await told(stewards, "wang", "本周", "")).text


async def test_a_steward_with_a_role_that_has_no_place_is_told_so(stewards: Talk) -> None:
    await appoint(stewards, "ops3", Role.OPERATOR, "XH-1/3")
    for room in (STAFF_ROOM, ""):
        assert (await told(stewards, "ops3", "本周", room)).outcome == "staff.forbidden"
    assert (await told(stewards, "ops3", "帮助", "")).outcome == "help.given"
