"""What kind of compound it is, and what follows from that: who convenes, which templates come first, what is off. Pure.

The rules are data with their reasons and sources (defaults.toml). They only suggest: staff may choose otherwise.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from storage.states import CompoundKind, Convening, Stewardship, Tenure

LARGE = 10_000  # people: more than so many is a very large compound (seed 003)
UNKNOWN = "unknown"

# Read once, at the start: nobody waits for a disk in the middle of a transaction.
_RULES: tuple[Mapping[str, Any], ...] = tuple(
    tomllib.loads(Path(__file__).with_name("defaults.toml").read_text(encoding="utf-8"))["rule"]
)


@dataclass(frozen=True, slots=True)
class Profile:
    """tenure: 小区类别. kind: 小区类型. stewardship: 四个一批. residents: people, None when nobody knows.

    company, since: the property company and since when. convening: who calls the owners together.
    """

    tenure: Tenure | None = None
    kind: CompoundKind | None = None
    stewardship: Stewardship | None = None
    convening: Convening | None = None
    households: int | None = None
    residents: int | None = None
    company: str = ""
    since: date | None = None

    @property
    def is_large(self) -> bool:
        """超大小区."""
        return (self.residents or 0) > LARGE


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is suggested, and where that comes from."""

    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Defaults:
    """convener: who calls an assembly, "" when nobody can say. templates: codes that come first. off: what makes no
    sense there ("votes", "company"). by_cells: the week is looked at cell by cell. reasons: of all that, in order."""

    convener: str = ""
    templates: tuple[str, ...] = ()
    off: frozenset[str] = frozenset()
    by_cells: bool = False
    reasons: tuple[Reason, ...] = ()


def defaults_of(profile: Profile) -> Defaults:
    """What is suggested for a compound of this kind."""
    facts: dict[str, object] = {
        "tenure": profile.tenure or UNKNOWN,
        "kind": profile.kind or UNKNOWN,
        "stewardship": profile.stewardship or UNKNOWN,
        "convening": profile.convening or UNKNOWN,
        "large": profile.is_large,
    }
    fitting = [rule for rule in _RULES if all(facts[key] == value for key, value in rule["when"].items())]
    return Defaults(
        convener=next((rule["convener"] for rule in fitting if "convener" in rule), ""),
        templates=tuple(dict.fromkeys(code for rule in fitting for code in rule.get("templates", ()))),
        off=frozenset(each for rule in fitting for each in rule.get("off", ())),
        by_cells=any(rule.get("weekly") == "cells" for rule in fitting),
        reasons=tuple(Reason(rule["why"], rule["source"]) for rule in fitting),
    )


def in_order(codes: Iterable[str], first: Iterable[str]) -> list[str]:
    """All codes, those that are suggested before the others."""
    known = list(codes)
    suggested = [code for code in first if code in known]
    return [*suggested, *(code for code in known if code not in suggested)]
