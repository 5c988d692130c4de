"""What a 模板消息 or 订阅通知 says, from a message's payload: filled and cut when it was queued (handlers/reach).

And which fields the account's templates have, as far as the platform lists them.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from bot.channels.base import Outgoing
from bot.channels.text import clean
from handlers.reach.fields import notice_key

# Documented both as {{thing1.DATA}} and as { {thing1.DATA} }.
_FIELD = re.compile(r"\{\s*\{\s*([A-Za-z_]+\d*)\s*\.\s*DATA\s*\}\s*\}")


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


def listed_fields(answer: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The fields of each template by its id, from a list of templates of either kind; what is odd is left out.

    Sources: get_all_private_template (template_list, template_id) and newtmpl/gettemplate (data, priTmplId).
    """
    rows = answer.get("template_list", answer.get("data"))
    found = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping):
            template_id, content = row.get("template_id", row.get("priTmplId")), row.get("content")
            if isinstance(template_id, str) and isinstance(content, str):
                found[template_id] = frozenset(_FIELD.findall(content))
    return found
