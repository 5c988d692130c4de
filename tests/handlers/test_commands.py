"""What a resident can ask for, in the ways people type it."""

import pytest

from handlers.inbound import InboundKind
from storage.states import OpinionState
from storage.tables import AuditEvent, ChannelIdentity, Opinion
from tests.handlers.talk import Talk


@pytest.fixture
async def filed(talk: Talk) -> Talk:
    """赵 has raised 1001 and 1002, 钱 has raised 1003."""
    await talk.bind("o-zhao")
    await talk.bind("o-qian")
    await talk.say("o-zhao", "楼下垃圾堆了三天没人收")
    await talk.say("o-zhao", "3栋2单元门禁坏了")
    await talk.say("o-qian", "地下车库漏水")
    return talk


async def test_progress_shows_ones_own_matter_however_it_is_asked(filed: Talk) -> None:
    for words in (
        "进度 1001", "进度1001", "进度：1001", "进度:1001", "查进度 1001号", "1001", "查询1001", "编号1001",
        "进展 #1001", "进度　１００１", "１００１", "进度1001。", "进度1001？", " 进度 1001 ",
    ):  # fmt: skip
        answer = await filed.hear("o-zhao", words)
        assert answer.outcome == "progress.shown", words
        for part in ("1001", "楼下垃圾堆了三天没人收", "3月12日", "已立单"):
            assert part in answer.text


async def test_somebody_elses_number_looks_like_one_that_does_not_exist(filed: Talk) -> None:
    others = await filed.hear("o-zhao", "进度 1003")
    missing = await filed.hear("o-zhao", "进度 7777")
    assert others.outcome == missing.outcome == "progress.unknown"
    assert others.text.replace("1003", "N") == missing.text.replace("7777", "N")
    assert (await filed.hear("o-zhao", "撤回 1003")).text == others.text
    assert [o.state for o in await filed.rows(Opinion) if o.number == 1003] == [OpinionState.FILED]


async def test_numbers_nobody_was_given_are_unknown(filed: Talk) -> None:
    for number in ("0", "999999999999999", "٣٣٣٣"):
        assert (await filed.hear("o-zhao", f"进度 {number}")).outcome == "progress.unknown"


async def test_progress_alone_lists_ones_own_latest_first(filed: Talk) -> None:
    for words in ("进度", "查进度", "办理进度", "进展", "进度？", "进度！！"):
        answer = await filed.hear("o-zhao", words)
        assert answer.outcome == "progress.listed", words
        lines = [line.split("｜") for line in answer.text.splitlines() if "｜" in line]
        assert [line[0] for line in lines] == ["1002", "1001"]
        assert all(all(line) for line in lines)


async def test_progress_lists_five_at_most(talk: Talk) -> None:
    await talk.bind("o-zhao")
    for number in range(7):
        await talk.say("o-zhao", f"反映 甲乙丙丁第{number + 1}件")  # of no category: a matter each
    text = await talk.say("o-zhao", "进度")
    assert [line.split("｜")[0] for line in text.splitlines() if "｜" in line] == [
        "1007", "1006", "1005", "1004", "1003",
    ]  # fmt: skip


async def test_progress_of_someone_who_raised_nothing(filed: Talk) -> None:
    assert (await filed.hear("o-sun", "进度")).outcome == "progress.none"


async def test_commands_work_by_voice_and_from_the_menu(filed: Talk) -> None:
    for kind in (InboundKind.VOICE, InboundKind.CLICK):
        assert (await filed.hear("o-zhao", "进度。", kind)).outcome == "progress.listed"
        assert (await filed.hear("o-zhao", "帮助", kind)).outcome == "help.given"


async def test_withdrawing_takes_one_matter_back(filed: Talk) -> None:
    answer = await filed.hear("o-zhao", "撤回 1001")
    assert answer.outcome == "opinion.withdrawn"
    assert "1001" in answer.text
    assert [o.state for o in await filed.rows(Opinion)] == [
        OpinionState.WITHDRAWN,
        OpinionState.FILED,
        OpinionState.FILED,
    ]
    assert "已撤回" in await filed.say("o-zhao", "进度 1001")


async def test_withdrawing_is_understood_however_it_is_typed(filed: Talk) -> None:
    for words in ("撤销1002", "撤回：1002", "撤回１００２", "撤回 1002！", "撤回编号1002"):
        assert (await filed.hear("o-zhao", words)).outcome == "opinion.withdrawn", words


async def test_withdrawing_twice_changes_and_logs_nothing_more(filed: Talk) -> None:
    first = await filed.say("o-zhao", "撤回 1001")
    assert await filed.say("o-zhao", "撤回 1001") == first
    assert [e.subject for e in await filed.rows(AuditEvent) if e.verb == "opinion.withdrawn"] == [
        "opinion:1001"
    ]


async def test_withdrawing_without_a_number_asks_which_or_explains_itself(filed: Talk) -> None:
    asked = await filed.hear("o-zhao", "撤回")
    assert (asked.outcome, "1001｜" in asked.text) == ("opinion.asked", True)
    assert {opinion.state for opinion in await filed.rows(Opinion)} == {OpinionState.FILED}
    assert (await filed.hear("o-sun", "撤回")).outcome == "help.given"


async def _opted_out(talk: Talk) -> list[bool]:
    return [identity.opted_out_at is not None for identity in await talk.rows(ChannelIdentity)]


async def test_opting_out_and_back_in(talk: Talk) -> None:
    ways = ("退订", "TD", "ｔｄ", "T", "取消订阅", "退订。")
    for words in ways:
        assert (await talk.hear("o-zhao", words)).outcome == "person.opted_out", words
        assert await _opted_out(talk) == [True]
        assert (await talk.hear("o-zhao", "订阅")).outcome == "person.opted_in"
        assert await _opted_out(talk) == [False]
    verbs = [event.verb for event in await talk.rows(AuditEvent)]
    assert verbs.count("person.opted_out") == verbs.count("person.opted_in") == len(ways)


async def test_one_persons_choice_is_not_anothers(talk: Talk) -> None:
    await talk.say("o-qian", "你好")
    await talk.say("o-zhao", "退订")
    async with talk.database.read():
        by_name = {i.external_id: i.opted_out_at is not None for i in await talk.rows(ChannelIdentity)}
    assert by_name == {"o-qian": False, "o-zhao": True}


async def test_someone_who_opted_out_is_still_answered_and_filed(talk: Talk) -> None:
    await talk.bind("o-zhao")
    await talk.say("o-zhao", "退订")
    assert (await talk.hear("o-zhao", "楼下垃圾堆了三天没人收")).outcome == "opinion.filed"


async def test_help_names_every_command(talk: Talk) -> None:
    for words in ("帮助", "菜单", "help", "HELP", "?", "？", "怎么用", "怎么用？"):
        answer = await talk.hear("o-zhao", words)
        assert answer.outcome == "help.given", words
        for command in ("进度", "撤回", "我的小区", "退订", "删除我的资料"):
            assert command in answer.text


async def test_unfollowing_and_coming_back(talk: Talk) -> None:
    await talk.bind("o-zhao")
    await talk.hear("o-zhao", kind=InboundKind.UNFOLLOW)
    assert [identity.following for identity in await talk.rows(ChannelIdentity)] == [False]
    await talk.hear("o-zhao", kind=InboundKind.FOLLOW)
    assert [identity.following for identity in await talk.rows(ChannelIdentity)] == [True]
    assert "3栋2单元" in await talk.say("o-zhao", "我的小区")


async def test_my_compound_shows_public_contacts_only(filed: Talk) -> None:
    for words in ("我的小区", "我小区", "小区信息"):
        answer = await filed.hear("o-zhao", words)
        assert answer.outcome == "home.shown", words
        assert "新禾苑3栋2单元" in answer.text
        assert "业委会主任 欧阳秋实 13912340001" in answer.text
        assert "反映了 3 件事" in answer.text
        for hidden in ("项目经理", "司马春野", "13912340002"):
            assert hidden not in answer.text


async def test_my_compound_counts_neither_withdrawn_nor_old_matters(filed: Talk) -> None:
    await filed.say("o-zhao", "撤回 1001")
    assert "反映了 2 件事" in await filed.say("o-zhao", "我的小区")
    filed.now = filed.now.replace(day=20)
    assert "反映了 0 件事" in await filed.say("o-zhao", "我的小区")


async def test_my_compound_of_someone_unbound_says_how_to_bind(talk: Talk) -> None:
    answer = await talk.hear("o-zhao", "我的小区")
    assert answer.outcome == "home.unknown"
    assert "139" not in answer.text
