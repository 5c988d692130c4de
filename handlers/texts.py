"""The catalogue of everything the bot says in chat (texts.toml)."""

import tomllib
from pathlib import Path

_CATALOGUE: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("texts.toml").read_text("utf-8")
)


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
