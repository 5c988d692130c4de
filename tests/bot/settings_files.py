"""Configuration files for tests: a safe one, and what to change in it."""

import re
import tomllib
from pathlib import Path

from bot.cli.keys import fresh_key

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
AES_KEY = "bF/6kn9x0+I05gCeiZVEZDZvINDL/hL5OLBsMPW4TL4"


def uncommented(text: str) -> str:
    """Keys and accounts that are commented out because they are optional, put back."""
    return re.sub(r"^# (?=[a-z_]+ = |\[)", "", text, flags=re.MULTILINE)


def filled_in(
    database_url: str = "sqlite:///data/yishi.db", leave: str = "", *, every_kind: bool = False
) -> str:
    """The example with its placeholders replaced, but for the one to leave.

    every_kind: with the accounts that are commented out, too.
    """
    text = EXAMPLE.read_text("utf-8")
    if every_kind:
        text = uncommented(text).replace('previous_encoding_aes_key = "..."', "")
    for placeholder, value in (
        ("REPLACE-WITH-THE-APP'S-SECRET", "1c2d3e4f5a6b7988"),
        ("REPLACE-WITH-THE-WEBHOOK'S-KEY", "693a91f6-7a0c-4bc4-97a0-0ec2sifa5aaa"),
        ("k1:REPLACE-WITH-32-RANDOM-BYTES-IN-BASE64", f"k1:{fresh_key()}"),
        ("REPLACE-WITH-32-RANDOM-BYTES-IN-BASE64", fresh_key()),
        ("REPLACE-WITH-32-OTHER-RANDOM-BYTES-IN-BASE64", fresh_key()),
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
