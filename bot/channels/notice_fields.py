"""Fields of template and subscribe messages, cut to what the platform takes: one that is too long refuses the message.

Source: the table of field kinds in developers.weixin.qq.com/doc/service/guide/product/subscription_messages; the same
kinds are used by the templates by category (类目模板). Fields of the older templates (first, keyword1, remark) have no
limit.
"""

import re
from collections.abc import Mapping

from bot.channels.text import clean

# In characters, by the kind that a field's name begins with.
_LENGTHS = {"thing": 20, "name": 10, "phrase": 5, "character_string": 32, "letter": 32, "symbol": 5}
_NAME = re.compile(r"([a-z_]+?)\d*")


def data_of(fields: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """`{name: text}` as the API's `data`."""
    return {name: {"value": _fitted(name, str(value))} for name, value in fields.items()}


def _fitted(name: str, value: str) -> str:
    found = _NAME.fullmatch(name)
    length = _LENGTHS.get(found[1]) if found else None
    if length is None:
        return clean(value)
    line = " ".join(clean(value).split())
    return line if len(line) <= length else line[: length - 1] + "…"
