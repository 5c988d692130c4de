from pathlib import Path

import aiohttp
import pytest

from bot.channels.base import CallbackChannel, Channel
from bot.channels.factory import facts_of, open_channel
from bot.config import ChannelSettings, ChatArchiveSettings, SpeakingSettings
from handlers.context import AccountFacts
from handlers.reach.fields import NoticeKind, Template
from storage.states import ChannelKind, Form
from tests.channels.by_hand import settings
from tests.channels.stub_platform import Clock
from tests.channels.wecom_by_hand import app_settings, robot_settings, webhook_settings

SPEAKING: dict[str, SpeakingSettings] = {
    "main": settings(
        template_id="T",
        subscribe_template_id="S",
        notices={
            "alert": {"template_id": "T-2", "template": {"thing1": "what"}},
            "receipt": {"template": {"thing1": "place"}, "subscribe": {"character_string1": "number"}},
            "digest": {},
        },
    ),
    "corp": app_settings(),
    "helper": robot_settings(),
    "duty": webhook_settings(),
}
ARCHIVE = ChatArchiveSettings(kind="chat_archive", corp="corp", private_keys={"1": Path("k.pem")})


@pytest.mark.parametrize("name", SPEAKING)
async def test_each_kind_has_its_channel(name: str) -> None:
    async with aiohttp.ClientSession() as http:
        channel: Channel = open_channel(name, SPEAKING[name], http, Clock())
        assert (channel.account, channel.kind) == (name, ChannelKind(SPEAKING[name].kind))
        assert isinstance(channel, CallbackChannel) is (name != "duty")


def test_what_handlers_are_told_of_the_accounts() -> None:
    accounts: dict[str, ChannelSettings] = {**SPEAKING, "archive": ARCHIVE}
    assert facts_of(accounts) == {
        "main": AccountFacts(
            ChannelKind.OFFICIAL_ACCOUNT,
            "main",
            {
                (NoticeKind.ALERT, Form.TEMPLATE): Template("T-2", {"thing1": "what"}),
                (NoticeKind.RECEIPT, Form.TEMPLATE): Template("T", {"thing1": "place"}),
                (NoticeKind.RECEIPT, Form.SUBSCRIBE): Template("S", {"character_string1": "number"}),
            },
        ),
        "corp": AccountFacts(ChannelKind.WECOM_APP, "corp"),
        "helper": AccountFacts(ChannelKind.AIBOT, "corp"),
        "duty": AccountFacts(ChannelKind.GROUP_WEBHOOK, "corp"),
        "archive": AccountFacts(ChannelKind.CHAT_ARCHIVE, "corp"),
    }
