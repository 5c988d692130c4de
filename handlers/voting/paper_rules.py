"""The life of a ballot paper, pure: printed, received, keyed in by two, a ballot; or refused, or voided.

Nobody is to be able to make a ballot of a paper, or to make one disappear, alone: two people key it in, two decide
where they read it differently, two void what lies in the box. Who keys in never sees what the other read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

import rfc8785

from handlers.voting.marks import marks_json, marks_of
from handlers.voting.terms import Choice
from storage.states import PaperState

TOGETHER = ""  # the owner, or the co-owners together
GUARDIAN = "guardian"
SUCCESSOR = "successor"  # who bought the units after the roll was frozen
LATE = "late"
REPRINTED = "reprinted"


class PaperCode(StrEnum):
    """Why something is not done with a paper; stable, for pages and scripts."""

    NO_PAPER = "paper.not_found"
    NOT_NOW = "paper.not_now"
    EARLY = "paper.early"
    LATE = "paper.late"
    VOIDED = "paper.voided"
    NOT_RECEIVED = "paper.not_received"
    SAME_PERSON = "paper.same_person"
    ONE_HUMAN = "paper.one_human"
    ENTERED = "paper.entered"
    THREE_READINGS = "paper.three_readings"
    NOT_MISMATCHED = "paper.not_mismatched"
    OTHERWISE = "paper.proposed_otherwise"
    IS_BALLOT = "paper.is_ballot"
    ODD_REASON = "paper.odd_reason"
    ODD_SIGNER = "paper.odd_signer"
    ODD_PROXY = "paper.odd_proxy"
    NO_UNIT = "paper.no_unit"
    NO_RECORDING = "paper.no_recording"
    NO_BATCH = "batch.not_found"
    BATCH_FULL = "batch.full"
    BATCH_SIGNED = "batch.signed"
    BATCH_DIFFERS = "batch.differs"
    BATCH_ODD = "batch.odd"


class PaperRefused(Exception):  # noqa: N818  an answer, not an error
    """Nothing was done. `code` is stable."""

    def __init__(self, code: PaperCode) -> None:
        super().__init__(code)
        self.code = code


class VoidReason(StrEnum):
    """Why a paper is void, as it is said in the log."""

    LOST = "lost"  # before it was handed in
    MISPRINTED = "misprinted"
    COPY = "copy"
    NOT_THEIRS = "not_theirs"  # it came from somebody who may not vote with it
    REPRINTED = "reprinted"
    LATE = "late"


BY_HAND = (VoidReason.LOST, VoidReason.MISPRINTED, VoidReason.COPY, VoidReason.NOT_THEIRS)


class Holder(NamedTuple):
    """Who holds an owner's mandate, as the paper says."""

    name: str
    document: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody read on a paper.

    signed_by: TOGETHER, GUARDIAN, SUCCESSOR, or a co-owner's own key of this vote.
    """

    marks: Mapping[str, Choice]
    signed_by: str = TOGETHER
    proxy: Holder | None = None

    def canonical(self) -> bytes:
        """As it is kept and compared."""
        return rfc8785.dumps(
            {
                "marks": marks_json(self.marks),
                "signed_by": self.signed_by,
                "proxy": None if self.proxy is None else dict(self.proxy._asdict()),
            }
        )


def entry_of(written: Mapping[str, Any]) -> Entry:
    """What `Entry.canonical` wrote, parsed."""
    proxy = written["proxy"]
    return Entry(marks_of(written["marks"]), written["signed_by"], Holder(**proxy) if proxy else None)


class Reading(NamedTuple):
    """Who read what."""

    by: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the rules look at. proposed: by one of the two who decide. void: who wants to void it, and why."""

    state: PaperState
    first: Reading | None = None
    second: Reading | None = None
    proposed: Reading | None = None
    void: tuple[int, str] | None = None


def enter(sheet: Sheet, by: int, entry: bytes) -> Sheet:
    """The sheet after somebody keyed it in; the same sheet when they did so before. Raises PaperRefused.

    Two who read different things may each look again; a third person's reading settles it when it is one of the two.
    """
    _keyable(sheet)
    mine = Reading(by, entry)
    if sheet.state is PaperState.MATCHED:
        if mine in (sheet.first, sheet.second):
            return sheet
        raise PaperRefused(PaperCode.ENTERED)
    if sheet.state is PaperState.RECEIVED:
        return replace(sheet, state=PaperState.ENTERED, first=mine)
    assert sheet.first is not None
    if sheet.state is PaperState.ENTERED:
        if sheet.first.by == by:
            if sheet.first == mine:
                return sheet
            raise PaperRefused(PaperCode.SAME_PERSON)
        return _compared(replace(sheet, second=mine))
    assert sheet.second is not None
    if by == sheet.first.by:
        return _compared(replace(sheet, first=mine))
    if by == sheet.second.by or entry == sheet.first.entry:
        return _compared(replace(sheet, second=mine))
    if entry == sheet.second.entry:
        return _compared(replace(sheet, first=mine))
    raise PaperRefused(PaperCode.THREE_READINGS)


def decide(sheet: Sheet, by: int, entry: bytes) -> Sheet:
    """The sheet after one who sees both readings said which is right; it holds when a second one says the same."""
    if sheet.state is PaperState.MATCHED and sheet.proposed is not None and sheet.proposed.entry == entry:
        return sheet
    if sheet.state is not PaperState.MISMATCHED:
        raise PaperRefused(PaperCode.NOT_MISMATCHED)
    if sheet.proposed is None or sheet.proposed.by == by:
        return replace(sheet, proposed=Reading(by, entry))
    if sheet.proposed.entry != entry:
        raise PaperRefused(PaperCode.OTHERWISE)
    return replace(sheet, state=PaperState.MATCHED)


def void(sheet: Sheet, by: int, reason: str) -> Sheet:
    """The sheet after somebody wants it void: at once while nobody handed it in, else when a second one agrees."""
    if sheet.state is PaperState.MATCHED:
        raise PaperRefused(PaperCode.IS_BALLOT)
    if sheet.state is PaperState.VOIDED:
        return sheet
    if sheet.state is PaperState.PRINTED:
        return replace(sheet, state=PaperState.VOIDED, void=(by, reason))
    if sheet.void is None or sheet.void[0] == by:
        return replace(sheet, void=(by, reason))
    return replace(sheet, state=PaperState.VOIDED)


def _keyable(sheet: Sheet) -> None:
    if sheet.state is PaperState.PRINTED:
        raise PaperRefused(PaperCode.NOT_RECEIVED)
    if sheet.state is PaperState.VOIDED:
        raise PaperRefused(PaperCode.VOIDED)


def _compared(sheet: Sheet) -> Sheet:
    assert sheet.first is not None
    assert sheet.second is not None
    same = sheet.first.entry == sheet.second.entry
    return replace(sheet, state=PaperState.MATCHED if same else PaperState.MISMATCHED)
