"""A self-built app of a WeCom corp (自建应用): callbacks, messages to members, 企业群发, customer groups, sign-in.

Sources: developer.work.weixin.qq.com/document/path/90238 (callbacks), path/90236 (message/send), path/92135 (企业群发),
path/93338 (what became of one), path/92122 (customer groups), path/91023 (sign-in), path/90254 (media).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import aiohttp

from bot.channels.access_token import AccessToken, CorpTokens
from bot.channels.api import Api
from bot.channels.base import BadCallback, Callback, ChannelError, Outgoing, Rendered, SendResult, Verdict
from bot.channels.errcodes import WECOM
from bot.channels.msgcrypt import MsgCrypt
from bot.channels.platform_api import BAD_ANSWER, TIMEOUT
from bot.channels.sign_in import authorize_base_of, authorize_url, check_code
from bot.channels.text import APP_BYTES, TASK_BYTES, clean, cut_bytes, without_tags
from bot.channels.wecom_inbound import CHAT_ID, USERID, inbound_of
from bot.channels.wire import parse, word_of
from bot.config import WECOM_API, WecomAppSettings
from handlers.inbound import InboundKind
from storage.states import ChannelKind, Form, WindowRule

# 30 a minute and 1000 an hour for each member, and what is over is dropped without an error.
MEMBER_PACE_SECONDS = 3.6
# The check is by content. Long enough for the retries after an unknown outcome, the one after a crash among them
# (its lease is 60 s), and short enough for somebody to be told the same again when they ask again.
DUPLICATE_CHECK_SECONDS = 120
GROUP_LIMIT_BYTES = 1048576  # 500 people in a group, and what the platform tells of each
_PAGE = 500
_PAGES = 10


class TaskState(StrEnum):
    """What became of a 企业群发 that a member of staff must tap to send."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


# send_list[].status: 0 not yet, 1 sent, 2 not a customer, 3 had another one already.
_TASK_STATES = {0: TaskState.WAITING, 1: TaskState.SENT, 2: TaskState.FAILED, 3: TaskState.FAILED}


@dataclass(frozen=True, slots=True)
class Member:
    """Who sits in a customer group. user_id: of staff, else the external userid. union_id: empty when not told."""

    user_id: str
    is_staff: bool
    union_id: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerGroup:
    """A customer group (客户群). owner: the userid of the member of staff who may tap a 企业群发 for it."""

    chat_id: str
    name: str
    owner: str
    members: tuple[Member, ...]


class WecomApp:
    """One app. `monotonic` is a clock in seconds; `http` stays the caller's to close."""

    def __init__(
        self,
        account: str,
        settings: WecomAppSettings,
        http: aiohttp.ClientSession,
        monotonic: Callable[[], float],
        *,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self.account = account
        self.kind = ChannelKind.WECOM_APP
        self.media_kept = timedelta(days=3)
        self.passive_reply_seconds = 0.0  # the app can always write first
        self._corp_id, self._agent_id = settings.corp_id, settings.agent_id
        keys = (settings.encoding_aes_key, settings.previous_encoding_aes_key)
        self._crypt = MsgCrypt(
            settings.token.get_secret_value(),
            settings.corp_id,
            [key.get_secret_value() for key in keys if key is not None],
        )
        self._authorize_base = authorize_base_of(settings.authorize_base, settings.api_base, WECOM_API)
        tokens = CorpTokens(http, settings.api_base, settings.corp_id, settings.secret, timeout)
        self._api = Api(http, settings.api_base, AccessToken(tokens, monotonic), WECOM, timeout)

    def window(self, kind: InboundKind) -> WindowRule | None:
        """None: members can be written to at any time."""
        return None

    def needs_window(self, form: Form) -> bool:
        """Members can be written to at any time."""
        return False

    def pace_seconds(self, form: Form) -> float:
        """30 messages a minute and 1000 an hour for each member."""
        return MEMBER_PACE_SECONDS if form is Form.TEXT else 0.0

    # Callbacks

    def verify_address(self, query: Mapping[str, str], now: datetime) -> str:
        """The decrypted echostr, to answer as it is; raises BadCallback."""
        return self._crypt.open_echo(query, now)

    def open(self, query: Mapping[str, str], body: bytes, now: datetime) -> Callback:
        """Verify, decrypt and parse a POST; raises BadCallback for anything wrong, and nothing else."""
        encrypted = word_of(parse(body)[1], "Encrypt")
        if not encrypted:
            raise BadCallback("not_encrypted")
        message = self._crypt.open_posted(query, encrypted, now).message
        return Callback(inbound_of(self.account, parse(message)[1]), None)

    def render_reply(self, callback: Callback, text: str, at: datetime) -> Rendered:
        """Nothing: answers go out as messages, which the platform counts no differently."""
        return Rendered(b"", "text/plain")

    # Messages

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Send to a member, or set a member the task to send to a group; never raises for what the platform does."""
        match outgoing.form:
            case Form.TEXT:
                return await self._send_text(outgoing)
            case Form.GROUP_TASK:
                return await self._set_task(outgoing)
            case _:
                return SendResult(Verdict.REFUSED, None, "企业微信应用不支持这种消息")

    async def _send_text(self, outgoing: Outgoing) -> SendResult:
        member = outgoing.recipient
        if not USERID.fullmatch(member):  # "@all" and "a|b" are more than one
            return SendResult(Verdict.REFUSED, None, "成员账号有误")
        content = cut_bytes(without_tags(clean(outgoing.text)), APP_BYTES)
        body = {
            "touser": member,
            "msgtype": "text",
            "agentid": self._agent_id,
            "text": {"content": content},
            "enable_duplicate_check": 1,
            "duplicate_check_interval": DUPLICATE_CHECK_SECONDS,
        }
        result, fields = await self._api.post("/cgi-bin/message/send", body)
        if result.verdict is not Verdict.SENT:
            return result
        if _names(fields.get("invaliduser"), member):
            return replace(result, verdict=Verdict.REFUSED, detail="成员不存在，或不在应用可见范围内")
        if _names(fields.get("unlicenseduser"), member):
            return replace(
                result, verdict=Verdict.REFUSED, detail="成员没有接口许可，请在企业微信后台购买或续期"
            )
        return replace(result, platform_id=_word(fields.get("msgid")))

    async def _set_task(self, outgoing: Outgoing) -> SendResult:
        """payload: {"owner": the userid who must tap}."""
        owner = (outgoing.payload or {}).get("owner")
        if not isinstance(owner, str) or not USERID.fullmatch(owner):
            return SendResult(Verdict.REFUSED, None, "没有写明由哪位工作人员确认群发")
        body = {
            "chat_type": "group",
            "chat_id_list": [outgoing.recipient],
            "sender": owner,
            "text": {"content": cut_bytes(clean(outgoing.text), TASK_BYTES)},
        }
        result, fields = await self._api.post("/cgi-bin/externalcontact/add_msg_template", body)
        if result.verdict is not Verdict.SENT:
            return result
        failed = fields.get("fail_list")
        if isinstance(failed, list) and outgoing.recipient in failed:
            return replace(result, verdict=Verdict.REFUSED, detail="这个群不能群发，请核对群主是否还是此人")
        task_id = _word(fields.get("msgid"))
        return replace(result, verdict=Verdict.TAKEN, platform_id=task_id) if task_id else BAD_ANSWER

    async def task_state(self, platform_id: str, owner: str) -> TaskState:
        """What became of a task for one group; raises ChannelError when the platform does not say."""
        body: dict[str, Any] = {"msgid": platform_id, "userid": owner, "limit": _PAGE}
        states: set[TaskState] = set()
        for _ in range(_PAGES):
            fields = await self._api.ask("/cgi-bin/externalcontact/get_groupmsg_send_result", body)
            sendings = fields.get("send_list")
            for sending in sendings if isinstance(sendings, list) else []:
                status = sending.get("status") if isinstance(sending, dict) else None
                states.add(
                    _TASK_STATES.get(status, TaskState.WAITING) if type(status) is int else TaskState.WAITING
                )
            cursor = _word(fields.get("next_cursor"))
            if not cursor:
                break
            body["cursor"] = cursor
        if TaskState.SENT in states:
            return TaskState.SENT
        return TaskState.FAILED if states == {TaskState.FAILED} else TaskState.WAITING

    async def probe(self) -> SendResult:
        """SENT when credentials, AgentId, trusted address and network are good; writes to nobody."""
        try:
            fields = await self._api.ask("/cgi-bin/agent/get", query={"agentid": str(self._agent_id)})
        except ChannelError as error:
            return error.result
        return SendResult(Verdict.SENT, 0) if fields.get("agentid") == self._agent_id else BAD_ANSWER

    # Groups and people

    async def fetch_media(self, media_id: str, limit_bytes: int) -> bytes:
        """See MediaSource."""
        return await self._api.download("/cgi-bin/media/get", {"media_id": media_id}, limit_bytes)

    async def get_group(self, chat_id: str) -> CustomerGroup:
        """A customer group as it is now; raises ChannelError. People's names are not asked for."""
        if not CHAT_ID.fullmatch(chat_id):
            raise ChannelError(SendResult(Verdict.REFUSED, None, "群编号有误"))
        body = {"chat_id": chat_id, "need_name": 0}
        fields = await self._api.ask(
            "/cgi-bin/externalcontact/groupchat/get", body, limit_bytes=GROUP_LIMIT_BYTES
        )
        group = fields.get("group_chat")
        if not isinstance(group, dict) or not isinstance(group.get("member_list"), list):
            raise ChannelError(BAD_ANSWER)
        members = (_member(entry) for entry in group["member_list"])
        return CustomerGroup(
            chat_id,
            clean(_word(group.get("name"))),
            _word(group.get("owner")),
            tuple(member for member in members if member is not None),
        )

    def sign_in_url(self, redirect: str, state: str) -> str:
        """Where a browser in WeCom is sent to sign in; it comes back to `redirect` with `code` and `state`."""
        return authorize_url(
            self._authorize_base, self._corp_id, redirect, "snsapi_base", state, self._agent_id
        )

    async def member_of(self, code: str) -> str:
        """The userid of who came back with `code`; empty when they are not of the corp. Raises ChannelError."""
        check_code(code)
        fields = await self._api.ask("/cgi-bin/auth/getuserinfo", query={"code": code})
        # The call before this one (user/getuserinfo) wrote UserId.
        userid = _word(fields.get("userid")) or _word(fields.get("UserId"))
        if userid and not USERID.fullmatch(userid):
            raise ChannelError(BAD_ANSWER)
        return userid


def _member(entry: object) -> Member | None:
    if not isinstance(entry, dict):
        return None
    user_id, joined = _word(entry.get("userid")), entry.get("join_time")
    if not USERID.fullmatch(user_id) or type(joined) is not int or not 0 <= joined <= 253402300799:
        return None
    return Member(
        user_id, entry.get("type") == 1, _word(entry.get("unionid")), datetime.fromtimestamp(joined, UTC)
    )


def _names(listed: object, member: str) -> bool:
    """Whether a "|" list names the member; the platform writes userids in lower case there."""
    return isinstance(listed, str) and member.lower() in listed.lower().split("|")


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
