"""The catalogue of everything the bot says in chat (texts.toml), and what of it fits a message."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

_CATALOGUE: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("texts.toml").read_text("utf-8")
)

# A message takes 2048 bytes; what is left is for what stands around a list and, the first time, for the notice.
LIST_BYTES = 1500
_TITLE = 40  # characters of one in a message


def say(key: str, **values: object) -> str:
    """The text `table.name` with its {names} filled in; raises KeyError for an unknown text or a missing value."""
    table, _, name = key.partition(".")
    return _CATALOGUE[table][name].format(**values)


def fit(text: str, limit_bytes: int) -> str:
    """The text, cut with an ellipsis when its UTF-8 is longer than `limit_bytes`."""
    raw = text.encode()
    if len(raw) <= limit_bytes:
        return text
    return raw[: limit_bytes - len("…".encode())].decode("utf-8", "ignore") + "…"


def short(title: str) -> str:
    """A title in one line of a message."""
    return title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"


def listed(entries: Sequence[str], between: str = "\n") -> str:
    """As many whole entries as a message holds, the first in any case, and how many are left out."""
    shown, taken = 0, 0
    for entry in entries:
        taken += len(f"{entry}{between}".encode())
        if shown and taken > LIST_BYTES:
            break
        shown += 1
    more = [say("lists.more", count=len(entries) - shown)] if shown < len(entries) else []
    return between.join([*entries[:shown], *more])
