"""One service account on a simulated WeChat platform: its people, its chats, its API and its callbacks.

Everything is in memory and `clock` is the only time, so that a test drives windows and token ages. The one
exception is the cut-off of a callback, which is real seconds (`cut_seconds`, the platform's 5 by default).
"""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import aiohttp
from aiohttp import web

from bot.playground import api
from bot.playground.account import Account, DataFormat, Mode
from bot.playground.archive import ArchiveFeed
from bot.playground.audience import Audience
from bot.playground.conversation import Conversation
from bot.playground.counters import Counters
from bot.playground.delivery import Courier, Delivery
from bot.playground.errors import ApiError, NotPossible
from bot.playground.faults import Faults
from bot.playground.ledger import Delivered, Excess, Ledger, Quota
from bot.playground.loopback import LoopbackServer, require_loopback_url
from bot.playground.media import MediaStore
from bot.playground.notices import Notices
from bot.playground.qrcodes import QrCodes
from bot.playground.sign_in import SignInDesk
from bot.playground.tokens import TokenDesk
from bot.playground.wecom.corp import AiBot, Corp
from bot.playground.wecom.platform import Around, Wecom
from bot.playground.windows import Opening
from bot.playground.wire import Fields, Wire


class CallbackRefused(Exception):  # noqa: N818  the platform's own answer to its operator
    """The check of the callback address failed; the message says why."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Platform:
    """The simulated platform, for one account and, if wanted, one corp beside it.

    account, data_format, mode, callback_url: as set in the console. callback_url may be set later; it, and the
    address to listen on, must be this machine's own, else NotLoopback.
    faults, counters: may be changed and read at any time.
    ledger: what reached whom and which quotas were run against; see `exceeded` and `delivered`.
    media: pictures that people sent.
    archive: the corp's chat archive, served beside the API, None for none.
    names, union_ids: of people, by openid, for web sign-in and for who follows; some have no union id.
    deliveries: everything sent to the callback address, oldest first.
    """

    def __init__(
        self,
        account: Account,
        callback_url: str = "",
        *,
        data_format: DataFormat = "xml",
        mode: Mode = "safe",
        clock: Callable[[], datetime] = _utc_now,
        cut_seconds: float = 5.0,
        followers: Iterable[str] = (),
        corp: Corp | None = None,
        aibot: AiBot | None = None,
        archive: ArchiveFeed | None = None,
    ) -> None:
        self.account = account
        self.clock = clock
        self.faults = Faults()
        self.counters = Counters()
        self.stable_tokens = TokenDesk()
        self.classic_tokens = TokenDesk()
        self.qrcodes = QrCodes()
        self.deliveries: list[Delivery] = []
        self.wire = Wire(account, data_format, mode)
        self.closing = asyncio.Event()
        self.audience = Audience(clock)
        self.ledger = Ledger()
        self.notices = Notices(self.audience, self.ledger)
        self.sign_in = SignInDesk()
        self.names: dict[str, str] = {}
        self.union_ids: dict[str, str] = {}
        self._under_way: set[asyncio.Task[Delivery]] = set()
        self._held: list[Delivery] = []
        self._last_msg_id = 0
        self.media = MediaStore(clock)
        self._told = itertools.count(1)
        self._courier = Courier(self.wire, self.faults, self.counters, clock, self.closing, cut_seconds)
        self._server: LoopbackServer | None = None
        self._callback_url = ""
        around = Around(clock, self.faults, self.counters, self.ledger, self.closing, lambda: self.base_url)
        self._wecom = Wecom(corp, aibot, around, cut_seconds) if corp else None
        self.archive = archive
        if self._wecom is not None:
            self._wecom.archive = archive
        if callback_url:
            self.callback_url = callback_url
        for openid in followers:
            self.add_follower(openid)

    # The machine around it

    @property
    def callback_url(self) -> str:
        """The bot's address; setting one of another machine raises NotLoopback."""
        return self._callback_url

    @callback_url.setter
    def callback_url(self, url: str) -> None:
        self._callback_url = require_loopback_url(url)

    @property
    def cut_seconds(self) -> float:
        """How long the bot may take to answer a callback, in real seconds."""
        return self._courier.cut_seconds

    @cut_seconds.setter
    def cut_seconds(self, seconds: float) -> None:
        self._courier.cut_seconds = seconds

    @property
    def wecom(self) -> Wecom:
        """The corp beside the account."""
        assert self._wecom is not None, "made without a corp"
        return self._wecom

    def find_wecom(self) -> Wecom | None:
        """Find the corp beside the account."""
        return self._wecom

    @property
    def base_url(self) -> str:
        """The API's address without a final slash, once started."""
        assert self._server is not None, "not started"
        return self._server.base_url

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen and return `base_url`; raises NotLoopback for an address that others can reach."""
        self.closing.clear()
        server = LoopbackServer(self.make_app())
        await server.start(host, port)
        self._server = server
        return server.base_url

    async def stop(self) -> None:
        """Stop listening, drop hanging connections."""
        if self._server is not None:
            await self._server.stop()
        await self.close()

    async def close(self) -> None:
        """End what is under way; the application does it when it shuts down."""
        self.closing.set()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._courier.close()
        if self._wecom is not None:
            await self._wecom.close()

    def make_app(self) -> web.Application:
        """Make the API as an application, for a test client."""
        return api.make_app(self)

    # People

    def add_follower(self, openid: str) -> None:
        """Make someone a follower without telling the bot: they followed before it existed."""
        self.audience.add(openid)

    def conversation(self, openid: str) -> Conversation:
        """Give what the person sees, oldest first."""
        return self.audience.conversation(openid)

    def find_delivery(self, msg_id: str) -> Delivery | None:
        """Find what became of a message or event."""
        return next((delivery for delivery in reversed(self.deliveries) if delivery.msg_id == msg_id), None)

    # What people do; each raises NotPossible where WeChat has no button for it

    async def user_sends(self, openid: str, text: str) -> Delivery:
        """Send a text."""
        return await self._message(openid, "text", {"Content": text}, text)

    async def user_sends_image(
        self, openid: str, content: bytes | None = None, content_type: str = "image/jpeg"
    ) -> Delivery:
        """Send a picture; a small one of our own for None."""
        self._require_follower(openid)
        media_id = self.media.add(content, content_type)
        url = f"{self.base_url}/mmbiz/{media_id}" if self._server else f"http://127.0.0.1/mmbiz/{media_id}"
        return await self._message(openid, "image", {"PicUrl": url, "MediaId": media_id}, "[图片]", media_id)

    async def user_sends_voice(self, openid: str, recognition: str = "") -> Delivery:
        """Send a voice message; recognition: what the platform heard, when the account has that switched on."""
        fields: Fields = {"MediaId": self.media.add(b"", "audio/amr"), "Format": "amr"}
        if recognition:
            fields["Recognition"] = recognition
        return await self._message(openid, "voice", fields, f"[语音] {recognition}".rstrip())

    async def user_sends_location(
        self, openid: str, latitude: float, longitude: float, label: str
    ) -> Delivery:
        """Send a place, in degrees."""
        fields: Fields = {"Location_X": latitude, "Location_Y": longitude, "Scale": 15, "Label": label}
        return await self._message(openid, "location", fields, f"[位置] {label}")

    async def user_follows(self, openid: str, scene: str | None = None) -> Delivery:
        """Follow, from a code's page when `scene` is given."""
        if self.audience.is_following(openid):
            raise NotPossible("已经关注了")
        fields: Fields = self._scanned(scene, "qrscene_") if scene is not None else {"EventKey": ""}
        self.add_follower(openid)
        self.audience.opened(openid, Opening.EVENT)
        said = f"扫码“{scene}”后关注了服务号" if scene is not None else "关注了服务号"
        return await self._event(openid, "subscribe", fields, said)

    async def user_unfollows(self, openid: str) -> Delivery:
        """Unfollow; from now on nothing reaches them."""
        self._require_follower(openid)
        self.audience.remove(openid)
        return await self._event(openid, "unsubscribe", {"EventKey": ""}, "取消了关注")

    async def user_scans(self, openid: str, scene: str) -> Delivery:
        """Scan a code. Someone who does not follow is shown the account first; here they always follow then."""
        if not self.audience.is_following(openid):
            return await self.user_follows(openid, scene)
        fields = self._scanned(scene, "")
        self.audience.opened(openid, Opening.EVENT)
        return await self._event(openid, "SCAN", fields, f"扫码“{scene}”")

    async def user_clicks(self, openid: str, key: str) -> Delivery:
        """Tap a menu entry."""
        self._require_follower(openid)
        self.audience.opened(openid, Opening.EVENT)
        return await self._event(openid, "CLICK", {"EventKey": key}, f"点了菜单“{key}”")

    async def user_answers_popup(self, openid: str, template_id: str, *, accept: bool) -> Delivery:
        """Answer the question whether one subscribe notice may come."""
        if accept:
            self.notices.accepted[openid, template_id] += 1
        row = {
            "TemplateId": template_id,
            "SubscribeStatusString": "accept" if accept else "reject",
            "PopupScene": "1",
        }
        said = "允许了一次订阅通知" if accept else "没有允许订阅通知"
        fields = self._listed("SubscribeMsgPopupEvent", row)
        return await self._event(openid, "subscribe_msg_popup_event", fields, said)

    async def user_refuses_notices(self, openid: str, template_id: str) -> Delivery:
        """Switch a subscribe notice off in the settings: what was accepted before is gone."""
        self.notices.accepted.pop((openid, template_id), None)
        row = {"TemplateId": template_id, "SubscribeStatusString": "reject"}
        fields = self._listed("SubscribeMsgChangeEvent", row)
        return await self._event(openid, "subscribe_msg_change_event", fields, "关掉了订阅通知")

    async def release_held(self) -> None:
        """Deliver what the `reorder` fault holds back, without waiting for another message."""
        held, self._held = self._held, []
        for delivery in held:
            await self._carry(delivery)

    # What the bot and its operator do

    async def verify_callback(self) -> None:
        """Check the callback address as the console does on saving; raises CallbackRefused."""
        nonce, echo = str(secrets.randbelow(10**10)), str(secrets.randbelow(9 * 10**18) + 10**18)
        query = self.wire.sign_query(int(self.clock().timestamp()), nonce) | {"echostr": echo}
        try:
            status, body = await self._courier.get(self._require_callback_url(), query)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise CallbackRefused(f"no answer: {type(error).__name__}") from error
        if status != 200 or body != echo.encode():
            raise CallbackRefused(
                f"status {status}, and not the echostr" if status == 200 else f"status {status}"
            )

    def take_kf_message(self, openid: str, text: str) -> None:
        """Take a customer service message; raises ApiError 45015 and 45047."""
        try:
            self.audience.spend(openid)
        except ApiError as error:
            self.ledger.exceed(
                Quota.KF_WINDOW if error.code == 45015 else Quota.KF_COUNT, openid, self.clock()
            )
            raise
        self.counters.sends[openid] += 1
        self.audience.write(openid, "bot", "kf", text)
        self.ledger.deliver(openid, "kf", text, self.clock())

    def template_sent(self, msgid: int) -> None:
        """Tell the bot, in a moment, that a template message arrived."""
        openid = self.notices.recipients[msgid]
        self._tell(openid, "TEMPLATESENDJOBFINISH", {"MsgID": msgid, "Status": "success"})

    def subscribe_sent(self, openid: str, template_id: str, msgid: int) -> None:
        """Tell the bot, in a moment, that a subscribe notice arrived."""
        row = {"TemplateId": template_id, "MsgID": str(msgid), "ErrorCode": "0", "ErrorStatus": "success"}
        self._tell(openid, "subscribe_msg_sent_event", self._listed("SubscribeMsgSentEvent", row))

    async def settle(self) -> None:
        """Wait until what the platform tells the bot of its own accord has been delivered."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    def exceeded(self, *quotas: Quota) -> list[Excess]:
        """List what the bot tried over a quota, of these or of any; empty when it kept to all of them."""
        return self.ledger.exceeded(*quotas)

    def delivered(self, recipient: str) -> list[Delivered]:
        """List what reached a person or a group, oldest first."""
        return list(self.ledger.delivered.get(recipient, []))

    def sign_and_seal(self, plaintext: str, timestamp: int, nonce: str) -> tuple[dict[str, str], bytes]:
        """Make a callback by hand, good or damaged: its query and its body."""
        return self.wire.sign_and_seal(plaintext, timestamp, nonce)

    # Inside

    def _require_callback_url(self) -> str:
        assert self._callback_url, "callback_url is not set"
        return self._callback_url

    def _require_follower(self, openid: str) -> None:
        if not self.audience.is_following(openid):
            raise NotPossible("还没有关注服务号")

    def _scanned(self, scene: str, prefix: str) -> Fields:
        code = self.qrcodes.find_by_scene(scene)
        if code is not None and not code.is_good(self.clock()):
            raise NotPossible("二维码已过期")
        # A scene that was never created over the API stands for a code printed long ago.
        ticket = code.ticket if code else "gQ" + scene.encode().hex()
        return {"EventKey": prefix + scene, "Ticket": ticket}

    def _listed(self, wrapper: str, row: dict[str, str]) -> Fields:
        # XML has the rows inside an element of the event's name; JSON has List, an object when it is a single one.
        return {"List": row} if self.wire.data_format == "json" else {wrapper: {"List": [row]}}

    def _tell(self, openid: str, event: str, fields: Fields) -> None:
        if not self._callback_url:
            return
        told: Fields = {**self._head(openid, "event"), "Event": event, **fields}
        msg_id = f"{openid}:{told['CreateTime']}:{event}:{next(self._told)}"
        task = asyncio.create_task(self._deliver(Delivery(msg_id, openid, told)))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def _next_msg_id(self) -> int:
        # Starts from the time, so that a bot with an old database sees new ids; beyond 2**53 like the real ones.
        self._last_msg_id = max(self._last_msg_id + 1, int(self.clock().timestamp() * 1000) * 10_000)
        return self._last_msg_id

    def _head(self, openid: str, kind: str) -> Fields:
        created = int(self.clock().timestamp())
        return {
            "ToUserName": self.account.gh_id,
            "FromUserName": openid,
            "CreateTime": created,
            "MsgType": kind,
        }

    async def _message(
        self, openid: str, kind: str, content: Fields, shown: str, media_id: str = ""
    ) -> Delivery:
        self._require_follower(openid)
        msg_id = self._next_msg_id()
        self.audience.opened(openid, Opening.MESSAGE)
        self.audience.write(openid, "user", kind, shown, str(msg_id), media_id)
        return await self._deliver(
            Delivery(str(msg_id), openid, {**self._head(openid, kind), **content, "MsgId": msg_id})
        )

    async def _event(self, openid: str, event: str, content: Fields, shown: str) -> Delivery:
        fields: Fields = {**self._head(openid, "event"), "Event": event, **content}
        msg_id = f"{openid}:{fields['CreateTime']}:{event}:{fields.get('EventKey', '')}"
        via = {"subscribe": "follow", "unsubscribe": "unfollow"}.get(event, event.lower())
        self.audience.write(openid, "system", via, shown, msg_id)
        return await self._deliver(Delivery(msg_id, openid, fields))

    async def _deliver(self, delivery: Delivery) -> Delivery:
        self._require_callback_url()
        self.deliveries.append(delivery)
        if self.faults.take("reorder"):
            self._held.append(delivery)
            return delivery
        await self._carry(delivery)
        await self.release_held()
        return delivery

    async def _carry(self, delivery: Delivery) -> None:
        await self._courier.carry(delivery, self._require_callback_url())
        if self.audience.is_following(delivery.openid):
            if delivery.reply is not None:
                self.audience.write(delivery.openid, "bot", "passive", delivery.reply, delivery.msg_id)
                self.ledger.deliver(delivery.openid, "passive", delivery.reply, self.clock())
            elif delivery.fault:
                self.audience.write(delivery.openid, "system", "fault", delivery.fault, delivery.msg_id)
        delivery.finish()
