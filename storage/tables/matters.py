"""Matters: what several people said about one thing."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from storage.states import MatterState
from storage.types import BigId, UtcDateTime, enum_text


class Matter(SQLModel, table=True):
    """A matter (事项) that opinions belong to. `number` is that of its first opinion, so that any receipt leads to it.

    leaf: its category, None while nobody has sorted it. building, entrance: where, as far as it was said.
    households: distinct bound units among its standing voices; speakers: distinct other people. heard_at: its last
    voice. merged_into: whose its voices are now, with state MERGED; merged_voices: the opinions that went there, so
    that they can come back. confirmed_by: None when a rule confirmed it. solved_at: when one of its people last said in
    their group that it was over; None again when somebody says that it is not.
    """

    __tablename__ = "matters"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "merged_into"], ["matters.compound_id", "matters.number"]),
        Index(None, "compound_id", "leaf", "heard_at"),
        Index(None, "compound_id", "state", "heard_at"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    leaf: str | None = Field(default=None, max_length=60)
    urgency: int
    building: str | None = Field(default=None, max_length=20)
    entrance: str | None = Field(default=None, max_length=20)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    heard_at: datetime = Field(sa_type=UtcDateTime)
    state: MatterState = Field(sa_type=enum_text(MatterState, "state"))
    merged_into: int | None = Field(default=None, sa_type=BigId)
    merged_voices: list[int] | None = Field(default=None, sa_type=JSON, nullable=True)
    households: int = 0
    speakers: int = 0
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    confirmed_by: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    solved_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
