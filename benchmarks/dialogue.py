"""The same as `intake` with the answer on the callback's connection: stored, worked on, answered, per second."""

from collections.abc import Iterator
from typing import Any

from benchmarks.intake import compare


def run(quick: bool) -> Iterator[dict[str, Any]]:
    """Figures with ratio = value / reference."""
    yield from compare({"answered": []}, "dialogue", True, quick)
