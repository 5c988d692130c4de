"""What reached whom, and every time the bot asked for more than a quota allows."""

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Quota(StrEnum):
    """A rule on how much may be sent."""

    KF_WINDOW = "kf_window"  # nobody's window was open (45015)
    KF_COUNT = "kf_count"  # the open window was used up (45047)
    SUBSCRIBE = "subscribe"  # one message for each acceptance (43101)
    MEMBER_MINUTE = "member_minute"  # app messages, 30 a minute; more are dropped in silence
    MEMBER_HOUR = "member_hour"  # app messages, 1000 an hour; more are dropped in silence
    APP_BYTES = "app_bytes"  # an app message over 2048 bytes is cut off in silence
    WEBHOOK_MINUTE = "webhook_minute"  # 20 a minute (45009)
    GROUP_MONTH = "group_month"  # 企业群发 to one customer group, as many as the month has days
    REMIND_DAY = "remind_day"  # reminders of one 企业群发, 3 in 24 hours
    REPLY_ADDRESS = "reply_address"  # a response_url used twice or after an hour


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message that reached a person or a group.

    via: passive, kf, template, subscribe, app, webhook, aibot, response_url, task.
    """

    recipient: str
    via: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Excess:
    """One time that a quota would have been exceeded; the platform did not let it through."""

    quota: Quota
    recipient: str
    at: datetime


@dataclass
class Ledger:
    """The books of the whole platform. delivered: by recipient (openid, userid or chat_id), oldest first."""

    delivered: defaultdict[str, list[Delivered]] = field(default_factory=lambda: defaultdict(list))
    excesses: list[Excess] = field(default_factory=list)
    repeats: list[Delivered] = field(default_factory=list)

    def deliver(self, recipient: str, via: str, text: str, now: datetime) -> None:
        """Note a message that arrived."""
        self.delivered[recipient].append(Delivered(recipient, via, text, now))

    def repeat(self, recipient: str, via: str, text: str, now: datetime) -> None:
        """Note a message that the platform knew already and did not deliver again."""
        self.repeats.append(Delivered(recipient, via, text, now))

    def exceed(self, quota: Quota, recipient: str, now: datetime) -> None:
        """Note an attempt over a quota."""
        self.excesses.append(Excess(quota, recipient, now))

    def texts(self, recipient: str) -> list[str]:
        """List what arrived at someone, oldest first."""
        return [message.text for message in self.delivered.get(recipient, [])]

    def exceeded(self, *quotas: Quota) -> list[Excess]:
        """List the attempts over these quotas, or over any; empty when the bot kept to all of them."""
        return [excess for excess in self.excesses if not quotas or excess.quota in quotas]


class SlidingLimit:
    """At most `count` for one name in any `span`."""

    def __init__(self, count: int, span: timedelta) -> None:
        self._count = count
        self._span = span
        self._taken: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def has_room(self, name: str, now: datetime) -> bool:
        """Whether one more is allowed now."""
        taken = self._taken[name]
        while taken and taken[0] <= now - self._span:
            taken.popleft()
        return len(taken) < self._count

    def count(self, name: str, now: datetime) -> None:
        """Count one."""
        self._taken[name].append(now)
