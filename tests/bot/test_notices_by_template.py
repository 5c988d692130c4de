"""A notice by template, from the configuration to the simulated platform, which checks fields as the real one does."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from bot.channels.factory import facts_of
from bot.channels.official_account import OfficialAccount
from bot.cli.templates import compare_templates
from bot.config import OfficialAccountSettings
from bot.playground.account import Account
from bot.playground.platform import Platform
from handlers.context import Services
from handlers.inbound import InboundKind
from storage.database import Database
from storage.states import Form, MessageClass, OutboxState
from storage.tables import OutboxMessage
from tests.bot.fakes import Clock
from tests.bot.house import Replica
from tests.channels.by_hand import APP_ID, KEY, TOKEN
from tests.handlers.neighbours import join, open_groups, overheard, told
from tests.handlers.orders import lamp, office
from tests.handlers.talk import ACCOUNTS, Talk, compound

SECRET = "the-app-secret-of-tests"
ZHAO, O_ZHAO = "wm-zhao-0000000001", "o-zhao"
TEMPLATES: dict[str, tuple[str, ...]] = {
    "T": ("thing1", "time2", "character_string3", "phrase4", "const5"),
    "S": ("thing6", "number7"),
    "R": ("character_string1", "thing2", "thing3", "phrase4", "time5", "thing6"),
}
NOTICES = {
    "receipt": {
        "template": {
            "thing1": "what",
            "time2": "time",
            "character_string3": "number",
            "phrase4": "state",
            "const5": "=社区受理",
        },
        "subscribe": {"thing6": "place", "number7": "number"},
    },
    "request": {
        "template_id": "R",
        "template": {
            "character_string1": "number",
            "thing2": "what",
            "thing3": "place",
            "phrase4": "state",
            "time5": "time",
            "thing6": "todo",
        },
    },
}


class Street:
    """A follower who is known from a group, and a replica that sends to them on the simulated platform."""

    def __init__(
        self,
        talk: Talk,
        platform: Platform,
        replica: Replica,
        settings: OfficialAccountSettings,
        channel: OfficialAccount,
    ) -> None:
        self.talk, self.platform, self.replica = talk, platform, replica
        self.settings, self.channel = settings, channel

    async def hear_and_send(self) -> OutboxMessage:
        """A matter in the group, and its receipt on its way; the window of the conversation is long closed."""
        await open_groups(self.talk, 1)
        await join(self.talk, ZHAO, O_ZHAO)
        self.talk.now = self.talk.now.replace(day=self.talk.now.day + 3)
        self.replica.clock.now = self.talk.now
        await overheard(self.talk, ZHAO, "电梯坏了三天，老人下不了楼")
        self.replica.clock.now = self.talk.now
        await self.replica.send()
        return (await self.talk.rows(OutboxMessage))[-1]

    async def raise_and_wait_three_days(self) -> int:
        """The follower tells of a lamp, 1:1, and then is not heard of; returns the number of their receipt."""
        await office(self.talk)
        number = await lamp(self.talk, O_ZHAO)
        await self.replica.send()
        await self.forward(days=3)
        return number

    async def forward(self, **much: int) -> None:
        self.talk.now += timedelta(**much)
        self.replica.clock.now = self.talk.now
        await self.replica.send()

    async def staff(self, *said: tuple[str, str]) -> None:
        """What staff say, each sent on at once."""
        for userid, words in said:
            answer = await told(self.talk, userid, words, "")
            assert answer.outcome.startswith(("request.", "matter.")), (words, answer)
            self.replica.clock.now = self.talk.now
            await self.replica.send()

    def arrived(self) -> list[tuple[str, str]]:
        return [(message.via, message.text) for message in self.platform.delivered(O_ZHAO)]


@pytest.fixture
async def street(database: Database, services: Services, clock: Clock) -> AsyncIterator[Street]:
    platform = Platform(Account(APP_ID, SECRET, TOKEN, KEY, "gh_7f083739789a"), followers=[O_ZHAO])
    platform.notices.templates = dict(TEMPLATES)
    settings = OfficialAccountSettings.model_validate(
        {
            "kind": "official_account", "app_id": APP_ID, "app_secret": SECRET, "token": TOKEN,
            "encoding_aes_key": KEY, "api_base": await platform.start(),
            "template_id": "T", "subscribe_template_id": "S", "notices": NOTICES,
        }
    )  # fmt: skip
    services = replace(
        services,
        accounts=ACCOUNTS | facts_of({"main": settings}),
        default_compounds={},
        public_url="https://yishi.example.org",
    )
    async with aiohttp.ClientSession() as http:
        channel = OfficialAccount("main", settings, http, time.monotonic)
        replica = Replica(database, services, clock)
        replica.channels["main"] = channel
        talk = Talk(database, services)
        await talk.enrol(compound())
        await talk.bind(O_ZHAO)
        await replica.send()
        yield Street(talk, platform, replica, settings, channel)
    await platform.stop()


async def test_a_receipt_goes_by_template_with_its_fields(street: Street) -> None:
    message = await street.hear_and_send()
    assert (message.message_class, message.form) == (MessageClass.RECEIPT, Form.TEMPLATE)
    assert message.state is OutboxState.SENT
    assert street.arrived() == [
        ("template", "电梯与加装电梯·停运与故障\n2026年3月15日 12:00\n1001\n待核实\n社区受理")
    ]


async def test_a_receipt_goes_by_the_subscribe_message_that_was_accepted(street: Street) -> None:
    await street.talk.hear(O_ZHAO, kind=InboundKind.NOTICE_ACCEPTED)
    street.platform.notices.accepted[O_ZHAO, "S"] = 1
    message = await street.hear_and_send()
    assert (message.form, message.state) == (Form.SUBSCRIBE, OutboxState.SENT)
    assert street.arrived() == [("subscribe", "3栋\n1001")]


async def test_when_the_template_was_changed_in_the_console_it_is_text_that_waits(street: Street) -> None:
    street.platform.notices.templates = {"T": (*TEMPLATES["T"], "thing9")}
    message = await street.hear_and_send()
    assert street.platform.counters.errors[47003] == 1
    assert (message.form, message.state) == (Form.TEXT, OutboxState.WAITING)
    assert "template@main: refused 47003" in message.reason
    assert street.arrived() == []


async def test_the_whole_way_of_a_request_arrives_by_template_three_days_after_the_last_word(
    street: Street,
) -> None:
    number = await street.raise_and_wait_three_days()
    before = len(street.arrived())
    await street.staff(
        ("shu", f"派单 {number} 物业"),
        ("li", f"接单 {number}"),
        ("li", f"回复 {number} 灯具明天到货，老王负责"),
        ("li", f"办结 {number} 3栋的灯换好了"),
    )
    arrived = street.arrived()[before:]
    assert {via for via, _text in arrived} == {"template"}
    lines = [text.splitlines() for _via, text in arrived]
    assert [(line[3], line[5]) for line in lines] == [
        ("已派单", "等物业接单，有进展再告诉您"),
        ("已接单", "等物业办好，有进展再告诉您"),
        ("有回音", f"看回音：回复 进度 {number}"),
        ("已办好", "请评价：回复满意或不满意"),
    ]
    for line in lines:
        assert line[:3] == [str(number), "公共设施与改造·路灯楼道灯", "3栋2单元"]
        assert not any(word in "".join(line) for word in ("老王", "换好", "看不见", "o-zhao", "赵"))
    said = [
        row.payload["notices"]["template@main"]
        for row in await street.talk.rows(OutboxMessage)
        if row.form is Form.TEMPLATE and row.payload
    ]
    assert {one["url"] for one in said} == {f"https://yishi.example.org/h5/mine/{number}"}
    # What is answered to it finds the question.
    assert (await street.talk.hear(O_ZHAO, "满意")).outcome == "request.rated"


async def test_what_ends_otherwise_is_told_by_template_too(street: Street) -> None:
    number = await street.raise_and_wait_three_days()
    await street.staff(("shu", f"派单 {number} 物业"), ("li", f"不是我们的 {number} 找供电公司"))
    await street.staff(("shu", f"不是事 {number}"))
    states = [text.splitlines()[3] for via, text in street.arrived() if via == "template"]
    assert states == ["已派单", "换人办理", "不再办理"]


async def test_a_step_that_the_template_has_no_field_for_is_refused_and_waits(street: Street) -> None:
    street.platform.notices.templates = TEMPLATES | {"R": TEMPLATES["R"][:-1]}
    number = await street.raise_and_wait_three_days()
    await street.staff(("shu", f"派单 {number} 物业"))
    assert street.platform.counters.errors[47003] == 1
    [step] = [row for row in await street.talk.rows(OutboxMessage) if "已交给" in row.text]
    assert (step.recipient, step.form, step.state) == (O_ZHAO, Form.TEXT, OutboxState.WAITING)


# ./run doctor


async def test_the_doctor_names_a_kind_with_a_field_that_the_template_has_not(street: Street) -> None:
    async def found() -> dict[str, str]:
        return {one.what: one.fault async for one in compare_templates(street.settings, street.channel)}

    assert set((await found()).values()) == {""}
    street.platform.notices.templates = TEMPLATES | {
        "R": (*TEMPLATES["R"][1:], "thing9"),
        "S": ("number7",),
    }
    assert await found() == {
        "notices.receipt.template": "",
        "notices.receipt.subscribe": "the template has no field thing6",
        "notices.request.template": "the template has no field character_string1; "
        "nothing is said for its field thing9",
    }
    street.platform.notices.templates = {}  # as with templates by category, which the platform may not list
    assert set((await found()).values()) == {""}
