"""A notice by template, from the configuration to the simulated platform, which checks fields as the real one does."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from bot.channels.factory import facts_of
from bot.channels.official_account import OfficialAccount
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
from tests.handlers.neighbours import join, open_groups, overheard
from tests.handlers.talk import ACCOUNTS, Talk, compound

SECRET = "the-app-secret-of-tests"
ZHAO, O_ZHAO = "wm-zhao-0000000001", "o-zhao"
TEMPLATES = {
    "T": ("thing1", "time2", "character_string3", "phrase4", "const5"),
    "S": ("thing6", "number7"),
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
    }
}


class Street:
    """A follower who is known from a group, and a replica that sends to them on the simulated platform."""

    def __init__(self, talk: Talk, platform: Platform, replica: Replica) -> None:
        self.talk, self.platform, self.replica = talk, platform, replica

    async def hear_and_send(self) -> OutboxMessage:
        """A matter in the group, and its receipt on its way; the window of the conversation is long closed."""
        self.talk.now = self.talk.now.replace(day=self.talk.now.day + 3)
        self.replica.clock.now = self.talk.now
        await overheard(self.talk, ZHAO, "电梯坏了三天，老人下不了楼")
        self.replica.clock.now = self.talk.now
        await self.replica.send()
        return (await self.talk.rows(OutboxMessage))[-1]

    def arrived(self) -> list[tuple[str, str]]:
        return [(message.via, message.text) for message in self.platform.delivered(O_ZHAO)]


@pytest.fixture
async def street(database: Database, services: Services, clock: Clock) -> AsyncIterator[Street]:
    platform = Platform(Account(APP_ID, SECRET, TOKEN, KEY, "gh_7f083739789a"), followers=[O_ZHAO])
    platform.notices.templates = TEMPLATES
    settings = OfficialAccountSettings.model_validate(
        {
            "kind": "official_account", "app_id": APP_ID, "app_secret": SECRET, "token": TOKEN,
            "encoding_aes_key": KEY, "api_base": await platform.start(),
            "template_id": "T", "subscribe_template_id": "S", "notices": NOTICES,
        }
    )  # fmt: skip
    services = replace(services, accounts=ACCOUNTS | facts_of({"main": settings}), default_compounds={})
    async with aiohttp.ClientSession() as http:
        channel = OfficialAccount("main", settings, http, time.monotonic)
        replica = Replica(database, services, clock)
        replica.channels["main"] = channel
        talk = Talk(database, services)
        await talk.enrol(compound())
        await open_groups(talk, 1)
        await talk.bind(O_ZHAO)
        await join(talk, ZHAO, O_ZHAO)
        await replica.send()
        yield Street(talk, platform, replica)
    await platform.stop()


async def test_a_receipt_goes_by_template_with_its_fields(street: Street) -> None:
    message = await street.hear_and_send()
    assert (message.message_class, message.form) == (MessageClass.RECEIPT, Form.TEMPLATE)
    assert message.state is OutboxState.SENT
    assert street.arrived() == [
        ("template", "电梯与加装电梯·停运与故障\n2026年3月15日 12:00\n1001\n已登记\n社区受理")
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
