"""Which class serves which kind of account, and what handlers need to know of the accounts."""

from collections.abc import Callable, Mapping

import aiohttp

from bot.channels.aibot import Aibot
from bot.channels.base import Channel
from bot.channels.group_webhook import GroupWebhook
from bot.channels.official_account import OfficialAccount
from bot.channels.wecom_app import WecomApp
from bot.config import (
    AibotSettings,
    ChannelSettings,
    GroupWebhookSettings,
    OfficialAccountSettings,
    SpeakingSettings,
    WecomAppSettings,
)
from handlers.context import AccountFacts
from handlers.reach.fields import NoticeKind, Template
from storage.states import ChannelKind, Form


def open_channel(
    account: str, settings: SpeakingSettings, http: aiohttp.ClientSession, monotonic: Callable[[], float]
) -> Channel:
    """The channel of an account; `http` stays the caller's to close. A chat archive is none: it is only read."""
    match settings:
        case OfficialAccountSettings():
            return OfficialAccount(account, settings, http, monotonic)
        case WecomAppSettings():
            return WecomApp(account, settings, http, monotonic)
        case AibotSettings():
            return Aibot(account, settings, http)
        case GroupWebhookSettings():
            return GroupWebhook(account, settings, http)


def templates_of(settings: OfficialAccountSettings) -> dict[tuple[NoticeKind, Form], Template]:
    """What the operator's templates say, by kind of notice and the form it goes out in."""
    templates = {}
    for kind, notice in settings.notices.items():
        for form, template_id, fields in (
            (Form.TEMPLATE, notice.template_id or settings.template_id, notice.template),
            (Form.SUBSCRIBE, settings.subscribe_template_id, notice.subscribe),
        ):
            if fields:
                templates[kind, form] = Template(template_id, fields)
    return templates


def facts_of(channels: Mapping[str, ChannelSettings]) -> dict[str, AccountFacts]:
    """What handlers need to know of each account."""
    facts = {}
    for name, settings in channels.items():
        kind = ChannelKind(settings.kind)
        match settings:
            case OfficialAccountSettings():
                facts[name] = AccountFacts(kind, name, templates_of(settings))
            case WecomAppSettings():
                facts[name] = AccountFacts(kind, name)
            case _:
                facts[name] = AccountFacts(kind, settings.corp)
    return facts
