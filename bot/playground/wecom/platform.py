"""The corp on the simulated platform: what its people do, and what its app, aibot and webhooks bring about.

Which channel reaches which chat is enforced here, not trusted: what is written in a customer group goes to the chat
archive and nowhere else, and only a 企业群发 that the group's owner tapped comes in.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import aiohttp

from bot.playground.counters import Counters
from bot.playground.delivery import Courier, Delivery
from bot.playground.errors import NotPossible
from bot.playground.faults import Faults
from bot.playground.ledger import Ledger
from bot.playground.loopback import require_loopback_url
from bot.playground.tokens import TokenDesk
from bot.playground.wecom.corp import AiBot, Corp, Customer, Member
from bot.playground.wecom.rooms import Line, Room, RoomKind, Rooms
from bot.playground.wecom.sending import Addresses, AppDesk, Webhooks
from bot.playground.wecom.tasks import SENT, GroupTask, GroupTasks
from bot.playground.wecom.wires import AppWire, BotWire
from bot.playground.wire import Fields

REVOKE_SPAN = timedelta(minutes=2)
STREAM_SPAN = timedelta(minutes=6)
ARCHIVE_AGENT = 2000004  # the chat archive as its events name it
BOT_FAULT = "智能机器人没有回应，请稍后再试"


class Archive(Protocol):
    """The chat archive (会话内容存档) that customer groups are fed into. Each call gives the archive's own msgid."""

    def text(self, room: str, sender: str, content: str) -> str:
        """Note a text."""

    def answer(self, room: str, sender: str, quoted: str, content: str) -> str:
        """Note a text that quotes another."""

    def revoke(self, msgid: str, sender: str, room: str) -> str:
        """Note that somebody took a message back."""


@dataclass(frozen=True, slots=True)
class Around:
    """What the corp shares with the rest of the platform."""

    clock: Callable[[], datetime]
    faults: Faults
    counters: Counters
    ledger: Ledger
    closing: asyncio.Event
    base_url: Callable[[], str]


class CallbackCheckFailed(Exception):  # noqa: N818  the platform's own answer to its operator
    """The check of a callback address failed; the message says why."""


class Wecom:
    """One corp. archive: where customer groups are noted, may be set later.

    deliveries: everything sent to the app's and the aibot's callback addresses, oldest first.
    stream_seconds: real seconds between two questions for an unfinished answer of the aibot.
    notice_span: how far apart the archive's notices are, at least.
    """

    def __init__(self, corp: Corp, aibot: AiBot | None, around: Around, cut_seconds: float) -> None:
        self.corp = corp
        self.aibot = aibot
        self.archive: Archive | None = None
        self.members: dict[str, Member] = {}
        self.customers: dict[str, Customer] = {}
        self.tokens = TokenDesk()
        self.rooms = Rooms(around.clock)
        self.tasks = GroupTasks(self.rooms, around.ledger)
        self.app_desk = AppDesk(corp.agent_id, around.ledger)
        self.webhooks = Webhooks(around.ledger)
        self.addresses = Addresses(around.ledger)
        self.deliveries: list[Delivery] = []
        self.stream_seconds = 1.0
        self.notice_span = timedelta(seconds=15)
        self._around = around
        self._app_wire = AppWire(corp)
        self._bot_wire = BotWire(aibot) if aibot else None
        self._app_courier = self._courier(self._app_wire, cut_seconds)
        self._bot_courier = self._courier(self._bot_wire, cut_seconds) if self._bot_wire else None
        self._app_callback_url = ""
        self._bot_callback_url = ""
        self._archive_callback_url = ""
        self._noticed_at: datetime | None = None
        self._notice_waits = False
        self._under_way: set[asyncio.Task[None]] = set()
        self._archived: dict[str, str] = {}
        self._last_msg_id = 0

    # The console

    @property
    def app_callback_url(self) -> str:
        """Where the app's messages go; setting an address of another machine raises NotLoopback."""
        return self._app_callback_url

    @app_callback_url.setter
    def app_callback_url(self, url: str) -> None:
        self._app_callback_url = require_loopback_url(url)

    @property
    def bot_callback_url(self) -> str:
        """Where the aibot's messages go; setting an address of another machine raises NotLoopback."""
        return self._bot_callback_url

    @bot_callback_url.setter
    def bot_callback_url(self, url: str) -> None:
        self._bot_callback_url = require_loopback_url(url)

    @property
    def archive_callback_url(self) -> str:
        """Where it is told that the archive grew, empty for nowhere; the app's token and key seal it, as set there."""
        return self._archive_callback_url

    @archive_callback_url.setter
    def archive_callback_url(self, url: str) -> None:
        self._archive_callback_url = require_loopback_url(url)

    @property
    def cut_seconds(self) -> float:
        """How long the bot may take to answer a callback, in real seconds."""
        return self._app_courier.cut_seconds

    @cut_seconds.setter
    def cut_seconds(self, seconds: float) -> None:
        for courier in (self._app_courier, self._bot_courier):
            if courier is not None:
                courier.cut_seconds = seconds

    def add_members(self, members: Iterable[Member]) -> None:
        """Add members of staff; each gets a chat with the app."""
        for member in members:
            self.members[member.userid] = member
            chat = Room(app_chat(member.userid), RoomKind.APP, member.name, member.userid, self._now())
            chat.people[member.userid] = self._now()
            self.rooms.add(chat)

    def add_customers(self, customers: Iterable[Customer]) -> None:
        """Add residents whom the corp knows."""
        for customer in customers:
            self.customers[customer.external_userid] = customer

    def add_customer_group(self, chat_id: str, name: str, owner: str, people: Iterable[str]) -> Room:
        """Open a customer group; owner: the userid of the member of staff who taps. Others may be residents."""
        return self._open(RoomKind.CUSTOMER, chat_id, name, owner, people)

    def add_internal_group(self, chat_id: str, name: str, owner: str, people: Iterable[str]) -> Room:
        """Open a group of members. Raises NotPossible for residents in it: such a group is a customer group."""
        if any(person not in self.members for person in people):
            raise NotPossible("内部群里只能有本企业的员工")
        return self._open(RoomKind.INTERNAL, chat_id, name, owner, people)

    def add_webhook(self, chat_id: str, key: str) -> None:
        """Add a 消息推送 to a group. Raises NotPossible in a customer group, which has no such button."""
        room = self._room(chat_id)
        if room.kind is not RoomKind.INTERNAL:
            raise NotPossible("消息推送只能加在内部群")
        self.webhooks.chats[key] = chat_id

    async def verify_callbacks(self) -> None:
        """Check the callback addresses that are set, as the console does; raises CallbackCheckFailed."""
        if self._app_callback_url:
            await self._verify(self._app_courier, self._app_wire, self._app_callback_url)
        if self._bot_callback_url and self._bot_courier and self._bot_wire:
            await self._verify(self._bot_courier, self._bot_wire, self._bot_callback_url)

    # What people do; each raises NotPossible where WeCom has no button for it

    async def user_says(
        self, chat_id: str, person: str, text: str, quote: str | None = None
    ) -> Delivery | None:
        """Write in a group; quote: the text that is quoted. Gives the delivery when the aibot was mentioned."""
        room = self._room(chat_id, person)
        msg_id = secrets.token_urlsafe(18)
        self.rooms.write(room, "user", "text", text, sender=person, msg_id=msg_id, quote=quote or "")
        if room.kind is RoomKind.CUSTOMER:
            self._note(room, person, text, msg_id, quote or "")
            return None
        if room.kind is RoomKind.INTERNAL and self.aibot and f"@{self.aibot.name}" in text:
            return await self._ask_bot(room, person, text, msg_id, quote)
        return None

    async def user_revokes(self, chat_id: str, person: str, msg_id: str) -> None:
        """Take one's own message back, within two minutes."""
        room = self._room(chat_id, person)
        said = next((line for line in room.lines if line.msg_id == msg_id and line.direction == "user"), None)
        if said is None or said.sender != person:
            raise NotPossible("只能撤回自己的消息")
        if self._now() - said.at > REVOKE_SPAN:
            raise NotPossible("超过两分钟，不能撤回了")
        if any(line.via == "revoke" and line.msg_id == msg_id for line in room.lines):
            raise NotPossible("已经撤回了")
        self.rooms.write(
            room, "system", "revoke", f"{self.name_of(person)}撤回了一条消息", sender=person, msg_id=msg_id
        )
        if self.archive is not None and msg_id in self._archived:
            self.archive.revoke(self._archived[msg_id], person, chat_id)
            self._archive_grew()

    async def user_joins(self, chat_id: str, person: str) -> Delivery | None:
        """Join a customer group by its code."""
        room = self._room(chat_id)
        if room.kind is not RoomKind.CUSTOMER or self.name_of(person) == person:
            raise NotPossible("进不了这个群")
        if person in room.people:
            raise NotPossible("已经在群里了")
        before = room.version
        room.people[person] = self._now()
        self.rooms.write(room, "system", "join", f"{self.name_of(person)}加入了群聊", sender=person)
        return await self._chat_changed(room, person, "add_member", {"JoinScene": 3, "LastMemVer": before})

    async def user_leaves(self, chat_id: str, person: str) -> Delivery | None:
        """Leave a customer group; its owner cannot."""
        room = self._room(chat_id, person)
        if room.kind is not RoomKind.CUSTOMER or person == room.owner:
            raise NotPossible("群主不能退群")
        before = room.version
        del room.people[person]
        self.rooms.write(room, "system", "leave", f"{self.name_of(person)}退出了群聊", sender=person)
        return await self._chat_changed(room, person, "del_member", {"QuitScene": 0, "LastMemVer": before})

    async def member_writes(self, userid: str, text: str) -> Delivery:
        """Write to the app, one to one."""
        room = self._room(app_chat(userid), userid)
        msg_id = self._next_msg_id()
        self.rooms.write(room, "user", "text", text, sender=userid, msg_id=str(msg_id))
        fields: Fields = self._head(userid, "text") | {
            "Content": text,
            "MsgId": msg_id,
            "AgentID": self.corp.agent_id,
        }
        return await self._carry_app(Delivery(str(msg_id), userid, fields), room)

    async def member_asks_bot(self, userid: str, text: str) -> Delivery:
        """Write to the aibot, one to one; its answers show in the member's chat with the app."""
        room = self._room(app_chat(userid), userid)
        if self.aibot is None:
            raise NotPossible("没有智能机器人")
        msg_id = secrets.token_urlsafe(18)
        self.rooms.write(room, "user", "text", text, sender=userid, msg_id=msg_id)
        return await self._ask_bot(room, userid, text, msg_id, None)

    def owner_taps(self, msgid: str) -> GroupTask:
        """Tap 发送 on a 企业群发: it comes into its groups as the owner's message."""
        task = self.tasks.tap(msgid, self._now())
        if task is None:
            raise NotPossible("没有等着发的群发")
        for chat_id, status in task.chats.items():
            room = self.rooms.find(chat_id)
            if room is None or status != SENT:
                continue
            line = self.rooms.write(room, "bot", "task", task.text, sender=task.owner, msg_id=msgid)
            self._deliver(room.chat_id, line)
            self._note(room, task.owner, task.text, f"{msgid}:{chat_id}", "")
        return task

    # What the bot brings about

    def show(self, chat_id: str, via: str, text: str, *, msg_id: str = "", quote: str = "") -> None:
        """Let something of the bot's arrive in a chat."""
        room = self._room(chat_id)
        self._deliver(room.chat_id, self.rooms.write(room, "bot", via, text, msg_id=msg_id, quote=quote))

    def show_member(self, userid: str, text: str) -> None:
        """Let an app message arrive at a member."""
        line = self.rooms.write(self._room(app_chat(userid)), "bot", "app", text)
        self._deliver(userid, line)

    def name_of(self, person: str) -> str:
        """Give the name that the group shows; the id itself for someone unknown."""
        known = self.members.get(person) or self.customers.get(person)
        return known.name if known else person

    def find_delivery(self, msg_id: str) -> Delivery | None:
        """Find what became of a message."""
        return next((delivery for delivery in reversed(self.deliveries) if delivery.msg_id == msg_id), None)

    def archive_id(self, msg_id: str) -> str:
        """Give the archive's msgid of a message, empty for one that is not in it."""
        return self._archived.get(msg_id, "")

    async def close(self) -> None:
        """Close connections."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        for courier in (self._app_courier, self._bot_courier):
            if courier is not None:
                await courier.close()

    # Inside

    def _now(self) -> datetime:
        return self._around.clock()

    def _courier(self, wire: AppWire | BotWire, cut_seconds: float) -> Courier:
        around = self._around
        return Courier(
            wire, around.faults, around.counters, around.clock, around.closing, cut_seconds, BOT_FAULT
        )

    def _open(self, kind: RoomKind, chat_id: str, name: str, owner: str, people: Iterable[str]) -> Room:
        room = Room(chat_id, kind, name, owner, self._now())
        if owner not in self.members:
            raise NotPossible("群主必须是本企业的员工")
        for person in (owner, *people):
            room.people.setdefault(person, self._now())
        return self.rooms.add(room)

    def _room(self, chat_id: str, person: str | None = None) -> Room:
        room = self.rooms.find(chat_id)
        if room is None:
            raise NotPossible("没有这个群")
        if person is not None and person not in room.people:
            raise NotPossible("不在这个群里")
        return room

    def _deliver(self, recipient: str, line: Line) -> None:
        self._around.ledger.deliver(recipient, line.via, line.text, line.at)

    def _note(self, room: Room, sender: str, text: str, msg_id: str, quote: str) -> None:
        if self.archive is None:
            return
        if quote:
            self._archived[msg_id] = self.archive.answer(room.chat_id, sender, quote, text)
        else:
            self._archived[msg_id] = self.archive.text(room.chat_id, sender, text)
        self._archive_grew()

    def _archive_grew(self) -> None:
        """Tell the bot, now or when the last notice is long enough ago; what is said until then needs no other."""
        if not self._archive_callback_url or self._notice_waits:
            return
        self._notice_waits = True
        task = asyncio.get_running_loop().create_task(self._tell_of_archive())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _tell_of_archive(self) -> None:
        if self._noticed_at is not None:
            await asyncio.sleep(max(0.0, (self._noticed_at + self.notice_span - self._now()).total_seconds()))
        self._noticed_at, self._notice_waits = self._now(), False
        fields: Fields = self._head("sys", "event") | {"Event": "msgaudit_notify", "AgentID": ARCHIVE_AGENT}
        delivery = Delivery(f"sys:{fields['CreateTime']}:msgaudit_notify", "sys", fields)
        self.deliveries.append(delivery)
        await self._app_courier.carry(delivery, self._archive_callback_url)
        delivery.finish()

    async def _ask_bot(self, room: Room, person: str, text: str, msg_id: str, quote: str | None) -> Delivery:
        assert self.aibot is not None
        group = room.kind is RoomKind.INTERNAL
        code = self.addresses.make(room.chat_id, msg_id, text, self._now())
        fields: Fields = {
            "msgid": msg_id,
            "aibotid": self.aibot.aibot_id,
            **({"chatid": room.chat_id} if group else {}),
            "chattype": "group" if group else "single",
            "from": {"userid": person},
            "response_url": f"{self._around.base_url()}/cgi-bin/aibot/response?response_code={code}",
            "msgtype": "text",
            "text": {"content": text},
        }
        if quote is not None:
            fields["quote"] = {"msgtype": "text", "text": {"content": quote}}
        delivery = Delivery(msg_id, person, fields)
        self.deliveries.append(delivery)
        await self._carry_bot(delivery)
        if delivery.reply:
            self.show(room.chat_id, "passive", delivery.reply, msg_id=msg_id)
        elif delivery.fault:
            self.rooms.write(room, "system", "fault", delivery.fault, msg_id=msg_id)
        delivery.finish()
        return delivery

    async def _carry_bot(self, delivery: Delivery) -> None:
        """Carry a question, then ask for the rest of an unfinished answer, for six minutes at most."""
        if self._bot_courier is None or not self._bot_callback_url:
            delivery.fault = BOT_FAULT
            return
        await self._bot_courier.carry(delivery, self._bot_callback_url)
        until = self._now() + STREAM_SPAN
        while delivery.stream and self._now() < until and not self._around.closing.is_set():
            await asyncio.sleep(self.stream_seconds)
            again = {key: value for key, value in delivery.fields.items() if key not in ("text", "quote")}
            again |= {
                "msgid": secrets.token_urlsafe(18),
                "msgtype": "stream",
                "stream": {"id": delivery.stream},
            }
            more = Delivery(str(again["msgid"]), delivery.openid, again)
            await self._bot_courier.carry(more, self._bot_callback_url)
            if more.fault:
                return
            delivery.reply = more.reply if more.reply is not None else delivery.reply
            delivery.stream = more.stream

    async def _carry_app(self, delivery: Delivery, room: Room | None) -> Delivery:
        self.deliveries.append(delivery)
        if self._app_callback_url:
            await self._app_courier.carry(delivery, self._app_callback_url)
        else:
            delivery.fault = "没有设置回调地址"
        if room is not None and delivery.reply:
            line = self.rooms.write(room, "bot", "passive", delivery.reply, msg_id=delivery.msg_id)
            self._deliver(delivery.openid, line)
        delivery.finish()
        return delivery

    async def _chat_changed(self, room: Room, person: str, detail: str, more: Fields) -> Delivery | None:
        if not self._app_callback_url:
            return None
        fields: Fields = self._head("sys", "event") | {
            "Event": "change_external_chat",
            "ChatId": room.chat_id,
            "ChangeType": "update",
            "UpdateDetail": detail,
            **more,
            "MemChangeCnt": 1,
            "MemChangeList": {"Item": person},
            "CurMemVer": room.version,
        }
        msg_id = f"sys:{fields['CreateTime']}:change_external_chat:{room.chat_id}:{person}:{detail}"
        return await self._carry_app(Delivery(msg_id, "sys", fields), None)

    def _head(self, sender: str, kind: str) -> Fields:
        created = int(self._now().timestamp())
        return {
            "ToUserName": self.corp.corp_id,
            "FromUserName": sender,
            "CreateTime": created,
            "MsgType": kind,
        }

    def _next_msg_id(self) -> int:
        self._last_msg_id = max(self._last_msg_id + 1, int(self._now().timestamp() * 1000) * 10_000)
        return self._last_msg_id

    async def _verify(self, courier: Courier, wire: AppWire | BotWire, url: str) -> None:
        echo = str(secrets.randbelow(9 * 10**18) + 10**18)
        query = wire.seal_echo(echo, int(self._now().timestamp()), str(secrets.randbelow(10**10)))
        try:
            status, body = await courier.get(url, query)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise CallbackCheckFailed(f"no answer: {type(error).__name__}") from error
        if status != 200 or body != echo.encode():
            raise CallbackCheckFailed(f"status {status}, or not the plain echostr")


def app_chat(userid: str) -> str:
    """The id under which a member's chat with the app is kept here; the platform has none."""
    return f"app:{userid}"
