"""Everybody is told what becomes of their words, once, with the first answer."""

from handlers.inbound import InboundKind
from storage.tables import ChannelIdentity, OutboxMessage
from tests.handlers.talk import Talk

NOTICE = "【告知】"


async def test_the_first_answer_carries_the_notice_and_no_other_does(talk: Talk) -> None:
    first = await talk.say("o-zhao", "你好")
    assert NOTICE in first
    assert "180天" in first
    assert NOTICE not in await talk.say("o-zhao", "帮助")
    assert NOTICE not in await talk.bind("o-zhao")


async def test_the_notice_comes_once_in_a_batch_and_once_a_person(talk: Talk) -> None:
    senders = ["o-zhao", "o-qian", "o-zhao", "o-qian", "o-zhao"]
    answers = await talk.batch([talk.message(sender, "你好") for sender in senders])
    assert [NOTICE in answer.text for answer in answers] == [True, True, False, False, False]


async def test_the_answer_that_goes_out_holds_the_notice_too(talk: Talk) -> None:
    answer = await talk.hear("o-zhao", "帮助")
    assert [message.text for message in await talk.rows(OutboxMessage)] == [answer.text]


async def test_an_unanswered_event_does_not_count_as_told(talk: Talk) -> None:
    await talk.hear("o-zhao", kind=InboundKind.UNFOLLOW)
    assert NOTICE in await talk.say("o-zhao", "你好")


async def test_when_someone_was_told_is_kept(talk: Talk) -> None:
    await talk.say("o-zhao", "你好")
    told_at = talk.now
    await talk.say("o-zhao", "你好")
    assert [identity.told_at for identity in await talk.rows(ChannelIdentity)] == [told_at]


async def test_each_account_tells_for_itself(talk: Talk) -> None:
    await talk.say("o-zhao", "你好")
    assert NOTICE in (await talk.hear("o-zhao", "你好", account="east")).text
