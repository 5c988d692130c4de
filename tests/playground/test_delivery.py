"""How messages and events reach the bot, and what the person sees of its answers."""

import asyncio

import pytest
from aiohttp import web

from bot.playground.account import Account
from bot.playground.delivery import SERVICE_FAULT
from bot.playground.errors import NotPossible
from bot.playground.loopback import NotLoopback
from bot.playground.platform import CallbackRefused, Platform
from tests.playground import by_hand
from tests.playground.calls import OPENID
from tests.playground.conftest import Clock, FakeBot

STRANGER = "oYishi0000000000000000000002"


async def test_passive_reply_lands_in_the_chat(platform: Platform, bot: FakeBot) -> None:
    bot.will_reply("收到，编号 1001")
    delivery = await platform.user_sends(OPENID, "电梯坏了")
    assert delivery.accepted
    assert delivery.reply == "收到，编号 1001"
    assert [made.status for made in delivery.tries] == [200]
    assert delivery.tries[0].body.startswith(b"<xml><Encrypt>")
    said = [(entry.direction, entry.via, entry.text) for entry in platform.conversation(OPENID).entries]
    assert said == [("user", "text", "电梯坏了"), ("bot", "passive", "收到，编号 1001")]
    assert {entry.msg_id for entry in platform.conversation(OPENID).entries} == {delivery.msg_id}


async def test_empty_answer_ends_it_quietly(platform: Platform, bot: FakeBot) -> None:
    bot.answers = [web.Response(), web.Response(text="success")]
    for _ in range(2):
        delivery = await platform.user_sends(OPENID, "你好")
        assert delivery.accepted
        assert delivery.reply is None
    assert len(bot.seen) == 2


async def test_slow_bot_is_cut_off_and_asked_three_times_with_one_msg_id(
    platform: Platform, bot: FakeBot
) -> None:
    platform.cut_seconds = 0.2
    bot.hang_first = 3
    delivery = await platform.user_sends(OPENID, "电梯坏了")
    assert not delivery.accepted
    assert [made.status for made in delivery.tries] == [None, None, None]
    assert all(made.seconds >= 0.2 for made in delivery.tries)
    assert {by_hand.xml_value(message, "MsgId") for message in bot.messages()} == {delivery.msg_id}
    assert len({seen.query["nonce"] for seen in bot.seen}) == 3
    assert platform.conversation(OPENID).entries[-1].text == SERVICE_FAULT
    assert platform.conversation(OPENID).entries[-1].via == "fault"


async def test_answer_to_a_retry_counts(platform: Platform, bot: FakeBot) -> None:
    platform.cut_seconds = 0.5
    bot.hang_first = 2
    bot.will_reply("收到")
    delivery = await platform.user_sends(OPENID, "电梯坏了")
    assert delivery.reply == "收到"
    assert [made.status for made in delivery.tries] == [None, None, 200]
    assert platform.counters.callback_posts == 3


async def test_refusals_are_asked_again(platform: Platform, bot: FakeBot) -> None:
    bot.answers = [web.Response(status=503), web.Response(status=404)]
    delivery = await platform.user_sends(OPENID, "电梯坏了")
    assert delivery.accepted
    assert [made.status for made in delivery.tries] == [503, 404, 200]


async def test_nonsense_is_shown_as_a_fault_and_not_asked_again(platform: Platform, bot: FakeBot) -> None:
    bot.answers = [web.Response(text="ok")]
    delivery = await platform.user_sends(OPENID, "电梯坏了")
    assert delivery.fault == SERVICE_FAULT
    assert delivery.tries[0].problem == "the reply is not xml"
    assert len(bot.seen) == 1


async def test_bot_that_is_down(account: Account, unused_tcp_port: int) -> None:
    platform = Platform(account, f"http://127.0.0.1:{unused_tcp_port}/", followers=[OPENID])
    delivery = await platform.user_sends(OPENID, "在吗")
    await platform.stop()
    assert len(delivery.tries) == 3
    assert delivery.fault == SERVICE_FAULT


async def test_messages_have_the_documented_fields(platform: Platform, bot: FakeBot) -> None:
    await platform.user_sends_image(OPENID)
    await platform.user_sends_voice(OPENID, "水管漏水")
    await platform.user_sends_location(OPENID, 30.5, 104.1, "3栋门口")
    image, voice, location = bot.messages()
    assert by_hand.xml_value(image, "PicUrl").startswith(platform.base_url)
    assert by_hand.xml_value(voice, "Recognition") == "水管漏水"
    assert by_hand.xml_value(voice, "Format") == "amr"
    assert by_hand.xml_value(location, "Location_X") == "30.5"
    assert by_hand.xml_value(location, "Label") == "3栋门口"


async def test_events_have_the_documented_fields(platform: Platform, bot: FakeBot, clock: Clock) -> None:
    await platform.user_follows(STRANGER, "b3-u2")
    await platform.user_scans(STRANGER, "b5-u1")
    await platform.user_clicks(STRANGER, "menu.mine")
    delivery = await platform.user_unfollows(STRANGER)
    await platform.user_follows(STRANGER)
    found = [
        (by_hand.xml_value(message, "Event"), by_hand.xml_value(message, "EventKey"), "<Ticket>" in message)
        for message in bot.messages()
    ]
    assert found == [
        ("subscribe", "qrscene_b3-u2", True),
        ("SCAN", "b5-u1", True),
        ("CLICK", "menu.mine", False),
        ("unsubscribe", "", False),
        ("subscribe", "", False),
    ]
    assert all("MsgId" not in message for message in bot.messages())
    assert delivery.msg_id == f"{STRANGER}:{int(clock.now.timestamp())}:unsubscribe:"
    vias = [entry.via for entry in platform.conversation(STRANGER).entries]
    assert vias == ["follow", "scan", "click", "unfollow", "follow"]


async def test_scan_by_someone_who_does_not_follow_is_a_follow(platform: Platform, bot: FakeBot) -> None:
    await platform.user_scans(STRANGER, "b3-u2")
    assert by_hand.xml_value(bot.messages()[0], "EventKey") == "qrscene_b3-u2"


async def test_people_cannot_do_what_the_app_has_no_button_for(platform: Platform) -> None:
    with pytest.raises(NotPossible):
        await platform.user_sends(STRANGER, "你好")
    with pytest.raises(NotPossible):
        await platform.user_unfollows(STRANGER)
    with pytest.raises(NotPossible):
        await platform.user_follows(OPENID)


async def test_reply_to_an_unfollow_reaches_nobody(platform: Platform, bot: FakeBot) -> None:
    bot.will_reply("再见")
    await platform.user_unfollows(OPENID)
    assert platform.conversation(OPENID).from_bot() == []


async def test_verify_callback(platform: Platform, bot: FakeBot) -> None:
    await platform.verify_callback()
    platform.callback_url = bot.url + "/elsewhere"
    with pytest.raises(CallbackRefused):
        await platform.verify_callback()


async def test_duplicate_delivers_the_same_message_twice_at_once(platform: Platform, bot: FakeBot) -> None:
    platform.faults.duplicate = 1
    delivery = await platform.user_sends(OPENID, "电梯坏了")
    assert len(delivery.tries) == 2
    assert len({by_hand.xml_value(message, "MsgId") for message in bot.messages()}) == 1
    await platform.user_sends(OPENID, "还没修")
    assert len(bot.seen) == 3


async def test_reorder_delivers_the_next_one_first(platform: Platform, bot: FakeBot) -> None:
    platform.faults.reorder = 1
    first = await platform.user_sends(OPENID, "一")
    assert not first.finished
    await platform.user_sends(OPENID, "二")
    await asyncio.wait_for(first.wait(), 1)
    assert [by_hand.xml_value(message, "Content") for message in bot.messages()] == ["二", "一"]


async def test_force_retry_loses_the_first_answer(platform: Platform, bot: FakeBot) -> None:
    platform.faults.force_retry = 1
    bot.will_reply("第一次")
    bot.will_reply("第二次")
    delivery = await platform.user_sends(OPENID, "电梯坏了")
    assert platform.conversation(OPENID).from_bot() == ["第二次"]
    assert [made.status for made in delivery.tries] == [200, 200]


async def test_slow_network_counts_against_the_cut_off(platform: Platform, bot: FakeBot) -> None:
    platform.cut_seconds = 0.1
    platform.faults.slow_seconds = 0.3
    delivery = await platform.user_sends(OPENID, "电梯坏了")
    assert len(delivery.tries) == 3
    assert bot.seen == []


async def test_stopping_gives_up_what_is_under_way(platform: Platform, bot: FakeBot) -> None:
    bot.hang_first = 3
    under_way = asyncio.create_task(platform.user_sends(OPENID, "电梯坏了"))
    while not bot.seen:  # noqa: ASYNC110  the bot is another server
        await asyncio.sleep(0.01)
    await platform.stop()
    delivery = await asyncio.wait_for(under_way, 2)
    assert not delivery.accepted
    assert len(delivery.tries) == 1


def test_the_cut_off_is_the_platforms(account: Account) -> None:
    assert Platform(account).cut_seconds == 5.0


async def test_nothing_leaves_this_machine(account: Account) -> None:
    platform = Platform(account)
    for url in (
        "http://example.com/",
        "http://10.0.0.1/",
        "http://127.0.0.1@example.com/",
        "https://127.0.0.1/",
        "http://0.0.0.0/",
        "",
    ):
        with pytest.raises(NotLoopback):
            platform.callback_url = url
    with pytest.raises(NotLoopback):
        await platform.start("0.0.0.0")
    platform.callback_url = "http://[::1]:8080/callback"
    await platform.stop()


def test_crafted_callbacks_can_be_opened_by_hand(platform: Platform, account: Account) -> None:
    query, body = platform.sign_and_seal("<xml>anything", 1700000000, "n")
    assert by_hand.decrypt(account, by_hand.xml_value(body.decode(), "Encrypt"))[0] == "<xml>anything"
    assert query["timestamp"] == "1700000000"
