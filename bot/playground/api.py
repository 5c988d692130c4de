"""The platform's HTTP interface: paths, JSON and error codes as the service account documentation has them."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.playground import sign_in_api
from bot.playground.errors import ApiError, error_body
from bot.playground.gate import Gate, answer, read_object, take_limits
from bot.playground.qrcodes import draw
from bot.playground.tokens import check_token
from bot.playground.wecom import api as wecom_api

if TYPE_CHECKING:
    from bot.playground.platform import Platform

KF_LIMIT_BYTES = 2048
SEND_PATH = "/cgi-bin/message/custom/send"


def make_app(platform: "Platform") -> web.Application:
    """Make the application of one account, and of the corp beside it; closing it ends what is under way."""
    gate = Gate(platform, wecom_api.PATHS)
    app = web.Application(middlewares=[gate.middleware], client_max_size=2**22)  # a picture of 2 MB in base64
    api = _Api(platform)
    app.router.add_route("*", "/cgi-bin/stable_token", api.stable_token)
    app.router.add_route("*", "/cgi-bin/token", api.classic_token)
    app.router.add_route("*", SEND_PATH, api.send)
    app.router.add_route("*", "/cgi-bin/qrcode/create", api.create_qrcode)
    app.router.add_route("*", "/cgi-bin/showqrcode", api.show_qrcode)
    app.router.add_route("*", "/cgi-bin/get_api_domain_ip", api.domain_ip)
    app.router.add_route("*", "/cgi-bin/message/template/send", api.send_template)
    app.router.add_route("*", "/cgi-bin/message/subscribe/bizsend", api.send_subscribe)
    app.router.add_route("*", "/cgi-bin/template/get_all_private_template", api.list_templates)
    app.router.add_route("*", "/wxaapi/newtmpl/gettemplate", api.list_subscribe)
    app.router.add_route("*", "/cgi-bin/user/info", api.user_info)
    app.router.add_route("*", "/cgi-bin/media/get", api.media)
    sign_in_api.add_routes(app, platform)
    if (wecom := platform.find_wecom()) is not None:
        wecom_api.add_routes(app, platform, wecom)
    if platform.archive is not None:
        app.add_routes(platform.archive.routes())

    async def release(_: web.Application) -> None:
        await platform.close()

    app.on_shutdown.append(release)
    return app


class _Api:
    """The calls themselves."""

    def __init__(self, platform: "Platform") -> None:
        self._platform = platform

    async def stable_token(self, request: web.Request) -> web.Response:
        body = await self._body(request)
        self._check_credentials(body)
        desk, now = self._platform.stable_tokens, self._platform.clock()
        if body.get("force_refresh") is True:
            answered = self._token(desk.forced(now))
            self._platform.counters.forced_refreshes += 1
            return answered
        return self._token(desk.stable(now))

    async def classic_token(self, request: web.Request) -> web.Response:
        self._check_credentials(dict(request.query))
        return self._token(self._platform.classic_tokens.classic(self._platform.clock()))

    async def send(self, request: web.Request) -> web.Response:
        self._check_token(request)
        body = await self._body(request)
        openid, kind, text = body.get("touser"), body.get("msgtype"), body.get("text")
        if not isinstance(openid, str) or not self._platform.audience.knows(openid):
            raise ApiError(40003)
        if kind != "text":
            raise ApiError(40008)
        content = text.get("content") if isinstance(text, dict) else None
        if not isinstance(content, str) or not content:
            raise ApiError(44004)
        if len(content.encode("utf-8", "surrogatepass")) > KF_LIMIT_BYTES:
            raise ApiError(45002)
        for name, code in (("out_of_window", 45015), ("over_quota", 45047)):
            if self._platform.faults.take(name):
                raise ApiError(code)
        self._platform.take_kf_message(openid, content)
        return answer(error_body(0, self._platform.clock()))

    async def create_qrcode(self, request: web.Request) -> web.Response:
        self._check_token(request)
        return answer(self._platform.qrcodes.create(await self._body(request), self._platform.clock()))

    async def show_qrcode(self, request: web.Request) -> web.Response:
        code = self._platform.qrcodes.find(request.query.get("ticket", ""))
        if code is None:
            return web.Response(status=404)
        return web.Response(body=draw(code), content_type="image/svg+xml")

    async def send_template(self, request: web.Request) -> web.Response:
        self._check_token(request)
        msgid, is_new = self._platform.notices.take_template(
            await self._body(request), self._platform.clock()
        )
        if is_new:
            self._platform.template_sent(msgid)
        return answer({"errcode": 0, "errmsg": "ok", "msgid": msgid})

    async def send_subscribe(self, request: web.Request) -> web.Response:
        self._check_token(request)
        body = await self._body(request)
        msgid = self._platform.notices.take_subscribe(body, self._platform.clock())
        self._platform.subscribe_sent(str(body["touser"]), str(body["template_id"]), msgid)
        return answer({"errcode": 0, "errmsg": "ok", "msgid": msgid})

    async def list_templates(self, request: web.Request) -> web.Response:
        self._check_token(request)
        contents = self._platform.notices.contents()
        return answer(
            {"template_list": [{"template_id": name, "content": text} for name, text in contents.items()]}
        )

    async def list_subscribe(self, request: web.Request) -> web.Response:
        self._check_token(request)
        contents = self._platform.notices.contents()
        rows = [{"priTmplId": name, "content": text, "type": 2} for name, text in contents.items()]
        return answer({"errcode": 0, "errmsg": "ok", "data": rows})

    async def user_info(self, request: web.Request) -> web.Response:
        """Tell of somebody who follows; of others only that they do not."""
        self._check_token(request)
        openid, platform = request.query.get("openid", ""), self._platform
        if not platform.audience.knows(openid):
            raise ApiError(40003)
        if not platform.audience.is_following(openid):
            return answer({"subscribe": 0, "openid": openid, "tagid_list": []})
        union_id = "" if platform.faults.take("no_union_id") else platform.union_ids.get(openid, "")
        return answer(
            {
                "subscribe": 1,
                "openid": openid,
                "language": "zh_CN",
                "subscribe_time": int(platform.clock().timestamp()),
                **({"unionid": union_id} if union_id else {}),
                "remark": "",
                "groupid": 0,
                "tagid_list": [],
                "subscribe_scene": "ADD_SCENE_QR_CODE",
                "qr_scene": 0,
                "qr_scene_str": "",
            }
        )

    async def media(self, request: web.Request) -> web.Response:
        """Hand out a picture: its bytes, or JSON that says why not."""
        self._check_either_token(request)
        if self._platform.faults.take("media_expired"):
            raise ApiError(40007)
        medium = self._platform.media.get(request.query.get("media_id", ""))
        disposition = {"Content-Disposition": 'attachment; filename="picture"'}
        return web.Response(body=medium.content, content_type=medium.content_type, headers=disposition)

    async def domain_ip(self, request: web.Request) -> web.Response:
        is_corp = self._check_either_token(request)
        return answer(({"errcode": 0, "errmsg": "ok"} if is_corp else {}) | {"ip_list": ["127.0.0.1"]})

    async def _body(self, request: web.Request) -> dict[str, Any]:
        return await read_object(request, self._platform)

    def _check_credentials(self, given: dict[str, Any]) -> None:
        account = self._platform.account
        if given.get("grant_type") != "client_credential":
            raise ApiError(40002)
        for key, missing, wrong, right in (
            ("appid", 41002, 40013, account.app_id),
            ("secret", 41004, 40125, account.app_secret),
        ):
            if not given.get(key):
                raise ApiError(missing)
            if given[key] != right:
                raise ApiError(wrong)

    def _check_token(self, request: web.Request) -> None:
        platform = self._platform
        token = request.query.get("access_token", "")
        check_token(token, (platform.stable_tokens, platform.classic_tokens), platform.clock())
        take_limits(request, platform)

    def _check_either_token(self, request: web.Request) -> bool:
        """Of a path that both products have: a token tells them apart. Whether it was the corp's."""
        wecom = self._platform.find_wecom()
        if wecom is not None and wecom.tokens.knows(request.query.get("access_token", "")):
            wecom_api.check_corp_token(request, self._platform, wecom)
            return True
        self._check_token(request)
        return False

    def _token(self, issued: tuple[str, int]) -> web.Response:
        self._platform.counters.token_fetches += 1
        return answer({"access_token": issued[0], "expires_in": issued[1]})
