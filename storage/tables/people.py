"""People, where they can be reached, where they live, what they are entitled to."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.states import Role, RoleSource
from storage.types import BigId, UtcDateTime, enum_text


class Person(SQLModel, table=True):
    """One human being. Name and phone are sealed (storage.sealing); the phone is found by its keyed hash."""

    __tablename__ = "persons"

    person_id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcDateTime)
    name_sealed: bytes | None = None
    phone_sealed: bytes | None = None
    phone_lookup: bytes | None = Field(default=None, index=True)


class ChannelIdentity(SQLModel, table=True):
    """How a person appears on one channel account, and what they were told and chose there.

    union_id: the platform's id of the same human being across accounts, where it tells one.
    ask_union_at: when to ask a service account's platform for it; None: not until they follow again, or known.
    told_at: knows that the bot listens; refused_at: does not want to be heard in groups; opted_out_at: wants
    nothing unasked.
    """

    __tablename__ = "channel_identities"
    __table_args__ = (UniqueConstraint("account", "external_id"), Index(None, "account", "ask_union_at"))

    identity_id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    account: str = Field(max_length=32)
    external_id: str = Field(max_length=64)
    person_id: int = Field(foreign_key="persons.person_id", index=True, sa_type=BigId)
    first_seen_at: datetime = Field(sa_type=UtcDateTime)
    following: bool = True
    union_id: str = Field(default="", max_length=64, index=True, sa_column_kwargs={"server_default": ""})
    ask_union_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    refused_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    opted_out_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class Residency(SQLModel, table=True):
    """That a person said where they live, by a code on the wall or in words. It proves nothing about ownership."""

    __tablename__ = "residencies"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "place_code"], ["places.compound_id", "places.code"]),
        Index(None, "compound_id", "place_code"),
        Index("ix_residencies_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    person_id: int = Field(primary_key=True, foreign_key="persons.person_id", sa_type=BigId)
    place_code: str | None = Field(default=None, max_length=60)
    bound_at: datetime = Field(sa_type=UtcDateTime)


class RoleGrant(SQLModel, table=True):
    """A role on any node of the tree. `scope_code` is a region's code, a compound's code, or COMPOUND/PLACE.

    The same role given by two sources is two rows, so that what one ends the other still gives.
    """

    __tablename__ = "role_grants"
    __table_args__ = (UniqueConstraint("person_id", "role", "scope_code", "source"),)

    grant_id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    role: Role = Field(sa_type=enum_text(Role, "role"))
    scope_code: str = Field(index=True, max_length=101)
    source: RoleSource = Field(sa_type=enum_text(RoleSource, "source"))
    title: str = Field(default="", max_length=40)
    public: bool = False
    granted_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class Erasure(SQLModel, table=True):
    """That someone asked to be forgotten: a keyed hash of the identity, so that a restored backup can forget again."""

    __tablename__ = "erasures"

    subject_lookup: bytes = Field(primary_key=True)
    erased_at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
