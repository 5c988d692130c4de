"""Evidence of a small vote, made without a database: a bundle that tests can break in every way."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import rfc8785

from handlers.voting.bundle import SEALED, TYPE, Bundle
from handlers.voting.codec import question_json, rules_json, words_hash
from handlers.voting.frozen_roll import FrozenRoll, Title, freeze
from handlers.voting.marks import ballot_content, commitment
from handlers.voting.result import result_of
from handlers.voting.signing import Checkpoint, Signer, utc_text
from handlers.voting.terms import AGAINST, AGREE, Ballot, Choice, Question, Rules, Ruling, area_of, area_text
from storage.merkle import leaf_hash, root_of
from storage.states import UnitKind
from tests.voting.votes import at

SIGNER = Signer("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
OTHER = Signer("Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=")
ORIGIN = "XH-1/1"
RULES = Rules(opens_at=at(20), closes_at=at(27))
SAID = {
    "title": "选聘物业服务企业",
    "announced": {"extension_days": 1},
    "questions": [{"id": "q1", "title": "甲"}, {"id": "q2", "title": "乙"}],
}
QUESTIONS = (Question("q1", 4), Question("q2", 3, ("甲", "乙", "丙"), 2))


@dataclass
class Record:
    """A log that grows, with a signed head after every few entries."""

    entries: list[str]
    heads: list[dict[str, Any]]

    def write(self, kind: str, moment: datetime, body: dict[str, Any], *, sealed: bool = False) -> None:
        self.entries.append(rfc8785.dumps({"kind": kind, "at": utc_text(moment), **body}).decode())
        if sealed or len(self.entries) % 4 == 0:
            self.seal(moment + timedelta(seconds=5))

    def seal(self, moment: datetime) -> None:
        head = Checkpoint(
            ORIGIN, len(self.entries), root_of([leaf_hash(e.encode()) for e in self.entries]), moment
        )
        self.heads.append(head_json(head, SIGNER))


def head_json(head: Checkpoint, signer: Signer) -> dict[str, Any]:
    return {
        "size": head.size,
        "root": head.root.hex(),
        "time": utc_text(head.at),
        "key": signer.key_id,
        "signature": signer.sign(head).hex(),
        "reason": "sealing",
    }


def log_rows(entries: Sequence[str]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {"index": place, "hash": leaf_hash(entry.encode()).hex(), "entry": entry}
        for place, entry in enumerate(entries)
    )


def the_roll() -> FrozenRoll:
    titles = [
        Title(
            f"3-{number}", UnitKind.RESIDENTIAL, "3", "1", str(number), frozenset({number}), area_of("89.73")
        )
        for number in range(101, 113)
    ]
    titles.append(
        Title("3-201", UnitKind.RESIDENTIAL, "3", "1", "201", frozenset({201, 202}), area_of("120.5"))
    )
    return freeze(RULES, titles)


def evidence(*, kind: str = SEALED, ruled: bool = True, tallied: bool = True, papers: bool = False) -> Bundle:
    """Nine owners vote, one twice; two co-owners disagree, and two people rule on it.

    papers: two more vote on paper, one of them through a box, and a third one is handed the papers at the door.
    """
    frozen = the_roll()
    record = Record([], [])
    notice = {
        "key": SIGNER.key_id,
        "rules": rules_json(RULES),
        "questions": [question_json(question) for question in QUESTIONS],
        "roll": {
            "root": frozen.root.hex(),
            "units": len(frozen.lines),
            "persons": frozen.total.persons,
            "area": area_text(frozen.total.area),
        },
        "words": words_hash(SAID),
    }
    record.write("notice", at(1), notice)
    record.write("open", at(20), {}, sealed=True)
    roll = {line.unit.unit_id: line.unit for line in frozen.lines}
    cast: list[Ballot] = []
    opened: list[dict[str, Any]] = []

    def vote(
        unit: str,
        first: Choice,
        second: Choice,
        moment: datetime,
        voter: str | None = None,
        serial: str | None = None,
        batch: str | None = None,
    ) -> None:
        marks = {"q1": first, "q2": second}
        ballot_id, nonce = secrets.token_hex(16), secrets.token_bytes(32)
        owner = roll[unit].owner_key
        content = ballot_content([unit], owner, voter, None, marks, moment, moment)
        body = {"ballot": ballot_id, "channel": "online", "commitment": commitment(nonce, content)}
        entered_at = moment
        if serial is not None:
            body |= {"channel": "paper", "received": utc_text(moment), "serial": serial}
            entered_at = at(27, 18)
            of_paper = {"serial": serial, "received": utc_text(moment), "channel": "paper"}
            scanned_at = moment
            if batch is not None:
                of_paper["batch"], scanned_at = batch, entered_at
            record.write("paper", scanned_at, {"act": "received", **of_paper})
            keyed = {"act": "matched", "serial": serial, "ballot": ballot_id, "by": [7, 8]}
            record.write("paper", entered_at, keyed)
        record.write("ballot", entered_at, body)
        cast.append(
            Ballot(unit, marks, body["channel"], moment, by=voter, recorded_at=moment, ballot_id=ballot_id)
        )
        opened.append({"ballot": ballot_id, "nonce": nonce.hex(), "content": content})

    for number in range(101, 110):
        vote(
            f"3-{number}",
            AGREE if number % 3 else AGAINST,
            frozenset({"甲", "乙"}) if number % 2 else frozenset({"丙"}),
            at(21) + timedelta(minutes=number),
        )
    vote("3-101", AGAINST, frozenset({"丙"}), at(22))
    vote("3-201", AGREE, frozenset({"甲"}), at(22, 13), "he")
    vote("3-201", AGAINST, frozenset({"甲"}), at(22, 14), "she")
    delivered: set[str] = {"3-112"} if papers else set()
    if papers:
        for line in frozen.lines:
            if line.unit.unit_id in delivered:
                proof = commitment(line.salt, {"delivered": line.unit.unit_id})
                record.write("delivery", at(23), {"how": "paper", "unit": proof})
        record.write("paper", at(25), {"act": "batch", "batch": "1号箱", "papers": 1, "by": [7, 8]})
        vote("3-110", AGREE, frozenset({"甲"}), at(26), serial="7K3M9PQ2X")
        vote("3-111", AGAINST, frozenset({"甲"}), at(25), serial="7K3M9PQ2Y", batch="1号箱")
    record.write("close", at(28), {}, sealed=True)
    rulings: list[dict[str, Any]] = []
    if ruled:
        for question in QUESTIONS:
            nonce = secrets.token_bytes(32)
            content = {"question": question.question_id, "person": roll["3-201"].owner_key, "mark": None}
            record.write("ruling", at(28), {"commitment": commitment(nonce, content), "deciders": [7, 8]})
            rulings.append({**content, "nonce": nonce.hex()})
    made = [Ruling(row["question"], row["person"], row["mark"]) for row in rulings]
    result = result_of(RULES, QUESTIONS, roll, cast, made)
    if tallied:
        record.write("tally", at(29), {"result": leaf_hash(rfc8785.dumps(result)).hex()}, sealed=True)
    elif record.heads[-1]["size"] < len(record.entries):
        record.seal(at(29))
    sealed = kind == SEALED
    lines = [rfc8785.dumps(_line(line)) for line in frozen.lines]
    return Bundle(
        manifest={"type": TYPE, "kind": kind, "origin": ORIGIN, "public_key": SIGNER.public_key.hex()},
        log=log_rows(record.entries),
        checkpoints=tuple(record.heads),
        roll=tuple(
            {"line": _line(line), "delivered": line.unit.unit_id in delivered}
            if sealed
            else {"hash": leaf_hash(written).hex()}
            for line, written in zip(frozen.lines, lines, strict=True)
        ),
        notice=SAID,
        ballots=tuple(opened) if sealed else (),
        rulings=tuple(rulings) if sealed else (),
        result=result if tallied else None,
    )


def _line(line: Any) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(line.canonical())
    return written


def with_entries(bundle: Bundle, entries: Sequence[str]) -> Bundle:
    """The log rewritten by somebody who has no key, with hashes that fit."""
    return replace(bundle, log=log_rows(entries))
