"""WeCom's API on the simulator: tokens, app messages, webhooks, groups and 企业群发, over HTTP."""

from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from bot.playground.errors import NotPossible
from bot.playground.faults import ALWAYS
from bot.playground.ledger import Quota
from bot.playground.platform import Platform
from bot.playground.wecom.platform import app_chat
from tests.playground.calls import Api
from tests.playground.conftest import Clock
from tests.playground.corp import (
    AUNT,
    BUILDING,
    CORP,
    KEY,
    LODGER,
    MANAGER,
    OTHER,
    SECRETARY,
    STAFF,
    CorpApi,
    FakeArchive,
)

ADD = "/cgi-bin/externalcontact/add_msg_template"


def codes(answers: list[dict[str, Any]]) -> list[int]:
    return [answer["errcode"] for answer in answers]


class TestTokens:
    """gettoken."""

    async def test_same_token_until_it_is_old(self, corp_api: CorpApi, clock: Clock) -> None:
        first = await corp_api.token()
        clock.forward(hours=1)
        assert await corp_api.token() == first
        clock.forward(hours=1)
        assert await corp_api.token() != first
        assert (await corp_api.api.get("/cgi-bin/getcallbackip", access_token=first))["errcode"] == 42001

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"corpid": "ww0", "corpsecret": CORP.secret}, 40013),
            ({"corpid": CORP.corp_id, "corpsecret": "wrong"}, 40001),
            ({"corpid": CORP.corp_id}, 41004),
            ({"corpsecret": CORP.secret}, 41002),
        ],
    )
    async def test_bad_credentials(self, corp_api: CorpApi, query: dict[str, str], code: int) -> None:
        answer = await corp_api.api.get("/cgi-bin/gettoken", **query)
        assert answer["errcode"] == code
        assert f"devtool/query?e={code}" in answer["errmsg"]

    async def test_tokens_of_the_two_products_are_strangers(self, corp_api: CorpApi) -> None:
        theirs = (await corp_api.api.stable_token())["access_token"]
        ours = await corp_api.token()
        assert (await corp_api.api.get("/cgi-bin/getcallbackip", access_token=theirs))["errcode"] == 40014
        assert (await corp_api.api.get("/cgi-bin/getcallbackip"))["errcode"] == 41001
        assert await corp_api.api.send("x", token=ours) == 40001
        for token in (ours, theirs):
            assert "ip_list" in await corp_api.api.get("/cgi-bin/get_api_domain_ip", access_token=token)

    async def test_probe(self, corp_api: CorpApi) -> None:
        token = await corp_api.token()
        good = await corp_api.api.get("/cgi-bin/agent/get", access_token=token, agentid=str(CORP.agent_id))
        assert good["errcode"] == 0
        bad = await corp_api.api.get("/cgi-bin/agent/get", access_token=token, agentid="7")
        assert bad["errcode"] == 40056


class TestAppMessages:
    """message/send."""

    async def test_arrives_at_the_members(self, corp_api: CorpApi, platform: Platform) -> None:
        answer = await corp_api.send("今晚开会", f"{SECRETARY}|Nobody|{MANAGER}")
        assert (answer["errcode"], answer["invaliduser"]) == (0, "Nobody")
        for userid in (SECRETARY, MANAGER):
            assert [message.text for message in platform.delivered(userid)] == ["今晚开会"]
        room = platform.wecom.rooms.find(app_chat(SECRETARY))
        assert room is not None
        assert room.texts() == ["今晚开会"]
        assert platform.counters.sends == {SECRETARY: 1, MANAGER: 1}

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"touser": "Nobody"}, 81013),
            ({"touser": AUNT}, 81013),
            ({"touser": BUILDING}, 81013),
            ({"agentid": 7}, 40056),
            ({"msgtype": "hologram"}, 40008),
            ({"text": {"content": ""}}, 44004),
            ({"touser": "|".join(f"u{i}" for i in range(1001))}, 40032),
        ],
    )
    async def test_refused(
        self, corp_api: CorpApi, platform: Platform, change: dict[str, Any], code: int
    ) -> None:
        assert (await corp_api.send("x", **change))["errcode"] == code
        assert platform.ledger.delivered == {}

    async def test_thirty_a_minute_and_then_silence(
        self, corp_api: CorpApi, platform: Platform, clock: Clock
    ) -> None:
        assert codes([await corp_api.send(f"第 {i} 条") for i in range(31)]) == [0] * 31
        assert len(platform.delivered(SECRETARY)) == 30
        assert [(excess.quota, excess.recipient) for excess in platform.exceeded()] == [
            (Quota.MEMBER_MINUTE, SECRETARY)
        ]
        assert (await corp_api.send("别人的", MANAGER))["errcode"] == 0
        clock.forward(minutes=1)
        await corp_api.send("又可以了")
        assert platform.delivered(SECRETARY)[-1].text == "又可以了"
        assert len(platform.exceeded(Quota.MEMBER_MINUTE)) == 1

    async def test_a_thousand_an_hour(self, corp_api: CorpApi, platform: Platform, clock: Clock) -> None:
        for minute in range(34):
            for count in range(30):
                await corp_api.send(f"{minute}:{count}")
            clock.forward(minutes=1)
        assert len(platform.delivered(SECRETARY)) == 1000
        assert {excess.quota for excess in platform.exceeded()} == {Quota.MEMBER_HOUR}

    async def test_duplicate_check_only_when_asked_for(
        self, corp_api: CorpApi, platform: Platform, clock: Clock
    ) -> None:
        await corp_api.send("同一句")
        await corp_api.send("同一句")
        assert len(platform.delivered(SECRETARY)) == 2
        checked: dict[str, Any] = {"enable_duplicate_check": 1}
        first = await corp_api.send("另一句", **checked)
        clock.forward(seconds=1799)
        again = await corp_api.send("另一句", **checked)
        assert again == first
        assert len(platform.delivered(SECRETARY)) == 3
        assert [message.text for message in platform.ledger.repeats] == ["另一句"]
        clock.forward(seconds=1)
        await corp_api.send("另一句", **checked)
        await corp_api.send("另一句", **checked, duplicate_check_interval=0)
        assert len(platform.delivered(SECRETARY)) == 5

    async def test_too_long_is_cut_off_in_silence(self, corp_api: CorpApi, platform: Platform) -> None:
        assert (await corp_api.send("长" * 683))["errcode"] == 0
        assert platform.delivered(SECRETARY)[0].text == "长" * 682
        assert len(platform.exceeded(Quota.APP_BYTES)) == 1


class TestWebhook:
    """webhook/send."""

    async def test_twenty_a_minute(self, corp_api: CorpApi, platform: Platform, clock: Clock) -> None:
        assert codes([await corp_api.webhook(f"{i}") for i in range(20)]) == [0] * 20
        clock.forward(seconds=59)
        assert (await corp_api.webhook("太快"))["errcode"] == 45009
        clock.forward(seconds=1)
        assert (await corp_api.webhook("现在行了"))["errcode"] == 0
        assert len(platform.delivered(STAFF)) == 21
        assert [excess.recipient for excess in platform.exceeded(Quota.WEBHOOK_MINUTE)] == [STAFF]

    async def test_limits_and_keys(self, corp_api: CorpApi, platform: Platform) -> None:
        assert (await corp_api.webhook("x", key="another-key"))["errcode"] == 93000
        assert (await corp_api.webhook("长" * 682))["errcode"] == 0
        assert (await corp_api.webhook("长" * 683))["errcode"] == 45002
        assert (await corp_api.webhook("长" * 1365, kind="markdown"))["errcode"] == 0
        assert (await corp_api.webhook("长" * 1366, kind="markdown"))["errcode"] == 45002
        assert (await corp_api.webhook("x", kind="voice"))["errcode"] == 40008
        assert (await corp_api.webhook(""))["errcode"] == 44004
        assert len(platform.delivered(STAFF)) == 2

    @pytest.mark.usefixtures("archive")
    def test_only_internal_groups_have_the_button(self, platform: Platform) -> None:
        with pytest.raises(NotPossible):
            platform.wecom.add_webhook(BUILDING, "key")
        with pytest.raises(NotPossible):
            platform.wecom.add_internal_group("wrkMixed", "混合群", SECRETARY, [AUNT])


class TestCustomerGroups:
    """externalcontact/groupchat/*, and what does not reach a customer group."""

    async def test_get(self, corp_api: CorpApi) -> None:
        got = await corp_api.about("groupchat/get", chat_id=BUILDING, need_name=1)
        chat = got["group_chat"]
        assert (chat["name"], chat["owner"]) == ("3栋业主群", SECRETARY)
        people = {row["userid"]: row for row in chat["member_list"]}
        assert [people[person]["type"] for person in (SECRETARY, AUNT, LODGER)] == [1, 2, 2]
        assert people[AUNT]["name"] == "林阿姨"
        assert people[AUNT]["unionid"] == "uAunt"
        assert "unionid" not in people[LODGER]
        bare = await corp_api.about("groupchat/get", chat_id=BUILDING)
        assert all("name" not in row for row in bare["group_chat"]["member_list"])
        assert bare["group_chat"]["member_version"] == chat["member_version"]

    async def test_get_of_what_is_no_customer_group(self, corp_api: CorpApi) -> None:
        assert (await corp_api.about("groupchat/get", chat_id="wrNothing"))["errcode"] == 86003
        assert (await corp_api.about("groupchat/get", chat_id=STAFF))["errcode"] == 90501

    async def test_list_pages(self, corp_api: CorpApi) -> None:
        first = await corp_api.about("groupchat/list", limit=1)
        assert [row["chat_id"] for row in first["group_chat_list"]] == [BUILDING]
        second = await corp_api.about("groupchat/list", limit=1, cursor=first["next_cursor"])
        assert [row["chat_id"] for row in second["group_chat_list"]] == [OTHER]
        assert "next_cursor" not in second
        owned = await corp_api.about("groupchat/list", limit=9, owner_filter={"userid_list": [MANAGER]})
        assert [row["chat_id"] for row in owned["group_chat_list"]] == [OTHER]
        assert (await corp_api.about("groupchat/list"))["errcode"] == 40035

    @pytest.mark.parametrize(("chat_id", "code"), [(BUILDING, 86008), (STAFF, 86008), ("nothing", 86003)])
    async def test_appchat_reaches_no_group_that_people_made(
        self, corp_api: CorpApi, platform: Platform, chat_id: str, code: int
    ) -> None:
        body = {"chatid": chat_id, "msgtype": "text", "text": {"content": "x"}}
        assert (await corp_api.post("/cgi-bin/appchat/send", body))["errcode"] == code
        assert platform.ledger.delivered == {}


class TestGroupTasks:
    """企业群发: nothing happens before the owner taps."""

    async def test_waits_for_the_tap(
        self, corp_api: CorpApi, platform: Platform, archive: FakeArchive, clock: Clock
    ) -> None:
        made = await corp_api.task()
        assert (made["errcode"], made["fail_list"]) == (0, [])
        msgid = made["msgid"]
        assert platform.delivered(BUILDING) == []
        assert (await corp_api.about("get_groupmsg_task", msgid=msgid))["task_list"] == [
            {"userid": SECRETARY, "status": 0}
        ]
        waiting = await corp_api.about("get_groupmsg_send_result", msgid=msgid, userid=SECRETARY)
        assert waiting["send_list"] == [{"chat_id": BUILDING, "userid": SECRETARY, "status": 0}]
        clock.forward(minutes=7)
        platform.wecom.owner_taps(msgid)
        at = int(clock.now.timestamp())
        assert (await corp_api.about("get_groupmsg_task", msgid=msgid))["task_list"] == [
            {"userid": SECRETARY, "status": 2, "send_time": at}
        ]
        sent = await corp_api.about("get_groupmsg_send_result", msgid=msgid, userid=SECRETARY)
        assert sent["send_list"] == [{"chat_id": BUILDING, "userid": SECRETARY, "status": 1, "send_time": at}]
        assert [(message.via, message.text) for message in platform.delivered(BUILDING)] == [
            ("task", "本周征集开始了")
        ]
        assert archive.said == [(BUILDING, SECRETARY, "本周征集开始了", "")]
        with pytest.raises(NotPossible):
            platform.wecom.owner_taps(msgid)

    async def test_groups_of_others_fail(self, corp_api: CorpApi, platform: Platform) -> None:
        made = await corp_api.task(chat_id_list=[BUILDING, OTHER, STAFF, "wrNothing"])
        assert made["fail_list"] == [OTHER, STAFF, "wrNothing"]
        platform.wecom.owner_taps(made["msgid"])
        assert set(platform.ledger.delivered) == {BUILDING}
        none = await corp_api.task(chat_id_list=[STAFF])
        assert (none["errcode"], none["fail_list"]) == (41048, [STAFF])

    async def test_without_a_list_all_groups_of_the_sender(
        self, corp_api: CorpApi, platform: Platform
    ) -> None:
        body = {"chat_type": "group", "sender": MANAGER, "text": {"content": "通知"}}
        made = await corp_api.post(ADD, body)
        assert set(platform.wecom.tasks.all[made["msgid"]].chats) == {OTHER}

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"chat_type": "single"}, 86214),
            ({"sender": ""}, 40063),
            ({"sender": "Nobody"}, 60111),
            ({"text": {"content": ""}}, 40063),
            ({"text": {"content": "长" * 1334}}, 45002),
            ({"chat_id_list": BUILDING}, 40035),
        ],
    )
    async def test_refused(
        self, corp_api: CorpApi, platform: Platform, change: dict[str, Any], code: int
    ) -> None:
        assert (await corp_api.task(**change))["errcode"] == code
        assert platform.wecom.tasks.all == {}

    async def test_as_many_a_month_as_it_has_days(
        self, corp_api: CorpApi, platform: Platform, clock: Clock
    ) -> None:
        clock.now = datetime(2026, 2, 10, tzinfo=UTC)
        for count in range(28):
            platform.wecom.owner_taps((await corp_api.task(f"{count}"))["msgid"])
        more = await corp_api.task("太多了")
        assert (more["errcode"], more["fail_list"]) == (41048, [BUILDING])
        assert [excess.quota for excess in platform.exceeded()] == [Quota.GROUP_MONTH]
        # The month ends in China, eight hours before it does in UTC.
        clock.now = datetime(2026, 2, 28, 16, 0, tzinfo=UTC)
        assert (await corp_api.task("三月"))["errcode"] == 0

    async def test_waiting_ones_count_and_cancelled_ones_do_not(
        self, corp_api: CorpApi, clock: Clock
    ) -> None:
        clock.now = datetime(2026, 2, 10, tzinfo=UTC)
        made = [await corp_api.task(f"{count}") for count in range(28)]
        assert (await corp_api.task("太多了"))["errcode"] == 41048
        assert (await corp_api.about("cancel_groupmsg_send", msgid=made[0]["msgid"]))["errcode"] == 0
        assert (await corp_api.task("有空了"))["errcode"] == 0

    async def test_cancelled_cannot_be_tapped(self, corp_api: CorpApi, platform: Platform) -> None:
        msgid = (await corp_api.task())["msgid"]
        await corp_api.about("cancel_groupmsg_send", msgid=msgid)
        with pytest.raises(NotPossible):
            platform.wecom.owner_taps(msgid)
        assert platform.delivered(BUILDING) == []

    async def test_three_reminders_in_a_day(
        self, corp_api: CorpApi, platform: Platform, clock: Clock
    ) -> None:
        msgid = (await corp_api.task())["msgid"]
        reminded = [await corp_api.about("remind_groupmsg_send", msgid=msgid) for _ in range(4)]
        assert codes(reminded) == [0, 0, 0, 45009]
        assert platform.wecom.tasks.all[msgid].reminded == 3
        clock.forward(hours=24)
        assert (await corp_api.about("remind_groupmsg_send", msgid=msgid))["errcode"] == 0
        assert len(platform.exceeded(Quota.REMIND_DAY)) == 1

    @pytest.mark.parametrize("call", ["get_groupmsg_task", "remind_groupmsg_send", "cancel_groupmsg_send"])
    async def test_unknown_tasks(self, corp_api: CorpApi, call: str) -> None:
        assert (await corp_api.about(call, msgid=""))["errcode"] == 41046
        assert (await corp_api.about(call, msgid="msgNothing"))["errcode"] == 41047

    async def test_results_of_someone_else(self, corp_api: CorpApi) -> None:
        msgid = (await corp_api.task())["msgid"]
        got = await corp_api.about("get_groupmsg_send_result", msgid=msgid, userid=MANAGER)
        assert got["send_list"] == []
        assert (await corp_api.about("get_groupmsg_send_result", msgid=msgid))["errcode"] == 40063


class TestFaults:
    """The same knobs as for the service account."""

    @pytest.mark.parametrize(
        ("fault", "code"), [("token_expired", 42001), ("rate_limited", 45009), ("busy", -1)]
    )
    async def test_once(self, corp_api: CorpApi, platform: Platform, fault: str, code: int) -> None:
        platform.faults.api_path = "/cgi-bin/message/send"
        setattr(platform.faults, fault, 1)
        assert codes([await corp_api.send("一"), await corp_api.send("二")]) == [code, 0]
        assert platform.ledger.texts(SECRETARY) == ["二"]
        assert platform.exceeded() == []

    async def test_address_not_allowed_reads_as_wecoms(self, corp_api: CorpApi, platform: Platform) -> None:
        platform.faults.ip_not_whitelisted = ALWAYS
        assert (await corp_api.api.get("/cgi-bin/gettoken"))["errcode"] == 60020
        assert (await corp_api.api.get("/cgi-bin/token"))["errcode"] == 40164

    async def test_webhook_has_no_token_to_expire(self, corp_api: CorpApi, platform: Platform) -> None:
        platform.faults.token_expired = platform.faults.rate_limited = 1
        assert codes([await corp_api.webhook("一"), await corp_api.webhook("二")]) == [45009, 0]
        assert platform.faults.token_expired == 1

    async def test_time_out_after_acceptance(self, corp_api: CorpApi, platform: Platform) -> None:
        platform.faults.api_path = ADD
        platform.faults.timeout_after = 1
        with pytest.raises(TimeoutError):
            await corp_api.task()
        assert len(platform.wecom.tasks.waiting()) == 1

    async def test_500_before_anything(self, corp_api: CorpApi, platform: Platform, api: Api) -> None:
        platform.faults.http_500 = 1
        async with api.session.post(
            f"{platform.base_url}/cgi-bin/webhook/send", params={"key": KEY}, json={}
        ) as response:
            assert response.status == 500
        assert platform.delivered(STAFF) == []

    async def test_wrong_method_and_body(self, corp_api: CorpApi) -> None:
        token = await corp_api.token()
        got = await corp_api.api.get("/cgi-bin/message/send", access_token=token)
        assert got["errcode"] == 43002
        async with corp_api.api.session.post(
            f"{corp_api.api.base_url}{ADD}", params={"access_token": token}, data=b"{"
        ) as response:
            assert (await response.json())["errcode"] == 47001


async def test_without_a_corp_its_paths_do_not_exist(api: Api, platform: Platform) -> None:
    alone = Platform(platform.account)
    address = await alone.start()
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{address}/cgi-bin/gettoken") as response:
            assert (await response.json())["errcode"] == 40066
    finally:
        await alone.stop()
