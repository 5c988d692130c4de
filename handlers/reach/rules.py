"""Pure rules: by which ways a person or a group may be written to now, the best first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from storage.states import CAPABILITIES, POLICIES, ChannelKind, Form, GroupKind, MessageClass

# Bytes of UTF-8 in one message: 客服消息 and 群机器人 2048 (D:99110), 企业群发 4000 (D:92135).
LIMITS = {Form.TEXT: 2048, Form.GROUP_TASK: 4000}
WEBHOOK_RECIPIENT = "group"  # a webhook has one group, which its key names


class Way(NamedTuple):
    """One call that may reach someone; the order is that of an outbox fallback."""

    account: str
    recipient: str
    form: Form


@dataclass(frozen=True, slots=True)
class Door:
    """Someone on one channel account.

    inside: of the corp itself, not one of its customers. has_window: may be sent text now.
    has_grant: accepted a 订阅通知 that was not sent yet, and it can say this notice. may_template: a template can.
    """

    account: str
    kind: ChannelKind
    recipient: str
    inside: bool = True
    following: bool = True
    opted_out: bool = False
    has_window: bool = False
    has_grant: bool = False
    may_template: bool = False


class Choice(NamedTuple):
    """The ways in the order to try them. opted_out: there would be some, but the person wants nothing unasked.

    waits: none of them leads anywhere before the person writes.
    """

    ways: tuple[Way, ...]
    opted_out: bool = False
    waits: bool = False


def ways_to_person(doors: Sequence[Door], message_class: MessageClass) -> Choice:
    """Staff by their app; residents by text while a window is open, else by notice, else by text that waits.

    Who opted out on one service account has done so on all of them; the app is for work and asks for itself.
    """
    policy = POLICIES[message_class]
    unasked = not (policy.solicited or policy.urgent)
    work = [door for door in doors if door.kind is ChannelKind.WECOM_APP and door.inside]
    home = [door for door in doors if door.kind is ChannelKind.OFFICIAL_ACCOUNT and door.following]
    open_work = [door for door in work if not (unasked and door.opted_out)]
    residents_out = unasked and any(
        door.opted_out for door in doors if door.kind is ChannelKind.OFFICIAL_ACCOUNT
    )
    open_home = [] if residents_out else home
    ways = [_way(door, Form.TEXT) for door in open_work]
    ways += [_way(door, Form.TEXT) for door in open_home if door.has_window]
    ways += [_way(door, Form.SUBSCRIBE) for door in open_home if door.has_grant]
    ways += [_way(door, Form.TEMPLATE) for door in open_home if door.may_template]
    waits = not ways and bool(open_home)
    # Also behind a text of the same account: by then its window may have closed, and this one waits for the next.
    ways += [_way(door, Form.TEXT) for door in open_home[:1] if ways[-1:] != [_way(door, Form.TEXT)]]
    return Choice(tuple(ways), opted_out=not ways and bool(work or home), waits=waits)


def _way(door: Door, form: Form) -> Way:
    return Way(door.account, door.recipient, form)


def way_to_group(
    account: str, channel: ChannelKind | None, group: GroupKind, room: str, owner: str
) -> Way | None:
    """The way into a group through `account`, None when the platform has none. owner: who must tap a group task."""
    capability = CAPABILITIES.get((channel, group)) if channel else None
    if capability is None or capability.speak is None:
        return None
    if capability.speak is Form.GROUP_TASK:
        return Way(account, room, Form.GROUP_TASK) if owner else None
    # An aibot only answers what it was asked.
    return Way(account, WEBHOOK_RECIPIENT, capability.speak) if channel is ChannelKind.GROUP_WEBHOOK else None
