"""Checking the log of a bundle: entries, signed heads, and heads that others kept. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import rfc8785

from handlers.voting.bundle import Bundle
from handlers.voting.evidence import Broken, Read, head_of, hex_of
from handlers.voting.signing import is_signed
from storage.merkle import leaf_hash, root_of


def check_log(bundle: Bundle, read: Read) -> Iterator[str]:
    """Every entry is what was hashed, none is missing, added or moved."""
    for place, row in enumerate(bundle.log):
        where = f"log entry {place}"
        if row.get("index") != place:
            raise Broken(where, f"entry {row.get('index')} stands here: one was dropped, added or moved")
        text = row.get("entry")
        if not isinstance(text, str):
            raise Broken(where, "has no text")
        digest = leaf_hash(text.encode("utf-8", "surrogatepass"))
        if row.get("hash") != digest.hex():
            raise Broken(where, "is not what was hashed: it was altered")
        try:
            entry = json.loads(text)
            canonical = rfc8785.dumps(entry)
            datetime.fromisoformat(entry["at"])
        except (ValueError, TypeError, KeyError, RecursionError):
            raise Broken(where, "is not an entry of a vote's log") from None
        if canonical != text.encode():
            raise Broken(where, "is not in canonical form")
        if (
            entry.get("kind") == "ballot"
            and read.ballots.setdefault(str(entry.get("ballot")), place) != place
        ):
            raise Broken(where, f"records ballot {entry.get('ballot')} a second time")
        read.entries.append(entry)
        read.leaves.append(digest)
    yield f"{len(read.entries)} log entries are what was hashed, in their order"


def check_heads(bundle: Bundle, read: Read) -> Iterator[str]:
    """Every signed head is the root of the entries it counts, so each begins with the ones before it."""
    good, last = 0, None
    for number, row in enumerate(bundle.checkpoints):
        where = f"checkpoint {number}"
        head = head_of(row, where, bundle.manifest["origin"])
        if not is_signed(head, hex_of(row.get("signature"), where, "signature"), read.public_key):
            raise Broken(where, "is not signed by this key")
        if head.size <= good and good:
            raise Broken(where, f"has {head.size} entries, the one before it {good}")
        if head.size > len(read.leaves):
            raise Broken(where, f"counts {head.size} entries, the log has {len(read.leaves)}")
        if root_of(read.leaves[: head.size]) != head.root:
            span = f"log entry {good}" if head.size == good + 1 else f"log entries {good} to {head.size - 1}"
            raise Broken(span, f"are not those that were signed at {row.get('time')}")
        if last is not None and head.at < last:
            raise Broken(where, "is dated before the one before it")
        for place in range(good, head.size):
            if datetime.fromisoformat(read.entries[place]["at"]) > head.at:
                raise Broken(f"log entry {place}", "is dated after the head that contains it")
        good, last = head.size, head.at
    if good < len(read.leaves):
        raise Broken(f"log entry {good}", "is in no signed head")
    yield f"{len(bundle.checkpoints)} checkpoints are signed, and each begins with the one before it"


def check_witnesses(bundle: Bundle, read: Read, witnesses: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A head that somebody kept and that the log does not have is a fork: two logs were shown."""
    for number, row in enumerate(witnesses):
        where = f"witness {number}"
        head = head_of(row, where, bundle.manifest["origin"])
        if not is_signed(head, hex_of(row.get("signature"), where, "signature"), read.public_key):
            raise Broken(where, "is not signed by this key")
        if head.size > len(read.leaves):
            raise Broken(
                where, f"counts {head.size} entries, the log has {len(read.leaves)}: entries are missing"
            )
        if root_of(read.leaves[: head.size]) != head.root:
            raise Broken(
                where, f"the first {head.size} entries were others when it was signed: the log was forked"
            )
    if witnesses:
        yield f"{len(witnesses)} checkpoints that others kept belong to this log"
