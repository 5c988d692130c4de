"""What a 模板消息 or 订阅通知 says, from a message's payload: filled and cut when it was queued (handlers/reach)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from bot.channels.base import Outgoing
from bot.channels.text import clean
from handlers.reach.fields import notice_key


class Filled(NamedTuple):
    """A template with its values. url: where a tap leads to, empty for nowhere."""

    template_id: str
    data: dict[str, dict[str, str]]
    url: str


def filled_of(outgoing: Outgoing, account: str) -> Filled | None:
    """What this message says through a template of `account`; None when it says nothing there."""
    notices = (outgoing.payload or {}).get("notices")
    notice: Any = notices.get(notice_key(outgoing.form, account)) if isinstance(notices, Mapping) else None
    if not isinstance(notice, Mapping) or not isinstance(notice.get("fields"), Mapping):
        return None
    data = {name: {"value": clean(str(value))} for name, value in notice["fields"].items()}
    return Filled(str(notice.get("template_id", "")), data, str(notice.get("url") or ""))
