"""The channels against the simulator, over real HTTP both ways: it shares no code with them and keeps the limits."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from bot.channels.aibot import Aibot
from bot.channels.base import CallbackChannel, ChannelError, Outgoing, SendResult, Verdict
from bot.channels.group_webhook import GroupWebhook
from bot.channels.official_account import OfficialAccount, Visitor
from bot.channels.wecom_app import TaskState, WecomApp
from bot.config import AibotSettings, GroupWebhookSettings, OfficialAccountSettings, WecomAppSettings
from bot.playground.account import Account
from bot.playground.platform import Platform
from bot.playground.wecom.corp import AiBot, Corp, Customer, Member
from handlers.inbound import Inbound, InboundKind
from handlers.reach.fields import Facts, NoticeKind, Template, fill
from storage.states import Form
from tests.channels.by_hand import APP_ID, KEY, OLD_KEY, TOKEN

SECRET = "the-app-secret-of-tests"
WEBHOOK_KEY = "693a91f6-7xxx-4bc4-97a0-of-tests"
OFFICIAL = Account(APP_ID, SECRET, TOKEN, KEY, "gh_7f083739789a")
CORP = Corp("wwb9ea4d8d9ad6b5c1", 1000002, SECRET, "corpToken", KEY)
AIBOT = AiBot("aibSimulated", "议事", "botToken", OLD_KEY)
ZHOU, WANG, LIN, LI = "ZhouHui", "wang.jing@li", "wmResidentAunt0000000000000000", "wmResidentLodger"
BUILDING, STAFF, OPENID = "wrBuilding3", "wrkStaff", "oFollower1"


@dataclass
class World:
    """The platform, the channels, and what the channels heard, by account."""

    platform: Platform
    official: OfficialAccount
    app: WecomApp
    robot: Aibot
    webhook: GroupWebhook
    heard: dict[str, list[Inbound]] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)

    async def callback(self, request: web.Request) -> web.Response:
        channels: dict[str, CallbackChannel] = {
            "main": self.official,
            "corp": self.app,
            "helper": self.robot,
        }
        account = request.match_info["account"]
        channel, now = channels[account], datetime.now(UTC)
        if request.method == "GET":
            return web.Response(text=channel.verify_address(request.query, now))
        called = channel.open(request.query, await request.read(), now)
        self.heard.setdefault(account, []).append(called.inbound)
        rendered = channel.render_reply(called, self.answers.get(account, ""), now)
        return web.Response(body=rendered.body, content_type=rendered.content_type)

    def lines(self, chat_id: str) -> list[tuple[str, str]]:
        """What of the bot's arrived in a chat: the way it came, and the text."""
        room = self.platform.wecom.rooms.find(chat_id)
        assert room is not None
        return [(line.via, line.text) for line in room.lines if line.direction == "bot"]


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    platform = Platform(OFFICIAL, followers=[OPENID], corp=CORP, aibot=AIBOT)
    wecom = platform.wecom
    wecom.add_members([Member(ZHOU, "周书记"), Member(WANG, "王经理")])
    wecom.add_customers([Customer(LIN, "林阿姨", openid="oCorpAunt", unionid="uAunt"), Customer(LI, "小李")])
    wecom.add_customer_group(BUILDING, "3栋业主群", ZHOU, [LIN])
    wecom.add_internal_group(STAFF, "工作群", ZHOU, [WANG])
    wecom.add_webhook(STAFF, WEBHOOK_KEY)
    base = await platform.start()
    try:
        async with aiohttp.ClientSession() as http:
            made = World(
                platform,
                OfficialAccount("main", _official_settings(base), http, time.monotonic),
                WecomApp("corp", _app_settings(base), http, time.monotonic),
                Aibot("helper", _robot_settings(base), http),
                GroupWebhook(
                    "duty",
                    GroupWebhookSettings.model_validate(
                        {"kind": "group_webhook", "key": WEBHOOK_KEY, "corp": "corp", "api_base": base}
                    ),
                    http,
                ),
            )
            bot = web.Application()
            bot.router.add_route("*", "/wechat/{account}/callback", made.callback)
            async with TestServer(bot) as server:
                platform.callback_url = str(server.make_url("/wechat/main/callback"))
                wecom.app_callback_url = str(server.make_url("/wechat/corp/callback"))
                wecom.bot_callback_url = str(server.make_url("/wechat/helper/callback"))
                yield made
    finally:
        await platform.stop()


def _official_settings(base: str) -> OfficialAccountSettings:
    return OfficialAccountSettings.model_validate(
        {
            "kind": "official_account",
            "app_id": APP_ID,
            "app_secret": SECRET,
            "token": TOKEN,
            "encoding_aes_key": KEY,
            "api_base": base,
            "template_id": "TEMPLATE-1",
            "subscribe_template_id": "SUBSCRIBE-1",
        }
    )


def _app_settings(base: str) -> WecomAppSettings:
    return WecomAppSettings.model_validate(
        {
            "kind": "wecom_app",
            "corp_id": CORP.corp_id,
            "agent_id": CORP.agent_id,
            "secret": CORP.secret,
            "token": CORP.token,
            "encoding_aes_key": CORP.encoding_aes_key,
            "api_base": base,
        }
    )


def _robot_settings(base: str) -> AibotSettings:
    return AibotSettings.model_validate(
        {
            "kind": "aibot",
            "token": AIBOT.token,
            "encoding_aes_key": AIBOT.encoding_aes_key,
            "corp": "corp",
            "api_base": base,
        }
    )


def message(
    recipient: str,
    text: str,
    form: Form = Form.TEXT,
    payload: dict[str, object] | None = None,
    reply_address: str = "",
) -> Outgoing:
    return Outgoing(recipient, text, f"key-{text}", form, payload, reply_address)


async def test_all_addresses_and_credentials_are_accepted() -> None:
    async with world() as made:
        await made.platform.wecom.verify_callbacks()
        for channel in (made.official, made.app, made.robot, made.webhook):
            assert (await channel.probe()).verdict is Verdict.SENT
        assert made.lines(STAFF) == []


async def test_a_member_talks_to_the_app() -> None:
    async with world() as made:
        delivery = await made.platform.wecom.member_writes(WANG, "本周 <&]]>")
        assert delivery.accepted
        (heard,) = made.heard["corp"]
        assert (heard.sender, heard.text, heard.kind) == (WANG, "本周 <&]]>", InboundKind.TEXT)
        result = await made.app.send(message(WANG, "本周 12 件"))
        assert result.verdict is Verdict.SENT and result.platform_id
        assert made.lines(f"app:{WANG}")[-1:] == [("app", "本周 12 件")]
        assert (await made.app.send(message("Nobody", "x"))).verdict is Verdict.REFUSED


async def test_a_retry_of_a_message_arrives_once() -> None:
    async with world() as made:
        for _ in range(3):
            assert (await made.app.send(message(ZHOU, "电梯困人，编号 1001"))).verdict is Verdict.SENT
        assert made.lines(f"app:{ZHOU}") == [("app", "电梯困人，编号 1001")]


async def test_the_robot_is_asked_in_a_group_and_answers_both_ways() -> None:
    async with world() as made:
        made.answers["helper"] = "本周 12 件，其中 <紧急> 1 件"
        delivery = await made.platform.wecom.user_says(STAFF, ZHOU, "@议事 本周", quote="电梯又坏了")
        assert delivery is not None and delivery.accepted
        assert delivery.reply == "本周 12 件，其中 <紧急> 1 件"
        (heard,) = made.heard["helper"]
        assert (heard.sender, heard.room, heard.quoted) == (ZHOU, STAFF, "电梯又坏了")
        assert heard.text.replace("@议事", "").strip() == "本周"
        answer = message(ZHOU, "后来的回答", reply_address=heard.reply_address)
        assert await made.robot.send(answer) == SendResult(Verdict.SENT, 0)
        assert ("response_url", "后来的回答") in made.lines(STAFF)
        again = await made.robot.send(answer)
        assert again.verdict is Verdict.REFUSED and "已用过" in again.detail


async def test_a_question_to_the_robot_alone() -> None:
    async with world() as made:
        made.answers["helper"] = "好的"
        delivery = await made.platform.wecom.member_asks_bot(ZHOU, "本周")
        assert delivery.reply == "好的"
        assert made.heard["helper"][0].room == ""


async def test_the_webhook_writes_to_its_group_within_the_limits() -> None:
    async with world() as made:
        assert (await made.webhook.send(message("group", "电" * 3000))).verdict is Verdict.SENT
        marked = message("group", "**周报**" + "x" * 5000, payload={"markdown": True})
        assert (await made.webhook.send(marked)).verdict is Verdict.SENT
        results = [await made.webhook.send(message("group", str(n))) for n in range(25)]
        assert [result.verdict for result in results[:18]] == [Verdict.SENT] * 18
        assert (results[-1].verdict, results[-1].errcode, results[-1].wait_seconds) == (
            Verdict.RETRY,
            45009,
            60,
        )
        assert len(made.lines(STAFF)) == 20


async def test_the_webhook_sends_pictures_of_up_to_two_megabytes() -> None:
    async with world() as made:
        for size in (2**21, 2**21 + 1):
            picture = b"\x89PNG\r\n\x1a\n".ljust(size, b"x")
            await made.webhook.send(replace(message("group", ""), picture=picture))
        broken = await made.webhook.send(replace(message("group", ""), picture=b"GIF89a"))
        assert (broken.verdict, broken.errcode) == (Verdict.REFUSED, 40009)
        assert made.lines(STAFF) == [("webhook", f"[图片 PNG，{2**21} 字节]")]


async def test_a_task_for_a_group_waits_for_its_owner() -> None:
    async with world() as made:
        task = message(BUILDING, "本周征集开始了", Form.GROUP_TASK, payload={"owner": ZHOU})
        result = await made.app.send(task)
        assert result.verdict is Verdict.TAKEN
        assert made.lines(BUILDING) == []
        assert await made.app.task_state(result.platform_id, ZHOU) is TaskState.WAITING
        made.platform.wecom.owner_taps(result.platform_id)
        assert made.lines(BUILDING) == [("task", "本周征集开始了")]
        assert await made.app.task_state(result.platform_id, ZHOU) is TaskState.SENT
        stranger = message(BUILDING, "x", Form.GROUP_TASK, payload={"owner": WANG})
        assert (await made.app.send(stranger)).verdict is Verdict.REFUSED


async def test_who_is_in_a_customer_group_and_that_it_changed() -> None:
    async with world() as made:
        delivery = await made.platform.wecom.user_joins(BUILDING, LI)
        assert delivery is not None and delivery.accepted
        (heard,) = made.heard["corp"]
        assert (heard.kind, heard.room, heard.scene) == (
            InboundKind.GROUP_CHANGED,
            BUILDING,
            "update:add_member",
        )
        group = await made.app.get_group(BUILDING)
        assert (group.name, group.owner) == ("3栋业主群", ZHOU)
        assert [(member.user_id, member.is_staff, member.union_id) for member in group.members] == [
            (ZHOU, True, ""),
            (LIN, False, "uAunt"),
            (LI, False, ""),
        ]
        with pytest.raises(ChannelError):
            await made.app.get_group(STAFF)


async def code_of(url: str, person: str) -> tuple[str, str]:
    """Where the platform sends the browser of `person`: the code, and the state."""
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(URL(url).update_query({"as": person}), allow_redirects=False) as response,
    ):
        back = URL(response.headers["Location"]).query
        return back["code"], back["state"]


async def test_staff_and_residents_sign_in() -> None:
    async with world() as made:
        site = "http://127.0.0.1:9/back?next=digest"
        code, state = await code_of(made.app.sign_in_url(site, "abc123"), WANG)
        assert (await made.app.member_of(code), state) == (WANG, "abc123")
        with pytest.raises(ChannelError):
            await made.app.member_of(code)
        code, _ = await code_of(made.app.sign_in_url(site, "abc123"), LIN)
        assert await made.app.member_of(code) == ""

        code, state = await code_of(made.official.sign_in_url(site, "abc123"), OPENID)
        assert (await made.official.visitor_of(code), state) == (Visitor(OPENID, "", False), "abc123")
        with pytest.raises(ChannelError) as caught:
            await made.official.visitor_of(code)
        assert caught.value.result.verdict is Verdict.REFUSED
        made.platform.sign_in.snapshots.add(OPENID)
        code, _ = await code_of(made.official.sign_in_url(site, "abc123"), OPENID)
        assert (await made.official.visitor_of(code)).is_snapshot


async def test_notices_of_the_service_account() -> None:
    async with world() as made:
        made.platform.notices.templates = {
            "TEMPLATE-1": ("thing1", "time2", "number3", "phrase4"),
            "SUBSCRIBE-1": ("character_string1", "const2"),
        }
        facts = Facts(
            NoticeKind.RECEIPT,
            "电梯与加装电梯·停运与故障，老人下不了楼" * 3,
            "已登记 1",
            datetime.now(UTC),
            "新禾苑",
            1001,
        )
        how = {
            Form.TEMPLATE: Template(
                "TEMPLATE-1", {"thing1": "what", "time2": "time", "number3": "number", "phrase4": "state"}
            ),
            Form.SUBSCRIBE: Template("SUBSCRIBE-1", {"character_string1": "number", "const2": "=请查看"}),
        }
        payload: dict[str, object] = {
            "notices": {
                f"{form}@main": {"template_id": its.template_id, "fields": fill(its, facts)}
                for form, its in how.items()
            }
        }
        template = message(OPENID, "t", Form.TEMPLATE, payload=payload)
        subscribe = message(OPENID, "s", Form.SUBSCRIBE, payload=payload)
        first, again = await made.official.send(template), await made.official.send(template)
        assert first.verdict is Verdict.SENT and first == again and first.platform_id
        assert (await made.official.send(subscribe)).verdict is Verdict.NO_WINDOW
        await made.platform.user_answers_popup(OPENID, "SUBSCRIBE-1", accept=True)
        accepted = next(heard for heard in made.heard["main"] if heard.kind is InboundKind.NOTICE_ACCEPTED)
        assert (accepted.sender, accepted.scene) == (OPENID, "SUBSCRIBE-1")
        assert (await made.official.send(subscribe)).verdict is Verdict.SENT
        assert (await made.official.send(subscribe)).verdict is Verdict.NO_WINDOW
        assert [entry.via for entry in made.platform.delivered(OPENID)] == ["template", "subscribe"]
        made.platform.notices.templates = {"TEMPLATE-1": ("thing1", "thing9"), "SUBSCRIBE-1": ("thing9",)}
        template = message(OPENID, "another", Form.TEMPLATE, payload=payload)
        refused = await made.official.send(template)
        assert (refused.verdict, refused.errcode) == (Verdict.REFUSED, 47003)


async def test_many_at_once_share_one_token_of_the_corp() -> None:
    async with world() as made:
        before = made.platform.counters.token_fetches
        sent = [made.app.send(message(ZHOU, f"第 {n} 条")) for n in range(20)]
        assert {result.verdict for result in await asyncio.gather(*sent)} == {Verdict.SENT}
        assert made.platform.counters.token_fetches - before == 1
