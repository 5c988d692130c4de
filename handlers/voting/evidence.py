"""What checking a bundle has found so far, and how it says that something does not hold. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handlers.voting.signing import Checkpoint
from handlers.voting.terms import Unit


class Broken(Exception):  # noqa: N818  an answer, not an error
    """Evidence that does not hold. `where` names the part and the entry."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")
        self.where = where
        self.what = what


@dataclass(slots=True)
class Report:
    """What was checked, in words, and what was not. anchored: the fingerprint was given from elsewhere."""

    kind: str
    origin: str
    key_id: str = ""
    anchored: bool = False
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Read:
    """What earlier checks found, for later ones. ballots: number to the place of its entry in the log."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)
    public_key: bytes = b""
    roll: dict[str, Unit] = field(default_factory=dict)
    ballots: dict[str, int] = field(default_factory=dict)

    def last(self, kind: str) -> dict[str, Any]:
        """The last entry of a kind; raises Broken when there is none."""
        if not (found := self.all_of(kind)):
            raise Broken("log", f"no entry of kind {kind}")
        return found[-1]

    def all_of(self, kind: str) -> list[dict[str, Any]]:
        """The entries of a kind, in their order."""
        return [entry for entry in self.entries if entry.get("kind") == kind]


def head_of(row: Mapping[str, Any], where: str, origin: str) -> Checkpoint:
    """A row of checkpoints.jsonl; raises Broken."""
    size, time = row.get("size"), row.get("time")
    if not isinstance(size, int) or not isinstance(time, str):
        raise Broken(where, "has no size or no time")
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        raise Broken(where, "has no time") from None
    return Checkpoint(origin, size, hex_of(row.get("root"), where, "root"), at)


def hex_of(text: Any, where: str, name: str) -> bytes:
    """Hexadecimal text as bytes; raises Broken."""
    try:
        return bytes.fromhex(text)
    except (ValueError, TypeError):
        raise Broken(where, f"{name} is not hexadecimal") from None
