"""Ballots: append-only what was cast, one slot for each unit, papers by serial, and what no rule decides."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.states import BallotChannel, CaseState, PaperAct, PaperState
from storage.types import BigId, UtcDateTime, enum_text

_OF_VOTE = ["votes.compound_id", "votes.vote_number"]
_SCANNED = text("scan_address IS NOT NULL")


class Ballot(SQLModel, table=True):
    """One ballot as it came in, for all units it covers; never changed, never deleted before its retention ends.

    ballot_id: random, printed on the receipt. cast_key: what makes a double tap one ballot. cast_at: when it arrived,
    for paper when it was received; the window is about this. recorded_at: when it took its place, after all that were
    there for its units. entered_at: when it was keyed in. choices_sealed: canonical JSON; nonce_sealed: with it and
    the choices the leaf in the log can be recomputed. owner_key: whose ballot it is; voter: who cast it, the own key
    of an owner, or another mark for a guardian or a company's representative; person_id: the identity that cast it
    online; proxy: a mark of who held a mandate, the same for all that they held.
    """

    __tablename__ = "ballots"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], _OF_VOTE),
        UniqueConstraint("compound_id", "vote_number", "cast_key"),
        Index(None, "compound_id", "vote_number", "owner_key"),
        Index("ix_ballots_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    ballot_id: str = Field(primary_key=True, max_length=32)
    cast_key: str = Field(max_length=64)
    channel: BallotChannel = Field(sa_type=enum_text(BallotChannel, "channel"))
    cast_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    entered_at: datetime = Field(sa_type=UtcDateTime)
    owner_key: str = Field(max_length=32)
    voter: str | None = Field(default=None, max_length=40)
    person_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    proxy: str | None = Field(default=None, max_length=40)
    serial: str | None = Field(default=None, max_length=32)
    choices_sealed: bytes
    nonce_sealed: bytes
    leaf_hash: bytes


class BallotUnit(SQLModel, table=True):
    """That a ballot is for a unit."""

    __tablename__ = "ballot_units"
    __table_args__ = (
        ForeignKeyConstraint(
            ["compound_id", "vote_number", "ballot_id"],
            ["ballots.compound_id", "ballots.vote_number", "ballots.ballot_id"],
        ),
        Index(None, "compound_id", "vote_number", "unit_code"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    ballot_id: str = Field(primary_key=True, max_length=32)
    unit_code: str = Field(primary_key=True, max_length=60)


class UnannouncedBallot(SQLModel, table=True):
    """A ballot that nobody has been told of yet, written with it; gone when it is done."""

    __tablename__ = "unannounced_ballots"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    ballot_id: str = Field(primary_key=True, max_length=32)


class UnannouncedPaper(SQLModel, table=True):
    """That something became of a paper of which nobody has been told yet, written with it; gone when it is done."""

    __tablename__ = "unannounced_papers"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    serial: str = Field(primary_key=True, max_length=32)
    act: PaperAct = Field(primary_key=True, sa_type=enum_text(PaperAct, "act"))


class BallotSlot(SQLModel, table=True):
    """Which ballot of a unit counts now. One row a unit, whatever channel: the row is the lock."""

    __tablename__ = "ballot_slots"
    __table_args__ = (ForeignKeyConstraint(["compound_id", "vote_number"], _OF_VOTE),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    unit_code: str = Field(primary_key=True, max_length=60)
    ballot_id: str = Field(max_length=32)
    channel: BallotChannel = Field(sa_type=enum_text(BallotChannel, "channel"))
    changes: int = 0
    contested: bool = False


class BallotPaper(SQLModel, table=True):
    """A printed paper, by the serial in its QR code; or a ballot by phone or video, which has a serial and no paper.
    Two operators key it in without seeing each other's marks.

    received_at: what the window is about: the scan, or when its box was counted and signed by two. registered_at: the
    scan, which holds its place before other ballots. batch: the box. first_sealed, second_sealed, decided_sealed: what
    was keyed in (handlers/voting/paper_rules.Entry) as canonical JSON. decided_by, seconded_by: who looked at two
    entries that differ. ballot_id: what it became. void_reason: a code of paper_rules; a paper in the box is voided by
    two. recording_sealed: where the recording of a call is. scan_hash: SHA-256 of the scan.
    """

    __tablename__ = "ballot_papers"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], _OF_VOTE),
        Index(None, "compound_id", "vote_number", "owner_key"),
        Index(
            "ix_ballot_papers_scan",
            "compound_id",
            "scan_address",
            sqlite_where=_SCANNED,
            postgresql_where=_SCANNED,
        ),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    serial: str = Field(primary_key=True, max_length=32)
    vote_number: int = Field(sa_type=BigId)
    owner_key: str = Field(max_length=32)
    channel: BallotChannel = Field(default=BallotChannel.PAPER, sa_type=enum_text(BallotChannel, "channel"))
    state: PaperState = Field(default=PaperState.PRINTED, sa_type=enum_text(PaperState, "state"))
    printed_at: datetime = Field(sa_type=UtcDateTime)
    printed_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    received_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    registered_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    received_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    batch: str | None = Field(default=None, max_length=32)
    recording_sealed: bytes | None = None
    first_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    first_sealed: bytes | None = None
    first_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    second_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    second_sealed: bytes | None = None
    second_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    decided_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    decided_sealed: bytes | None = None
    seconded_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    ballot_id: str | None = Field(default=None, max_length=32)
    void_reason: str | None = Field(default=None, max_length=20)
    voided_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    void_seconded_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    voided_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    proxy_sealed: bytes | None = None
    scan_address: str | None = Field(default=None, max_length=64)
    scan_hash: bytes | None = None


class PaperBatch(SQLModel, table=True):
    """A box of papers that was opened and counted; received when a second person has signed the same number."""

    __tablename__ = "paper_batches"
    __table_args__ = (ForeignKeyConstraint(["compound_id", "vote_number"], _OF_VOTE),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    batch: str = Field(primary_key=True, max_length=32)
    papers: int
    counted_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    counted_at: datetime = Field(sa_type=UtcDateTime)
    signed_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class VoteCase(SQLModel, table=True):
    """What no rule decides: two co-owners, one owner in two minds, two sets of marks, "that was not me".

    person: the owner key it is about. question_id: None for the whole ballot. Two deciders rule, each on their own;
    the ruling holds when both said the same. decision_sealed: canonical JSON, by question
    the mark that counts or null. nonce_sealed: with it and the decision the leaves of the ruling can be recomputed.
    """

    __tablename__ = "vote_cases"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], _OF_VOTE),
        UniqueConstraint("compound_id", "vote_number", "kind", "subject"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    case_number: int = Field(primary_key=True)
    kind: str = Field(max_length=24)
    subject: str = Field(max_length=80)
    person: str = Field(max_length=32)
    question_id: str | None = Field(default=None, max_length=16)
    state: CaseState = Field(default=CaseState.OPEN, sa_type=enum_text(CaseState, "state"))
    opened_at: datetime = Field(sa_type=UtcDateTime)
    decision_sealed: bytes | None = None
    reason: str | None = Field(default=None, sa_type=Text)
    decided_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    seconded_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    ruled_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    nonce_sealed: bytes | None = None
