"""Checking what a bundle counts: the roll, the opened ballots, and the result they add up to. Pure."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import rfc8785

from handlers.voting.bundle import Bundle
from handlers.voting.codec import moment, question_from, rules_from, unit_from
from handlers.voting.evidence import Broken, Read, hex_of
from handlers.voting.marks import commitment, marks_of
from handlers.voting.result import result_bytes, result_of
from handlers.voting.terms import Ballot, Ruling, area_text, in_scope, person_of
from storage.merkle import leaf_hash, root_of


def check_roll(bundle: Bundle, read: Read) -> Iterator[str]:
    """The roll has the root, and its lines the sums, that the notice printed."""
    roll = read.last("notice")["roll"]
    hashes = []
    for place, row in enumerate(bundle.roll):
        if bundle.is_sealed:
            line = row.get("line")
            if not isinstance(line, dict):
                raise Broken(f"roll line {place}", "is missing")
            try:
                hashes.append(leaf_hash(rfc8785.dumps(line)))
                unit = unit_from(line, delivered=row.get("delivered") is True)
            except (ValueError, TypeError, KeyError):
                raise Broken(f"roll line {place}", "cannot be read") from None
            if unit.unit_id in read.roll:
                raise Broken(f"roll line {place}", f"unit {unit.unit_id} is there twice")
            read.roll[unit.unit_id] = unit
        else:
            hashes.append(hex_of(row.get("hash"), f"roll line {place}", "hash"))
    if len(hashes) != roll["units"]:
        raise Broken("roll", f"{len(hashes)} lines, the notice has {roll['units']}")
    if root_of(hashes).hex() != roll["root"]:
        raise Broken("roll", "its root is not the one in the notice: a line was altered")
    yield f"the roll has the root in the notice, {len(hashes)} units"
    if bundle.is_sealed:
        rules = rules_from(read.last("notice")["rules"])
        scope = [unit for unit in read.roll.values() if in_scope(rules, unit)]
        persons, area = len({person_of(unit) for unit in scope}), area_text(sum(unit.area for unit in scope))
        if (persons, area) != (roll["persons"], roll["area"]):
            raise Broken(
                "roll", f"{persons} owners and {area} m2, the notice has {roll['persons']} and {roll['area']}"
            )
        yield f"its lines add up to {persons} owners and {area} m2, as in the notice"


def check_ballots(bundle: Bundle, read: Read) -> Iterator[str]:
    """Each ballot of the log was opened once, with exactly what the log committed to."""
    opened = set()
    for number, row in enumerate(bundle.ballots):
        where = f"ballot {row.get('ballot', number)}"
        place = read.ballots.get(str(row.get("ballot")))
        if place is None:
            raise Broken(where, "is not in the log")
        if row["ballot"] in opened:
            raise Broken(where, "is opened twice")
        opened.add(row["ballot"])
        content = row.get("content")
        if not isinstance(content, dict):
            raise Broken(where, "has no content")
        if commitment(hex_of(row.get("nonce"), where, "nonce"), content) != read.entries[place]["commitment"]:
            raise Broken(where, f"is not what log entry {place} committed to: it was altered")
    for ballot, place in read.ballots.items():
        if ballot not in opened:
            raise Broken(f"ballot {ballot}", f"is in the log (entry {place}) and was not opened")
    yield f"{len(opened)} ballots are those of the log, unaltered"


def check_result(bundle: Bundle, read: Read) -> Iterator[str]:
    """The opened ballots add up to the published result."""
    if bundle.result is None:
        return
    notice = read.last("notice")
    rules = rules_from({**notice["rules"], **extension_of(read)})
    questions = [question_from(each) for each in notice["questions"]]
    contested = {entry.get("ballot") for entry in read.all_of("case")}
    ballots = [each for row in bundle.ballots for each in _cast(row, read, contested)]
    ballots.sort(key=lambda each: (each.recorded_at, each.ballot_id, each.unit_id))
    rulings = [Ruling(row["question"], row["person"], _mark(row["mark"])) for row in _ruled(bundle, read)]
    again = result_bytes(result_of(rules, questions, read.roll, ballots, rulings))
    if again != rfc8785.dumps(dict(bundle.result)):
        raise Broken("result.json", "the ballots add up to something else")
    yield "the ballots add up to the result, to the byte"
    yield from check_published(bundle, read)


def extension_of(read: Read) -> dict[str, Any]:
    """What an extension changed of the announced rules."""
    extended = read.all_of("extension")
    return {"closes_at": extended[-1]["closes_at"]} if extended else {}


def _ruled(bundle: Bundle, read: Read) -> Iterator[Mapping[str, Any]]:
    """Each ruling is one that the log has, made by two."""
    logged = read.all_of("ruling")
    if len(logged) != len(bundle.rulings):
        raise Broken("rulings", f"{len(bundle.rulings)} rulings, the log has {len(logged)}")
    for number, (row, entry) in enumerate(zip(bundle.rulings, logged, strict=True)):
        where = f"ruling {number}"
        content = {key: row.get(key) for key in ("question", "person", "mark")}
        if commitment(hex_of(row.get("nonce"), where, "nonce"), content) != entry.get("commitment"):
            raise Broken(where, "is not what the log committed to")
        if len(set(entry.get("deciders", ()))) < 2:
            raise Broken(where, "was not made by two")
        yield row


def check_published(bundle: Bundle, read: Read, kind: str = "tally") -> Iterator[str]:
    """The result is the one that the log committed to, in its last entry of this kind."""
    if bundle.result is None:
        return
    tallied = read.last(kind)
    digest = leaf_hash(rfc8785.dumps(dict(bundle.result))).hex()
    if tallied.get("result") != digest:
        raise Broken("result.json", "is not the result that the log committed to")
    yield "the result is the one in the log"


def _cast(row: Mapping[str, Any], read: Read, contested: Collection[str | None]) -> Iterator[Ballot]:
    content = row["content"]
    channel = read.entries[read.ballots[row["ballot"]]]["channel"]
    for unit_id in content["units"]:
        yield Ballot(
            unit_id=unit_id,
            choices=marks_of(content["marks"]),
            channel=channel,
            cast_at=moment(content["cast_at"]),
            by=content["voter"],
            proxy=content["proxy"],
            recorded_at=moment(content["recorded_at"]),
            ballot_id=row["ballot"],
            contested=row["ballot"] in contested,
        )


def _mark(written: Any) -> Any:
    return frozenset(written) if isinstance(written, list) else written
