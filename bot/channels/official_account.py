"""The service account (服务号): callbacks in XML or JSON, plain or encrypted; three forms of messages out; sign-in.

Sources: developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.html (callbacks),
developers.weixin.qq.com/doc/offiaccount/Customer_Service/Customer_Service_Messages.html (customer service),
developers.weixin.qq.com/doc/offiaccount/Message_Management/Template_Message_Interface.html (模板消息),
developers.weixin.qq.com/doc/service/guide/product/subscription_messages/push.html (订阅通知),
developers.weixin.qq.com/doc/service/api/webdev/access/api_snsaccesstoken (sign-in),
developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_userinfo (union ids),
developers.weixin.qq.com/doc/offiaccount/Asset_Management/Get_temporary_materials.html (pictures that people sent),
developers.weixin.qq.com/doc/offiaccount/Account_Management/Generating_a_Parametric_QR_Code.html (QR codes).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import aiohttp

from bot.channels.access_token import AccessToken, StableTokens
from bot.channels.api import Api
from bot.channels.base import BadCallback, Callback, ChannelError, Outgoing, Rendered, SendResult, Verdict
from bot.channels.errcodes import OFFICIAL
from bot.channels.msgcrypt import Envelope, MsgCrypt, check_fresh, check_signature
from bot.channels.notice_fields import Filled, filled_of, listed_fields
from bot.channels.official_inbound import OPENID, inbound_of
from bot.channels.official_shapes import encrypted_of, text_message_of
from bot.channels.platform_api import BAD_ANSWER, TIMEOUT, call
from bot.channels.sign_in import Scope, authorize_base_of, authorize_url, check_code
from bot.channels.text import REPLY_BYTES, clean, cut_bytes
from bot.channels.wire import Fields, WireFormat, parse, word_of
from bot.config import PLATFORM_API, OfficialAccountSettings
from handlers.inbound import InboundKind
from storage.states import ChannelKind, Form, WindowKind, WindowRule

SCENE_LENGTH = 64
LONGEST_EXPIRY_SECONDS = 30 * 86400

_AFTER_MESSAGE = WindowRule(WindowKind.MESSAGE, seconds=48 * 3600, allowed=5)
_AFTER_GESTURE = WindowRule(WindowKind.GESTURE, seconds=60, allowed=3)
WINDOWS = {
    **dict.fromkeys(
        (
            InboundKind.TEXT,
            InboundKind.IMAGE,
            InboundKind.VOICE,
            InboundKind.VIDEO,
            InboundKind.LOCATION,
            InboundKind.LINK,
        ),
        _AFTER_MESSAGE,
    ),
    **dict.fromkeys((InboundKind.FOLLOW, InboundKind.SCAN, InboundKind.CLICK), _AFTER_GESTURE),
}

_ECHO = re.compile(r"[A-Za-z0-9+/=_.-]{1,128}")
_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_@.-]{1,64}")
_MEDIA_TYPES = {WireFormat.XML: "application/xml", WireFormat.JSON: "application/json"}


class ReplyTo(NamedTuple):
    """How to answer a callback in kind. key_index: the key that opened it, None when it came in clear."""

    wire_format: WireFormat
    to_user: str
    from_user: str
    key_index: int | None


@dataclass(frozen=True, slots=True)
class QrCode:
    """ticket: for the picture, https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=...; url: what the code says."""

    ticket: str
    url: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who signed in on a page. union_id: empty when the platform does not tell.

    is_snapshot: a made-up account of somebody who only looks at the page; it may read and nothing else.
    """

    openid: str
    union_id: str
    is_snapshot: bool


@dataclass(frozen=True, slots=True)
class Follower:
    """What the platform knows of somebody. union_id: empty when it tells none."""

    following: bool
    union_id: str


class OfficialAccount:
    """One service account. `monotonic` is a clock in seconds; `http` stays the caller's to close."""

    def __init__(
        self,
        account: str,
        settings: OfficialAccountSettings,
        http: aiohttp.ClientSession,
        monotonic: Callable[[], float],
        *,
        timeout: aiohttp.ClientTimeout = TIMEOUT,
    ) -> None:
        self.account = account
        self.kind = ChannelKind.OFFICIAL_ACCOUNT
        self.media_kept = timedelta(days=3)
        self.passive_reply_seconds = settings.passive_reply_seconds if settings.passive_reply else 0.0
        self._timeout = timeout
        self._http = http
        self._api_base = settings.api_base.rstrip("/")
        self._token = settings.token.get_secret_value()
        keys = (settings.encoding_aes_key, settings.previous_encoding_aes_key)
        self._crypt = (
            MsgCrypt(
                self._token, settings.app_id, [key.get_secret_value() for key in keys if key is not None]
            )
            if settings.encoding_aes_key is not None
            else None
        )
        self._allow_plain = settings.allow_plain and self._crypt is None
        self._app_id, self._app_secret = settings.app_id, settings.app_secret
        self._subscribe_template_id = settings.subscribe_template_id
        self._authorize_base = authorize_base_of(settings.authorize_base, settings.api_base, PLATFORM_API)
        tokens = StableTokens(http, self._api_base, settings.app_id, settings.app_secret, timeout)
        self._api = Api(http, self._api_base, AccessToken(tokens, monotonic), OFFICIAL, timeout)

    def window(self, kind: InboundKind) -> WindowRule | None:
        """Five messages in 48 hours after a message, three in a minute after a gesture."""
        return WINDOWS.get(kind)

    def needs_window(self, form: Form) -> bool:
        """Customer service messages do; a template needs none, a subscribe message has its own count."""
        return form in (Form.TEXT, Form.SUBSCRIBE)

    def pace_seconds(self, form: Form) -> float:
        """No limit per recipient beside the windows."""
        return 0.0

    # Callbacks

    def verify_address(self, query: Mapping[str, str], now: datetime) -> str:
        """The echostr to answer as text/plain; in clear in every mode. Raises BadCallback."""
        self._check_query(query, now)
        echo = query.get("echostr", "")
        if not _ECHO.fullmatch(echo):
            raise BadCallback("echostr")
        return echo

    def open(self, query: Mapping[str, str], body: bytes, now: datetime) -> Callback:
        """Verify, decrypt and parse a POST; raises BadCallback for anything wrong, and nothing else.

        With a key configured only what the key opens counts: the clear part of compatible mode is not
        looked at, and `signature`, which does not cover the body, proves nothing.
        """
        if self._crypt is not None:
            timestamp = query.get("timestamp", "")
            check_fresh(timestamp, now)
            wire_format, encrypted = WireFormat.XML, encrypted_of(body)
            if encrypted is None:
                wire_format, outer = parse(body)
                encrypted = word_of(outer, "Encrypt")
                if not encrypted:
                    raise BadCallback("not_encrypted")
            message, key_index = self._crypt.open(
                encrypted, query.get("msg_signature", ""), timestamp, query.get("nonce", "")
            )
            text_message = text_message_of(self.account, message)
            if text_message is not None:
                inbound, to_user = text_message
                return Callback(inbound, ReplyTo(wire_format, inbound.sender, to_user, key_index))
            return self._callback(wire_format, parse(message)[1], key_index)
        if not self._allow_plain:
            raise BadCallback("plain_not_allowed")
        self._check_query(query, now)
        wire_format, fields = parse(body)
        if "Encrypt" in fields and "FromUserName" not in fields:
            raise BadCallback("no_key")
        return self._callback(wire_format, fields, None)

    def _check_query(self, query: Mapping[str, str], now: datetime) -> None:
        timestamp = query.get("timestamp", "")
        check_signature(query.get("signature", ""), self._token, timestamp, query.get("nonce", ""))
        check_fresh(timestamp, now)

    def _callback(self, wire_format: WireFormat, fields: Fields, key_index: int | None) -> Callback:
        inbound = inbound_of(self.account, fields, self._subscribe_template_id)
        to_user = word_of(fields, "ToUserName")
        if not _ACCOUNT_ID.fullmatch(to_user):
            raise BadCallback("to_user")
        return Callback(inbound, ReplyTo(wire_format, inbound.sender, to_user, key_index))

    def render_reply(self, callback: Callback, text: str, at: datetime) -> Rendered:
        """A passive text reply in the callback's format and under its key; no body when there is nothing to say.

        `at` becomes CreateTime. Text beyond 2048 bytes is cut off: whoever has more to say splits it first.
        """
        reply_to: ReplyTo = callback.reply_to
        content = cut_bytes(clean(text), REPLY_BYTES)
        if not content.strip():
            return Rendered(b"", "text/plain")
        seconds = int(at.timestamp())
        render = _xml_reply if reply_to.wire_format is WireFormat.XML else _json_reply
        body = render(reply_to, content, seconds)
        if reply_to.key_index is not None and self._crypt is not None:
            envelope = self._crypt.envelope(body, seconds, reply_to.key_index)
            body = (
                _xml_envelope(envelope)
                if reply_to.wire_format is WireFormat.XML
                else _json_envelope(envelope)
            )
        return Rendered(body, _MEDIA_TYPES[reply_to.wire_format])

    # Calls

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Send one message in its form; never raises for what the platform or the network does.

        Only template messages have a duplicate check. `detail` never has the text.
        """
        filled = filled_of(outgoing, self.account)
        match outgoing.form:
            case Form.TEXT:
                path = "/cgi-bin/message/custom/send"
                message: dict[str, Any] = {"msgtype": "text", "text": {"content": clean(outgoing.text)}}
            case Form.TEMPLATE if filled:
                path = "/cgi-bin/message/template/send"
                message = _notice(filled, "url") | {"client_msg_id": outgoing.key}
            case Form.SUBSCRIBE if filled:
                path = "/cgi-bin/message/subscribe/bizsend"
                message = _notice(filled, "page")
            case _:
                return SendResult(Verdict.REFUSED, None, "服务号没有配置这种消息的模板，或不支持这种消息")
        result, fields = await self._api.post(path, {"touser": outgoing.recipient} | message)
        msg_id = fields.get("msgid")
        return replace(result, platform_id=str(msg_id)) if type(msg_id) in (int, str) else result

    async def probe(self) -> SendResult:
        """SENT when credentials, whitelist and network are good; writes to nobody."""
        try:
            fields = await self._api.ask("/cgi-bin/get_api_domain_ip")
        except ChannelError as error:
            return error.result
        return SendResult(Verdict.SENT, 0) if "ip_list" in fields else BAD_ANSWER

    async def templates_of(self, form: Form) -> dict[str, frozenset[str]]:
        """The fields of the account's templates for this form (TEMPLATE or SUBSCRIBE) by id; raises ChannelError.

        Those by category (类目模板) are said to be missing in the platform's list: what is not there may exist.
        """
        path = "/cgi-bin/template/get_all_private_template"
        return listed_fields(
            await self._api.ask(path if form is Form.TEMPLATE else "/wxaapi/newtmpl/gettemplate")
        )

    def sign_in_url(self, redirect: str, state: str, scope: Scope = "snsapi_base") -> str:
        """Where a browser in WeChat is sent to sign in; it comes back to `redirect` with `code` and `state`.

        The platform compares the host of `redirect` with the account's. Only snsapi_userinfo tells the union id,
        and asks the person first.
        """
        return authorize_url(self._authorize_base, self._app_id, redirect, scope, state)

    async def visitor_of(self, code: str) -> Visitor:
        """Who came back with `code`, which is good once and for five minutes; raises ChannelError."""
        check_code(code)
        query = {
            "appid": self._app_id,
            "secret": self._app_secret.get_secret_value(),
            "code": code,
            "grant_type": "authorization_code",
        }
        answer = await call(
            self._http, f"{self._api_base}/sns/oauth2/access_token", query=query, timeout=self._timeout
        )
        if isinstance(answer, SendResult):
            raise ChannelError(answer)
        if answer.errcode:
            result = OFFICIAL.result_of(answer.errcode, answer.errmsg)
            # No token is in play here: what they say is about the secret.
            blocked = OFFICIAL.asks_for_new_token(answer.errcode)
            raise ChannelError(replace(result, verdict=Verdict.ACCOUNT_BLOCKED) if blocked else result)
        openid, union_id = answer.fields.get("openid"), answer.fields.get("unionid")
        if not isinstance(openid, str) or not OPENID.fullmatch(openid):
            raise ChannelError(BAD_ANSWER)
        is_snapshot = answer.fields.get("is_snapshotuser") not in (None, 0)
        return Visitor(openid, union_id if isinstance(union_id, str) else "", is_snapshot)

    async def follower_of(self, openid: str) -> Follower:
        """Whether somebody follows, and the union id when the account is bound to the open platform.

        Raises ChannelError. Of who does not follow the platform tells nothing more.
        """
        fields = await self._api.ask("/cgi-bin/user/info", query={"openid": openid, "lang": "zh_CN"})
        subscribed, union_id = fields.get("subscribe"), fields.get("unionid", "")
        if fields.get("openid") != openid or type(subscribed) is not int or not isinstance(union_id, str):
            raise ChannelError(BAD_ANSWER)
        union_id = union_id.strip()  # the documented sample has a space in front
        if union_id and not OPENID.fullmatch(union_id):
            raise ChannelError(BAD_ANSWER)
        return Follower(bool(subscribed), union_id)

    async def fetch_media(self, media_id: str, limit_bytes: int) -> bytes:
        """See MediaSource."""
        return await self._api.download("/cgi-bin/media/get", {"media_id": media_id}, limit_bytes)

    async def create_qr(self, scene: str, expire_seconds: int | None) -> QrCode:
        """A QR code whose scan tells us `scene` (1 to 64 characters); permanent when `expire_seconds` is None.

        An account has 100000 permanent ones; others live 30 days at most. Raises ChannelError, and ValueError
        for a scene or time that the platform would not take.
        """
        if not 1 <= len(scene) <= SCENE_LENGTH:
            raise ValueError("a scene has 1 to 64 characters")
        body: dict[str, Any] = {
            "action_name": "QR_LIMIT_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        if expire_seconds is not None:
            if not 1 <= expire_seconds <= LONGEST_EXPIRY_SECONDS:
                raise ValueError("a QR code lives 30 days at most")
            body |= {"action_name": "QR_STR_SCENE", "expire_seconds": expire_seconds}
        fields = await self._api.ask("/cgi-bin/qrcode/create", body)
        ticket, url = fields.get("ticket"), fields.get("url")
        if not isinstance(ticket, str) or not ticket or not isinstance(url, str):
            raise ChannelError(BAD_ANSWER)
        return QrCode(ticket, url)


def _notice(filled: Filled, link: str) -> dict[str, Any]:
    message: dict[str, Any] = {"template_id": filled.template_id, "data": filled.data}
    return message | ({link: filled.url} if filled.url else {})


def _xml_reply(reply_to: ReplyTo, content: str, seconds: int) -> bytes:
    # A section cannot hold its own end mark: the resident's "]]>" would let the rest of the text be elements.
    content = content.replace("]]>", "]]]]><![CDATA[>")
    return (
        f"<xml><ToUserName><![CDATA[{reply_to.to_user}]]></ToUserName>"
        f"<FromUserName><![CDATA[{reply_to.from_user}]]></FromUserName>"
        f"<CreateTime>{seconds}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{content}]]></Content></xml>"
    ).encode()


def _json_reply(reply_to: ReplyTo, content: str, seconds: int) -> bytes:
    return _json_bytes(
        {
            "ToUserName": reply_to.to_user,
            "FromUserName": reply_to.from_user,
            "CreateTime": seconds,
            "MsgType": "text",
            "Content": content,
        }
    )


def _xml_envelope(envelope: Envelope) -> bytes:
    return (
        f"<xml><Encrypt><![CDATA[{envelope.encrypt}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{envelope.signature}]]></MsgSignature>"
        f"<TimeStamp>{envelope.timestamp}</TimeStamp>"
        f"<Nonce><![CDATA[{envelope.nonce}]]></Nonce></xml>"
    ).encode()


def _json_envelope(envelope: Envelope) -> bytes:
    return _json_bytes(
        {
            "Encrypt": envelope.encrypt,
            "MsgSignature": envelope.signature,
            "TimeStamp": envelope.timestamp,
            "Nonce": envelope.nonce,
        }
    )


def _json_bytes(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
