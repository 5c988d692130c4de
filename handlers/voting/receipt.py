"""A receipt as a file, and checking it: no database, no network. Pure. static/check.js does the same in a browser.

    {"type": "yishi/receipt/1", "origin", "public_key",
     "ballot", "nonce", "content": what `marks.ballot_content` made,
     "entry": the text of the log's entry, "leaf": its hash,
     "promise": {"time", "signature"},
     "index", "proof", "checkpoint": {"size", "root", "time", "key", "signature", "reason"}}

The last three are missing while the entry is not sealed; then there is a signed promise and nothing else yet.

A line of the frozen roll is a file of its own:

    {"type": "yishi/roll-line/1", "origin", "root", "units": [{"line", "leaf", "index", "size", "proof"}]}
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import rfc8785

from handlers.voting.evidence import Broken, Report, head_of, hex_of
from handlers.voting.marks import commitment
from handlers.voting.signing import Promise, is_signed, key_id_of
from storage.merkle import is_included, leaf_hash

RECEIPT = "yishi/receipt/1"
ROLL_LINES = "yishi/roll-line/1"


def check_receipt(
    receipt: Mapping[str, Any],
    fingerprint: str | None = None,
    log: Sequence[Mapping[str, Any]] | None = None,
) -> Report:
    """Check a receipt; raises Broken.

    fingerprint: of the key, as the notice or a paper printed it. log: of a bundle that was verified, in which the
    receipt's entry has to be.
    """
    if receipt.get("type") != RECEIPT or not isinstance(receipt.get("origin"), str):
        raise Broken("type", "not a receipt of a ballot")
    report = Report("receipt", receipt["origin"])
    key = hex_of(receipt.get("public_key"), "public_key", "it")
    report.key_id = key_id_of(key)
    report.checked += _key(report, fingerprint)
    leaf = hex_of(receipt.get("leaf"), "leaf", "it")
    report.checked += _entry(receipt, leaf)
    report.checked += _promise(receipt, leaf, key)
    if receipt.get("checkpoint") is None:
        report.not_checked.append("its place in the log: it has none yet, only a signed promise")
    else:
        report.checked += _place(receipt, leaf, key, report)
    if log is not None:
        report.checked += _published(receipt, log)
    report.not_checked.append(
        "whether it was counted: the receipt does not tell, the bundle of the vote does"
    )
    return report


def check_roll_lines(kept: Mapping[str, Any]) -> Report:
    """Check lines of the frozen roll against the root that the file names; raises Broken."""
    if kept.get("type") != ROLL_LINES or not isinstance(kept.get("origin"), str):
        raise Broken("type", "not a line of a roll")
    report = Report("roll-line", kept["origin"])
    root, units = hex_of(kept.get("root"), "root", "it"), kept.get("units")
    if not isinstance(units, list) or not units:
        raise Broken("units", "there are none")
    for number, row in enumerate(units):
        report.checked += _line(row if isinstance(row, dict) else {}, f"unit {number}", root)
    report.not_checked.append(f"whose roll it is: compare {root.hex()} with the notice")
    return report


def _line(row: Mapping[str, Any], where: str, root: bytes) -> Iterator[str]:
    line, index, size, proof = (row.get(name) for name in ("line", "index", "size", "proof"))
    if not isinstance(line, dict) or type(index) is not int or type(size) is not int:
        raise Broken(where, "has no line or no place")
    if not isinstance(proof, list):
        raise Broken(where, "has no proof")
    try:
        leaf = leaf_hash(rfc8785.dumps(line))
    except (ValueError, TypeError, RecursionError):
        raise Broken(where, "cannot be read") from None
    if leaf != hex_of(row.get("leaf"), where, "leaf"):
        raise Broken(where, "is not what was hashed: it was altered")
    if not is_included(leaf, index, size, [hex_of(step, where, "a step") for step in proof], root):
        raise Broken(where, "does not lead to the root")
    yield f"unit {line.get('unit')} is line {index} of the {size} under the root"


def _key(report: Report, fingerprint: str | None) -> Iterator[str]:
    if fingerprint is None:
        report.not_checked.append(f"whose key it is: compare {report.key_id} with the notice or a paper")
        return
    if fingerprint.lower().replace(" ", "") != report.key_id:
        raise Broken("public_key", f"the key is {report.key_id}, not {fingerprint}")
    report.anchored = True
    yield f"the key has the fingerprint that was given, {report.key_id}"


def _entry(receipt: Mapping[str, Any], leaf: bytes) -> Iterator[str]:
    """The entry is the leaf, and commits to exactly these marks."""
    text = receipt.get("entry")
    if not isinstance(text, str):
        raise Broken("entry", "has no text")
    if leaf_hash(text.encode("utf-8", "surrogatepass")) != leaf:
        raise Broken("entry", "is not what was hashed: it was altered")
    try:
        entry = json.loads(text)
        canonical = rfc8785.dumps(entry).decode()
    except (ValueError, TypeError, RecursionError):
        raise Broken("entry", "is not an entry of a vote's log") from None
    if not isinstance(entry, dict) or entry.get("kind") != "ballot" or canonical != text:
        raise Broken("entry", "is not an entry about a ballot")
    if entry.get("ballot") != receipt.get("ballot"):
        raise Broken("ballot", f"the entry is about ballot {entry.get('ballot')}")
    content = receipt.get("content")
    if not isinstance(content, dict):
        raise Broken("content", "is missing")
    try:
        opened = commitment(hex_of(receipt.get("nonce"), "nonce", "it"), content)
    except (ValueError, TypeError, RecursionError):
        raise Broken("content", "cannot be read") from None
    if opened != entry.get("commitment"):
        raise Broken("content", "is not what the log committed to: marks, units or nonce were altered")
    yield "the entry in the log commits to exactly these marks and units"


def _promise(receipt: Mapping[str, Any], leaf: bytes, key: bytes) -> Iterator[str]:
    promise = receipt.get("promise")
    if not isinstance(promise, dict):
        raise Broken("promise", "is missing")
    said = Promise(receipt["origin"], leaf, _moment(promise.get("time"), "promise"))
    if not is_signed(said, hex_of(promise.get("signature"), "promise", "signature"), key):
        raise Broken("promise", "is not signed by this key")
    yield f"it was promised at {promise['time']} that the entry will be in the log"


def _place(receipt: Mapping[str, Any], leaf: bytes, key: bytes, report: Report) -> Iterator[str]:
    row, index, proof = receipt["checkpoint"], receipt.get("index"), receipt.get("proof")
    if not isinstance(row, dict) or type(index) is not int or not isinstance(proof, list):
        raise Broken("checkpoint", "has no place or no proof")
    head = head_of(row, "checkpoint", report.origin)
    steps = [hex_of(step, "proof", "a step") for step in proof]
    if not is_included(leaf, index, head.size, steps, head.root):
        raise Broken("proof", "does not lead from the entry to the root that was signed")
    if row.get("key") != report.key_id:
        raise Broken("checkpoint", f"names the key {row.get('key')}, not {report.key_id}")
    if not is_signed(head, hex_of(row.get("signature"), "checkpoint", "signature"), key):
        raise Broken("checkpoint", "is not signed by this key")
    yield f"it is entry {index} of the {head.size} that were signed at {row['time']}"


def _published(receipt: Mapping[str, Any], log: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    places = [place for place, row in enumerate(log) if row.get("entry") == receipt["entry"]]
    if not places:
        raise Broken("entry", "is not in the log of the bundle")
    if "index" in receipt and receipt["index"] not in places:
        raise Broken("index", f"the bundle has the entry at {places[0]}")
    yield f"it is entry {places[0]} of the bundle's log"


def _moment(text: Any, where: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise Broken(where, "has no time") from None
