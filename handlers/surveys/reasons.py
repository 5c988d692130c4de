"""Why households are against something, as data in reasons.toml: what is offered to tick, by template. Pure."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

OTHER = "other"
PLAIN = "plain"
# Read once, at the start: nobody waits for a disk in the middle of a transaction.
_WRITTEN: Mapping[str, Mapping[str, str]] = tomllib.loads(
    Path(__file__).with_name("reasons.toml").read_text(encoding="utf-8")
)


def reasons_of(template: str) -> dict[str, str]:
    """The reasons of a template in words, by code, another one last."""
    return {**_WRITTEN.get(template, _WRITTEN[PLAIN]), OTHER: "别的原因"}


def counted_under(reasons: Sequence[str]) -> Sequence[str]:
    """The reasons under which somebody who is against it is counted, and told: another one for who names none."""
    return reasons or (OTHER,)


def template_codes() -> tuple[str, ...]:
    """The templates that have reasons of their own."""
    return tuple(_WRITTEN)
