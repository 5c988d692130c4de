"""A corp with a building's customer group and a staff group, and a bot behind its app and its aibot."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.playground.account import Account
from bot.playground.platform import Platform
from bot.playground.wecom.corp import AiBot, Corp, Customer, Member
from bot.playground.wecom.platform import Wecom
from tests.playground import by_hand
from tests.playground.calls import Api, Seen

CORP = Corp(
    corp_id="wwb9ea4d8d9ad6b5c1",
    agent_id=1000002,
    secret="the-simulated-corp-secret",
    token="corpToken",
    encoding_aes_key="kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR",
)
AIBOT = AiBot(
    aibot_id="aibSimulated",
    name="议事",
    token="botToken",
    encoding_aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
)

SECRETARY = "ZhouHui"
MANAGER = "WangJingLi"
AUNT = "wmResidentAunt0000000000000000"
LODGER = "wmResidentLodger00000000000000"
BUILDING = "wrBuilding3"
OTHER = "wrBuilding5"
STAFF = "wrkStaff"
KEY = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
APP_ACCOUNT = Account(CORP.corp_id, CORP.secret, CORP.token, CORP.encoding_aes_key, CORP.corp_id)
BOT_ACCOUNT = Account("", "", AIBOT.token, AIBOT.encoding_aes_key, "")


@dataclass
class FakeArchive:
    """Remembers what it was fed: room, sender, text, and what it quotes."""

    said: list[tuple[str, str, str, str]] = field(default_factory=list)
    revoked: list[tuple[str, str, str]] = field(default_factory=list)

    def text(self, room: str, sender: str, content: str) -> str:
        return self.answer(room, sender, "", content)

    def answer(self, room: str, sender: str, quoted: str, content: str) -> str:
        self.said.append((room, sender, content, quoted))
        return f"archived-{len(self.said)}"

    def revoke(self, msgid: str, sender: str, room: str) -> str:
        self.revoked.append((msgid, sender, room))
        return f"revoked-{len(self.revoked)}"


def furnish(wecom: Wecom) -> FakeArchive:
    """People, groups, a webhook and an archive."""
    wecom.add_members([Member(SECRETARY, "周书记"), Member(MANAGER, "王经理")])
    wecom.add_customers(
        [
            Customer(AUNT, "林阿姨", openid="oCorpAunt", unionid="uAunt"),
            Customer(LODGER, "小李", openid="oCorpLodger"),
        ]
    )
    wecom.add_customer_group(BUILDING, "3栋业主群", SECRETARY, [AUNT, LODGER])
    wecom.add_customer_group(OTHER, "5栋业主群", MANAGER, [LODGER])
    wecom.add_internal_group(STAFF, "工作群", SECRETARY, [MANAGER])
    wecom.add_webhook(STAFF, KEY)
    wecom.archive = archive = FakeArchive()
    return archive


@dataclass
class CorpBot:
    """A bot behind both callback addresses. `answers` are used up first, in the order of the questions."""

    seen: list[tuple[str, Seen]] = field(default_factory=list)
    answers: list[web.Response | dict[str, Any] | str] = field(default_factory=list)
    hang_first: int = 0
    receive_id: str | None = None

    async def app(self, request: web.Request) -> web.Response:
        return await self._handle("app", APP_ACCOUNT, request)

    async def aibot(self, request: web.Request) -> web.Response:
        return await self._handle("aibot", BOT_ACCOUNT, request)

    async def _handle(self, which: str, account: Account, request: web.Request) -> web.Response:
        query = dict(request.query)
        if request.method == "GET":
            signed = by_hand.sha1_of_sorted(
                account.token, query["timestamp"], query["nonce"], query["echostr"]
            )
            assert signed == query["msg_signature"]
            return web.Response(text=by_hand.decrypt(account, query["echostr"])[0])
        self.seen.append((which, Seen(query, await request.text(), request.content_type)))
        if len(self.seen) <= self.hang_first:
            await asyncio.sleep(30)
        answer = self.answers.pop(0) if self.answers else web.Response()
        if isinstance(answer, web.Response):
            return answer
        return self.seal(account, answer, query["nonce"])

    def seal(self, account: Account, answer: dict[str, Any] | str, nonce: str) -> web.Response:
        text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        encrypted = by_hand.encrypt(account, text, self.receive_id)
        if account is APP_ACCOUNT:
            return web.Response(text=by_hand.envelope(account, encrypted))
        signed = by_hand.sha1_of_sorted(account.token, "1700000000", nonce, encrypted)
        return web.json_response(
            {"encrypt": encrypted, "msgsignature": signed, "timestamp": 1700000000, "nonce": nonce}
        )

    def questions(self) -> list[dict[str, Any]]:
        """What the aibot was sent, opened by hand; the signature is checked."""
        opened = []
        for which, seen in self.seen:
            if which != "aibot":
                continue
            encrypted = json.loads(seen.body)["encrypt"]
            signed = by_hand.sha1_of_sorted(
                AIBOT.token, seen.query["timestamp"], seen.query["nonce"], encrypted
            )
            assert seen.query == {**seen.query, "msg_signature": signed}
            text, receive_id = by_hand.decrypt(BOT_ACCOUNT, encrypted)
            assert receive_id == ""
            opened.append(json.loads(text))
        return opened

    def app_messages(self) -> list[str]:
        """What the app was sent, opened by hand; the signature and the corpid are checked."""
        opened = []
        for which, seen in self.seen:
            if which != "app":
                continue
            encrypted = by_hand.xml_value(seen.body, "Encrypt")
            assert by_hand.xml_value(seen.body, "ToUserName") == CORP.corp_id
            assert by_hand.xml_value(seen.body, "AgentID") == str(CORP.agent_id)
            signed = by_hand.sha1_of_sorted(
                CORP.token, seen.query["timestamp"], seen.query["nonce"], encrypted
            )
            assert seen.query == {
                "msg_signature": signed,
                "timestamp": seen.query["timestamp"],
                "nonce": seen.query["nonce"],
            }
            text, receive_id = by_hand.decrypt(APP_ACCOUNT, encrypted)
            assert receive_id == CORP.corp_id
            opened.append(text)
        return opened


@dataclass
class CorpApi:
    """Calls of WeCom's API, as a bot would make them."""

    api: Api
    platform: Platform

    async def token(self) -> str:
        got = await self.api.get("/cgi-bin/gettoken", corpid=CORP.corp_id, corpsecret=CORP.secret)
        return str(got["access_token"])

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self.api.post(path, body, access_token=await self.token())

    async def send(self, said: str, touser: str = SECRETARY, **more: Any) -> dict[str, Any]:
        body = {"touser": touser, "msgtype": "text", "agentid": CORP.agent_id, "text": {"content": said}}
        return await self.post("/cgi-bin/message/send", body | more)

    async def webhook(self, text: str, key: str = KEY, kind: str = "text") -> dict[str, Any]:
        return await self.api.post(
            "/cgi-bin/webhook/send", {"msgtype": kind, kind: {"content": text}}, key=key
        )

    async def task(self, said: str = "本周征集开始了", **more: Any) -> dict[str, Any]:
        body = {
            "chat_type": "group",
            "sender": SECRETARY,
            "chat_id_list": [BUILDING],
            "text": {"content": said},
        }
        return await self.post("/cgi-bin/externalcontact/add_msg_template", body | more)

    async def about(self, call: str, **body: Any) -> dict[str, Any]:
        return await self.post(f"/cgi-bin/externalcontact/{call}", body)
