"""Template messages and subscribe notices of the service account, and the events that follow them."""

from typing import Any

import pytest

from bot.playground.account import Account
from bot.playground.ledger import Quota
from bot.playground.platform import Platform
from tests.playground import by_hand
from tests.playground.calls import OPENID, Api
from tests.playground.conftest import Clock, FakeBot

TEMPLATE = "VRR0UEO9VJOLs0MHlU0OilqX6MVFDwH3"


async def send(api: Api, how: str, **change: Any) -> dict[str, Any]:
    body = {"touser": OPENID, "template_id": TEMPLATE, "data": {"thing1": {"value": "本周小结"}}} | change
    token = (await api.stable_token())["access_token"]
    return await api.post(f"/cgi-bin/message/{how}", body, access_token=token)


class TestTemplate:
    """template/send."""

    async def test_arrives_and_its_end_is_told(self, api: Api, platform: Platform, bot: FakeBot) -> None:
        answer = await send(api, "template/send", data={"a": {"value": "一"}, "b": {"value": 2}})
        await platform.settle()
        assert answer["errcode"] == 0
        assert [(message.via, message.text) for message in platform.delivered(OPENID)] == [
            ("template", "一\n2")
        ]
        (event,) = bot.messages()
        assert by_hand.xml_value(event, "Event") == "TEMPLATESENDJOBFINISH"
        assert by_hand.xml_value(event, "MsgID") == str(answer["msgid"])
        assert by_hand.xml_value(event, "Status") == "success"

    async def test_same_client_msg_id_is_one_message(
        self, api: Api, platform: Platform, clock: Clock
    ) -> None:
        first = await send(api, "template/send", client_msg_id="digest-1")
        clock.forward(minutes=9)
        again = await send(api, "template/send", client_msg_id="digest-1")
        assert again["msgid"] == first["msgid"]
        assert len(platform.delivered(OPENID)) == 1
        assert len(platform.ledger.repeats) == 1
        clock.forward(minutes=1)
        await send(api, "template/send", client_msg_id="digest-1")
        assert len(platform.delivered(OPENID)) == 2

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"touser": "oNobody"}, 40003),
            ({"template_id": ""}, 40037),
            ({"template_id": "another"}, 40037),
            ({"data": {}}, 47003),
            ({"data": {"thing1": "bare"}}, 47003),
            ({"data": {"thing1": {"value": ""}}}, 47003),
            ({"data": {"thing2": {"value": "少了 thing1"}}}, 47003),
            ({"data": {"thing1": {"value": "好"}, "thing2": {"value": "没有这一格"}}}, 47003),
            ({"data": {"thing1": {"value": "一" * 21}}}, 47003),
            ({"data": {"thing1": {"value": "两\n行"}}}, 47003),
        ],
    )
    async def test_refused(self, api: Api, platform: Platform, change: dict[str, Any], code: int) -> None:
        platform.notices.templates = {TEMPLATE: ("thing1",)}
        for how in ("template/send", "subscribe/bizsend"):
            assert (await send(api, how, **change))["errcode"] == code
        assert platform.delivered(OPENID) == []

    async def test_someone_who_left(self, api: Api, platform: Platform) -> None:
        await platform.user_unfollows(OPENID)
        assert (await send(api, "template/send"))["errcode"] == 43004


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("thing1", ["一" * 20, "3栋2单元 No.1…"], ["一" * 21, "a\nb"]),
        ("character_string2", ["x" * 32, "1001", "No-1"], ["x" * 33, "一"]),
        ("number3", ["1001", "1.5"], ["1001号", "1" * 33]),
        ("phrase4", ["已登记", "五个汉字整"], ["六个汉字整整", "已登记…", "3月"]),
        ("time5", ["15:01", "2019年10月1日 15:01", "2019年10月1日", "2019年10月1日 15:01~2019年10月2日 15:01"],
         ["明天", "25:00", "2019年10月1日 下午"]),
        ("date6", ["2019-10-01", "2019年10月1日 15:01"], ["星期一"]),
        ("const7", ["一" * 20], ["一" * 21]),
        ("keyword1", ["长\n" * 100], []),
        ("first", ["您好"], []),
    ],
)  # fmt: skip
async def test_values_are_taken_by_the_kind_of_their_field(
    api: Api, platform: Platform, name: str, good: list[str], bad: list[str]
) -> None:
    for value, code in [(value, 0) for value in good] + [(value, 47003) for value in bad]:
        answer = await send(api, "template/send", data={name: {"value": value}})
        assert answer["errcode"] == code, value
        assert code == 0 or f"data.{name}.value" in answer["errmsg"]


class TestSubscribe:
    """subscribe/bizsend."""

    async def test_one_for_each_acceptance(self, api: Api, platform: Platform, bot: FakeBot) -> None:
        assert (await send(api, "subscribe/bizsend"))["errcode"] == 43101
        await platform.user_answers_popup(OPENID, TEMPLATE, accept=False)
        assert (await send(api, "subscribe/bizsend"))["errcode"] == 43101
        for _ in range(2):
            await platform.user_answers_popup(OPENID, TEMPLATE, accept=True)
        assert (await send(api, "subscribe/bizsend", template_id="another"))["errcode"] == 43101
        codes = [(await send(api, "subscribe/bizsend"))["errcode"] for _ in range(3)]
        assert codes == [0, 0, 43101]
        await platform.settle()
        assert platform.ledger.texts(OPENID) == ["本周小结"] * 2
        assert [excess.quota for excess in platform.exceeded()] == [Quota.SUBSCRIBE] * 4
        events = [by_hand.xml_value(message, "Event") for message in bot.messages()]
        assert events.count("subscribe_msg_popup_event") == 3
        assert events.count("subscribe_msg_sent_event") == 2

    async def test_events_as_documented(self, platform: Platform, bot: FakeBot) -> None:
        await platform.user_answers_popup(OPENID, TEMPLATE, accept=True)
        await platform.user_refuses_notices(OPENID, TEMPLATE)
        popup, change = bot.messages()
        assert "<SubscribeMsgPopupEvent><List>" in popup
        assert by_hand.xml_value(popup, "SubscribeStatusString") == "accept"
        assert by_hand.xml_value(popup, "TemplateId") == TEMPLATE
        assert "<SubscribeMsgChangeEvent><List>" in change
        assert by_hand.xml_value(change, "SubscribeStatusString") == "reject"
        assert platform.notices.accepted[OPENID, TEMPLATE] == 0

    async def test_events_in_json_have_a_bare_object(
        self, account: Account, bot: FakeBot, clock: Clock
    ) -> None:
        platform = Platform(
            account, bot.url, data_format="json", mode="plain", clock=clock, followers=[OPENID]
        )
        await platform.user_answers_popup(OPENID, TEMPLATE, accept=True)
        await platform.close()
        assert '"List": {"TemplateId"' in bot.seen[0].body


async def test_customer_service_quota_is_in_the_books(api: Api, platform: Platform, clock: Clock) -> None:
    await platform.user_sends(OPENID, "你好")
    assert [await api.send(f"{count}") for count in range(6)] == [0] * 5 + [45047]
    clock.forward(hours=48)
    assert await api.send("太晚了") == 45015
    assert [excess.quota for excess in platform.exceeded()] == [Quota.KF_COUNT, Quota.KF_WINDOW]
    assert platform.ledger.texts(OPENID) == ["0", "1", "2", "3", "4"]


async def test_faults_are_not_excesses(api: Api, platform: Platform) -> None:
    await platform.user_sends(OPENID, "你好")
    platform.faults.over_quota = platform.faults.out_of_window = platform.faults.rate_limited = 1
    assert [await api.send("x") for _ in range(4)] == [45009, 45015, 45047, 0]
    assert platform.exceeded() == []
