"""Web sign-in: the authorize page of both products, and what a code is good for."""

import re
from html import unescape
from typing import Any

import pytest
from yarl import URL

from bot.playground.platform import Platform
from tests.playground.calls import OPENID, Api
from tests.playground.conftest import Clock
from tests.playground.corp import AUNT, CORP, LODGER, SECRETARY, CorpApi

SITE = "http://127.0.0.1:9/back?next=digest"


async def authorize(api: Api, app_id: str, **change: str) -> tuple[int, str, str]:
    """The status, the body, and where the browser is sent."""
    query = {
        "appid": app_id,
        "redirect_uri": SITE,
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "abc123",
    }
    async with api.session.get(
        f"{api.base_url}/connect/oauth2/authorize", params=query | change, allow_redirects=False
    ) as response:
        return response.status, await response.text(), response.headers.get("Location", "")


async def code_of(api: Api, app_id: str, person: str, **change: str) -> str:
    status, _, place = await authorize(api, app_id, **{"as": person}, **change)
    assert status == 302
    return URL(place).query["code"]


async def exchange(api: Api, issued: str, **change: str) -> dict[str, Any]:
    query = {"appid": api.account.app_id, "secret": api.account.app_secret, "code": issued}
    return await api.get(
        "/sns/oauth2/access_token", **(query | {"grant_type": "authorization_code"} | change)
    )


async def test_the_page_asks_whose_phone_it_is(api: Api, platform: Platform) -> None:
    platform.names[OPENID] = "<b>林阿姨</b>"
    status, html, _ = await authorize(api, api.account.app_id)
    assert status == 200
    assert "&lt;b&gt;林阿姨&lt;/b&gt;" in html
    links = [unescape(link) for link in re.findall(r'<a href="([^"]+)"', html)]
    async with api.session.get(api.base_url + links[0], allow_redirects=False) as response:
        place = URL(response.headers["Location"])
        assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert str(place).startswith("http://127.0.0.1:9/back?")
    assert place.query["next"] == "digest"
    assert place.query["state"] == "abc123"
    assert (await exchange(api, place.query["code"]))["openid"] == OPENID
    async with api.session.get(api.base_url + "/connect/sign-in.css") as response:
        assert response.content_type == "text/css"


async def test_page_is_skipped_when_it_is_known(api: Api, platform: Platform) -> None:
    platform.sign_in.as_person[api.account.app_id] = OPENID
    assert (await authorize(api, api.account.app_id))[0] == 302


@pytest.mark.parametrize(
    "change",
    [
        {"appid": "wx0"},
        {"redirect_uri": "http://evil.example/back"},
        {"redirect_uri": "javascript:alert(1)"},
        {"response_type": "token"},
        {"scope": "everything"},
        {"state": "a-b"},
        {"state": "a" * 129},
        {"as": "oNobody"},
        {"as": SECRETARY},
    ],
)
async def test_requests_that_the_platform_refuses(api: Api, change: dict[str, str]) -> None:
    status, _, place = await authorize(api, api.account.app_id, **change)
    assert (status, place) == (400, "")


class TestServiceAccount:
    """sns/oauth2/access_token and sns/userinfo."""

    async def test_code_works_once_and_for_five_minutes(self, api: Api, clock: Clock) -> None:
        code = await code_of(api, api.account.app_id, OPENID)
        late = await code_of(api, api.account.app_id, OPENID)
        got = await exchange(api, code)
        assert (got["openid"], got["scope"]) == (OPENID, "snsapi_base")
        assert "is_snapshotuser" not in got
        assert (await exchange(api, code))["errcode"] == 40163
        clock.forward(minutes=5)
        assert (await exchange(api, late))["errcode"] == 40029
        assert (await exchange(api, "nonsense"))["errcode"] == 40029

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"appid": "wx0"}, 40013),
            ({"secret": "wrong"}, 40125),
            ({"code": ""}, 41008),
            ({"grant_type": "client_credential"}, 40002),
        ],
    )
    async def test_a_bad_exchange_leaves_the_code_good(
        self, api: Api, change: dict[str, str], code: int
    ) -> None:
        issued = await code_of(api, api.account.app_id, OPENID)
        assert (await exchange(api, issued, **change))["errcode"] == code
        assert (await exchange(api, issued))["openid"] == OPENID

    async def test_snapshot_page_is_a_virtual_account(self, api: Api, platform: Platform) -> None:
        code = await code_of(api, api.account.app_id, OPENID, snapshot="1")
        assert (await exchange(api, code))["is_snapshotuser"] == 1
        platform.sign_in.snapshots.add(OPENID)
        code = await code_of(api, api.account.app_id, OPENID)
        assert (await exchange(api, code))["is_snapshotuser"] == 1

    async def test_unionid_and_profile_only_with_consent(self, api: Api, platform: Platform) -> None:
        platform.union_ids[OPENID] = "uAunt"
        base = await exchange(api, await code_of(api, api.account.app_id, OPENID))
        assert "unionid" not in base
        code = await code_of(api, api.account.app_id, OPENID, scope="snsapi_userinfo")
        full = await exchange(api, code)
        assert full["unionid"] == "uAunt"
        profile = {"openid": OPENID, "lang": "zh_CN"}
        got = await api.get("/sns/userinfo", access_token=full["access_token"], **profile)
        assert got["unionid"] == "uAunt"
        refused = await api.get("/sns/userinfo", access_token=base["access_token"], **profile)
        assert refused["errcode"] == 48001
        assert (await api.get("/sns/userinfo", access_token="x", **profile))["errcode"] == 40001

    async def test_page_token_is_no_api_token(self, api: Api) -> None:
        got = await exchange(api, await code_of(api, api.account.app_id, OPENID))
        assert await api.send("x", token=got["access_token"]) in (40001, 40014)


class TestCorp:
    """auth/getuserinfo."""

    async def redeem(self, corp_api: CorpApi, code: str) -> dict[str, Any]:
        token = await corp_api.token()
        return await corp_api.api.get("/cgi-bin/auth/getuserinfo", access_token=token, code=code)

    async def test_member_and_others(self, corp_api: CorpApi, api: Api) -> None:
        member = await self.redeem(corp_api, await code_of(api, CORP.corp_id, SECRETARY))
        assert member == {"errcode": 0, "errmsg": "ok", "userid": SECRETARY}
        resident = await self.redeem(corp_api, await code_of(api, CORP.corp_id, LODGER))
        assert (resident["openid"], resident["external_userid"]) == ("oCorpLodger", LODGER)
        assert "userid" not in resident

    async def test_once_five_minutes_and_only_here(self, corp_api: CorpApi, api: Api, clock: Clock) -> None:
        code = await code_of(api, CORP.corp_id, AUNT)
        assert (await exchange(api, code))["errcode"] == 40029
        assert (await self.redeem(corp_api, code))["errcode"] == 0
        assert (await self.redeem(corp_api, code))["errcode"] == 40029
        late = await code_of(api, CORP.corp_id, AUNT)
        clock.forward(minutes=5)
        assert (await self.redeem(corp_api, late))["errcode"] == 40029
        other = await code_of(api, api.account.app_id, OPENID)
        assert (await self.redeem(corp_api, other))["errcode"] == 40029
