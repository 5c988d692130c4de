"""Configuration files for tests: a safe one, and what to change in it."""

import tomllib
from pathlib import Path

from bot.cli.keys import fresh_key

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"


def filled_in(database_url: str = "sqlite:///data/yishi.db", leave: str = "") -> str:
    """The example with its placeholders replaced, but for the one to leave."""
    text = EXAMPLE.read_text("utf-8")
    for placeholder, value in (
        ("k1:REPLACE-WITH-32-RANDOM-BYTES-IN-BASE64", f"k1:{fresh_key()}"),
        ("REPLACE-WITH-32-RANDOM-BYTES-IN-BASE64", fresh_key()),
        ("REPLACE-WITH-THE-ACCOUNT'S-SECRET", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"),
        ("REPLACE-WITH-THE-CALLBACK-TOKEN", "mengting2026"),
        ("REPLACE-WITH-43-CHARACTERS-FROM-THE-CONSOLE", AES_KEY),
        ("sqlite:///data/yishi.db", database_url),
    ):
        assert f'"{placeholder}"' in text
        if placeholder != leave:
            text = text.replace(f'"{placeholder}"', f'"{value}"')
    assert tomllib.loads(text)
    return text
