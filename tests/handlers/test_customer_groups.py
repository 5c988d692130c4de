"""In a residents' group the bot listens, files what is a matter, and says nothing."""

import pytest

from handlers.inbound import InboundKind
from storage.states import MessageClass, OutboxState, Role, WindowKind
from storage.tables import AuditEvent, ChannelIdentity, InboxMessage, Opinion, OutboxMessage, SendWindow
from tests.handlers.neighbours import (
    RESIDENTS_ROOM,
    STAFF_ROOM,
    appoint,
    identity,
    join,
    open_groups,
    overheard,
    sent_to,
    silently,
)
from tests.handlers.talk import Talk

LIFT = "电梯坏了三天，老人下不了楼"
ZHAO = "wm-zhao-0000000001"


@pytest.fixture
async def rooms(talk: Talk) -> dict[str, int]:
    return await open_groups(talk, 1)


async def test_a_matter_is_filed_for_the_group_and_its_building(talk: Talk, rooms: dict[str, int]) -> None:
    answer = await overheard(talk, ZHAO, LIFT)
    assert (answer.outcome, answer.text) == ("group.filed", "")
    [opinion] = await talk.rows(Opinion)
    speaker = await identity(talk, "corp", ZHAO)
    assert (opinion.number, opinion.text, opinion.group_id) == (1001, LIFT, rooms[RESIDENTS_ROOM])
    assert (opinion.building, opinion.entrance, opinion.unit) == ("3", None, None)
    assert (opinion.person_id, opinion.home_code) == (speaker.person_id, None)
    [message] = await talk.rows(InboxMessage)
    assert (message.outcome, message.person_id, message.text) == ("group.filed", speaker.person_id, LIFT)


async def test_the_building_that_is_named_goes_before_the_groups(talk: Talk, rooms: dict[str, int]) -> None:
    await overheard(talk, ZHAO, f"12栋{LIFT}")
    await overheard(talk, ZHAO, f"2单元{LIFT}")
    assert [(o.building, o.entrance) for o in await talk.rows(Opinion)] == [("12", None), ("3", "2")]


async def test_a_group_of_one_entrance_speaks_of_that_entrance(talk: Talk) -> None:
    await open_groups(talk, 1, place_code="3-2")
    await overheard(talk, ZHAO, LIFT)
    await overheard(talk, ZHAO, f"1单元{LIFT}")
    assert [(o.building, o.entrance) for o in await talk.rows(Opinion)] == [("3", "2"), ("3", "1")]


async def test_chatter_and_doubts_are_passed_over(talk: Talk, rooms: dict[str, int]) -> None:
    for words in (
        "今天中午吃的荞麦面，挺香", "谢谢各位邻居", "+1", "这个不行啊", "明日9点停水检修",
        "进度 1001", "帮助", "退订", "确认删除", "绑定 新禾苑 3栋2单元",
    ):  # fmt: skip
        answer = await overheard(talk, ZHAO, words)
        assert answer.outcome in ("group.passed", "group.in_doubt"), words
        assert answer.text == ""
    assert await talk.rows(Opinion) == []
    assert [row.opted_out_at for row in await talk.rows(ChannelIdentity)] == [None]


async def test_a_doubt_that_sounds_like_danger_is_filed(talk: Talk, rooms: dict[str, int]) -> None:
    assert (await overheard(talk, ZHAO, "有人晕倒了")).outcome == "group.filed"
    assert [opinion.urgency for opinion in await talk.rows(Opinion)] == [3]


async def test_nothing_is_ever_written_to_the_group_nor_to_strangers(
    talk: Talk, rooms: dict[str, int]
) -> None:
    await silently(
        talk,
        [
            talk.message(ZHAO, words, account="archive", room=RESIDENTS_ROOM)
            for words in (LIFT, "反映 楼道灯坏了", "@小禾助手 帮助", "你好", "反映")
        ],
    )
    assert await talk.rows(OutboxMessage) == []
    assert await talk.rows(SendWindow) == []


async def test_pictures_and_events_are_passed_over(talk: Talk, rooms: dict[str, int]) -> None:
    for kind in (InboundKind.IMAGE, InboundKind.VOICE, InboundKind.OTHER, InboundKind.LOCATION):
        [answer] = await silently(
            talk, [talk.message(ZHAO, kind=kind, account="archive", room=RESIDENTS_ROOM)]
        )
        assert answer.outcome == "group.passed"


async def test_words_from_a_room_nobody_registered_are_not_kept(talk: Talk, rooms: dict[str, int]) -> None:
    answer = await overheard(talk, ZHAO, LIFT, room="wr-elsewhere")
    assert answer.outcome == "group.unknown"
    assert [message.text for message in await talk.rows(InboxMessage)] == [""]
    assert await talk.rows(Opinion) == []


async def test_the_speakers_home_in_this_compound_is_noted(talk: Talk, rooms: dict[str, int]) -> None:
    await talk.bind("o-zhao")
    await join(talk, ZHAO, "o-zhao")
    await overheard(talk, ZHAO, LIFT)
    assert [(o.home_code, o.building) for o in await talk.rows(Opinion)] == [("3-2", "3")]


async def test_a_follower_gets_one_receipt_a_day_aside(talk: Talk, rooms: dict[str, int]) -> None:
    await talk.bind("o-zhao")
    await join(talk, ZHAO, "o-zhao")
    before = len(await sent_to(talk, "o-zhao"))
    for words in (LIFT, "地下车库漏水漏了一个月", "垃圾没人收"):
        assert (await overheard(talk, ZHAO, words)).outcome == "group.filed"
    receipts = (await sent_to(talk, "o-zhao"))[before:]
    assert len(receipts) == 1
    assert "1001" in receipts[0]
    assert "群里" in receipts[0]
    [row] = [row for row in await talk.rows(OutboxMessage) if row.text == receipts[0]]
    assert (row.account, row.message_class, row.state) == ("main", MessageClass.RECEIPT, OutboxState.PENDING)
    talk.now = talk.now.replace(day=13)
    await overheard(talk, ZHAO, LIFT)
    assert len((await sent_to(talk, "o-zhao"))[before:]) == 2
    assert "1001" in await talk.say("o-zhao", "进度")


@pytest.mark.parametrize("leaving", [("退订", InboundKind.TEXT), ("", InboundKind.UNFOLLOW)])
async def test_who_left_or_opted_out_gets_no_receipt(
    talk: Talk, rooms: dict[str, int], leaving: tuple[str, InboundKind]
) -> None:
    await talk.bind("o-zhao")
    await join(talk, ZHAO, "o-zhao")
    await talk.hear("o-zhao", *leaving)
    before = len(await talk.rows(OutboxMessage))
    assert (await overheard(talk, ZHAO, LIFT)).outcome == "group.filed"
    assert len(await talk.rows(OutboxMessage)) == before


async def test_a_member_of_staff_speaking_in_two_places_is_one_person(talk: Talk) -> None:
    await open_groups(talk, 1)
    await appoint(talk, "li", Role.PROPERTY)
    await silently(
        talk,
        [
            talk.message("li", "@小禾助手 帮助", account="helper", room=STAFF_ROOM),
            talk.message("li", "帮助", account="corp"),
        ],
    )
    assert [(row.account, row.external_id) for row in await talk.rows(ChannelIdentity)] == [("corp", "li")]


# 群里别记我


async def test_refusing_1_to_1_holds_on_every_account(talk: Talk, rooms: dict[str, int]) -> None:
    await talk.bind("o-zhao")
    await join(talk, ZHAO, "o-zhao")
    for words in ("群里别记我", "群里不要记我", "在群里别记录我的话", "群里别再记我了。"):
        assert (await talk.hear("o-zhao", words)).outcome == "person.refused_groups", words
        assert {row.refused_at is None for row in await talk.rows(ChannelIdentity)} == {False}
        assert (await talk.hear("o-zhao", "群里可以记我")).outcome == "person.allowed_groups"
        assert {row.refused_at for row in await talk.rows(ChannelIdentity)} == {None}
    verbs = [event.verb for event in await talk.rows(AuditEvent)]
    assert verbs.count("person.refused_groups") == verbs.count("person.allowed_groups") == 4


async def test_refusing_reaches_an_identity_that_only_the_platform_joins(
    talk: Talk, rooms: dict[str, int]
) -> None:
    await talk.bind("o-zhao")
    await overheard(talk, ZHAO, "你好")
    async with talk.database.write() as session:
        for row in await talk.rows(ChannelIdentity):
            row.union_id = "u-1"
            await session.merge(row)
    await talk.say("o-zhao", "群里别记我")
    assert (await identity(talk, "corp", ZHAO)).refused_at is not None


async def test_what_was_said_before_the_refusal_was_read_is_not_kept(
    talk: Talk, rooms: dict[str, int]
) -> None:
    await overheard(talk, ZHAO, "你好")
    answers = await silently(
        talk,
        [talk.message(ZHAO, words, account="archive", room=RESIDENTS_ROOM) for words in ("群里别记我", LIFT)],
    )
    assert [answer.outcome for answer in answers] == ["person.refused_groups", "group.refused"]
    assert [message.text for message in await talk.rows(InboxMessage)][1:] == ["", ""]
    assert await talk.rows(Opinion) == []
    assert await talk.rows(OutboxMessage) == []


async def test_who_refused_in_groups_is_still_heard_1_to_1(talk: Talk) -> None:
    await talk.bind("o-zhao")
    await talk.say("o-zhao", "群里别记我")
    assert (await talk.hear("o-zhao", LIFT)).outcome == "opinion.filed"


async def test_agreeing_to_a_notice_grants_one_each_time_and_refusing_takes_them_back(talk: Talk) -> None:
    await talk.bind("o-zhao")
    for _ in range(2):
        answer = await talk.hear("o-zhao", kind=InboundKind.NOTICE_ACCEPTED)
        assert (answer.outcome, answer.text) == ("notice.accepted", "")
    [window] = [row for row in await talk.rows(SendWindow) if row.kind is WindowKind.SUBSCRIBE]
    assert (window.account, window.recipient, window.allowed - window.used) == ("main", "o-zhao", 2)
    assert (await talk.hear("o-zhao", kind=InboundKind.NOTICE_REFUSED)).outcome == "notice.refused"
    [window] = [row for row in await talk.rows(SendWindow) if row.kind is WindowKind.SUBSCRIBE]
    assert window.allowed - window.used == 0


async def test_the_help_says_how_not_to_be_heard(talk: Talk) -> None:
    assert "群里别记我" in await talk.say("o-zhao", "帮助")


@pytest.mark.parametrize(
    "words",
    [
        "群里别记我", "别记我", "请不要记录我说的话", "不要记我的话了", "@小禾助手 群里别记我", "别记录我的发言！",
        "@小禾助手 @物业小王 不要再记我了", "不要记录我 @小禾助手",
    ],
)  # fmt: skip
async def test_whoever_says_it_in_the_group_need_not_say_where(
    talk: Talk, rooms: dict[str, int], words: str
) -> None:
    answer = await overheard(talk, ZHAO, words)
    assert (answer.outcome, answer.text) == ("person.refused_groups", "")
    assert (await identity(talk, "corp", ZHAO)).refused_at is not None
    assert [message.text for message in await talk.rows(InboxMessage)] == [""]


@pytest.mark.parametrize("words", ["别记我账上", "不用记了", "不要记我名下", "不要记录仪", "记我一个"])
async def test_other_words_with_the_same_verb_refuse_nothing(
    talk: Talk, rooms: dict[str, int], words: str
) -> None:
    assert (await overheard(talk, ZHAO, words)).outcome != "person.refused_groups"
