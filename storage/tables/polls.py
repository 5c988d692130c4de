"""Polls for all residents (意向征集, 满意度): own tables, never mixed with owners' votes."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, Index, Text, false, text
from sqlmodel import Field, SQLModel

from storage.states import PollKind
from storage.types import BigId, UtcDateTime, enum_text

_OPEN = text("ended_at IS NULL")


class Poll(SQLModel, table=True):
    """A question to residents. places: codes of the buildings that are asked, empty for all.

    choose: how many may be ticked. live: the figures may be seen before the close. about: what later issues hang it
    on, such as {"request": 1001}. ended_at: when it was closed, by the clock or by staff.
    """

    __tablename__ = "polls"
    __table_args__ = (
        Index(None, "compound_id", "closes_at"),
        Index("ix_polls_open", "closes_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    poll_number: int = Field(primary_key=True, sa_type=BigId)
    kind: PollKind = Field(sa_type=enum_text(PollKind, "kind"))
    title: str = Field(max_length=120)
    body: str = Field(default="", sa_type=Text)
    options: list[str] = Field(default=[], sa_type=JSON)
    choose: int = 1
    live: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    places: list[str] = Field(default=[], sa_type=JSON)
    about: dict[str, Any] = Field(default={}, sa_type=JSON)
    created_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    created_at: datetime = Field(sa_type=UtcDateTime)
    opens_at: datetime = Field(sa_type=UtcDateTime)
    closes_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class PollAnswer(SQLModel, table=True):
    """What one person ticked; answering again replaces it. home_code: the building they said they live in.

    person_id: of somebody who was forgotten a random negative number, so that the counts stay.
    """

    __tablename__ = "poll_answers"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "poll_number"], ["polls.compound_id", "polls.poll_number"]),
        Index("ix_poll_answers_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    poll_number: int = Field(primary_key=True, sa_type=BigId)
    person_id: int = Field(primary_key=True, sa_type=BigId)
    ticked: list[int] = Field(default=[], sa_type=JSON)
    home_code: str | None = Field(default=None, max_length=60)
    answered_at: datetime = Field(sa_type=UtcDateTime)
