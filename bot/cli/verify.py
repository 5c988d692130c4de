"""`./run verify BUNDLE`: recompute a vote from its evidence, without database, network or configuration."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from bot.cli.arguments import add_verify_arguments
from handlers.voting.bundle import BundleError, read_bundle
from handlers.voting.evidence import Broken
from handlers.voting.verify import verify

_BROKEN, _BAD_FILE = 1, 2


def run(source: str, fingerprint: str | None, witnesses: Sequence[str], out: TextIO, err: TextIO) -> int:
    """Print what was checked, as JSON.

    Returns 0; 1 when something does not hold, with the first broken entry named; 2 when a file cannot be read.
    witnesses: files with checkpoints that somebody kept, one JSON object a line.
    """
    try:
        kept = [row for name in witnesses for row in _witnesses(name)]
        with Path(source).open("rb") as file:
            bundle = read_bundle(file)
    except OSError as error:
        err.write(f"verify: {error.filename}: {error.strerror or error}\n")
        return _BAD_FILE
    except BundleError as error:
        err.write(f"verify: {source}: {error}\n")
        return _BAD_FILE
    line: dict[str, Any] = {"kind": bundle.manifest["kind"], "origin": bundle.manifest["origin"]}
    try:
        report = verify(bundle, fingerprint, kept)
    except Broken as broken:
        line |= {"ok": False, "broken": broken.where, "why": broken.what}
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
        err.write(f"verify: {broken}\n")
        return _BROKEN
    line |= {
        "ok": True,
        "key": report.key_id,
        "anchored": report.anchored,
        "checked": report.checked,
        "not_checked": report.not_checked,
    }
    out.write(json.dumps(line, ensure_ascii=False) + "\n")
    return 0


def _witnesses(name: str) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = []
    for number, line in enumerate(Path(name).read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise BundleError(f"{name}, line {number}: not a checkpoint")
        rows.append(row)
    return rows


def main() -> None:
    """The command of the single file, `python3 FILE BUNDLE`."""
    parser = argparse.ArgumentParser(
        description="Recompute a vote from its evidence: no database, no network."
    )
    add_verify_arguments(parser)
    options = parser.parse_args()
    if options.bundle is None:
        parser.error("which bundle?")
    sys.exit(run(options.bundle, options.key, options.witness, sys.stdout, sys.stderr))
