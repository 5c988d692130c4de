"""What is said in groups and to the app, where it goes, and what comes back."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.playground.account import Account
from bot.playground.archive import PATH, ArchiveFeed, new_key
from bot.playground.errors import NotPossible
from bot.playground.ledger import Quota
from bot.playground.loopback import NotLoopback
from bot.playground.platform import Platform
from bot.playground.wecom.platform import BOT_FAULT, CallbackCheckFailed, Wecom, app_chat
from tests.playground import by_hand
from tests.playground.calls import Api
from tests.playground.conftest import Clock
from tests.playground.corp import (
    AIBOT,
    APP_ACCOUNT,
    AUNT,
    BOT_ACCOUNT,
    BUILDING,
    CORP,
    LODGER,
    MANAGER,
    OTHER,
    SECRETARY,
    STAFF,
    CorpBot,
    FakeArchive,
    furnish,
)


def stream(content: str, *, finish: bool = True, name: str = "s1") -> dict[str, Any]:
    return {"msgtype": "stream", "stream": {"id": name, "finish": finish, "content": content}}


def shown(wecom: Wecom, chat_id: str) -> list[tuple[str, str, str]]:
    room = wecom.rooms.find(chat_id)
    assert room is not None
    return [(line.direction, line.via, line.text) for line in room.lines]


class TestCustomerGroup:
    """It is heard by the archive and by nothing else."""

    async def test_words_go_to_the_archive_only(
        self, wecom: Wecom, archive: FakeArchive, corp_bot: CorpBot
    ) -> None:
        assert await wecom.user_says(BUILDING, AUNT, "@议事 电梯又坏了", quote="大家好") is None
        assert archive.said == [(BUILDING, AUNT, "@议事 电梯又坏了", "大家好")]
        assert corp_bot.seen == []
        await wecom.user_says(BUILDING, SECRETARY, "马上找人")
        assert archive.said[1] == (BUILDING, SECRETARY, "马上找人", "")

    async def test_only_who_is_in_it_speaks(self, wecom: Wecom) -> None:
        with pytest.raises(NotPossible):
            await wecom.user_says(OTHER, AUNT, "我不在这个群")
        with pytest.raises(NotPossible):
            await wecom.user_says("wrNothing", AUNT, "没有这个群")

    async def test_revoking(self, wecom: Wecom, archive: FakeArchive, clock: Clock) -> None:
        await wecom.user_says(BUILDING, AUNT, "说错了")
        msg_id = wecom.rooms.lines_since(0)[-1].msg_id
        with pytest.raises(NotPossible):
            await wecom.user_revokes(BUILDING, LODGER, msg_id)
        await wecom.user_revokes(BUILDING, AUNT, msg_id)
        assert archive.revoked == [("archived-1", AUNT, BUILDING)]
        assert shown(wecom, BUILDING)[-1] == ("system", "revoke", "林阿姨撤回了一条消息")
        with pytest.raises(NotPossible):
            await wecom.user_revokes(BUILDING, AUNT, msg_id)
        await wecom.user_says(BUILDING, AUNT, "太久了")
        clock.forward(seconds=121)
        with pytest.raises(NotPossible):
            await wecom.user_revokes(BUILDING, AUNT, wecom.rooms.lines_since(0)[-1].msg_id)
        assert archive.revoked == [("archived-1", AUNT, BUILDING)]

    async def test_the_archive_tells_of_itself_now_and_then(
        self, wecom: Wecom, archive: FakeArchive, corp_bot: CorpBot, clock: Clock
    ) -> None:
        async def told(count: int) -> list[str]:
            for _ in range(200):
                if len(corp_bot.seen) >= count:
                    break
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            return corp_bot.app_messages()

        await wecom.user_says(BUILDING, AUNT, "没有设置接收地址")
        assert await told(0) == []
        wecom.archive_callback_url = wecom.app_callback_url
        await wecom.user_says(BUILDING, AUNT, "一")
        (notice,) = await told(1)
        for key, value in {
            "FromUserName": "sys",
            "MsgType": "event",
            "Event": "msgaudit_notify",
            "AgentID": "2000004",
        }.items():
            assert by_hand.xml_value(notice, key) == value
        clock.forward(seconds=14.7)
        await wecom.user_says(BUILDING, AUNT, "二")
        await wecom.user_says(BUILDING, AUNT, "三")
        assert len(corp_bot.seen) == 1
        assert len(await told(2)) == 2
        clock.forward(seconds=15)
        assert len(await told(2)) == 2
        await wecom.user_says(BUILDING, AUNT, "四")
        assert len(await told(3)) == 3

    async def test_joining_and_leaving_are_told_to_the_app(self, wecom: Wecom, corp_bot: CorpBot) -> None:
        room = wecom.rooms.find(OTHER)
        assert room is not None
        before = room.version
        await wecom.user_joins(OTHER, AUNT)
        assert room.version != before
        await wecom.user_leaves(OTHER, AUNT)
        assert room.version == before
        joined, left = corp_bot.app_messages()
        for key, value in {
            "MsgType": "event",
            "Event": "change_external_chat",
            "ChatId": OTHER,
            "ChangeType": "update",
            "UpdateDetail": "add_member",
            "LastMemVer": before,
            "MemChangeCnt": "1",
            "Item": AUNT,
        }.items():
            assert by_hand.xml_value(joined, key) == value
        assert by_hand.xml_value(left, "UpdateDetail") == "del_member"
        with pytest.raises(NotPossible):
            await wecom.user_leaves(OTHER, MANAGER)


class TestInternalGroup:
    """The aibot hears what mentions it."""

    async def test_only_a_mention_is_delivered(
        self, wecom: Wecom, corp_bot: CorpBot, archive: FakeArchive
    ) -> None:
        assert await wecom.user_says(STAFF, SECRETARY, "今天好热") is None
        corp_bot.answers = [stream("本周 12 件")]
        delivery = await wecom.user_says(STAFF, SECRETARY, "@议事 本周汇总", quote="几件了？")
        assert delivery is not None
        (question,) = corp_bot.questions()
        address = question.pop("response_url")
        assert address.startswith("http://127.0.0.1:")
        assert question == {
            "msgid": delivery.msg_id,
            "aibotid": AIBOT.aibot_id,
            "chatid": STAFF,
            "chattype": "group",
            "from": {"userid": SECRETARY},
            "msgtype": "text",
            "text": {"content": "@议事 本周汇总"},
            "quote": {"msgtype": "text", "text": {"content": "几件了？"}},
        }
        assert shown(wecom, STAFF)[-1] == ("bot", "passive", "本周 12 件")
        assert archive.said == []

    async def test_single_chat_has_no_chatid(self, wecom: Wecom, corp_bot: CorpBot) -> None:
        corp_bot.answers = [stream("您好")]
        await wecom.member_asks_bot(MANAGER, "进度")
        (question,) = corp_bot.questions()
        assert "chatid" not in question
        assert question["chattype"] == "single"
        assert shown(wecom, app_chat(MANAGER))[-1] == ("bot", "passive", "您好")

    async def test_asked_three_times_with_one_msgid(self, wecom: Wecom, corp_bot: CorpBot) -> None:
        wecom.cut_seconds = 0.2
        corp_bot.hang_first = 3
        delivery = await wecom.user_says(STAFF, SECRETARY, "@议事 在吗")
        assert delivery is not None
        assert [made.status for made in delivery.tries] == [None] * 3
        assert {question["msgid"] for question in corp_bot.questions()} == {delivery.msg_id}
        assert len({seen.query["nonce"] for _, seen in corp_bot.seen}) == 3
        assert shown(wecom, STAFF)[-1] == ("system", "fault", BOT_FAULT)

    async def test_delivered_twice_at_once(self, wecom: Wecom, corp_bot: CorpBot, platform: Platform) -> None:
        platform.faults.duplicate = 1
        await wecom.user_says(STAFF, SECRETARY, "@议事 在吗")
        assert len({question["msgid"] for question in corp_bot.questions()}) == 1
        assert len(corp_bot.questions()) == 2

    async def test_unfinished_answer_is_asked_for_again(self, wecom: Wecom, corp_bot: CorpBot) -> None:
        corp_bot.answers = [stream("1", finish=False), stream("12", finish=False), stream("123")]
        delivery = await wecom.user_says(STAFF, SECRETARY, "@议事 数一数")
        assert delivery is not None
        assert delivery.reply == "123"
        first, *refreshes = corp_bot.questions()
        assert first["msgtype"] == "text"
        assert [(again["msgtype"], again["stream"]) for again in refreshes] == [
            ("stream", {"id": "s1"}),
            ("stream", {"id": "s1"}),
        ]
        assert shown(wecom, STAFF)[1:] == [("bot", "passive", "123")]

    @pytest.mark.parametrize(
        "answer",
        [
            {"msgtype": "text", "text": {"content": "只能是欢迎语"}},
            stream("长" * 6827),
            {"msgtype": "stream", "stream": {"id": "", "finish": True, "content": "x"}},
            {"msgtype": "stream"},
            "not json",
        ],
    )
    async def test_nonsense_is_shown_as_a_fault(
        self, wecom: Wecom, corp_bot: CorpBot, answer: dict[str, Any] | str
    ) -> None:
        corp_bot.answers = [answer]
        delivery = await wecom.user_says(STAFF, SECRETARY, "@议事 在吗")
        assert delivery is not None
        assert delivery.tries[0].problem
        assert shown(wecom, STAFF)[-1] == ("system", "fault", BOT_FAULT)
        assert len(corp_bot.seen) == 1

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"nonce": "another"}, "nonce is not the one of the question"),
            ({"msgsignature": "0" * 40}, "msgsignature is wrong"),
            ({"timestamp": "1700000000"}, "timestamp is not a number"),
            ({"extra": 1}, "the envelope has the fields"),
        ],
    )
    async def test_envelope_is_checked(
        self, wecom: Wecom, corp_bot: CorpBot, change: dict[str, Any], problem: str
    ) -> None:
        sealed = by_hand.encrypt(BOT_ACCOUNT, '{"msgtype":"stream"}')
        whole = {"encrypt": sealed, "msgsignature": "?", "timestamp": 1700000000, "nonce": "?"}

        async def answer(request: web.Request) -> web.Response:
            nonce = request.query["nonce"]
            signed = by_hand.sha1_of_sorted(AIBOT.token, "1700000000", nonce, sealed)
            return web.json_response(whole | {"msgsignature": signed, "nonce": nonce} | change)

        app = web.Application()
        app.router.add_post("/", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        wecom.bot_callback_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        try:
            delivery = await wecom.user_says(STAFF, SECRETARY, "@议事 在吗")
        finally:
            await runner.cleanup()
        assert delivery is not None
        assert delivery.tries[0].problem.startswith(problem)

    async def test_answer_sealed_for_a_corp_is_refused(self, wecom: Wecom, corp_bot: CorpBot) -> None:
        corp_bot.receive_id = CORP.corp_id
        corp_bot.answers = [stream("x")]
        delivery = await wecom.user_says(STAFF, SECRETARY, "@议事 在吗")
        assert delivery is not None
        assert delivery.tries[0].problem == "the receiveid is not empty"


class TestResponseUrl:
    """Good for one answer, for an hour."""

    async def ask(self, wecom: Wecom, corp_bot: CorpBot) -> str:
        await wecom.user_says(STAFF, SECRETARY, "@议事 本周汇总")
        return str(corp_bot.questions()[-1]["response_url"])

    async def answer(self, api: Api, url: str, text: str = "12 件", kind: str = "markdown") -> int:
        async with api.session.post(url, json={"msgtype": kind, kind: {"content": text}}) as response:
            code: int = (await response.json())["errcode"]
        return code

    async def test_once(self, wecom: Wecom, corp_bot: CorpBot, api: Api, platform: Platform) -> None:
        url = await self.ask(wecom, corp_bot)
        assert await self.answer(api, url) == 0
        room = wecom.rooms.find(STAFF)
        assert room is not None
        assert (room.lines[-1].via, room.lines[-1].quote) == ("response_url", "@议事 本周汇总")
        assert await self.answer(api, url) == 42022
        assert platform.ledger.texts(STAFF) == ["12 件"]
        assert len(platform.exceeded(Quota.REPLY_ADDRESS)) == 1

    async def test_an_hour(
        self, wecom: Wecom, corp_bot: CorpBot, api: Api, clock: Clock, platform: Platform
    ) -> None:
        early, late = await self.ask(wecom, corp_bot), await self.ask(wecom, corp_bot)
        clock.forward(minutes=59, seconds=59)
        assert await self.answer(api, early) == 0
        clock.forward(seconds=1)
        assert await self.answer(api, late) == 40029
        assert len(platform.delivered(STAFF)) == 1

    async def test_a_refused_answer_does_not_use_it_up(
        self, wecom: Wecom, corp_bot: CorpBot, api: Api
    ) -> None:
        url = await self.ask(wecom, corp_bot)
        assert await self.answer(api, url, "长" * 6827) == 45002
        assert await self.answer(api, url, kind="text") == 40008
        assert await self.answer(api, url + "x") == 40029
        assert await self.answer(api, url, "长" * 6826) == 0


class TestApp:
    """A member and the self-built app."""

    async def test_message_and_passive_answer(
        self, wecom: Wecom, corp_bot: CorpBot, platform: Platform
    ) -> None:
        answer = by_hand.text_reply(APP_ACCOUNT, SECRETARY, "收到")
        corp_bot.answers = [answer]
        delivery = await wecom.member_writes(SECRETARY, "本周汇总]]>")
        (message,) = corp_bot.app_messages()
        assert by_hand.xml_value(message, "FromUserName") == SECRETARY
        assert by_hand.xml_value(message, "ToUserName") == CORP.corp_id
        assert by_hand.xml_value(message, "MsgId") == delivery.msg_id
        assert by_hand.xml_value(message, "AgentID") == str(CORP.agent_id)
        assert delivery.reply == "收到"
        assert shown(wecom, app_chat(SECRETARY))[-1] == ("bot", "passive", "收到")
        assert platform.ledger.texts(SECRETARY) == ["收到"]

    async def test_retries(self, wecom: Wecom, corp_bot: CorpBot) -> None:
        corp_bot.answers = [web.Response(status=503), web.Response(status=500)]
        delivery = await wecom.member_writes(SECRETARY, "在吗")
        assert [made.status for made in delivery.tries] == [503, 500, 200]
        assert delivery.accepted

    async def test_residents_have_no_chat_with_the_app(self, wecom: Wecom) -> None:
        with pytest.raises(NotPossible):
            await wecom.member_writes(AUNT, "你好")


class TestAddresses:
    """Callback addresses."""

    async def test_both_are_checked_with_an_encrypted_echo(self, wecom: Wecom) -> None:
        await wecom.verify_callbacks()
        wecom.bot_callback_url = wecom.app_callback_url
        with pytest.raises(CallbackCheckFailed):
            await wecom.verify_callbacks()

    @pytest.mark.parametrize("url", ["http://example.com/x", "https://127.0.0.1/x", "http://10.0.0.1/x"])
    def test_only_this_machine(self, wecom: Wecom, url: str) -> None:
        with pytest.raises(NotLoopback):
            wecom.app_callback_url = url
        with pytest.raises(NotLoopback):
            wecom.bot_callback_url = url


async def test_what_a_group_says_is_in_the_archive_that_the_platform_serves(
    account: Account, clock: Clock
) -> None:
    feed = ArchiveFeed({1: new_key()}, clock)
    platform = Platform(account, clock=clock, corp=CORP, archive=feed)
    furnish(platform.wecom)
    platform.wecom.archive = feed
    address = await platform.start()
    await platform.wecom.user_says(BUILDING, AUNT, "电梯坏了")
    await platform.wecom.user_says(STAFF, SECRETARY, "@议事 内部的话")
    await platform.wecom.user_revokes(BUILDING, AUNT, platform.wecom.rooms.lines_since(0)[0].msg_id)
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{address}{PATH}", params={"seq": "0", "limit": "10"}) as response,
        ):
            got = await response.json()
    finally:
        await platform.stop()
    assert [item["seq"] for item in got["chatdata"]] == [1, 2]
