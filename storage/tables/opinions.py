"""What residents said that is worth keeping, and the counters that number it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint, false, text
from sqlmodel import Field, SQLModel

from storage.states import OpinionState
from storage.types import BigId, UtcDateTime, enum_text


class Opinion(SQLModel, table=True):
    """An opinion (意见) with its tags. `number` is what the resident asks about; it counts up per compound.

    categories: [{"id": leaf, "score": 0..1}, ...] best first; hits: [{"leaf", "term", "rule", "start", "end"}].
    group_id: the chat group it was heard in, None for 1:1. matter_number: the matter it belongs to. echo: only says
    that it is the same for them. repost_of: the opinion it is a copy of.
    text becomes None when it has been kept long enough or the person asked to be forgotten.
    """

    __tablename__ = "opinions"
    __table_args__ = (
        UniqueConstraint("compound_id", "inbox_id"),
        Index(None, "compound_id", "person_id"),
        Index(None, "compound_id", "filed_at"),
        Index(None, "compound_id", "matter_number"),
        # What was filed before there were matters, until it is put with one.
        Index(
            "ix_opinions_unmattered",
            "compound_id",
            "number",
            sqlite_where=text("matter_number IS NULL"),
            postgresql_where=text("matter_number IS NULL"),
        ),
        Index(None, "group_id", "said_at"),
        Index("ix_opinions_inbox_id", "inbox_id"),
        Index("ix_opinions_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    number: int = Field(primary_key=True, sa_type=BigId)
    inbox_id: int = Field(sa_type=BigId)
    person_id: int | None = Field(default=None, foreign_key="persons.person_id", sa_type=BigId)
    home_code: str | None = Field(default=None, max_length=60)
    group_id: int | None = Field(default=None, foreign_key="chat_groups.group_id", sa_type=BigId)
    said_at: datetime = Field(sa_type=UtcDateTime)
    filed_at: datetime = Field(sa_type=UtcDateTime)
    text: str | None = Field(default=None, sa_type=Text)
    categories: list[dict[str, Any]] = Field(default=[], sa_type=JSON)
    hits: list[dict[str, Any]] = Field(default=[], sa_type=JSON)
    urgency: int
    building: str | None = Field(default=None, max_length=20)
    entrance: str | None = Field(default=None, max_length=20)
    unit: str | None = Field(default=None, max_length=20)
    lexicon_version: str = Field(max_length=40)
    matter_number: int | None = Field(default=None, sa_type=BigId)
    echo: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    repost_of: int | None = Field(default=None, sa_type=BigId)
    state: OpinionState = Field(default=OpinionState.FILED, sa_type=enum_text(OpinionState, "state"))


class Counter(SQLModel, table=True):
    """The last number given out for one purpose in one compound."""

    __tablename__ = "counters"

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    name: str = Field(primary_key=True, max_length=32)
    value: int = Field(sa_type=BigId)
