"""`./run verify BUNDLE`: recompute a vote from its evidence, without database, network or configuration.

`./run verify --receipt FILE` checks what one owner kept: a receipt, or their lines of the roll.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from bot.cli.arguments import add_verify_arguments
from handlers.voting.bundle import Bundle, BundleError, read_bundle
from handlers.voting.evidence import Broken, Report
from handlers.voting.receipt import ROLL_LINES, check_receipt, check_roll_lines
from handlers.voting.verify import verify

_BROKEN, _BAD_FILE = 1, 2


def run(
    source: str | None,
    fingerprint: str | None,
    witnesses: Sequence[str],
    out: TextIO,
    err: TextIO,
    receipt: str | None = None,
) -> int:
    """Print what was checked, as JSON, a line for the bundle and one for the receipt.

    Returns 0; 1 when something does not hold, with the first broken entry named; 2 when a file cannot be read.
    witnesses: files with checkpoints that somebody kept, one JSON object a line. receipt: a file of one owner.
    """
    try:
        kept = [row for name in witnesses for row in _witnesses(name)]
        own = _own(receipt) if receipt is not None else None
        bundle = _bundle(source) if source is not None else None
    except OSError as error:
        err.write(f"verify: {error.filename}: {error.strerror or error}\n")
        return _BAD_FILE
    except BundleError as error:
        err.write(f"verify: {error}\n")
        return _BAD_FILE
    if bundle is not None:
        named = {"kind": bundle.manifest["kind"], "origin": bundle.manifest["origin"]}
        if not _print(named, lambda: verify(bundle, fingerprint, kept), out, err):
            return _BROKEN
    if own is not None:
        named = {"kind": str(own.get("type")), "origin": str(own.get("origin"))}
        if not _print(named, lambda: _check_own(own, fingerprint, bundle), out, err):
            return _BROKEN
    return 0


def _print(named: Mapping[str, str], check: Callable[[], Report], out: TextIO, err: TextIO) -> bool:
    line: dict[str, Any] = dict(named)
    try:
        report = check()
    except Broken as broken:
        line |= {"ok": False, "broken": broken.where, "why": broken.what}
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
        err.write(f"verify: {broken}\n")
        return False
    line |= {
        "ok": True,
        "key": report.key_id,
        "anchored": report.anchored,
        "checked": report.checked,
        "not_checked": report.not_checked,
    }
    out.write(json.dumps(line, ensure_ascii=False) + "\n")
    return True


def _check_own(own: Mapping[str, Any], fingerprint: str | None, bundle: Bundle | None) -> Report:
    if own.get("type") == ROLL_LINES:
        return check_roll_lines(own)
    if bundle is not None and own.get("origin") != bundle.manifest["origin"]:
        raise Broken("origin", f"the bundle is of {bundle.manifest['origin']}")
    return check_receipt(own, fingerprint, bundle.log if bundle is not None else None)


def _bundle(name: str) -> Bundle:
    with Path(name).open("rb") as file:
        try:
            return read_bundle(file)
        except BundleError as error:
            raise BundleError(f"{name}: {error}") from None


def _own(name: str) -> Mapping[str, Any]:
    try:
        kept = json.loads(Path(name).read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        kept = None
    if not isinstance(kept, dict):
        raise BundleError(f"{name}: not a receipt")
    return kept


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
    if options.bundle is None and options.receipt is None:
        parser.error("which bundle, or which --receipt?")
    sys.exit(run(options.bundle, options.key, options.witness, sys.stdout, sys.stderr, options.receipt))
