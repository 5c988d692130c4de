"""Checking what a bundle says of papers: received in time, keyed in by two; and whom the notice provably reached. Pure.

What happens in one transaction has one time and stands in the log in any order, so times are compared, not places.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from handlers.voting.bundle import Bundle
from handlers.voting.evidence import Broken, Read, hex_of
from handlers.voting.marks import commitment
from storage.states import BallotChannel


def check_papers(read: Read) -> Iterator[str]:
    """Each ballot that came otherwise than online was received before the close, and keyed in alike by two."""
    closes_at = _close_of(read)
    by_act: dict[str, list[dict[str, Any]]] = {}
    for entry in read.all_of("paper"):
        by_act.setdefault(str(entry.get("act")), []).append(entry)
    received = {str(entry.get("serial")): entry for entry in by_act.get("received", ())}
    matched = {str(entry.get("ballot")): entry for entry in by_act.get("matched", ())}
    count = 0
    for number, place in read.ballots.items():
        ballot, where = read.entries[place], f"ballot {number}"
        if ballot.get("channel") == BallotChannel.ONLINE:
            continue
        count += 1
        reception, keyed = received.get(str(ballot.get("serial"))), matched.get(number)
        if reception is None or reception.get("received") != ballot.get("received"):
            raise Broken(where, "its paper was not received, or at another time")
        if not _in_time(reception, by_act.get("batch", ()), closes_at, where):
            raise Broken(where, "its paper was received after the close")
        if keyed is None or keyed.get("serial") != ballot.get("serial"):
            raise Broken(where, "its paper was not keyed in")
        if not (_by_two(keyed, "by") and ("deciders" not in keyed or _by_two(keyed, "deciders"))):
            raise Broken(where, "its paper was not keyed in by two")
        if _at(keyed) > _at(ballot):
            raise Broken(where, "was recorded before its paper was keyed in")
    if count:
        yield f"{count} ballots on paper or by phone were received before the close and keyed in by two"


def check_deliveries(bundle: Bundle, read: Read) -> Iterator[str]:
    """The units of a sealed bundle that count as reached are those of which the log has a proof, before the close."""
    closes_at = _close_of(read)
    proofs = {str(entry.get("unit")): entry for entry in read.all_of("delivery")}
    for place, row in enumerate(bundle.roll):
        where, line = f"roll line {place}", row["line"]
        salt = hex_of(line.get("salt"), where, "salt")
        proof = proofs.pop(commitment(salt, {"delivered": line["unit"]}), None)
        if (row.get("delivered") is True) != (proof is not None):
            raise Broken(where, "what it says of the delivery is not what the log says")
        if proof is not None and not _at(proof) <= closes_at:
            raise Broken(where, "was reached after the close")
    if proofs:
        raise Broken("log", f"{len(proofs)} deliveries are to no unit of the roll")
    yield "the units that the notice provably reached are those of the log"


def _close_of(read: Read) -> datetime:
    extended = read.all_of("extension")
    said = extended[-1] if extended else read.last("notice")["rules"]
    return _moment(said.get("closes_at"), "log")


def _moment(text: Any, where: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise Broken(where, "has no time") from None


def _in_time(
    reception: Mapping[str, Any], boxes: Iterable[Mapping[str, Any]], closes_at: datetime, where: str
) -> bool:
    """A paper counts as received when it was scanned, or when two had counted and signed the box it lay in."""
    received_at = _moment(reception.get("received"), where)
    if received_at > closes_at:
        return False
    return received_at == _at(reception) or any(
        box.get("batch") == reception.get("batch") and _at(box) == received_at and _by_two(box, "by")
        for box in boxes
    )


def _by_two(entry: Mapping[str, Any], name: str) -> bool:
    people = entry.get(name)
    return isinstance(people, list) and len({str(each) for each in people}) >= 2


def _at(entry: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["at"])
