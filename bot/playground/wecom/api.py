"""WeCom's HTTP interface: paths, JSON and error codes as its documentation has them."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.playground.errors import ApiError
from bot.playground.gate import answer, read_object, take_limits
from bot.playground.wecom.errors import WecomError
from bot.playground.wecom.platform import Wecom
from bot.playground.wecom.rooms import Room, RoomKind

if TYPE_CHECKING:
    from bot.playground.platform import Platform

_EXTERNAL = "/cgi-bin/externalcontact"
PATHS = frozenset(
    {
        "/cgi-bin/gettoken",
        "/cgi-bin/message/send",
        "/cgi-bin/appchat/send",
        "/cgi-bin/auth/getuserinfo",
        "/cgi-bin/agent/get",
        "/cgi-bin/getcallbackip",
        "/cgi-bin/webhook/send",
        "/cgi-bin/aibot/response",
        f"{_EXTERNAL}/groupchat/list",
        f"{_EXTERNAL}/groupchat/get",
        f"{_EXTERNAL}/add_msg_template",
        f"{_EXTERNAL}/get_groupmsg_task",
        f"{_EXTERNAL}/get_groupmsg_send_result",
        f"{_EXTERNAL}/remind_groupmsg_send",
        f"{_EXTERNAL}/cancel_groupmsg_send",
    }
)
LIST_LIMIT = 1000


def add_routes(app: web.Application, platform: "Platform", wecom: Wecom) -> None:
    """Serve the corp's calls."""
    api = _WecomApi(platform, wecom)
    handlers = {
        "/cgi-bin/gettoken": api.get_token,
        "/cgi-bin/message/send": api.send,
        "/cgi-bin/appchat/send": api.send_to_chat,
        "/cgi-bin/auth/getuserinfo": api.user_info,
        "/cgi-bin/agent/get": api.agent,
        "/cgi-bin/getcallbackip": api.callback_ip,
        "/cgi-bin/webhook/send": api.webhook,
        "/cgi-bin/aibot/response": api.respond,
        f"{_EXTERNAL}/groupchat/list": api.list_groups,
        f"{_EXTERNAL}/groupchat/get": api.get_group,
        f"{_EXTERNAL}/add_msg_template": api.add_task,
        f"{_EXTERNAL}/get_groupmsg_task": api.get_task,
        f"{_EXTERNAL}/get_groupmsg_send_result": api.get_result,
        f"{_EXTERNAL}/remind_groupmsg_send": api.remind,
        f"{_EXTERNAL}/cancel_groupmsg_send": api.cancel,
    }
    for path, handler in handlers.items():
        app.router.add_route("*", path, handler)


def check_corp_token(request: web.Request, platform: "Platform", wecom: Wecom) -> None:
    """Raise ApiError 41001, 40014 or 42001 for a token that is not this corp's, and the faults of the call."""
    token = request.query.get("access_token", "")
    if not token:
        raise ApiError(41001)
    if not wecom.tokens.knows(token):
        raise ApiError(40014)
    wecom.tokens.check(token, platform.clock())
    take_limits(request, platform)


def _ok(data: dict[str, Any] | None = None) -> web.Response:
    return answer({"errcode": 0, "errmsg": "ok"} | (data or {}))


class _WecomApi:
    """The calls themselves."""

    def __init__(self, platform: "Platform", wecom: Wecom) -> None:
        self._platform = platform
        self._wecom = wecom

    async def get_token(self, request: web.Request) -> web.Response:
        corp, query = self._wecom.corp, request.query
        for key, missing, wrong, right in (
            ("corpid", 41002, 40013, corp.corp_id),
            ("corpsecret", 41004, 40001, corp.secret),
        ):
            if not query.get(key):
                raise WecomError(missing)
            if query[key] != right:
                raise WecomError(wrong)
        token, seconds = self._wecom.tokens.stable(self._platform.clock())
        self._platform.counters.token_fetches += 1
        return _ok({"access_token": token, "expires_in": seconds})

    async def send(self, request: web.Request) -> web.Response:
        body = await self._post(request)
        data, reached, text = self._wecom.app_desk.take(
            body, set(self._wecom.members), self._platform.clock()
        )
        for userid in reached:
            self._platform.counters.sends[userid] += 1
            self._wecom.show_member(userid, text)
        return _ok(data)

    async def send_to_chat(self, request: web.Request) -> web.Response:
        """Refuse: appchat reaches only chats that the app created (path/90248), and this app created none."""
        body = await self._post(request)
        raise WecomError(86008 if self._wecom.rooms.find(body.get("chatid")) else 86003)

    async def user_info(self, request: web.Request) -> web.Response:
        self._check_token(request)
        try:
            grant = self._platform.sign_in.redeem(
                self._wecom.corp.corp_id, request.query.get("code", ""), self._platform.clock()
            )
        except ApiError:
            raise WecomError(40029) from None
        if grant.person in self._wecom.members:
            return _ok({"userid": grant.person})
        customer = self._wecom.customers[grant.person]
        return _ok({"openid": customer.openid, "external_userid": customer.external_userid})

    async def agent(self, request: web.Request) -> web.Response:
        self._check_token(request)
        corp = self._wecom.corp
        if request.query.get("agentid") != str(corp.agent_id):
            raise WecomError(40056)
        allowed = {"user": [{"userid": userid} for userid in self._wecom.members]}
        return _ok({"agentid": corp.agent_id, "name": "议事", "allow_userinfos": allowed, "close": 0})

    async def callback_ip(self, request: web.Request) -> web.Response:
        self._check_token(request)
        return _ok({"ip_list": ["127.0.0.1"]})

    async def webhook(self, request: web.Request) -> web.Response:
        key = request.query.get("key", "")
        if key not in self._wecom.webhooks.chats:
            raise WecomError(93000)
        take_limits(request, self._platform, has_token=False)
        body = await read_object(request, self._platform)
        chat_id, text = self._wecom.webhooks.take(key, body, self._platform.clock())
        self._platform.counters.sends[chat_id] += 1
        self._wecom.show(chat_id, "webhook", text)
        return _ok()

    async def respond(self, request: web.Request) -> web.Response:
        take_limits(request, self._platform, has_token=False)
        body = await read_object(request, self._platform)
        code = request.query.get("response_code", "")
        address, text = self._wecom.addresses.take(code, body, self._platform.clock())
        self._wecom.show(address.chat_id, "response_url", text, msg_id=address.msg_id, quote=address.question)
        return _ok()

    async def list_groups(self, request: web.Request) -> web.Response:
        body = await self._post(request)
        limit, cursor = body.get("limit"), str(body.get("cursor") or "0")
        if not isinstance(limit, int) or not 1 <= limit <= LIST_LIMIT or not cursor.isdigit():
            raise WecomError(40035)
        owners = body.get("owner_filter", {}).get("userid_list")
        rooms = [
            room
            for room in self._wecom.rooms.all(RoomKind.CUSTOMER)
            if owners is None or room.owner in owners
        ]
        start, end = int(cursor), int(cursor) + limit
        rows = [{"chat_id": room.chat_id, "status": 0} for room in rooms[start:end]]
        more = {"next_cursor": str(end)} if end < len(rooms) else {}
        return _ok({"group_chat_list": rows, **more})

    async def get_group(self, request: web.Request) -> web.Response:
        body = await self._post(request)
        room = self._wecom.rooms.find(body.get("chat_id"))
        if room is None:
            raise WecomError(86003)
        if room.kind is not RoomKind.CUSTOMER:
            raise WecomError(90501)
        members = [self._member(room, person, named=body.get("need_name") == 1) for person in room.people]
        chat = {
            "chat_id": room.chat_id,
            "name": room.name,
            "owner": room.owner,
            "create_time": int(room.created_at.timestamp()),
            "notice": "",
            "member_list": members,
            "admin_list": [],
            "member_version": room.version,
        }
        return _ok({"group_chat": chat})

    def _member(self, room: Room, person: str, *, named: bool) -> dict[str, Any]:
        customer = self._wecom.customers.get(person)
        row: dict[str, Any] = {
            "userid": person,
            "type": 2 if customer else 1,
            "join_time": int(room.people[person].timestamp()),
            "join_scene": 3 if customer else 1,
            "group_nickname": "",
        }
        if customer and customer.unionid:
            row["unionid"] = customer.unionid
        return row | ({"name": self._wecom.name_of(person)} if named else {})

    async def add_task(self, request: web.Request) -> web.Response:
        body = await self._post(request)
        return _ok(self._wecom.tasks.create(body, set(self._wecom.members), self._platform.clock()))

    async def get_task(self, request: web.Request) -> web.Response:
        task = self._wecom.tasks.find(await self._post(request))
        return _ok(self._wecom.tasks.describe(task))

    async def get_result(self, request: web.Request) -> web.Response:
        body = await self._post(request)
        if not body.get("userid"):
            raise WecomError(40063)
        return _ok(self._wecom.tasks.results(self._wecom.tasks.find(body), body["userid"]))

    async def remind(self, request: web.Request) -> web.Response:
        self._wecom.tasks.remind(self._wecom.tasks.find(await self._post(request)), self._platform.clock())
        return _ok()

    async def cancel(self, request: web.Request) -> web.Response:
        self._wecom.tasks.cancel(self._wecom.tasks.find(await self._post(request)))
        return _ok()

    async def _post(self, request: web.Request) -> dict[str, Any]:
        self._check_token(request)
        return await read_object(request, self._platform)

    def _check_token(self, request: web.Request) -> None:
        check_corp_token(request, self._platform, self._wecom)
