"""What the law of a place says about votes: profiles as data, every key with its source.

A key that a place does not have is the nation's, and then counts as unverified there: somebody who knows the place
has to look before a notice rests on it. Nothing is invented: what has no source says so.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

NATIONAL = "national"
# Read once, at the start: nobody waits for a disk in the middle of a transaction.
_WRITTEN: Mapping[str, Mapping[str, Any]] = {
    path.name.removesuffix(".toml"): tomllib.loads(path.read_text(encoding="utf-8"))
    for path in (files("handlers.voting") / "profiles").iterdir()
    if path.name.endswith(".toml")
}

Value = bool | int | str


class ProfileError(ValueError):
    """A profile that is not there, or not written as it should be."""


@dataclass(frozen=True, slots=True)
class Key:
    """One rule of a place. source: "" for a default of ours. as_of: the day the source speaks of, or was read."""

    value: Value
    source: str = ""
    as_of: date | None = None
    own: bool = True

    @property
    def verified(self) -> bool:
        """Whether a notice may rest on it without somebody's looking."""
        return self.own and bool(self.source)


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules of a place, the nation's where it has none of its own."""

    code: str
    name: str
    keys: Mapping[str, Key]

    def number(self, name: str) -> int:
        """A key that is a number; 0 where the place has none."""
        value = self.keys[name].value if name in self.keys else 0
        assert isinstance(value, int)
        return int(value)

    def flag(self, name: str) -> bool:
        """A key that is yes or no; no where the place has none."""
        return name in self.keys and self.keys[name].value is True

    def word(self, name: str) -> str:
        """A key that is a word."""
        return str(self.keys[name].value)

    @property
    def only_official(self) -> bool:
        """Whether only the government's platform may host a vote that binds."""
        return self.word("binding_online") == "official_platform_only"

    @property
    def unverified(self) -> tuple[str, ...]:
        """The keys that somebody has to check, by name."""
        return tuple(name for name, key in sorted(self.keys.items()) if not key.verified)


def profile_codes() -> list[str]:
    """The places there are, the nation first."""
    return [NATIONAL, *(code for code in sorted(_WRITTEN) if code != NATIONAL)]


@cache
def load_profile(code: str) -> Profile:
    """A place's rules; raises ProfileError."""
    if code not in _WRITTEN:
        raise ProfileError(f"no profile {code}; there are {', '.join(profile_codes())}")
    written = _WRITTEN[code]
    keys = {name: _key(code, name, table) for name, table in written["keys"].items()}
    if code == NATIONAL:
        return Profile(code, written["name"], keys)
    inherited = {
        name: Key(key.value, key.source, key.as_of, own=False)
        for name, key in load_profile(NATIONAL).keys.items()
        if name not in keys
    }
    return Profile(code, written["name"], {**inherited, **keys})


def _key(code: str, name: str, table: Mapping[str, object]) -> Key:
    if not table.keys() <= {"value", "source", "as_of"} or not isinstance(
        table.get("value"), bool | int | str
    ):
        raise ProfileError(f"{code}: {name} is not a value with its source")
    source, as_of = table.get("source", ""), table.get("as_of")
    if not isinstance(source, str) or (bool(source) != isinstance(as_of, date)):
        raise ProfileError(f"{code}: {name} has a source without a day, or a day without a source")
    value = table["value"]
    assert isinstance(value, bool | int | str)
    return Key(value, source, as_of if isinstance(as_of, date) else None)
