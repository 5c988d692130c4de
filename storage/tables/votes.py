"""Votes (表决): what is asked, under which rules, of which frozen roll."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.states import ContactState, ObjectionState, UnitKind, VoteMode, VoteState
from storage.types import BigId, UtcDateTime, enum_text

_TIMED = text("next_at IS NOT NULL")


class Vote(SQLModel, table=True):
    """One vote of an owners' assembly.

    revision: counts the changes of a draft; linted_revision: the one that was found to be in order. rules: the
    announced ones, frozen with the notice (handlers/voting). profile: the jurisdiction's. convener: {"body", "name",
    "document"}: who calls the assembly by law; operator_id: who runs it here. checked: keys of the profile that
    somebody looked up, {key: {"by": person_id, "at": time}}. roll_root, roll_persons, roll_area
    (millionths): of the frozen roll, printed in the notice. result: the outcome as it was counted, integers only.
    tallied_at: None while there is no result, and when a ruling came after it.
    next_at: when the clock has something to do. revoked_reason: in words, for the owners. contact, objections_to,
    papers_to: who and where, in words; the last two are the contact where they are empty. platform: the government's,
    where the vote is held there.
    """

    __tablename__ = "votes"
    __table_args__ = (
        Index(None, "compound_id", "state"),
        Index("ix_votes_next_at", "next_at", sqlite_where=_TIMED, postgresql_where=_TIMED),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    state: VoteState = Field(default=VoteState.DRAFT, sa_type=enum_text(VoteState, "state"))
    mode: VoteMode = Field(default=VoteMode.HERE, sa_type=enum_text(VoteMode, "mode"))
    revision: int = 1
    linted_revision: int | None = None
    title: str = Field(max_length=120)
    body: str = Field(default="", sa_type=Text)
    template: str = Field(default="", max_length=40)
    profile: str = Field(default="national", max_length=40)
    rules: dict[str, Any] = Field(default={}, sa_type=JSON)
    convener: dict[str, Any] = Field(default={}, sa_type=JSON)
    checked: dict[str, Any] = Field(default={}, sa_type=JSON)
    operator_id: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcDateTime)
    noticed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    opens_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    closes_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    tallied_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    final_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    roll_root: bytes | None = None
    roll_persons: int | None = None
    roll_area: int | None = Field(default=None, sa_type=BigInteger)
    result: dict[str, Any] | None = Field(default=None, sa_type=JSON, nullable=True)
    revoked_reason: str | None = Field(default=None, sa_type=Text)
    contact: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    objections_to: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    papers_to: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})
    platform: str = Field(default="", max_length=200, sa_column_kwargs={"server_default": ""})


class VoteQuestion(SQLModel, table=True):
    """One question. item: of art. 278. options: what may be decided for; seats: in an election, which names them."""

    __tablename__ = "vote_questions"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], ["votes.compound_id", "votes.vote_number"]),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    question_id: str = Field(primary_key=True, max_length=16)
    position: int
    item: int
    title: str = Field(max_length=120)
    body: str = Field(default="", sa_type=Text)
    options: list[str] = Field(default=[], sa_type=JSON)
    seats: int | None = None


class VoteDocument(SQLModel, table=True):
    """A document of a vote: an attachment, or a notice, ballot paper, result or minutes that were generated.

    digest: SHA-256 of an attachment's content in hex, which the notice's leaf has too: the address is a keyed hash
    and tells nobody outside anything.
    """

    __tablename__ = "vote_documents"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], ["votes.compound_id", "votes.vote_number"]),
        Index(None, "compound_id", "address"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    document_number: int = Field(primary_key=True)
    kind: str = Field(max_length=20)
    name: str = Field(max_length=120)
    address: str = Field(max_length=64)
    public: bool = True
    digest: str = Field(default="", max_length=64, sa_column_kwargs={"server_default": ""})
    made_at: datetime = Field(sa_type=UtcDateTime)


class VoteDocumentFault(SQLModel, table=True):
    """Documents of a vote, of one kind, that could not be made; gone when they are there.

    reason: handlers/voting/documents.Fault. detail: the character that no font has. next_at: when it is tried again.
    """

    __tablename__ = "vote_document_faults"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], ["votes.compound_id", "votes.vote_number"]),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    kind: str = Field(primary_key=True, max_length=20)
    reason: str = Field(max_length=20)
    detail: str = Field(default="", max_length=20)
    attempts: int
    failed_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime)


class VoteUnit(SQLModel, table=True):
    """A line of the frozen roll, at `position` of the tree whose root the notice prints.

    owner_key: random, minted for this vote, the same for all units of one owner. representative: the own key of
    the co-owner who votes. area: the one that counts, in millionths. salt: 16 bytes, so that neighbours cannot
    guess each other's lines. delivered_at: the papers provably reached the owner; not part of the line.
    """

    __tablename__ = "vote_units"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], ["votes.compound_id", "votes.vote_number"]),
        Index(None, "compound_id", "vote_number", "owner_key"),
        Index(None, "compound_id", "vote_number", "position"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    unit_code: str = Field(primary_key=True, max_length=60)
    position: int
    owner_key: str = Field(max_length=32)
    kind: UnitKind = Field(sa_type=enum_text(UnitKind, "kind"))
    building: str = Field(default="", max_length=20)
    entrance: str = Field(default="", max_length=20)
    room: str = Field(default="", max_length=40)
    area: int = Field(sa_type=BigInteger)
    area_basis: str = Field(max_length=10)
    co_owned: bool = False
    owner_minor: bool = False
    representative: str | None = Field(default=None, max_length=32)
    salt: bytes
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class VoteOwner(SQLModel, table=True):
    """Who an owner key of a vote is, one row for each co-owner. It never leaves the database.

    Every owner has a key of their own as well, by which their ballots say who cast them.
    """

    __tablename__ = "vote_owners"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], ["votes.compound_id", "votes.vote_number"]),
        ForeignKeyConstraint(
            ["compound_id", "owner_number"], ["roll_owners.compound_id", "roll_owners.owner_number"]
        ),
        Index(None, "compound_id", "vote_number", "owner_number"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    owner_key: str = Field(primary_key=True, max_length=32)
    owner_number: int = Field(primary_key=True, sa_type=BigId)


class OfficialResult(SQLModel, table=True):
    """What the government's platform published of a vote that is held there, keyed in by two.

    figures: handlers/voting/official.figures_json, as the first keyed them in. confirmed_by: who keyed in the same ones
    without seeing them; None while somebody has to.
    """

    __tablename__ = "official_results"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], ["votes.compound_id", "votes.vote_number"]),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    figures: dict[str, Any] = Field(sa_type=JSON)
    entered_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    entered_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class VoteObjection(SQLModel, table=True):
    """What an owner says against a published result, and what they were answered.

    command_key: names the form it came by, so that a double click is one objection.
    """

    __tablename__ = "vote_objections"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], ["votes.compound_id", "votes.vote_number"]),
        UniqueConstraint("compound_id", "vote_number", "command_key"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    objection_number: int = Field(primary_key=True)
    command_key: str = Field(max_length=60)
    text_sealed: bytes
    made_at: datetime = Field(sa_type=UtcDateTime)
    entered_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    state: ObjectionState = Field(default=ObjectionState.OPEN, sa_type=enum_text(ObjectionState, "state"))
    answer: str | None = Field(default=None, sa_type=Text)
    decided_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class CanvassContact(SQLModel, table=True):
    """What came of the last visit to a unit, by a volunteer: never what somebody votes."""

    __tablename__ = "canvass_contacts"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], ["votes.compound_id", "votes.vote_number"]),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    unit_code: str = Field(primary_key=True, max_length=60)
    state: ContactState = Field(sa_type=enum_text(ContactState, "state"))
    noted_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    noted_at: datetime = Field(sa_type=UtcDateTime)
