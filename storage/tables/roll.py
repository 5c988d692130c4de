"""The roll (房屋清册): units, owners, and who owns what, as it stands now."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from storage.states import (
    BindingState,
    Capacity,
    ObjectionState,
    OwnerKind,
    RegistrationKind,
    RegistrationState,
    UnitKind,
)
from storage.types import BigId, UtcDateTime, enum_text

_STANDING = text("ended_at IS NULL")


class RollOwner(SQLModel, table=True):
    """An owner. Names, documents and phones are sealed; equal documents have equal keyed hashes, and are one person.

    document_tail: keyed hash of the last six characters of the document, for who proves to know them.
    guardian_sealed: who votes for an owner who is a minor or incapable.
    """

    __tablename__ = "roll_owners"
    __table_args__ = (
        Index(None, "compound_id", "document_lookup"),
        Index(None, "compound_id", "phone_lookup"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    owner_number: int = Field(primary_key=True, sa_type=BigId)
    kind: OwnerKind = Field(default=OwnerKind.PERSON, sa_type=enum_text(OwnerKind, "kind"))
    name_sealed: bytes
    document_sealed: bytes | None = None
    document_lookup: bytes | None = None
    document_tail: bytes | None = None
    phone_sealed: bytes | None = None
    phone_lookup: bytes | None = None
    minor: bool = False
    guardian_sealed: bytes | None = None
    entered_at: datetime = Field(sa_type=UtcDateTime)


class RollUnit(SQLModel, table=True):
    """A unit (专有部分). `unit_code` is the place's code where the tree has it ("3-2-501"), else its own ("P-017").

    Areas are in millionths of a square metre. ended_at: split, merged or entered by mistake.
    """

    __tablename__ = "roll_units"
    __table_args__ = (Index(None, "compound_id", "building"),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    unit_code: str = Field(primary_key=True, max_length=60)
    kind: UnitKind = Field(default=UnitKind.RESIDENTIAL, sa_type=enum_text(UnitKind, "kind"))
    building: str = Field(default="", max_length=20)
    entrance: str = Field(default="", max_length=20)
    room: str = Field(default="", max_length=40)
    area_register: int | None = Field(default=None, sa_type=BigInteger)
    area_survey: int | None = Field(default=None, sa_type=BigInteger)
    area_contract: int | None = Field(default=None, sa_type=BigInteger)
    entered_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)

    @property
    def area(self) -> int | None:
        """The area that counts: the register is believed before the survey, the survey before the contract
        (司法解释 art. 8)."""
        known = (self.area_register, self.area_survey, self.area_contract)
        return next((area for area in known if area is not None), None)


class RollTitle(SQLModel, table=True):
    """That an owner owns a unit, alone or with others. representative: votes for the co-owners."""

    __tablename__ = "roll_titles"
    __table_args__ = (
        ForeignKeyConstraint(
            ["compound_id", "unit_code"], ["roll_units.compound_id", "roll_units.unit_code"]
        ),
        ForeignKeyConstraint(
            ["compound_id", "owner_number"], ["roll_owners.compound_id", "roll_owners.owner_number"]
        ),
        Index(None, "compound_id", "owner_number"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    unit_code: str = Field(primary_key=True, max_length=60)
    owner_number: int = Field(primary_key=True, sa_type=BigId)
    since: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    representative: bool = False
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class RollObjection(SQLModel, table=True):
    """What somebody says is wrong in the roll, before it is frozen, and what was decided.

    person_id: whose word it is; None for what came on paper. entered_by: of staff, who wrote that down.
    """

    __tablename__ = "roll_objections"
    __table_args__ = (Index(None, "compound_id", "state"), Index("ix_roll_objections_person_id", "person_id"))

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    unit_code: str = Field(max_length=60)
    person_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    text_sealed: bytes | None = None
    made_at: datetime = Field(sa_type=UtcDateTime)
    entered_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    state: ObjectionState = Field(default=ObjectionState.OPEN, sa_type=enum_text(ObjectionState, "state"))
    decided_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    answer: str | None = Field(default=None, sa_type=Text)


class RollUpload(SQLModel, table=True):
    """A sheet between its upload and its import. It is gone with the import, and after a day at the latest.

    digest: SHA-256 of the file, in hex: the same file is there once. said: what whoever imports it says beside it
    (handlers/roll/upload.py).
    """

    __tablename__ = "roll_uploads"
    __table_args__ = (
        UniqueConstraint("compound_id", "digest"),
        Index("ix_roll_uploads_uploaded_at", "uploaded_at"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    upload_number: int = Field(primary_key=True, sa_type=BigId)
    digest: str = Field(max_length=64)
    name: str = Field(max_length=120)
    sealed: bytes
    said: dict[str, Any] = Field(default={}, sa_type=JSON)
    uploaded_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    uploaded_at: datetime = Field(sa_type=UtcDateTime)


class OwnerBinding(SQLModel, table=True):
    """That a WeChat identity is an owner: two factors, possession and knowledge or two operators in person.

    capacity: as the owner, or for one who cannot act alone. unit_code: the unit whose code was shown. possession:
    "code" (one-time code of a unit). knowledge: "document" or "in_person". approved_by, seconded_by: the two
    operators of an approval in person; letter: what they were shown. contested_by: who says that it is not the owner.
    """

    __tablename__ = "owner_bindings"
    __table_args__ = (
        ForeignKeyConstraint(
            ["compound_id", "owner_number"], ["roll_owners.compound_id", "roll_owners.owner_number"]
        ),
        Index("ix_owner_bindings_person_id", "person_id"),
        Index(
            "uq_owner_bindings_standing",
            "compound_id",
            "owner_number",
            "person_id",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    binding_number: int = Field(primary_key=True, sa_type=BigId)
    owner_number: int = Field(sa_type=BigId)
    person_id: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    capacity: Capacity = Field(default=Capacity.OWNER, sa_type=enum_text(Capacity, "capacity"))
    unit_code: str = Field(default="", max_length=60)
    state: BindingState = Field(sa_type=enum_text(BindingState, "state"))
    possession: str = Field(max_length=16)
    possession_at: datetime = Field(sa_type=UtcDateTime)
    knowledge: str | None = Field(default=None, max_length=16)
    approved_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    seconded_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    letter: str = Field(default="", max_length=120)
    bound_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    contested_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    contested_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class OwnerRegistration(SQLModel, table=True):
    """What one operator enters about who may act for an owner, and another confirms; nothing holds before.

    kind says which of the others are set. unit_code, owner_number: the co-owner who votes for a unit; of a proxy the
    owner who gave the mandate. binding_number: the binding that is to end, or to hold again. vote_number: of a proxy,
    one assembly. holder_sealed: canonical JSON {"name", "phone"} of a proxy; holder_id: its identity here, if it is
    to vote by phone; mark: see storage.tables.Ballot.proxy. letter: the paper that was shown.
    """

    __tablename__ = "owner_registrations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["compound_id", "owner_number"], ["roll_owners.compound_id", "roll_owners.owner_number"]
        ),
        Index(None, "compound_id", "state"),
        Index(None, "compound_id", "vote_number", "owner_number"),
        Index("ix_owner_registrations_holder_id", "holder_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    kind: RegistrationKind = Field(sa_type=enum_text(RegistrationKind, "kind"))
    state: RegistrationState = Field(
        default=RegistrationState.ENTERED, sa_type=enum_text(RegistrationState, "state")
    )
    owner_number: int = Field(sa_type=BigId)
    unit_code: str = Field(default="", max_length=60)
    binding_number: int | None = Field(default=None, sa_type=BigId)
    vote_number: int | None = Field(default=None, sa_type=BigId)
    holder_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    holder_sealed: bytes | None = None
    mark: str | None = Field(default=None, max_length=40)
    letter: str = Field(max_length=120)
    entered_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    entered_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class UnitCode(SQLModel, table=True):
    """A one-time code handed out for a unit, kept as a keyed hash; any owner of the unit may use it.

    voided_at: when a newer one took its place.
    """

    __tablename__ = "unit_codes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["compound_id", "unit_code"], ["roll_units.compound_id", "roll_units.unit_code"]
        ),
        Index(None, "compound_id", "unit_code"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    code_lookup: bytes = Field(primary_key=True)
    unit_code: str = Field(max_length=60)
    issued_at: datetime = Field(sa_type=UtcDateTime)
    issued_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    used_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    voided_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class BindingAttempt(SQLModel, table=True):
    """A wrong code or document, so that guessing ends soon; kept for a day."""

    __tablename__ = "binding_attempts"
    __table_args__ = (
        Index(None, "compound_id", "person_id", "at"),
        Index(None, "compound_id", "unit_code", "at"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    attempt_id: str = Field(primary_key=True, max_length=32)
    person_id: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    unit_code: str = Field(default="", max_length=60)
    at: datetime = Field(sa_type=UtcDateTime)
