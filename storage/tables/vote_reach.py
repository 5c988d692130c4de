"""Whom a vote was told to, what is still to be told, and who may see which units have not voted."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from storage.types import BigId, UtcDateTime

_OF_VOTE = ["votes.compound_id", "votes.vote_number"]
_OPEN = text("done_at IS NULL")


class VoteNews(SQLModel, table=True):
    """Something about a vote that has to be told once: to its groups, then to its owners, some at a time.

    news: a step ("noticed", "opened"), or "last:" with the close and the days before it. after_person: the person
    who was told last; 0 while the groups have not been told either.
    """

    __tablename__ = "vote_news"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], _OF_VOTE),
        Index("ix_vote_news_due_at", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    news: str = Field(primary_key=True, max_length=40)
    due_at: datetime = Field(sa_type=UtcDateTime)
    after_person: int = Field(default=0, sa_type=BigId)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)


class VoteReach(SQLModel, table=True):
    """That an identity bound to an owner of the roll was written to about a vote, and said that they have read it.

    Whether it arrived stands in the outbox, and whether they voted in the slots: three facts, never mixed.
    reminded: how often.
    """

    __tablename__ = "vote_reaches"
    __table_args__ = (
        ForeignKeyConstraint(["compound_id", "vote_number"], _OF_VOTE),
        Index("ix_vote_reaches_person_id", "person_id"),
    )

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    person_id: int = Field(primary_key=True, foreign_key="persons.person_id", sa_type=BigId)
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, nullable=True)
    reminded: int = 0


class VoteOfficer(SQLModel, table=True):
    """One of the two who alone see which units of a vote have not voted; named before its notice."""

    __tablename__ = "vote_officers"
    __table_args__ = (ForeignKeyConstraint(["compound_id", "vote_number"], _OF_VOTE),)

    compound_id: int = Field(primary_key=True, foreign_key="compounds.compound_id", sa_type=BigId)
    vote_number: int = Field(primary_key=True, sa_type=BigId)
    person_id: int = Field(primary_key=True, foreign_key="persons.person_id", sa_type=BigId)
    named_by: int = Field(foreign_key="persons.person_id", sa_type=BigId)
    named_at: datetime = Field(sa_type=UtcDateTime)
