"""What residents say becomes an opinion with a number, tags and a receipt, or is answered and left."""

from handlers.inbound import InboundKind
from nlp.phrases import Phrases
from storage.outbox import find_reply
from storage.states import InboxState, MessageClass, OutboxState
from storage.tables import AuditEvent, InboxMessage, Opinion, OutboxMessage
from tests.handlers.talk import Talk

LIFT = "3栋2单元的电梯坏了三天，老人下不了楼"


async def test_a_complaint_gets_a_number_a_category_and_its_place(talk: Talk) -> None:
    await talk.bind("o-zhao")
    answer = await talk.hear("o-zhao", LIFT)
    assert answer.outcome == "opinion.filed"
    assert answer.message_class is MessageClass.RECEIPT
    assert "1001" in answer.text
    assert "电梯" in answer.text
    assert "3栋2单元" in answer.text
    [opinion] = await talk.rows(Opinion)
    assert (opinion.number, opinion.text, opinion.home_code) == (1001, LIFT, "3-2")
    assert (opinion.building, opinion.entrance, opinion.unit) == ("3", "2", None)
    assert opinion.categories[0]["id"].startswith("dianti.")
    assert opinion.hits
    assert opinion.lexicon_version == talk.services.tagger.current.version


async def test_the_message_its_answer_and_the_audit_row_belong_together(talk: Talk) -> None:
    await talk.bind("o-zhao")
    answer = await talk.hear("o-zhao", LIFT)
    message = (await talk.rows(InboxMessage))[-1]
    assert (message.state, message.outcome, message.done_at) == (InboxState.DONE, "opinion.filed", talk.now)
    async with talk.database.read() as session:
        assert message.inbox_id is not None
        reply = await find_reply(session, message.inbox_id)
    assert reply is not None
    assert (reply.text, reply.recipient, reply.account) == (answer.text, "o-zhao", "main")
    assert (reply.state, reply.message_class) == (OutboxState.PENDING, MessageClass.RECEIPT)
    [event] = [event for event in await talk.rows(AuditEvent) if event.verb == "opinion.filed"]
    assert (event.subject, event.actor_id, event.details["inbox_id"]) == (
        "opinion:1001",
        message.person_id,
        message.inbox_id,
    )


async def test_numbers_count_up_within_a_compound(talk: Talk) -> None:
    await talk.bind("o-zhao")
    await talk.bind("o-qian")
    answers = await talk.batch(
        [talk.message(who, "地下车库漏水漏了一个月") for who in ("o-zhao", "o-qian", "o-zhao")]
    )
    assert [
        f"编号 {number}。" in answer.text for number, answer in zip((1001, 1002, 1003), answers, strict=True)
    ] == [True] * 3


async def test_danger_is_answered_with_the_emergency_numbers(talk: Talk) -> None:
    await talk.bind("o-zhao")
    text = await talk.say("o-zhao", "楼道里一股煤气味，闻着头晕")
    assert all(number in text for number in ("119", "120", "110"))
    assert (await talk.rows(Opinion))[0].urgency == 3
    assert "119" not in await talk.say("o-zhao", LIFT)


async def test_the_command_word_goes_and_the_sentence_stays(talk: Talk) -> None:
    await talk.bind("o-zhao")
    expected = {
        "反映 3栋2单元门口的灯坏了": "3栋2单元门口的灯坏了",
        "反映：３栋２单元门口的灯坏了！": "３栋２单元门口的灯坏了",
        "我要投诉，门口的灯坏了": "门口的灯坏了",
        "上报问题:门口的灯坏了": "门口的灯坏了",
        "反映\n门口的灯坏了": "门口的灯坏了",
        "反映了三次都没人管楼下的积水": "反映了三次都没人管楼下的积水",
        "投诉物业不作为": "投诉物业不作为",
    }
    for words in expected:
        assert (await talk.hear("o-zhao", words)).outcome == "opinion.filed", words
    assert [opinion.text for opinion in await talk.rows(Opinion)] == list(expected.values())


async def test_what_the_lexicon_does_not_know_is_filed_when_asked(talk: Talk) -> None:
    await talk.bind("o-zhao")
    answer = await talk.hear("o-zhao", "反映：希望多放几本连环画")
    assert answer.outcome == "opinion.filed"
    assert "工作人员会看" in answer.text
    assert (await talk.rows(Opinion))[0].categories == []


async def test_the_command_word_alone_asks_what_it_is_about(talk: Talk) -> None:
    await talk.bind("o-zhao")
    for words in ("反映", "反映：", "我要投诉！", "投诉  。"):
        answer = await talk.hear("o-zhao", words)
        assert (answer.outcome, "例如" in answer.text) == ("help.given", True), words
    assert await talk.rows(Opinion) == []


async def test_chatter_is_answered_and_not_filed(talk: Talk) -> None:
    await talk.bind("o-zhao")
    for words, outcome in (("你好", "chat.greeted"), ("今天中午吃的荞麦面，挺香", "chat.answered")):
        answer = await talk.hear("o-zhao", words)
        assert answer.outcome == outcome
        assert answer.text
    assert await talk.rows(Opinion) == []


async def test_recognised_voice_is_filed_like_text(talk: Talk) -> None:
    await talk.bind("o-zhao")
    assert (await talk.hear("o-zhao", LIFT, InboundKind.VOICE)).outcome == "opinion.filed"


async def test_pictures_and_unheard_voice_are_asked_for_words(talk: Talk) -> None:
    await talk.bind("o-zhao")
    for kind, outcome in (
        (InboundKind.VOICE, "voice.unheard"),
        (InboundKind.IMAGE, "media.seen"),
        (InboundKind.VIDEO, "media.seen"),
        (InboundKind.LOCATION, "media.seen"),
        (InboundKind.LINK, "media.seen"),
    ):
        answer = await talk.hear("o-zhao", kind=kind)
        assert answer.outcome == outcome
        assert answer.text
    assert await talk.rows(Opinion) == []


async def test_what_needs_no_answer_gets_none(talk: Talk) -> None:
    await talk.bind("o-zhao")
    before = len(await talk.rows(OutboxMessage))
    for kind in (InboundKind.OTHER, InboundKind.UNFOLLOW):
        assert (await talk.hear("o-zhao", kind=kind)).text == ""
    assert len(await talk.rows(OutboxMessage)) == before
    assert {message.state for message in await talk.rows(InboxMessage)} == {InboxState.DONE}


async def test_blank_text_gets_no_answer(talk: Talk) -> None:
    assert (await talk.hear("o-zhao", " \n　")).outcome == "message.ignored"


async def test_an_account_of_one_compound_files_without_asking_where(talk: Talk) -> None:
    answer = await talk.hear("o-sun", LIFT, account="east")
    assert answer.outcome == "opinion.filed"
    [opinion] = await talk.rows(Opinion)
    assert (opinion.home_code, opinion.building) == (None, "3")


async def test_a_spot_of_the_compounds_own_stands_with_the_matter(talk: Talk) -> None:
    await talk.bind("o-zhao")
    talk.services.tagger.phrases = {1: Phrases.of(["漏水岭"], ["荷花池"])}
    answer = await talk.hear("o-zhao", "漏水岭3栋荷花池边上的路灯坏了没人修")
    assert "地点：3栋荷花池" in answer.text
    [opinion] = await talk.rows(Opinion)
    assert opinion.categories[0]["id"] == "sheshi.zhaoming"
    assert [hit["term"] for hit in opinion.hits if hit["rule"] == "spot"] == ["荷花池"]
    assert "地点：3栋荷花池" in await talk.say("o-zhao", "进度 1001")
