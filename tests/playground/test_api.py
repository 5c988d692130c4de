"""The platform's API: tokens, windows, limits and error codes, over HTTP."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bot.playground.account import Account
from bot.playground.errors import NotPossible
from bot.playground.faults import ALWAYS, COUNTED
from bot.playground.platform import Platform
from tests.playground.calls import OPENID, Api
from tests.playground.conftest import Clock, FakeBot

SEND = "/cgi-bin/message/custom/send"


async def test_stable_token_stays_until_five_minutes_before_its_end(api: Api, clock: Clock) -> None:
    first = await api.stable_token()
    assert first["expires_in"] == 7200
    clock.forward(seconds=6900)
    again = await api.stable_token()
    assert again == {"access_token": first["access_token"], "expires_in": 300}
    clock.forward(seconds=1)
    renewed = await api.stable_token()
    assert renewed["access_token"] != first["access_token"]
    assert renewed["expires_in"] == 7200
    for token in (first, renewed):
        assert "ip_list" in await api.get("/cgi-bin/get_api_domain_ip", access_token=token["access_token"])
    clock.forward(seconds=299)
    stale = await api.get("/cgi-bin/get_api_domain_ip", access_token=first["access_token"])
    assert stale["errcode"] == 42001


async def test_forced_refresh_replaces_at_once_and_is_limited(
    api: Api, clock: Clock, platform: Platform
) -> None:
    first = await api.stable_token()
    assert "access_token" in await api.stable_token(force=True)
    old = await api.get("/cgi-bin/get_api_domain_ip", access_token=first["access_token"])
    assert old["errcode"] == 40001
    clock.forward(seconds=29)
    assert (await api.stable_token(force=True))["errcode"] == 45011
    clock.forward(seconds=1)
    for _ in range(19):
        assert "access_token" in await api.stable_token(force=True)
        clock.forward(seconds=30)
    assert (await api.stable_token(force=True))["errcode"] == 45009
    assert "access_token" in await api.stable_token()
    clock.forward(days=1)
    assert "access_token" in await api.stable_token(force=True)
    assert platform.counters.forced_refreshes == 21
    assert platform.counters.token_fetches == 23


async def test_classic_tokens_replace_each_other_and_leave_stable_ones_alone(
    api: Api, clock: Clock, account: Account
) -> None:
    stable = (await api.stable_token())["access_token"]
    query = {"grant_type": "client_credential", "appid": account.app_id, "secret": account.app_secret}
    first = (await api.get("/cgi-bin/token", **query))["access_token"]
    second = (await api.get("/cgi-bin/token", **query))["access_token"]
    assert len({stable, first, second}) == 3
    for token in (stable, first, second):
        assert "ip_list" in await api.get("/cgi-bin/get_api_domain_ip", access_token=token)
    clock.forward(minutes=5)
    assert (await api.get("/cgi-bin/get_api_domain_ip", access_token=first))["errcode"] == 40001
    for token in (stable, second):
        assert "ip_list" in await api.get("/cgi-bin/get_api_domain_ip", access_token=token)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"appid": "wx0"}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"secret": ""}, 41004),
        ({"appid": ""}, 41002),
        ({"grant_type": "password"}, 40002),
    ],
)
async def test_bad_credentials(api: Api, account: Account, change: dict[str, str], code: int) -> None:
    body = {"grant_type": "client_credential", "appid": account.app_id, "secret": account.app_secret} | change
    answer = await api.post("/cgi-bin/stable_token", body)
    assert answer["errcode"] == code
    assert " rid: " in answer["errmsg"]


async def test_bad_tokens(api: Api) -> None:
    assert await api.send("x", token="") == 41001
    assert await api.send("x", token="nonsense") == 40014
    assert await api.send("x", token="88_" + "a" * 149) == 40001


async def test_wrong_method_path_and_body(api: Api, platform: Platform) -> None:
    token = (await api.stable_token())["access_token"]
    assert (await api.get(SEND, access_token=token))["errcode"] == 43002
    assert (await api.get("/cgi-bin/nothing"))["errcode"] == 40066
    assert (await api.post(SEND, [], access_token=token))["errcode"] == 47001
    for raw, code in ((b"", 44002), (b"{", 47001), (b"\xff", 47001)):
        async with api.session.post(
            platform.base_url + SEND, data=raw, params={"access_token": token}
        ) as response:
            assert response.headers["Content-Type"] == "application/json; encoding=utf-8"
            assert (await response.json())["errcode"] == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"touser": "nobody"}, 40003),
        ({"touser": None}, 40003),
        ({"msgtype": "hologram"}, 40008),
        ({"text": "x"}, 44004),
        ({"text": {"content": ""}}, 44004),
        ({"text": {"content": "长" * 683}}, 45002),
    ],
)
async def test_messages_that_cannot_be_sent(
    api: Api, platform: Platform, change: dict[str, Any], code: int
) -> None:
    await platform.user_sends(OPENID, "你好")
    token = (await api.stable_token())["access_token"]
    body = {"touser": OPENID, "msgtype": "text", "text": {"content": "好"}} | change
    assert (await api.post(SEND, body, access_token=token))["errcode"] == code
    assert platform.counters.errors[code] == 1
    assert platform.conversation(OPENID).from_bot() == []


class TestWindows:
    """When the account may write, by the platform's rules."""

    async def test_a_message_opens_48_hours_for_five(
        self, api: Api, platform: Platform, clock: Clock
    ) -> None:
        assert await api.send("早") == 45015
        await platform.user_sends(OPENID, "你好")
        assert [await api.send(f"第{n}条") for n in range(6)] == [0, 0, 0, 0, 0, 45047]
        await platform.user_sends(OPENID, "还在吗")
        clock.forward(hours=48, seconds=-1)
        assert await api.send("在") == 0
        clock.forward(seconds=1)
        assert await api.send("在") == 45015
        assert platform.counters.sends[OPENID] == 6
        assert [entry.via for entry in platform.conversation(OPENID).entries if entry.direction == "bot"] == [
            "kf"
        ] * 6

    async def test_an_event_opens_one_minute_for_three(
        self, api: Api, platform: Platform, clock: Clock
    ) -> None:
        await platform.user_clicks(OPENID, "menu.mine")
        assert [await api.send("x") for _ in range(4)] == [0, 0, 0, 45047]
        clock.forward(seconds=60)
        assert await api.send("x") == 45015
        await platform.user_scans(OPENID, "b3-u2")
        assert await api.send("x") == 0

    async def test_the_shorter_window_is_used_first(self, api: Api, platform: Platform, clock: Clock) -> None:
        await platform.user_sends(OPENID, "你好")
        await platform.user_scans(OPENID, "b3-u2")
        assert [await api.send("x") for _ in range(9)] == [0] * 8 + [45047]
        await platform.user_sends(OPENID, "你好")
        clock.forward(minutes=2)
        assert [await api.send("x") for _ in range(6)] == [0] * 5 + [45047]

    async def test_passive_replies_do_not_count(self, bot: FakeBot, platform: Platform) -> None:
        bot.will_reply("收到")
        await platform.user_sends(OPENID, "你好")
        assert [window.left for window in platform.audience.windows(OPENID)] == [5]

    async def test_unfollowing_closes_everything(self, api: Api, platform: Platform) -> None:
        await platform.user_sends(OPENID, "你好")
        await platform.user_unfollows(OPENID)
        assert await api.send("别走") == 45015


async def test_qr_codes(api: Api, platform: Platform, clock: Clock) -> None:
    token = (await api.stable_token())["access_token"]

    async def create(action: str, scene: Any, **more: int) -> dict[str, Any]:
        body = {"action_name": action, "action_info": {"scene": {"scene_str": scene}}, **more}
        return await api.post("/cgi-bin/qrcode/create", body, access_token=token)

    permanent = await create("QR_LIMIT_STR_SCENE", "b3-u2")
    assert set(permanent) == {"ticket", "url"}
    temporary = await create("QR_STR_SCENE", "visit", expire_seconds=600)
    assert temporary["expire_seconds"] == 600
    for action, scene, more in (
        ("QR_STR_SCENE", "a", {"expire_seconds": 2592001}),
        ("QR_LIMIT_STR_SCENE", "a" * 65, {}),
        ("QR_LIMIT_STR_SCENE", "", {}),
        ("QR_LIMIT_STR_SCENE", 7, {}),
        ("QR_OTHER", "a", {}),
    ):
        assert (await create(action, scene, **more))["errcode"] == 40053
    assert (await api.post("/cgi-bin/qrcode/create", {"action_info": 1}, access_token=token))[
        "errcode"
    ] == 40053

    delivery = await platform.user_scans(OPENID, "b3-u2")
    assert delivery.fields["Ticket"] == permanent["ticket"]
    clock.forward(seconds=600)
    with pytest.raises(NotPossible, match="过期"):
        await platform.user_scans(OPENID, "visit")

    show = platform.base_url + "/cgi-bin/showqrcode"
    async with api.session.get(show, params={"ticket": permanent["ticket"]}) as response:
        assert response.content_type == "image/svg+xml"
        assert "b3-u2" in await response.text()
    async with api.session.get(show, params={"ticket": "none"}) as response:
        assert response.status == 404


class TestFaults:
    """Each knob of the API."""

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            ("token_expired", 42001),
            ("ip_not_whitelisted", 40164),
            ("busy", -1),
            ("out_of_window", 45015),
            ("over_quota", 45047),
        ],
    )
    async def test_counted_error(self, api: Api, platform: Platform, name: str, code: int) -> None:
        await platform.user_sends(OPENID, "你好")
        token = (await api.stable_token())["access_token"]
        setattr(platform.faults, name, 2)
        assert [await api.send("x", token=token) for _ in range(3)] == [code, code, 0]
        setattr(platform.faults, name, ALWAYS)
        assert [await api.send("x", token=token) for _ in range(3)] == [code] * 3
        platform.faults.clear()
        assert await api.send("x", token=token) == 0

    async def test_ip_knob_refuses_tokens_too(self, api: Api, platform: Platform) -> None:
        platform.faults.ip_not_whitelisted = ALWAYS
        assert (await api.stable_token())["errcode"] == 40164
        assert platform.counters.token_fetches == 0

    async def test_faults_can_be_kept_to_one_path(self, api: Api, platform: Platform) -> None:
        await platform.user_sends(OPENID, "你好")
        platform.faults.busy = 1
        platform.faults.api_path = SEND
        assert [await api.send("x") for _ in range(2)] == [-1, 0]

    async def test_server_error(self, api: Api, platform: Platform) -> None:
        platform.faults.http_500 = 1
        with pytest.raises(aiohttp.ContentTypeError):
            await api.stable_token()
        assert "access_token" in await api.stable_token()

    @pytest.mark.parametrize(("name", "taken"), [("timeout_before", 0), ("timeout_after", 1)])
    async def test_hanging_before_and_after(
        self, api: Api, platform: Platform, name: str, taken: int
    ) -> None:
        await platform.user_sends(OPENID, "你好")
        token = (await api.stable_token())["access_token"]
        setattr(platform.faults, name, 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(api.send("x", token=token), 0.5)
        assert platform.counters.sends[OPENID] == taken
        assert await api.send("y", token=token) == 0

    async def test_stopping_ends_what_hangs(self, api: Api, platform: Platform) -> None:
        platform.faults.timeout_before = 1
        call = asyncio.create_task(api.stable_token())
        await asyncio.sleep(0.05)
        await asyncio.wait_for(platform.stop(), 1.5)
        with pytest.raises(aiohttp.ClientError):
            await call

    def test_every_count_is_listed(self) -> None:
        assert len(COUNTED) == 14


class TestUserInfo:
    """user/info."""

    async def ask(self, api: Api, openid: str) -> dict[str, Any]:
        token = (await api.stable_token())["access_token"]
        return await api.get("/cgi-bin/user/info", access_token=token, openid=openid, lang="zh_CN")

    async def test_a_follower_with_and_without_a_union_id(self, api: Api, platform: Platform) -> None:
        told = await self.ask(api, OPENID)
        assert (told["subscribe"], told["openid"], "unionid" in told) == (1, OPENID, False)
        platform.union_ids[OPENID] = "uAunt"
        assert (await self.ask(api, OPENID))["unionid"] == "uAunt"
        platform.faults.no_union_id = ALWAYS
        assert "unionid" not in await self.ask(api, OPENID)

    async def test_of_others_nothing_is_told(self, api: Api, platform: Platform) -> None:
        platform.union_ids[OPENID] = "uAunt"
        await platform.user_unfollows(OPENID)
        assert await self.ask(api, OPENID) == {"subscribe": 0, "openid": OPENID, "tagid_list": []}
        assert (await self.ask(api, "oNobody"))["errcode"] == 40003
        assert (await api.get("/cgi-bin/user/info", access_token="x", openid=OPENID))["errcode"] == 40014


async def test_escaped_bodies_are_understood_and_counted(api: Api, platform: Platform) -> None:
    await platform.user_sends(OPENID, "你好")
    assert await api.send("好") == 0
    assert platform.conversation(OPENID).from_bot() == ["好"]
    assert platform.counters.escaped_bodies == 1
    assert platform.counters.api_calls[SEND] == 1
