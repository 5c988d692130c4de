"""Template messages and subscribe notices of the service account: what may be sent, and what was accepted."""

import itertools
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.playground.audience import Audience
from bot.playground.errors import ApiError
from bot.playground.ledger import Ledger, Quota
from bot.playground.template_values import fault_of_value

REPEAT_SPAN = timedelta(minutes=10)


@dataclass
class Notices:
    """The account's 模板消息 and 订阅通知.

    templates: those that the account has chosen in the console, with their fields; None lets every id through. A
    message must fill exactly these: a missing one is refused for sure, one too many perhaps, so it is here.
    recipients: openid by msgid of template messages.
    accepted: how many subscribe notices each (openid, template_id) still accepts.
    """

    audience: Audience
    ledger: Ledger
    templates: Mapping[str, Collection[str]] | None = None
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    recipients: dict[int, str] = field(default_factory=dict)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _known: dict[tuple[str, str], tuple[datetime, int]] = field(default_factory=dict)

    def take_template(self, body: dict[str, Any], now: datetime) -> tuple[int, bool]:
        """Take a template message: its msgid, and whether it is new.

        The same client_msg_id to the same person within 10 minutes is one message. Raises ApiError 40003, 43004
        (does not follow), 40037, 47003.
        """
        openid, text = self._check(body)
        if not self.audience.is_following(openid):
            raise ApiError(43004)
        name = body.get("client_msg_id")
        if name:
            at, msgid = self._known.get((openid, str(name)), (None, 0))
            if at is not None and now - at < REPEAT_SPAN:
                self.ledger.repeat(openid, "template", text, now)
                return msgid, False
        msgid = self._next_id(now)
        self.recipients[msgid] = openid
        if name:
            self._known[openid, str(name)] = (now, msgid)
        self._deliver(openid, "template", text, now)
        return msgid, True

    def take_subscribe(self, body: dict[str, Any], now: datetime) -> int:
        """Take a subscribe notice and give its msgid. Raises ApiError 43101 when nothing (more) was accepted."""
        openid, text = self._check(body)
        key = (openid, str(body["template_id"]))
        if self.accepted[key] < 1:
            self.ledger.exceed(Quota.SUBSCRIBE, openid, now)
            raise ApiError(43101)
        self.accepted[key] -= 1
        self._deliver(openid, "subscribe", text, now)
        return self._next_id(now)

    def contents(self) -> dict[str, str]:
        """The chosen templates as the console shows them, by id."""
        return {
            name: "\n".join(f"{{{{{each}.DATA}}}}" for each in fields)
            for name, fields in (self.templates or {}).items()
        }

    def _check(self, body: dict[str, Any]) -> tuple[str, str]:
        openid, template, data = body.get("touser"), body.get("template_id"), body.get("data")
        if not isinstance(openid, str) or not self.audience.knows(openid):
            raise ApiError(40003)
        if not isinstance(template, str) or not template:
            raise ApiError(40037)
        if self.templates is not None and template not in self.templates:
            raise ApiError(40037)
        if not isinstance(data, dict) or not data:
            raise ApiError(47003)
        wanted = self.templates[template] if self.templates is not None else data.keys()
        for name in (*wanted, *data):
            if name not in wanted:
                raise ApiError(47003, f"argument invalid! data.{name} is not in the template")
            entry = data.get(name)
            value = entry.get("value") if isinstance(entry, dict) else None
            if not isinstance(value, str | int | float) or value == "":
                raise ApiError(47003, f"argument invalid! data.{name}.value is empty")
            if fault_of_value(name, str(value)):
                raise ApiError(47003, f"argument invalid! data.{name}.value invalid")
        return openid, "\n".join(str(entry["value"]) for entry in data.values())

    def _deliver(self, openid: str, via: str, text: str, now: datetime) -> None:
        self.audience.write(openid, "bot", via, text)
        self.ledger.deliver(openid, via, text, now)

    def _next_id(self, now: datetime) -> int:
        return int(now.timestamp()) * 10_000 + next(self._ids)
